"""Rules on opened ballots (§14.10): outcomes and steps, and bytes that are no such rule."""

from collections.abc import Sequence
from itertools import product
from random import Random

from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome import (
    Ballot,
    BallotOutcome,
    Completion,
    EqualShares,
    InstantRunoff,
    Phragmen,
    TransferableVote,
    Utility,
    outcome_rule_digest,
    steps_json,
)
from tests.vectors.cases import Cases, hexed

DAY = 86_400
HOLDER = bytes(range(1, 21))
MOST = (1 << 128) - 1
NONE, UTILITARIAN, ADD_ONE, BOTH = Completion
_Case = tuple[str, BallotOutcome, list[Ballot]]


def ballot_outcomes() -> Cases:
    """Each rule with its ties and edges; ballots are in no order."""
    return {
        "cases": [
            {
                "name": name,
                "rule": hexed(rule.encode()),
                "slots": rule.slots,
                "digest": hexed(outcome_rule_digest(rule.encode())),
                "ballots": [list(ballot) for ballot in ballots],
                "awards": rule.awards_of(ballots),
                "steps": steps_json(rule.explain(ballots)),
            }
            for name, rule, ballots in [
                *_equal_shares(),
                *_runoffs(),
                *_transferable(),
                *_phragmen(),
            ]
        ],
        "refused": [
            {"name": name, "rule": hexed(data), "slots": slots, "expect": expected}
            for name, data, slots, expected in _refused()
        ],
    }


def _times(*groups: tuple[int, Sequence[int]]) -> list[Ballot]:
    """Ballots, each as often as said, in turns, so that equal ones do not follow one another."""
    left = [[count, tuple(ballot)] for count, ballot in groups]
    found = list[Ballot]()
    while any(count for count, _ in left):
        for one in left:
            if one[0]:
                one[0] -= 1
                found.append(one[1])
    return found


def _ranked(options: int, *groups: tuple[int, str]) -> list[Ballot]:
    """Ballots of rankings: `BA` ranks option 1 first and option 0 second."""
    return _times(*((count, _scores(options, order)) for count, order in groups))


def _scores(options: int, order: str) -> list[int]:
    ranks = {"ABCDEFGHIJKL".index(name): place for place, name in enumerate(order)}
    return [options - ranks[slot] if slot in ranks else 0 for slot in range(options)]


def _shares(
    costs: Sequence[int],
    budget: int,
    utility: Utility = Utility.COST,
    completion: Completion = NONE,
    increment: int = 0,
) -> EqualShares:
    increment = increment or int(completion in (ADD_ONE, BOTH))
    return EqualShares(tuple(costs), budget, utility, completion, increment, objection_time=DAY)


