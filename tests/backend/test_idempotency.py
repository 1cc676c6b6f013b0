"""A request under one key is done once, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine

from ostraka.gateway.idempotency import Requests
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

KEY = "3f0b6c1e-aaaa-4bbb"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url, Schema.GATEWAY)
    yield engine
    engine.dispose()


class Act:
    """Counts how often it is done; fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.names: list[str] = []
        self.failures = failures

    def __call__(self, name: str) -> dict[str, Any]:
        self.names.append(name)
        if len(self.names) <= self.failures:
            raise OSError("out of reach")
        return {"done": len(self.names)}


def test_the_same_request_gets_the_same_answer(engine: Engine) -> None:
    act = Act()
    first = Requests(engine).once(KEY, b"POST /a", act)
    # After a restart, and with the quotes that RFC 9651 wants.
    for key in (KEY, f'"{KEY}"'):
        assert Requests(engine).once(key, b"POST /a", act) == first == {"done": 1}
    assert len(act.names) == 1
    Requests(engine).once(KEY + "2", b"POST /a", act)
    assert len(set(act.names)) == 2


def test_a_failed_request_can_be_repeated_with_its_key(engine: Engine) -> None:
    act, requests = Act(failures=1), Requests(engine)
    with pytest.raises(OSError, match="out of reach"):
        requests.once(KEY, b"POST /a", act)
    assert requests.once(KEY, b"POST /a", act) == {"done": 2}
    assert len(set(act.names)) == 1


def test_a_key_belongs_to_one_request(engine: Engine) -> None:
    act, requests = Act(failures=1), Requests(engine)
    with pytest.raises(OSError, match="out of reach"):
        requests.once(KEY, b"POST /a", act)
    with pytest.raises(Problem) as raised:
        requests.once(KEY, b"POST /b", act)
    assert raised.value.kind is ProblemType.IDEMPOTENCY_KEY_REUSED
    assert len(act.names) == 1


@pytest.mark.parametrize("key", [None, "", "too-short", "a" * 129, "with a blank in it"])
def test_requests_without_a_valid_key_are_refused(engine: Engine, key: str | None) -> None:
    act = Act()
    with pytest.raises(Problem) as raised:
        Requests(engine).once(key, b"POST /a", act)
    assert raised.value.kind is ProblemType.IDEMPOTENCY_KEY_MISSING
    assert act.names == []


def test_a_running_request_is_not_started_again(engine: Engine) -> None:
    requests, begun, go = Requests(engine), Event(), Event()

    def slow(_: str) -> str:
        begun.set()
        assert go.wait(20)
        return "done"

    answers: list[Any] = []
    worker = Thread(target=lambda: answers.append(requests.once(KEY, b"POST /a", slow)))
    worker.start()
    assert begun.wait(20)
    with pytest.raises(Problem) as raised:
        requests.once(KEY, b"POST /a", Act())
    assert raised.value.kind is ProblemType.REQUEST_IN_PROGRESS
    assert raised.value.retry_after_s == 2
    go.set()
    worker.join(20)
    assert answers == ["done"]
    assert requests.once(KEY, b"POST /a", Act()) == "done"
