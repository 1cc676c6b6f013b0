"""Outcome rules (§14): decided tallies, bytes that are no rule, orders that are the wrong hint."""

from collections.abc import Sequence
from itertools import combinations, product
from random import Random

from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome import (
    Condorcet,
    Greedy,
    GreedyByCategory,
    Majority,
    Method,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
    Strength,
    outcome_rule_digest,
)
from tests.vectors.cases import Cases, hexed

COSTS = (30, 20, 20, 50)
MOST = (1 << 128) - 1
TALLY_MOST = (1 << 200) - 1
OPTIONS = ((40, 30, 30, 10, 25), (0, 0, 1, 1, 1), (70, 35))
"""Costs, categories and category budgets."""


def outcomes() -> Cases:
    """Every kind with its ties and edges; at least two broken ones for each valid one."""
    return {
        "cases": [
            {
                "name": name,
                "rule": hexed(rule.encode()),
                "slots": len(tally),
                "digest": hexed(outcome_rule_digest(rule.encode())),
                "tally": [str(votes) for votes in tally],
                "order": rule.order(tally),
                "awards": [str(award) for award in rule.awards(tally)],
            }
            for name, rule, tally in _decided()
        ],
        "refused": [
            {"name": name, "rule": hexed(data), "slots": slots, "expect": expected}
            for name, data, slots, expected in _refused()
        ],
        "refused_orders": [
            {
                "name": name,
                "rule": hexed(rule.encode()),
                "tally": [str(votes) for votes in tally],
                "order": list(order),
            }
            for name, rule, tally, order in _wrong_orders()
        ],
    }


