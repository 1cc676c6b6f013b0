"""Checks B1 to B6: the ballots.

Source: docs/protocol.md §13.
"""

from collections.abc import Sequence

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.checks.finding import Held, ballot_name
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import RejectedProofs, verify_proofs
from ostraka_verifier.signatures import key_address, recover_key
from ostraka_verifier.wording import counted

PROOF_BATCH = 2000
"""Ballots whose proofs are verified together."""
MOST_NAMED = 20
"""Ballots that B6 names, at most: each takes some time to find."""


def check_b1(audit: Audit) -> Held:
    """B1: every ballot decodes canonically. Says who is trusted for this and the next checks."""
    ballots = counted(audit.ballot_count, "ballot", "ballots")
    assumes = audit.workers.assumed if audit.workers else ""
    return Held(f"{ballots} of {audit.layout.size} bytes", assumes)


def check_b2(audit: Audit) -> str:
    """B2: leaves are strictly increasing by voter."""
    previous = b""
    for placed in audit.examined(_first(audit, "disordered"), before=1):
        if placed.ballot.voter <= previous:
            raise Rejected(
                "B2", ballot_name(placed.ballot), "its voter does not follow in strict order"
            )
        previous = placed.ballot.voter
    return "one ballot a voter"


def check_b3(audit: Audit) -> str:
    """B3: every voter is in the census."""
    audit.require_voters()
    return counted(audit.ballot_count, "voter", "voters")


def check_b4(audit: Audit) -> str:
    """B4: every ballot is signed by its voter's signing key."""
    total = audit.ballot_count
    audit.require_voters()
    for placed in audit.examined(_first(audit, "unsigned")):
        ballot, leaf = placed.ballot, placed.leaf
        digest = audit.domain.digest(
            typed_data.BALLOT,
            audit.chain.poll_context,
            ballot.voter,
            ballot.cast_at_unix_s,
            ballot.digest,
            leaf.boxes_hash,
        )
        item = f"leaf {placed.place}, {ballot_name(ballot)}"
        if key_address(leaf.public_key) != audit.entry_of(ballot).signing_key:
            raise Rejected("B4", item, "its public key is not that of the census")
        try:
            # This also refuses coordinates off the curve: recovery returns only points.
            if recover_key(digest, leaf.signature) != leaf.public_key:
                raise Rejected("B4", item, "not signed by its public key")
        except Malformed as error:
            raise Rejected("B4", item, str(error)) from None
        if placed.place % PROOF_BATCH == 0:
            audit.progress(placed.place, 2 * total)
    return counted(total, "signature", "signatures")


def check_b5(audit: Audit) -> str:
    """B5: every cast time lies within the voting period."""
    parameters = audit.parameters
    for placed in audit.examined(_first(audit, "untimely")):
        ballot = placed.ballot
        if not parameters.opens_at <= ballot.cast_at_unix_s < parameters.closes_at:
            raise Rejected("B5", ballot_name(ballot), f"cast at {ballot.cast_at_unix_s}")
    return f"from {parameters.opens_at} to {parameters.closes_at}"


def check_b6(audit: Audit) -> str:
    """B6: every ballot's rows and equations hold. Names the first that fail."""
    total, found = audit.ballot_count, audit.found
    # The native pass names those that fail. To bisect these again would take four times as long.
    places, at_once = (range(total), PROOF_BATCH) if found is None else (found.unproven, 1)
    failed, reasons = list[str](), list[str]()
    for start in range(0, len(places), at_once):
        # The one after the last that is named says whether there are others.
        wanted = MOST_NAMED + 1 - len(failed)
        if not wanted:
            break
        batch = _ballots(audit, places[start : start + at_once])
        failures = _failures(audit, batch, wanted)
        failed += [ballot_name(batch[number]) for number, _ in failures]
        reasons += [reason for _, reason in failures[:1]]
        if found is None:
            audit.progress(total + start + len(batch), 2 * total)
        elif not failures:
            raise audit.disagreement(places[start])
    if failed:
        others = " and others" if len(failed) > MOST_NAMED else ""
        raise Rejected("B6", ", ".join(failed[:MOST_NAMED]) + others, reasons[0])
    return counted(total, "proof", "proofs")


def _first(audit: Audit, fault: str) -> int | None:
    """Return the place of the first leaf with this fault in the native pass, if any."""
    _ = audit.ballot_count  # says why a ballot cannot be read
    place: int | None = getattr(audit.found, fault, None)
    return place


def _ballots(audit: Audit, places: Sequence[int]) -> list[Ballot]:
    if audit.found is None:
        return [audit.ballots[place] for place in places]
    return [placed.ballot for placed in audit.leaves_at(places)]


def _failures(audit: Audit, ballots: Sequence[Ballot], most: int) -> list[tuple[int, str]]:
    try:
        verify_proofs(
            audit.curve,
            audit.key.generators,
            audit.layout.shape,
            audit.chain.poll_context,
            [ballot.proof for ballot in ballots],
            audit.randomness,
            most,
        )
    except RejectedProofs as error:
        return error.failures
    return []
