"""The gateway's HTTP interface, version 1, assembled from its routers."""

import asyncio
from typing import Any

import httpx
import structlog
from fastapi import FastAPI, Request, Response

from ostraka.chain.contract import ChainError, Refused
from ostraka.chain.contract_signatures import accepts
from ostraka.gateway import pages
from ostraka.gateway.audit_log import AuditLog
from ostraka.gateway.ballots import Ballots
from ostraka.gateway.brand import OSTRAKA, Brand
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.dependencies import GatewayParts
from ostraka.gateway.feeds import Feeds
from ostraka.gateway.invited_members import InvitedMembers
from ostraka.gateway.limits import MAX_BODY_BYTES
from ostraka.gateway.messenger import Post
from ostraka.gateway.news import NewsReader
from ostraka.gateway.opened_ballots import OpenedBallotReader
from ostraka.gateway.outcomes import problem_of
from ostraka.gateway.page_titles import PageTitles
from ostraka.gateway.pages import Bundle
from ostraka.gateway.polls import Polls
from ostraka.gateway.preview_picture import PreviewPictures, fonts_of
from ostraka.gateway.progress import Progress
from ostraka.gateway.read_models.currencies import Currencies
from ostraka.gateway.read_models.disputes import DisputeReader
from ostraka.gateway.read_models.polls import PollReader
from ostraka.gateway.read_models.proposals import ProposalReader
from ostraka.gateway.read_models.results import ResultReader
from ostraka.gateway.read_models.rounds import RoundReader
from ostraka.gateway.recent_polls import RecentPolls
from ostraka.gateway.redeemed_invitations import RedeemedInvitations
from ostraka.gateway.relayed_proposals import RelayedProposals
from ostraka.gateway.rounds import Rounds
from ostraka.gateway.routers import (
    ballots,
    disputes,
    feeds,
    gateway,
    images,
    invitations,
    organizers,
    plans,
    polls,
    proposals,
    rehearsals,
    rounds,
    subscriptions,
    talk,
)
from ostraka.gateway.sign_in import SignIn
from ostraka.gateway.subscription_store import SubscriptionStore
from ostraka.gateway.subscriptions import Subscriptions
from ostraka.gateway.talk import Talk
from ostraka.guard.receipts import ReceiptFolder
from ostraka.wire import api_docs, cors, direct_routes, health, openapi, problem_responses
from ostraka.wire.casting_limit import CastingLimit
from ostraka.wire.limits import BodyLimit
from ostraka.wire.records import to_hex
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

_ROUTERS = (
    rounds,
    proposals,
    images,
    talk,
    polls,
    disputes,
    feeds,
    subscriptions,
    ballots,
    plans,
    rehearsals,
    invitations,
    organizers,
    gateway,
)


def build_api(
    context: GatewayContext,
    client: httpx.AsyncClient,
    bundle: Bundle | None = None,
    public_rpc_url: str = "",
    receipts: ReceiptFolder | None = None,
    public_url: str = "",
    brand: Brand = OSTRAKA,
    coin_symbol: str = "ETH",
    post: Post | None = None,
) -> FastAPI:
    """Build the application that serves a gateway.

    Args:
        client: HTTP client for requests to nodes.
        bundle: The browser client; None serves the API only.
        public_rpc_url: Public provider of chain data, if there is one.
        receipts: Where receipts that others hand in are kept; None: none are taken.
        public_url: Address at which people reach this gateway; "" without one.
        brand: Name, logo, colours and statements.
        coin_symbol: Symbol of the chain's own coin.
        post: How subscribers are reached; None: there are no subscriptions.
    """
    app = describe_api()
    app.state.parts = _parts_of(
        context, client, bundle, public_rpc_url, receipts, public_url, brand, coin_symbol, post
    )
    app.state.readiness = health.ReadinessCheck(
        lambda: context.indexer.ping(), lambda: context.indexer.sight
    )
    if bundle is not None:
        pages.install(
            app,
            bundle,
            lambda: _connected(context, public_rpc_url),
            brand,
            public_url,
            PageTitles(context.indexer),
            _pictures_of(bundle, brand, app.state.parts.news),
        )
    return app


