"""Whatever is false about a posted census is found by asking for few of its places."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ostraka.chain.governor import PlacedEntry
from ostraka.planning.census_search import (
    AskFor,
    MissingAccount,
    WrongEntry,
    WrongOrder,
    WrongPadding,
    search,
)
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.census_tree import path_node, prove
from tests.support.false_census import FalseCensus

VOTERS = 300


def entry(number: int, weight: int = 1) -> CensusEntry:
    account = number.to_bytes(20, "big")
    return CensusEntry(account, account, weight)


RIGHT = Census(tuple(entry(10 * number, number) for number in range(1, VOTERS + 1)))


def found(false: list[CensusEntry], at_once: int = 8) -> tuple[object, int, int]:
    """What the search finds, after how many rounds, and how many places were asked for."""
    packed = b"".join(one.encode() for one in false)
    shown: dict[int, PlacedEntry] = {}
    for rounds in range(40):
        finding = search(RIGHT, len(false), shown.values(), at_once)
        if not isinstance(finding, AskFor):
            return finding, rounds, len(shown)
        assert 1 <= len(finding.places) <= at_once
        assert not shown.keys() & set(finding.places)
        for index in finding.places:
            shown[index] = PlacedEntry(index, false[index], prove(packed, index))
    raise AssertionError("nothing found")


def check(false: list[CensusEntry], finding: object) -> None:
    """The contract would accept the finding about a census instead of RIGHT."""
    check_against(RIGHT, false, finding)


def check_against(right: Census, false: Sequence[CensusEntry], finding: object) -> None:
    """The contract would accept the finding."""
    match finding:
        case WrongEntry(place):
            assert false[place.index] == place.entry
            assert right.by_account.get(place.entry.account) != place.entry
        case WrongOrder((first, second)):
            assert second.index == first.index + 1
            assert first.entry.account >= second.entry.account
        case MissingAccount(account, around):
            assert account in right.by_account
            indices = [place.index for place in around]
            if len(around) == 1:
                alone = around[0].entry.account
                assert indices == ([0] if account < alone else [len(false) - 1])
            else:
                assert indices == [indices[0], indices[0] + 1]
                assert around[0].entry.account < account < around[1].entry.account
        case _:
            raise AssertionError(finding)


@pytest.mark.parametrize("place", [0, 1, 149, VOTERS - 1])
def test_each_fraud_is_found(place: int) -> None:
    right = list(RIGHT.entries)
    heavier = [*right]
    heavier[place] = replace(right[place], weight=right[place].weight + 1)
    stolen = [*right]
    stolen[place] = replace(right[place], signing_key=bytes([7]) * 20)
    invented = sorted([*right, entry(10 * place + 5)], key=lambda one: one.account)
    exchanged = [*right[:place], entry(10 * place + 5), *right[place + 1 :]]
    expected = {WrongEntry: [heavier, stolen, invented, exchanged]}
    expected[MissingAccount] = [[*right[:place], *right[place + 1 :]]]  # type: ignore[index]
    for kind, censuses in expected.items():
        for false in censuses:
            finding, rounds, asked = found(false)
            check(false, finding)
            assert rounds <= 5
            assert asked <= 40
            if false is not invented:
                assert isinstance(finding, kind)


def test_a_voter_twice_and_voters_out_of_order_are_found() -> None:
    right = list(RIGHT.entries)
    for false in (
        [*right[:50], right[49], *right[50:]],
        [*right[:50], right[51], right[50], *right[52:]],
        [*right[200:], *right[:200]],
        right[::-1],
        [*right[:100], *right[:200]],
    ):
        finding, rounds, _ = found(false)
        check(false, finding)
        assert rounds <= 6


def test_many_frauds_at_once_are_found() -> None:
    source = random.Random(7)
    for _ in range(60):
        false = list(RIGHT.entries)
        for _ in range(source.randrange(1, 5)):
            place = source.randrange(len(false))
            match source.randrange(4):
                case 0:
                    false[place] = replace(false[place], weight=false[place].weight + 3)
                case 1:
                    del false[place]
                case 2:
                    false.insert(place, entry(source.randrange(1, 4000)))
                case 3:
                    other = source.randrange(len(false))
                    false[place], false[other] = false[other], false[place]
        if false == list(RIGHT.entries):
            continue
        finding, rounds, _ = found(false, source.choice([1, 3, 16]))
        check(false, finding)
        assert rounds <= 12


def test_a_false_number_of_entries_costs_no_more() -> None:
    first = search(RIGHT, 2**32 - 1, [], 8)
    assert isinstance(first, AskFor)
    assert max(first.places) <= VOTERS


def test_a_small_census_is_searched_to_the_last_place() -> None:
    small = [entry(10, 5)]
    finding, _, _ = found(small)
    check(small, finding)


@pytest.mark.parametrize("voters", [3, 5, 6, 7, 11])
@pytest.mark.parametrize("node", [(bytes([1]) * 32, 0), (bytes(32), 9), (bytes([1]) * 32, 9)])
def test_what_is_beyond_the_count_is_found(voters: int, node: tuple[bytes, int]) -> None:
    right = Census(tuple(entry(10 * number) for number in range(1, voters + 1)))
    depth = (voters - 1).bit_length()
    beyond = [
        (height, index)
        for height in range(depth)
        for index in range(1 << (depth - height))
        if index << height >= voters
    ]
    for place in beyond:
        false = FalseCensus(right.entries, {place: node})
        if false.tree == right.tree:
            # Below a node that is empty in any case.
            continue
        shown: list[PlacedEntry] = []
        for _ in range(voters + 1):
            finding = search(right, voters, shown, 2)
            if not isinstance(finding, AskFor):
                break
            assert finding.places
            shown += map(false.place, finding.places)
        assert isinstance(finding, WrongPadding)
        assert (finding.height, finding.index) == place
        assert (finding.node[:32], int.from_bytes(finding.node[32:], "big")) == node
        beside, above = finding.index ^ 1, finding.siblings[:48]
        assert above[:32] == false.levels[finding.height][beside][0]


def test_what_others_asked_for_changes_nothing() -> None:
    false = list(RIGHT.entries)
    false[201] = replace(false[201], weight=7)
    packed = b"".join(one.encode() for one in false)
    first = search(RIGHT, VOTERS, [], 4)
    assert isinstance(first, AskFor)
    by_others = [0, 1, 2, 3, 57, 299, first.places[0]]
    shown = [PlacedEntry(index, false[index], prove(packed, index)) for index in by_others]
    assert search(RIGHT, VOTERS, shown, 4) == AskFor(first.places[1:])


def test_where_nobody_has_a_weight_every_entry_is_wrong() -> None:
    false = [entry(10), entry(20)]
    assert search(None, 2, [], 8) == AskFor((0,))
    place = FalseCensus(false).place(0)
    assert search(None, 2, [place], 8) == WrongEntry(place)


def test_the_right_census_is_not_searched() -> None:
    small = Census((entry(10, 5),))
    place = PlacedEntry(0, small.entries[0], b"")
    with pytest.raises(ValueError, match="right one"):
        search(small, 1, [place], 1)


def test_whatever_is_false_about_a_tree_is_found() -> None:
    source = random.Random(11)
    ends = Counter(_end_of_search(source) for _ in range(600))
    assert ends.keys() == {"unshown", *map(str, KINDS)}, ends


KINDS = WrongEntry, MissingAccount, WrongOrder, WrongPadding


def _end_of_search(source: random.Random) -> str:
    """How the search in a random false tree ends; "unshown": at a place that has no path."""
    right = Census(tuple(entry(10 * number) for number in range(1, source.randrange(2, 18))))
    false = _random_tree(source, right)
    if false.tree == right.tree:
        return _end_of_search(source)
    places = {index: false.place(index) for index in range(len(false.entries))}
    showable = {
        index: place
        for index, place in places.items()
        if path_node(index, place.entry.encode(), place.siblings, len(place.siblings) // 48)
        == false.tree.hash + false.tree.sum.to_bytes(16, "big")
    }
    # Others asked for some.
    shown = {index: place for index, place in showable.items() if source.random() < 0.2}
    at_once = source.choice([1, 2, 16])
    for _ in range(len(places) + 1):
        finding = search(right, len(places), shown.values(), at_once)
        if not isinstance(finding, AskFor):
            if isinstance(finding, WrongPadding):
                assert finding.index << finding.height >= len(places)
                assert any(finding.node)
            else:
                check_against(right, false.entries, finding)
            return str(type(finding))
        assert 1 <= len(finding.places) <= at_once
        assert not shown.keys() & set(finding.places)
        if not showable.keys() >= set(finding.places):
            return "unshown"
        shown |= {index: places[index] for index in finding.places}
    raise AssertionError((right, false.entries, false.levels))


def _random_tree(source: random.Random, right: Census) -> FalseCensus:
    entries = list(right.entries)
    for _ in range(source.randrange(3)):
        place, other = source.randrange(len(entries)), source.randrange(len(entries))
        match source.randrange(5):
            case 0:
                entries[place] = replace(entries[place], weight=source.randrange(4))
            case 1 if len(entries) > 1:
                del entries[place]
            case 2:
                entries.insert(place, entry(source.randrange(1, 200)))
            case 3:
                entries[place], entries[other] = entries[other], entries[place]
            case _:
                entries.insert(place, entries[other])
    depth = (len(entries) - 1).bit_length()
    changed = {}
    for _ in range(source.randrange(2)):
        height = source.randrange(depth + 1)
        digest, total = bytes([source.randrange(2)]) * 32, source.randrange(3)
        changed[height, source.randrange(1 << (depth - height))] = (digest, total)
    return FalseCensus(entries, changed)
