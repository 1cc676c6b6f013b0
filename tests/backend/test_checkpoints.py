"""Checkpoints of receipts: honest nodes cosign them, and a node that shows two logs is found while
voting goes on (protocol §9.6)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.node.agreement import inventory_hash
from ostraka.node.checkpoints import Checkpoints
from ostraka.node.phases import Accepting
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.receipt_log import (
    ReceiptLog,
    SignedCheckpoint,
    contradiction,
    proves_consistency,
    proves_inclusion,
)
from ostraka_verifier.signatures import recover
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.receipt_logs import (
    HONEST,
    LIAR,
    START,
    Liar,
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
            # Times long past would leave room for any number of checkpoints.
            log.signed = []
            log.grow([digest(8)], int(poll.parameters.opens_at) - 1)
            with pytest.raises(Malformed, match="from before the opening"):
                await service.checkpoints.exchange(peer)
            assert store.latest(1, LIAR) is None
            log.log = ReceiptLog()
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
