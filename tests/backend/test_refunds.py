"""Refunds of a round as the gateway computes them from its index: docs/protocol.md §17.6.

tests/contracts/treasury_payouts.test.js holds the treasury to the same rules.
"""

import random
from dataclasses import fields
from typing import Any

import pytest

from ostraka.chain.treasury import RoundStatus, RoundView

FINAL = (RoundStatus.VOID, RoundStatus.EXPIRED, RoundStatus.VETOED)


def view(status: RoundStatus, deposited: int, committed: int, paid_out: int) -> RoundView:
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(RoundView)), 0)
    given = {"status": status, "deposited": deposited}
    return RoundView(**(values | given | {"committed": committed, "paid_out": paid_out}))


def stretches(deposits: list[int]) -> list[tuple[int, int]]:
    ends = [sum(deposits[: place + 1]) for place in range(len(deposits))]
    return [(end - deposit, end) for deposit, end in zip(deposits, ends, strict=True)]


@pytest.mark.parametrize("status", FINAL)
def test_in_the_end_shares_add_up_to_the_last_unit(status: RoundStatus) -> None:
    seeded = random.Random(status.name)
    for _ in range(200):
        deposits = [seeded.randint(1, 50) for _ in range(seeded.randint(1, 9))]
        deposited = sum(deposits)
        committed = 0 if status is RoundStatus.VOID else seeded.randint(0, deposited)
        paid = seeded.randint(0, committed) if status is RoundStatus.EXPIRED else 0
        decided = view(RoundStatus.DECIDED, deposited, committed, paid)
        final = view(status, deposited, committed, paid)
        early = [decided.share(*one) for one in stretches(deposits)]
        late = [final.share(*one) for one in stretches(deposits)]
        assert sum(late) == deposited - paid
        assert sum(early) <= deposited - committed
        # Whoever took a refund early never owes anything.
        assert all(before <= after for before, after in zip(early, late, strict=True))
        if not paid:
            assert late == deposits


def test_before_the_decision_there_is_nothing_to_refund() -> None:
    for status in set(RoundStatus) - {*FINAL, RoundStatus.DECIDED}:
        assert view(status, 100, 0, 0).share(0, 100) == 0


def test_a_void_round_without_deposits_refunds_nothing() -> None:
    assert view(RoundStatus.VOID, 0, 0, 0).share(0, 0) == 0