def _decided() -> list[tuple[str, OutcomeRule, list[int]]]:
    costs, categories, _ = OPTIONS
    skip, stop = Misfit.SKIP, Misfit.STOP
    # In order 0, 4, 2, 1, 3: option 2 is more than option 4 leaves of its category.
    tally = [9, 6, 7, 5, 8]

    def by_category(
        misfit: Misfit, budget: int, leftover: bool = False, second: int = 35
    ) -> GreedyByCategory:
        return GreedyByCategory(
            costs, categories, (70, second), budget, misfit=misfit, leftover=leftover
        )

    return [
        ("none", NoOutcome(), [3, 1]),
        ("greedy: by votes", Greedy(COSTS, 70), [5, 9, 1, 7]),
        ("greedy: ties go to the lower slot", Greedy(COSTS, 50), [4, 4, 4, 4]),
        ("greedy: skip what does not fit", Greedy(COSTS, 60), [3, 2, 1, 9]),
        ("greedy: stop at what does not fit", Greedy(COSTS, 60, misfit=Misfit.STOP), [9, 2, 1, 3]),
        ("greedy: by votes per cost", Greedy(COSTS, 70, Order.VOTES_PER_COST), [6, 5, 4, 9]),
        ("greedy: equal votes per cost", Greedy((2, 4, 6), 8, Order.VOTES_PER_COST), [1, 2, 3]),
        ("greedy: minimum support", Greedy(COSTS, 120, minimum_support=5), [5, 4, 6, 0]),
        ("greedy: no votes are not funded", Greedy(COSTS, 120), [0, 1, 0, 1]),
        (
            "greedy: products beyond 256 bits",
            Greedy((MOST, MOST - 1), MOST, Order.VOTES_PER_COST),
            [(1 << 199) + 1, 1 << 199],
        ),
        ("majority: strict, more than half", Majority(), [51, 49]),
        ("majority: strict, exactly half", Majority(), [50, 50]),
        ("majority: not strict, exactly half", Majority(strict=False), [50, 50]),
        ("majority: nobody voted", Majority(strict=False), [0, 0]),
        ("majority: two thirds reached", Majority(2, 3, strict=False), [2, 1]),
        ("majority: two thirds missed by one", Majority(2, 3, strict=False), [199, 100]),
        ("majority: unanimity", Majority(1, 1, strict=False), [7, 0]),
        ("majority: unanimity missed", Majority(1, 1, strict=False), [MOST, 1]),
        ("majority: abstentions do not count for the share", Majority(abstention=True), [2, 1, 9]),
        (
            "majority: abstentions count for the quorum",
            Majority(abstention=True, quorum=12),
            [2, 1, 9],
        ),
        ("majority: quorum missed by one", Majority(abstention=True, quorum=13), [2, 1, 9]),
        ("majority: abstentions only", Majority(abstention=True), [0, 0, 9]),
        (
            "majority: the largest numbers",
            Majority((1 << 64) - 2, (1 << 64) - 1, quorum=MOST),
            [TALLY_MOST, 1],
        ),
        ("plurality: one seat", Plurality(1, 3), [4, 9, 5]),
        ("plurality: ties go to the lower slot", Plurality(2, 4), [1, 5, 5, 5]),
        ("plurality: abstentions get no seat", Plurality(2, 3), [4, 2, 5, 99]),
        ("plurality: minimum support", Plurality(2, 3, 5), [4, 9, 4]),
        ("plurality: minimum support just reached", Plurality(2, 3, 5), [5, 9, 4]),
        ("plurality: no votes, no seat", Plurality(2, 3), [0, 9, 0]),
        ("plurality: no support asked for", Plurality(2, 3, 0), [0, 9, 0]),
        ("plurality: a seat for everyone", Plurality(3, 3), [1, 2, 3]),
        ("by category: a misfit is passed over", by_category(skip, 200), tally),
        ("by category: a misfit ends its category only", by_category(stop, 200), tally),
        ("by category: the whole budget binds", by_category(skip, 75), tally),
        ("by category: the whole budget's misfit, too", by_category(stop, 60), [9, 5, 8, 7, 6]),
        ("by category: nothing left over is spent", by_category(skip, 135), tally),
        ("by category: what is left is spent on any", by_category(skip, 135, True), tally),
        ("by category: left over by one too few", by_category(skip, 134, True), tally),
        (
            "by category: the second pass takes up what was ended",
            by_category(stop, 135, True),
            tally,
        ),
        ("by category: the second pass skips a misfit", by_category(skip, 110, True, 25), tally),
        ("by category: a misfit ends the second pass", by_category(stop, 110, True, 25), tally),
        (
            "by category: by votes per cost, with minimum support",
            GreedyByCategory(*OPTIONS, 100, Order.VOTES_PER_COST, leftover=True, minimum_support=6),
            [9, 8, 7, 5, 6],
        ),
        (
            "by category: one category, ties, the largest numbers",
            GreedyByCategory((MOST, MOST), (0, 0), (MOST,), MOST),
            [TALLY_MOST, TALLY_MOST],
        ),
        ("proportional: exact", Proportional(100, 3), [50, 30, 20]),
        ("proportional: largest remainder", Proportional(100, 3), [1, 1, 4]),
        ("proportional: equal remainders go to the lower slot", Proportional(100, 3), [1, 1, 1]),
        ("proportional: two units left", Proportional(101, 3), [1, 1, 1]),
        ("proportional: abstentions share nothing", Proportional(10, 2), [1, 2, 50]),
        ("proportional: nobody voted", Proportional(10, 2), [0, 0, 5]),
        ("proportional: all to one", Proportional(7, 2), [0, 3]),
        ("proportional: less than one unit each", Proportional(1, 3), [2, 3, 3]),
        (
            "proportional: products beyond 256 bits",
            Proportional(MOST, 3),
            [12345, TALLY_MOST - 1, TALLY_MOST],
        ),
        (
            "parts: seats and a decision",
            Parts(((3, Plurality(1, 3)), (2, Majority()))),
            [1, 5, 2, 6, 3],
        ),
        (
            "parts: one without an outcome",
            Parts(((2, NoOutcome()), (4, Greedy(COSTS, 70)), (1, NoOutcome()))),
            [8, 8, 5, 9, 1, 7, 3],
        ),
        (
            "parts: categories and proportions",
            Parts(((5, by_category(skip, 120, True)), (3, Proportional(10, 2)))),
            [9, 8, 7, 6, 5, 1, 2, 7],
        ),
        (
            "parts: seats and the winner of pairs",
            Parts(((3, Plurality(1, 3)), (9, Condorcet(3)), (4, Condorcet(2, Method.MINIMAX)))),
            [1, 5, 2, *CYCLE, 1, 2, 1, 2],
        ),
        *_condorcet(),
    ]


