"""Checkpoints of receipts: honest nodes cosign them, and a node that shows two logs is found while
voting goes on (protocol §9.6)."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import update
from sqlmodel import Session, col

from ostraka.node.agreement import inventory_hash
from ostraka.node.checkpoints import Checkpoints
from ostraka.node.phases import Accepting
from ostraka.node.poll_service import PollService
from ostraka.node.store import NewBallot, NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import LoggedReceipt, NodePoll, StoredContradiction
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.receipt_log import (
    EMPTY_ROOT,
    Checkpoint,
    ReceiptLog,
    SignedCheckpoint,
    contradiction,
    proves_consistency,
    proves_inclusion,
)
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import OPENS_AT, SyntheticPoll, approval_poll
from tests.support.village import Village

LIAR = 4
HONEST = (1, 2, 3)
START = OPENS_AT + 1000


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


@asynccontextmanager
async def voting(
    poll: SyntheticPoll, folder: Path, strangers: dict[int, Any] | None = None
) -> AsyncIterator[Village]:
    """A village whose poll is open."""
    async with Village(poll, folder).run(strangers, seeded=True) as village:
        village.open_seeded()
        await village.tick(2)
        yield village


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


async def cast(village: Village, first: int, end: int, nodes: Sequence[int] = ()) -> None:
    """Hand some of the poll's ballots to nodes, by default to all of them."""
    records = [one.record for one in village.poll.prepared[first:end]]
    for number in nodes or village.nodes:
        for record in records:
            await village.service(number).accepting.submit(record, "voter")


async def minute(village: Village, times: int = 1) -> None:
    """Let a minute pass; nodes sign what is due, and compare it."""
    for _ in range(times):
        village.registry.now += 60
        village.registry.block += 1
        await exchange(village)
        await exchange(village)


async def exchange(village: Village) -> None:
    for number in village.nodes:
        village.service(number).checkpoints._exchange_at_monotonic_s = 0.0
    await village.tick()


def head(service: PollService, node: int) -> Checkpoint:
    found = service.served.store.checkpoints.latest(1, node)
    assert found is not None
    return found.checkpoint


def accused(service: PollService) -> dict[int, StoredContradiction]:
    return {one.node: one for one in service.served.store.checkpoints.contradictions(1)}


