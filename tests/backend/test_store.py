"""A node's memory, on SQLite and on a real PostgreSQL: what was said once is never unsaid."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from ostraka.node.store import Conflict, NewBallot, NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import (
    FinalStatement,
    NodePoll,
    PeerReceipt,
    ReleasedShare,
    SignedRoot,
)
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.merkle_sum import SumRoot

CONTEXT = b"\1" * 32


def poll() -> NodePoll:
    return NodePoll(
        poll_id=1,
        poll_context=CONTEXT,
        census=b"census",
        public_key=b"\2" * 32,
        announcement=b"\3" * 65,
    )


def ballot(name: int, receipt: bytes | None = b"r", voter: int = 1) -> NewBallot:
    return NewBallot(
        poll_id=1,
        voter=bytes([voter]) * 20,
        cast_at_unix_s=1_800_000_000 + name,
        digest=bytes([name]) * 32,
        signed=b"signed",
        boxes=b"boxes",
        receipt=receipt,
        share_box=b"box" if receipt else None,
    )


def test_a_ballot_without_receipt_takes_one_and_keeps_it(url: str) -> None:
    store = NodeStore(open_database(url, Schema.NODE))
    store.add_ballots([ballot(1, None)])
    store.add_ballots([ballot(1, b"first")])
    store.add_ballots([ballot(1, b"second"), ballot(1, None)])
    stored = store.ballot(1, bytes([1]) * 32)
    assert stored is not None
    assert (stored.receipt, stored.share_box) == (b"first", b"box")


def test_everything_survives_a_restart(url: str) -> None:
    store = NodeStore(open_database(url, Schema.NODE))
    store.add_poll(poll())
    store.add_ballots([ballot(1), ballot(2), ballot(3, None, voter=2)])
    store.add_ballots([ballot(2), ballot(4)])
    store.add_peer_receipts(
        [PeerReceipt(poll_id=1, digest=bytes([1]) * 32, node=n, signature=b"s") for n in (2, 3)]
    )
    store.checkpoints.freeze(1, CONTEXT, b"inventory", 0, [], None)

    again = NodeStore(open_database(url, Schema.NODE))
    row = again.poll(1, CONTEXT)
    assert row is not None
    assert (row.key_destroyed, row.inventory_signature) == (False, b"inventory")
    assert len(again.versions(1)) == 4
    assert again.voters(1) == 2
    assert again.versions_of(1, [bytes([1]) * 20]) == {bytes([1]) * 20: 3}
    assert [one.digest[0] for one in again.ballots_after(1, 0, 10)] == [1, 2, 3, 4]
    assert [row[2][0] for row in again.checkpoints.entries(1)] == [1, 2, 4]
    assert again.receipt_counts(1)[bytes([1]) * 32] == 3
    assert again.receipt_counts(1)[bytes([2]) * 32] == 1
    assert bytes([3]) * 32 not in again.receipt_counts(1)


def test_a_round_has_one_root_and_a_poll_one_final(url: str) -> None:
    store = NodeStore(open_database(url, Schema.NODE))

    def root(name: int, number: int) -> SignedRoot:
        digest = bytes([name]) * 32
        return SignedRoot(poll_id=1, round=number, root_digest=digest, leaves=b"", signature=b"s")

    def final(name: int, node: int = 1) -> FinalStatement:
        digest = bytes([name]) * 32
        return FinalStatement(poll_id=1, node=node, root_digest=digest, signature=b"s")

    store.sign_root(root(1, 0))
    store.sign_root(root(1, 0))
    with pytest.raises(Conflict):
        store.sign_root(root(2, 0))
    store.sign_root(root(2, 1))
    store.add_final(final(1))
    store.add_final(final(1))
    with pytest.raises(Conflict):
        store.add_final(final(2))
    again = NodeStore(open_database(url, Schema.NODE))
    with pytest.raises(Conflict):
        again.add_final(final(2))
    again.add_final(final(2, node=2))
    assert [one.root_digest[0] for one in again.finals(1)] == [1, 2]


def test_attestations_and_shares_are_stored(url: str) -> None:
    store = NodeStore(open_database(url, Schema.NODE))
    root = SumRoot(b"\1" * 32, b"\2" * 64, 7)
    later = replace(root, count=8)
    store.add_attestations(1, 4, later, {3: b"c"})
    store.add_attestations(1, 3, root, {4: b"d", 2: b"b"})
    store.add_attestations(1, 3, root, {1: b"a", 2: b"b"})
    signed = (Attestation(1, b"a"), Attestation(2, b"b"), Attestation(4, b"d"))
    assert store.attested_roots(1) == [
        AnchoredRoot(3, root, signed),
        AnchoredRoot(4, later, (Attestation(3, b"c"),)),
    ]
    for value in (b"first", b"second"):
        store.add_share(ReleasedShare(poll_id=1, node=2, share=value, signature=b"s"))
    assert [one.share for one in store.shares(1)] == [b"first"]


def test_a_damaged_file_is_noticed_at_start(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    url = f"sqlite:///{path}"
    store = NodeStore(open_database(url, Schema.NODE))
    store.add_ballots([ballot(name) for name in range(1, 200)])
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[4096 * page : 4096 * page + 16] = b"\xff" * 16
    path.write_bytes(bytes(data))
    with pytest.raises(Exception, match=r"damaged|malformed"):
        open_database(url, Schema.NODE)


def test_an_error_shows_no_secret(tmp_path: Path) -> None:
    store = NodeStore(open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE))
    store.add_poll(poll())
    with pytest.raises(Exception, match="UNIQUE") as caught:
        store.add_poll(poll())
    assert "\\x03" not in str(caught.value)


def test_no_question_about_a_batch_reads_all_ballots(tmp_path: Path) -> None:
    """Else each batch would take longer than the one before."""
    engine = open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE)
    store = NodeStore(engine)
    asked: list[tuple[str, object]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, text: str, values: object, *_: object) -> None:
        asked.append((text, values))

    names = [bytes([name]) * 32 for name in range(20)]
    store.versions_of(1, [name[:20] for name in names])
    store.receipts_of(1, names)
    store.whole(1, names)
    store.known(1, names)
    with sqlite3.connect(tmp_path / "node.db") as connection:
        for text, values in asked:
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
            assert "poll_id=? AND" in plan, plan
    assert len(asked) == 4
