"""Polls: plan, show, count, publish."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from sse_starlette import EventSourceResponse

from ostraka.formats.election import FileError
from ostraka.formats.opened_ballots import opened_csv
from ostraka.formats.opened_preflib import opened_preflib
from ostraka.formats.results import results_csv, results_pb
from ostraka.gateway.answers.plans import Plan
from ostraka.gateway.answers.polls import Poll, PollSummary, Progress, ProgressEvent, VoterEntry
from ostraka.gateway.answers.results import AttestedOutcome, OpenedBallots, Results
from ostraka.gateway.dependencies import (
    AddressPath,
    DoneOnce,
    DryRun,
    Gateway,
    MayOrganize,
    PollNumber,
)
from ostraka.gateway.problem_groups import POLL, SERVED_POLL, SPECIFYING
from ostraka.gateway.routers.dry_runs import DRY_RUN, dry_run_answer
from ostraka.planning.specification import PollSpecification
from ostraka.wire.file_answers import file_responses
from ostraka.wire.openapi import BINARY, content, event_stream, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex
from ostraka.wire.strict_requests import StrictRoute

T = TypeVar("T")

router = APIRouter(tags=["polls"], route_class=StrictRoute)

_DECIDED = problems(POLL, ProblemType.POLL_VOID, ProblemType.NOT_TALLIED)
_NOT_SHOWN = [
    *SERVED_POLL,
    ProblemType.POLL_VOID,
    ProblemType.NOT_TALLIED,
    ProblemType.NOT_OPENED,
    ProblemType.NODES_UNREACHABLE,
]
_OPENED = problems(_NOT_SHOWN)
_OPENED_FILE = problems(_NOT_SHOWN, ProblemType.FORMAT_UNAVAILABLE)


@router.post(
    "/polls",
    status_code=201,
    response_model=Plan,
    response_model_exclude_unset=True,
    responses=DRY_RUN | problems(SPECIFYING, ProblemType.DESCRIPTION_TOO_LONG),
)
def create_poll(
    gateway: Gateway,
    access: MayOrganize,
    wanted: PollSpecification,
    once: DoneOnce,
    dry_run: DryRun = False,
) -> Any:
    """Plan a poll without a round; it goes on chain when registration is over.

    `warnings` state how it may reveal votes.
    """
    if dry_run:
        return dry_run_answer(gateway.polls.check(wanted))

    def create(name: str) -> dict[str, Any]:
        with access.recorded("poll.create", wanted.title) as record:
            plan = gateway.polls.create(wanted, name)
            record.target = f"plan {plan.id}"
        return gateway.context.plans.to_json(plan)

    return once(create)


@router.get("/polls", responses=problems(ProblemType.CHAIN_UNREACHABLE))
def polls(gateway: Gateway) -> list[PollSummary]:
    """All polls of the registry."""
    return gateway.poll_reader.all()


@router.get("/polls/{poll_id}", responses=problems(POLL))
def show_poll(gateway: Gateway, poll_id: PollNumber) -> Poll:
    """A poll with its state, rule, committee and poll keys."""
    return gateway.poll_reader.one(poll_id)


@router.get("/polls/{poll_id}/results", responses=_DECIDED)
def results(gateway: Gateway, poll_id: PollNumber) -> Results:
    """Votes, winners and payouts, once the chain has the tally."""
    return gateway.result_reader.of(poll_id)


@router.get(
    "/polls/{poll_id}/results.csv",
    response_class=Response,
    responses=content("text/csv", "A line for each slot.", text=True) | _DECIDED,
)
def results_as_csv(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The same results as CSV, a line for each slot."""
    return Response(
        results_csv(gateway.result_reader.of(poll_id).model_dump()), media_type="text/csv"
    )


