"""The audit log: every change of an entry is noticed, and actions that fail are in it, too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.errors import LowOnCoin
from ostraka.gateway.access import Access
from ostraka.gateway.audit_log import AuditLog, to_json
from ostraka.gateway.roles import Role
from ostraka.gateway.team import Actor
from ostraka.storage.database import Schema, open_database
from ostraka.wire.audit_entries import flaw_in
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

ANNA = Actor("0a", "Anna", Role.ORGANIZER)


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(open_database(f"sqlite:///{tmp_path / 'gateway.db'}", Schema.GATEWAY))


def entries_of(log: AuditLog) -> list[dict[str, Any]]:
    """All entries, the earliest first."""
    return [to_json(entry) for entry in reversed(log.newest(None, 1000))]


def test_an_action_is_recorded_with_its_result(log: AuditLog) -> None:
    access = Access(ANNA, log)
    with access.recorded("poll.create", "A poll") as record:
        record.target = "plan 0b"
    with pytest.raises(Problem), access.recorded("round.fund", "round 7"):
        raise Problem(ProblemType.NO_SUCH_ROUND, "secret details")
    with pytest.raises(LowOnCoin), access.recorded("round.fund", "round 8"):
        raise LowOnCoin("more secrets")
    with pytest.raises(ZeroDivisionError), access.recorded("round.fund", "round 9"):
        raise ZeroDivisionError("secret")
    found = entries_of(log)
    assert [(one["number"], one["action"], one["target"], one["result"]) for one in found] == [
        (1, "poll.create", "plan 0b", "done"),
        (2, "round.fund", "round 7", "no-such-round"),
        (3, "round.fund", "round 8", "low-funds"),
        (4, "round.fund", "round 9", "internal-error"),
    ]
    assert {(one["organizer"], one["name"], one["role"]) for one in found} == {
        ("0a", "Anna", "organizer")
    }
    assert "secret" not in str(found)


def remove(entries: list[dict[str, Any]]) -> None:
    del entries[1]


def swap(entries: list[dict[str, Any]]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def rewrite(entries: list[dict[str, Any]]) -> None:
    entries[1]["name"] = "Bert"


def forget_the_beginning(entries: list[dict[str, Any]]) -> None:
    del entries[0]


def renumber(entries: list[dict[str, Any]]) -> None:
    del entries[1]
    entries[1]["number"] = 2


@pytest.mark.parametrize("change", [remove, swap, rewrite, forget_the_beginning, renumber])
def test_a_changed_log_is_noticed(
    log: AuditLog, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    for number in range(4):
        log.add(ANNA, "poll.create", f"plan {number}")
    entries = entries_of(log)
    assert flaw_in(entries) is None
    change(entries)
    assert flaw_in(entries) is not None


def test_requests_at_the_same_time_make_one_chain(url: str) -> None:
    log = AuditLog(open_database(url, Schema.GATEWAY))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: log.add(ANNA, "poll.create", str(number)), range(12)))
    entries = entries_of(log)
    assert sorted(int(one["target"]) for one in entries) == list(range(12))
    assert flaw_in(entries) is None


def test_pages_of_the_log_go_back_in_time(log: AuditLog) -> None:
    for number in range(1, 6):
        log.add(ANNA, "poll.create", str(number))
    assert [entry.number for entry in log.newest(None, 2)] == [5, 4]
    assert [entry.number for entry in log.newest(4, 2)] == [3, 2]
