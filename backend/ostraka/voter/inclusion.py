"""Ask the nodes to prove that their signed checkpoints have the receipt of a ballot.

A node that gives a receipt may still show others a log without it. Its checkpoint commits it to one
log: who proves two of them proves the lie. Everything is checked here; no node is believed.

Source: docs/protocol.md §9.6.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeVar

import httpx

from ostraka.voter.node_answers import answer_of
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import HASH_BYTES, SIGNATURE_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.receipt_log import SignedCheckpoint, contradiction, proves_inclusion
from ostraka_verifier.signatures import recover

_T = TypeVar("_T")
_PATIENCE_S = 20
_MOST_PROOF = 64
_KNOWN = ("heads", "contradictions")
_INVENTORY_PROOF_BYTES = HASH_BYTES + SIGNATURE_BYTES


@dataclass(frozen=True)
class Fork:
    """Two checkpoints of one node that contradict each other, whoever showed them."""

    node: int
    first: SignedCheckpoint
    second: SignedCheckpoint
    reason: str


@dataclass
class Inclusions:
    """What the nodes have shown of their logs.

    Attributes:
        checkpoints: By node, its signed checkpoint that has the ballot.
        witnesses: By node, the other nodes that cosigned that checkpoint.
        problems: By node, why it has shown no such checkpoint.
        forks: Nodes that showed two logs, each once.
    """

    checkpoints: dict[int, SignedCheckpoint] = field(default_factory=dict)
    witnesses: dict[int, set[int]] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)
    forks: list[Fork] = field(default_factory=list)


async def inclusions(client: httpx.AsyncClient, poll: PublishedPoll, digest: bytes) -> Inclusions:
    """Ask all nodes for their proofs, and for what they know of the checkpoints of the others.

    Args:
        digest: Of a ballot, 32 bytes.
    """
    nodes = range(1, len(poll.committee.members) + 1)
    shown = await asyncio.gather(*[_ask(client, poll, node, digest) for node in nodes])
    found, seen = Inclusions(), list[_Seen]()
    for node, (proven, heads) in zip(nodes, shown, strict=True):
        seen += heads
        if isinstance(proven, Problem):
            found.problems[node] = proven
        else:
            seen.append(proven)
            found.checkpoints[node] = proven.signed
    for node, signed in found.checkpoints.items():
        same = [one.witnesses for one in seen if one.signed.checkpoint == signed.checkpoint]
        found.witnesses[node] = set[int]().union(*same) - {node}
    for node in nodes:
        of_node = [one.signed for one in seen if one.signed.checkpoint.node == node]
        fork = next(_forks(poll, node, of_node), None)
        found.forks += [] if fork is None else [fork]
    return found


@dataclass(frozen=True)
class _Seen:
    """A checkpoint with the signature of its node, and the nodes whose cosignatures hold."""

    signed: SignedCheckpoint
    witnesses: frozenset[int]


async def _ask(
    client: httpx.AsyncClient, poll: PublishedPoll, node: int, digest: bytes
) -> tuple[_Seen | Problem, list[_Seen]]:
    """Return what a node proves of its own log, and the checkpoints of all nodes that it shows."""
    member, poll_id = poll.committee.members[node - 1], poll.identity.poll_id

    async def asked(path: str, read: Callable[[Any], _T]) -> _T | Problem:
        try:
            # Also bounds a node that sends its answer slowly.
            async with asyncio.timeout(_PATIENCE_S):
                return read(await answer_of(client, member, poll_id, path))
        except Problem as problem:
            return problem
        except TimeoutError:
            return Problem(ProblemType.NODE_SILENT, f"no answer within {_PATIENCE_S} s")
        except Malformed as error:
            return Problem(ProblemType.ANSWER_INVALID, str(error))

    path = f"checkpoints/inclusion?digest={to_hex(digest)}"
    proven, heads = await asyncio.gather(
        asked(path, lambda answer: _proven(poll, node, digest, answer)),
        asked("checkpoints", lambda answer: _heads(poll, answer)),
    )
    # What a node does not show of others is shown by the others.
    return proven, [] if isinstance(heads, Problem) else heads


def _proven(poll: PublishedPoll, node: int, digest: bytes, answer: Any) -> _Seen:
    """Return a node's checkpoint that has a ballot; Malformed if the answer does not prove that."""
    if not isinstance(answer, dict):
        raise Malformed("inclusion", "not an object")
    seen = _seen(poll, answer.get("checkpoint"))
    listed, index = answer.get("proof"), answer.get("index")
    if seen.signed.checkpoint.node != node:
        raise Malformed("checkpoint", f"not of node {node}")
    if not isinstance(listed, list) or type(index) is not int:
        raise Malformed("inclusion", "without proof or index")
    proof = [from_hex(one, "proof") for one in listed[:_MOST_PROOF]]
    checkpoint = seen.signed.checkpoint
    if not proves_inclusion(digest, index, checkpoint.count, proof, checkpoint.root):
        raise Malformed("proof", "it does not lead from the ballot to the checkpoint")
    return seen


