"""Plans and invitations that a gateway keeps, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from ostraka.chain.contract import Sent
from ostraka.gateway.plans import Fixed, Plans
from ostraka.planning.specification import PollSpecification
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.redemption import Redemption

SPECIFICATION = PollSpecification.model_validate(
    {
        "title": "A question",
        "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
        "closes_at": 2_000_000_000,
        "voters": {
            "kind": "invitations",
            "invitations": [
                {"address": "0x" + 20 * f"{number:02x}", "weight": 3} for number in (11, 12, 13)
            ],
        },
    }
)
INVITED = [bytes([number] * 20) for number in (11, 12, 13)]
SIGNED = Redemption(bytes(65), bytes(65))


def census(*accounts: bytes) -> Census:
    return Census(tuple(CensusEntry(account, account, 1) for account in accounts))


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
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda n: outcome(
                    lambda: desks[n].redeem(plan, INVITED[0], bytes([n + 1] * 20), SIGNED)
                ),
                range(4),
            )
        )
    assert sorted(done) == ["Invitation already used"] * 3 + ["done"]
    (winner,) = [one.signing_key for one in desks[0].invitations(plan) if one.signing_key]
    assert desks[1].redeem(plan, INVITED[0], winner, SIGNED).weight == 3
    assert (
        outcome(lambda: desks[1].redeem(plan, INVITED[1], winner, SIGNED))
        == "Key already registered"
    )
    stranger = bytes([99] * 20)
    assert outcome(lambda: desks[1].redeem(plan, stranger, winner, SIGNED)) == "No such invitation"


def test_confirmed_registrations_are_in_the_census(engine: Engine) -> None:
    """Between reading invitations and fixing the census another voter redeems one."""
    plans, other = Plans(engine), Plans(engine)
    plan = plans.add(SPECIFICATION)
    first, second, third = (bytes([number] * 20) for number in (1, 2, 3))
    plans.redeem(plan, INVITED[0], first, SIGNED)
    redeemed = sum(one.signing_key is not None for one in plans.invitations(plan))
    other.redeem(plan, INVITED[1], second, SIGNED)
    assert not plans.fix_census(plan, Fixed(census(first)), redeemed)
    assert plan.census is None
    both = Fixed(census(first, second), {"kind": "invitations"}, b"section 12")
    assert plans.fix_census(plan, both, 2)
    assert plans.get(plan.id).census == plan.census == both.census.encode()
    assert plans.get(plan.id).redemptions == plan.redemptions == b"section 12"
    for invitation, key in ((INVITED[2], third), (INVITED[0], first)):
        said = outcome(lambda: other.redeem(plan, invitation, key, SIGNED))  # noqa: B023
        assert said == "Registration closed"
    assert plans.to_json(plan)["invitations"] == {"issued": 3, "redeemed": 2}


def test_an_invitation_is_found_in_every_plan_that_has_it(engine: Engine) -> None:
    plans = Plans(engine)
    older, newer = plans.add(SPECIFICATION), plans.add(SPECIFICATION)
    assert [plan.id for plan, _ in plans.invited(INVITED[0])] == [newer.id, older.id]
    assert plans.invited(bytes([99] * 20)) == []
    # What is signed for one plan is of no use in another.
    assert older.nonce != newer.nonce


def test_a_plan_that_was_removed_can_be_made_again(engine: Engine) -> None:
    """As when the chain was out of reach, and the client asks again under the same key."""
    plans = Plans(engine)
    plan = plans.add(SPECIFICATION, plan_id="ab" * 8)
    plans.remove(plan)
    assert plans.add(SPECIFICATION, plan_id="ab" * 8).id == plan.id
    assert [one.address for one in plans.invitations(plan)] == INVITED


def test_a_transaction_of_a_plan_is_logged_once(engine: Engine) -> None:
    plans = Plans(engine)
    plan = plans.add(SPECIFICATION)
    with capture_logs() as logs:
        for _ in range(2):
            plans.record(plan, "open", Sent(b"\x01" * 32, 50_000, 7))
    [line] = [one for one in logs if one["event"] == "transaction"]
    assert (line["plan"], line["step"], line["block"]) == (plan.id, "open", 7)
    assert line["transaction"] == "0x" + "01" * 32


def test_plans_are_looked_up_by_any_text(engine: Engine) -> None:
    for name in ("nothing", "\0", "0" * 16, "\udc80"):
        assert outcome(lambda: Plans(engine).get(name)) == "No such plan"  # noqa: B023


def test_the_gateway_pays_a_limited_number_of_transactions(engine: Engine) -> None:
    desks = [Plans(engine) for _ in range(4)]
    member = bytes([7] * 20)
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda n: outcome(lambda: desks[n % 4].count_relay(1, member, 5)), range(12))
        )
    assert sorted(done) == ["Transaction quota exceeded"] * 7 + ["done"] * 5
    desks[0].count_relay(2, member, 5)
    desks[0].forget_relay(1, member)
    desks[0].count_relay(1, member, 5)
    assert outcome(lambda: desks[0].count_relay(1, member, 5)) == "Transaction quota exceeded"


def test_plans_survive_storage_unchanged(engine: Engine) -> None:
    plans = Plans(engine)
    plan = plans.add(SPECIFICATION)
    plan.census, plan.source, plan.poll_id = b"census", {"kind": "members"}, 2**40
    plans.save(plan)
    again: Plan = Plans(engine).get(plan.id)
    assert (again.census, again.source, again.poll_id) == (b"census", {"kind": "members"}, 2**40)
    assert plans.of_poll(2**40) is not None
    with pytest.raises(Problem, match="no plan"):
        plans.get("nothing")
