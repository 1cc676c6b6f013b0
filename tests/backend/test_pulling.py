"""Pulling from a peer: digests first, then only the ballots that this node misses."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ostraka.node import accepting
from ostraka.node.accepting import PULL_LIMIT, BallotIntake
from ostraka.node.poll_service import PollService
from ostraka.node.receipts import Receipt
from ostraka.node.served_poll import split_digests
from ostraka.wire.records import CastRecord
from tests.support.node_polls import accepting_service
from tests.support.polls import SyntheticPoll, approval_poll


class PeerIntake:
    """The intake of another node, asked without a network; notes the records it is asked for."""

    number = 2

    def __init__(self, intake: BallotIntake, changed: Callable[[bytes], bytes] = bytes) -> None:
        self._intake = intake
        self._changed = changed
        self.asked: list[list[bytes]] = []

    async def post(self, path: str, body: bytes) -> bytes:
        if path.endswith("peer/ballots"):
            return self._intake.digests_after(int.from_bytes(body, "big"))
        assert path.endswith("peer/records")
        self.asked.append(split_digests(body))
        return self._changed(self._intake.records_of(self.asked[-1]))


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


@pytest.fixture
def records(poll: SyntheticPoll) -> list[CastRecord]:
    return [one.record for one in poll.prepared]


@pytest.fixture
def service(poll: SyntheticPoll, tmp_path: Path) -> PollService:
    return accepting_service(poll, private(tmp_path / "own"))


@pytest.fixture
def other(poll: SyntheticPoll, tmp_path: Path, records: list[CastRecord]) -> BallotIntake:
    intake = accepting_service(poll, private(tmp_path / "other")).accepting
    assert all(isinstance(one, Receipt) for one in intake._accept(records))
    return intake


def private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def digests(records: Sequence[CastRecord]) -> list[bytes]:
    return sorted(record.ballot_digest for record in records)


def stored(service: PollService) -> list[bytes]:
    return sorted(one.digest for one in service.served.store.versions(1))


def pull(service: PollService, peer: Any) -> None:
    asyncio.run(service.accepting.pull(peer))


def test_only_missing_ballots_are_fetched(
    service: PollService, other: BallotIntake, records: list[CastRecord]
) -> None:
    service.accepting._accept(records[:3])
    peer = PeerIntake(other)
    pull(service, peer)
    assert peer.asked == [digests(records[3:])]
    assert stored(service) == digests(records)
    # What this node holds, it lists in turn.
    assert sorted(split_digests(service.accepting.digests_after(0)[8:])) == digests(records)
    pull(service, peer)
    assert len(peer.asked) == 1


def test_nothing_is_fetched_if_every_ballot_is_there(
    service: PollService, other: BallotIntake, records: list[CastRecord]
) -> None:
    service.accepting._accept(records)
    peer = PeerIntake(other)
    pull(service, peer)
    assert peer.asked == []
    # The next page starts after these.
    assert service.accepting.pulled_to == {2: len(records)}


def test_ballots_that_are_being_checked_are_not_fetched(
    service: PollService, other: BallotIntake, records: list[CastRecord]
) -> None:
    """A voter sends a ballot to all nodes, and another one may be faster."""
    peer: Any = PeerIntake(other)
    intake = service.accepting

    async def cast_while_pulling() -> list[object]:
        casting = [asyncio.create_task(intake.submit(one, "a client")) for one in records[:5]]
        await asyncio.sleep(0)
        pulling = asyncio.create_task(intake.pull(peer))
        working = asyncio.create_task(intake.work())
        answers = await asyncio.gather(*casting)
        await pulling
        working.cancel()
        return list(answers)

    answers = asyncio.run(cast_while_pulling())
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert peer.asked == [digests(records[5:])]
    assert stored(service) == digests(records)


def test_a_ballot_refused_here_is_fetched_from_the_peer(
    service: PollService, other: BallotIntake, records: list[CastRecord]
) -> None:
    """Somebody's copy with a false signature must not hide the voter's own ballot."""
    peer: Any = PeerIntake(other)
    intake, good = service.accepting, records[0]
    forged = CastRecord(good.ballot, good.boxes, records[1].signature)

    async def cast_while_pulling() -> object:
        casting = asyncio.create_task(intake.submit(forged, "a client"))
        await asyncio.sleep(0)
        pulling = asyncio.create_task(intake.pull(peer))
        working = asyncio.create_task(intake.work())
        answer = await casting
        await pulling
        working.cancel()
        return answer

    assert not isinstance(asyncio.run(cast_while_pulling()), Receipt)
    assert peer.asked == [digests(records)]
    assert stored(service) == digests(records)


def test_a_ballot_that_waits_for_long_is_fetched(
    service: PollService,
    other: BallotIntake,
    records: list[CastRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accepting, "UNDER_WAY_S", 0.01)
    peer: Any = PeerIntake(other)
    intake = service.accepting

    async def pull_meanwhile() -> None:
        casting = asyncio.create_task(intake.submit(records[0], "a client"))
        await asyncio.sleep(0)
        await intake.pull(peer)
        casting.cancel()

    asyncio.run(pull_meanwhile())
    assert peer.asked == [digests(records)]
    assert stored(service) == digests(records)


def test_ballots_that_nobody_asked_for_are_ignored(
    service: PollService, other: BallotIntake, records: list[CastRecord]
) -> None:
    surplus = records[0].encode()
    service.accepting._failures.false_ballot(
        records[0].voter, records[0].ballot_digest, service.served.lost_store()
    )
    peer = PeerIntake(other, lambda answer: answer + surplus)
    pull(service, peer)
    assert peer.asked == [digests(records[1:])]
    assert stored(service) == digests(records[1:])


def test_a_page_of_missing_ballots_may_be_longer_than_a_root(other: BallotIntake) -> None:
    assert other.records_of([bytes(32)] * PULL_LIMIT) == b""
