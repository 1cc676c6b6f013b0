"""Dependencies of a node's routes: the node, a served poll, and a peer."""

import asyncio
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from ostraka.clock import unix_now
from ostraka.node.peers import LONG_BYTES
from ostraka.node.poll_service import PollService
from ostraka.node.service import NodeService
from ostraka.wire import peer_auth

_MAX_ID = (1 << 63) - 1


async def node_of(request: Request) -> NodeService:
    """Return the node that serves a request."""
    node: NodeService = request.app.state.node
    return node


Node = Annotated[NodeService, Depends(node_of)]
PollNumber = Annotated[int, Path(ge=1, le=_MAX_ID, description="Number of the poll.")]


async def poll_of(node: Node, poll_id: PollNumber) -> PollService:
    """Return a poll that the node serves; Problem if it does not."""
    return node.poll(poll_id)


Poll = Annotated[PollService, Depends(poll_of)]


async def body_of(request: Request) -> bytes:
    """Return the unparsed body."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
PeerSignature = Annotated[
    str,
    Header(
        alias=peer_auth.HEADER,
        description="`address.time.nonce.bodyHash.signature` over the whole request, by another "
        "node's key (docs/protocol.md §9.4).",
    ),
]


async def peer_of(request: Request, body: Body, _: PeerSignature = "") -> bytes:
    """Return the address that signed a request, which `PeerGate` let in; Malformed if its body is
    not the signed one."""
    opened: peer_auth.PeerRequest = request.state.peer_request
    if len(body) < LONG_BYTES:
        opened.complete(body, unix_now())
    else:
        await asyncio.to_thread(opened.complete, body, unix_now())
    return opened.sender


PeerAddress = Annotated[bytes, Depends(peer_of)]
"""Who signed a request: another node or, for a challenge, the poll's creator."""
