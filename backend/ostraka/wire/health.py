"""`/health` and `/ready`: whether a service runs, and whether it can do its work now.

A process that is alive is not restarted, even while its chain or its database is out of reach:
a restart would not help. A service that is not ready should get no requests.

Source: docs/operations.md, "Watch".
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from fastapi import FastAPI, Request
from pydantic import Field

from ostraka.clock import unix_now
from ostraka.wire.answers import Answer
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

OLD_HEAD_S = 120
"""A newest block that is older shows that the provider, or the chain, has stopped."""
SILENT_S = 60
"""A chain that was not read for this long is out of reach."""
_PING_S = 5
"""Longest time that a database may take to answer."""
_FRESH_S = 1
"""Time for which an answer is reused: strangers must not cause requests to the database."""


@dataclass(frozen=True)
class Sight:
    """The chain as a service has read it last.

    Attributes:
        number: The newest block; a service has done what depends on it.
        timestamp: When it was made, by the chain.
        read_at_monotonic_s: When the service last read the chain, also if there was no new block.
    """

    number: int
    timestamp: UnixSeconds
    read_at_monotonic_s: float


class Health(Answer):
    """A process that runs."""

    status: Literal["alive"] = Field(description="The process runs and answers.")


class Readiness(Answer):
    """A service that can do its work."""

    status: Literal["ready"] = Field(description="Database and chain are within reach.")


class ReadinessCheck:
    """Checks whether a service can do its work now."""

    def __init__(self, ping: Callable[[], None], sight: Callable[[], Sight | None]) -> None:
        """Args:
        ping: Asks the database for something; raises any exception if it does not answer.
        sight: Returns the chain as the service has read it last; None before the first time.
        """
        self._ping = ping
        self._sight = sight
        self._asked: asyncio.Task[list[str]] | None = None
        self._asked_at_monotonic_s = 0.0

    async def reasons(self) -> list[str]:
        """Return why the service is not ready, at most a second old; an empty list if it is."""
        now_monotonic_s = time.monotonic()
        # One question at a time: a database that hangs must not take up all threads.
        if self._asked is None or (
            self._asked.done() and now_monotonic_s > self._asked_at_monotonic_s + _FRESH_S
        ):
            self._asked = asyncio.create_task(self._reasons())
            self._asked_at_monotonic_s = now_monotonic_s
        return await asyncio.shield(self._asked)

    async def _reasons(self) -> list[str]:
        return [*await self._database_reasons(), *chain_reasons(self._sight())]

    async def _database_reasons(self) -> list[str]:
        try:
            async with asyncio.timeout(_PING_S):
                await asyncio.to_thread(self._ping)
        except TimeoutError:
            return [f"the database did not answer within {_PING_S} s"]
        except Exception as error:
            # The answer is public, and the driver's text may name hosts and users.
            log.error("database does not answer", problem=str(error))
            return ["the database does not answer"]
        return []


def chain_reasons(sight: Sight | None) -> list[str]:
    """Return why a service does not see the chain as it is now; an empty list if it does."""
    if sight is None:
        return ["the chain was not read yet"]
    silent_s = int(time.monotonic() - sight.read_at_monotonic_s)
    if silent_s > SILENT_S:
        return [f"the chain was last read {silent_s} s ago"]
    age_s = unix_now() - sight.timestamp
    if age_s > OLD_HEAD_S:
        return [f"the newest block of the chain is {age_s} s old"]
    return []


def install(app: FastAPI) -> None:
    """Serve both routes; `app.state.readiness` is the service's `ReadinessCheck`."""

    @app.get("/health", responses=problems())
    async def health() -> Health:
        """Tell that the process runs; nothing is checked."""
        return Health(status="alive")

    @app.get("/ready", responses=problems())
    async def ready(request: Request) -> Readiness:
        """Tell whether the service reaches its database and sees the chain as it is now.

        Otherwise the problem `unavailable` states every reason.
        """
        check: ReadinessCheck = request.app.state.readiness
        reasons = await check.reasons()
        if reasons:
            raise Problem(ProblemType.UNAVAILABLE, "; ".join(reasons), "", 5)
        return Readiness(status="ready")
