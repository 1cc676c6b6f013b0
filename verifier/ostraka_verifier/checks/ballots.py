"""Checks B1 to B6: the ballots.

Source: docs/protocol.md §13.
"""

from ostraka_verifier import typed_data
from ostraka_verifier.checks.audit import Audit, ballot_name
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.proof import RejectedProofs, verify_proofs
from ostraka_verifier.signatures import key_address, recover_key
from ostraka_verifier.wording import counted

PROOF_BATCH = 2000
"""Ballots whose proofs are verified together."""


def check_b1(audit: Audit) -> str:
    """B1: every ballot decodes canonically."""
    return f"{counted(len(audit.ballots), 'ballot', 'ballots')} of {audit.layout.size} bytes"


def check_b2(audit: Audit) -> str:
    """B2: leaves are strictly increasing by voter."""
    previous = b""
    for ballot in audit.ballots:
        if ballot.voter <= previous:
            raise Rejected("B2", ballot_name(ballot), "its voter does not follow in strict order")
        previous = ballot.voter
    return "one ballot a voter"


def check_b3(audit: Audit) -> str:
    """B3: every voter is in the census."""
    return counted(len(audit.weights), "voter", "voters")


def check_b4(audit: Audit) -> str:
    """B4: every ballot is signed by its voter's signing key."""
    total = len(audit.ballots)
    for number, (ballot, leaf) in enumerate(zip(audit.ballots, audit.leaves, strict=True)):
        entry = audit.census.find(ballot.voter)
        if entry is None:
            raise Undecided("needs B3")
        digest = audit.domain.digest(
            typed_data.BALLOT,
            audit.chain.poll_context,
            ballot.voter,
            ballot.cast_at_unix_s,
            ballot.digest,
            leaf.boxes_hash,
        )
        item = f"leaf {number}, {ballot_name(ballot)}"
        if key_address(leaf.public_key) != entry.signing_key:
            raise Rejected("B4", item, "its public key is not that of the census")
        try:
            # This also refuses coordinates off the curve: recovery returns only points.
            if recover_key(digest, leaf.signature) != leaf.public_key:
                raise Rejected("B4", item, "not signed by its public key")
        except Malformed as error:
            raise Rejected("B4", item, str(error)) from None
        if number % PROOF_BATCH == 0:
            audit.progress(number, 2 * total)
    return counted(total, "signature", "signatures")


def check_b5(audit: Audit) -> str:
    """B5: every cast time lies within the voting period."""
    parameters = audit.parameters
    for ballot in audit.ballots:
        if not parameters.opens_at <= ballot.cast_at_unix_s < parameters.closes_at:
            raise Rejected("B5", ballot_name(ballot), f"cast at {ballot.cast_at_unix_s}")
    return f"from {parameters.opens_at} to {parameters.closes_at}"


def check_b6(audit: Audit) -> str:
    """B6: every ballot's rows and equations hold."""
    ballots = audit.ballots
    failed, reasons = list[str](), list[str]()
    for start in range(0, len(ballots), PROOF_BATCH):
        batch = ballots[start : start + PROOF_BATCH]
        try:
            verify_proofs(
                audit.curve,
                audit.key.generators,
                audit.layout.shape,
                audit.chain.poll_context,
                [ballot.proof for ballot in batch],
                audit.randomness,
            )
        except RejectedProofs as error:
            failed += [ballot_name(batch[number]) for number, _ in error.failures]
            reasons.append(error.reason)
        audit.progress(len(ballots) + start + len(batch), 2 * len(ballots))
    if failed:
        raise Rejected("B6", ", ".join(failed), reasons[0])
    return counted(len(ballots), "proof", "proofs")
