"""Weight classes: docs/protocol.md §6.6."""

from collections import Counter
from fractions import Fraction

import pytest

from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.errors import Rejected
from ostraka_verifier.weight_classes import (
    ClassRule,
    class_weight,
    distortion,
    in_classes,
    weight_classes,
)
from tests.support.randomness import SeededRandomness

RULES: list[ClassRule] = [1, 2, 7, 320, "powers_of_two", "equal"]


def holders(seed: str, count: int) -> list[int]:
    """Weights as tokens have them: many small, few large."""
    random = SeededRandomness(seed)
    return [1 + random.scalar() % (1 << (1 + random.scalar() % 40)) for _ in range(count)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("least", [5, 12])
def test_classes_are_shared_and_keep_the_order(rule: ClassRule, least: int) -> None:
    for number in range(8):
        weights = holders(f"classes {number}", 60)
        classes = weight_classes(weights, rule, least)
        after = [class_weight(classes, weight) for weight in weights]
        shared = Counter(after)
        assert min(shared.values()) >= least
        assert [(one.value, one.voters) for one in classes] == sorted(shared.items())
        assert sum(one.total for one in classes) == sum(weights)
        assert all(1 <= one.value <= one.highest for one in classes)
        for one, other in zip(weights, after, strict=True):
            (home,) = [each for each in classes if each.lowest <= one <= each.highest]
            assert home.value == other
        assert distortion(weights, after).inversions == 0
        if isinstance(rule, int):
            assert len(classes) <= rule
            # What a class loses by rounding is less than one for each of its voters.
            assert all(0 <= one.total - one.value * one.voters < one.voters for one in classes)


def test_the_order_of_voters_does_not_matter() -> None:
    weights = holders("order", 200)
    for rule in RULES:
        assert weight_classes(weights, rule) == weight_classes(weights[::-1], rule)


def test_what_classes_distort() -> None:
    before = [1, 1, 2, 4, 8]
    found = distortion(before, [1, 1, 1, 4, 8])
    # Of 16 before and of 15 after: a half of 2/16 less, and 16/15 of what it was for the others.
    assert found.largest_loss == Fraction(1, 15) / Fraction(2, 16) - 1
    assert found.largest_gain == Fraction(1, 15)
    assert found.inversions == 0
    assert (found.largest_before, found.largest_after) == (1, 1)
    many = [1] * 30 + [10] * 10
    assert distortion(many, [1] * 40).largest_before == Fraction(100, 130)
    assert distortion(many, [1] * 40).largest_after == Fraction(10, 40)
    assert distortion(many, many).largest_loss == distortion(many, many).largest_gain == 0
    # Three who outweighed somebody weigh less than them now; equals among themselves do not count.
    assert distortion([1, 2, 3, 3, 4], [5, 4, 4, 6, 1]).inversions == 3


def test_a_census_in_classes_names_nobody() -> None:
    weights = holders("census", 40)
    entries = tuple(
        CensusEntry(bytes([number] * 20), bytes([99] * 20), weight)
        for number, weight in enumerate(weights, start=1)
    )
    census = Census(entries)
    assert census.identifying_weights()
    for rule in RULES:
        made = in_classes(census, rule)
        assert not made.identifying_weights()
        assert [(one.account, one.signing_key) for one in made.entries] == [
            (one.account, one.signing_key) for one in entries
        ]
    with pytest.raises(Rejected, match="C3"):
        in_classes(Census(entries[:4]), 1)
