"""Metrics for Prometheus: of requests, of the process, and of what a service gathers when asked.

They contain numbers about the service, and nothing about single voters or secrets. Labels take few
values: routes, statuses, phases, numbers of providers and addresses of nodes, never what a
stranger can choose.

Source: docs/operations.md, "Watch".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import ostraka
from ostraka.chain.log_ranges import log_ranges
from ostraka.services import logs
from ostraka.wire.health import Sight

log = structlog.get_logger()

_PATIENCE_S = 3
"""Longest time that an answer waits for a reading."""
_BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Gather = Callable[[], Awaitable[Iterable[Metric]]]
"""Returns a service's own metrics as they are now."""


class RequestMetrics:
    """Counts and durations of requests, by route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ostraka_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._durations = Histogram(
            "ostraka_http_request_seconds",
            "Seconds until an answer began.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=registry,
        )

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._durations.labels(route).observe(took_s)


class ServiceMetrics:
    """All metrics of one process."""

    def __init__(self, engine: Engine, rpc_urls: Sequence[str], gather: Gather) -> None:
        """Args:
        engine: Database whose errors are counted.
        rpc_urls: Providers, which metrics call by their number in the settings, from 1: a URL may
            contain a key.
        """
        self._registry = CollectorRegistry()
        self._families: list[Metric] = []
        self._rpc_urls = rpc_urls
        self._gather = gather
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.requests = RequestMetrics(self._registry)
        self._database_errors = Counter(
            "ostraka_database_errors",
            "Statements that failed because the database did not answer, or failed itself.",
            registry=self._registry,
        )
        event.listen(engine, "handle_error", self._count_error)
        self._registry.register(self)

    def _count_error(self, context: ExceptionContext) -> None:
        if isinstance(
            context.sqlalchemy_exception, (InterfaceError, InternalError, OperationalError)
        ):
            self._database_errors.inc()

    def collect(self) -> Iterable[Metric]:
        """Return what was gathered; called by the library."""
        return self._families

    async def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        self._families = [*self._own(), *await self._gather()]
        return generate_latest(self._registry)

    def _own(self) -> Iterable[Metric]:
        built = gauge("ostraka_build_info", "The version that runs; always 1.", "version")
        built.add_metric([ostraka.__version__], 1)
        yield built
        lines = CounterMetricFamily(
            "ostraka_log_lines", "Lines that were logged.", labels=["level"]
        )
        for level, count in sorted(logs.counts.items()):
            lines.add_metric([level], count)
        yield lines
        ranges = gauge(
            "ostraka_chain_log_range_blocks",
            "Blocks of logs that a provider gives at once, as far as known.",
            "provider",
        )
        for number, url in enumerate(self._rpc_urls, start=1):
            ranges.add_metric([str(number)], log_ranges(url).blocks)
        yield ranges

    def application(self) -> Starlette:
        """Return the application that serves `GET /metrics` and nothing else."""

        async def answer(_: Request) -> Response:
            return Response(await self.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

        return Starlette(routes=[Route("/metrics", answer)])


def gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    """Return a gauge without values."""
    return GaugeMetricFamily(name, text, labels=labels)


def value(name: str, text: str, number: float) -> GaugeMetricFamily:
    """Return a gauge of one value."""
    return GaugeMetricFamily(name, text, value=number)


def of_sight(sight: Sight | None, now_unix_s: float, now_monotonic_s: float) -> Iterable[Metric]:
    """Return the metrics of the newest block; none before the chain was read."""
    if sight is not None:
        yield value("ostraka_chain_head_block", "Number of the newest block.", sight.number)
        yield value(
            "ostraka_chain_head_timestamp_seconds",
            "When the newest block was made, in Unix time.",
            sight.timestamp,
        )
        yield value(
            "ostraka_chain_head_age_seconds",
            "Seconds since the newest block was made.",
            now_unix_s - sight.timestamp,
        )
        yield value(
            "ostraka_chain_read_age_seconds",
            "Seconds since the service last read the chain.",
            now_monotonic_s - sight.read_at_monotonic_s,
        )


class Kept:
    """A reading that is repeated only after a while, and that never delays an answer for long."""

    def __init__(self, read: Callable[[], Awaitable[list[Metric]]], for_s: float) -> None:
        """Args:
        for_s: How long a reading is kept.
        """
        self._read = read
        self._for_s = for_s
        self._due_monotonic_s = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._kept: list[Metric] = []

    async def at(self, now_monotonic_s: float) -> list[Metric]:
        """Return the reading, taken again if it is too old.

        While a provider or a node does not answer, this is the reading before: Prometheus would
        count a service that answers late as down.
        """
        if self._reading is None and now_monotonic_s >= self._due_monotonic_s:
            self._due_monotonic_s = now_monotonic_s + self._for_s
            self._reading = asyncio.create_task(self._take())
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=_PATIENCE_S)
        return self._kept

    async def _take(self) -> None:
        try:
            self._kept = await self._read()
        except Exception:
            self._kept = []
            log.exception("no reading for the metrics")
        finally:
            self._reading = None
