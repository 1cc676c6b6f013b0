"""A service that is full refuses ballots at once, and only ballots."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ostraka.wire import casting_limit
from ostraka.wire.casting_limit import RETRY_AFTER_S, CastingLimit

BALLOTS = "/api/v1/polls/7/ballots"
FULL = 429, str(RETRY_AFTER_S)


class Service:
    """Answers each request once the test lets it."""

    def __init__(self) -> None:
        self.limit = CastingLimit(self.serve)
        self.goes_on = asyncio.Event()

    async def serve(self, _: Any, __: Any, send: Any) -> None:
        await self.goes_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def request(
        self, path: str = BALLOTS, method: str = "POST", client: str = "192.0.2.1"
    ) -> asyncio.Task[tuple[int, str]]:
        """Return status and `Retry-After` of the answer."""
        scope = {"type": "http", "method": method, "path": path, "client": (client, 5)}

        async def ask() -> tuple[int, str]:
            answers: list[Any] = []

            async def send(message: Any) -> None:
                answers.append(message)

            async def receive() -> Any:
                raise AssertionError("the limit reads no body")

            await self.limit(scope, receive, send)
            headers = dict(answers[0]["headers"])
            return answers[0]["status"], headers.get(b"retry-after", b"").decode()

        return asyncio.create_task(ask())


def test_ballots_beyond_the_limit_are_told_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(casting_limit, "AT_ONCE", 3)
    monkeypatch.setattr(casting_limit, "CLIENT_AT_ONCE", 2)

    async def run() -> None:
        service = Service()
        served = [service.request(), service.request(BALLOTS + ":batch")]
        await asyncio.sleep(0)
        # This client has its share, and another one is still served.
        assert await service.request() == FULL
        served.append(service.request(client="192.0.2.2"))
        await asyncio.sleep(0)
        assert await service.request(client="192.0.2.3") == FULL
        # What is not a ballot is not counted.
        others = [
            service.request(method="GET"),
            service.request("/api/v1/polls/7/peer/ballots"),
            service.request("/api/v1/polls/7/challenge"),
        ]
        service.goes_on.set()
        assert await asyncio.gather(*served, *others) == [(200, "")] * 6
        assert await service.request() == (200, "")

    asyncio.run(run())


@pytest.mark.parametrize("spelling", ["7", "+7", "07", "%207", "7.0", "0_7", "%EF%BC%97"])
@pytest.mark.parametrize("end", ["", "%0A"])
def test_every_spelling_of_a_path_is_limited(
    spelling: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework reads more as a number than digits, and would cast the ballot unlimited."""
    app = FastAPI()
    app.add_middleware(CastingLimit)

    @app.post("/api/v1/polls/{poll_id}/ballots")
    async def cast(poll_id: int) -> int:
        return poll_id

    client, path = TestClient(app), f"/api/v1/polls/{spelling}/ballots{end}"
    served = client.post(path)
    monkeypatch.setattr(casting_limit, "AT_ONCE", 0)
    assert client.post(path).status_code == 429
    assert (served.status_code, served.text) in ((200, "7"), (422, served.text))


def test_a_request_that_fails_or_is_cancelled_leaves_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(casting_limit, "CLIENT_AT_ONCE", 1)

    async def run() -> None:
        service = Service()
        cancelled = service.request()
        await asyncio.sleep(0)
        assert await service.request() == FULL
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        service.goes_on.set()
        assert await service.request() == (200, "")

    asyncio.run(run())
