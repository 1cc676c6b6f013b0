"""Questions (§5.5 to §5.9): the rules they make, the bits votes are, and what is none of these."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ostraka_verifier.challenge import Opening, what_it_says
from ostraka_verifier.curve import R
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import ballot_bits, poll_labels, poll_rule, read_questions
from tests.support.polls import OPENS_AT, SyntheticPoll
from tests.vectors.cases import Cases, hexed

ABC, ABCD = ["A", "B", "C"], ["A", "B", "C", "D"]
Json = dict[str, Any]
Change = Mapping[int, int] | Callable[[list[int]], list[int]]


@dataclass(frozen=True)
class Asked:
    """A poll's questions with votes, and what must be refused as none.

    Attributes:
        votes: The first one is what `broken` changes.
        broken: By reason, how bits differ from those of the first vote.
        refused: By reason, votes that no client makes a ballot of.
        proven: Whether ballots are proven, of the first vote and of each broken one.
    """

    name: str
    questions: Sequence[Json]
    votes: Sequence[Any]
    broken: Mapping[str, Change]
    refused: Mapping[str, Any] = field(default_factory=dict)
    proven: bool = False

    @property
    def bits(self) -> list[int]:
        """Of the first vote."""
        return ballot_bits(read_questions(self.questions), self.votes[0])

    def broken_bits(self) -> Iterator[tuple[str, list[int]]]:
        """What breaks the rule, by reason."""
        for reason, change in self.broken.items():
            bits = self.bits
            if isinstance(change, Mapping):
                for bit, value in change.items():
                    bits[bit] = value
            else:
                bits = change(bits)
            yield reason, bits


def _ask(kind: str, **members: Any) -> Json:
    return {"kind": kind, "title": "What?", **members}


def _asked() -> list[Asked]:
    minus = R - 1
    capped = _ask("approval", options=ABCD, at_least=1, at_most=3)
    knapsack = _ask("knapsack", options=ABC, costs=[5, 3, 9], budget=10)
    number = _ask("number", low=18, high=25, unit="years", statistics=["mean", "variance"])
    groups = number | {"high": 21, "groups": ["north", "south"]}
    points = _ask("points", options=ABC, credits=10, at_least=3, max_per_option=6)
    # The value 1 in group 0, by somebody of group 1.
    elsewhere = {1: 1, 3: 1, 11: 0, 14: 0, 17: 1}
    one_hot: dict[str, Change] = {
        "two chosen": {1: 1},
        "none chosen": {0: 0},
        "two and minus one": {0: 2, 1: minus},
        "one bit short": lambda bits: bits[:-1],
        "one bit over": lambda bits: [*bits, 0],
    }
    not_one = {"option that does not exist": 3, "negative": -1, "a list": [0], "text": "0",
               "true": True, "half": 0.5, "null": None}  # fmt: skip
    return [
        Asked(
            "single choice",
            [_ask("single_choice", options=ABC)],
            [0, 2],
            one_hot,
            not_one,
            proven=True,
        ),
        Asked(
            "single choice with an abstention",
            [_ask("single_choice", options=["yes", "no", "abstain"], abstain=True)],
            [2],
            {"an abstention and a choice": {0: 1}, "half an abstention": {2: 0}},
        ),
        Asked(
            "approval of 1 to 2 of 4",
            [_ask("approval", options=ABCD, at_least=1, at_most=2)],
            [[0, 1], [3], [3, 1]],
            {
                "over by one": {2: 1},
                "over by one, slack of minus one": {2: 1, 4: minus},
                "below the minimum": {0: 0, 1: 0, 4: 1},
                "below the minimum, slack of two": {0: 0, 1: 0, 4: 2},
                "wrong slack": {1: 0},
                "one option twice": {0: 2, 1: 0},
                "a third against minus one": {2: 1, 3: minus},
            },
            {
                "none": [],
                "three": [0, 1, 2],
                "twice": [1, 1],
                "does not exist": [0, 4],
                "negative": [-1],
                "an index": 0,
                "true": [True],
            },
        ),
        Asked(
            "approval of any",
            [_ask("approval", options=ABC, at_least=0, at_most=3)],
            [[0, 2], [], [0, 1, 2]],
            {"one option twice": {0: 2}, "minus one": {1: minus}, "one bit short": lambda b: b[:2]},
        ),
        Asked(
            "approval with a cap on a category",
            [capped | {"caps": [{"options": [0, 1, 2], "at_most": 2}]}],
            [[0, 3], [1, 2, 3], [3]],
            {
                "over the cap by one": {1: 1, 2: 1, 3: 0, 4: 0, 6: 0},
                "over the cap, slack of minus one": {1: 1, 2: 1, 3: 0, 4: 0, 6: minus},
                "wrong slack of the cap": {6: 0},
                "wrong slack of the whole": {4: 0},
            },
            {"over the cap": [0, 1, 2]},
        ),
        Asked(
            "approval with a cap on costs",
            [capped | {"costs": [4, 3, 2, 9], "caps": [{"options": [0, 1, 2], "budget": 6}]}],
            [[0, 2], [1, 2, 3], [3]],
            {
                "over the cap by one": {1: 1, 2: 0},
                "wrong slack of the cap": {6: 1},
                "over the cap, slack of minus one": {1: 1, 2: 0, 6: minus},
            },
            {"over the cap": [0, 1], "all three": [0, 1, 2]},
        ),
        Asked(
            "knapsack",
            [knapsack],
            [[0, 1], [2], []],
            {
                "over by two": {0: 0, 2: 1, 4: 0},
                "over by two, slack of minus two": {0: 0, 2: 1, 4: minus},
                "wrong slack": {3: 1},
                "an option at minus its cost": {1: minus, 3: 1, 4: 0, 5: 1, 6: 1},
            },
            {"over the budget": [1, 2], "everything": [0, 1, 2]},
        ),
        Asked(
            "knapsack with a category's budget",
            [knapsack | {"budget": 14, "caps": [{"options": [0, 1], "budget": 7}]}],
            [[0, 2], [1, 2]],
            {
                "over the category's budget by one": {1: 1, 2: 0, 4: 1, 5: 1, 8: 0},
                "over it, slack of minus one": {1: 1, 2: 0, 4: 1, 5: 1, 7: minus, 8: 0},
                "wrong slack of the category": {9: 1},
            },
            {"over the category's budget": [0, 1]},
        ),
        Asked(
            "score of 0 to 5",
            [_ask("score", options=["A", "B"], max_score=5)],
            [[5, 0], [3, 4]],
            {
                "a bit of two": {2: 2},
                "a bit of minus one": {3: minus},
                "half a bit": {0: (R + 1) // 2},
            },
            {
                "over by one": [6, 0],
                "negative": [-1, 0],
                "one value short": [5],
                "one value over": [5, 5, 5],
                "text": ["five", 0],
                "half": [0.5, 0],
                "a leading zero": ["05", 0],
            },
        ),
        Asked(
            "points, 3 to 10, at most 6 for one",
            [points],
            [[6, 4, 0], [1, 2, 0], [6, "1", 2]],
            {
                "over by one": {6: 1},
                "over by one, slack of minus one": {6: 1, 9: minus},
                "below the minimum": {0: 0, 2: 0, 3: 0, 5: 0, 9: 1, 10: 1, 11: 1},
                "wrong slack": {9: 1},
                "minus one for an option": {6: minus, 9: 1},
                "seven for one": {0: 2, 3: 0},
            },
            {
                "over by one": [6, 4, 1],
                "below the minimum": [1, 1, 0],
                "over for one": [7, 0, 0],
                "negative": [6, 5, -1],
            },
            proven=True,
        ),
        Asked(
            "points for one option alone",
            [_ask("points", options=["A"], credits=5, at_least=2)],
            [[4], [2]],
            {
                "wrong slack": {3: 0},
                "below the minimum": {0: 1, 1: 0, 2: 0, 4: 1},
                "below the minimum, slack of two": {0: 1, 1: 0, 2: 0, 3: 2, 4: 1},
            },
            {"over by one": [6], "below the minimum": [1]},
        ),
        Asked(
            "split of 100",
            [_ask("split", options=ABC)],
            [[50, 30, 20], [100, 0, 0]],
            {
                "99": {14: 1, 15: 1, 16: 0},
                "101": {14: 1},
                "101 and minus one": {14: 1, 7: minus},
            },
            {"99": [50, 30, 19], "101": [50, 30, 21], "negative": [101, -1, 0]},
        ),
        Asked(
            "quadratic votes for 10 credits",
            [_ask("quadratic", options=ABC, credits=10)],
            [[3, 1, 0], [2, 2, 1], [0, 0, 0]],
            {
                "one credit over": {4: 1},
                "one credit over, slack of minus one": {4: 1, 6: minus},
                "off by one in the slack": {6: 1},
                "a negative vote": {2: minus},
                "votes for free": {2: 1, 3: 1},
            },
            {"one credit over": [3, 1, 1], "too many for one": [4, 0, 0], "negative": [-1, 0, 0]},
            proven=True,
        ),
        Asked(
            "quadratic votes for one option alone",
            [_ask("quadratic", options=["A"], credits=5)],
            [[2], [0]],
            {"three, slack of minus one": {1: 2, 2: 0, 3: minus, 4: minus}, "wrong slack": {2: 0}},
            {"three": [3]},
        ),
        Asked(
            "ranking of one option alone",
            [_ask("ranking", options=["A"], scores=[3])],
            [[0]],
            {"none": {0: 0}},
            {"none": [], "two": [0, 0]},
        ),
        Asked(
            "ranking in full",
            [_ask("ranking", options=ABC, scores=[2, 1, 0])],
            [[0, 1, 2], [2, 0, 1]],
            {
                "broken row: an option in two places, another in none": {1: 1, 4: 0},
                "broken column: two options in a place, another one empty": {3: 1, 4: 0},
                "rows and columns of two and minus one": {0: 2, 1: minus, 3: minus, 4: 2},
            },
            {
                "two places": [0, 1],
                "an option twice": [0, 1, 1],
                "four places": [0, 1, 2, 0],
                "does not exist": [0, 1, 3],
                "an index": 0,
            },
            proven=True,
        ),
        Asked(
            "ranking of the first 2 of 4",
            [_ask("ranking", options=ABCD, scores=[3, 2])],
            [[1, 0], [3, 2]],
            {
                "an option in both places": {0: 1, 2: 0, 9: 1},
                "an option in both, slack of minus one": {0: 1, 2: 0, 8: minus, 9: 1},
                "an empty place": {1: 0, 8: 1},
                "wrong slack": {8: 1},
                "two options in a place": {5: 1, 10: 0},
            },
            {"one place": [1], "three places": [1, 0, 2], "twice": [1, 1]},
        ),
        Asked(
            "ranking of 1 to 3 of 4",
            [_ask("ranking", options=ABCD, scores=[3, 1, 1], at_least=1)],
            [[2], [2, 0], [2, 0, 3]],
            {
                "a gap": {2: 1, 12: 0},
                "a gap, made good by minus one": {2: 1, 12: 0, 17: minus},
                "no place": {6: 0, 14: 1},
                "two ends": {17: 1},
                "an empty place before the end": {16: 0, 17: 1},
            },
            {"none": [], "four": [0, 1, 2, 3]},
        ),
        Asked(
            "ranking of one place",
            [_ask("ranking", options=ABC, scores=[4], at_least=0)],
            [[1], []],
            {"two options": {0: 1}, "an option and none": {3: 1}, "nothing said": {1: 0}},
            {"two": [0, 1]},
        ),
        Asked(
            "histogram",
            [_ask("histogram", options=["young", "middle", "old"], bounds=[0, 30, 60, 120])],
            [0],
            one_hot,
            {"bucket that does not exist": 3},
        ),
        Asked(
            "cross-tabulation",
            [_ask("cross_tabulation", rows=["p", "q"], columns=ABC)],
            [[0, 0], [1, 2]],
            {"two pairs": {4: 1}, "no pair": {0: 0}, "two of one, minus another": {0: 2, 1: minus}},
            {
                "row that does not exist": [2, 0],
                "column that does not exist": [0, 3],
                "a row alone": [0],
                "the number of a pair": 0,
            },
        ),
        Asked(
            "number with mean and variance",
            [number],
            [{"value": 23}, {"value": 18}, {"value": "25", "group": 0}],
            {
                "square over by one": {4: 0, 5: 1},
                "square below by one": {4: 0},
                "value over by one, and its square": {
                    **{1: 0, 2: 0, 3: 2},
                    **{4: 2, 5: 2, 6: 2, 7: 2, 9: 1},
                },
                "minus the value": {1: minus, 3: minus},
                "nobody": {0: 0},
                "a value without its square": {2: 1},
            },
            {
                "below": {"value": 17},
                "above": {"value": 26},
                "group that does not exist": {"value": 20, "group": 1},
                "no value": {"group": 0},
                "something else said": {"value": 20, "who": 1},
                "a number alone": 20,
                "half": {"value": 20.5},
            },
        ),
        Asked(
            "number in groups, with mean and variance",
            [groups],
            [{"value": 20, "group": 1}, {"value": 18, "group": 0}],
            {
                "group mismatch": elsewhere,
                "group mismatch, slack of minus one": elsewhere | {7: minus},
                "in both groups": {0: 1, 7: 1, 8: 1},
                "in no group": dict.fromkeys(range(9, 18), 0),
                "square off by one": {12: 1},
                "wrong slack": {16: 0},
            },
            {"no group": {"value": 20}, "group that does not exist": {"value": 20, "group": 2}},
            proven=True,
        ),
        Asked(
            "number in groups, mean alone",
            [_ask("number", low=-3, high=4, unit="°C", groups=["day", "night"])],
            [{"value": -3, "group": 0}, {"value": 4, "group": 1}],
            {"a value in the other group": {8: 1}, "wrong slack": {4: 0}},
            {"below": {"value": -4, "group": 0}},
        ),
        Asked(
            "points, approval and a number",
            [points | {"title": "Points?"}, capped | {"title": "Which?"}, number],
            [[[6, 4, 0], [0, 1], {"value": 23}], [[1, 2, 0], [2], {"value": 18}]],
            {
                "the first over by one": {6: 1},
                "the second over by one": {14: 1, 15: 1, 16: 0},
                "the third square off by one": {22: 0},
            },
            {
                "one question short": [[6, 4, 0], [0, 1]],
                "the second refused": [[6, 4, 0], [], {"value": 23}],
                "in another order": [[0, 1], [6, 4, 0], {"value": 23}],
            },
            proven=True,
        ),
    ]


_MADE: Json = {"title": "What?", "options": ABC}


def _refused_questions() -> list[tuple[str, Any, str]]:
    """(reason, questions, expected class)."""
    cap = {"options": [0, 1], "at_most": 1}
    good = _MADE | {"kind": "approval", "at_least": 1, "at_most": 2}
    knapsack = _MADE | {"kind": "knapsack", "costs": [5, 3, 9], "budget": 10}
    points = _MADE | {"kind": "points", "credits": 10}
    ranking = _MADE | {"kind": "ranking", "scores": [2, 1]}
    histogram = _MADE | {"kind": "histogram", "bounds": [0, 1, 2, 3]}
    number: Json = {"kind": "number", "title": "What?", "low": 18, "high": 25, "unit": "years"}
    cross: Json = {"kind": "cross_tabulation", "title": "What?", "rows": ABC, "columns": ABC}
    many = [str(option) for option in range(320)]
    large = str(1 << 127)

    def without(question: Json, name: str) -> Json:
        return {key: value for key, value in question.items() if key != name}

    malformed: dict[str, Any] = {
        "no list": good,
        "no question": [],
        "a question that is text": ["approval"],
        "a question that is null": [None],
        "no kind": [without(good, "kind")],
        "an unknown kind": [good | {"kind": "guess"}],
        "kind in capitals": [good | {"kind": "Approval"}],
        "a kind that is a number": [good | {"kind": 1}],
        "no title": [without(good, "title")],
        "an empty title": [good | {"title": ""}],
        "a title that is a number": [good | {"title": 1}],
        "no options": [without(good, "options")],
        "options that are text": [good | {"options": "ABC"}],
        "an option that is a number": [good | {"options": ["A", 1, "C"]}],
        "an empty option": [good | {"options": ["A", "", "C"]}],
        "321 options": [good | {"options": [*many, "320"]}],
        "an unknown member": [good | {"hidden": 1}],
        "a member of another kind": [good | {"credits": 1}],
        "no minimum": [without(good, "at_least")],
        "a minimum that is true": [good | {"at_least": True}],
        "a minimum that is half": [good | {"at_least": 0.5}],
        "a minimum that is null": [good | {"at_least": None}],
        "a minimum with a leading zero": [good | {"at_least": "01"}],
        "a minimum with a sign": [good | {"at_least": "+1"}],
        "a minimum of minus zero": [good | {"at_least": "-0"}],
        "a minimum in hexadecimal": [good | {"at_least": "0x1"}],
        "a minimum that is empty": [good | {"at_least": ""}],
        "a budget of 2^53 as a number": [knapsack | {"budget": 1 << 53}],
        "a budget of 41 digits": [knapsack | {"budget": "1" + "0" * 40}],
        "costs that are text": [knapsack | {"costs": "539"}],
        "an abstention that is text": [_MADE | {"kind": "single_choice", "abstain": "yes"}],
        "caps that are no list": [good | {"caps": cap}],
        "a cap that is a list": [good | {"caps": [[0, 1]]}],
        "a cap without options": [good | {"caps": [{"at_most": 1}]}],
        "a cap without a bound": [good | {"caps": [{"options": [0, 1]}]}],
        "a cap with both bounds": [knapsack | {"caps": [cap | {"budget": 5}]}],
        "bounds that are text": [histogram | {"bounds": "0123"}],
        "statistics that are text": [number | {"statistics": "mean"}],
        "a unit that is empty": [number | {"unit": ""}],
        "the second one broken": [good, good | {"hidden": 1}],
    }
    rejected: dict[str, Any] = {
        "single choice of none": [_MADE | {"kind": "single_choice", "options": []}],
        "approval of none": [good | {"options": []}],
        "approval of more than there are": [good | {"at_most": 4}],
        "approval of at most none": [good | {"at_least": 0, "at_most": 0}],
        "approval of at least more than at most": [good | {"at_least": 3}],
        "approval of a negative minimum": [good | {"at_least": -1}],
        "costs that no cap counts": [good | {"costs": [1, 2, 3], "caps": [cap]}],
        "costs of too few": [good | {"costs": [1, 2], "caps": [{"options": [0, 1], "budget": 2}]}],
        "a cost of zero": [good | {"costs": [1, 2, 0], "caps": [{"options": [0, 1], "budget": 2}]}],
        "a cap on costs that are not there": [good | {"caps": [{"options": [0, 1], "budget": 1}]}],
        "a cap of zero": [good | {"caps": [cap | {"at_most": 0}]}],
        "a cap that is negative": [good | {"caps": [cap | {"at_most": -1}]}],
        "a cap that never binds": [good | {"caps": [cap | {"at_most": 2}]}],
        "a cap on one option": [good | {"caps": [{"options": [0], "at_most": 1}]}],
        "a cap on no option": [good | {"caps": [{"options": [], "at_most": 1}]}],
        "a cap on costs that never binds": [
            knapsack | {"caps": [{"options": [0, 1], "budget": 8}]}
        ],
        "a cap with options in falling order": [good | {"caps": [cap | {"options": [1, 0]}]}],
        "a cap with an option twice": [good | {"caps": [cap | {"options": [0, 0, 1]}]}],
        "a cap with an option that does not exist": [good | {"caps": [cap | {"options": [0, 3]}]}],
        "a cap with a negative option": [good | {"caps": [cap | {"options": [-1, 0]}]}],
        "a cap that leaves too few": [
            good | {"at_least": 2, "caps": [{"options": [0, 1, 2], "at_most": 1}]}
        ],
        "a cap on costs that leaves too few": [
            good
            | {"at_least": 2, "costs": [4, 4, 4], "caps": [{"options": [0, 1, 2], "budget": 7}]}
        ],
        "disjoint caps that together leave too few": [
            good
            | {
                **{"options": ABCD, "at_least": 3, "at_most": 4},
                "caps": [{"options": [0, 1], "at_most": 1}, {"options": [2, 3], "at_most": 1}],
            }
        ],
        "a cap on costs and a disjoint one that together leave too few": [
            good
            | {
                **{"options": [*ABCD, "E"], "at_least": 4, "at_most": 5, "costs": [4, 4, 4, 1, 1]},
                "caps": [{"options": [0, 1], "budget": 7}, {"options": [3, 4], "at_most": 1}],
            }
        ],
        "an overlapping cap that alone leaves too few": [
            good
            | {
                **{"options": ABCD, "at_least": 3, "at_most": 4},
                "caps": [{"options": [0, 1], "at_most": 1}, {"options": [1, 2, 3], "at_most": 1}],
            }
        ],
        "knapsack with a cost too many": [knapsack | {"costs": [5, 3, 9, 1]}],
        "knapsack with a cost of zero": [knapsack | {"costs": [5, 0, 9]}],
        "knapsack without a budget": [knapsack | {"budget": 0}],
        "knapsack whose row could wrap": [knapsack | {"budget": large}],
        "knapsack with a cost that could wrap": [knapsack | {"costs": [5, 3, large]}],
        "score of at most zero": [_MADE | {"kind": "score", "max_score": 0}],
        "histogram with one name twice": [
            _MADE | {"kind": "histogram", "options": ["A", "B", "A"]}
        ],
        "score of more than 320 bits": [
            _MADE | {"kind": "score", "max_score": 3, "options": many[:161]}
        ],
        "points without credits": [points | {"credits": 0}],
        "points for no option": [points | {"options": []}],
        "points of a negative minimum": [points | {"at_least": -1}],
        "points of more than there are": [points | {"at_least": 11}],
        "points of at most zero for one": [points | {"max_per_option": 0}],
        "points of more for one than there are": [points | {"max_per_option": 11}],
        "points of which not enough can be given": [points | {"max_per_option": 3, "at_least": 10}],
        "points whose row could wrap": [
            points | {"options": ["A", "B"], "credits": large, "max_per_option": 1}
        ],
        "split of nothing": [_MADE | {"kind": "split", "total": 0}],
        "split among one": [_MADE | {"kind": "split", "options": ["A"]}],
        "quadratic votes for no option": [
            _MADE | {"kind": "quadratic", "credits": 1, "options": []}
        ],
        "quadratic votes without credits": [_MADE | {"kind": "quadratic", "credits": 0}],
        "quadratic votes whose row could wrap": [
            _MADE | {"kind": "quadratic", "credits": large, "options": ["A", "B"]}
        ],
        "quadratic votes of 320 bits and a row": [
            _MADE | {"kind": "quadratic", "credits": 1, "options": many[:319]}
        ],
        "ranking without places": [ranking | {"scores": []}],
        "ranking of more places than options": [ranking | {"scores": [4, 3, 2, 1]}],
        "ranking with a later place that scores more": [ranking | {"scores": [1, 2]}],
        "ranking with a negative score": [ranking | {"scores": [1, -1]}],
        "ranking of zeros": [ranking | {"scores": [0, 0]}],
        "ranking that fills more places than there are": [ranking | {"at_least": 3}],
        "ranking that fills fewer than none": [ranking | {"at_least": -1}],
        "ranking of 18 in full": [ranking | {"options": many[:18], "scores": [1] * 18}],
        "histogram with one bound too few": [histogram | {"bounds": [0, 1, 2]}],
        "histogram with equal bounds": [histogram | {"bounds": [0, 1, 1, 2]}],
        "histogram with falling bounds": [histogram | {"bounds": [0, 2, 1, 3]}],
        "histogram of one bucket": [_MADE | {"kind": "histogram", "options": ["A"]}],
        "cross-tabulation of one row": [cross | {"rows": ["A"]}],
        "cross-tabulation of one column": [cross | {"columns": ["A"]}],
        "cross-tabulation with a row twice": [cross | {"rows": ["A", "A"]}],
        "cross-tabulation of 324 pairs": [cross | {"rows": many[:18], "columns": many[:18]}],
        "number in an empty range": [number | {"high": 17}],
        "number in a range of one": [number | {"high": 18}],
        "number in one named group": [number | {"groups": ["A"]}],
        "number with a group twice": [number | {"groups": ["A", "A"]}],
        "number without statistics": [number | {"statistics": []}],
        "number with an unknown statistic": [number | {"statistics": ["median"]}],
        "number with statistics in another order": [number | {"statistics": ["variance", "mean"]}],
        "number whose square could wrap": [
            number | {"high": str(1 << 64), "statistics": ["variance"]}
        ],
        "number of too many bits": [number | {"groups": many[:46]}],
        "together more than 320 bits": [
            good | {"options": many[:160], "at_least": 0, "at_most": 160},
            good | {"options": many[:161], "at_least": 0, "at_most": 161},
        ],
        "the second one impossible": [good, good | {"at_most": 4}],
    }
    return [(reason, asked, "Malformed") for reason, asked in malformed.items()] + [
        (reason, asked, "Rejected") for reason, asked in rejected.items()
    ]


def _more_questions() -> list[tuple[str, list[Json]]]:
    """Valid ones beside those with votes: large, default members written out, equal names."""
    number: Json = {"kind": "number", "title": "What?", "low": 0, "high": 1, "unit": "€"}
    return [
        ("a budget beyond 2^53", [_MADE | {"kind": "knapsack", "costs": [1, "2", str(1 << 100)],
                                           "budget": str((1 << 112) - 1)}]),
        ("decimal strings for small numbers", [_MADE | {"kind": "score", "max_score": "5"}]),
        ("negative bounds", [_MADE | {"kind": "histogram", "bounds": [-5, "-3", 0, 7]}]),
        ("proposals of one name", [_MADE | {"kind": "single_choice", "options": ["A", "A"]}]),
        ("320 options", [_MADE | {"kind": "approval", "at_least": 0, "at_most": 320,
                                  "options": [str(option) for option in range(320)]}]),
        ("points with defaults", [_MADE | {"kind": "points", "credits": 100}]),
        ("split of 7", [_MADE | {"kind": "split", "total": 7}]),
        ("ranking that may be left out", [_MADE | {"kind": "ranking", "scores": [2, 2, 0],
                                                   "at_least": 0}]),
        ("number of two values", [number]),
        ("number with an empty list of groups", [number | {"groups": []}]),
        ("knapsack with an empty list of caps", [_MADE | {"kind": "knapsack", "costs": [1, 2, 3],
                                                          "budget": 3, "caps": []}]),
        ("number with variance alone", [number | {"statistics": ["variance"]}]),
        ("disjoint caps that leave just enough",
         [_MADE | {"kind": "approval", "options": ABCD, "at_least": 2, "at_most": 4,
                   "caps": [{"options": [0, 1], "at_most": 1},
                            {"options": [2, 3], "at_most": 1}]}]),
        ("two caps that overlap", [_MADE | {"kind": "approval", "at_least": 1, "at_most": 3,
                                            "caps": [{"options": [0, 1], "at_most": 1},
                                                     {"options": [1, 2], "at_most": 1}]}]),
    ]  # fmt: skip


def questions() -> Cases:
    """Questions with the rule that they make, and what is no list of questions."""
    valid = [(one.name, one.questions) for one in _asked()] + _more_questions()
    cases: list[Json] = []
    for name, asked in valid:
        read = read_questions(asked)
        cases.append(
            {
                "name": name,
                "questions": asked,
                "expect": "valid",
                "rule": hexed(poll_rule(read).encode()),
                "labels": list(poll_labels(read)),
                "written": [question.to_json() for question in read],
            }
        )
    return {
        "cases": cases,
        "refused": [
            {"name": name, "questions": asked, "expect": expected}
            for name, asked, expected in _refused_questions()
        ],
    }


def votes() -> Cases:
    """Votes with their bits and slots; votes that are none; bits that break the rule."""
    polls = []
    for one in _asked():
        read = read_questions(one.questions)
        rule = poll_rule(read)
        valid = []
        for vote in one.votes:
            bits = ballot_bits(read, vote)
            slots = [str(value) for value in rule.slot_values(bits)]
            valid.append({"vote": vote, "bits": _joined(bits), "slots": slots})
        polls.append(
            {
                "name": one.name,
                "questions": one.questions,
                "votes": valid,
                "refused_votes": [
                    {"name": reason, "vote": vote} for reason, vote in one.refused.items()
                ],
                "refused_bits": [
                    {"name": reason, "bits": _joined(bits)} for reason, bits in one.broken_bits()
                ],
            }
        )
    return {"polls": polls}


def question_ballots() -> Cases:
    """Proven ballots on questions, and ballots that break the rule, proven as well as one can."""
    cases = []
    for one in _asked():
        if not one.proven:
            continue
        rule = poll_rule(read_questions(one.questions))
        poll = SyntheticPoll([one.bits], rule, NoOutcome(), seed=one.name)
        good = poll.prepared[0].ballot
        common = {
            "questions": one.questions,
            "threshold": poll.threshold,
            "poll_context": hexed(poll.context),
        }
        ballot = {"ballot": hexed(good.encoded), "digest": hexed(good.digest)}
        cases.append({"name": one.name, **common, **ballot, "expect": "valid"})
        for reason, bits in one.broken_bits():
            if len(bits) != rule.bits:
                continue
            forged = poll.factory.prove(good.voter, bits, good.cast_at_unix_s).ballot
            named = {"name": f"{one.name}: {reason}", **common}
            cases.append(named | {"ballot": hexed(forged.encoded), "expect": "Rejected"})
    return {"cases": cases}


def openings() -> Cases:
    """Challenged ballots with what they say, and openings that fail, each by its check."""
    cases = []
    for one in _asked():
        if not one.proven:
            continue
        poll = _described(one)
        shared = poll.factory.prove(poll.voter_keys[0].address, one.bits, OPENS_AT)
        opening = Opening(
            poll.identity, poll.context, shared.ballot.encoded, shared.bits, shared.blinding
        )
        said = what_it_says(poll.published, one.bits)
        cases.append(
            {
                "name": one.name,
                "poll": _published(poll),
                "opening": opening.to_json(),
                "digest": hexed(opening.digest),
                "says": [{"question": each.question, "answer": each.answer} for each in said],
            }
        )
    return {"cases": cases, "refused": _refused_openings()}


def _refused_openings() -> list[Json]:
    poll = _described(next(one for one in _asked() if one.proven and len(one.bits) > 3))
    voter = poll.voter_keys[0].address
    bits = poll.votes[0]
    shared = poll.factory.prove(voter, bits, OPENS_AT)
    good = Opening(poll.identity, poll.context, shared.ballot.encoded, shared.bits, shared.blinding)
    broken = (1 - bits[0], *bits[1:])
    forged = poll.factory.prove(voter, broken, OPENS_AT)
    changed = bytearray(good.ballot)
    changed[-1] ^= 1
    again = poll.factory.prove(voter, bits, OPENS_AT)
    cases = {
        "another ballot than was noted": ("V1", good, forged.ballot.digest),
        "another poll": ("V2", replace(good, poll=replace(good.poll, poll_id=9)), good.digest),
        "another context": ("V2", replace(good, context=bytes(32)), good.digest),
        "a ballot cut short": ("V2", replace(good, ballot=good.ballot[:-1]), None),
        "a proof that was changed": ("V3", replace(good, ballot=bytes(changed)), None),
        "a vote that breaks the rule, proven as well as one can": (
            "V3",
            replace(good, ballot=forged.ballot.encoded, bits=broken, blinding=forged.blinding),
            None,
        ),
        "bits that break the rule": ("V4", replace(good, bits=broken), good.digest),
        "bits that are too few": ("V4", replace(good, bits=good.bits[:-1]), good.digest),
        "the blinding of another ballot": (
            "V4",
            replace(good, blinding=again.blinding),
            good.digest,
        ),
    }
    return [
        {
            "name": name,
            "check": check,
            "poll": _published(poll),
            "opening": opening.to_json(),
            "digest": hexed(opening.digest if noted is None else noted),
        }
        for name, (check, opening, noted) in cases.items()
    ]


def _described(one: Asked) -> SyntheticPoll:
    """A poll whose description has the questions."""
    read = read_questions(one.questions)
    members = {"questions": one.questions, "options": list(poll_labels(read))}
    return SyntheticPoll(
        [one.bits], poll_rule(read), NoOutcome(), seed=f"opening of {one.name}", members=members
    )


def _published(poll: SyntheticPoll) -> Json:
    return {
        "chain_id": str(poll.identity.chain_id),
        "registry": hexed(poll.identity.registry),
        "poll": str(poll.identity.poll_id),
        "poll_context": hexed(poll.context),
        "description": hexed(poll.description),
        "rule": hexed(poll.rule.encode()),
        "threshold": poll.threshold,
    }


def _joined(bits: Sequence[int]) -> str:
    return " ".join(str(bit) for bit in bits)