def _pictures_of(bundle: Bundle, brand: Brand, news: NewsReader) -> PreviewPictures | None:
    """Return what draws pictures for previews; None if the client has no fonts."""
    fonts = fonts_of({name: file.content for name, file in bundle.files.items()})
    if fonts is None:
        return None
    readers = {"rounds": news.round, "polls": news.poll}

    def vote_of(kind: str, number: int) -> tuple[str, UnixSeconds, UnixSeconds]:
        schedule = readers[kind](number)
        return schedule.title, schedule.periods[-1].opens_at, schedule.periods[-1].closes_at

    return PreviewPictures(fonts, brand, vote_of)


def describe_api() -> FastAPI:
    """Build the application without a gateway behind it, to generate its description."""
    app = FastAPI(
        title="Ostraka gateway",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=api_docs.OPENAPI_URL,
        description=(
            "Rounds, polls, proposals and ballots over HTTP. Reading is public. Members sign "
            "their proposals, and voters their ballots; only creating, inviting and funding need "
            "an organizer's token. Errors are problem documents (RFC 9457), listed in "
            "docs/api.md. Files in docs/ belong to Ostraka's source code."
        ),
    )
    api_docs.install(app)
    problem_responses.install(app)
    openapi.install(app)

    @app.exception_handler(ChainError)
    @app.exception_handler(CourierError)
    async def _failed(_: Request, error: ChainError | CourierError) -> Response:
        if not isinstance(error, Refused):
            log.warning("request failed", problem=str(error))
        return problem_responses.respond(problem_of(error))

    # The inner middleware: only requests whose body has arrived count.
    app.add_middleware(CastingLimit)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    cors.install(app)
    for one in _ROUTERS:
        app.include_router(one.router, prefix="/api/v1")
    direct_routes.install(app, ballots.DIRECT)
    health.install(app)
    return app


def _parts_of(
    context: GatewayContext,
    client: httpx.AsyncClient,
    bundle: Bundle | None,
    public_rpc_url: str,
    receipts: ReceiptFolder | None,
    public_url: str,
    brand: Brand,
    coin_symbol: str,
    post: Post | None,
) -> GatewayParts:
    ballots = Ballots(client)

    async def ask(poll_id: int) -> dict[str, Any]:
        poll, view = await asyncio.to_thread(context.served, poll_id)
        return await ballots.progress(poll, view)

    currencies = Currencies(context.rpc_url, coin_symbol)
    proposal_reader = ProposalReader(context)
    relayed_proposals, news = RelayedProposals(context), NewsReader(context)
    return GatewayParts(
        context=context,
        audit_log=AuditLog(context.team.engine),
        sign_in=SignIn(
            context.team, public_url, context.registry.domain.chain_id, accepts(context.rpc_url)
        ),
        public_rpc_url=public_rpc_url,
        public_url=public_url,
        brand=brand,
        web_bundle=None if bundle is None else bundle.digest,
        rounds=Rounds(context),
        polls=Polls(context),
        relayed_proposals=relayed_proposals,
        talk=Talk(context, relayed_proposals, proposal_reader),
        news=news,
        subscriptions=Subscriptions(context, post, SubscriptionStore(context.plans.engine), news),
        feeds=Feeds(_deployment(context), public_url),
        invitations=RedeemedInvitations(context),
        invited_members=InvitedMembers(context),
        ballots=ballots,
        opened=OpenedBallotReader(context, client),
        recent_polls=RecentPolls(context.served),
        progress=Progress(ask),
        currencies=currencies,
        round_reader=RoundReader(context, currencies),
        proposal_reader=proposal_reader,
        poll_reader=PollReader(context, Courier(context.registry, context.account)),
        result_reader=ResultReader(context, currencies, proposal_reader),
        dispute_reader=DisputeReader(context),
        receipts=receipts,
    )


def _deployment(context: GatewayContext) -> str:
    """Return what identifies the treasury and its chain in feeds."""
    domain = context.treasury.domain
    return f"{domain.chain_id}:{to_hex(domain.registry)}"


def _connected(context: GatewayContext, public_rpc_url: str) -> list[str]:
    """Return the URLs that the client connects to; those already known if the chain fails."""
    try:
        nodes = context.node_urls()
    except ChainError as error:
        log.warning("chain unreachable", problem=str(error))
        nodes = []
    return [*nodes, public_rpc_url]
