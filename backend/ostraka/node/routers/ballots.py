"""Ballots: casting, and this node's receipts, roots and shares."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from ostraka.node.answers.ballots import (
    AggregateShare,
    Certificate,
    Final,
    Receipt,
    Repair,
)
from ostraka.node.dependencies import Node, Poll, PollNumber
from ostraka.node.limits import MAX_BATCH
from ostraka.node.poll_service import PollService
from ostraka.node.problem_groups import POLL
from ostraka.node.service import NodeService
from ostraka.wire.answers import RecordedBallot
from ostraka.wire.ballot_requests import (
    BALLOT_PROBLEMS,
    BATCH,
    SignedBallot,
    ballot_in,
    batch_in,
)
from ostraka.wire.certificates import certificate_json
from ostraka.wire.clients import client_of
from ostraka.wire.direct_routes import raw_json
from ostraka.wire.file_answers import file_answer, file_responses
from ostraka.wire.openapi import BINARY, binary_body, content, json_body, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, ProblemDocument
from ostraka.wire.records import from_hex

router = APIRouter(tags=["ballots"])

Digest = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Digest of the ballot.")]


@router.post(
    "/polls/{poll_id}/ballots",
    response_model=Receipt,
    responses=problems(POLL, BALLOT_PROBLEMS, ProblemType.UNAVAILABLE),
    openapi_extra=json_body("A signed ballot.", SignedBallot),
)
async def cast(request: Request, poll_id: PollNumber) -> Response:
    """Cast a ballot; answers with this node's receipt."""
    poll, record = _poll(request, poll_id), ballot_in(await request.body())
    result = await poll.accepting.submit(record, client_of(request.scope))
    if isinstance(result, Problem):
        raise result
    return raw_json(result.to_json())


@router.post(
    "/polls/{poll_id}/ballots:batch",
    response_model=list[Receipt | ProblemDocument],
    responses=problems(POLL, ProblemType.MALFORMED, ProblemType.QUEUE_FULL),
    openapi_extra=binary_body(BATCH),
)
async def cast_batch(request: Request, poll_id: PollNumber) -> Response:
    """Cast up to 1,000 ballots as records end to end; a receipt or a problem for each."""
    poll, sender = _poll(request, poll_id), client_of(request.scope)
    records = batch_in(await request.body(), poll.served.poll, MAX_BATCH)
    results = await asyncio.gather(*(poll.accepting.submit(record, sender) for record in records))
    return raw_json([one.to_json() for one in results])


def _poll(request: Request, poll_id: int) -> PollService:
    node: NodeService = request.app.state.node
    return node.poll(poll_id)


@router.get("/polls/{poll_id}/receipts/{digest}", responses=problems(POLL, ProblemType.NOT_FOUND))
def receipt(poll: Poll, digest: Digest) -> Receipt:
    """This node's receipt of a ballot."""
    found = poll.accepting.receipt(from_hex(digest, "digest"))
    return Receipt.model_validate(found.to_json())


@router.get("/polls/{poll_id}/repairs", responses=problems(POLL))
def repairs(poll: Poll, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> list[Repair]:
    """A page of the repairs that other nodes requested from this one, after a number."""
    return [Repair.model_validate(one) for one in poll.repairs.asked(after)]


@router.head("/polls/{poll_id}/board", include_in_schema=False)
@router.get(
    "/polls/{poll_id}/board",
    response_class=Response,
    responses=file_responses("The bulletin board (docs/protocol.md §16).")
    | problems(
        POLL,
        ProblemType.NOT_SETTLED,
        ProblemType.NODE_INCOMPLETE,
        ProblemType.RANGE_NOT_SATISFIABLE,
    ),
)
async def board(request: Request, node: Node, poll: Poll) -> Response:
    """The bulletin board in its binary format, whole or a range of it."""
    return file_answer(request, await node.boards.of(poll.publication))


@router.get("/polls/{poll_id}/omitted", responses=problems(POLL))
def omitted(poll: Poll) -> list[RecordedBallot]:
    """Recorded ballots that the anchored root leaves out, as far as this node knows: at most 200,
    as one is enough for a dispute; empty before anchoring."""
    return [RecordedBallot.model_validate(one.to_json()) for one in poll.witness.omitted()]


@router.get(
    "/polls/{poll_id}/inventory",
    response_class=Response,
    responses=content(BINARY, "The inventory (docs/protocol.md §10).")
    | problems(POLL, ProblemType.NOT_FROZEN),
)
def inventory(poll: Poll) -> Response:
    """Signed list of the ballots that this node accepted, after it froze."""
    return Response(poll.settling.inventory(poll.progress.inventory_signature()), media_type=BINARY)


@router.get("/polls/{poll_id}/certificate", responses=problems(POLL, ProblemType.NOT_SETTLED))
def certificate(poll: Poll) -> Certificate:
    """Latest root with the signatures of `q` nodes, to be anchored by anyone."""
    return Certificate.model_validate(certificate_json(poll.settling.certificate()))


@router.get(
    "/polls/{poll_id}/leaves",
    response_class=Response,
    responses=content(BINARY, "Digests, 32 bytes each.") | problems(POLL, ProblemType.NOT_SETTLED),
)
def leaves(poll: Poll) -> Response:
    """Ballot digests of the anchored root, in leaf order."""
    return Response(poll.release.leaves(poll.progress.anchoring()), media_type=BINARY)


@router.get("/polls/{poll_id}/finals", responses=problems(POLL))
def finals(poll: Poll) -> list[Final]:
    """Known `Final` statements."""
    return [Final.model_validate(one) for one in poll.release.finals()]


@router.get("/polls/{poll_id}/shares", responses=problems(POLL))
def shares(poll: Poll) -> list[AggregateShare]:
    """Known aggregate shares; empty before release."""
    return [AggregateShare.model_validate(one) for one in poll.release.shares()]


DIRECT = {"/ballots": cast, "/ballots:batch": cast_batch}
"""See `direct_routes`."""
