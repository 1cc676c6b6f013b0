"""Accepting at one node: bounds that hold within a batch as well as over many."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ostraka.node.accepting import MAX_VERSIONS, PULL_LIMIT, BallotIntake
from ostraka.node.poll_service import PollService
from ostraka.node.receipts import Receipt
from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord
from ostraka_verifier.errors import Malformed
from tests.support.node_polls import accepting_service, observation
from tests.support.polls import CLOSES_AT, OPENS_AT, SyntheticPoll, approval_poll


def versions(poll: SyntheticPoll, count: int) -> list[CastRecord]:
    """So many ballots of the first voter."""
    key, bits = poll.voter_keys[0], poll.votes[0]
    prepared = [
        poll.factory.prepare(key, key.address, bits, OPENS_AT + number) for number in range(count)
    ]
    return [one.record for one in prepared]


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


@pytest.fixture
def service(poll: SyntheticPoll, tmp_path: Path) -> PollService:
    return accepting_service(poll, tmp_path)


@pytest.fixture
def intake(service: PollService) -> BallotIntake:
    return service.accepting


def test_versions_of_a_voter_are_limited_on_every_path(
    poll: SyntheticPoll, service: PollService, intake: BallotIntake
) -> None:
    answers = intake._accept(versions(poll, MAX_VERSIONS + 3))
    assert [type(answer) for answer in answers] == [Receipt] * MAX_VERSIONS + [Problem] * 3
    kinds = {answer.kind for answer in answers if isinstance(answer, Problem)}
    assert kinds == {ProblemType.TOO_MANY_VERSIONS}
    assert len(service.served.store.checkpoints.entries(1)) == MAX_VERSIONS


def test_receipts_stay_within_the_limit_that_peers_accept(
    poll: SyntheticPoll, service: PollService, intake: BallotIntake
) -> None:
    """More receipts than one voter can have make an inventory that every peer refuses."""
    records = versions(poll, MAX_VERSIONS + PULL_LIMIT)
    intake._accept(records[:MAX_VERSIONS])
    intake._store_from_peers(records[MAX_VERSIONS:])
    assert len(service.served.store.checkpoints.entries(1)) == intake.most_versions
    voter = records[0].voter
    assert service.served.store.versions_of(1, [voter]) == {voter: len(records)}


def test_a_page_of_a_peer_is_limited(poll: SyntheticPoll, intake: BallotIntake) -> None:
    class Flooding:
        number = 1

        async def post(self, _path: str, _body: bytes) -> bytes:
            return bytes(8) + bytes((PULL_LIMIT + 1) * 32)

    flooding: Any = Flooding()
    with pytest.raises(Malformed, match="501 in a page of 500"):
        asyncio.run(intake.pull(flooding))


@pytest.mark.parametrize(
    ("cast_at", "head", "kind", "says", "retry_after_s"),
    [
        (OPENS_AT - 1, OPENS_AT, ProblemType.POLL_NOT_OPEN, "voting opens at 2027-01-15", 0),
        (CLOSES_AT, CLOSES_AT - 30, ProblemType.POLL_CLOSED, "voting closes at 2027-01-15", 0),
        (CLOSES_AT, CLOSES_AT + 5, ProblemType.POLL_CLOSED, "voting closes at 2027-01-15", 0),
        (OPENS_AT + 161, OPENS_AT + 100, ProblemType.CAST_AHEAD, "more than 60 s ahead", 5),
    ],
)
def test_a_cast_time_outside_voting_has_a_problem_of_its_own(
    poll: SyntheticPoll,
    service: PollService,
    intake: BallotIntake,
    cast_at: int,
    head: int,
    kind: ProblemType,
    says: str,
    retry_after_s: int,
) -> None:
    service.progress.observed = observation(poll, head)
    key = poll.voter_keys[0]
    record = poll.factory.prepare(key, key.address, poll.votes[0], cast_at).record
    answers = [asyncio.run(intake.submit(record, "a client")), *intake._check_signed([record])]
    for answer in answers:
        assert isinstance(answer, Problem)
        assert (answer.kind, answer.field) == (kind, "ballot.cast_at")
        assert says in answer.detail
        assert answer.retry_after_s == retry_after_s
        assert kind in BALLOT_PROBLEMS
    # A ballot from a peer is not stored either.
    intake._store_from_peers([record])
    assert service.served.store.checkpoints.entries(1) == []


def test_a_cast_time_a_little_ahead_of_the_chain_gets_a_receipt(
    poll: SyntheticPoll, service: PollService, intake: BallotIntake
) -> None:
    service.progress.observed = observation(poll, OPENS_AT + 100)
    key = poll.voter_keys[0]
    record = poll.factory.prepare(key, key.address, poll.votes[0], OPENS_AT + 160).record
    assert intake._check_signed([record]) == [None]
