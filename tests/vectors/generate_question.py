"""Questions (§5.5 to §5.9): their rules, the bits of votes, and invalid ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ostraka_verifier.challenge import Opening, what_it_says
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import ballot_bits, poll_labels, poll_rule, read_questions
from tests.support.polls import OPENS_AT, SyntheticPoll
from tests.vectors.asked_polls import ABC, ABCD, Asked, Json, asked_polls
from tests.vectors.cases import Cases, hexed

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
        "pairwise ranking of one": [_MADE | {"kind": "pairwise", "options": ["A"]}],
        "pairwise ranking of more than there are": [_MADE | {"kind": "pairwise", "at_least": 4}],
        "pairwise ranking of fewer than none": [_MADE | {"kind": "pairwise", "at_least": -1}],
        "pairwise ranking of 17": [_MADE | {"kind": "pairwise", "options": many[:17]}],
        "pairwise ranking of any of 15": [
            _MADE | {"kind": "pairwise", "options": many[:15], "at_least": 1}
        ],
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
        ("pairwise ranking of 16", [_MADE | {"kind": "pairwise",
                                             "options": [str(one) for one in range(16)]}]),
        ("pairwise ranking of any of 14", [_MADE | {"kind": "pairwise", "at_least": 0,
                                                    "options": [str(one) for one in range(14)]}]),
        ("pairwise ranking of all but one", [_MADE | {"kind": "pairwise", "at_least": 2}]),
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
    """Questions with the rule that they make, and invalid lists of questions."""
    valid = [(one.name, one.questions) for one in asked_polls()] + _more_questions()
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
                "possible_answers": [str(question.possible_answers) for question in read],
                "slots_tell": [question.slots_objection is None for question in read],
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
    """Votes with their bits and slots; invalid votes; bits that break the rule."""
    polls = []
    for one in asked_polls():
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
    for one in asked_polls():
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
    for one in asked_polls():
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
    poll = _described(next(one for one in asked_polls() if one.proven and len(one.bits) > 3))
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
        "a different ballot than was noted": ("V1", good, forged.ballot.digest),
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
