"""Disputes about polls: what the chain shows, and receipts that prove an omission."""

from fastapi import APIRouter

from ostraka.gateway.answers.disputes import PollDisputes
from ostraka.gateway.dependencies import Gateway, PollNumber
from ostraka.gateway.problem_groups import POLL
from ostraka.guard.receipts import Recorded
from ostraka.wire.answers import RecordedBallot
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["polls"], route_class=StrictRoute)

MAX_LISTED = 200


@router.get("/polls/{poll_id}/disputes", responses=problems(POLL))
def disputes(gateway: Gateway, poll_id: PollNumber) -> PollDisputes:
    """Window, challenges and rejected roots of a poll, and what a challenge costs now."""
    return gateway.dispute_reader.of(poll_id)


@router.get("/polls/{poll_id}/omitted", responses=problems(POLL))
def omitted(gateway: Gateway, poll_id: PollNumber) -> list[RecordedBallot]:
    """Ballots with receipts of a quorum that somebody handed in as left out, at most 200. Nobody
    has checked that they are."""
    poll, _ = gateway.context.poll(poll_id)
    found = [] if gateway.receipts is None else gateway.receipts.read(poll)[0]
    return [RecordedBallot.model_validate(one.to_json()) for one in found[:MAX_LISTED]]


@router.post(
    "/polls/{poll_id}/omitted",
    responses=problems(
        POLL, ProblemType.MALFORMED, ProblemType.INVALID_REQUEST, ProblemType.NOT_FOUND
    ),
)
def hand_in(gateway: Gateway, poll_id: PollNumber, ballot: RecordedBallot) -> RecordedBallot:
    """Hand in the receipts of a ballot that the anchored root leaves out, for watchtowers. Answers
    with the voter's latest ballot that somebody handed in."""
    poll, _ = gateway.context.served(poll_id)
    if gateway.receipts is None:
        raise Problem(ProblemType.NOT_FOUND, "this gateway takes no receipts")
    given = Recorded.from_json(ballot.model_dump(mode="json"), poll)
    return RecordedBallot.model_validate(gateway.receipts.add(poll, given).to_json())
