"""Questions (§5.5 to §5.9) with votes, and what must be refused as a vote."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ostraka_verifier.curve import R
from ostraka_verifier.question import ballot_bits, read_questions

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


def asked_polls() -> list[Asked]:
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
            "pairwise ranking of all",
            [_ask("pairwise", options=ABC)],
            [[0, 1, 2], [2, 0, 1]],
            {
                "a cycle": {1: 0, 4: 1, 7: 0, 10: 1},
                "a pair both ways": {3: 1, 8: 1},
                "a pair neither way": {2: 0, 9: 0},
                "the wins of another order": {1: 0, 3: 1},
                "a pair twice, another against minus one": {6: 2, 8: minus},
            },
            {
                "two of three": [0, 1],
                "an option twice": [0, 1, 1],
                "four": [0, 1, 2, 0],
                "does not exist": [0, 1, 3],
                "an index": 0,
            },
            proven=True,
        ),
        Asked(
            "pairwise ranking of 1 or more",
            [_ask("pairwise", options=ABC, at_least=1)],
            [[1], [1, 2], [0, 2, 1]],
            {
                "a preference among the tied": {0: 1, 7: 1, 12: 0, 14: 0},
                "a tie that counts as none": {15: 1, 16: 0},
                "two numbers of tied options": {15: 1},
                "a cycle": {
                    **{0: 1, 3: 0, 4: 1, 6: 1, 8: 0, 9: 1, 10: 1},
                    **{12: 0, 14: 0, 15: 1, 16: 0},
                },
                "nothing preferred": {2: 0, 3: 0, 8: 0, 9: 0, 13: 1},
                "a pair both ways, slack of minus one": {0: 1, 6: 1, 12: 0, 13: minus},
            },
            {"none": [], "twice": [1, 1], "does not exist": [3]},
            proven=True,
        ),
        Asked(
            "pairwise ranking of any of 12",
            [_ask("pairwise", options=list("ABCDEFGHIJKL"), at_least=0)],
            [[3, 1, 11, 0, 7], [], list(range(11, -1, -1))],
            {"a pair both ways": {48: 1}},
            {"thirteen": [*range(12), 0]},
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
