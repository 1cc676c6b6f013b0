"""Boards and chain records with one thing changed at random, for verifiers that must agree."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from ostraka_verifier.board import SECTIONS, Board, join_sections, split_sections
from ostraka_verifier.evidence import ChainEvidence

_TAGS = {name: tag for tag, name in SECTIONS.items()}
_KEPT = ("generators", "deployment")
"""Members of the evidence that are long and the same for every poll: flips are rarer in them."""


@dataclass(frozen=True)
class Corruption:
    """A changed board, or members of the evidence that are changed."""

    what: str
    board: bytes
    changes: dict[str, Any]


def corruptions(
    board: Board, chain: ChainEvidence, count: int, choice: random.Random
) -> Iterator[Corruption]:
    """Corruptions of an honest poll: half of them flip a byte of the board, wherever it is."""
    data = board.encode()
    for _ in range(count):
        kind = choice.random()
        if kind < 0.5:
            place = choice.randrange(len(data))
            yield Corruption(f"byte {place}", _flipped(data, place, choice), {})
        elif kind < 0.75:
            yield _of_section(board, choice)
        elif kind < 0.85:
            yield _of_leaves(board, choice)
        else:
            yield _of_chain(data, chain, choice)


def _flipped(data: bytes, place: int, choice: random.Random) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << choice.randrange(8)
    return bytes(changed)


def _of_section(board: Board, choice: random.Random) -> Corruption:
    """Each section equally often, though some are short."""
    named = split_sections(board.encode())
    sections = {_TAGS[name]: content for name, content in named.items() if name in _TAGS}
    tag = choice.choice(sorted(sections))
    content = sections[tag]
    action = choice.choice(["flip", "flip", "flip", "cut", "longer", "empty", "missing", "zeros"])
    if action == "flip" and content:
        content = _flipped(content, choice.randrange(len(content)), choice)
    elif action == "cut":
        content = content[: choice.randrange(len(content) + 1)]
    elif action == "longer":
        content += choice.randbytes(choice.randint(1, 40))
    elif action == "zeros" and content:
        start = choice.randrange(len(content))
        length = min(choice.choice([1, 20, 32, 64]), len(content) - start)
        content = content[:start] + bytes(length) + content[start + length :]
    elif action == "empty":
        content = b""
    changed = {**sections, tag: content}
    if action == "missing":
        del changed[tag]
    return Corruption(f"section {tag}: {action}", join_sections(changed), {})


def _of_leaves(board: Board, choice: random.Random) -> Corruption:
    leaves = list(board.leaves)
    one, other = (choice.randrange(len(leaves)) for _ in range(2))
    action = choice.choice(["swap", "drop", "double", "signature", "key", "boxes", "ballot"])
    if action == "swap":
        leaves[one], leaves[other] = leaves[other], leaves[one]
    elif action == "drop":
        del leaves[one]
    elif action == "double":
        leaves.insert(one, leaves[other])
    else:
        name = {"signature": "signature", "key": "public_key", "boxes": "boxes_hash"}.get(
            action, "ballot"
        )
        leaves[one] = replace(leaves[one], **{name: getattr(leaves[other], name)})
    what = f"leaves: {action} {one} {other}"
    return Corruption(what, replace(board, leaves=tuple(leaves)).encode(), {})


def _of_chain(data: bytes, chain: ChainEvidence, choice: random.Random) -> Corruption:
    names = [field.name for field in fields(chain) if field.name not in _KEPT]
    name = choice.choice([*names, choice.choice(_KEPT)])
    return Corruption(f"chain: {name}", data, {name: _changed(getattr(chain, name), choice)})


def _changed(value: Any, choice: random.Random) -> Any:
    """The same value with one thing in it changed, as far as it has anything."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + choice.choice([-1, 1, 60, -1000, 10**6]))
    if isinstance(value, bytes):
        return _flipped(value, choice.randrange(len(value)), choice) if value else value
    if isinstance(value, tuple) and value:
        changed = list(value)
        place = choice.randrange(len(changed))
        changed[place] = _changed(changed[place], choice)
        return tuple(changed)
    if hasattr(value, "__dataclass_fields__"):
        name = choice.choice([field.name for field in fields(value)])
        return replace(value, **{name: _changed(getattr(value, name), choice)})
    return value
