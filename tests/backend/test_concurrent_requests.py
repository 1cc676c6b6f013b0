"""Requests are answered in threads, while ticks change what they read and the database is busy."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text

from ostraka.chain.registry import OpenedPoll
from ostraka.gateway.api import describe_api
from ostraka.node import served_poll as module
from ostraka.node.key_agreement import KeyAgreement
from ostraka.wire import problem_responses
from ostraka.wire.poll_keys import Stage, Waiting
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.poll_key import node_keys_hash
from ostraka_verifier.units import UnixSeconds
from tests.support.node_polls import observation, served_poll
from tests.support.polls import SyntheticPoll, approval_poll


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def test_a_report_is_made_while_a_tick_replaces_what_it_reads(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    """Such a request was once answered with status 500."""
    agreement = KeyAgreement(served_poll(poll, tmp_path))
    waiting = {1: Waiting(1, Stage.KEY, UnixSeconds(5)), 3: Waiting(3, Stage.KEY, UnixSeconds(5))}

    class Read(dict[int, Waiting]):
        """What another thread replaces once somebody has begun to read it."""

        def __iter__(self) -> Iterator[int]:
            agreement._waiting = {}
            return super().__iter__()

    agreement._waiting = Read(waiting)
    view = observation(poll, poll_keys=bytes(32)).view
    assert agreement.report(view).waiting == tuple(waiting.values())
    assert agreement.report(view).waiting == ()


def test_an_opening_is_read_while_another_request_reads_it_again(
    poll: SyntheticPoll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = served_poll(poll, tmp_path)
    opened = OpenedPoll(tuple(bytes([node] * 32) for node in range(poll.nodes)), ())
    served.registries = cast(Any, [SimpleNamespace(opened=lambda _: opened)])
    view = observation(poll, poll_keys=node_keys_hash(opened.node_keys)).view
    assert served.opened(view) is opened

    def replaced_meanwhile(node_keys: tuple[bytes, ...]) -> bytes:
        served._opened = None
        return node_keys_hash(node_keys)

    monkeypatch.setattr(module, "node_keys_hash", replaced_meanwhile)
    assert served.opened(view) is opened


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'some.db'}"
    engine = create_engine(
        url, pool_size=1, max_overflow=0, pool_timeout=0.1, connect_args={"timeout": 0.1}
    )
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    yield engine
    engine.dispose()


@pytest.fixture
def client(database: Engine) -> TestClient:
    app = FastAPI()
    problem_responses.install(app)

    @app.get("/row")
    def row() -> None:
        with database.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))

    @app.get("/organizer")
    def organizer() -> None:
        raise Problem(ProblemType.NOT_ORGANIZER, "this needs the organizer's token")

    return TestClient(app, raise_server_exceptions=False)


def test_a_locked_database_is_reported_as_such(
    client: TestClient, database: Engine, tmp_path: Path
) -> None:
    assert client.get("/row").status_code == 200
    other = sqlite3.connect(tmp_path / "some.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.get("/row")
    assert (answer.status_code, answer.json()["type"]) == (503, ProblemType.UNAVAILABLE.uri)
    assert answer.headers["Retry-After"] == "5"
    other.rollback()
    other.close()
    assert client.get("/row").status_code == 200


def test_a_database_without_a_free_connection_is_reported_as_such(
    client: TestClient, database: Engine
) -> None:
    with database.connect():
        answer = client.get("/row")
    assert (answer.status_code, answer.json()["type"]) == (503, ProblemType.UNAVAILABLE.uri)
    assert "INSERT" not in answer.text


def test_a_refusal_names_what_would_be_allowed(client: TestClient) -> None:
    """RFC 9110, sections 15.5.2 and 15.5.6."""
    answer = client.delete("/row")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert answer.json()["type"] == ProblemType.METHOD_NOT_ALLOWED.uri
    answer = client.get("/organizer")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_every_route_may_report_an_unavailable_database() -> None:
    for operations in describe_api().openapi()["paths"].values():
        for operation in operations.values():
            assert ProblemType.UNAVAILABLE.title in operation["responses"]["503"]["description"]
