"""A voter's file of ballots and receipts: what is read, and what is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.receipt import Receipted, check_receipts, is_recorded, read_votes
from tests.support.audits import POLL

FIRST, SECOND = POLL.prepared[0].ballot, POLL.prepared[1].ballot


def signature(node: int, ballot: Any = FIRST) -> bytes:
    digest = POLL.domain.digest(
        typed_data.RECEIPT, POLL.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    return POLL.node_keys[node - 1].sign(digest)


def receipted(*nodes: int) -> Receipted:
    return Receipted(FIRST.encoded, {node: signature(node) for node in nodes})


def file_of(*ballots: Any, **members: Any) -> bytes:
    content = {
        "format": "ostraka/votes/v2",
        "voter": "0x" + FIRST.voter.hex(),
        "ballots": list(ballots),
    }
    return json.dumps(content | members).encode()


def entry(ballot: bytes = FIRST.encoded, receipts: Any = ()) -> dict[str, Any]:
    return {"ballot": "0x" + ballot.hex(), "receipts": list(receipts)}


def receipt(node: Any = 1, signed: bytes = bytes(65)) -> dict[str, Any]:
    return {"node": node, "signature": "0x" + signed.hex()}


def test_ballots_are_read_oldest_first() -> None:
    later = FIRST.encoded[:20] + (FIRST.cast_at_unix_s + 1).to_bytes(8, "big") + b"\1"
    read = read_votes(file_of(entry(later), entry(receipts=[receipt(1), receipt(2)])))
    assert [one.ballot for one in read] == [FIRST.encoded, later]
    assert read[0].receipts == {1: bytes(65), 2: bytes(65)}
    assert (read[0].voter, read[0].digest) == (FIRST.voter, FIRST.digest)
    assert read[1].cast_at_unix_s == FIRST.cast_at_unix_s + 1
    assert read[0].order_key == (FIRST.cast_at_unix_s, FIRST.digest)


def test_the_longest_file_is_read() -> None:
    short = entry(FIRST.encoded[:28])
    assert len(read_votes(file_of(*[short] * 10_000))) == 10_000


@pytest.mark.parametrize(
    ("item", "data"),
    [
        ("votes.format", b"[]"),
        ("votes.format", file_of(entry(), format="ostraka/votes/v1")),
        ("votes.ballots", file_of()),
        ("votes.ballots", file_of(ballots={})),
        ("votes.ballots", file_of(*[entry(FIRST.encoded[:28])] * 10_001)),
        ("votes.voter", file_of(entry(), voter="0x1")),
        ("votes.ballots[0]", file_of([])),
        ("votes.ballots[0]", file_of({"ballot": "0x"})),
        ("votes.ballots[0].ballot", file_of(entry(FIRST.encoded[:27]))),
        ("votes.ballots[1]", file_of(entry(), entry(SECOND.encoded))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[1]))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[receipt("1")]))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[receipt(True)]))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[receipt(), receipt()]))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[receipt(1, bytes(64))]))),
        ("votes.ballots[0].receipts", file_of(entry(receipts=[receipt(1, bytes(66))]))),
    ],
)
def test_what_is_no_such_file_is_refused(item: str, data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read_votes(data)
    assert refused.value.item == item


def test_receipts_are_their_nodes() -> None:
    poll = POLL.published
    assert check_receipts(poll, receipted(4, 1)) == (1, 4)
    for node, signed in ((1, signature(2)), (1, signature(1, SECOND)), (2, bytes(65))):
        with pytest.raises(Rejected) as refused:
            check_receipts(poll, Receipted(FIRST.encoded, {node: signed}))
        assert (refused.value.check, refused.value.item) == ("V5", f"receipt of node {node}")
    for node in (0, 5):
        with pytest.raises(Rejected, match="not in the committee") as refused:
            check_receipts(poll, Receipted(FIRST.encoded, {node: signature(4)}))
        assert refused.value.check == "V5"


def test_a_quorum_of_receipts_records_a_ballot() -> None:
    poll = POLL.published
    assert not is_recorded(poll, receipted(1, 2))
    assert is_recorded(poll, receipted(1, 2, 4))
    forged = receipted(1, 2).receipts | {3: signature(2)}
    assert not is_recorded(poll, Receipted(FIRST.encoded, forged))
    assert is_recorded(poll, Receipted(FIRST.encoded, forged | {4: signature(4)}))


def test_a_ballot_of_another_length_is_of_another_poll() -> None:
    for ballot in (FIRST.encoded[:-1], FIRST.encoded + b"\0"):
        other = replace(receipted(1, 2, 3), ballot=ballot)
        with pytest.raises(Malformed) as refused:
            check_receipts(POLL.published, other)
        assert refused.value.item == "ballot"
        assert not is_recorded(POLL.published, other)
