"""Ballot rules (§5): encodings, slack, and the rules that constructors and rounds make."""

from collections.abc import Sequence
from typing import Any

from ostraka.planning import round_rules
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Misfit,
    Order,
    OutcomeRule,
    Proportional,
)
from ostraka_verifier.question import Question, approval, implied_question, knapsack, single_choice
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, slack_coefficients
from tests.vectors.cases import Cases, hexed


def rules() -> Cases:
    """Valid rules with their dimensions, and invalid ones with one reason each."""
    big = (1 << 127) - 1
    quadratic = BallotRule(
        6,
        (((0, 1), (1, 2)), ((2, 1), (3, 2))),
        (),
        (QuadraticRow((0, 1), ((4, 1), (5, 2)), 3),),
    )
    widest = BallotRule(320, tuple(((bit, 1),) for bit in range(320)))
    largest_row = BallotRule(
        2, (((0, 1),),), (Row(((0, big), (1, big)), 1),)
    )  # 2 · (2^127 − 1) + 1 = 2^128 − 1
    valid = {
        "single choice of 2": single_choice(2),
        "single choice of 320": single_choice(320),
        "approval of 0 to 1": approval(1, 0, 1),
        "approval of 0 to 8 of 8, no row": approval(8, 0, 8),
        "approval of 1 to 5 of 8": approval(8, 1, 5),
        "approval of exactly 3 of 8": approval(8, 3, 3),
        "knapsack": knapsack([5, 3, 9], 10),
        "knapsack of the largest budget": knapsack([1, (1 << 112) - 1], (1 << 112) - 1),
        "quadratic": quadratic,
        "320 bits": widest,
        "a row just below the bound": largest_row,
        "negative coefficients": BallotRule(2, (((0, 1),),), (Row(((0, 1), (1, -1)), 0),)),
        "bits of no slot": BallotRule(3, (((1, 5),),)),
    }
    cases = [
        {
            "name": name,
            "rule": hexed(rule.encode()),
            "expect": "valid",
            "digest": hexed(rule.digest),
            "slots": len(rule.slots),
            "max_slot_value": str(rule.max_slot_value),
            "slots_are_bits": rule.slots_are_bits,
        }
        for name, rule in valid.items()
    ]
    term = _term
    good = approval(3, 1, 2).encode()
    rejected = {
        "no bits": _rule(0, [[term(0, 1)]]),
        "no slots": _rule(1, []),
        "321 bits": _rule(321, [[term(0, 1)]]),
        "320 bits and a quadratic row": _rule(320, [[term(0, 1)]], [], [([0], [], 0)]),
        "slot without terms": _rule(1, [[]]),
        "slot with a zero coefficient": _rule(1, [[term(0, 0)]]),
        "slot with a negative coefficient": _rule(1, [[term(0, -1)]]),
        "slot with a bit that does not exist": _rule(1, [[term(1, 1)]]),
        "slot with bits in falling order": _rule(2, [[term(1, 1), term(0, 1)]]),
        "slot with a bit twice": _rule(2, [[term(0, 1), term(0, 1)]]),
        "bit in two slots": _rule(2, [[term(0, 1)], [term(0, 1)]]),
        "bit 300 in two slots": _rule(301, [[term(300, 1)], [term(300, 1)]]),
        "row without terms": _rule(1, [[term(0, 1)]], [([], 0)]),
        "row with a zero coefficient": _rule(1, [[term(0, 1)]], [([term(0, 0)], 1)]),
        "row with a bit that does not exist": _rule(1, [[term(0, 1)]], [([term(1, 1)], 1)]),
        "row with bits in falling order": _rule(2, [[term(0, 1)]], [([term(1, 1), term(0, 1)], 1)]),
        "row with a bit twice": _rule(2, [[term(0, 1)]], [([term(0, 1), term(0, 1)], 1)]),
        "row that reaches the bound": _rule(2, [[term(0, 1)]], [([term(0, big), term(1, big)], 2)]),
        "row that reaches it with the least constant": _rule(
            2, [[term(0, 1)]], [([term(0, big), term(1, 1)], -(1 << 127))]
        ),
        "row that reaches it with the least coefficient": _rule(
            2, [[term(0, 1)]], [([term(0, -(1 << 127)), term(1, big)], 1)]
        ),
        "quadratic row without slots": _rule(1, [[term(0, 1)]], [], [([], [term(0, 1)], 1)]),
        "quadratic row with a slot that does not exist": _rule(
            1, [[term(0, 1)]], [], [([1], [], 1)]
        ),
        "quadratic row with a slot twice": _rule(1, [[term(0, 1)]], [], [([0, 0], [], 1)]),
        "quadratic row with slots in falling order": _rule(
            2, [[term(0, 1)], [term(1, 1)]], [], [([1, 0], [], 1)]
        ),
        "quadratic row with a zero coefficient": _rule(
            1, [[term(0, 1)]], [], [([0], [term(0, 0)], 1)]
        ),
        "quadratic row with a bit that does not exist": _rule(
            1, [[term(0, 1)]], [], [([0], [term(1, 1)], 1)]
        ),
        "quadratic row with a bit twice": _rule(
            1, [[term(0, 1)]], [], [([0], [term(0, 1), term(0, 1)], 1)]
        ),
        "quadratic row whose square reaches the bound": _rule(
            1, [[term(0, 1 << 64)]], [], [([0], [], 0)]
        ),
        "quadratic row whose square would overflow 256 bits": _rule(
            4, [[term(bit, big) for bit in range(4)]], [], [([0], [], 0)]
        ),
        "quadratic row that reaches the bound with its constant": _rule(
            1, [[term(0, (1 << 64) - 1)]], [], [([0], [], (1 << 65) - 1)]
        ),
        "quadratic row that reaches the bound with a coefficient": _rule(
            2, [[term(0, (1 << 63))]], [], [([0], [term(1, big)], big)]
        ),
    }
    malformed = {
        "empty": b"",
        "seven bytes": good[:7],
        "one byte short": good[:-1],
        "one byte over": good + b"\0",
        "a term short": good[:-18],
        "more slots than are there": good[:2] + unsigned(4, 2) + good[4:],
        "more rows than are there": good[:4] + unsigned(2, 2) + good[6:],
        "more quadratic rows than are there": good[:6] + unsigned(1, 2) + good[8:],
        "fewer rows than are there": good[:4] + unsigned(0, 2) + good[6:],
        "cut within a coefficient": good[:-7],
        "cut within a constant": good[: 8 + 3 * 20 + 2 + 5],
    }
    for expected, broken in (("Rejected", rejected), ("Malformed", malformed)):
        cases += [
            {"name": name, "rule": hexed(rule), "expect": expected} for name, rule in broken.items()
        ]
    return {"cases": cases}


