"""Serve an application beside a clock, until interrupted or until one of them fails."""

import asyncio
import os
import resource
from collections.abc import Coroutine, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import IPvAnyNetwork

RECURSION_LIMIT = 1000
"""Of Python, set by whoever serves: far from where the C stack overflows."""
_PRIVATE_UMASK = 0o077
_KEEP_ALIVE_S = 30
_STOP_S = 3


def keep_secrets() -> None:
    """Of whoever serves: no file that others may read, whatever part of the program makes it, and
    no copy of its memory on the disk, whatever crashes it."""
    os.umask(_PRIVATE_UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def serve(
    app: FastAPI,
    clock: Coroutine[Any, Any, None],
    host: str,
    port: int,
    trusted_proxies: Sequence[IPvAnyNetwork],
) -> None:
    """Serve; what the clock raises ends it.

    Args:
        trusted_proxies: Networks of proxies whose `X-Forwarded-For` names the client; from
            all others a client is whoever opened the connection.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            # The library would trust whatever runs on this machine.
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=[str(network) for network in trusted_proxies],
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_S,
        )
    )
    ticking = asyncio.create_task(clock)
    serving = asyncio.create_task(server.serve())
    # A clock that dies of a bug takes the service down rather than leave it half alive.
    done, _ = await asyncio.wait({ticking, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    ticking.cancel()
    if ticking in done:
        ticking.result()
