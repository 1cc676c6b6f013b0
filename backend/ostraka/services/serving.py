"""Serve an application together with its clock, until stopped or until one of them fails."""

import asyncio
import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import socket
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ostraka.services import logs
from ostraka.services.http_protocol import BoundedHttp
from ostraka.services.metrics import ServiceMetrics
from ostraka.services.requests import NamedRequests
from ostraka.services.settings import ServiceSettings

log = structlog.get_logger()

_RECURSION_LIMIT = 1000
"""Python's limit in services, far below the depth at which the C stack overflows."""
_PRIVATE_UMASK = 0o077
_M_ARENA_MAX = -8
"""From glibc's malloc.h."""
_KEEP_ALIVE_S = 30
STOP_S = 8
"""Longest time that requests may take after a signal to stop."""
LATEST_STOP_S = 12
"""When the process ends whatever it is doing. Threads that wait for a provider cannot be cancelled;
what they were doing continues from the disk at the next start, as after a crash."""


def run(service: Coroutine[Any, Any, None], settings: ServiceSettings) -> None:
    """Run a service in a process that protects its secrets, until it ends."""
    logs.configure(settings.log_level, settings.log_format)
    # A library sets it so high that nested JSON would overflow the C stack and kill the process.
    sys.setrecursionlimit(_RECURSION_LIMIT)
    _keep_secrets()
    _share_memory_pools()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service)


def _keep_secrets() -> None:
    """Protect the secrets of a service: make all its files private, and switch core dumps off."""
    os.umask(_PRIVATE_UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _share_memory_pools() -> None:
    """Let threads share two of the C library's memory pools.

    By default, glibc gives almost every thread a pool of its own, and each keeps the room of the
    largest batch that its thread ever had. Other C libraries have no such setting.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 2)


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone.

    The library's own handlers raise the signal again once the requests are answered, and the
    process would die before clock and database have stopped.
    """

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Log that requests are answered from now on, as the library's own lines are off."""
        await super().startup(sockets)
        if self.started:
            log.info("listening", host=self.config.host, port=self.config.port)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(
    app: FastAPI,
    clock: Coroutine[Any, Any, None],
    settings: ServiceSettings,
    metrics: ServiceMetrics,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the clock raises an exception, which is raised here.

    After a signal: no new connections; requests under way are answered, for at most `STOP_S`; then
    the clock stops. A second signal ends the wait.
    """
    server = _Server(
        uvicorn.Config(
            _wrapped(app, settings, metrics),
            host=settings.host,
            port=settings.port,
            http=BoundedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            # Read by `_wrapped`, which must see the proxy's own address first.
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
        )
    )
    _stop_on_signals(server)
    async with _serving_metrics(metrics, settings):
        ticking = asyncio.create_task(clock)
        serving = asyncio.create_task(server.serve())
        # If the clock dies of a bug, the service stops instead of running without it.
        done, _ = await asyncio.wait({ticking, serving}, return_when=asyncio.FIRST_COMPLETED)
        failed = ticking in done
        server.should_exit = True
        await serving
        await _cancel({ticking})
    # Polls and readings under way; ballots that still wait are answered as not accepted.
    await _cancel(asyncio.all_tasks() - {asyncio.current_task()})
    log.info("stopped")
    if failed:
        ticking.result()


async def _cancel(tasks: Collection[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks, and wait until they have stopped."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _wrapped(app: FastAPI, settings: ServiceSettings, metrics: ServiceMetrics) -> ASGIApp:
    """Return the application with everything that needs the address of the connection."""
    inner: Any = app
    if settings.trusted_proxies:
        # By default, the server would trust every program on this machine.
        trusted = [str(network) for network in settings.trusted_proxies]
        inner = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type]
    return NamedRequests(inner, app.openapi()["paths"], settings.trusted_proxies, metrics.requests)


def _stop_on_signals(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        if server.should_exit:
            server.force_exit = True
        else:
            _end_at_last()
        log.info("stopping", signal=number.name)
        # Also ends event streams, whose library listens to this method.
        server.handle_exit(number, None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


def _end_at_last() -> None:
    """End the process after a while, in case something does not stop."""

    def end() -> None:
        log.warning("stopped although some work was not finished")
        os._exit(0)

    timer = threading.Timer(LATEST_STOP_S, end)
    timer.daemon = True
    timer.start()


@asynccontextmanager
async def _serving_metrics(
    metrics: ServiceMetrics, settings: ServiceSettings
) -> AsyncIterator[None]:
    """Serve `/metrics` on its own address, if the operator names a port."""
    if settings.metrics_port is None:
        yield
        return
    server = _Server(
        uvicorn.Config(
            metrics.application(),
            host=settings.metrics_host,
            port=settings.metrics_port,
            http=BoundedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
