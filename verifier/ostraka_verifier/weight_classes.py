"""Weight classes: equal weights within groups, so that no tally reveals the votes of a few.

Source: docs/protocol.md §6.6. Vectors: tests/vectors/weight_classes.json.
"""

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

from ostraka_verifier.census import MINIMUM_CLASS, Census
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.wording import counted

EQUAL, POWERS_OF_TWO = "equal", "powers_of_two"
MAX_CLASSES = 320
LARGEST_HOLDERS = 10
"""Number of largest holders whose share of all weight `Distortion` shows."""

ClassRule = int | str
"""Maximum number of classes, `POWERS_OF_TWO`, or `EQUAL`."""


@dataclass(frozen=True)
class WeightClass:
    """Voters with the same new weight.

    Attributes:
        value: New weight of each of them.
        voters: Number of these voters.
        lowest, highest: Least and greatest of their old weights.
        total: Sum of their old weights.
    """

    value: int
    voters: int
    lowest: int
    highest: int
    total: int


def read_class_rule(content: Any, item: str) -> ClassRule:
    """Read a rule from JSON; Malformed if it is invalid."""
    if type(content) is int and 1 <= content <= MAX_CLASSES:
        return content
    if isinstance(content, str) and content in (EQUAL, POWERS_OF_TWO):
        return content
    raise Malformed(item, f"not 1 … {MAX_CLASSES}, {POWERS_OF_TWO!r} or {EQUAL!r}")


def weight_classes(
    weights: Iterable[int], rule: ClassRule, least: int = MINIMUM_CLASS
) -> tuple[WeightClass, ...]:
    """Return classes by rising weight. Heavier voters never weigh less than lighter ones.

    Args:
        weights: Of each voter, at least 1.
        least: Least number of voters in a class.

    Raises:
        Rejected: There are fewer voters (check C3).
    """
    counts = sorted(Counter(weights).items())
    groups = [WeightClass(0, voters, weight, weight, voters * weight) for weight, voters in counts]
    voters = sum(group.voters for group in groups)
    if voters < least:
        reason = f"{counted(voters, 'voter', 'voters')} cannot form a class of at least {least}"
        raise Rejected("C3", "census", reason)
    if rule == EQUAL:
        return (replace(_union(groups), value=1),)
    if rule == POWERS_OF_TWO:
        groups = _octaves(groups)
    groups = _filled(groups, least)
    if isinstance(rule, int):
        groups = _joined(groups, rule)
    return tuple(replace(group, value=_value(group, rule)) for group in groups)


def class_weight(classes: Sequence[WeightClass], weight: int) -> int:
    """Return the class weight of a voter with this weight."""
    return classes[bisect_left(classes, weight, key=lambda one: one.highest)].value


def in_classes(census: Census, rule: ClassRule) -> Census:
    """Return the census with class weights; Rejected (check C3) with fewer than 5 voters."""
    classes = weight_classes((entry.weight for entry in census.entries), rule)
    return Census(
        tuple(
            replace(entry, weight=class_weight(classes, entry.weight)) for entry in census.entries
        )
    )


def _value(group: WeightClass, rule: ClassRule) -> int:
    mean = group.total // group.voters
    return 1 << (mean.bit_length() - 1) if rule == POWERS_OF_TWO else mean


def _union(groups: Sequence[WeightClass]) -> WeightClass:
    return WeightClass(
        0,
        sum(group.voters for group in groups),
        groups[0].lowest,
        groups[-1].highest,
        sum(group.total for group in groups),
    )


def _octaves(groups: Sequence[WeightClass]) -> list[WeightClass]:
    """Return groups of equal `⌊log2 weight⌋`."""
    octaves: dict[int, list[WeightClass]] = {}
    for group in groups:
        octaves.setdefault(group.lowest.bit_length(), []).append(group)
    return [_union(octave) for octave in octaves.values()]


def _filled(groups: Sequence[WeightClass], least: int) -> list[WeightClass]:
    """Merge groups downwards until each is large enough; a rest joins the last group."""
    filled: list[WeightClass] = []
    for group in reversed(groups):
        if filled and filled[-1].voters < least:
            filled[-1] = _union([group, filled[-1]])
        else:
            filled.append(group)
    if filled[-1].voters < least:
        filled[-2:] = [_union([filled[-1], filled[-2]])]
    return filled[::-1]


def _joined(groups: Sequence[WeightClass], most: int) -> list[WeightClass]:
    """Merge neighbours until the number of groups is within the limit.

    First those of least ratio of greatest to least weight; of equal ones the lower.
    """
    at: list[WeightClass | None] = list(groups)
    after, before = list(range(1, len(at) + 1)), list(range(-1, len(at) - 1))
    heap: list[tuple[Fraction, int, int, int]] = []

    def offer(low: int, high: int) -> None:
        below, above = at[low], at[high]
        if below and above:
            ratio = Fraction(above.highest, below.lowest)
            heapq.heappush(heap, (ratio, low, high, above.highest))

    for low in range(len(at) - 1):
        offer(low, low + 1)
    left = len(at)
    while left > most:
        _, low, high, highest = heapq.heappop(heap)
        below, above = at[low], at[high]
        # Either may have been merged already.
        if not below or not above or after[low] != high or above.highest != highest:
            continue
        at[low], at[high] = _union([below, above]), None
        left -= 1
        after[low] = after[high]
        if after[low] < len(at):
            before[after[low]] = low
            offer(low, after[low])
        if before[low] >= 0:
            offer(before[low], low)
    return [group for group in at if group]


@dataclass(frozen=True)
class Distortion:
    """Exact effect of new weights.

    Attributes:
        largest_loss, largest_gain: Of any voter's share of the total weight, relative to that
            share: -1/4 loses a quarter of it. 0 where nobody loses or gains.
        largest_before, largest_after: Share of the total weight that the voters who weighed most
            held together (`LARGEST_HOLDERS` of them), and what the same voters hold now.
        inversions: Voters who now have less weight than a voter who had less before.
    """

    largest_loss: Fraction
    largest_gain: Fraction
    largest_before: Fraction
    largest_after: Fraction
    inversions: int


def distortion(before: Sequence[int], after: Sequence[int]) -> Distortion:
    """Return what changes if voters have the weights `after` instead of `before`.

    Of voters with equal weight, the earlier ones count as the largest holders.
    """
    held, holds = sum(before), sum(after)
    pairs = sorted(Counter(zip(before, after, strict=True)).items())
    changes = [Fraction(new * held, old * holds) - 1 for (old, new), _ in pairs]
    inversions, most = 0, 0
    for _, same in groupby(pairs, key=lambda pair: pair[0][0]):
        # `most` is the greatest new weight of a voter with less weight before.
        ties = list(same)
        inversions += sum(voters for (_, new), voters in ties if new < most)
        most = max(most, *(new for (_, new), _ in ties))
    largest = sorted(range(len(before)), key=lambda voter: (-before[voter], voter))
    largest = largest[:LARGEST_HOLDERS]
    return Distortion(
        min(Fraction(0), *changes),
        max(Fraction(0), *changes),
        Fraction(sum(before[voter] for voter in largest), held),
        Fraction(sum(after[voter] for voter in largest), holds),
        inversions,
    )
