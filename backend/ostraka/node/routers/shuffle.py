"""The shuffle of ballots: requests of a run's leader to the nodes, and the opened ballots.

Requests and answers are the protocol's own bytes (docs/protocol.md §19.5).
"""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from ostraka.node.answers.ballots import SignedOutcome
from ostraka.node.dependencies import Body, PeerAddress, Poll
from ostraka.node.problem_groups import PEER, POLL
from ostraka.node.shuffle.messages import Call
from ostraka.wire.openapi import BINARY, binary_body, content, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex

router = APIRouter(prefix="/polls/{poll_id}", tags=["shuffle"])

_LEADER = (
    ProblemType.NOT_SHUFFLING,
    ProblemType.NOT_THE_PROPOSER,
    ProblemType.WRONG_TURN,
    ProblemType.STATE_UNKNOWN,
    ProblemType.NO_SHARE,
    ProblemType.NODE_INCOMPLETE,
    ProblemType.BUSY,
    ProblemType.POLL_NOT_SERVED,
)


@router.post(
    "/peer/shuffle/{call}",
    response_class=Response,
    responses=content(BINARY, "What the request asks for.") | problems(PEER, _LEADER),
    openapi_extra=binary_body("A request of a run of the shuffle (docs/protocol.md §19.5)."),
)
async def peer_shuffle(call: Call, poll: Poll, body: Body, asker: PeerAddress) -> Response:
    """This node's part in a run of the shuffle, for the leader of the turn: `begin`, `prove`,
    `deal`, `take`, `follow`, `sign`; and for every node `certify` and `shares`."""
    return Response(await poll.shuffling.answer(call, body, asker), media_type=BINARY)


@router.get(
    "/opened",
    response_class=Response,
    responses=content(BINARY, "Section 14 of the board (docs/protocol.md §16).")
    | problems(POLL, ProblemType.NOT_FOUND),
)
def opened(poll: Poll) -> Response:
    """The run of the shuffle with the opened ballots, once this node has checked them."""
    section = poll.shuffling.shared_section()
    size = {"Content-Length": str(len(section.data))}
    return StreamingResponse(section.pieces(), headers=size, media_type=BINARY)


@router.get(
    "/outcome",
    responses=problems(POLL, (ProblemType.NOT_FOUND, ProblemType.NOT_SETTLED)),
)
async def outcome(poll: Poll) -> SignedOutcome:
    """What the opened ballots decide, with this node's only signature of it, which the registry
    takes from a quorum. Not found where the tally decides, or while the ballots are closed."""
    signed = await poll.shuffling.outcome()
    return SignedOutcome(
        node=poll.served.node,
        ballots_hash=to_hex(signed.ballots_hash),
        awards=list(signed.awards),
        signature=to_hex(signed.signature),
    )
