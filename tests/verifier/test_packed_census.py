"""A census read by the native engine: the same errors, counts and entries as the readable one.

Source: docs/protocol.md §6.1, §6.4, §13.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import ostraka_verifier_native as native
import pytest

from ostraka_verifier.census import Census, CensusEntry, CensusView
from ostraka_verifier.errors import AuditError
from ostraka_verifier.packed_census import PackedCensus, read_census

MOST = 2**128 - 1
ZERO = bytes(20)


def address(number: int) -> bytes:
    return number.to_bytes(20, "big")


def encoded(entries: list[CensusEntry], count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return number.to_bytes(4, "big") + b"".join(entry.encode() for entry in entries)


def sample(random: Random, voters: int) -> list[CensusEntry]:
    """Entries in order, of few weights and keys, so that some are rare and some are shared."""
    accounts = sorted(random.sample(range(1, 60), voters))
    keys = [random.choice((account, random.randrange(1, 60))) for account in accounts]
    return [
        CensusEntry(address(account), address(key), random.choice((1, 1, 1, 7, 2**100)))
        for account, key in zip(accounts, keys, strict=True)
    ]


def said(read: Callable[[], object]) -> tuple[Any, ...]:
    """The error of a call, or its result."""
    try:
        return "result", read()
    except AuditError as error:
        return type(error), str(error), error.__dict__


def facts(census: CensusView, others: list[Census]) -> list[object]:
    """Everything that a check can ask."""
    found: list[object] = [len(census), census.total_weight, census.tree, list(census.entries)]
    found += [census.identifying_weight(), census.shared_keys(), census.other_keys()]
    found += [census.find(address(account)) for account in range(61)]
    for other in others:
        found += [census.first_differing(other), census.first_left_out(other)]
    return found


def test_what_is_asked_of_a_valid_census_has_one_answer() -> None:
    random = Random(6)
    for voters in (1, 2, 3, 5, 8, 13, 21, 34, 55):
        for _ in range(8):
            entries = sample(random, voters)
            changed = replace(random.choice(entries), weight=8)
            others = [
                Census(tuple(entries)),
                Census(tuple(sample(random, voters))),
                Census(tuple(entries[1:] or entries)),
                Census(tuple(entries[:-1] or entries)),
                Census(
                    tuple(changed if one.account == changed.account else one for one in entries)
                ),
            ]
            data = encoded(entries)
            assert facts(PackedCensus(data), others) == facts(Census.decode(data), others)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: replace(entry, account=ZERO),
        lambda entry: replace(entry, signing_key=ZERO),
        lambda entry: replace(entry, weight=0),
        lambda entry: replace(entry, weight=MOST),
        lambda entry: replace(entry, account=address(1)),
        lambda entry: replace(entry, account=address(2**160 - 1)),
        lambda entry: CensusEntry(ZERO, ZERO, 0),
    ],
)
def test_a_fault_anywhere_has_the_same_words(change: Callable[[CensusEntry], CensusEntry]) -> None:
    entries = sample(Random(8), 20)
    for at in range(len(entries)):
        for also in (at, 19):
            faulty = list(entries)
            faulty[at], faulty[also] = change(faulty[at]), change(faulty[also])
            data = encoded(faulty)
            expected = said(lambda: list(Census.decode(data).entries))  # noqa: B023
            assert said(lambda: list(PackedCensus(data).entries)) == expected  # noqa: B023


def test_an_account_twice_or_out_of_order_is_named() -> None:
    entries = sample(Random(9), 6)
    for faulty in ([*entries, entries[-1]], entries[::-1], [*entries, *entries], []):
        data = encoded(faulty)
        assert said(lambda: PackedCensus(data)) == said(lambda: Census.decode(data))  # noqa: B023
        assert said(lambda: PackedCensus(data))[0] != "result"  # noqa: B023


def test_weights_are_added_up_to_the_last_one() -> None:
    halves = [CensusEntry(address(n), address(n), 2**127) for n in (1, 2)]
    assert (
        PackedCensus(encoded([halves[0], replace(halves[1], weight=2**127 - 1)])).tree.sum == MOST
    )
    expected = said(lambda: Census.decode(encoded(halves)))
    assert said(lambda: PackedCensus(encoded(halves))) == expected
    assert "add up to 2^128 or more" in expected[1]


def test_bytes_that_are_no_census_are_refused_alike() -> None:
    entries = sample(Random(10), 3)
    data = encoded(entries)
    for wrong in (b"", data[:3], data[:-1], data + b"\0", encoded(entries, 2), encoded(entries, 4)):
        expected = said(lambda: Census.decode(wrong))  # noqa: B023
        assert said(lambda: PackedCensus(wrong)) == expected  # noqa: B023
        assert expected[0] != "result"


def test_the_engine_chooses_the_form() -> None:
    data = encoded(sample(Random(11), 3))
    readable, packed = read_census(data, "reference"), read_census(data, "native")
    assert isinstance(readable, Census)
    assert readable.engine == "reference"
    assert isinstance(packed, PackedCensus)
    assert readable.tree == packed.tree


def test_the_native_census_refuses_what_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="length 55 is not a multiple of 56"):
        native.Census(bytes(55))
    one = native.Census(bytes(56))
    assert (len(one), one.entry(0), one.entry(1), one.first_fault()) == (1, bytes(56), None, 0)
    with pytest.raises(ValueError, match="19"):
        one.find(bytes(19))
    heavy = native.Census((address(1) * 2 + b"\xff" * 16) * 2)
    assert heavy.total_weight() is None
    with pytest.raises(OverflowError):
        heavy.tree_root()