def _term(bit: int, coefficient: int) -> bytes:
    return unsigned(bit, 2) + coefficient.to_bytes(16, "big", signed=True)


def _rule(
    bits: int,
    slots: list[list[bytes]],
    rows: list[tuple[list[bytes], int]] | None = None,
    quadratic_rows: list[tuple[list[int], list[bytes], int]] | None = None,
) -> bytes:
    """Bytes of any rule, valid or not."""
    rows, quadratic_rows = rows or [], quadratic_rows or []
    parts = [unsigned(n, 2) for n in (bits, len(slots), len(rows), len(quadratic_rows))]
    for terms in slots:
        parts += [unsigned(len(terms), 2), *terms]
    for terms, constant in rows:
        parts += [unsigned(len(terms), 2), constant.to_bytes(16, "big", signed=True), *terms]
    for members, terms, constant in quadratic_rows:
        parts += [unsigned(len(members), 2), unsigned(len(terms), 2)]
        parts += [constant.to_bytes(16, "big", signed=True)]
        parts += [unsigned(slot, 2) for slot in members]
        parts += terms
    return b"".join(parts)


def slack() -> Cases:
    """Slack coefficients span exactly 0 … S."""
    spans = (0, 1, 2, 3, 4, 5, 7, 8, 100, 127, 128)
    return {
        "cases": [
            {"span": span, "coefficients": [str(one) for one in slack_coefficients(span)]}
            for span in spans
        ]
    }


