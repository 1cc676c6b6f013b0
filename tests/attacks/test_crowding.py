"""Bad ballots do not crowd out good ones (docs/protocol.md §9.1)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ostraka.node import accepting as module
from ostraka.node.accepting import BallotIntake
from ostraka.node.failures import MOST_REMEMBERED, SUSPECTED_AFTER, Failures
from ostraka.node.fair_queue import FairQueue
from ostraka.node.phases import Keyed
from ostraka.node.poll_progress import PollProgress
from ostraka.node.poll_service import PollService
from ostraka.node.receipts import Receipt
from ostraka.node.served_poll import ServedPoll
from ostraka.wire.clients import client_of
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, encode_records
from tests.support.flood import Flood, false_proofs
from tests.support.node_polls import accepting_service, in_phase
from tests.support.polls import OPENS_AT, SyntheticPoll, approval_poll
from tests.support.town import Town, vote_for

CONNECTIONS, RESENT = 14, 400
PATIENCE_S = 20
"""Generous, for a busy machine; `make bench GROUPS=node` holds it to 3 s."""


class OneQueue(BallotIntake):
    """The old rule: one queue for all, and nothing is looked at before it."""

    def __init__(self, served: ServedPoll, progress: PollProgress) -> None:
        super().__init__(served, progress)
        self._queue: asyncio.Queue[module._Waiting] = asyncio.Queue(module.QUEUE_LIMIT)

    async def submit(self, record: CastRecord, client: str) -> Receipt | Problem:
        future: asyncio.Future[Receipt | Problem] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(module._Waiting(record, client, future))
        except asyncio.QueueFull:
            return Problem(ProblemType.QUEUE_FULL, "too many ballots are waiting", retry_after_s=1)
        return await future

    async def work(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < module.BATCH_LIMIT and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            await self._accept_those(waiting)


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def answers_of(
    service: PollService, batches: Sequence[tuple[str, Sequence[CastRecord]]]
) -> list[list[Receipt | Problem]]:
    """What each of some clients' batches, sent one after the other, is answered."""

    async def run() -> list[list[Receipt | Problem]]:
        accepting = service.accepting
        # Of this loop.
        accepting._arrived, service.progress.lock = asyncio.Event(), asyncio.Lock()
        worker = asyncio.create_task(accepting.work())
        answers = [
            await asyncio.gather(*(accepting.submit(record, client) for record in records))
            for client, records in batches
        ]
        worker.cancel()
        return answers

    return asyncio.run(run())


def crowded(accepting: BallotIntake, false: Sequence[CastRecord], honest: CastRecord) -> object:
    """What an honest ballot is answered in the crowd."""

    async def run() -> object:
        async def resend() -> None:
            while True:
                await asyncio.gather(*(accepting.submit(record, "him") for record in false))
                await asyncio.sleep(0)

        crowd = [asyncio.create_task(resend()) for _ in range(CONNECTIONS)]
        # The crowd comes first, and the node has looked at nothing of it yet.
        await asyncio.sleep(0.1)
        answer = asyncio.create_task(accepting.submit(honest, "him"))
        await asyncio.sleep(0)
        worker = asyncio.create_task(accepting.work())
        try:
            return await asyncio.wait_for(answer, PATIENCE_S)
        finally:
            for task in (*crowd, worker):
                task.cancel()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", [OneQueue, BallotIntake])
def test_false_proofs_do_not_displace_honest_ballots(
    poll: SyntheticPoll, tmp_path: Path, kind: type[BallotIntake]
) -> None:
    """Even those of other voters from the attacker's own address, as behind one gateway."""
    false = false_proofs(poll.factory, poll.voter_keys[0], RESENT, OPENS_AT)
    service = accepting_service(poll, tmp_path)
    intake = kind(service.served, service.progress)
    answer = crowded(intake, false, poll.prepared[1].record)
    if kind is OneQueue:
        assert isinstance(answer, Problem)
        assert answer.kind is ProblemType.QUEUE_FULL
    else:
        assert isinstance(answer, Receipt)


def test_only_signed_ballots_prove_malice(poll: SyntheticPoll, tmp_path: Path) -> None:
    service = accepting_service(poll, tmp_path)
    liar, victim = poll.voter_keys[:2]
    false = false_proofs(poll.factory, liar, SUSPECTED_AFTER + 1, OPENS_AT)
    # The same false ballots in the victim's name; the liar cannot sign them so.
    slandering = [
        replace(one, ballot=victim.address + one.ballot[len(victim.address) :]) for one in false
    ]
    answers = answers_of(service, [("liar", slandering), ("liar", false)])
    slander, lies = [[one for one in batch if isinstance(one, Problem)] for batch in answers]
    assert all("not of this ballot" in one.detail for one in slander)
    assert {one.check for one in slander} == {"B4"}
    assert {one.check for one in lies} == {"B6"}
    assert not service.accepting._failures.suspected(victim.address)
    assert service.accepting._failures.suspected(liar.address)
    honest = [one.record for one in poll.prepared[:2]]
    # Last, not never: a voter whose program is fixed can still vote.
    ((first, second),) = answers_of(service, [("liar", honest)])
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)


