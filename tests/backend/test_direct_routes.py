"""The busiest routes answer directly, and are named and described like all others."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from ostraka.wire import direct_routes
from ostraka.wire.direct_routes import raw_json


def _app() -> tuple[FastAPI, list[Any]]:
    seen: list[Any] = []
    app = FastAPI()

    @app.post("/api/v1/polls/{poll_id}/ballots")
    async def declared(request: Request, poll_id: int) -> Response:
        seen.append(("declared", poll_id, request.scope["route"].path))
        return raw_json({})

    async def direct(request: Request, poll_id: int) -> Response:
        seen.append(("direct", poll_id, request.scope["route"].path))
        return raw_json({"a": [1]})

    direct_routes.install(app, {"/ballots": direct})
    return app, seen


def test_a_number_in_its_only_spelling_goes_the_short_way() -> None:
    app, seen = _app()
    client = TestClient(app)
    assert client.post("/api/v1/polls/7/ballots").json() == {"a": [1]}
    for other in ("07", "0", str(10**18), "-1"):
        assert client.post(f"/api/v1/polls/{other}/ballots").status_code == 200
    assert client.post("/api/v1/polls/seven/ballots").status_code == 422
    template = "/api/v1/polls/{poll_id}/ballots"
    assert seen[0] == ("direct", 7, template)
    assert seen[1:] == [("declared", number, template) for number in (7, 0, 10**18, -1)]


def test_other_methods_and_the_description_do_not_change() -> None:
    app, _ = _app()
    refused = TestClient(app).get("/api/v1/polls/7/ballots")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert list(app.openapi()["paths"]) == ["/api/v1/polls/{poll_id}/ballots"]