def _heads(poll: PublishedPoll, answer: Any) -> list[_Seen]:
    """Return the checkpoints in what a node knows of all nodes; Malformed if any is invalid."""
    listed = [answer.get(name) if isinstance(answer, dict) else None for name in _KNOWN]
    heads, contradictions = (one if isinstance(one, list) else None for one in listed)
    if heads is None or contradictions is None:
        raise Malformed("checkpoints", f"without {' or '.join(_KNOWN)}")
    nodes = len(poll.committee.members)
    found = [_seen(poll, one) for one in heads[:nodes]]
    for one in contradictions[:nodes]:
        for name in ("first", "second"):
            data = from_hex(one.get(name) if isinstance(one, dict) else None, name)
            # The second one may be of an inventory instead, which a voter does not have.
            if len(data) != _INVENTORY_PROOF_BYTES:
                found.append(_Seen(_signed(poll, data), frozenset()))
    return found


def _seen(poll: PublishedPoll, shown: Any) -> _Seen:
    """Return a checkpoint from JSON; Malformed unless its node signed it.

    Cosignatures that do not hold are left out: they say something about whoever shows them.
    """
    if not isinstance(shown, dict) or not isinstance(shown.get("cosignatures"), list):
        raise Malformed("checkpoint", "without cosignatures")
    signed = _signed(poll, from_hex(shown.get("checkpoint"), "checkpoint"))
    statement = typed_data.COSIGNATURE, poll.context, signed.checkpoint.hash(poll.context)
    witnesses = set[int]()
    for one in shown["cosignatures"][: len(poll.committee.members)]:
        with suppress(Malformed):
            members = one if isinstance(one, dict) else {}
            signature = from_hex(members.get("signature"), "signature")
            _require_signer(poll, members.get("node"), signature, *statement)
            witnesses.add(members["node"])
    return _Seen(signed, frozenset(witnesses))


def _signed(poll: PublishedPoll, data: bytes) -> SignedCheckpoint:
    signed = SignedCheckpoint.decode(data)
    statement = signed.checkpoint.statement(poll.context)
    _require_signer(poll, signed.checkpoint.node, signed.signature, *statement)
    return signed


def _require_signer(poll: PublishedPoll, node: Any, signature: bytes, *statement: Any) -> None:
    """Raise Malformed unless a node of the committee signed a statement."""
    members = poll.committee.members
    if type(node) is not int or not 1 <= node <= len(members):
        raise Malformed("node", "not in the committee")
    if recover(poll.domain.digest(*statement), signature) != members[node - 1].address:
        raise Malformed("signature", f"not of node {node}")


def _forks(poll: PublishedPoll, node: int, seen: list[SignedCheckpoint]) -> Iterator[Fork]:
    for first, second in combinations(seen, 2):
        reason = contradiction(poll.context, first.checkpoint, second.checkpoint)
        if reason is not None:
            yield Fork(node, first, second, reason)
