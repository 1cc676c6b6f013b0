"""Plans that wait: what everybody may read of why, and that they end."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ostraka.chain.contract import ChainError, Head, Refused, Sent
from ostraka.chain.registry import OutcomeState
from ostraka.chain.sending import Account
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.courier import CourierError
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.plans import Plans
from ostraka.keys import SigningKey
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import AccountList, PollSpecification
from ostraka.storage.database import Schema, open_database
from ostraka_verifier.outcome import NoOutcome, Phragmen
from ostraka_verifier.units import UnixSeconds

CLOSES_AT = 2_000_000_000
SPECIFICATION = PollSpecification.model_validate(
    {
        "title": "A question",
        "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
        "closes_at": CLOSES_AT,
        "voters": {"kind": "list"},
    }
)


class Registry:
    """A chain whose head is a time, or an error."""

    def __init__(self, head: Any) -> None:
        self._head = head
        self.asked = 0

    def head(self) -> Any:
        self.asked += 1
        if isinstance(self._head, Exception):
            raise self._head
        return SimpleNamespace(timestamp=self._head)


def runner(folder: Path, registry: Registry) -> tuple[PlanRunner, Plans]:
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    plans = Plans(engine)
    account = Account(SigningKey(), DatabaseJournal(engine))
    gateway = SimpleNamespace(
        plans=plans,
        registry=registry,
        account=account,
        errand=account.errand,
        electorates=Electorates("http://127.0.0.1:9", bytes(20)),
        push=lambda: None,
        has_pending=lambda: False,
    )
    return PlanRunner(cast(GatewayContext, gateway)), plans


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            ChainError("chain: ConnectionError: https://rpc.example/v3/SECRET"),
            "the gateway cannot reach the chain now",
        ),
        (Refused("the contract refuses: no"), "the contract refuses: no"),
        (CourierError("http://node: a\0b"), "http://node: a b"),
    ],
)
def test_public_problems_show_no_secrets(tmp_path: Path, error: Exception, shown: str) -> None:
    leads, plans = runner(tmp_path, Registry(error))
    plan = plans.add(SPECIFICATION)
    leads.tick()
    assert plans.to_json(plans.get(plan.id))["problem"]["detail"] == shown


def test_a_plan_for_a_poll_that_comes_too_late_ends(tmp_path: Path) -> None:
    registry = Registry(CLOSES_AT)
    leads, plans = runner(tmp_path, registry)
    plan = plans.add(SPECIFICATION)
    for _ in range(2):
        leads.tick()
    shown = plans.to_json(plans.get(plan.id))
    assert (shown["finished"], registry.asked) == (True, 1)
    assert "Too late" in str(shown["problem"])


def test_a_waiting_plan_is_looked_at_once_at_each_block(tmp_path: Path) -> None:
    registry = Registry(CLOSES_AT - 1000)
    leads, plans = runner(tmp_path, registry)
    closes = {"registration_closes_at": CLOSES_AT - 500}
    plans.add(SPECIFICATION.model_copy(update=closes))
    for number in range(1, 4):
        block = Head(number, bytes([number]), UnixSeconds(CLOSES_AT - 1000))
        for _ in range(5):
            leads.tick(block)
        assert registry.asked == number


def test_a_plan_that_keeps_failing_is_tried_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_monotonic_s = 10_000.0
    monkeypatch.setattr("time.monotonic", lambda: now_monotonic_s)
    registry = Registry(ChainError("chain: no answer"))
    leads, plans = runner(tmp_path, registry)
    plans.add(SPECIFICATION)
    asked = []
    for second in range(600):
        now_monotonic_s = 10_000.0 + second
        # New blocks do not hurry it.
        leads.tick(Head(second, bytes(32), UnixSeconds(second)))
        asked.append(registry.asked)
    assert asked[60] == 21
    assert asked[-1] - asked[299] == 10


def test_finished_plans_are_not_read(tmp_path: Path) -> None:
    leads, plans = runner(tmp_path, Registry(CLOSES_AT))
    done, open_one = plans.add(SPECIFICATION), plans.add(SPECIFICATION)
    done.finished = True
    plans.save(done)
    assert plans.unfinished() == [open_one.id]
    found = []
    reading: Any = plans
    find = plans.find
    reading.find = lambda plan_id: found.append(plan_id) or find(plan_id)
    leads.tick()
    assert found == [open_one.id]


def test_a_poll_with_too_few_voters_is_refused_with_the_reason(tmp_path: Path) -> None:
    """As where few redeem their invitations: the contract would name its parameter alone."""
    leads, plans = runner(tmp_path, Registry(CLOSES_AT - 1000))
    entries = [{"account": "0x" + f"{number:040x}"} for number in (1, 2, 3)]
    voters = AccountList.model_validate({"accounts": entries})
    plan = plans.add(SPECIFICATION.model_copy(update={"voters": voters}))
    leads.tick()
    problem = plans.to_json(plans.get(plan.id))["problem"]
    assert (problem["title"], problem["detail"]) == (
        "Too few voters",
        "3 may vote, and the poll needs 5 ballots",
    )


@pytest.mark.parametrize(
    ("state", "known", "brought"),
    [
        (OutcomeState.AWAITED, False, ["attest outcome"]),
        (OutcomeState.OBJECTABLE, False, []),
        (OutcomeState.FINAL, True, []),
        (OutcomeState.VETOED, True, []),
        (OutcomeState.MISSED, True, []),
    ],
)
def test_an_outcome_of_opened_ballots_is_brought_and_waited_for(
    tmp_path: Path, state: OutcomeState, known: bool, brought: list[str]
) -> None:
    leads, plans = runner(tmp_path, Registry(CLOSES_AT))
    recorded: list[str] = []
    inside = cast(Any, leads)
    inside._gateway.registry.outcome = lambda _: SimpleNamespace(state=state)
    inside._gateway.record = lambda _, name, sent: recorded.append(name)
    inside._courier = SimpleNamespace(attest=lambda poll, _: (None, Sent(bytes(32), 1, 1)))
    plan = plans.add(SPECIFICATION)
    by_ballots = SimpleNamespace(
        poll_id=1, outcome_rule=Phragmen(objection_time=1, costs=(1,), budget=1)
    )
    assert inside._outcome_known(plan, by_ballots) == known
    assert recorded == brought
    by_tally = SimpleNamespace(poll_id=1, outcome_rule=NoOutcome())
    assert inside._outcome_known(plan, by_tally)
