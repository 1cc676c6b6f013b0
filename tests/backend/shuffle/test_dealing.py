"""What the first member of a group draws (§19.5)."""

from collections import Counter
from itertools import permutations, product

import pytest

from ostraka.node.shuffle.dealing import (
    MemberDeal,
    draw_below,
    draw_deal,
    draw_permutation,
)
from ostraka.randomness import system
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed
from tests.support.randomness import SeededRandomness


class Scripted:
    """Randomness that is told what to draw."""

    def __init__(self, drawn: list[int]) -> None:
        self.drawn = drawn

    def bytes(self, size: int) -> bytes:
        return unsigned(self.drawn.pop(0), size)

    def scalar(self) -> int:
        raise AssertionError("no scalar is needed")


def test_every_permutation_comes_from_the_same_number_of_draws() -> None:
    for count in (1, 2, 3, 4):
        bounds = [range(bound) for bound in range(count, 1, -1)]
        seen = Counter(draw_permutation(count, Scripted(list(drawn))) for drawn in product(*bounds))
        assert seen == Counter(permutations(range(count)))


def test_draws_above_the_last_multiple_are_drawn_again() -> None:
    # 2^64 = 3 · 6148914691236517205 + 1: one number too many for 0.
    assert draw_below(3, Scripted([2**64 - 1, 2**64 - 2])) == 2
    assert draw_below(1, Scripted([2**64 - 1])) == 0
    assert draw_below(2**32, Scripted([2**64 - 1])) == 2**32 - 1


def test_positions_are_uniform() -> None:
    """Chi-square over 49 cells with 36 degrees of freedom, at a fixed seed."""
    count, rounds, randomness = 7, 5000, SeededRandomness("positions")
    cells = Counter(
        (place, output)
        for _ in range(rounds)
        for output, place in enumerate(draw_permutation(count, randomness))
    )
    expected = rounds / count
    statistic = sum(
        (cells[cell] - expected) ** 2 / expected for cell in product(range(7), repeat=2)
    )
    assert 14.4 < statistic < 73  # each tail has less than one in 2,000


def test_blindings_add_up_to_zero_and_nothing_repeats() -> None:
    deal = draw_deal((1, 3, 4), 6, system)
    everything = [one for member in deal.members for one in member.blindings]
    assert len(everything) == len(set(everything)) == 18
    assert sum(everything) % R == 0
    assert sum(deal.blindings) % R == 0
    assert {member.permutation for member in deal.members} == {deal.permutation}
    assert draw_deal((1, 2), 1, system).blindings == [0]
    assert draw_deal((1, 3, 4), 6, system) != deal


def test_a_deal_has_one_encoding() -> None:
    member = draw_deal((1, 2), 5, system).members[1]
    data = member.encode()
    assert len(data) == 36 * 5
    assert MemberDeal.decode(data, 5) == member
    first, second = data[:4], data[4:8]
    for bad in (
        data[:-1],
        data + b"\0",
        first + first + data[8:],
        second + second + data[8:],
        bytes(4) + data[4:],
        unsigned(6, 4) + data[4:],
        data[:-32] + unsigned(R, 32),
    ):
        with pytest.raises(Malformed, match="deal"):
            MemberDeal.decode(bad, 5)


def test_secrets_are_not_printed() -> None:
    deal = draw_deal((1, 2), 3, system)
    shown = f"{deal!r} {deal.members[0]!r}"
    assert not any(str(secret) in shown for secret in deal.members[0].blindings)
    assert str(deal.permutation) not in shown