def _condorcet() -> list[tuple[str, OutcomeRule, list[int]]]:
    tallies = [
        ("a winner of every pair", 3, _pairs(3, [(9, 2), (7, 4), (5, 6)])),
        ("a cycle", 3, CYCLE),
        ("all pairs tied", 3, _pairs(3, [(4, 4), (4, 4), (4, 4)])),
        ("nobody prefers anything", 3, [0] * 9),
        ("the first and the last tied", 3, _pairs(3, [(5, 2), (3, 3), (2, 5)])),
        ("equal winning votes, other margins", 3, _pairs(3, [(6, 1), (2, 6), (6, 5)])),
        ("equal margins, other winning votes", 3, _pairs(3, [(9, 6), (1, 4), (5, 2)])),
        ("a cycle of equals", 3, _pairs(3, [(6, 3), (3, 6), (6, 3)])),
        ("the most votes", 2, [TALLY_MOST, 5, TALLY_MOST - 1, TALLY_MOST]),
        ("two options tied", 2, [5, 5, 7, 7]),
    ]
    random = Random("condorcet")
    for options, most, count in ((4, 3, 6), (5, 9, 3), (7, 4, 1), (12, 30, 1)):
        for number in range(count):
            votes = [
                (random.randint(0, most), random.randint(0, most))
                for _ in combinations(range(options), 2)
            ]
            tallies.append((f"{options} options, {number + 1}", options, _pairs(options, votes)))
    return [
        (f"{method.name.lower()} by {strength.name.lower()}: {name}", rule, tally)
        for name, options, tally in tallies
        for method, strength in product(Method, Strength)
        if method is not Method.COPELAND or strength is Strength.WINNING_VOTES
        for rule in [Condorcet(options, method, strength)]
    ]


def _pairs(options: int, votes: Sequence[tuple[int, int]]) -> list[int]:
    """Slots of a pairwise ranking.

    Args:
        votes: For each pair of options, the lower one first, votes for it and against it.
    """
    counts = {}
    for (one, other), (forth, back) in zip(combinations(range(options), 2), votes, strict=True):
        counts[one, other], counts[other, one] = forth, back
    pairs = [counts[pair] for pair in sorted(counts)]
    wins = [sum(pairs[(options - 1) * one :][: options - 1]) for one in range(options)]
    return wins + pairs


CYCLE = _pairs(3, [(5, 2), (3, 6), (4, 1)])
"""The first beats the second, this one the third, and the third the first."""


