"""A node's HTTP interface, version 1, assembled from its routers."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from ostraka.chain.contract import ChainError
from ostraka.node.census_uploads import CensusGate
from ostraka.node.limits import MAX_BODY_BYTES
from ostraka.node.peer_gate import PeerGate, sender_of
from ostraka.node.routers import ballots, checkpoints, peers, polls, shuffle
from ostraka.node.service import NodeService
from ostraka.wire import (
    api_docs,
    cors,
    direct_routes,
    health,
    openapi,
    problem_responses,
    problems,
)
from ostraka.wire.casting_limit import CastingLimit
from ostraka.wire.limits import BodyLimit


def build_api(service: NodeService) -> FastAPI:
    """Build the application that serves a node."""
    app = describe_api()
    app.state.node = service
    app.state.readiness = health.ReadinessCheck(lambda: service.ping(), lambda: service.sight)
    return app


def describe_api() -> FastAPI:
    """Build the application without a node behind it, to generate its description."""
    app = FastAPI(
        title="Ostraka tallying node",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=api_docs.OPENAPI_URL,
        description=(
            "Polls of one tallying node. Voters cast ballots and get receipts; the board is "
            "public. Errors are problem documents (RFC 9457), listed in docs/api.md. Files "
            "in docs/ belong to Ostraka's source code."
        ),
    )
    api_docs.install(app)
    problem_responses.install(app)
    openapi.install(app)

    @app.exception_handler(ChainError)
    async def _chain(_: Request, __: ChainError) -> Response:
        return problem_responses.respond(problems.chain_unreachable())

    # The inner middleware: only requests whose body has arrived count.
    app.add_middleware(CastingLimit)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES, known_of=sender_of)
    # The outer middleware, as it does not need the body.
    app.add_middleware(PeerGate, node_of=lambda: app.state.node)
    app.add_middleware(CensusGate, check=_check_census(app))
    cors.install(app)
    for one in (polls, ballots, checkpoints, peers, shuffle):
        app.include_router(one.router, prefix="/api/v1")
    direct_routes.install(app, ballots.DIRECT)
    health.install(app)
    return app


def _check_census(app: FastAPI) -> Callable[[int, str, int], Awaitable[None]]:
    async def check(poll_id: int, header: str, size: int) -> None:
        await app.state.node.check_census(poll_id, header, size)

    return check