def _equal_shares() -> list[_Case]:
    two_camps = _times((6, [1, 1, 1, 0]), (4, [0, 0, 0, 1]))
    overlapping = _times((5, [1, 1, 0, 0, 1]), (4, [0, 1, 1, 0, 0]), (3, [0, 0, 1, 1, 0]))
    costs = (30, 40, 20, 25, 10)
    poor_pay_all = _times((2, [1, 1, 0]), (3, [0, 1, 1]), (1, [1, 0, 1]))
    points = _times((3, [5, 3, 0, 2]), (4, [0, 10, 0, 0]), (2, [1, 1, 7, 1]), (1, [0, 0, 0, 10]))
    cases = [
        ("each camp buys its options", _shares((30, 30, 30, 40), 100), two_camps),
        ("ties go to the lower slot", _shares((5, 5, 5), 10), _times((4, [1, 1, 1]))),
        ("some pay all they have", _shares((20, 30, 25), 60), poor_pay_all),
        (
            "exactly all the money of its supporters",
            _shares((6, 4), 10),
            _times((3, [1, 0]), (2, [0, 1])),
        ),
        ("one unit short", _shares((7, 4), 10), _times((3, [1, 0]), (2, [0, 1]))),
        ("nobody wants anything", _shares((5, 5), 10), _times((3, [0, 0]))),
        ("no ballots", _shares((5, 5), 10), []),
        ("no budget", _shares((5, 5), 0), _times((3, [1, 1]))),
        (
            "an option dearer than the budget",
            _shares((11, 5), 10, completion=ADD_ONE),
            _times((3, [1, 1])),
        ),
        (
            "no option without points is completed",
            _shares((5, 5), 10, completion=UTILITARIAN),
            _times((1, [1, 0]), (3, [0, 0])),
        ),
        (
            "the largest costs",
            _shares((MOST // 5, MOST // 2), MOST),
            _times((2, [1, 0]), (3, [0, 1])),
        ),
        (
            "increments of the smallest unit of a coin",
            _shares(tuple(cost * 10**18 for cost in costs), 60 * 10**18, completion=ADD_ONE),
            overlapping,
        ),
        (
            "increments beyond the budget",
            _shares((5, 9, 8), 10, completion=ADD_ONE, increment=40),
            _times((2, [1, 1, 0]), (1, [0, 1, 1])),
        ),
        (
            "everything is bought",
            _shares((5, 3, 2), 10, completion=ADD_ONE),
            _times((2, [1, 0, 1]), (1, [0, 1, 0])),
        ),
    ]
    for utility, completion in product(Utility, Completion):
        what = f"{utility.name.lower()}, {completion.name.lower()}"
        cases += [
            (f"{what}: approvals", _shares(costs, 60, utility, completion), overlapping),
            (f"{what}: points", _shares((30, 45, 20, 25), 95, utility, completion), points),
        ]
    random = Random("equal shares")
    for number in range(8):
        options, voters = random.randint(4, 9), random.randint(8, 25)
        most = random.choice((1, 1, 3))
        ballots = [
            tuple(random.randint(0, most) * random.randint(0, 1) for _ in range(options))
            for _ in range(voters)
        ]
        rule = _shares(
            [random.randint(5, 60) for _ in range(options)],
            random.randint(60, 160),
            random.choice(list(Utility)),
            random.choice((ADD_ONE, BOTH)),
        )
        cases.append((f"random, {number + 1}", rule, ballots))
    cases += _hard_for_floats()
    return [(f"equal shares: {name}", rule, ballots) for name, rule, ballots in cases]


def _hard_for_floats() -> list[tuple[str, EqualShares, list[Ballot]]]:
    """Equal ballots and large numbers: prices that tie exactly, or differ by very little."""
    random = Random("equal shares without rounding")
    cases = list[tuple[str, EqualShares, list[Ballot]]]()
    for most, unit in product((1, 3, 2**50), (10**18, 2**100)):
        patterns = [tuple(random.randint(0, most) for _ in range(8)) for _ in range(5)]
        costs = [random.randint(1, 9) * unit + random.randint(0, 1) for _ in range(8)]
        rule = _shares(
            costs, sum(costs) // 2, random.choice(list(Utility)), ADD_ONE, random.choice((1, unit))
        )
        name = f"up to {most} points, units of {unit}"
        cases.append((name, rule, [random.choice(patterns) for _ in range(12)]))
    return cases


def _runoffs() -> list[_Case]:
    cases = [
        ("a majority at once", 3, _ranked(3, (6, "ABC"), (4, "BCA"), (1, "C"))),
        ("the leader loses", 3, _ranked(3, (8, "A"), (7, "BC"), (6, "CB"))),
        ("half is no majority", 2, _ranked(2, (3, "A"), (2, "B"), (1, "BA"))),
        (
            "of those with the fewest the last one goes",
            4,
            _ranked(4, (4, "A"), (4, "BA"), (2, "CB"), (2, "DA")),
        ),
        ("ballots run out", 4, _ranked(4, (5, "AB"), (4, "B"), (3, "C"), (2, "DC"))),
        ("nobody ranks anything", 3, _ranked(3, (4, ""))),
        ("no ballots", 3, []),
        ("one option", 1, _ranked(1, (2, "A"), (1, ""))),
        ("everything tied", 3, _ranked(3, (1, "ABC"), (1, "BCA"), (1, "CAB"))),
        ("options without a first place", 4, _ranked(4, (5, "AD"), (3, "BD"), (3, "CD"))),
    ]
    random = Random("instant runoff")
    cases += [
        (f"random, {number + 1}", options, _random_rankings(random, options, 30))
        for number, options in enumerate((3, 5, 6, 8))
    ]
    return [
        (f"runoff: {name}", InstantRunoff(options, objection_time=DAY), ballots)
        for name, options, ballots in cases
    ]


def _transferable() -> list[_Case]:
    cases = [
        (
            "surplus at five decimal places",
            2,
            4,
            _ranked(4, (10, "AB"), (7, "AC"), (4, "B"), (5, "C"), (3, "D")),
        ),
        (
            "papers of a surplus at two values",
            3,
            5,
            _ranked(5, (12, "ABC"), (7, "BCD"), (4, "C"), (4, "D"), (3, "ED")),
        ),
        (
            "some papers of a surplus go nowhere",
            2,
            3,
            _ranked(3, (8, "A"), (3, "AB"), (4, "B"), (4, "C")),
        ),
        (
            "the largest surplus first",
            3,
            5,
            _ranked(5, (9, "AC"), (10, "BD"), (2, "C"), (2, "D"), (1, "E")),
        ),
        (
            "equal surpluses: the lower slot first",
            3,
            5,
            _ranked(5, (9, "AC"), (9, "BD"), (2, "C"), (2, "D"), (1, "E")),
        ),
        (
            "equal surpluses: an earlier stage decides",
            3,
            6,
            _ranked(6, (10, "ABC"), (4, "BF"), (5, "CF"), (3, "DB"), (2, "EC"), (1, "F")),
        ),
        (
            "fewest: an earlier stage decides",
            1,
            4,
            _ranked(4, (6, "A"), (4, "B"), (3, "C"), (1, "DC")),
        ),
        (
            "fewest: two earlier stages decide",
            1,
            5,
            _ranked(5, (9, "A"), (5, "B"), (4, "C"), (2, "DC"), (1, "EB"), (1, "EA")),
        ),
        ("fewest: the last one goes", 2, 4, _ranked(4, (5, "AD"), (4, "B"), (2, "CA"), (2, "DB"))),
        ("the last seats go without a quota", 2, 3, _ranked(3, (4, "A"), (3, "B"), (2, "C"))),
        ("as many seats as options", 3, 3, _ranked(3, (4, "A"), (3, "B"))),
        (
            "an exact quota has no surplus",
            2,
            4,
            _ranked(4, (4, "AD"), (3, "B"), (2, "C"), (1, "DC")),
        ),
        ("ballots that rank nobody do not count", 1, 2, _ranked(2, (3, "A"), (2, "B"), (9, ""))),
        ("nobody ranks anything", 2, 3, _ranked(3, (4, ""))),
        ("no ballots", 2, 3, []),
    ]
    random = Random("transferable vote")
    cases += [
        (f"random, {number + 1}", seats, options, _random_rankings(random, options, voters))
        for number, (seats, options, voters) in enumerate(
            ((2, 5, 40), (3, 6, 50), (3, 8, 60), (4, 9, 80), (1, 6, 12), (5, 10, 33))
        )
    ]
    return [
        (
            f"transferable vote: {name}",
            TransferableVote(seats, options, objection_time=DAY),
            ballots,
        )
        for name, seats, options, ballots in cases
    ]


def _random_rankings(random: Random, options: int, voters: int) -> list[Ballot]:
    rankings = []
    for _ in range(voters):
        order = sorted(range(options), key=lambda slot: slot + random.random() * 2 * options)
        rankings.append(
            "".join("ABCDEFGHIJKL"[slot] for slot in order[: random.randint(0, options)])
        )
    return _ranked(options, *((1, ranking) for ranking in rankings))


def _phragmen() -> list[_Case]:
    cases = [
        (
            "a committee",
            (1, 1, 1, 1),
            3,
            _times((4, [1, 1, 0, 0]), (3, [0, 0, 1, 0]), (2, [0, 0, 1, 1])),
        ),
        ("ties go to the lower slot", (1, 1, 1), 2, _times((2, [1, 1, 0]), (2, [0, 1, 1]))),
        ("seats stay empty", (1, 1, 1), 3, _times((2, [1, 0, 0]))),
        (
            "costs",
            (30, 40, 20, 25, 10),
            70,
            _times((5, [1, 1, 0, 0, 1]), (4, [0, 1, 1, 0, 0]), (3, [0, 0, 1, 1, 0])),
        ),
        (
            "the next one that does not fit ends it",
            (60, 50, 5),
            100,
            _times((6, [1, 0, 0]), (4, [0, 1, 0]), (1, [0, 0, 1])),
        ),
        (
            "of equals the lower one ends it",
            (6, 8, 4),
            10,
            _times((3, [1, 0, 0]), (2, [0, 1, 0]), (1, [0, 0, 1])),
        ),
        (
            "an option dearer than the budget is left out",
            (101, 50),
            100,
            _times((9, [1, 0]), (1, [0, 1])),
        ),
        ("points are approvals", (1, 1), 1, _times((2, [9, 0]), (3, [0, 1]))),
        ("nobody approves of anything", (1, 1), 1, _times((2, [0, 0]))),
        ("no ballots", (1, 1), 1, []),
    ]
    random = Random("phragmen")
    for number in range(5):
        options = random.randint(4, 9)
        ballots = [
            tuple(random.randint(0, 1) for _ in range(options))
            for _ in range(random.randint(6, 25))
        ]
        costs = tuple(random.choice((1, 1, random.randint(1, 9))) for _ in range(options))
        cases.append((f"random, {number + 1}", costs, random.randint(3, 12), ballots))
    return [
        (
            f"phragmen: {name}",
            Phragmen(costs, budget, objection_time=DAY, veto_holder=HOLDER),
            ballots,
        )
        for name, costs, budget, ballots in cases
    ]


def _refused() -> list[tuple[str, bytes, int, str]]:
    """(name, bytes, slots, expected class)."""
    shares = _shares((5, 6), 10, completion=ADD_ONE).encode()
    runoff = InstantRunoff(3, objection_time=DAY).encode()
    transferable = TransferableVote(2, 3, objection_time=DAY).encode()
    phragmen = Phragmen((1, 1), 1, objection_time=DAY).encode()
    part = b"\6\2" + unsigned(3, 2) + unsigned(len(runoff), 2) + runoff
    part += unsigned(2, 2) + unsigned(1, 2) + b"\0"

    def changed(data: bytes, at: int, new: bytes) -> bytes:
        return data[:at] + new + data[at + len(new) :]

    cases = [
        ("method of 4", changed(runoff, 1, b"\4"), 3, "Malformed"),
        ("no time for objections", changed(runoff, 2, bytes(4)), 3, "Rejected"),
        ("utility of 2", changed(shares, 26, b"\2"), 2, "Malformed"),
        ("completion of 4", changed(shares, 27, b"\4"), 2, "Malformed"),
        ("add-one without an increment", changed(shares, 28, bytes(16)), 2, "Rejected"),
        ("an increment without add-one", changed(shares, 27, b"\0"), 2, "Rejected"),
        ("an increment with a utilitarian completion", changed(shares, 27, b"\1"), 2, "Rejected"),
        ("shares: cost of zero", shares[:-16] + bytes(16), 2, "Rejected"),
        ("shares: one cost announced", changed(shares, 60, b"\0\1"), 1, "Malformed"),
        ("shares: a slot more", shares, 3, "Rejected"),
        ("runoff: no option", changed(runoff, 26, bytes(2)), 0, "Rejected"),
        ("runoff: a slot less", runoff, 2, "Rejected"),
        ("transferable vote: no seat", changed(transferable, 26, bytes(2)), 3, "Rejected"),
        (
            "transferable vote: more seats than options",
            changed(transferable, 26, b"\0\4"),
            3,
            "Rejected",
        ),
        ("transferable vote: a slot more", transferable, 4, "Rejected"),
        ("phragmen: cost of zero", phragmen[:-16] + bytes(16), 2, "Rejected"),
        ("phragmen: a slot less", phragmen, 1, "Rejected"),
        ("within parts", part, 5, "Malformed"),
    ]
    for name, data, slots in (
        ("shares", shares, 2),
        ("runoff", runoff, 3),
        ("transferable vote", transferable, 3),
        ("phragmen", phragmen, 2),
    ):
        cases += [
            (f"{name}: a byte over", data + b"\0", slots, "Malformed"),
            (f"{name}: a byte short", data[:-1], slots, "Malformed"),
        ]
    return cases
