"""Requests that an OpenAPI document allows, and some that it does not, to an app in process.

Every answer must be one that the document describes: status, media type, schema, and of a problem
its type.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

T = TypeVar("T")

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BASE = "http://api.example"
INTERNAL_ERROR = 500
Change = Callable[[schemathesis.Case, st.DataObject], dict[str, str]]
"""Makes a request one that may succeed; headers to add."""


def budget(examples: int) -> settings:
    """So many requests for each operation, the same ones each time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def operations(app: FastAPI) -> dict[str, schemathesis.APIOperation]:
    """Operations of an application by method and path."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    found = (one.ok() for one in schema.get_all_operations())
    return {_name(one): one for one in found}


def _name(operation: schemathesis.APIOperation) -> str:
    return f"{operation.method.upper()} {operation.path.removeprefix('/api/v1')}"


class Running:
    """An application that runs in a thread with an event loop of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._succeeded: set[str] = set()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Result of something done in the application's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def succeeded(self, name: str) -> bool:
        """Whether a request of an operation was answered with success."""
        return name in self._succeeded

    def check(
        self,
        client: httpx.AsyncClient,
        operation: schemathesis.APIOperation,
        data: st.DataObject,
        change: Change,
    ) -> None:
        """Send one request of an operation, and hold the answer to the document."""
        modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
        case = data.draw(data.draw(modes.map(lambda mode: operation.as_strategy(mode))))
        headers = change(case, data)
        sent = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
        if isinstance(sent.body, str):
            sent.body = sent.body.encode()
        sent.headers.update(headers)
        answer = self.do(
            client.request(
                str(sent.method), str(sent.url), headers=dict(sent.headers), content=sent.body
            )
        )
        assert answer.status_code != INTERNAL_ERROR, answer.text
        if answer.is_success:
            self._succeeded.add(_name(operation))
        case.validate_response(answer, checks=CHECKS, excluded_checks=[not_a_server_error])


@contextmanager
def running(
    served: Callable[[], AbstractAsyncContextManager[T]],
) -> Iterator[tuple[Running, T]]:
    """Something that lives in an event loop, for tests that have none."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    alive = Running(loop)
    lives = served()
    try:
        yield alive, alive.do(lives.__aenter__())
    finally:
        alive.do(lives.__aexit__(None, None, None))
        alive.do(_end_others())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose only server is an application."""
    # What the application does not catch is its own answer, as behind a server.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60) as client:
        yield client
