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
from ostraka_verifier.content import InMemory, Within
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import AuditError, Undecided
from ostraka_verifier.packed_census import PackedCensus, read_census

MOST = 2**128 - 1
ZERO = bytes(20)


@pytest.fixture(autouse=True, params=[1, 2, 16, 1 << 13])
def block_entries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Blocks of few entries, so that a small census has many of them; and as they are."""
    size = int(request.param)
    monkeypatch.setattr("ostraka_verifier.packed_census.BLOCK_ENTRIES", size)
    if size < 1 << 13:
        monkeypatch.setattr("ostraka_verifier.packed_census.COUNTED_AT_ONCE", size)
    return size


def address(number: int) -> bytes:
    return number.to_bytes(20, "big")


def encoded(entries: list[CensusEntry], count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return number.to_bytes(4, "big") + b"".join(entry.encode() for entry in entries)


def packed(data: bytes) -> PackedCensus:
    return PackedCensus(Within.all_of(data))


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
            assert facts(packed(data), others) == facts(Census.decode(data), others)


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
            assert said(lambda: list(packed(data).entries)) == expected  # noqa: B023


def test_an_account_twice_or_out_of_order_is_named() -> None:
    entries = sample(Random(9), 6)
    for faulty in ([*entries, entries[-1]], entries[::-1], [*entries, *entries], []):
        data = encoded(faulty)
        assert said(lambda: packed(data)) == said(lambda: Census.decode(data))  # noqa: B023
        assert said(lambda: packed(data))[0] != "result"  # noqa: B023


def test_weights_are_added_up_to_the_last_one() -> None:
    halves = [CensusEntry(address(n), address(n), 2**127) for n in (1, 2)]
    assert packed(encoded([halves[0], replace(halves[1], weight=2**127 - 1)])).tree.sum == MOST
    expected = said(lambda: Census.decode(encoded(halves)))
    assert said(lambda: packed(encoded(halves))) == expected
    assert "add up to 2^128 or more" in expected[1]
    assert expected[2]["check"] == "C1"


def test_bytes_that_are_no_census_are_refused_alike() -> None:
    entries = sample(Random(10), 3)
    data = encoded(entries)
    for wrong in (b"", data[:3], data[:-1], data + b"\0", encoded(entries, 2), encoded(entries, 4)):
        expected = said(lambda: Census.decode(wrong))  # noqa: B023
        assert said(lambda: packed(wrong)) == expected  # noqa: B023
        assert expected[0] != "result"


def test_the_engine_chooses_the_form() -> None:
    data = encoded(sample(Random(11), 3))
    content = Within.all_of(data)
    readable, native = read_census(content, "reference"), read_census(content, "native")
    assert isinstance(readable, Census)
    assert readable.engine == "reference"
    assert isinstance(native, PackedCensus)
    assert readable.tree == native.tree


class Recorded(InMemory):
    """Bytes that know which of them were read, and may change."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.read_bytes = list[range]()

    def change(self, place: int) -> None:
        """Change one byte."""
        data = bytearray(self._data)
        data[place] ^= 1
        self._data = bytes(data)

    def read(self, start: int, size: int) -> bytes:
        """Return bytes as `InMemory.read`."""
        self.read_bytes.append(range(start, start + size))
        return super().read(start, size)


def test_entries_are_read_where_they_are(block_entries: int) -> None:
    random = Random(12)
    entries = sample(random, 40)
    content = Recorded(encoded(entries))
    blocks = PackedCensus(Within(content, 0, len(encoded(entries)))).blocks
    for wanted in range(0, 60, 3):
        accounts = sorted(random.sample(range(1, 61), wanted))
        expected = [entry for entry in entries if int.from_bytes(entry.account, "big") in accounts]
        content.read_bytes.clear()
        found = blocks.entries_of(b"".join(map(address, accounts)))
        assert found == b"".join(entry.encode() for entry in expected)
        # A block that no account can be in stays unread, and no block is read twice.
        assert len(content.read_bytes) <= min(wanted, -(-40 // block_entries))
        assert all(len(one) <= 56 * block_entries for one in content.read_bytes)
    assert blocks.entries_of(b"") == b""


def test_a_census_that_changes_while_it_is_read_has_no_verdict() -> None:
    entries = sample(Random(13), 20)
    content = Recorded(encoded(entries))
    census = PackedCensus(Within(content, 0, len(encoded(entries))))
    # The last byte is of the last weight.
    content.change(len(encoded(entries)) - 1)
    with pytest.raises(Undecided, match="not those that were read before"):
        list(census.entries)
    with pytest.raises(Undecided, match="not those that were read before"):
        census.identifying_weight()


def test_the_digest_is_of_all_entries() -> None:
    entries = sample(Random(14), 20)
    digest = packed(encoded(entries)).blocks.index.digest
    assert packed(encoded(entries)).blocks.index.digest == digest
    for at in range(20):
        changed = [*entries[:at], replace(entries[at], weight=9), *entries[at + 1 :]]
        assert packed(encoded(changed)).blocks.index.digest != digest


def test_the_native_census_refuses_what_it_cannot_read() -> None:
    readers: tuple[Callable[[bytes], object], ...] = (
        lambda data: native.CensusScan(1, 1).add(data),
        lambda data: native.WeightCounts(1).add(0, data),
        lambda data: native.KeyCounts(1).add(0, data),
        lambda data: native.census_entries_of(data, b""),
        lambda data: native.census_first_differing(data, b""),
        lambda data: native.census_first_absent(b"", data),
        native.census_tree_root,
    )
    for read in readers:
        with pytest.raises(ValueError, match="length 55 is not a multiple of 56"):
            read(bytes(55))
    with pytest.raises(ValueError, match="20 bytes each"):
        native.census_entries_of(b"", bytes(19))
    for size in (0, 3):
        with pytest.raises(ValueError, match="powers of 2"):
            native.CensusScan(1, size)
    scan = native.CensusScan(3, 2)
    with pytest.raises(ValueError, match="1 entries, not 2"):
        scan.add(bytes(56))
    assert scan.add(bytes(112)) == 0


def test_the_native_census_adds_up_no_further_than_weights_go() -> None:
    heavy = b"".join(address(number) * 2 + b"\xff" * 16 for number in (1, 2))
    for size in (1, 2):
        scan = native.CensusScan(2, size)
        for at in range(0, 112, 56 * size):
            assert scan.add(heavy[at : at + 56 * size]) is None
        assert scan.total_weight is None
        with pytest.raises(OverflowError):
            scan.tree_root()
    with pytest.raises(OverflowError):
        native.census_tree_root(heavy)


def test_as_many_keys_as_are_asked_for_are_counted_at_once() -> None:
    block = b"".join(address(n) * 2 + unsigned(n, 16) for n in (1, 2, 2, 3))
    for counts in (native.WeightCounts, native.KeyCounts):
        readings = []
        for most in (0, 1, 2, 3, 4):
            one, number = counts(most), 1
            one.add(0, block)
            while one.advance():
                one.add(0, block)
                number += 1
            readings.append(number)
        assert readings == [3, 3, 2, 1, 1]


def test_a_stretch_of_content_has_no_bytes_outside_itself() -> None:
    content = Within(InMemory(b"0123456789"), 2, 5)
    assert [content.reach(end) for end in (0, 3, 5, 8)] == [0, 3, 5, 5]
    assert [content.read(start, 3) for start in (0, 4, 5, 9)] == [b"234", b"6", b"", b""]
