"""Reports on a voter's own files: whose ballot it is, and no check that holds unchecked."""

import json
import secrets
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.challenge import Opening
from ostraka_verifier.checks import Audit, Claimed
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from ostraka_verifier.receipt import Receipted, check_receipts, is_recorded, read_votes
from ostraka_verifier.voter_report import challenge_report, check_counted, receipt_report
from tests.support.polls import REGISTRY, SyntheticPoll

CURVE = load()
NOBODY = "http://127.0.0.1:1"
"""An endpoint that does not answer."""
CLAIMED = Claimed(REGISTRY, 1)


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return SyntheticPoll([[1, 0], [0, 1]], approval(2, 0, 2), NoOutcome())


def file_of(poll: SyntheticPoll, *voters: int, nodes: range = range(1, 4)) -> dict[str, Any]:
    """A file of the first voter, with a ballot of each of these."""
    ballots = []
    for voter in voters:
        ballot = poll.prepared[voter].ballot
        statement = poll.domain.digest(
            typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
        )
        receipts = [
            {"node": node, "signature": "0x" + poll.node_keys[node - 1].sign(statement).hex()}
            for node in nodes
        ]
        ballots.append({"ballot": "0x" + ballot.encoded.hex(), "receipts": receipts})
    owner = poll.prepared[voters[0]].ballot.voter
    return {"format": "ostraka/votes/v2", "voter": "0x" + owner.hex(), "ballots": ballots}


def test_a_file_belongs_to_the_voter_that_it_names(poll: SyntheticPoll) -> None:
    (ballot,) = read_votes(json.dumps(file_of(poll, 0)).encode())
    assert ballot.voter == poll.prepared[0].ballot.voter
    assert check_receipts(poll.published, ballot) == (1, 2, 3)
    # Somebody else's ballot, recorded and counted, behind one's own.
    with pytest.raises(Malformed, match=r"ballots\[1\]: of a different voter"):
        read_votes(json.dumps(file_of(poll, 0, 1)).encode())
    short = file_of(poll, 0)
    short["ballots"][0]["ballot"] = "0x" + ballot.ballot[:27].hex()
    with pytest.raises(Malformed, match=r"ballots\[0\]\.ballot: too short"):
        read_votes(json.dumps(short).encode())
    with pytest.raises(Malformed, match=r"votes\.voter"):
        read_votes(json.dumps(file_of(poll, 0) | {"voter": None}).encode())


def test_a_false_receipt_more_makes_no_ballot_unrecorded(poll: SyntheticPoll) -> None:
    content = file_of(poll, 0)
    good = content["ballots"][0]["receipts"]
    content["ballots"][0]["receipts"] = [*good, {**good[0], "node": 4}]
    (ballot,) = read_votes(json.dumps(content).encode())
    with pytest.raises(Rejected, match="receipt of node 4"):
        check_receipts(poll.published, ballot)
    assert is_recorded(poll.published, ballot)
    few = read_votes(json.dumps(file_of(poll, 0, nodes=range(1, 3))).encode())
    assert not is_recorded(poll.published, few[0])


def verdicts(report: Any) -> dict[str, str]:
    return {finding.check: finding.verdict.value for finding in report.findings}


def test_what_was_noted_holds_only_when_it_was_compared(poll: SyntheticPoll) -> None:
    made = poll.factory.prove(poll.voter_keys[0].address, [1, 0], 1)
    opening = Opening(poll.identity, poll.context, made.ballot.encoded, made.bits, made.blinding)
    content = json.dumps(opening.to_json()).encode()

    def report(noted: bytes, data: bytes) -> dict[str, str]:
        return verdicts(challenge_report(CURVE, NOBODY, CLAIMED, noted, data))

    unchecked = dict.fromkeys(("V2", "V3", "V4"), "not checked")
    assert report(opening.digest, content) == {"V1": "holds", **unchecked}
    assert report(bytes(32), content) == {"V1": "fails", **unchecked}
    unread = report(opening.digest, b"{}")
    assert unread == {"V1": "not checked", **unchecked, "V2": "fails"}


def test_receipts_without_a_chain_are_not_checked(poll: SyntheticPoll) -> None:
    content = json.dumps(file_of(poll, 0)).encode()
    report = receipt_report(CURVE, NOBODY, CLAIMED, content, None)
    assert set(verdicts(report).values()) == {"not checked"}


def receipted(poll: SyntheticPoll, encoded: bytes, nodes: range = range(1, 4)) -> Receipted:
    bare = Receipted(encoded, {})
    statement = poll.domain.digest(
        typed_data.RECEIPT, poll.context, bare.voter, bare.cast_at_unix_s, bare.digest
    )
    return Receipted(encoded, {node: poll.node_keys[node - 1].sign(statement) for node in nodes})


def test_a_ballot_is_counted_when_the_right_one_is(poll: SyntheticPoll) -> None:
    board, chain = poll.finish()
    audit = Audit(CURVE, CLAIMED, chain, board.encode(), secrets.randbits)
    own = receipted(poll, poll.prepared[0].ballot.encoded)
    cast_at = own.cast_at_unix_s
    older, newer = (
        poll.factory.prove(own.voter, [1, 0], at).ballot.encoded
        for at in (cast_at - 1, cast_at + 1)
    )

    def check(*ballots: Receipted, of: Audit = audit) -> str:
        return check_counted(of, [], poll.published, ballots)

    assert check(own) == "one of 2 under the root on chain"
    assert check(receipted(poll, older), own) == "one of 2 under the root on chain"
    # What was not recorded may be left out, and what replaced it unrecorded may count.
    assert check(own, receipted(poll, newer, range(1, 3))) == "one of 2 under the root on chain"
    unrecorded = receipted(poll, own.ballot, range(1, 2))
    assert check(receipted(poll, older), unrecorded) == "one of 2 under the root on chain"
    with pytest.raises(Rejected, match="an older ballot"):
        check(own, receipted(poll, newer))
    with pytest.raises(Rejected, match="a newer ballot"):
        check(receipted(poll, older))
    with pytest.raises(Undecided, match="needs V6"):
        check(unrecorded)
    stranger = poll.factory.prove(bytes([1] * 20), [1, 0], cast_at).ballot.encoded
    with pytest.raises(Rejected, match="no ballot of this voter"):
        check(receipted(poll, stranger))
    for status, said in (("void", "nothing was counted"), ("anchored", "not tallied yet")):
        changed = Audit(
            CURVE, CLAIMED, replace(chain, status=status), board.encode(), secrets.randbits
        )
        if status == "void":
            with pytest.raises(Undecided, match=said):
                check(own, of=changed)
        else:
            assert check(own, of=changed).endswith(said)
