"""Warn, with numbers, how a poll's result may reveal votes, before the poll opens.

Nodes refuse polls below their own minimums; organizers decide about the other warnings.

Source: docs/threat-model.md, docs/protocol.md §6.4.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from ostraka_verifier.census import MINIMUM_CLASS, Census
from ostraka_verifier.question import Number, Question

FEW_VOTERS = 20
"""Electorates and weight classes with fewer voters are tiny."""
FEW_ANSWERS = 10
"""With fewer answers to a number question, somebody may know all but one of them."""
MINIMUM_BALLOTS = 5
"""Minimum of a secret poll; every node's default minimum."""
_PER_CELL = 5
"""Recommended average number of answers in a cell or group."""
_TURNOUT = Fraction(1, 10)
_NEARLY = Fraction(4, 5)
"""Two electorates are nearly the same if they share this part of the larger one."""
_READABLE = 10**7
"""Larger numbers are shown as powers of ten."""
_NAMED = 10
"""Most identifying weights that a warning lists, the largest first."""


@dataclass(frozen=True)
class LeakWarning:
    """One way in which a result may reveal votes.

    Attributes:
        code: Kind of warning, for programs.
        numbers: The numbers behind the warning; shares as `p/q`.
        sentence: The warning as an English sentence.
        refused: Whether nodes refuse such a poll.
    """

    code: str
    numbers: Mapping[str, object]
    sentence: str
    refused: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of the API."""
        return {
            "code": self.code,
            "numbers": dict(self.numbers),
            "sentence": self.sentence,
            "refused": self.refused,
        }


@dataclass(frozen=True)
class AskedPoll:
    """Input for leak warnings: what a poll asks, and of whom.

    Attributes:
        name: Name for people, e.g. "poll 3".
        labels: Meaning of each slot, by question.
        census: The voters known so far; None if there are none yet.
        questions: Empty for a round before its vote.
        shuffled: Whether every ballot will be opened, without its voter's name.
    """

    name: str
    labels: tuple[tuple[str, ...], ...]
    census: Census | None
    questions: tuple[Question, ...] = ()
    minimum_ballots: int = MINIMUM_BALLOTS
    secret: bool = True
    shuffled: bool = False

    def asks_what(self, labels: Sequence[Sequence[str]]) -> bool:
        """Whether one of its questions has the same options as one of these, in any order."""
        asked = set(map(_same_options, self.labels))
        return any(_same_options(one) in asked for one in labels)


def leak_warnings(poll: AskedPoll, others: Sequence[AskedPoll] = ()) -> list[LeakWarning]:
    """Return a poll's warnings; those for which nodes refuse the poll come first.

    Args:
        others: Open, past and planned polls whose tallies could be compared with this one's.
    """
    found = [
        warning
        for rule in (_electorate, _weights, _minimum, _turnout, _questions, _opened)
        for warning in rule(poll)
    ]
    found += [warning for other in others for warning in _overlap(poll, other)]
    return sorted(found, key=lambda warning: not warning.refused)


def _electorate(poll: AskedPoll) -> Iterator[LeakWarning]:
    voters = _voters(poll)
    if voters is not None and voters < FEW_VOTERS:
        yield LeakWarning(
            "tiny_electorate",
            {"voters": voters, "few": FEW_VOTERS},
            f"Only {_counted(voters, 'voter')} may vote: a unanimous result reveals every vote, "
            f"and {voters - 1} known votes reveal the last.",
        )


def _weights(poll: AskedPoll) -> Iterator[LeakWarning]:
    if poll.census is None:
        return
    total = poll.census.total_weight
    counts = Counter(entry.weight for entry in poll.census.entries)
    alone = poll.census.identifying_weights()
    if alone:
        held = Fraction(sum(weight * voters for weight, voters in alone), total)
        voters = sum(voters for _, voters in alone)
        largest = sorted(alone, key=lambda one: -one[0] * one[1])[:_NAMED]
        weight, first = largest[0]
        share = _per_cent(Fraction(weight * first, total))
        yield LeakWarning(
            "identifying_weights",
            {
                "voters": voters,
                "share": str(held),
                "weights": [
                    {"weight": str(one), "voters": n, "share": str(Fraction(one * n, total))}
                    for one, n in largest
                ],
            },
            f"{_counted(voters, 'voter')} with {_per_cent(held)} of all weight "
            f"{'has a weight' if voters == 1 else 'have weights'} held by fewer than "
            f"{MINIMUM_CLASS} voters (weight {weight}: {_counted(first, 'voter')}, {share}): the "
            "tally reveals their votes. Use weight classes to prevent this.",
            refused=poll.secret,
        )
    smallest = min(counts.values())
    if len(counts) > 1 and not alone and smallest < FEW_VOTERS:
        weight = min(weight for weight, voters in counts.items() if voters == smallest)
        yield LeakWarning(
            "small_weight_class",
            {
                "classes": len(counts),
                "weight": str(weight),
                "voters": smallest,
                "share": str(Fraction(weight * smallest, total)),
            },
            f"The tally may reveal the votes of each of {len(counts)} weights separately; "
            f"the smallest class, of weight {weight}, has {smallest} voters.",
        )


def _minimum(poll: AskedPoll) -> Iterator[LeakWarning]:
    minimum = poll.minimum_ballots
    if minimum < MINIMUM_BALLOTS:
        yield LeakWarning(
            "low_minimum",
            {"minimum_ballots": minimum, "floor": MINIMUM_BALLOTS},
            f"The result may be opened with {_counted(minimum, 'ballot')}, fewer than "
            f"{MINIMUM_BALLOTS}: such a small tally reveals votes.",
            refused=poll.secret,
        )


def _turnout(poll: AskedPoll) -> Iterator[LeakWarning]:
    voters = _voters(poll)
    if voters is not None and poll.minimum_ballots < _TURNOUT * voters:
        share = Fraction(poll.minimum_ballots, voters)
        yield LeakWarning(
            "small_turnout",
            {
                "minimum_ballots": poll.minimum_ballots,
                "voters": voters,
                "turnout": str(share),
            },
            f"The result may be opened with {_counted(poll.minimum_ballots, 'ballot')} of "
            f"{voters} voters, {_per_cent(share)}; who voted is public, and so few ballots hide "
            "little.",
        )


def _questions(poll: AskedPoll) -> Iterator[LeakWarning]:
    voters, minimum = _voters(poll), poll.minimum_ballots
    for question in poll.questions:
        cells = question.cells
        numbers: dict[str, object] = {"question": question.title, "cells": cells}
        name = f"“{question.title}”"
        if question.cells_cross and cells > 1 and voters is not None and cells * _PER_CELL > voters:
            each = Fraction(voters, cells)
            yield LeakWarning(
                "unanimous_cells",
                numbers | {"voters": voters, "per_cell": str(each)},
                f"{name} splits {_counted(voters, 'voter')} into {cells} cells, {float(each):.3g} "
                "each on average: a cell of one voter, or a row whose voters all answer alike, "
                "reveals votes.",
            )
        if question.cells_are_groups and cells > 1 and cells * _PER_CELL > minimum:
            each = Fraction(minimum, cells)
            yield LeakWarning(
                "small_groups",
                numbers | {"minimum_ballots": minimum, "per_cell": str(each)},
                f"{name} may be opened with {_counted(minimum, 'ballot')} in {cells} groups, "
                f"{float(each):.3g} each on average: the result of a group of one reveals that "
                "voter's answer.",
            )
        least = minimum if voters is None else min(minimum, voters)
        if isinstance(question, Number) and least < FEW_ANSWERS:
            yield LeakWarning(
                "few_numbers",
                {"question": question.title, "answers": least, "few": FEW_ANSWERS},
                f"{name} may be opened with {_counted(least, 'answer')}: anyone who knows all but "
                "one of them can subtract them from the sum.",
            )


def _opened(poll: AskedPoll) -> Iterator[LeakWarning]:
    """Warn if ballots that are opened tell whose they are."""
    voters = _voters(poll)
    if not poll.shuffled or voters is None or not poll.questions:
        return
    possible = prod(question.possible_answers for question in poll.questions)
    if possible * _PER_CELL <= voters:
        return
    each, written = Fraction(voters, possible), _power(possible)
    yield LeakWarning(
        "recognisable_ballots",
        {"ballots": str(possible), "written": written, "voters": voters, "per_ballot": str(each)},
        f"Every ballot will be opened, and up to {written} different ones are possible for "
        f"{_counted(voters, 'voter')}, {float(each):.3g} voters each on average: a rare ballot is "
        "recognized by those who know its voter's views, and by those who paid for exactly this "
        "ballot.",
    )


def _power(number: int) -> str:
    """Return a number as people read it: large ones by their power of ten."""
    return str(number) if number < _READABLE else f"10^{len(str(number)) - 1}"


def _overlap(poll: AskedPoll, other: AskedPoll) -> Iterator[LeakWarning]:
    if poll.census is None or other.census is None or not other.asks_what(poll.labels):
        return
    here, there = poll.census.by_account, other.census.by_account
    both = here.keys() & there.keys()
    if len(both) < _NEARLY * max(len(here), len(there)):
        return
    changed = sum(here[account].weight != there[account].weight for account in both)
    only_here, only_there = len(here) - len(both), len(there) - len(both)
    yield LeakWarning(
        "overlapping_polls",
        {
            "poll": other.name,
            "both": len(both),
            "only_here": only_here,
            "only_there": only_there,
            "other_weight": changed,
        },
        f"{other.name.capitalize()} has the same options as {poll.name}, for nearly the same "
        f"voters: {len(both)} are in both, {only_here} only here, {only_there} only there, "
        f"{changed} with another weight. "
        "The difference between the two results reveals how these voters voted.",
    )


def _voters(poll: AskedPoll) -> int | None:
    return None if poll.census is None else len(poll.census)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _per_cent(share: Fraction) -> str:
    return f"{float(100 * share):.3g} %"


def _same_options(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(" ".join(label.split()).casefold() for label in labels))