def _changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _refused() -> list[tuple[str, bytes, int, str]]:
    """(name, bytes, slots, expected class)."""
    greedy = Greedy(COSTS, 70).encode()
    majority = Majority(2, 3).encode()
    plurality = Plurality(2, 3).encode()
    category = GreedyByCategory(*OPTIONS, 100).encode()
    proportional = Proportional(100, 3).encode()
    condorcet = Condorcet(3).encode()
    parts = Parts(((3, Plurality(1, 3)), (2, Majority()))).encode()
    zero, amount = bytes(16), unsigned(5, 16)
    cases = [
        ("empty", b"", 4, "Malformed"),
        ("unknown kind", b"\x09", 4, "Malformed"),
        ("largest unknown kind", b"\xff", 4, "Malformed"),
        ("none with a byte over", b"\0\0", 4, "Malformed"),
        ("greedy: order of 2", _changed(greedy, 1, b"\2"), 4, "Malformed"),
        ("greedy: misfit of 2", _changed(greedy, 2, b"\2"), 4, "Malformed"),
        ("greedy: cost of zero", greedy[:-16] + zero, 4, "Rejected"),
        ("greedy: three costs announced", _changed(greedy, 36, b"\3"), 4, "Malformed"),
        ("greedy: five costs announced", _changed(greedy, 36, b"\5"), 5, "Malformed"),
        ("greedy: a slot more", greedy, 5, "Rejected"),
        ("greedy: a slot less", greedy, 3, "Rejected"),
        ("majority: abstention of 2", _changed(majority, 1, b"\2"), 2, "Malformed"),
        ("majority: strict of 2", _changed(majority, 2, b"\2"), 2, "Malformed"),
        ("majority: numerator of zero", _changed(majority, 19, bytes(8)), 2, "Rejected"),
        ("majority: denominator of zero", _changed(majority, 27, bytes(8)), 2, "Rejected"),
        ("majority: more than all", _changed(majority, 19, unsigned(4, 8)), 2, "Rejected"),
        ("majority: strictly more than all", _changed(majority, 19, unsigned(3, 8)), 2, "Rejected"),
        (
            "majority: four thirds, not strict",
            _changed(_changed(majority, 19, unsigned(4, 8)), 2, b"\0"),
            2,
            "Rejected",
        ),
        ("majority: one slot", majority, 1, "Rejected"),
        ("majority: three slots without abstention", majority, 3, "Rejected"),
        ("majority: two slots with abstention", _changed(majority, 1, b"\1"), 2, "Rejected"),
        ("majority: four slots with abstention", _changed(majority, 1, b"\1"), 4, "Rejected"),
        ("plurality: no seat", _changed(plurality, 1, bytes(2)), 3, "Rejected"),
        (
            "plurality: more seats than contenders",
            _changed(plurality, 1, unsigned(4, 2)),
            4,
            "Rejected",
        ),
        ("plurality: no contender", _changed(plurality, 19, bytes(2)), 3, "Rejected"),
        ("plurality: more contenders than slots", plurality, 2, "Rejected"),
        ("by category: order of 2", _changed(category, 1, b"\2"), 5, "Malformed"),
        ("by category: misfit of 2", _changed(category, 2, b"\2"), 5, "Malformed"),
        ("by category: leftover of 2", _changed(category, 3, b"\2"), 5, "Malformed"),
        (
            "by category: no category",
            category[:36] + bytes(2) + unsigned(1, 2) + amount + bytes(2),
            1,
            "Rejected",
        ),
        ("by category: cost of zero", category[:-18] + zero + category[-2:], 5, "Rejected"),
        ("by category: a category that does not exist", category[:-2] + b"\0\2", 5, "Rejected"),
        ("by category: a slot more", category, 6, "Rejected"),
        ("by category: a slot less", category, 4, "Rejected"),
        ("by category: three categories announced", _changed(category, 37, b"\3"), 5, "Malformed"),
        ("by category: four options announced", _changed(category, 71, b"\4"), 4, "Malformed"),
        ("by category: six options announced", _changed(category, 71, b"\6"), 6, "Malformed"),
        ("by category: cut within the budgets", category[:60], 5, "Malformed"),
        ("by category: cut before the options", category[:70], 5, "Malformed"),
        ("proportional: nothing to share", _changed(proportional, 1, zero), 3, "Rejected"),
        ("proportional: no contender", _changed(proportional, 17, bytes(2)), 3, "Rejected"),
        ("proportional: more contenders than slots", proportional, 2, "Rejected"),
        ("condorcet: method of 4", _changed(condorcet, 1, b"\4"), 9, "Malformed"),
        ("condorcet: strength of 2", _changed(condorcet, 2, b"\2"), 9, "Malformed"),
        ("condorcet: copeland by margin", _changed(condorcet, 1, b"\3\1"), 9, "Rejected"),
        ("condorcet: no option", _changed(condorcet, 3, bytes(2)), 1, "Rejected"),
        ("condorcet: one option", _changed(condorcet, 3, b"\0\1"), 1, "Rejected"),
        ("condorcet: a slot more", condorcet, 10, "Rejected"),
        ("condorcet: a slot less", condorcet, 8, "Rejected"),
        ("condorcet: as many slots as options", condorcet, 3, "Rejected"),
    ]
    for name, data, slots in (
        ("greedy", greedy, 4),
        ("majority", majority, 2),
        ("plurality", plurality, 3),
        ("by category", category, 5),
        ("proportional", proportional, 3),
        ("condorcet", condorcet, 9),
        ("parts", parts, 5),
    ):
        cases += [
            (f"{name}: the kind alone", data[:1], slots, "Malformed"),
            (f"{name}: one byte short", data[:-1], slots, "Malformed"),
            (f"{name}: one byte over", data + b"\0", slots, "Malformed"),
        ]
    two = [(3, plurality), (2, majority)]
    cases += [
        ("parts: none at all", _parts([]), 1, "Rejected"),
        ("parts: only one", _parts([(3, plurality)]), 3, "Rejected"),
        ("parts: three announced", _changed(parts, 1, b"\3"), 5, "Malformed"),
        (
            "parts: two announced of three",
            _changed(_parts([*two, (1, b"\0")]), 1, b"\2"),
            5,
            "Malformed",
        ),
        ("parts: a slot too few together", _parts(two), 6, "Rejected"),
        ("parts: a slot too many together", _parts(two), 4, "Rejected"),
        ("parts: without a slot", _parts([*two, (0, b"\0")]), 5, "Rejected"),
        ("parts: not its rule's slots", _parts([(4, plurality), (1, majority)]), 5, "Rejected"),
        ("parts: within parts", _parts([*two, (5, parts)]), 10, "Malformed"),
        ("parts: an unknown kind within", _parts([*two, (1, b"\x08")]), 6, "Malformed"),
        ("parts: an empty rule within", _parts([*two, (1, b"")]), 6, "Malformed"),
        ("parts: a byte over within", _parts([*two, (1, b"\0\0")]), 6, "Malformed"),
        ("parts: a byte short within", _parts([(3, plurality[:-1]), two[1]]), 5, "Malformed"),
        (
            "parts: a cost of zero within",
            _parts([two[1], (4, greedy[:-16] + zero)]),
            6,
            "Rejected",
        ),
        (
            "parts: a flag of 2 within",
            _parts([two[0], (2, _changed(majority, 1, b"\2"))]),
            5,
            "Malformed",
        ),
        (
            "parts: a length beyond the end",
            parts[:4] + unsigned(len(parts), 2) + parts[6:],
            5,
            "Malformed",
        ),
        ("parts: a length too short by one", _changed(parts, 4, unsigned(20, 2)), 5, "Malformed"),
    ]
    return cases


