"""One flipped byte anywhere in the evidence of an audit: board, record of the chain, shares."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from random import Random
from typing import Any

from ostraka_verifier.board import split_sections
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.evidence import ChainEvidence
from tests.support.polls import REGISTRY, SyntheticPoll

RECORD = (
    "chain_id",
    "poll_context",
    "committee",
    "poll_keys_digest",
    "root",
    "tally_digest",
    "generators",
    "node_keys",
    "tally",
    "awards",
    "deployment",
)
"""Parts of the chain's record that the board, or other parts, also give. Only the chain knows the
others: times, states, the round and its payments."""

Way = tuple[str | int, ...]


@dataclass(frozen=True)
class Evidence:
    """What an audit reads."""

    board: bytes
    chain: ChainEvidence

    @classmethod
    def of(cls, poll: SyntheticPoll) -> "Evidence":
        """Evidence of a poll whose root all nodes signed: more than the quorum."""
        _, chain = poll.finish()
        nodes = range(1, poll.nodes + 1)
        anchored = poll.attest(poll.root(), nodes)
        shares = {node: poll.aggregate_share(node) for node in nodes}
        leaves = [poll.leaf(prepared) for prepared in poll.prepared]
        return cls(poll.board(leaves, anchored, shares).encode(), chain)


@dataclass(frozen=True)
class Flip:
    """Changed evidence, and where it is changed.

    Attributes:
        only_named: Whether the audit may hold, as long as its report names the place: in a
            signature that is not needed, or in a contract's code, which may be that of a release
            that the program does not know.
    """

    place: str
    evidence: Evidence
    only_named: bool = False


def audited(curve: Curve, evidence: Evidence) -> list[Finding] | AuditError:
    """The findings of an audit, or why it refuses the board as a whole."""
    try:
        audit = Audit(curve, Claimed(REGISTRY, 1), evidence.chain, evidence.board, secrets.randbits)
    except AuditError as error:
        return error
    return audit.run(CHECKS)


def rejected(found: list[Finding] | AuditError) -> bool:
    """Whether an audit rejects the evidence."""
    return isinstance(found, AuditError) or Verdict.FAILS in {one.verdict for one in found}


def flips(evidence: Evidence, random: Random) -> Iterator[Flip]:
    """Yield changes without end, in turns of board, chain and shares."""
    sections = split_sections(evidence.board)
    places = {
        name: range(first, first + len(sections[name]))
        for name in ("root", "shares")
        for first in [evidence.board.rindex(sections[name])]
    }
    values = [found for name in RECORD for found in _values(getattr(evidence.chain, name), (name,))]
    # Each attestation is a node's number and its signature, after round, root and their number.
    signatures = places["root"][105:]
    while True:
        place = random.randrange(len(evidence.board))
        yield _of_board(evidence, random, place, only_named=place in signatures)
        way, value = random.choice(values)
        chain = _with(evidence.chain, way, _flipped(value, random))
        changed = replace(evidence, chain=chain)
        yield Flip(".".join(map(str, ("chain", *way))), changed, way[0] == "deployment")
        yield _of_board(evidence, random, random.choice(places["shares"]))


def _of_board(evidence: Evidence, random: Random, place: int, *, only_named: bool = False) -> Flip:
    board = bytearray(evidence.board)
    board[place] ^= random.randrange(1, 256)
    return Flip(f"board[{place}]", replace(evidence, board=bytes(board)), only_named)


def _values(value: Any, way: Way) -> Iterator[tuple[Way, Any]]:
    """Yield everything in the record that has bytes, with the way to it."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _values(getattr(value, field.name), (*way, field.name))
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _values(one, (*way, number))
    elif isinstance(value, int) or (isinstance(value, bytes | str) and value):
        yield way, value


def _with(value: Any, way: Way, leaf: Any) -> Any:
    if not way:
        return leaf
    step, *rest = way
    if isinstance(step, str):
        return replace(value, **{step: _with(getattr(value, step), tuple(rest), leaf)})
    changed = list(value)
    changed[step] = _with(changed[step], tuple(rest), leaf)
    return type(value)(*changed) if hasattr(value, "_fields") else tuple(changed)


def _flipped(value: Any, random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1 << random.randrange(8 * max(1, (value.bit_length() + 7) // 8))
    if isinstance(value, str):
        at = random.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    changed = bytearray(value)
    changed[random.randrange(len(changed))] ^= random.randrange(1, 256)
    return bytes(changed)
