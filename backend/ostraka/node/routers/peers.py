"""Requests between nodes of a committee; the sender signs each request.

The requests and answers are the protocol's own bytes (docs/protocol.md §9.3, §10).
"""

from fastapi import APIRouter, Response

from ostraka.node.dependencies import Body, PeerAddress, Poll
from ostraka.node.problem_groups import PEER
from ostraka.node.served_poll import split_digests
from ostraka.wire.openapi import BINARY, binary_body, content, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

router = APIRouter(prefix="/polls/{poll_id}/peer", tags=["peers"])

_REPAIR = (
    ProblemType.NOT_ENTITLED,
    ProblemType.NO_SHARE,
    ProblemType.TOO_MANY_REPAIRS,
    ProblemType.NODE_INCOMPLETE,
    ProblemType.NOT_FROZEN,
    ProblemType.POLL_OVER,
)
_SETTLING = (
    ProblemType.NOT_FROZEN,
    ProblemType.NODE_INCOMPLETE,
    ProblemType.POLL_OVER,
    ProblemType.WRONG_ROUND,
    ProblemType.NOT_THE_PROPOSER,
    ProblemType.INVENTORIES_MISSING,
    ProblemType.ROOT_REJECTED,
    ProblemType.ROOT_SIGNED,
    ProblemType.NOT_SETTLED,
)
_DIGESTS = binary_body("Ballot digests, 32 bytes each, end to end.")


@router.post(
    "/ballots",
    response_class=Response,
    responses=content(BINARY, "Cursor (8 bytes), and digests, 32 bytes each.") | problems(PEER),
    openapi_extra=binary_body("Cursor of 8 bytes; the answer has the ballots after it."),
)
def peer_ballots(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """A page of the digests of this node's ballots."""
    if len(body) != 8:
        raise Problem(ProblemType.MALFORMED, "expected a cursor of 8 bytes", "body")
    after = min(int.from_bytes(body, "big"), 2**63 - 1)
    return Response(poll.accepting.digests_after(after), media_type=BINARY)


@router.post(
    "/records",
    response_class=Response,
    responses=content(BINARY, "Records end to end.") | problems(PEER),
    openapi_extra=_DIGESTS,
)
def peer_records(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """Ballots by their digests, with their boxes."""
    return Response(poll.accepting.records_of(split_digests(body)), media_type=BINARY)


@router.post(
    "/signed",
    response_class=Response,
    responses=content(BINARY, "Ballots, hashes of boxes and signatures, end to end.")
    | problems(PEER),
    openapi_extra=_DIGESTS,
)
def peer_signed(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """Ballots by their digests, without their boxes."""
    return Response(poll.publication.signed_of(split_digests(body)), media_type=BINARY)


@router.post(
    "/draft",
    response_class=Response,
    responses=content(BINARY, "Ballots of which this node has a good share.")
    | problems(PEER, _SETTLING),
    openapi_extra=binary_body("A draft of a root (docs/protocol.md §10)."),
)
def peer_draft(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """This node's answer to a draft."""
    answer = poll.settling.answer_draft(poll.progress.frozen(), body)
    return Response(answer, media_type=BINARY)


@router.post(
    "/repair/seeds",
    response_class=Response,
    responses=content(BINARY, "Sealed seeds.") | problems(PEER, _REPAIR),
    openapi_extra=binary_body("A repair (docs/protocol.md §9.3)."),
)
def peer_repair_seeds(poll: Poll, body: Body, asker: PeerAddress) -> Response:
    """Seeds with which helpers mask their contributions to a repair."""
    answer = poll.repairs.answer_seeds(poll.progress.frozen(), body, asker)
    return Response(answer, media_type=BINARY)


@router.post(
    "/repair/share",
    response_class=Response,
    responses=content(BINARY, "A sealed contribution.") | problems(PEER, _REPAIR),
    openapi_extra=binary_body("A repair with all seeds (docs/protocol.md §9.3)."),
)
def peer_repair_share(poll: Poll, body: Body, asker: PeerAddress) -> Response:
    """This node's contribution to a share that another node lacks."""
    answer = poll.repairs.answer_share(poll.progress.frozen(), body, asker)
    return Response(answer, media_type=BINARY)


@router.post(
    "/proposal",
    response_class=Response,
    responses=content(BINARY, "This node's signature.") | problems(PEER, _SETTLING),
    openapi_extra=binary_body("A proposal of a root (docs/protocol.md §10)."),
)
async def peer_proposal(poll: Poll, body: Body, proposer: PeerAddress) -> Response:
    """Sign a proposed root, if this node agrees."""
    phase = poll.progress.settling()
    signature = await poll.settling.answer_proposal(phase, body, proposer)
    return Response(signature, media_type=BINARY)


@router.post(
    "/lacking",
    response_class=Response,
    responses=content(BINARY, "Digests, 32 bytes each.") | problems(PEER, _SETTLING),
    openapi_extra=_DIGESTS,
)
def peer_lacking(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """Those of these ballots of which this node lacks a good share."""
    answer = poll.settling.answer_lacking(poll.progress.frozen(), body)
    return Response(answer, media_type=BINARY)


@router.post(
    "/certificate",
    response_class=Response,
    responses=content(BINARY, "Nothing.") | problems(PEER, _SETTLING),
    openapi_extra=binary_body("A root with the signatures of `q` nodes."),
)
def peer_certificate(poll: Poll, body: Body, _: PeerAddress) -> Response:
    """Store a root that `q` nodes signed."""
    poll.settling.store_certificate(body)
    return Response(b"", media_type=BINARY)
