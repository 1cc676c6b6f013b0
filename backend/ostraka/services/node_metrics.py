"""A node's metrics: its polls and ballots, the other nodes, and how far the chain is final.

Source: docs/operations.md, "Watch".
"""

import asyncio
import time
from collections.abc import Iterable

import structlog
from prometheus_client.core import CounterMetricFamily, Metric

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.clock import unix_now
from ostraka.guard.tower import Tower
from ostraka.node import phases
from ostraka.node.load import NodeLoad
from ostraka.node.service import NodeService
from ostraka.services.guarding import of_tower
from ostraka.services.metrics import Kept, gauge, of_sight, value
from ostraka.wire.records import to_hex

log = structlog.get_logger()

_FINAL_S = 30
PHASES = tuple(
    phase.__name__.lower()
    for phase in (
        phases.Announced,
        phases.Accepting,
        phases.Settling,
        phases.Anchored,
        phases.Releasing,
        phases.Destroyed,
    )
)


class NodeMetrics:
    """Gathers a node's metrics."""

    def __init__(
        self, service: NodeService, registry: Registry, tower: Tower | None = None
    ) -> None:
        """Args:
        registry: Through the first provider.
        tower: The node's watchtower, if it has one.
        """
        self._tower = tower
        self._service = service
        self._registry = registry
        self._final = Kept(self._finality, _FINAL_S)

    async def gather(self) -> Iterable[Metric]:
        """Return all metrics as they are now."""
        now_monotonic_s = time.monotonic()
        return [
            *of_sight(self._service.sight, unix_now(), now_monotonic_s),
            *await self._final.at(now_monotonic_s),
            *of_load(self._service.load()),
            *of_tower(self._tower),
        ]

    async def _finality(self) -> list[Metric]:
        return await asyncio.to_thread(finality, self._registry)


def finality(registry: Registry) -> list[Metric]:
    """Return how far the final block is behind the newest one; nothing if that is not known."""
    try:
        head, final = registry.head().number, registry.head("finalized").number
    except ChainError as error:
        log.warning("no final block", problem=str(error))
        return []
    return [
        value(
            "ostraka_chain_finality_lag_blocks",
            "How many blocks the newest final block is behind the newest one.",
            max(0, head - final),
        )
    ]


def of_load(load: NodeLoad) -> Iterable[Metric]:
    """Return the metrics of a node's work."""
    polls = gauge("ostraka_node_polls", "Polls that the node serves.", "phase")
    for phase in PHASES:
        polls.add_metric([phase], load.phases[phase])
    yield polls
    yield value(
        "ostraka_node_polls_without_secret",
        "Polls that the node cannot serve, because it lost its secret of them.",
        load.lost,
    )
    yield value(
        "ostraka_node_polls_sat_out",
        "Polls under way in which the node gives no receipts and settles nothing, because it lost "
        "its database.",
        load.sat_out,
    )
    yield value("ostraka_node_queued_ballots", "Ballots that wait for their check.", load.queued)
    yield CounterMetricFamily(
        "ostraka_node_ballots_receipted",
        "Ballots of voters that got a receipt since the start.",
        value=load.receipted,
    )
    yield value(
        "ostraka_node_polls_without_checkpoints",
        "Polls under way in which the node signs no more checkpoints, because its database is an "
        "older copy or damaged.",
        load.halted,
    )
    contradicting = gauge(
        "ostraka_node_peer_contradicting",
        "Polls in which another node contradicted its checkpoints, or could not prove that its log "
        "only grew.",
        "peer",
    )
    for address, polls_count in sorted(load.contradicting.items()):
        contradicting.add_metric([to_hex(address)], polls_count)
    yield contradicting
    away = gauge(
        "ostraka_node_peer_away",
        "Whether another node of a poll under way did not answer the last request (1) or did (0).",
        "peer",
    )
    for address, is_away in sorted(load.away.items()):
        away.add_metric([to_hex(address)], is_away)
    yield away