def _parts(parts: Sequence[tuple[int, bytes]]) -> bytes:
    """Bytes of parts, valid or not."""
    encoded = [unsigned(6, 1), unsigned(len(parts), 1)]
    for slots, data in parts:
        encoded += [unsigned(slots, 2), unsigned(len(data), 2), data]
    return b"".join(encoded)


def _wrong_orders() -> list[tuple[str, OutcomeRule, list[int], Sequence[int]]]:
    votes = [5, 9, 9, 7]
    rules: list[tuple[str, OutcomeRule]] = [
        ("greedy", Greedy(COSTS, 70)),
        ("plurality", Plurality(2, 4)),
        ("by category", GreedyByCategory(COSTS, (0, 1, 0, 1), (50, 60), 100)),
        ("proportional", Proportional(1000, 4)),
    ]
    cases: list[tuple[str, OutcomeRule, list[int], Sequence[int]]] = []
    for name, rule in rules:
        first, second, *rest = good = rule.order(votes)
        for what, order in (
            ("the first two swapped", [second, first, *rest]),
            ("the last two swapped", [*good[:2], good[3], good[2]]),
            ("the last one missing", good[:3]),
            ("a slot twice at the end", [*good[:3], good[2]]),
            ("one too many", [*good, good[3]]),
            ("a slot that does not exist", [*good[:3], 4]),
            ("empty", []),
        ):
            cases.append((f"{name}: {what}", rule, votes, order))
    for method in (Method.SCHULZE, Method.RANKED_PAIRS):
        rule = Condorcet(3, method)
        first, second, third = rule.order(CYCLE)
        for what, order in (
            ("the first two swapped", [second, first, third]),
            ("the last two swapped", [first, third, second]),
            ("the last one missing", [first, second]),
            ("a defeat twice", [first, second, second]),
            ("the reverse of a defeat", [first, second, 5]),
            ("an option", [first, second, 1]),
            ("a slot that does not exist", [first, second, 9]),
            ("one too many", [first, second, third, 5]),
            ("empty", []),
        ):
            cases.append((f"{rule.method.name.lower()}: {what}", rule, CYCLE, order))
    equals, tied = Condorcet(3), _pairs(3, [(6, 3), (3, 6), (6, 3)])
    parts = Parts(((2, NoOutcome()), (3, Plurality(1, 2)), (2, Majority())))
    tally = [1, 2, 3, 4, 9, 5, 6]
    return [
        *cases,
        ("condorcet: equal defeats, the higher slot first", equals, tied, equals.order(tied)[::-1]),
        ("minimax: an order", Condorcet(3, Method.MINIMAX), CYCLE, [3]),
        ("copeland: an order", Condorcet(3, Method.COPELAND), CYCLE, [3]),
        ("none: an order", NoOutcome(), [1, 2], [1, 0]),
        ("majority: an order", Majority(), [1, 2], [1, 0]),
        ("plurality: an abstention among contenders", Plurality(1, 2), [1, 2, 9], [2, 1]),
        ("plurality: an abstention after contenders", Plurality(1, 2), [1, 2, 0], [1, 0, 2]),
        ("proportional: an abstention", Proportional(10, 2), [1, 2, 9], [0, 1, 2]),
        ("proportional: by votes, not by remainder", Proportional(10, 2), [3, 7], [1, 0]),
        ("proportional: nobody voted", Proportional(10, 2), [0, 0, 5], [1, 0]),
        ("parts: counted from the poll's first slot", parts, tally, [3, 2]),
        ("parts: one entry short", parts, tally, [1]),
        ("parts: one entry over", parts, tally, [1, 0, 0]),
        ("parts: the lesser one first", parts, tally, [0, 1]),
    ]