def test_nodes_cosign_one_anothers_checkpoints_and_prove_receipts(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            # Nothing changed: nothing is signed.
            await minute(village)
            assert not (await village.get(1, "/checkpoints"))["heads"]
            answer = await village.client.get(village.url(1, "/checkpoints/latest"))
            assert answer.json()["type"] == ProblemType.NOT_FOUND.uri
            await cast(village, 0, 2)
            await minute(village)
            first = await village.get(1, "/checkpoints/latest")
            assert (first["node"], first["number"], first["count"]) == (1, 1, 2)
            await minute(village)
            assert await village.get(1, "/checkpoints/latest") | {"cosignatures": []} == (
                first | {"cosignatures": []}
            )
            await cast(village, 2, 3)
            await minute(village)
            await exchange(village)
            latest = await village.get(1, "/checkpoints/latest")
            assert (latest["number"], latest["count"]) == (2, 3)
            assert [one["node"] for one in latest["cosignatures"]] == [2, 3, 4]
            signed = SignedCheckpoint.decode(bytes.fromhex(latest["checkpoint"][2:]))
            for one in latest["cosignatures"]:
                statement = (
                    typed_data.COSIGNATURE,
                    poll.context,
                    signed.checkpoint.hash(poll.context),
                )
                signer = recover(
                    poll.domain.digest(*statement), bytes.fromhex(one["signature"][2:])
                )
                assert signer == poll.node_keys[one["node"] - 1].address
            for prepared in poll.prepared[:3]:
                digest = to_hex(prepared.ballot.digest)
                shown = await village.get(1, f"/checkpoints/inclusion?digest={digest}")
                proof = [bytes.fromhex(step[2:]) for step in shown["proof"]]
                assert proves_inclusion(
                    prepared.ballot.digest, shown["index"], 3, proof, signed.checkpoint.root
                )
            shown = await village.get(1, "/checkpoints/consistency?from=2&to=3")
            assert proves_consistency(
                2,
                bytes.fromhex(first["root"][2:]),
                3,
                signed.checkpoint.root,
                [bytes.fromhex(step[2:]) for step in shown["proof"]],
            )
            chain = await village.get(3, "/checkpoints/chain?node=1")
            assert chain["checkpoints"] == [first["checkpoint"], latest["checkpoint"]]
            for path, kind in (
                ("/checkpoints/consistency?from=2&to=4", ProblemType.INVALID_REQUEST),
                ("/checkpoints/consistency?from=3&to=2", ProblemType.INVALID_REQUEST),
                ("/checkpoints/consistency?from=x&to=2", ProblemType.INVALID_REQUEST),
                ("/checkpoints/inclusion?digest=0x", ProblemType.INVALID_REQUEST),
                (f"/checkpoints/inclusion?digest=0x{'00' * 32}", ProblemType.NOT_FOUND),
                ("/checkpoints/chain?node=9", ProblemType.NOT_FOUND),
            ):
                answer = await village.client.get(village.url(1, path))
                assert (answer.status_code, answer.json()["type"]) == (kind.status, kind.uri)
            # Ballots that came last get into the last checkpoint, with the inventory.
            await cast(village, 3, 4)
            village.registry.close()
            await exchange(village)
            await exchange(village)
            for number in village.nodes:
                last = head(village.service(number), number)
                assert (last.number, last.count) == (3, 4)
                assert last.signed_at == poll.parameters.freezes_at
                assert head(village.service(1), number) == last
                assert not accused(village.service(number))
                assert (await village.get(number))["suspects"] == {}
                load = village.nodes[number].load()
                assert not any(load.contradicting.values())
                assert load.halted == 0

    run(steps())


class Liar:
    """Node 4, which shows a log of its own to each of the other nodes."""

    def __init__(self, poll: SyntheticPoll, logs: dict[int, "Log"]) -> None:
        self.poll = poll
        self.logs = logs
        self.app = FastAPI()

        def shown(request: Request) -> Log:
            asker = bytes.fromhex(request.headers["ostraka-node"].split(".")[0].removeprefix("0x"))
            return self.logs[poll.committee.index_of(asker) or 0]

        @self.app.get("/api/v1/polls/1/checkpoints")
        def heads(request: Request) -> Any:
            return shown(request).heads()

        @self.app.get("/api/v1/polls/1/checkpoints/chain")
        def chain(request: Request, node: int, after: int) -> Any:
            log = shown(request)
            return {"checkpoints": [to_hex(one.encode()) for one in log.signed[after:]]}

        @self.app.get("/api/v1/polls/1/checkpoints/consistency")
        def consistency(request: Request) -> Any:
            first, second = (int(request.query_params[name]) for name in ("from", "to"))
            log = shown(request).log
            return {"proof": list(map(to_hex, log.consistency(first, second)))}


class Log:
    """A log of a node, with checkpoints that the test makes."""

    def __init__(self, poll: SyntheticPoll, node: int = LIAR) -> None:
        self.poll, self.node = poll, node
        self.log = ReceiptLog()
        self.signed: list[SignedCheckpoint] = []

    def grow(self, digests: Sequence[bytes], at: int) -> SignedCheckpoint:
        """Sign the next checkpoint."""
        self.log.append(digests)
        before = self.signed[-1].checkpoint if self.signed else None
        return self.sign(
            Checkpoint(
                self.node,
                len(self.signed) + 1,
                len(self.log),
                self.log.root(),
                before.hash(self.poll.context) if before else EMPTY_ROOT,
                UnixSeconds(at),
            )
        )

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        key, poll = self.poll.node_keys[self.node - 1], self.poll
        signature = key.sign(poll.domain.digest(*checkpoint.statement(poll.context)))
        self.signed.append(SignedCheckpoint(checkpoint, signature))
        return self.signed[-1]

    def heads(self) -> dict[str, Any]:
        head = {"node": self.node, "checkpoint": to_hex(self.signed[-1].encode())}
        heads = [head | {"cosignatures": []}] if self.signed else []
        return {"heads": heads, "contradictions": []}


def digest(number: int) -> bytes:
    return bytes([number]) * 32


def forked(poll: SyntheticPoll, splits: Callable[[Log, Log], None]) -> Liar:
    shown, other = Log(poll), Log(poll)
    splits(shown, other)
    return Liar(poll, {1: shown, 2: shown, 3: other})


def same_number(shown: Log, other: Log) -> None:
    shown.grow([digest(1), digest(2)], START)
    other.grow([digest(1), digest(3)], START)


def later_numbers(shown: Log, other: Log) -> None:
    for log in (shown, other):
        log.grow([digest(1)], START - 300)
    shown.grow([digest(2)], START - 200)
    other.grow([digest(3)], START - 200)
    other.grow([digest(2)], START - 100)


@pytest.mark.parametrize("splits", [same_number, later_numbers])
def test_a_node_that_shows_two_logs_is_found_while_voting_goes_on(
    poll: SyntheticPoll, tmp_path: Path, splits: Callable[[Log, Log], None]
) -> None:
    liar = forked(poll, splits)

    async def steps() -> None:
        async with voting(poll, tmp_path, {LIAR: liar.app}) as village:
            await cast(village, 0, 2)
            for _ in range(3):
                await minute(village)
            for number in HONEST:
                service = village.service(number)
                assert isinstance(service.phase, Accepting)
                (found,) = accused(service).values()
                first, second = map(SignedCheckpoint.decode, (found.first, found.second))
                for one in (first, second):
                    signed = poll.domain.digest(*one.checkpoint.statement(poll.context))
                    assert recover(signed, one.signature) == poll.node_keys[LIAR - 1].address
                assert contradiction(poll.context, first.checkpoint, second.checkpoint)
                shown = await village.get(number, "/checkpoints")
                (proof,) = shown["contradictions"]
                assert (proof["node"], proof["first"]) == (LIAR, to_hex(found.first))
                assert (await village.get(number))["suspects"] == {str(LIAR): "contradiction"}
                load = village.nodes[number].load()
                assert load.contradicting[poll.node_keys[LIAR - 1].address] == 1
            # Honest nodes go on, and cosign one another.
            await cast(village, 2, 3)
            await minute(village)
            await exchange(village)
            latest = await village.get(1, "/checkpoints/latest")
            assert latest["count"] == 3
            assert [one["node"] for one in latest["cosignatures"]] == [2, 3]
            # Its next checkpoint gets no cosignature.
            for log in {liar.logs[1], liar.logs[3]}:
                log.grow([digest(9)], village.registry.now)
            await minute(village)
            for number in HONEST:
                known = village.service(number).served.store.checkpoints
                last = known.latest(1, LIAR)
                assert last is not None
                assert not known.cosignatures(1, LIAR, last.checkpoint.number)

    run(steps())


def test_a_log_that_did_not_only_grow_is_not_cosigned(poll: SyntheticPoll, tmp_path: Path) -> None:
    log = Log(poll)
    log.grow([digest(1), digest(2)], START - 100)
    liar = Liar(poll, dict.fromkeys(HONEST, log))

    async def steps() -> None:
        async with voting(poll, tmp_path, {LIAR: liar.app}) as village:
            await minute(village)
            service = village.service(1)
            store = service.served.store.checkpoints
            assert sorted(store.cosignatures(1, LIAR, 1)) == [1, 2, 3]
            # It drops a receipt that its first checkpoint has.
            log.log = ReceiptLog([digest(1), digest(3)])
            log.grow([digest(4)], village.registry.now)
            await minute(village)
            assert head(service, LIAR).number == 2
            assert not store.cosignatures(1, LIAR, 2)
            assert (await village.get(1))["suspects"] == {str(LIAR): "unproven"}
            assert not accused(service)

    run(steps())


def test_checkpoints_that_cannot_be_true_are_refused(poll: SyntheticPoll, tmp_path: Path) -> None:
    """Other signers, times ahead of the chain, and floods are not stored."""
    log = Log(poll)
    liar = Liar(poll, dict.fromkeys(HONEST, log))

    async def steps() -> None:
        async with voting(poll, tmp_path, {LIAR: liar.app}) as village:
            service = village.service(1)
            peer = next(one for one in service.served.peers if one.number == LIAR)
            store = service.served.store.checkpoints
            other = Log(poll, node=3)
            other.node = LIAR
            forged = Log(poll, node=3).sign(replace(other.grow([digest(1)], START).checkpoint))
            log.signed = [forged]
            with pytest.raises(Malformed, match="not signed by"):
                await service.checkpoints.exchange(peer)
            # Chains are seen a little earlier by some: taken once this node's chain is there.
            log.signed = []
            ahead = int(service.progress.observed.head.timestamp) + 61
            log.grow([digest(1)], ahead)
            await service.checkpoints.exchange(peer)
            assert store.latest(1, LIAR) is None
            assert not accused(service)
            await minute(village)
            assert head(service, LIAR).signed_at == ahead
            for late in (ahead + 1, int(poll.parameters.freezes_at) + 1):
                log.grow([digest(2)], late)
                village.registry.now = late
                service.see(village.registry.head())
                with pytest.raises(Malformed, match="checkpoint of node 4"):
                    await service.checkpoints.exchange(peer)
                log.signed.pop()
            assert head(service, LIAR).number == 1
            assert not accused(service)

    run(steps())


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


def test_an_inventory_without_a_promised_ballot_is_named(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            await cast(village, 0, 3)
            await minute(village)
            service = village.service(1)
            peer = next(one for one in service.served.peers if one.number == LIAR)
            entries = village.service(LIAR).served.store.checkpoints.entries(1)
            key = poll.node_keys[LIAR - 1]

            def inventory(shown: Sequence[Any]) -> bytes:
                hashed = inventory_hash([row[:3] for row in shown])
                statement = typed_data.INVENTORY, poll.context, hashed
                parts = [key.sign(poll.domain.digest(*statement))]
                for voter, cast_at, ballot, receipt in shown:
                    parts += [voter, cast_at.to_bytes(8, "big"), ballot, receipt]
                return b"".join(parts)

            service.settling.store_inventory(peer, inventory(entries))
            assert not accused(service)
            service.settling.store_inventory(peer, inventory(entries[1:]))
            (found,) = accused(service).values()
            assert SignedCheckpoint.decode(found.first).checkpoint.count == 3
            hashed, signature = found.second[:32], found.second[32:]
            assert hashed == inventory_hash([row[:3] for row in entries[1:]])
            statement = typed_data.INVENTORY, poll.context, hashed
            assert recover(poll.domain.digest(*statement), signature) == key.address
            # Others take no accusation on trust.
            await exchange(village)
            assert LIAR not in accused(village.service(2))

    run(steps())


def test_false_accusations_are_refused(poll: SyntheticPoll, tmp_path: Path) -> None:
    honest = Log(poll, node=1)
    honest.grow([digest(1)], START)
    honest.grow([digest(2)], START + 60)
    forged = Log(poll, node=2)
    forged.node = 1
    same = {"node": 1, "first": to_hex(honest.signed[0].encode())}

    async def steps() -> None:
        async with voting(poll, tmp_path) as village:
            checkpoints: Checkpoints = village.service(3).checkpoints
            with pytest.raises(Malformed, match="do not contradict"):
                checkpoints._take_proof(same | {"second": to_hex(honest.signed[1].encode())})
            other = SignedCheckpoint(
                replace(honest.signed[0].checkpoint, root=digest(9)), honest.signed[0].signature
            )
            with pytest.raises(Malformed, match="not signed by"):
                checkpoints._take_proof(same | {"second": to_hex(other.encode())})
            assert not accused(village.service(3))

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
    kept.sign(1, 0, kept.unlogged(1), log.grow(kept.unlogged(1), START))
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
