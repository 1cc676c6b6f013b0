"""Checkpoints after a restart, a loss, an older copy or damage; and their tables (§9.6)."""

import shutil
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from ostraka.node.checkpoints import INVENTORY_PROOF_BYTES
from ostraka.node.own_log import MOST_TREES, OwnLog
from ostraka.node.store import NewBallot, NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import LoggedReceipt, NodePoll, StoredContradiction
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import OPENS_AT, SyntheticPoll, approval_poll
from tests.support.receipt_logs import (
    LIAR,
    START,
    Log,
    accused,
    cast,
    digest,
    exchange,
    head,
    minute,
    run,
    voting,
)


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def test_a_restarted_node_continues_its_chain(poll: SyntheticPoll, tmp_path: Path) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 1)
            await minute(village)
            # A receipt that no checkpoint has yet, when the node stops.
            await cast(village, 1, 2)
            before = head(village.service(2), 2)
            await village.restart(2)
            await minute(village)
            await exchange(village)
            after = head(village.service(2), 2)
            assert (after.number, after.count) == (2, 2)
            assert after.previous == before.hash(poll.context)
            latest = village.service(1).served.store.checkpoints
            assert sorted(latest.cosignatures(1, 2, 2)) == [1, 3, 4]
            assert not any(accused(village.service(number)) for number in village.nodes)

    run(steps())


def test_an_older_copy_of_a_database_signs_no_second_checkpoint(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    def copy_file(name: str, copy: str) -> None:
        shutil.copy(tmp_path / name, tmp_path / copy)

    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 1)
            await minute(village)
            await village.restart(2, lambda: copy_file("node-2.db", "copy.db"))
            await cast(village, 1, 2)
            await minute(village)
            assert head(village.service(1), 2).number == 2
            await village.restart(2, lambda: copy_file("copy.db", "node-2.db"))
            await cast(village, 2, 3)
            await minute(village, 2)
            own = village.service(2)
            assert head(own, 2).number == 1
            assert "its database lacks" in own.served.own_log.halted
            assert village.nodes[2].load().halted == 1
            village.registry.close()
            await exchange(village)
            assert head(own, 2).number == 1
            for number in (1, 3, 4):
                assert head(village.service(number), 2).number == 2

    run(steps())


@pytest.mark.parametrize("closes", [False, True])
def test_an_older_copy_signs_nothing_before_it_hears_from_the_others(
    poll: SyntheticPoll, tmp_path: Path, closes: bool
) -> None:
    def copy_file(name: str, copy: str) -> None:
        shutil.copy(tmp_path / name, tmp_path / copy)

    async def unreachable(*_: object) -> None:
        raise httpx.ConnectError("no route")

    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 1)
            await minute(village)
            await village.restart(2, lambda: copy_file("node-2.db", "copy.db"))
            await cast(village, 1, 2)
            await minute(village)
            assert head(village.service(1), 2).number == 2
            reached = {number: village._apps[number] for number in (1, 3, 4)}
            village._apps.update(dict.fromkeys(reached, unreachable))
            await village.restart(2, lambda: copy_file("copy.db", "node-2.db"))
            await cast(village, 2, 3, [2])
            if closes:
                village.registry.close()
            await minute(village, 2)
            assert head(village.service(2), 2).number == 1
            village._apps.update(reached)
            await minute(village, 2)
            assert head(village.service(2), 2).number == 1
            assert "its database lacks" in village.service(2).served.own_log.halted
            for number in (1, 3, 4):
                known = accused(village.service(number))
                # The receipts that the copy lacks are lost: its inventory may show that.
                assert all(len(one.second) == INVENTORY_PROOF_BYTES for one in known.values())

    run(steps())


def test_a_rebuilt_node_signs_and_cosigns_nothing_and_is_not_accused(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 1)
            await minute(village)

            def lose() -> None:
                for file in tmp_path.glob("node-2.db*"):
                    file.unlink()
                url = f"sqlite:///{tmp_path / 'node-2.db'}"
                row = village.row(2)
                row.rebuilt = True
                NodeStore(open_database(url, Schema.NODE)).add_poll(row)

            await village.restart(2, lose)
            await cast(village, 1, 2, (1, 3, 4))
            await minute(village)
            await exchange(village)
            own = village.service(2)
            assert own.served.store.checkpoints.latest(1, 2) is None
            # It follows the others all the same.
            assert head(own, 1).number == 2
            assert sorted(own.served.store.checkpoints.cosignatures(1, 1, 2)) == [3, 4]
            for number in (1, 3, 4):
                assert not accused(village.service(number))
                assert (await village.get(number))["suspects"] == {}
            with pytest.raises(Problem, match="lost its database"):
                own.served.sign(typed_data.COSIGNATURE, poll.context, bytes(32))

    run(steps())


