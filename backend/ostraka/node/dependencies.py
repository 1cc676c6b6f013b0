"""Dependencies of a node's routes: the node, a served poll, and a peer."""

import asyncio
from collections.abc import Callable, Collection
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
Signed = Callable[[Collection[bytes]], bytes]
"""Returns the address that signed a request, one of the allowed ones; Problem otherwise."""


PeerSignature = Annotated[
    str,
    Header(
        alias=peer_auth.HEADER,
        description="`address.time.nonce.signature` over the whole request, by another node's key "
        "(docs/protocol.md §9.4).",
    ),
]


async def signed_by(node: Node, request: Request, body: Body, header: PeerSignature = "") -> Signed:
    """Return a dependency that accepts a signed request once."""

    def take(allowed: Collection[bytes]) -> bytes:
        return node.requests.take(
            header, allowed, request.method, request.url.path, body, unix_now()
        )

    return take


SignedBy = Annotated[Signed, Depends(signed_by)]


async def peer_of(take: SignedBy, poll: Poll, body: Body) -> bytes:
    """Return the address of the committee's node that signed a request; Problem otherwise."""
    if len(body) < LONG_BYTES:
        return take(poll.served.member_addresses)
    return await asyncio.to_thread(take, poll.served.member_addresses)


PeerAddress = Annotated[bytes, Depends(peer_of)]


async def challenger_of(take: SignedBy, poll: Poll) -> bytes:
    """Return the address that signed a request: a node's or the creator's; Problem otherwise."""
    creator = poll.progress.observed.view.creator
    return take(poll.served.member_addresses | {creator})


Challenger = Annotated[bytes, Depends(challenger_of)]
