"""The contract ABI: structs whose declarations name their fields, read by those names.

A field is read when it is asked for; bytes that no field refers to are ignored. Numbers are not
checked against the range of their type. Fields may not share their content: otherwise a lying
endpoint could let many entries of a list refer to one long string, and each would become a copy.

Source: the contract ABI specification. Tests: tests/verifier/test_abi.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.encoding import ADDRESS_BYTES, WORD_BYTES, Reader, keccak256, word
from ostraka_verifier.errors import Malformed
from ostraka_verifier.units import UnixSeconds

MAX_ENTRIES = 1 << 16
"""Entries of a list, or bytes of a string: far more than any poll has. A longer one is refused, so
that a lying endpoint cannot make us allocate."""

_BYTE_STRINGS = ("bytes", "string")


@dataclass(frozen=True)
class Struct:
    """The fields of a Solidity struct, or the values that a function or an event gives, in order.

    Attributes:
        fields: Name and type of each. A type is Solidity's name of one, "bytes32" or "address[]"
            say, another struct, or a list of structs.
    """

    fields: "tuple[tuple[str, Type], ...]"

    @property
    def signature(self) -> str:
        """Its type as signatures of functions and events write it."""
        return f"({','.join(_signature(kind) for _, kind in self.fields)})"

    @cached_property
    def is_dynamic(self) -> bool:
        """Whether its length depends on its values."""
        return any(_is_dynamic(kind) for _, kind in self.fields)

    @cached_property
    def head_bytes(self) -> int:
        """Length of its values, with an offset in place of each dynamic one."""
        return sum(_head_bytes(kind) for _, kind in self.fields)

    @cached_property
    def places(self) -> "dict[str, tuple[int, Type]]":
        """By name, the byte at which a field begins in the struct, and its type."""
        found, at = {}, 0
        for name, kind in self.fields:
            found[name] = at, kind
            at += _head_bytes(kind)
        return found

    def decode(self, data: bytes, subject: str) -> "Decoded":
        """Return the struct at the start of `data`.

        Args:
            subject: Names the struct in errors.
        """
        return Decoded(self, data, 0, subject, _Budget(len(data)))

    def decode_whole(self, data: bytes, subject: str) -> "Decoded":
        """Return the struct, without dynamic fields, that `data` is; Malformed if it is not."""
        reader = Reader(data, subject)
        reader.skip(self.head_bytes, "fields")
        reader.end()
        return self.decode(data, subject)


@dataclass(frozen=True)
class ListOf:
    """A list of structs of any length."""

    entry: Struct


Type = str | Struct | ListOf


@dataclass(frozen=True)
class Event:
    """An event of a contract.

    Attributes:
        indexed: Name and type of the parameters that are topics. They come first in all our events.
        data: The other parameters.
    """

    name: str
    indexed: tuple[tuple[str, str], ...]
    data: Struct

    @cached_property
    def topic(self) -> bytes:
        """The first topic of such an event, 32 bytes."""
        parameters = Struct((*self.indexed, *self.data.fields))
        return keccak256(f"{self.name}{parameters.signature}".encode())

    def place(self, name: str) -> int:
        """Return which topic of such an event is an indexed parameter; the first topic is 0."""
        return 1 + [indexed for indexed, _ in self.indexed].index(name)

    def topics(self, *values: int | bytes) -> tuple[bytes, ...]:
        """Return the topics of such an event whose first indexed parameters have these values."""
        return (self.topic, *(word(value) for value in values))

    def decode(self, data: bytes) -> "Decoded":
        """Return the parameters that are not topics."""
        return self.data.decode(data, self.name)


class _Budget:
    """Bytes that the lists and byte strings of one answer may still take.

    An encoder writes each of them once, so together they are no longer than the answer.
    """

    def __init__(self, size: int) -> None:
        self._left = size
        self._taken: set[str] = set()

    def take(self, size: int, subject: str) -> None:
        """Count the bytes of a field when it is read for the first time.

        Raises:
            Malformed: The fields are longer than the answer.
        """
        if subject in self._taken:
            return
        self._taken.add(subject)
        self._left -= size
        if self._left < 0:
            raise Malformed(subject, "the fields share content, and are longer than the answer")


class Decoded:
    """The values of one struct by the names of its fields.

    Every method takes a name, and raises Malformed, naming the field, if the data ends before the
    value does. A name or a type that the declaration does not have is a bug: KeyError, TypeError.
    """

    def __init__(
        self, struct: Struct, data: bytes, start: int, subject: str, budget: _Budget
    ) -> None:
        """Args:
        data: What offsets are counted in, from `start`.
        start: Where the struct begins.
        budget: Shared by all structs of one answer.
        """
        self._struct = struct
        self._data = data
        self._start = start
        self._subject = subject
        self._budget = budget

    def word(self, name: str) -> bytes:
        """Return the 32 bytes of an elementary value."""
        at, kind = self._struct.places[name]
        if not isinstance(kind, str) or _is_dynamic(kind):
            raise TypeError(f"{self._subject}.{name} is no word")
        return self._take(self._start + at, WORD_BYTES, name)

    def number(self, name: str) -> int:
        """Return an unsigned integer."""
        return int.from_bytes(self._typed(name, "uint"), "big")

    def moment(self, name: str) -> UnixSeconds:
        """Return an unsigned integer that is a moment."""
        return UnixSeconds(self.number(name))

    def address(self, name: str) -> bytes:
        """Return the 20 bytes of an address."""
        return self._typed(name, "address")[-ADDRESS_BYTES:]

    def flag(self, name: str) -> bool:
        """Return a truth value: whether any bit is set."""
        return any(self._typed(name, "bool"))

    def encoded(self, name: str) -> bytes:
        """Return the bytes of a struct without dynamic fields."""
        at, kind = self._struct.places[name]
        if not isinstance(kind, Struct) or kind.is_dynamic:
            raise TypeError(f"{self._subject}.{name} has no encoding of its own")
        return self._take(self._start + at, kind.head_bytes, name)

    def struct(self, name: str) -> "Decoded":
        """Return a struct within the struct."""
        at, kind = self._struct.places[name]
        if not isinstance(kind, Struct):
            raise TypeError(f"{self._subject}.{name} is no struct")
        start = self._tail(name) if kind.is_dynamic else self._start + at
        return Decoded(kind, self._data, start, f"{self._subject}.{name}", self._budget)

    def structs(self, name: str) -> "list[Decoded]":
        """Return the entries of a list of structs."""
        kind = self._struct.places[name][1]
        if not isinstance(kind, ListOf):
            raise TypeError(f"{self._subject}.{name} is not a list of structs")
        return [
            Decoded(
                kind.entry, self._data, start, f"{self._subject}.{name}[{number}]", self._budget
            )
            for number, start in enumerate(self._entries(name, kind.entry))
        ]

    def byte_string(self, name: str) -> bytes:
        """Return the content of `bytes`, or of a `string` in UTF-8."""
        if self._struct.places[name][1] not in _BYTE_STRINGS:
            raise TypeError(f"{self._subject}.{name} is no byte string")
        return self._content(self._tail(name), name, name)

    def words(self, name: str) -> tuple[bytes, ...]:
        """Return the entries of a list of elementary values, 32 bytes each."""
        entry = self._entry(name)
        if _is_dynamic(entry):
            raise TypeError(f"{self._subject}.{name} is not a list of words")
        starts = self._entries(name, entry)
        return tuple(self._take(start, WORD_BYTES, name) for start in starts)

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return the entries of a list of unsigned integers."""
        if not self._entry(name).startswith("uint"):
            raise TypeError(f"{self._subject}.{name} is not a list of numbers")
        return tuple(int.from_bytes(one, "big") for one in self.words(name))

    def byte_strings(self, name: str) -> tuple[bytes, ...]:
        """Return the entries of a list of `bytes` or `string`."""
        entry = self._entry(name)
        if entry not in _BYTE_STRINGS:
            raise TypeError(f"{self._subject}.{name} is not a list of byte strings")
        starts = self._entries(name, entry)
        return tuple(
            self._content(start, name, f"{name}[{number}]") for number, start in enumerate(starts)
        )

    def _typed(self, name: str, kind: str) -> bytes:
        found = self._struct.places[name][1]
        if not isinstance(found, str) or not found.startswith(kind):
            raise TypeError(f"{self._subject}.{name} is no {kind}")
        return self.word(name)

    def _entry(self, name: str) -> str:
        kind = self._struct.places[name][1]
        if not isinstance(kind, str) or not kind.endswith("[]"):
            raise TypeError(f"{self._subject}.{name} is no list")
        return kind.removesuffix("[]")

    def _tail(self, name: str) -> int:
        """Return where the content of a dynamic field begins."""
        at = self._start + self._struct.places[name][0]
        return self._start + self._unsigned(at, name)

    def _entries(self, name: str, entry: "str | Struct") -> Sequence[int]:
        """Return where each entry of a list begins."""
        tail = self._tail(name)
        first, count = tail + WORD_BYTES, self._length(tail, name)
        size = _head_bytes(entry)
        within = entry.head_bytes if isinstance(entry, Struct) and entry.is_dynamic else 0
        self._budget.take(WORD_BYTES + count * (size + within), f"{self._subject}.{name}")
        if not _is_dynamic(entry):
            return range(first, first + count * size, size)
        return [first + self._unsigned(first + WORD_BYTES * n, name) for n in range(count)]

    def _content(self, tail: int, name: str, place: str) -> bytes:
        size = self._length(tail, name)
        self._budget.take(WORD_BYTES + size, f"{self._subject}.{place}")
        return self._take(tail + WORD_BYTES, size, name)

    def _length(self, tail: int, name: str) -> int:
        count = self._unsigned(tail, name)
        if count > MAX_ENTRIES:
            raise Malformed(f"{self._subject}.{name}", f"length {count}, at most {MAX_ENTRIES}")
        return count

    def _unsigned(self, at: int, name: str) -> int:
        return int.from_bytes(self._take(at, WORD_BYTES, name), "big")

    def _take(self, at: int, size: int, name: str) -> bytes:
        return Reader(self._data[at : at + size], self._subject).take(size, name)


def _signature(kind: Type) -> str:
    if isinstance(kind, ListOf):
        return f"{kind.entry.signature}[]"
    return kind.signature if isinstance(kind, Struct) else kind


def _is_dynamic(kind: Type) -> bool:
    if isinstance(kind, Struct):
        return kind.is_dynamic
    return isinstance(kind, ListOf) or kind in _BYTE_STRINGS or kind.endswith("[]")


def _head_bytes(kind: Type) -> int:
    return kind.head_bytes if isinstance(kind, Struct) and not kind.is_dynamic else WORD_BYTES