def test_a_damaged_log_ends_the_checkpoints(poll: SyntheticPoll, tmp_path: Path) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 2)
            await minute(village)
            service = village.service(2)
            with Session(service.served.store._engine) as session:
                session.connection().execute(
                    update(LoggedReceipt)
                    .where(col(LoggedReceipt.position) == 0)
                    .values(digest=digest(7))
                )
                session.commit()
            await village.restart(2)
            answer = await village.client.get(
                village.url(2, "/checkpoints/consistency?from=0&to=2")
            )
            assert answer.status_code == 200
            await cast(village, 2, 3)
            await minute(village)
            own = village.service(2)
            assert "not that of its latest checkpoint" in own.served.own_log.halted
            assert head(own, 2).number == 1
            assert not accused(village.service(1))

    run(steps())


def ballot(number: int, receipt: bytes | None = b"receipt") -> NewBallot:
    return NewBallot(
        poll_id=1,
        voter=bytes([9 - number]) * 20,
        cast_at_unix_s=UnixSeconds(OPENS_AT),
        digest=digest(number),
        signed=b"signed",
        boxes=b"boxes",
        receipt=receipt,
        share_box=None,
    )


def test_the_log_is_stored_in_order_of_acceptance(url: str, poll: SyntheticPoll) -> None:
    """On SQLite and on PostgreSQL."""
    store = NodeStore(open_database(url, Schema.NODE))
    kept, log = store.checkpoints, Log(poll)
    store.add_poll(
        NodePoll(poll_id=1, poll_context=b"c", census=b"", public_key=b"", announcement=b"")
    )
    store.add_ballots([ballot(1), ballot(2, None), ballot(3)])
    assert kept.unlogged(1) == [digest(1), digest(3)]
    kept.extend(1, 0, kept.unlogged(1), log.grow(kept.unlogged(1), START))
    # A ballot whose receipt came later than others is later in the log.
    store.add_ballots([ballot(4), ballot(2)])
    assert kept.unlogged(1) == [digest(2), digest(4)]
    assert [row[2] for row in kept.entries(1)] == [digest(n) for n in (1, 3, 2, 4)]
    kept.freeze(1, b"c", b"inventory", 2, [digest(2), digest(4)], log.grow([], START + 60))
    again = NodeStore(open_database(url, Schema.NODE)).checkpoints
    assert again.digests(1) == [digest(n) for n in (1, 3, 2, 4)]
    assert again.digests(2) == again.unlogged(1) == []
    assert again.position(1, digest(2)) == 2
    assert again.position(1, digest(9)) is None
    assert again.latest(1, LIAR) == log.signed[1]
    assert again.chain(1, LIAR, 0, 1) == log.signed[:1]
    peer = Log(poll, node=3)
    peers = [peer.grow([digest(number)], START + 60 * number) for number in (1, 2, 3)]
    again.add(1, peers[:2])
    again.add(1, peers)
    assert again.chain(1, 3, 1, 9) == peers[1:]
    assert again.latest(1, 3, proven=True) is None
    again.prove(1, 3, 2)
    assert again.latest(1, 3, proven=True) == peers[1]
    for number in (1, 2, 3):
        again.cosign(1, 3, number, LIAR, bytes([number]))
        again.cosign(1, 3, number, LIAR, bytes([number]))
    found = [again.cosignatures(1, 3, number) for number in (1, 2, 3)]
    assert found == [{}, {LIAR: b"\2"}, {LIAR: b"\3"}]

    def proof() -> StoredContradiction:
        return StoredContradiction(poll_id=1, node=3, first=b"1", second=b"2")

    assert again.contradict(proof())
    assert not again.contradict(proof())
    assert len(again.contradictions(1)) == 1


def test_only_the_last_used_trees_are_kept_in_memory(poll: SyntheticPoll, tmp_path: Path) -> None:
    """Strangers can ask for proofs of every poll that a node ever served."""
    store = NodeStore(open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE))
    log = Log(poll)
    store.checkpoints.extend(1, 0, [digest(1), digest(2)], log.grow([digest(1), digest(2)], START))
    logs = [
        OwnLog(store.checkpoints, 1, poll.context, LIAR, poll.node_keys[LIAR - 1].sign)
        for _ in range(MOST_TREES + 3)
    ]
    proofs = [one.consistency(1, 2) for one in [*logs, *logs]]
    assert proofs == [log.log.consistency(1, 2)] * len(proofs)
    assert sum(one._tree is not None for one in logs) == MOST_TREES