def test_a_false_proof_is_checked_once_and_suspects_separately(
    poll: SyntheticPoll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = accepting_service(poll, tmp_path)
    admission = in_phase(service, Keyed).admission
    verify, batches = admission.verify, []

    def watched(records: Sequence[CastRecord]) -> object:
        batches.append([record.voter for record in records])
        return verify(records)

    monkeypatch.setattr(admission, "verify", watched)
    liar = poll.voter_keys[0].address
    false = false_proofs(poll.factory, poll.voter_keys[0], 12, OPENS_AT)
    honest = [one.record for one in poll.prepared[1:]]
    answers_of(service, [("him", [*false, *honest])])
    mixed = [batch for batch in batches if liar in batch and len(batch) > 1]
    assert len(mixed) <= SUSPECTED_AFTER
    assert all(batch.count(liar) == 1 for batch in mixed)
    # A suspected voter has few places, so that not all of them were looked at.
    looked_at = sum(batch.count(liar) for batch in batches)
    assert SUSPECTED_AFTER < looked_at <= len(false)
    before = len(batches)
    ((again,),) = answers_of(service, [("other", false[:1])])
    assert isinstance(again, Problem)
    assert again.check == "B6"
    assert len([batch for batch in batches[before:] if batch]) == 0


def test_remembered_failures_are_bounded_and_kept_from_strangers(
    poll: SyntheticPoll,
) -> None:
    failures = Failures()
    record = poll.prepared[0].record

    def forged(number: int) -> CastRecord:
        other = bytes(len(record.ballot))
        return replace(record, ballot=other, signature=number.to_bytes(65, "big"))

    failures.false_ballot(
        record.voter, record.ballot_digest, Problem(ProblemType.CHECK_FAILED, "B6")
    )
    for number in range(MOST_REMEMBERED + 10):
        failures.forged(forged(number), Problem(ProblemType.CHECK_FAILED, "B4"))
    assert failures.of_ballot(record.ballot_digest) is not None
    # The latest forgeries are remembered, and no more of them than the bound.
    remembered = [
        failures.of(forged(number), forged(number).ballot_digest) is not None
        for number in (0, 9, 10, MOST_REMEMBERED + 9)
    ]
    assert remembered == [False, False, True, True]


def test_the_longest_line_loses_an_item() -> None:
    queue: FairQueue[str] = FairQueue(6, 4, 3)
    assert [queue.put("bulk", "a", f"a{n}") for n in range(4)] == [None, None, None, "a3"]
    assert queue.put("bulk", "b", "b0") is None
    # The group is full: its longest line gives way to a short one, and to no equal one.
    assert queue.put("bulk", "c", "c0") == "a2"
    assert queue.put("bulk", "d", "d0") == "a1"
    assert queue.put("bulk", "e", "e0") == "e0"
    # All is full: the largest group gives way.
    assert [queue.put(client, "v", client) for client in ("x", "y")] == [None, None]
    assert queue.put("z", "v", "z") == "d0"
    assert len(queue) == 6
    assert queue.take(4) == ["a0", "x", "y", "z"]
    assert queue.take(9) == ["b0", "c0"]
    assert (len(queue), queue.groups) == (0, 0)


def test_a_subscriber_is_one_client() -> None:
    def client(host: str) -> str:
        return client_of({"client": (host, 1)})

    assert client("2001:db8::1") == client("2001:db8::ffff:2") != client("2001:db8:0:1::1")
    assert client("192.0.2.1") == client("::ffff:192.0.2.1") != client("192.0.2.2")
    assert client_of({}) == ""


def test_many_connections_do_not_block_a_live_node(tmp_path: Path) -> None:
    town = Town(tmp_path, nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        poll = town.open_poll(8)
        false = false_proofs(poll.factory, poll.keys[0], RESENT, poll.now())
        (tmp_path / "flood").mkdir()
        url = poll.url(1, "/ballots:batch")
        honest = [poll.prepare(voter, vote_for(0)) for voter in range(1, 6)]
        with Flood(url, CONNECTIONS, [encode_records(false)], tmp_path / "flood") as flood:
            for ballot in honest:
                # By the attacker's own address, which is the worst there is.
                headers = {"X-Forwarded-For": "192.0.2.7"}
                started = time.monotonic()
                body = ballot.record.encode()
                answer = httpx.post(url, content=body, headers=headers, timeout=60)
                assert "signature" in answer.json()[0], answer.text
                assert time.monotonic() - started < PATIENCE_S
        assert flood.answers["200"] > CONNECTIONS
