"""The ballot rule: bits, slots and rows, common to every kind of ballot.

Questions make rules; proving, verifying and the contract know the general form only.

Source: docs/protocol.md §5. Vectors: tests/vectors/rule.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.commitment import MAX_GENERATORS
from ostraka_verifier.encoding import Reader, signed128, tagged_hash, unsigned
from ostraka_verifier.errors import Rejected

ROW_BOUND = 1 << 128
TALLY_BOUND = 1 << 200

Terms = tuple[tuple[int, int], ...]
"""(bit, coefficient) pairs, bits strictly increasing."""


@dataclass(frozen=True)
class Row:
    """`Σ e_l b_l = constant`."""

    terms: Terms
    constant: int


@dataclass(frozen=True)
class QuadraticRow:
    """`Σ_{j ∈ slots} v_j² + Σ e_l b_l = constant`."""

    slots: tuple[int, ...]
    terms: Terms
    constant: int


@dataclass(frozen=True)
class BallotRule:
    """A ballot rule that has passed every validity condition.

    Attributes:
        bits: Number of bits `m`.
        slots: For each slot its (bit, coefficient) terms.
        rows: Linear equations that every ballot obeys.
        quadratic_rows: Equations in squares of slots.

    Raises:
        Rejected: At construction, if a condition of §5.3 is broken (check P2).
    """

    bits: int
    slots: tuple[Terms, ...]
    rows: tuple[Row, ...] = ()
    quadratic_rows: tuple[QuadraticRow, ...] = ()

    def __post_init__(self) -> None:
        if self.bits < 1:
            raise _invalid("bits", "there is no bit")
        if not self.slots:
            raise _invalid("slots", "there is no slot")
        if self.width > MAX_GENERATORS:
            raise _invalid(
                "bits", f"{self.width} bits and quadratic rows, at most {MAX_GENERATORS}"
            )
        taken: set[int] = set()
        for number, terms in enumerate(self.slots):
            item = f"slots[{number}]"
            self._check_terms(terms, item, at_least_one=True)
            for bit, coefficient in terms:
                if coefficient < 0:
                    raise _invalid(item, f"coefficient of bit {bit} is negative")
                if bit in taken:
                    raise _invalid(item, f"bit {bit} belongs to two slots")
                taken.add(bit)
        for number, row in enumerate(self.rows):
            item = f"rows[{number}]"
            self._check_terms(row.terms, item, at_least_one=True)
            _check_signed128(row.constant, item, "constant")
            if _magnitude(row.terms) + abs(row.constant) >= ROW_BOUND:
                raise _invalid(item, "coefficients and constant reach 2^128")
        for number, quadratic in enumerate(self.quadratic_rows):
            item = f"quadratic_rows[{number}]"
            if not quadratic.slots:
                raise _invalid(item, "it has no slot")
            _check_increasing(quadratic.slots, len(self.slots), item, "slot")
            self._check_terms(quadratic.terms, item, at_least_one=False)
            _check_signed128(quadratic.constant, item, "constant")
            squares = sum(self.slot_maxima[slot] ** 2 for slot in quadratic.slots)
            if squares + _magnitude(quadratic.terms) + abs(quadratic.constant) >= ROW_BOUND:
                raise _invalid(item, "squares, coefficients and constant reach 2^128")

    def _check_terms(self, terms: Terms, item: str, *, at_least_one: bool) -> None:
        if at_least_one and not terms:
            raise _invalid(item, "it has no term")
        _check_increasing([bit for bit, _ in terms], self.bits, item, "bit")
        for bit, coefficient in terms:
            if coefficient == 0:
                raise _invalid(item, f"coefficient of bit {bit} is zero")
            _check_signed128(coefficient, item, f"coefficient of bit {bit}")

    @property
    def width(self) -> int:
        """Generators that a ballot uses: bits and quadratic rows."""
        return self.bits + len(self.quadratic_rows)

    @cached_property
    def slot_maxima(self) -> tuple[int, ...]:
        """Largest value of each slot."""
        return tuple(sum(coefficient for _, coefficient in terms) for terms in self.slots)

    @property
    def max_slot_value(self) -> int:
        """Largest value of any slot."""
        return max(self.slot_maxima)

    @cached_property
    def slots_are_bits(self) -> bool:
        """Whether slot `j` is exactly bit `j`, so that one commitment serves both (§5.6)."""
        return len(self.slots) == self.bits and all(
            terms == ((number, 1),) for number, terms in enumerate(self.slots)
        )

    def check_weight(self, total_weight: int) -> None:
        """Check that the tally of `total_weight` cannot wrap modulo `r`.

        Raises:
            Rejected: It could (check P2).
        """
        if total_weight * self.max_slot_value >= TALLY_BOUND:
            raise _invalid("slots", "total weight times largest slot value reaches 2^200")

    def slot_values(self, bits: Sequence[int]) -> list[int]:
        """Return the slot image of a vector over the integers: `v_j = Σ c_l b_l`."""
        return [sum(coefficient * bits[bit] for bit, coefficient in terms) for terms in self.slots]

    def violated(self, bits: Sequence[int]) -> str | None:
        """Return which condition a vector breaks, in words; None if it is a ballot."""
        if len(bits) != self.bits:
            return f"{len(bits)} bits, expected {self.bits}"
        for number, bit in enumerate(bits):
            if bit not in (0, 1):
                return f"bits[{number}] is {bit}, expected 0 or 1"
        for number, row in enumerate(self.rows):
            total = sum(coefficient * bits[bit] for bit, coefficient in row.terms)
            if total != row.constant:
                return f"rows[{number}] gives {total}, expected {row.constant}"
        values = self.slot_values(bits)
        for number, quadratic in enumerate(self.quadratic_rows):
            total = sum(values[slot] ** 2 for slot in quadratic.slots)
            total += sum(coefficient * bits[bit] for bit, coefficient in quadratic.terms)
            if total != quadratic.constant:
                return f"quadratic_rows[{number}] gives {total}, expected {quadratic.constant}"
        return None

    def encode(self) -> bytes:
        """Return canonical bytes (§5.2)."""
        counts = (self.bits, len(self.slots), len(self.rows), len(self.quadratic_rows))
        parts = [unsigned(count, 2) for count in counts]
        for terms in self.slots:
            parts += [unsigned(len(terms), 2), _encode_terms(terms)]
        for row in self.rows:
            parts += [
                unsigned(len(row.terms), 2),
                signed128(row.constant),
                _encode_terms(row.terms),
            ]
        for quadratic in self.quadratic_rows:
            parts += [unsigned(len(quadratic.slots), 2), unsigned(len(quadratic.terms), 2)]
            parts += [signed128(quadratic.constant)]
            parts += [unsigned(slot, 2) for slot in quadratic.slots]
            parts += [_encode_terms(quadratic.terms)]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "BallotRule":
        """Read canonical bytes.

        Raises:
            Malformed: Bytes are missing or left over.
            Rejected: A validity condition is broken (check P2).
        """
        reader = Reader(data, "rule")
        bits, slot_count, row_count, quadratic_count = (
            reader.unsigned(2, name) for name in ("bits", "slots", "rows", "quadratic_rows")
        )
        slots = tuple(
            _decode_terms(reader, reader.unsigned(2, f"slots[{number}]"), f"slots[{number}]")
            for number in range(slot_count)
        )
        rows = []
        for number in range(row_count):
            field = f"rows[{number}]"
            count = reader.unsigned(2, field)
            constant = reader.signed128(field)
            rows.append(Row(_decode_terms(reader, count, field), constant))
        quadratic_rows = []
        for number in range(quadratic_count):
            field = f"quadratic_rows[{number}]"
            used, count = reader.unsigned(2, field), reader.unsigned(2, field)
            constant = reader.signed128(field)
            members = tuple(reader.unsigned(2, field) for _ in range(used))
            quadratic_rows.append(
                QuadraticRow(members, _decode_terms(reader, count, field), constant)
            )
        reader.end()
        return cls(bits, slots, tuple(rows), tuple(quadratic_rows))

    @cached_property
    def digest(self) -> bytes:
        """Digest on chain, 32 bytes."""
        return tagged_hash("rule", self.encode())


def slack_coefficients(span: int) -> tuple[int, ...]:
    """Return coefficients of slack bits that reach exactly `0 … span` (§5.4); none for span 0."""
    if span < 0:
        raise ValueError(f"span {span} is negative")
    if span == 0:
        return ()
    low = span.bit_length() - 1
    return (*(1 << power for power in range(low)), span - ((1 << low) - 1))


def slack_bits(span: int, value: int) -> list[int]:
    """Return bits whose slack is `value`, one of possibly several representations."""
    if not 0 <= value <= span:
        raise ValueError(f"slack {value} outside 0 … {span}")
    bits = [0] * len(slack_coefficients(span))
    # The last coefficient is at most one more than the sum of all before it.
    for number, coefficient in reversed(list(enumerate(slack_coefficients(span)))):
        rest = sum(slack_coefficients(span)[:number])
        if value > rest:
            bits[number] = 1
            value -= coefficient
    return bits


def _invalid(item: str, reason: str) -> Rejected:
    return Rejected("P2", f"rule.{item}", reason)


def _check_signed128(value: int, item: str, noun: str) -> None:
    # A rule that cannot be encoded has no digest.
    if not -(1 << 127) <= value < 1 << 127:
        raise _invalid(item, f"{noun} is not an i128")


def _magnitude(terms: Terms) -> int:
    return sum(abs(coefficient) for _, coefficient in terms)


def _check_increasing(indices: Sequence[int], bound: int, item: str, noun: str) -> None:
    previous = -1
    for index in indices:
        if index <= previous:
            raise _invalid(item, f"{noun} {index} does not follow {previous} in strict order")
        if index >= bound:
            raise _invalid(item, f"{noun} {index} does not exist")
        previous = index


def _encode_terms(terms: Terms) -> bytes:
    return b"".join(unsigned(bit, 2) + signed128(coefficient) for bit, coefficient in terms)


def _decode_terms(reader: Reader, count: int, field: str) -> Terms:
    return tuple((reader.unsigned(2, field), reader.signed128(field)) for _ in range(count))
