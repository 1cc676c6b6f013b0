"""Structs are read by the names of their fields, against an encoder that others wrote."""

from typing import Any

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ostraka_verifier.abi import MAX_ENTRIES, Decoded, Event, ListOf, Struct
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import Malformed

INNER = Struct((("x", "uint256"), ("y", "bytes32")))
PAIR = Struct((("node", "uint8"), ("signature", "bytes")))
WHOLE = Struct(
    (
        ("number", "uint64"),
        ("inner", INNER),
        ("account", "address"),
        ("flag", "bool"),
        ("text", "string"),
        ("pair", PAIR),
        ("pairs", ListOf(PAIR)),
        ("inners", ListOf(INNER)),
        ("words", "bytes32[]"),
        ("numbers", "uint16[]"),
        ("strings", "string[]"),
    )
)
words = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, (1 << 256) - 1)
pairs = st.tuples(st.integers(0, 255), st.binary(max_size=70))
inners = st.tuples(numbers, words)
values = st.tuples(
    st.integers(0, (1 << 64) - 1),
    inners,
    st.binary(min_size=20, max_size=20),
    st.booleans(),
    st.text(max_size=40),
    pairs,
    st.lists(pairs, max_size=3),
    st.lists(inners, max_size=3),
    st.lists(words, max_size=3),
    st.lists(st.integers(0, (1 << 16) - 1), max_size=3),
    st.lists(st.text(max_size=40), max_size=3),
)


def encoded(whole: tuple[Any, ...]) -> bytes:
    number, inner, account, *rest = whole
    kinds = WHOLE.signature[1:-1]
    types, depth, start = [], 0, 0
    for at, character in enumerate(f"{kinds},"):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            types.append(kinds[start:at])
            start = at + 1
    return encode(types, [number, inner, "0x" + account.hex(), *rest])


def inner_of(read: Decoded) -> tuple[int, bytes]:
    return read.number("x"), read.word("y")


def pair_of(read: Decoded) -> tuple[int, bytes]:
    return read.number("node"), read.byte_string("signature")


def read_all(data: bytes) -> tuple[Any, ...]:
    read = WHOLE.decode(data, "whole")
    return (
        read.number("number"),
        inner_of(read.struct("inner")),
        read.address("account"),
        read.flag("flag"),
        read.byte_string("text").decode(),
        pair_of(read.struct("pair")),
        [pair_of(one) for one in read.structs("pairs")],
        [inner_of(one) for one in read.structs("inners")],
        list(read.words("words")),
        list(read.numbers("numbers")),
        [one.decode() for one in read.byte_strings("strings")],
    )


@given(values)
def test_what_was_encoded_is_read(whole: tuple[Any, ...]) -> None:
    assert read_all(encoded(whole)) == whole


@given(values, st.data())
def test_data_cut_short_or_changed_is_malformed_or_read(whole: tuple[Any, ...], data: Any) -> None:
    good = encoded(whole)
    cut = data.draw(st.integers(0, len(good) - 1))
    at = data.draw(st.integers(0, len(good) // 32 - 1)) * 32
    changed = good[:at] + word(data.draw(numbers)) + good[at + 32 :]
    for bad in (good[:cut], changed):
        try:
            read_all(bad)
        except (Malformed, UnicodeDecodeError):
            continue


def test_missing_bytes_name_the_field() -> None:
    data = word(32) + word(3) + b"ab"
    answer = Struct((("mode", "string"),))
    with pytest.raises(Malformed) as caught:
        answer.decode(data, "CLOCK_MODE()").byte_string("mode")
    assert (caught.value.item, caught.value.reason) == ("CLOCK_MODE().mode", "1 bytes missing")


def test_lists_are_bounded() -> None:
    answer = Struct((("awards", "uint256[]"),))
    for count in (MAX_ENTRIES + 1, 1 << 255):
        with pytest.raises(Malformed, match=f"awards: length {count}, at most 65536"):
            answer.decode(word(32) + word(count), "awards()").words("awards")


def test_a_whole_struct_has_neither_less_nor_more() -> None:
    good = word(7) + word(8)
    assert INNER.decode_whole(good, "inner").number("x") == 7
    with pytest.raises(Malformed, match="32 bytes missing"):
        INNER.decode_whole(good[:32], "inner")
    with pytest.raises(Malformed, match="1 bytes too many"):
        INNER.decode_whole(good + b"\0", "inner")


def test_a_struct_of_fixed_length_has_an_encoding() -> None:
    outer = Struct((("before", "uint8"), ("inner", INNER), ("after", "bytes")))
    data = word(1) + word(2) + word(3) + word(128) + word(0)
    assert outer.decode(data, "outer").encoded("inner") == word(2) + word(3)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("number", "account"),
        ("address", "number"),
        ("flag", "number"),
        ("word", "text"),
        ("word", "inner"),
        ("struct", "number"),
        ("structs", "words"),
        ("byte_string", "words"),
        ("words", "strings"),
        ("words", "number"),
        ("numbers", "words"),
        ("byte_strings", "words"),
        ("encoded", "pair"),
    ],
)
def test_a_wrong_type_is_a_bug(method: str, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(WHOLE.decode(bytes(1024), "whole"), method)(name)


def test_an_unknown_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        WHOLE.decode(bytes(1024), "whole").word("missing")


def test_an_event_has_its_topics() -> None:
    event = Event("Opened", (("id", "uint256"), ("by", "address")), Struct((("pair", PAIR),)))
    assert event.topic == keccak256(b"Opened(uint256,address,(uint8,bytes))")
    assert event.topics(5) == (event.topic, word(5))
    assert (event.place("id"), event.place("by")) == (1, 2)
