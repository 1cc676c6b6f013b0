"""Weight classes: weights made equal within groups, so that no tally tells on a few voters.

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
"""Holders whose share of all weight a distortion shows."""

ClassRule = int | str
"""At most so many classes, `POWERS_OF_TWO`, or `EQUAL`."""


@dataclass(frozen=True)
class WeightClass:
    """Voters who weigh the same from now on.

    Attributes:
        value: What each of them weighs.
        voters: How many they are.
        lowest, highest: Least and greatest of their own weights.
        total: Sum of their own weights.
    """

    value: int
    voters: int
    lowest: int
    highest: int
    total: int


def read_class_rule(content: Any, item: str) -> ClassRule:
    """A rule from JSON; Malformed when it is none."""
    if type(content) is int and 1 <= content <= MAX_CLASSES:
        return content
    if isinstance(content, str) and content in (EQUAL, POWERS_OF_TWO):
        return content
    raise Malformed(item, f"not 1 … {MAX_CLASSES}, {POWERS_OF_TWO!r} or {EQUAL!r}")


def weight_classes(
    weights: Iterable[int], rule: ClassRule, least: int = MINIMUM_CLASS
) -> tuple[WeightClass, ...]:
    """Classes by rising weight: heavier voters never weigh less than lighter ones.

    Args:
        weights: Of each voter, at least 1.
        least: Voters that share a class at least.

    Raises:
        Rejected: There are fewer voters than that (check C3).
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
    """What a voter of one's own weight weighs in its class."""
    return classes[bisect_left(classes, weight, key=lambda one: one.highest)].value


def in_classes(census: Census, rule: ClassRule) -> Census:
    """A census in which everybody weighs what their class does; Rejected (check C3) below 5."""
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
    """Groups of equal `⌊log2 weight⌋`."""
    octaves: dict[int, list[WeightClass]] = {}
    for group in groups:
        octaves.setdefault(group.lowest.bit_length(), []).append(group)
    return [_union(octave) for octave in octaves.values()]


def _filled(groups: Sequence[WeightClass], least: int) -> list[WeightClass]:
    """From the top down, a group of too few takes in those below; what is left joins the last."""
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
    """Neighbours joined until there are at most so many groups.

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
        # Either may have joined another meanwhile.
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
    """What other weights change, exactly.

    Attributes:
        largest_loss, largest_gain: Of any voter's share of the total weight, relative to that
            share: -1/4 loses a quarter of it. 0 where nobody loses or gains.
        largest_before, largest_after: Share of the total weight that the voters who weighed most
            held together (`LARGEST_HOLDERS` of them), and what the same voters hold now.
        inversions: Voters who now weigh less than somebody whom they outweighed before.
    """

    largest_loss: Fraction
    largest_gain: Fraction
    largest_before: Fraction
    largest_after: Fraction
    inversions: int


def distortion(before: Sequence[int], after: Sequence[int]) -> Distortion:
    """What it changes that voters of weights `before` weigh `after`, in the same order.

    Of voters who weighed the same, the earlier ones count as the largest holders.
    """
    held, holds = sum(before), sum(after)
    pairs = sorted(Counter(zip(before, after, strict=True)).items())
    changes = [Fraction(new * held, old * holds) - 1 for (old, new), _ in pairs]
    inversions, most = 0, 0
    for _, same in groupby(pairs, key=lambda pair: pair[0][0]):
        # `most` is what anybody now weighs who weighed less before.
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
