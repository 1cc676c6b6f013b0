"""A gateway's metrics: its plans, its coin, and the nodes that it needs.

Source: docs/operations.md, "Watch".
"""

import asyncio
import time
from collections.abc import Iterable

import httpx
import structlog
from prometheus_client.core import Metric

from ostraka.chain.contract import ChainError
from ostraka.clock import unix_now
from ostraka.gateway.context import GatewayContext
from ostraka.guard.tower import Tower
from ostraka.services.coin import coin_of
from ostraka.services.guarding import of_tower
from ostraka.services.metrics import Kept, gauge, of_sight, value
from ostraka.services.node_metrics import finality
from ostraka.storage.leadership import Leadership

log = structlog.get_logger()

_CHAIN_S, _NODES_S = 60, 30
_NODE_S = 5
_WEI = 10**18


class GatewayMetrics:
    """Gathers a gateway's metrics."""

    def __init__(
        self,
        context: GatewayContext,
        client: httpx.AsyncClient,
        leadership: Leadership,
        tower: Tower | None = None,
    ) -> None:
        """Args:
        client: HTTP client for requests to nodes.
        tower: The gateway's watchtower, if it has one.
        """
        self._tower = tower
        self._context = context
        self._client = client
        self._leadership = leadership
        self._chain = Kept(lambda: asyncio.to_thread(self._read_chain), _CHAIN_S)
        self._nodes = Kept(self._ask_nodes, _NODES_S)

    async def gather(self) -> Iterable[Metric]:
        """Return all metrics as they are now."""
        now_monotonic_s = time.monotonic()
        return [
            *of_sight(self._context.indexer.sight, unix_now(), now_monotonic_s),
            *await self._chain.at(now_monotonic_s),
            *await self._nodes.at(now_monotonic_s),
            *await asyncio.to_thread(self._read_database),
            *of_tower(self._tower),
            value(
                "ostraka_gateway_leads",
                "Whether this gateway carries the plans on (1), or another one on the database.",
                self._leadership.is_held,
            ),
        ]

    def _read_chain(self) -> list[Metric]:
        context = self._context
        try:
            coin = coin_of(context.registry.web3, context.account.address)
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))
            return []
        return [
            value("ostraka_gateway_coins", "The chain's coin left.", coin.balance_wei / _WEI),
            value(
                "ostraka_gateway_payable_polls",
                "Polls that the account can still pay for, at the fees of now.",
                coin.polls,
            ),
            *finality(context.registry),
        ]

    def _read_database(self) -> list[Metric]:
        counts = self._context.plans.counts()
        plans = gauge(
            "ostraka_gateway_plans", "Plans that are finished, or go on without a problem.", "state"
        )
        plans.add_metric(["finished"], counts.finished)
        plans.add_metric(["going_on"], counts.going_on)
        stuck = gauge(
            "ostraka_gateway_plans_stuck",
            "Unfinished plans with a problem, by the code of its type.",
            "problem",
        )
        for code, count in sorted(counts.stuck.items()):
            stuck.add_metric([code], count)
        return [plans, stuck]

    async def _ask_nodes(self) -> list[Metric]:
        try:
            urls = sorted({*await asyncio.to_thread(self._context.node_urls)})
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))
            return []
        answers = await asyncio.gather(*map(self._answers, urls))
        away = gauge(
            "ostraka_gateway_node_away",
            "Whether a node of the gateway's committees does not answer (1) or does (0).",
            "url",
        )
        for url, answers_now in zip(urls, answers, strict=True):
            away.add_metric([url], not answers_now)
        return [away]

    async def _answers(self, url: str) -> bool:
        try:
            answer = await self._client.get(f"{url.rstrip('/')}/health", timeout=_NODE_S)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.status_code == httpx.codes.OK
