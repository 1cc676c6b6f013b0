"""Run a gateway as a process."""

import asyncio

import httpx
import structlog
from sqlalchemy import Engine

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account
from ostraka.chain.treasury import Treasury
from ostraka.files import require_private
from ostraka.gateway.api import build_api
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.messenger import Messenger, Post
from ostraka.gateway.news import NewsReader
from ostraka.gateway.pages import Bundle
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.plans import Plans
from ostraka.gateway.subscription_store import SubscriptionStore
from ostraka.gateway.team import Team
from ostraka.guard.receipts import ReceiptFolder
from ostraka.guard.sources import FolderSource, NodesSource, Source
from ostraka.guard.tower import Tower
from ostraka.key_files import read_key
from ostraka.planning.electorates import Electorates
from ostraka.services.finality import require_finality
from ostraka.services.gateway_metrics import GatewayMetrics
from ostraka.services.guarding import guard, tower_of
from ostraka.services.metrics import ServiceMetrics
from ostraka.services.serving import run, serve
from ostraka.services.settings import GatewaySettings
from ostraka.storage.database import Schema, open_database
from ostraka.storage.leadership import Leadership
from ostraka.wire import request_ids
from ostraka.wire.http_client import service_client
from ostraka.wire.records import from_hex
from ostraka_verifier.curve import load

log = structlog.get_logger()

TICK_S, MESSAGES_S = 0.5, 5
_CLIENT_TIMEOUT = httpx.Timeout(30, connect=3)


def run_gateway(settings: GatewaySettings) -> None:
    """Serve until interrupted.

    Raises:
        ValueError: A setting is wrong, others may read a file or folder, no passphrase opens the
            key, the database is damaged, or the provider shows no final block.
        ChainError: The chain is unreachable at start.
    """
    run(_serve(settings), settings)


async def _serve(settings: GatewaySettings) -> None:
    engine = open_database(settings.database_url, Schema.GATEWAY)
    gateway = open_gateway(settings, engine)
    async with service_client(_CLIENT_TIMEOUT, [request_ids.pass_on]) as client:
        bundle = Bundle.read(settings.web)
        if bundle is None:
            log.warning("no web client, the API only", folder=str(settings.web))
        else:
            log.info("web client", digest=bundle.digest)
        folder = settings.guard_receipts
        receipts = None if folder is None else ReceiptFolder(folder)
        post = settings.messages.post(settings.public_url, settings.key_file.parent)
        api = build_api(
            gateway,
            client,
            bundle,
            settings.public_rpc_url,
            receipts,
            settings.public_url,
            settings.brand.brand(),
            settings.coin_symbol,
            post,
        )
        leadership = Leadership(engine)
        tower = _tower(settings, gateway, receipts)
        gather = GatewayMetrics(gateway, client, leadership, tower).gather
        metrics = ServiceMetrics(engine, [settings.rpc_url], gather)
        await serve(api, _run(gateway, leadership, tower, post), settings, metrics)
    # Another gateway on the same database goes on at once.
    leadership.release()
    engine.dispose()


def open_gateway(settings: GatewaySettings, engine: Engine) -> GatewayContext:
    """Open chain, database and key of a gateway.

    Raises:
        ValueError: As for `run_gateway`.
        ChainError: The chain is unreachable.
    """
    team = Team(engine, bytes.fromhex(settings.organizer_token_sha256) or None)
    team.require_administrator()
    registry = Registry(
        settings.rpc_url,
        from_hex(settings.registry, "registry"),
        settings.deployed_at,
        settings.confirmations,
    )
    require_finality(registry)
    treasury = Treasury(
        settings.rpc_url, from_hex(settings.treasury, "treasury"), settings.deployed_at
    )
    require_private(settings.key_file.parent)
    contracts = {REGISTRY: registry, TREASURY: treasury}
    return GatewayContext(
        settings.rpc_url,
        registry,
        treasury,
        Indexer(engine, contracts, settings.deployed_at),
        Plans(engine),
        Account(
            read_key(
                settings.key_file, settings.passphrases, plain=settings.plain_key, warn=log.warning
            ),
            DatabaseJournal(engine),
            settings.confirmations,
        ),
        Requests(engine),
        load(),
        [from_hex(digest, "committees") for digest in settings.committees],
        Electorates(settings.rpc_url, registry.voting_keys(), settings.confirmations),
        team,
        Attachments(engine),
    )


def _tower(
    settings: GatewaySettings, gateway: GatewayContext, receipts: ReceiptFolder | None
) -> Tower | None:
    """Return the gateway's watchtower of its committees' polls, if the settings ask for one."""
    sources: list[Source] = [NodesSource()]
    if receipts is not None:
        sources.append(FolderSource(receipts))
    return tower_of(
        settings,
        gateway.curve,
        gateway.registry,
        gateway.account,
        sources,
        serves=lambda committee: committee.digest in gateway.committees,
    )


async def _run(
    gateway: GatewayContext, leadership: Leadership, tower: Tower | None, post: Post | None
) -> None:
    """Run plans, the watchtower and messages, all only while this gateway leads."""
    await asyncio.gather(
        _clock(gateway, leadership),
        guard(tower, lambda: leadership.is_held),
        _send_messages(gateway, leadership, post),
    )


async def _send_messages(
    gateway: GatewayContext, leadership: Leadership, post: Post | None
) -> None:
    """Send messages to subscribers, if there are any subscriptions."""
    if post is None:
        return
    messenger = Messenger(post, SubscriptionStore(gateway.plans.engine), NewsReader(gateway))
    while True:
        await asyncio.sleep(MESSAGES_S)
        if not leadership.is_held:
            continue
        try:
            await messenger.tick()
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))
        except Exception:
            log.exception("messages failed")


async def _clock(gateway: GatewayContext, leadership: Leadership) -> None:
    """Index the chain, and run plans unless another gateway on the same database does."""
    runner = PlanRunner(gateway)
    while True:
        try:
            await asyncio.to_thread(_turn, gateway, leadership, runner)
        except ChainError as error:
            # Retry: providers fail now and then.
            log.warning("chain unreachable", problem=str(error))
        except Exception:
            log.exception("tick failed")
        await asyncio.sleep(TICK_S)


def _turn(gateway: GatewayContext, leadership: Leadership, runner: PlanRunner) -> None:
    indexer, leads = gateway.indexer, leadership.held()
    # Otherwise the gateway is at rest.
    waiting = indexer.newest is None or indexer.is_read
    waiting = waiting or (leads and bool(gateway.plans.unfinished()))
    if indexer.is_due(waiting=waiting):
        indexer.follow()
    if leads:
        runner.tick(indexer.newest)