def constructors() -> Cases:
    """Rules as the treasury writes them: ballot rules (§5.5) and greedy outcome rules (§14.3)."""
    amounts = [409_000, 1, (1 << 112) - 1]
    return {
        "single_choice": [
            {"options": options, "rule": hexed(single_choice(options).encode())}
            for options in (1, 2, 8, 200)
        ],
        "approval": [
            {
                "options": options,
                "at_least": least,
                "at_most": most,
                "rule": hexed(approval(options, least, most).encode()),
            }
            for options, least, most in ((1, 0, 1), (8, 0, 8), (8, 1, 5), (8, 3, 3), (200, 0, 199))
        ],
        "knapsack": [
            {
                "costs": [str(cost) for cost in costs],
                "budget": str(budget),
                "rule": hexed(knapsack(costs, budget).encode()),
            }
            for costs, budget in (
                ([1], 1),
                ([5, 3, 9], 10),
                (amounts, amounts[-1]),
                (list(range(1, 201)), 4096),
            )
        ],
        "greedy": [
            {
                "costs": [str(cost) for cost in costs],
                "budget": str(budget),
                "order": int(order),
                "misfit": int(misfit),
                "minimum_support": str(support),
                "rule": hexed(Greedy(tuple(costs), budget, order, misfit, support).encode()),
            }
            for costs, budget, order, misfit, support in (
                ([1], 1, Order.VOTES, Misfit.SKIP, 0),
                (amounts, 409_001, Order.VOTES_PER_COST, Misfit.STOP, (1 << 128) - 1),
                (list(range(1, 201)), 4096, Order.VOTES, Misfit.STOP, 7),
            )
        ],
        "rounds": _rounds(),
    }


def _rounds() -> list[dict[str, Any]]:
    """What `RoundRules` writes for rounds of each kind, as questions and outcome rules have it."""
    amounts = [400, 300, 600, 100, 250]
    ballots = [
        round_rules.single_choice(),
        round_rules.approval(1, 3),
        round_rules.approval(0, 9),
        round_rules.knapsack(),
        round_rules.score(1),
        round_rules.score(5),
        round_rules.score((1 << 53) - 1),
        round_rules.points(1),
        round_rules.points(10),
        round_rules.points(100, 100),
        round_rules.points(100, 37),
        round_rules.quadratic(1),
        round_rules.quadratic(100),
        round_rules.quadratic(99),
        round_rules.ranking([3, 2, 1]),
        round_rules.ranking([1, 0]),
        round_rules.ranking([4, 3, 2, 1, 0]),
        round_rules.ranking([7, 7, 5, 3, 3, 1, 0, 0]),
    ]
    greedy = round_rules.greedy(Order.VOTES, Misfit.SKIP, 1)
    cases = []
    for ballot in ballots:
        for standing in (1, 2, 3, 5):
            costs = amounts[:standing]
            named = [(f"proposal {number}", cost) for number, cost in enumerate(costs)]
            question = round_rules.question_of(ballot, "Round", named, 1000)
            outcome = Greedy(tuple(costs), 1000, Order.VOTES, Misfit.SKIP, 1)
            cases.append(_round(ballot, greedy, costs, [0] * standing, question, outcome))
    question = round_rules.question_of(ballots[0], "Round", [("a", 1)] * 5, 1000)
    categories = [1, 0, 2, 1, 0]
    by_category = round_rules.greedy_by_category(
        [500, 0, 300], Order.VOTES_PER_COST, Misfit.STOP, True, 9
    )
    rule = GreedyByCategory(
        tuple(amounts),
        tuple(categories),
        (500, 0, 300),
        1000,
        Order.VOTES_PER_COST,
        Misfit.STOP,
        True,
        9,
    )
    cases.append(_round(ballots[0], by_category, amounts, categories, question, rule))
    divided = round_rules.proportional()
    cases.append(_round(ballots[0], divided, [0] * 5, [0] * 5, question, Proportional(1000, 5)))
    return cases


def _round(
    ballot: bytes,
    outcome: bytes,
    amounts: Sequence[int],
    categories: Sequence[int],
    question: Question,
    rule: OutcomeRule,
) -> dict[str, Any]:
    return {
        "ballot": hexed(ballot),
        "outcome": hexed(outcome),
        "budget": "1000",
        "amounts": [str(amount) for amount in amounts],
        "categories": list(categories),
        "rule": hexed(question.rule.encode()),
        "implied": implied_question(question.rule, question.title, question.labels()).to_json(),
        "outcome_rule": hexed(rule.encode()),
    }
