"""Every request has a name in log lines and answers, and metrics whose labels nobody can choose."""

import asyncio
import json
import re
from collections.abc import Callable

import httpx
import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from pydantic import TypeAdapter
from pydantic.networks import IPvAnyNetwork
from starlette.types import ASGIApp

from ostraka.gateway import api as gateway_api
from ostraka.node import api as node_api
from ostraka.node.limits import MAX_BODY_BYTES
from ostraka.services import logs
from ostraka.services.metrics import RequestMetrics
from ostraka.services.requests import NamedRequests
from ostraka.wire import request_ids
from ostraka.wire.problem_types import ProblemType

OWN = re.compile("[0-9a-f]{32}")
PROXY, STRANGER = "10.0.0.7", "203.0.113.9"
SECRET = "0x5ec4e7"


class Served:
    """An application of two routes, behind the middleware."""

    def __init__(self) -> None:
        app = FastAPI()

        @app.get("/polls/{poll_id}")
        async def poll(poll_id: str) -> dict[str, str]:
            return {"name": request_ids.current(), "poll": poll_id}

        @app.get("/broken")
        async def broken() -> None:
            secret = SECRET
            raise RuntimeError(f"failed with {len(secret)} characters")

        self.registry = CollectorRegistry()
        trusted = TypeAdapter(list[IPvAnyNetwork]).validate_python(["10.0.0.0/24"])
        self.app: ASGIApp = NamedRequests(
            app, app.openapi()["paths"], trusted, RequestMetrics(self.registry)
        )

    def get(self, path: str, client: str = STRANGER, name: str | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, False, client=(client, 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as asking:
                headers = [] if name is None else [(request_ids.HEADER, name.encode())]
                return await asking.get(path, headers=httpx.Headers(headers))

        return asyncio.run(ask())

    def metrics(self) -> str:
        return generate_latest(self.registry).decode()


@pytest.fixture
def served() -> Served:
    return Served()


def test_a_request_without_a_name_gets_one(served: Served) -> None:
    first, second = served.get("/polls/1"), served.get("/polls/1")
    names = [answer.headers[request_ids.HEADER] for answer in (first, second)]
    assert all(OWN.fullmatch(name) for name in names)
    assert names[0] != names[1]
    assert first.json()["name"] == names[0]


def test_only_a_trusted_proxy_names_requests(served: Served) -> None:
    named = "town-hall.0001"
    assert served.get("/polls/1", PROXY, named).headers[request_ids.HEADER] == named
    assert OWN.fullmatch(served.get("/polls/1", STRANGER, named).headers[request_ids.HEADER])


@pytest.mark.parametrize(
    "name", ["", "short", "x" * 65, "with space 1", "línea-nueva", 'quote"12345', "a/b/c/d/e"]
)
def test_a_malformed_name_is_ignored_even_from_a_proxy(served: Served, name: str) -> None:
    assert OWN.fullmatch(served.get("/polls/1", PROXY, name).headers[request_ids.HEADER])


def test_a_stranger_s_name_stands_beside_the_own_one() -> None:
    shown = request_ids.name_of("gateway-12345678", trusted=False)
    assert shown["caller_request_id"] == "gateway-12345678"
    assert OWN.fullmatch(shown["request_id"])
    assert request_ids.name_of("gateway-12345678", trusted=True) == {
        "request_id": "gateway-12345678"
    }


def test_requests_to_nodes_carry_the_name_on() -> None:
    async def asked() -> list[str | None]:
        seen: list[str | None] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers.get(request_ids.HEADER))
            return httpx.Response(200)

        async with httpx.AsyncClient(
            transport=httpx.MockTransport(answer), event_hooks={"request": [request_ids.pass_on]}
        ) as client:
            await client.get("http://node")
            with structlog.contextvars.bound_contextvars(request_id="0123456789abcdef"):
                await asyncio.create_task(client.get("http://node"))
        return seen

    assert asyncio.run(asked()) == [None, "0123456789abcdef"]


def test_labels_of_metrics_are_routes_not_paths(served: Served) -> None:
    for number in range(50):
        served.get(f"/polls/{number}")
        served.get(f"/nowhere/{number}?key={SECRET}")
    shown = served.metrics()
    series = [line for line in shown.splitlines() if line.startswith("ostraka_http_requests_total")]
    assert series == [
        'ostraka_http_requests_total{method="GET",route="/polls/{poll_id}",status="200"} 50.0',
        'ostraka_http_requests_total{method="GET",route="page",status="404"} 50.0',
    ]
    assert SECRET not in shown


@pytest.mark.parametrize("describe", [node_api.describe_api, gateway_api.describe_api])
def test_pages_of_other_origins_read_failures(describe: Callable[[], FastAPI]) -> None:
    """Without these headers a browser reports an error of the network."""
    app = describe()

    async def ask() -> httpx.Response:
        # No service is behind the application, so that the route fails.
        transport = httpx.ASGITransport(app, False)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as asking:
            return await asking.get("/api/v1/polls", headers={"Origin": "https://town.example"})

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["type"]) == (500, ProblemType.INTERNAL_ERROR.uri)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert exposed == [request_ids.HEADER, "ETag", "Accept-Ranges", "Content-Range"]


def test_refused_requests_have_the_label_of_their_route() -> None:
    """Also those that are answered before the framework has chosen a route."""
    registry = CollectorRegistry()
    app = node_api.describe_api()
    named = NamedRequests(app, app.openapi()["paths"], [], RequestMetrics(registry))

    async def ask() -> None:
        transport = httpx.ASGITransport(named, False)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as asking:
            large = bytes(MAX_BODY_BYTES + 1)
            assert (await asking.post("/api/v1/polls/1/ballots", content=large)).status_code == 413
            preflight = {"Origin": "http://a", "Access-Control-Request-Method": "POST"}
            await asking.options("/api/v1/polls/1/ballots:batch", headers=preflight)
            assert (await asking.delete("/api/v1/polls/1/board")).status_code == 405

    asyncio.run(ask())
    series = 'ostraka_http_requests_total{method="(.+)",route="(.+)",status="(.+)"}'
    assert re.findall(series, generate_latest(registry).decode()) == [
        ("POST", "/api/v1/polls/{poll_id}/ballots", "413"),
        ("OPTIONS", "/api/v1/polls/{poll_id}/ballots:batch", "200"),
        ("other", "/api/v1/polls/{poll_id}/board", "405"),
    ]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_failure_is_logged_with_its_name_and_without_values(
    served: Served, log_format: logs.LogFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("DEBUG", log_format)
    try:
        answer = served.get("/broken")
        structlog.get_logger().info("another line")
    finally:
        structlog.reset_defaults()
    assert answer.status_code == 500
    name = answer.headers[request_ids.HEADER]
    shown = capfd.readouterr().err
    assert name in shown
    assert SECRET not in shown
    assert STRANGER not in shown
    if log_format == "json":
        lines = [json.loads(line) for line in shown.splitlines()]
        (failed,) = [line for line in lines if line.get("route") == "/broken"]
        assert (failed["request_id"], failed["status"], failed["level"]) == (name, 500, "warning")
        assert "request_id" not in lines[-1]
