"""A node's HTTP interface, version 1, assembled from its routers."""

import re
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.types import Scope

from ostraka.chain.contract import ChainError
from ostraka.node.census_uploads import CensusGate
from ostraka.node.limits import MAX_BODY_BYTES
from ostraka.node.routers import ballots, checkpoints, peers, polls, shuffle
from ostraka.node.service import NodeService
from ostraka.wire import (
    api_docs,
    cors,
    direct_routes,
    health,
    openapi,
    peer_auth,
    problem_responses,
    problems,
)
from ostraka.wire.casting_limit import CastingLimit
from ostraka.wire.limits import BodyLimit
from ostraka.wire.problems import Problem

_SHUFFLE_PATH = re.compile("/api/v1/polls/([1-9][0-9]{0,14})/peer/shuffle/[a-z]{1,10}")


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
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES, limit_of=_body_bytes(app))
    # The outer middleware, as it does not need the body.
    app.add_middleware(CensusGate, check=_check_census(app))
    cors.install(app)
    for one in (polls, ballots, checkpoints, peers, shuffle):
        app.include_router(one.router, prefix="/api/v1")
    direct_routes.install(app, ballots.DIRECT)
    health.install(app)
    return app


def _body_bytes(app: FastAPI) -> Callable[[Scope], int]:
    """Return a function of a request that returns how long its body may be, if longer than usual:
    whole states of a shuffle, from who says that it is a node of the poll."""

    def allowed(scope: Scope) -> int:
        match = _SHUFFLE_PATH.fullmatch(scope["path"])
        if match is None:
            return 0
        node: NodeService = app.state.node
        header = dict(scope["headers"]).get(peer_auth.HEADER.lower().encode(), b"")
        try:
            return node.poll(int(match[1])).shuffling.body_bytes(header)
        except Problem:
            return 0

    return allowed


def _check_census(app: FastAPI) -> Callable[[int, str, int], Awaitable[None]]:
    async def check(poll_id: int, header: str, size: int) -> None:
        await app.state.node.check_census(poll_id, header, size)

    return check
