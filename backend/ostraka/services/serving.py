"""Serve an application together with its clock, until interrupted or until one of them fails."""

import asyncio
import os
import resource
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import IPvAnyNetwork

from ostraka.services import logs
from ostraka.services.http_protocol import BoundedHttp

_RECURSION_LIMIT = 1000
"""Python's limit in services, far below the depth at which the C stack overflows."""
_PRIVATE_UMASK = 0o077
_KEEP_ALIVE_S = 30
_STOP_S = 3


def run(service: Coroutine[Any, Any, None], log_level: str) -> None:
    """Run a service in a process that protects its secrets, until it ends."""
    logs.configure(log_level)
    # A library sets it so high that nested JSON would overflow the C stack and kill the process.
    sys.setrecursionlimit(_RECURSION_LIMIT)
    _keep_secrets()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service)


def _keep_secrets() -> None:
    """Protect the secrets of a service: make all its files private, and switch core dumps off."""
    os.umask(_PRIVATE_UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def serve(
    app: FastAPI,
    clock: Coroutine[Any, Any, None],
    host: str,
    port: int,
    trusted_proxies: Sequence[IPvAnyNetwork],
) -> None:
    """Serve until interrupted, or until the clock raises an exception, which is raised here.

    Args:
        trusted_proxies: Networks of proxies whose `X-Forwarded-For` identifies the client. For all
            others, the client is the address that opened the connection.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=BoundedHttp,
            ws="none",
            log_config=None,
            access_log=False,
            # By default, the library would trust every program on this machine.
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=[str(network) for network in trusted_proxies],
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_S,
        )
    )
    ticking = asyncio.create_task(clock)
    serving = asyncio.create_task(server.serve())
    # If the clock dies of a bug, the service stops instead of running without it.
    done, _ = await asyncio.wait({ticking, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    ticking.cancel()
    if ticking in done:
        ticking.result()
