"""Ballots: the gateway sends them to the nodes, and returns the nodes' receipts."""

import asyncio

from fastapi import APIRouter, Request, Response

from ostraka.gateway.answers.ballots import CastBallot, Receipts
from ostraka.gateway.ballots import MAX_BATCH
from ostraka.gateway.dependencies import DigestPath, Gateway, GatewayParts, PollNumber
from ostraka.gateway.problem_groups import SERVED_POLL
from ostraka.wire.ballot_requests import (
    BALLOT_PROBLEMS,
    BATCH,
    SignedBallot,
    ballot_in,
    batch_in,
)
from ostraka.wire.direct_routes import raw_json
from ostraka.wire.openapi import binary_body, json_body, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["ballots"], route_class=StrictRoute)


@router.post(
    "/polls/{poll_id}/ballots",
    response_model=CastBallot,
    responses=problems(SERVED_POLL, BALLOT_PROBLEMS, ProblemType.NODES_UNREACHABLE),
    openapi_extra=json_body("A signed ballot.", SignedBallot),
)
async def cast(request: Request, poll_id: PollNumber) -> Response:
    """Send a signed ballot to all nodes; return the receipts of those that accepted it.

    `recorded` states whether a quorum of nodes accepted it. If no node did, the answer is the
    problem that more nodes gave than may lie, or `nodes-unreachable`.

    **Retries.** Sending the same bytes again is safe: a node that holds the ballot gives the same
    receipt. If `recorded` is false, wait for the longest `retry_after_s` of the refusals and
    send the same bytes again, or read `GET /api/v1/polls/{poll_id}/receipts/{digest}`: the gateway
    keeps asking the nodes in `waiting`. While fewer nodes than a quorum answer, the answer can take
    20 s: use a longer timeout.

    The body is read as JSON whatever its `Content-Type`.
    """
    gateway: GatewayParts = request.app.state.parts
    record = ballot_in(await request.body())
    poll = await gateway.recent_polls.served(poll_id)
    return raw_json(await gateway.ballots.cast(poll, record))


@router.post(
    "/polls/{poll_id}/ballots:batch",
    response_model=list[CastBallot],
    responses=problems(SERVED_POLL, ProblemType.QUEUE_FULL),
    openapi_extra=binary_body(BATCH),
)
async def cast_batch(request: Request, poll_id: PollNumber) -> Response:
    """Send several signed ballots, binary records end to end; return an answer for each in turn."""
    gateway: GatewayParts = request.app.state.parts
    poll = await gateway.recent_polls.served(poll_id)
    records = batch_in(await request.body(), poll, MAX_BATCH)
    return raw_json(await gateway.ballots.cast_batch(poll, records))


@router.get(
    "/polls/{poll_id}/receipts/{digest}", responses=problems(SERVED_POLL, ProblemType.NOT_FOUND)
)
async def receipts(gateway: Gateway, poll_id: PollNumber, digest: DigestPath) -> Receipts:
    """Return the nodes' receipts for a ballot."""
    poll, _ = await asyncio.to_thread(gateway.context.served, poll_id)
    return Receipts.model_validate(await gateway.ballots.receipts(poll, from_hex(digest, "digest")))


DIRECT = {"/ballots": cast, "/ballots:batch": cast_batch}
"""See `direct_routes`."""
