"""Requests of another form are refused in our own words."""

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import Field

from ostraka.planning.fields import Strict
from ostraka.wire.problem_responses import install
from ostraka.wire.strict_requests import StrictRoute


def test_requests_are_refused_in_our_own_wording() -> None:
    app = FastAPI()
    app.router.route_class = StrictRoute
    install(app)

    class Inner(Strict):
        size: int

    class Outer(Strict):
        inner: Inner
        names: list[str] = Field(default=[])

    @app.post("/")
    def take(_: Outer) -> None: ...

    client = TestClient(app)
    for body, field, detail in (
        ({"inner": {"size": "x"}}, "body.inner.size", "expected a whole number"),
        ({"inner": {"sizes": 1, "size": 1}}, "body.inner.sizes", "unknown; did you mean size"),
        ({}, "body.inner", "missing"),
        ({"inner": {"size": 1}, "names": 5}, "body.names", "expected a list"),
        ({"inner": {"size": 1}, "names": [5]}, "body.names.0", "expected text"),
        ([], "body", "expected an object of members"),
    ):
        answer = client.post("/", json=body).json()
        assert (answer["field"], answer["detail"]) == (field, detail)
    for content, detail in (
        (b'{"inner": {"size": 1}, "inner": {"size": 2}}', "member"),
        (b"{", "not JSON"),
        (b'{"inner": {"size": NaN}}', "not JSON"),
    ):
        headers = {"Content-Type": "application/json"}
        answer = client.post("/", content=content, headers=headers)
        assert answer.status_code == 400
        assert detail in answer.json()["detail"]
