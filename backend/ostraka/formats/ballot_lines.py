"""What an opened ballot says, as files of ballots write it.

A ballot has no voter. Files list ballots sorted by their slots, so that their order says nothing
either, and the same ballots always make the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ostraka.formats.election import FileError
from ostraka_verifier.question import Pairwise, Question, Ranking, Score
from ostraka_verifier.question.amounts import Points, Split

Opened = Mapping[str, Any]
"""Opened ballots as the gateway answers them: `ballots` with `count` and `slots` of equal ones."""


def groups(opened: Opened) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield different ballots, sorted, with the number of each."""
    found = [(tuple(map(int, one["slots"])), int(one["count"])) for one in opened["ballots"]]
    yield from ((count, slots) for slots, count in sorted(found))


def named(question: Question, slots: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the options that a ballot names, and what it gives each; rankings from the best on.

    Points are empty for questions without points.

    Raises:
        FileError: The slots are no answer to the question.
    """
    if len(slots) != len(question.labels()):
        raise FileError(f"a ballot has {len(slots)} slots, the question {len(question.labels())}")
    if isinstance(question, Ranking | Pairwise):
        return order_of(question, slots), []
    places = [slot for slot, given in enumerate(slots) if given]
    points = isinstance(question, Score | Points | Split)
    return places, [slots[slot] for slot in places] if points else []


def order_of(question: Ranking | Pairwise, slots: Sequence[int]) -> list[int]:
    """Return the options that a ballot ranks, from the best on."""
    scores = slots[: len(question.options)]
    order = sorted(range(len(scores)), key=lambda option: -scores[option])
    unscored = scores.count(0)
    # Whoever ranks all options but one has ranked all; in `Ranking`, only if all have a place.
    whole = isinstance(question, Pairwise) or len(question.scores) == len(question.options)
    if whole and unscored == 1 and (isinstance(question, Pairwise) or not question.scores[-1]):
        return order
    return [option for option in order if scores[option]]
