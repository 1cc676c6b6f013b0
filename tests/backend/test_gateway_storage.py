"""What a gateway keeps: plans and invitations, one leader, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from ostraka.gateway.plans import Plans, code_hash, known_accounts
from ostraka.gateway.specification import PollSpecification
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import Plan
from ostraka.storage.leadership import Leadership
from ostraka.wire.problems import Problem

SPECIFICATION = PollSpecification.model_validate(
    {
        "title": "A question",
        "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
        "closes_at": 2_000_000_000,
        "voters": {"kind": "list"},
    }
)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url, Schema.GATEWAY)
    yield engine
    engine.dispose()


def outcome(action: object) -> str:
    try:
        action()  # type: ignore[operator]
    except Problem as problem:
        return problem.title
    return "done"


def test_an_invitation_is_used_once_even_by_many_at_once(engine: Engine) -> None:
    # Each with a lock of its own, as in processes of their own.
    desks = [Plans(engine) for _ in range(4)]
    plan = desks[0].add(SPECIFICATION)
    code, other = desks[0].invite(plan, 2, 3)
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda n: outcome(lambda: desks[n].redeem(code, bytes([n + 1] * 20))), range(4)
            )
        )
    assert sorted(done) == ["Used before"] * 3 + ["done"]
    (winner,) = [one.account for one in desks[0].invitations(plan) if one.account]
    assert desks[1].redeem(code, winner).weight == 3
    assert outcome(lambda: desks[1].redeem(other, winner)) == "Registered before"
    assert outcome(lambda: desks[1].redeem("guess", winner)) == "No such invitation"


def test_who_is_told_to_be_registered_is_in_the_census(engine: Engine) -> None:
    """Between reading invitations and fixing the census somebody else redeems one."""
    plans, other = Plans(engine), Plans(engine)
    plan = plans.add(SPECIFICATION)
    codes = plans.invite(plan, 3, 1)
    plans.redeem(codes[0], bytes([1] * 20))
    redeemed = len(known_accounts(plans.invitations(plan)))
    other.redeem(codes[1], bytes([2] * 20))
    assert not plans.fix_census(plan, b"census of one", None, redeemed)
    assert plan.census is None
    assert plans.fix_census(plan, b"census of two", {"kind": "members"}, 2)
    assert plans.get(plan.id).census == plan.census == b"census of two"
    for code, account in ((codes[2], bytes([3] * 20)), (codes[0], bytes([1] * 20))):
        assert outcome(lambda: other.redeem(code, account)) == "Registration closed"  # noqa: B023
    assert plans.to_json(plan)["invitations"] == {"issued": 3, "redeemed": 2}


def test_plans_of_any_name_are_looked_for(engine: Engine) -> None:
    for name in ("nothing", "\0", "0" * 16, "\udc80"):
        assert outcome(lambda: Plans(engine).get(name)) == "No such plan"  # noqa: B023


def test_codes_are_nowhere_in_the_database(engine: Engine) -> None:
    plans = Plans(engine)
    codes = plans.invite(plans.add(SPECIFICATION), 3, 1)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT code_hash FROM invitation")).all()
    assert {bytes(row[0]) for row in stored} == {code_hash(code) for code in codes}
    assert not any(code.encode() in bytes(row[0]) for row in stored for code in codes)


def test_the_gateway_pays_so_often_and_not_more(engine: Engine) -> None:
    desks = [Plans(engine) for _ in range(4)]
    member = bytes([7] * 20)
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda n: outcome(lambda: desks[n % 4].count_relay(1, member, 5)), range(12))
        )
    assert sorted(done) == ["Too many"] * 7 + ["done"] * 5
    desks[0].count_relay(2, member, 5)
    desks[0].forget_relay(1, member)
    desks[0].count_relay(1, member, 5)
    assert outcome(lambda: desks[0].count_relay(1, member, 5)) == "Too many"


def test_plans_come_back_as_they_were(engine: Engine) -> None:
    plans = Plans(engine)
    plan = plans.add(SPECIFICATION)
    plan.census, plan.source, plan.poll_id = b"census", {"kind": "members"}, 2**40
    plans.save(plan)
    again: Plan = Plans(engine).get(plan.id)
    assert (again.census, again.source, again.poll_id) == (b"census", {"kind": "members"}, 2**40)
    assert plans.of_poll(2**40) is not None
    with pytest.raises(Problem, match="no plan"):
        plans.get("nothing")


def test_one_leads_and_another_takes_over(url: str) -> None:
    engines = [open_database(url, Schema.GATEWAY) for _ in range(2)]
    first, second = (Leadership(engine) for engine in engines)
    assert first.held()
    assert not second.held()
    assert first.held()
    first.release()
    engines[0].dispose()
    assert second.held()
    second.release()
    engines[1].dispose()
