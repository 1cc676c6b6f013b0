"""Which committees may shuffle, and which groups cover (§19.1, §19.3)."""

from itertools import combinations

import pytest

from ostraka_verifier.shuffle import covers, fewest_groups, is_group, may_shuffle


@pytest.mark.parametrize("committee", [(3, 2, 0), (4, 2, 1), (5, 2, 1), (6, 3, 1), (7, 3, 2)])
def test_committees_with_enough_nodes_may_shuffle(committee: tuple[int, int, int]) -> None:
    assert may_shuffle(*committee)


def test_others_may_not() -> None:
    assert not may_shuffle(5, 3, 1)
    assert not may_shuffle(8, 2, 1)


def test_of_four_nodes_every_three_have_one_of_two_bad_ones() -> None:
    assert fewest_groups(5, 3, present=(1, 2, 3, 4)) is None


@pytest.mark.parametrize(
    ("nodes", "threshold", "count"),
    [(3, 2, 3), (4, 2, 2), (5, 2, 2), (7, 2, 2), (6, 3, 6), (7, 3, 5), (5, 3, 10), (7, 4, 35)],
)
def test_the_fewest_groups_cover_and_fewer_do_not(nodes: int, threshold: int, count: int) -> None:
    groups = fewest_groups(nodes, threshold)
    assert groups is not None
    assert len(groups) == len(set(groups)) == count
    assert all(is_group(nodes, threshold, group) for group in groups)
    assert _hides_from_all(nodes, threshold, groups)
    if count <= 6:
        everything = combinations(range(1, nodes + 1), threshold)
        assert not any(
            _hides_from_all(nodes, threshold, fewer)
            for fewer in combinations(everything, count - 1)
        )


def test_five_of_seven_nodes_need_ten_groups() -> None:
    groups = fewest_groups(7, 3, present=(1, 3, 4, 6, 7))
    assert groups is not None
    assert len(groups) == 10
    assert set().union(*groups) == {1, 3, 4, 6, 7}
    assert covers(7, 3, groups)


def test_a_group_that_does_not_deliver_is_passed_over() -> None:
    first = fewest_groups(4, 2)
    assert first == ((1, 4), (2, 3))
    assert fewest_groups(4, 2, done=[(1, 4)]) == ((2, 3),)
    others = fewest_groups(4, 2, done=[(1, 4)], refused=[(2, 3)])
    assert others is not None
    assert len(others) == 2
    assert covers(4, 2, [(1, 4), *others])
    assert fewest_groups(4, 2, done=first) == ()


def test_larger_committees_are_not_searched() -> None:
    with pytest.raises(ValueError, match="8 nodes, at most 7"):
        fewest_groups(8, 2)


def test_groups_have_t_nodes_in_order() -> None:
    assert is_group(4, 2, (1, 4))
    for group in ((1,), (1, 2, 3), (2, 1), (2, 2), (0, 1), (1, 5), ()):
        assert not is_group(4, 2, group)


def _hides_from_all(nodes: int, threshold: int, groups: tuple[tuple[int, ...], ...]) -> bool:
    """The definition, written anew."""
    return all(
        any(not set(bad) & set(group) for group in groups)
        for bad in combinations(range(1, nodes + 1), threshold - 1)
    )
