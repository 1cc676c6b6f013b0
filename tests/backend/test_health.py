"""`/health` answers whenever the process runs; `/ready` states everything that is out of reach."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ostraka.clock import unix_now
from ostraka.storage.database import Schema, open_database, ping
from ostraka.wire import health, openapi, problem_responses
from ostraka.wire.health import OLD_HEAD_S, SILENT_S, ReadinessCheck, Sight, chain_reasons
from ostraka_verifier.units import UnixSeconds


def sight(age_s: int = 0, silent_s: int = 0) -> Sight:
    return Sight(7, UnixSeconds(unix_now() - age_s), time.monotonic() - silent_s)


def service(check: ReadinessCheck) -> TestClient:
    app = FastAPI()
    app.state.readiness = check
    problem_responses.install(app)
    openapi.install(app)
    health.install(app)
    return TestClient(app)


def test_a_service_that_reaches_everything_is_ready(url: str) -> None:
    engine = open_database(url, Schema.NODE)
    client = service(ReadinessCheck(lambda: ping(engine), sight))
    assert client.get("/health").json() == {"status": "alive"}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_every_reason_is_stated_and_no_detail_of_the_database(tmp_path: Path) -> None:
    def fails() -> None:
        raise OSError("host db.internal, user ostraka, password hunter2")

    client = service(ReadinessCheck(fails, lambda: None))
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    reasons = "the database does not answer; the chain was not read yet"
    assert answer.json()["detail"] == reasons


@pytest.mark.parametrize(
    ("ages", "reason"),
    [
        ((OLD_HEAD_S - 5, SILENT_S - 5), r""),
        ((OLD_HEAD_S + 5, 0), r"the newest block of the chain is 12\d s old"),
        ((0, SILENT_S + 5), r"the chain was last read 6\d s ago"),
        (None, "the chain was not read yet"),
    ],
)
def test_the_chain_must_have_been_read_and_must_go_on(
    ages: tuple[int, int] | None, reason: str
) -> None:
    found = chain_reasons(None if ages is None else sight(*ages))
    assert re.fullmatch(reason, "; ".join(found))


def test_a_crowd_asks_the_database_once_at_a_time() -> None:
    asked = []

    def slow() -> None:
        asked.append(time.monotonic())
        time.sleep(0.2)

    async def crowd() -> list[list[str]]:
        check = ReadinessCheck(slow, sight)
        return await asyncio.gather(*(check.reasons() for _ in range(200)))

    assert asyncio.run(crowd()) == [[]] * 200
    assert len(asked) == 1


def test_a_client_that_leaves_does_not_end_the_question_of_others() -> None:
    async def meanwhile() -> list[str]:
        check = ReadinessCheck(lambda: time.sleep(0.2), sight)
        first = asyncio.create_task(check.reasons())
        second = asyncio.create_task(check.reasons())
        await asyncio.sleep(0.05)
        first.cancel()
        return await second

    assert asyncio.run(meanwhile()) == []