@router.get(
    "/polls/{poll_id}/results.pb",
    response_class=Response,
    responses=content("text/plain", "A Pabulib file.", text=True)
    | problems(
        POLL, ProblemType.POLL_VOID, ProblemType.NOT_TALLIED, ProblemType.FORMAT_UNAVAILABLE
    ),
)
def results_as_pb(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The same results as a Pabulib file without votes, for polls that spend a budget."""
    found = gateway.result_reader.of(poll_id).model_dump()
    return Response(_written(lambda: results_pb(found)), media_type="text/plain")


def _written(write: Callable[[], T]) -> T:
    """Return a file's content; Problem if the poll cannot be written in that format."""
    try:
        return write()
    except FileError as error:
        raise Problem(ProblemType.FORMAT_UNAVAILABLE, str(error), "poll") from error


@router.get("/polls/{poll_id}/outcome", responses=_DECIDED)
def attested_outcome(gateway: Gateway, poll_id: PollNumber) -> AttestedOutcome:
    """What the contract knows of an outcome that nodes compute from opened ballots."""
    return gateway.result_reader.attested(poll_id)


@router.get("/polls/{poll_id}/opened", response_model=OpenedBallots, responses=_OPENED)
async def opened_ballots(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The ballots of a shuffled poll, without their voters, as the nodes opened them.

    At least one more node than may be faulty shows these ballots, and their sum is the tally on
    chain. An audit of the board checks that they are the ballots that were cast.
    """
    found = await gateway.opened.answer(poll_id)
    # Many ballots are written in a thread, so that other requests need not wait.
    body = await asyncio.to_thread(found.model_dump_json)
    return Response(body, media_type="application/json")


@router.get(
    "/polls/{poll_id}/opened.csv",
    response_class=Response,
    responses=content("text/csv", "A line for each ballot.", text=True) | _OPENED,
)
async def opened_ballots_as_csv(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The same ballots as CSV: a line for each, a column for each option."""
    found = await gateway.opened.answer(poll_id)
    text = await asyncio.to_thread(lambda: opened_csv(found.model_dump()))
    return Response(text, media_type="text/csv")


@router.get(
    "/polls/{poll_id}/opened.pb",
    response_class=Response,
    responses=content("text/plain", "A Pabulib file.", text=True) | _OPENED_FILE,
)
async def opened_ballots_as_pb(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The same ballots as a Pabulib file with results, for polls that spend a budget.

    Ballots are sorted, and a voter's number is that of the row.
    """
    opened = await gateway.opened.answer(poll_id)
    found = await asyncio.to_thread(gateway.result_reader.of, poll_id)
    write = partial(_written, lambda: results_pb(found.model_dump(), opened.model_dump()))
    return Response(await asyncio.to_thread(write), media_type="text/plain")


@router.get(
    "/polls/{poll_id}/opened.preflib",
    response_class=Response,
    responses=content("text/plain", "A PrefLib file.", text=True) | _OPENED_FILE,
)
async def opened_ballots_as_preflib(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The same ballots as a file of PrefLib's: rankings as orders, approvals as two categories.

    The suggested name of the file ends in `.soc`, `.soi` or `.cat`, which tells the format.
    """
    opened = await gateway.opened.answer(poll_id)
    found = await asyncio.to_thread(gateway.result_reader.of, poll_id)
    write = partial(_written, lambda: opened_preflib(found.model_dump(), opened.model_dump()))
    suffix, text = await asyncio.to_thread(write)
    named = {"Content-Disposition": f'attachment; filename="poll-{poll_id}.{suffix}"'}
    return Response(text, media_type="text/plain", headers=named)


@router.get(
    "/polls/{poll_id}/census",
    response_class=Response,
    responses=content(BINARY, "The census (docs/protocol.md §6).")
    | problems(POLL, ProblemType.NOT_FOUND),
)
def census(gateway: Gateway, poll_id: PollNumber) -> Response:
    """The census as canonical bytes; clients check it against the poll's census root."""
    gateway.context.poll(poll_id)
    plan = gateway.context.plans.of_poll(poll_id)
    if plan is None or plan.census is None:
        raise Problem(ProblemType.NOT_FOUND, "this gateway does not know the census", "poll")
    return Response(plan.census, media_type=BINARY)


@router.get("/polls/{poll_id}/voters/{address}", responses=problems(POLL, ProblemType.NOT_FOUND))
def voters(gateway: Gateway, poll_id: PollNumber, address: AddressPath) -> list[VoterEntry]:
    """Entries of the census whose account or signing key is an address."""
    return gateway.poll_reader.voters(poll_id, from_hex(address, "address"))


@router.head("/polls/{poll_id}/board", include_in_schema=False)
@router.get(
    "/polls/{poll_id}/board",
    response_class=Response,
    responses=file_responses("The bulletin board (docs/protocol.md §16).")
    | problems(SERVED_POLL, ProblemType.BOARD_UNAVAILABLE, ProblemType.RANGE_NOT_SATISFIABLE),
)
async def board(request: Request, gateway: Gateway, poll_id: PollNumber) -> Response:
    """The bulletin board, whole or a range of it, from one of the nodes, for `ostraka-verify
    audit`."""
    poll, _ = await asyncio.to_thread(gateway.context.served, poll_id)
    return await gateway.ballots.boards.answer(poll, request.method, request.headers)


@router.get("/polls/{poll_id}/progress", responses=problems(SERVED_POLL))
async def counts(gateway: Gateway, poll_id: PollNumber) -> Progress:
    """Turnout: counts of eligible voters and of votes only."""
    return Progress.model_validate(await gateway.progress.of(poll_id))


@router.get(
    "/polls/{poll_id}/events",
    response_class=EventSourceResponse,
    responses=event_stream("Counts, whenever they change.", "progress", ProgressEvent)
    | problems(SERVED_POLL),
)
async def events(
    gateway: Gateway,
    poll_id: PollNumber,
    request: Request,
    once: Annotated[bool, Query(description="End after the first event.")] = False,
) -> EventSourceResponse:
    """Progress as server-sent events, whenever it changes; counts only."""
    await gateway.progress.of(poll_id)
    return gateway.progress.watch(poll_id, request.is_disconnected, once)
