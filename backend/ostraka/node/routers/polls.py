"""The node, the polls that it serves, and their poll keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from ostraka.node.answers.polls import CommitteeSignature, Config, Opening, PollKey, Summary
from ostraka.node.dependencies import Body, Node, PeerAddress, Poll, PollNumber
from ostraka.node.poll_service import PollService
from ostraka.node.problem_groups import PEER, POLL
from ostraka.wire import census_upload
from ostraka.wire.openapi import BINARY, binary_body, content, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex
from ostraka_verifier.parameters import Committee

router = APIRouter(tags=["polls"])

Upload = Annotated[
    str,
    Header(
        alias=census_upload.HEADER,
        description="`censusHash.signature`, both in hexadecimal without 0x: the poll's creator, "
        "or its round's organizer, signs the EIP-712 type `CensusUpload` (docs/protocol.md §15).",
    ),
]


@router.get("/config", responses=problems())
def config(node: Node) -> Config:
    """Chain, registry and this node's address and registration."""
    return Config.model_validate(node.config())


@router.post(
    "/committees",
    responses=problems(
        ProblemType.MALFORMED, ProblemType.CHECK_FAILED, ProblemType.COMMITTEE_REJECTED
    ),
    openapi_extra=binary_body("The committee (docs/protocol.md §3)."),
)
def committees(node: Node, body: Body) -> CommitteeSignature:
    """Sign a committee, given in the board's format, that the operator allows."""
    asked = Committee.decode(body)
    signature = node.sign_committee(asked)
    return CommitteeSignature(committee=to_hex(asked.digest), signature=to_hex(signature))


@router.get("/polls", responses=problems())
def polls(node: Node) -> list[Summary]:
    """Polls that this node serves."""
    return [Summary.model_validate(one) for one in node.polls()]


@router.get("/polls/{poll_id}", responses=problems(POLL))
def summary(poll: Poll) -> Summary:
    """State of a poll at this node: counts only."""
    return Summary.model_validate(poll.publication.summary())


@router.put(
    "/polls/{poll_id}/census",
    responses=problems(
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.NO_SUCH_POLL,
        ProblemType.POLL_SECRET_LOST,
        ProblemType.POLL_REPLACED,
        ProblemType.TOO_LATE,
        ProblemType.CENSUS_NOT_SIGNED,
        ProblemType.NOT_THE_CREATOR,
        ProblemType.POLL_REJECTED,
        ProblemType.QUEUE_FULL,
        ProblemType.CHAIN_UNREACHABLE,
    ),
    openapi_extra=binary_body(
        "The census as canonical bytes (docs/protocol.md §6); for invited voters, followed by the "
        "redemptions as in section 12 of the board (§16)."
    ),
)
async def census(poll_id: PollNumber, body: Body, node: Node, upload: Upload = "") -> PollKey:
    """Upload a poll's census; answers with this node's poll key."""
    return _key(await node.take_census(poll_id, upload, body))


@router.get("/polls/{poll_id}/key", responses=problems(POLL))
def key(poll: Poll) -> PollKey:
    """This node's signed poll key."""
    return _key(poll)


@router.get("/polls/{poll_id}/opening", responses=problems(POLL))
def opening(poll: Poll) -> Opening:
    """All nodes' poll keys and signatures that this node knows, with a signed list of the nodes
    that it waits for, and since when."""
    shown: dict[str, Any] = poll.keys.report(poll.progress.observed.view).to_json(
        poll.served.poll.nodes
    )
    return Opening.model_validate(shown)


@router.post(
    "/polls/{poll_id}/challenge",
    response_class=Response,
    responses=content(BINARY, "The answer to the challenge.")
    | problems(PEER, ProblemType.TOO_LATE, ProblemType.QUEUE_FULL),
    openapi_extra=binary_body("A challenge (docs/protocol.md §4.3)."),
)
def challenge(poll: Poll, body: Body, challenger: PeerAddress) -> Response:
    """Prove to another node or to the poll's creator that this node holds its poll key, until the
    poll is open."""
    return Response(
        poll.keys.answer(poll.progress.announced(), body, challenger), media_type=BINARY
    )


def _key(poll: PollService) -> PollKey:
    announced = poll.served.announcements[poll.served.node]
    return PollKey(
        node=poll.served.node,
        public_key=to_hex(announced.public_key),
        signature=to_hex(announced.signature),
    )
