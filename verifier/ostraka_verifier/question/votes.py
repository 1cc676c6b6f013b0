"""Read a vote on one question: JSON values with indices from 0, or typed text with numbers from 1.

Source: docs/protocol.md §5.9. Vectors: tests/vectors/votes.json.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ostraka_verifier.rule import BallotRule, Terms, slack_bits

_DECIMAL = re.compile("0|-?[1-9][0-9]{0,39}")
_TYPED = re.compile("0|-?[1-9][0-9]{0,18}")


def completed(rule: BallotRule, chosen: Mapping[int, int]) -> list[int]:
    """Complete the bits of a vote by each row's slack bits.

    Raises:
        ValueError: The rule does not allow this vote.
    """
    bits = [chosen.get(bit, 0) for bit in range(rule.bits)]
    known = set(chosen)

    def fill(terms: Terms, left: int) -> None:
        slack = [(bit, coefficient) for bit, coefficient in terms if bit not in known]
        used = sum(coefficient * bits[bit] for bit, coefficient in terms if bit in known)
        span = sum(coefficient for _, coefficient in slack)
        if not 0 <= left - used <= span:
            raise ValueError(f"the choice comes to {used}, allowed are {left - span} to {left}")
        for (bit, _), value in zip(slack, slack_bits(span, left - used), strict=True):
            bits[bit] = value
        known.update(bit for bit, _ in slack)

    for row in rule.rows:
        fill(row.terms, row.constant)
    values = rule.slot_values(bits)
    for quadratic in rule.quadratic_rows:
        squares = sum(values[slot] ** 2 for slot in quadratic.slots)
        fill(quadratic.terms, quadratic.constant - squares)
    return bits


def bits_of_slots(rule: BallotRule, values: Sequence[int]) -> dict[int, int]:
    """Return bits that give slots their values; coefficients are of exact bounds (§5.4)."""
    bits = dict[int, int]()
    for terms, largest, value in zip(rule.slots, rule.slot_maxima, values, strict=True):
        numbers = (bit for bit, _ in terms)
        bits.update(zip(numbers, slack_bits(largest, value), strict=True))
    return bits


def selected(options: Sequence[str], vote: Any) -> list[int]:
    """Return distinct indices of options in order; ValueError if the vote is no such list."""
    if not isinstance(vote, list | tuple):
        raise ValueError("not a list of options")
    chosen = [one_of(options, option, "option") for option in vote]
    for number, option in enumerate(chosen):
        if option in chosen[:number]:
            raise ValueError(f"{options[option]} is chosen twice")
    return chosen


def one_of(names: Sequence[str], index: Any, noun: str) -> int:
    """Return an index of one of the names; ValueError if it is invalid."""
    if type(index) is not int:
        raise ValueError(f"{noun}: {str(index)[:40]!r} is not an index")
    if not 0 <= index < len(names):
        raise ValueError(f"{noun} {index} does not exist, there are 0 to {len(names) - 1}")
    return index


def one_for_each(vote: Any, what: str, count: int, noun: str) -> Sequence[Any]:
    """Return a list of that length; ValueError if the vote is not one."""
    if not isinstance(vote, list | tuple) or len(vote) != count:
        raise ValueError(f"{what}: not a list of {count}, one for each {noun}")
    return vote


def integer(value: Any, name: str) -> int:
    """Return an integer, which JSON may write as a decimal string; ValueError if invalid."""
    if type(value) is int:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise ValueError(f"{name}: {str(value)[:40]!r} is not a whole number")


def typed_one(text: str, noun: str, count: int) -> int:
    """Return the only typed number as an index."""
    values = typed_places(text, noun, count)
    if len(values) != 1:
        raise ValueError(f"expected one {noun}, not {len(values)}")
    return values[0]


def typed_places(text: str, noun: str, count: int) -> list[int]:
    """Turn displayed numbers, from 1, into indices from 0."""
    return [place(number, noun, count) for number in typed_numbers(text, f"numbers of {noun}s")]


def place(number: int, noun: str, count: int) -> int:
    """Turn a displayed number, from 1, into an index; errors name the displayed number."""
    if not 1 <= number <= count:
        raise ValueError(f"{noun} {number} does not exist, there are {count}")
    return number - 1


def typed_numbers(text: str, name: str) -> list[int]:
    """Return whole numbers between commas or spaces; ValueError on anything else."""
    parts = text.replace(",", " ").split()
    for part in parts:
        # No leading zeros: "50,002" means one number, but would be read as two.
        if not _TYPED.fullmatch(part):
            raise ValueError(f"expected {name}, as in 1,3")
    return [int(part) for part in parts]


def disambiguate(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels, with numbers in front if two look alike.

    Anyone may copy another proposal's title, but a ballot for the copy must look different.
    """
    seen = {_visible(label) for label in labels}
    if len(seen) == len(labels):
        return tuple(labels)
    return tuple(f"#{number} {label}" for number, label in enumerate(labels, start=1))


def _visible(label: str) -> str:
    normal = unicodedata.normalize("NFKC", label)
    return "".join(sign for sign in normal if unicodedata.category(sign)[0] not in "CZ")
