"""Reports on a voter's own files: whose ballot it is, and no check that holds unchecked."""

import json
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.challenge import Opening
from ostraka_verifier.checks import Claimed
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from ostraka_verifier.receipt import check_receipts, is_recorded, read_votes
from ostraka_verifier.voter_report import challenge_report, receipt_report
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
    return {"format": "ostraka/votes/v1", "voter": "0x" + owner.hex(), "ballots": ballots}


def test_a_file_is_of_the_voter_whom_it_names(poll: SyntheticPoll) -> None:
    (ballot,) = read_votes(json.dumps(file_of(poll, 0)).encode())
    assert ballot.voter == poll.prepared[0].ballot.voter
    assert check_receipts(poll.published, ballot) == (1, 2, 3)
    # Somebody else's ballot, recorded and counted, behind one's own.
    with pytest.raises(Malformed, match=r"ballots\[1\]: of another voter"):
        read_votes(json.dumps(file_of(poll, 0, 1)).encode())
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
