"""Relay signed ballots to every node of a poll, and check the nodes' receipts.

Source: docs/protocol.md §9.2.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx

from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, reported
from ostraka.wire.records import CastRecord, encode_records, from_hex, strict_json
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.sharing import check_boxes
from ostraka_verifier.typed_data import recover

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE_S = 60
"""Longest time that a voter waits for a node, all attempts together."""
_GRACE_S = 1
"""Once a quorum has given receipts, the other nodes get at least this long, and at least the time
that the quorum took, but at most `_MAX_GRACE_S`."""
_MAX_GRACE_S = 3
_SLOW_S = 5
"""A node that takes longer to answer is skipped for a while."""
_PAUSE_S = 30
_HEDGE_S = 2
"""After this time skipped nodes are asked, too, if a quorum needs them."""
_AT_ONCE = 32
"""Most concurrent requests to one node."""
_MOST_WAITING = 2000
"""Most unanswered ballots for one node, including those that wait for their turn."""
_MAX_DETAIL = 500
_ANSWER_BYTES = 2**12
"""Larger than a receipt or a problem."""


@dataclass(frozen=True)
class Cast:
    """The nodes' answers for one ballot.

    Attributes:
        receipts: Verified receipt signatures by node index.
        refusals: The problem of each node that gave no receipt.
        waiting: Nodes that have not answered yet; requests to them continue.
        quorum: Number of receipts that record a ballot.
    """

    receipts: dict[int, bytes]
    refusals: dict[int, Problem]
    waiting: frozenset[int]
    quorum: int

    @property
    def recorded(self) -> bool:
        """Whether the ballot is recorded: its receipts would now prove that it was left out."""
        return len(self.receipts) >= self.quorum


class Nodes:
    """Sends ballots to the nodes of committees, for one voter or for many.

    The call returns shortly after a quorum has given receipts, so that a silent node delays nobody.
    Requests to the other nodes continue in the background. A node that is slow is skipped for a
    while; it fetches the ballots that it misses from the other nodes.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._nodes: dict[str, _Node] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def send(self, poll: PublishedPoll, records: Sequence[CastRecord]) -> list[Cast]:
        """Send prepared ballots to all nodes at once, and return the answers for each ballot.

        Raises:
            Malformed: A record does not fit this poll.
        """
        batch = [_Sent(record, receipt_statement(poll, record)) for record in records]
        members = dict(enumerate(poll.committee.members, start=1))
        awake = {n: one for n, one in members.items() if not self.left_alone(one.url)}
        if len(awake) < poll.committee.quorum:
            awake = members
        delivery = _Delivery(batch, len(members), poll.committee.quorum)
        started = time.monotonic()
        self._ask(poll, awake, delivery)
        rest = {n: one for n, one in members.items() if n not in awake}
        if rest:
            await delivery.reaches(delivery.is_settled_or_stuck, _HEDGE_S)
            if not delivery.is_settled():
                self._ask(poll, rest, delivery)
        await delivery.reaches(delivery.is_settled, None)
        grace_s = min(max(_GRACE_S, time.monotonic() - started), _MAX_GRACE_S)
        await delivery.reaches(delivery.is_complete, grace_s)
        return delivery.results()

    def left_alone(self, url: str) -> bool:
        """Whether a node is skipped because it was slow."""
        return self._node(url).left_alone_until_monotonic_s > time.monotonic()

    def leave_alone(self, url: str) -> None:
        """Skip a slow node for a while."""
        self._node(url).leave_alone()

    def _node(self, url: str) -> "_Node":
        return self._nodes.setdefault(url, _Node())

    def _ask(
        self, poll: PublishedPoll, members: Mapping[int, Member], delivery: "_Delivery"
    ) -> None:
        for number, member in members.items():
            delivery.asked.add(number)
            task = asyncio.create_task(self._send_to(poll, number, member, delivery))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _send_to(
        self, poll: PublishedPoll, number: int, member: Member, delivery: "_Delivery"
    ) -> None:
        node, count = self._node(member.url), len(delivery.batch)
        if node.waiting + count > _MOST_WAITING:
            full = Problem(ProblemType.NODE_BUSY, "too many ballots are waiting for this node")
            delivery.take(number, dict.fromkeys(range(count), full))
            delivery.end(number)
            return
        node.waiting += count
        try:
            # Bounds slow answers and repeated requests to retry.
            async with asyncio.timeout(_PATIENCE_S), node.turn:
                await self._gather_receipts(poll, number, member, delivery)
        except TimeoutError:
            pass
        finally:
            node.waiting -= count
            delivery.end(number)

    async def _gather_receipts(
        self, poll: PublishedPoll, number: int, member: Member, delivery: "_Delivery"
    ) -> None:
        """Ask until every ballot has its receipt or a permanent refusal."""
        url = f"{member.url.rstrip('/')}/api/v1/polls/{poll.poll_id}/ballots:batch"
        batch = delivery.batch
        waiting = list(range(len(batch)))
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
            body = encode_records([batch[position].record for position in waiting])
            answers: Sequence[dict[str, Any] | Problem] = await self._answers(
                member, url, body, len(waiting)
            )
            given = {
                position: _result(member, batch[position].statement, answer)
                for position, answer in zip(waiting, answers, strict=True)
            }
            # Only refusals that the node marks as temporary are retried.
            waiting = [
                position
                for position, one in given.items()
                if isinstance(one, Problem) and one.retry_after_s
            ]
            delivery.take(number, given, waiting)
            if not waiting:
                return

    async def _answers(
        self, member: Member, url: str, body: bytes, records: int
    ) -> list[dict[str, Any]] | list[Problem]:
        """Return an answer or a problem for each record."""
        node = self._node(member.url)
        # Marked as slow before its last request times out.
        slow = asyncio.get_running_loop().call_later(_SLOW_S, node.leave_alone)
        try:
            answers = await _post(self._client, url, body, records)
        except httpx.ConnectError:
            return [Problem(ProblemType.NODE_UNREACHABLE, "the node cannot be reached")] * records
        except httpx.HTTPError as error:
            if isinstance(error, httpx.TimeoutException):
                node.leave_alone()
            return [Problem(ProblemType.NODE_SILENT, no_answer(error), "", 1)] * records
        except Malformed as error:
            return [Problem(ProblemType.ANSWER_INVALID, str(error))] * records
        finally:
            slow.cancel()
        return answers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel the remaining requests."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)


def rejection(refusals: Mapping[int, Problem], faults: int) -> Problem:
    """Return the problem for a voter whose ballot no node accepted, with that of each node.

    A reason counts if it concerns a ballot and more nodes gave it than may lie: a single node must
    not decide what the voter reads. Without such a reason the nodes count as unreachable.

    Args:
        refusals: The problem of each node.
        faults: The committee's `f`.
    """
    problem = _reason(refusals, faults).again()
    problem.nodes = tuple(
        {"node": node, "problem": one.members()} for node, one in sorted(refusals.items())
    )
    return problem


def _reason(refusals: Mapping[int, Problem], faults: int) -> Problem:
    reasons = [problem for problem in refusals.values() if problem.kind in BALLOT_PROBLEMS]
    for kind, count in Counter(problem.kind for problem in reasons).most_common(1):
        if count > faults:
            return _agreed([problem for problem in reasons if problem.kind is kind], faults)
    detail = "; ".join(f"node {node}: {problem}" for node, problem in sorted(refusals.items()))
    return Problem(ProblemType.NODES_UNREACHABLE, detail[:_MAX_DETAIL], "", 5)


def _agreed(problems: Sequence[Problem], faults: int) -> Problem:
    """Return the problem that enough nodes reported, or a combination of all; one kind only."""
    ((first, count),) = Counter(problems).most_common(1)
    if count > faults:
        return first
    fields = {problem.field for problem in problems}
    return Problem(
        first.kind,
        "; ".join(dict.fromkeys(problem.detail for problem in problems))[:_MAX_DETAIL],
        first.field if len(fields) == 1 else "",
        min(problem.retry_after_s for problem in problems),
    )


class _Node:
    """State of one node for all polls."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(_AT_ONCE)
        self.waiting = 0
        """Ballots that it has not answered."""
        self.left_alone_until_monotonic_s = 0.0

    def leave_alone(self) -> None:
        self.left_alone_until_monotonic_s = time.monotonic() + _PAUSE_S


@dataclass(frozen=True)
class _Sent:
    record: CastRecord
    statement: bytes


class _Delivery:
    """Ballots that are being sent to the nodes of a committee."""

    def __init__(self, batch: Sequence[_Sent], nodes: int, quorum: int) -> None:
        self.batch = batch
        self.asked: set[int] = set()
        self._nodes = nodes
        self._quorum = quorum
        self._ended: set[int] = set()
        self._said: list[dict[int, bytes | Problem]] = [{} for _ in batch]
        self._final: list[set[int]] = [set() for _ in batch]
        self._changed = asyncio.Event()

    def take(
        self, node: int, given: Mapping[int, bytes | Problem], again: Collection[int] = ()
    ) -> None:
        """Store a node's answers by the ballots' positions; some ballots may be sent again."""
        for position, one in given.items():
            self._said[position][node] = one
            if position not in again:
                self._final[position].add(node)
        self._changed.set()

    def end(self, node: int) -> None:
        """Note that a node will not be asked again."""
        self._ended.add(node)
        for said, final in zip(self._said, self._final, strict=True):
            late = Problem(ProblemType.NODE_SILENT, f"no receipt within {_PATIENCE_S} s")
            said.setdefault(node, late)
            final.add(node)
        self._changed.set()

    def is_settled(self) -> bool:
        """Whether the missing answers cannot change whether a ballot is recorded."""
        if len(self._ended) == self._nodes:
            return True
        for said, final in zip(self._said, self._final, strict=True):
            receipts = sum(isinstance(one, bytes) for one in said.values())
            refusals = len(final) - receipts
            if receipts < self._quorum and self._nodes - refusals >= self._quorum:
                return False
        return True

    def is_settled_or_stuck(self) -> bool:
        """Whether waiting longer for the asked nodes is pointless."""
        return self._ended >= self.asked or self.is_settled()

    def is_complete(self) -> bool:
        """Whether every node that was asked has answered for every ballot."""
        return all(final >= self.asked for final in self._final)

    async def reaches(self, state: Callable[[], bool], patience_s: float | None) -> bool:
        """Wait until a condition holds, at most for a time; return whether it holds."""
        try:
            async with asyncio.timeout(patience_s):
                while not state():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return state()
        return True

    def results(self) -> list[Cast]:
        results = []
        for said, final in zip(self._said, self._final, strict=True):
            receipts = {node: one for node, one in said.items() if isinstance(one, bytes)}
            refusals = {
                node: one
                for node, one in said.items()
                if isinstance(one, Problem) and node in final
            }
            answered = receipts.keys() | refusals.keys()
            waiting = frozenset(range(1, self._nodes + 1)) - answered
            results.append(Cast(receipts, refusals, waiting, self._quorum))
        return results


def _result(member: Member, statement: bytes, answer: dict[str, Any] | Problem) -> bytes | Problem:
    if isinstance(answer, Problem):
        return answer
    if "signature" in answer:
        try:
            return verified_receipt(member, statement, answer)
        except Malformed as error:
            return Problem(ProblemType.ANSWER_INVALID, str(error))
    return Problem.from_json(answer)


async def _post(
    client: httpx.AsyncClient, url: str, body: bytes, records: int
) -> list[dict[str, Any]] | list[Problem]:
    """Return an answer for each record.

    Raises:
        Malformed: The node's answer is invalid.
    """
    answer, limit = bytearray(), _ANSWER_BYTES * (records + 1)
    headers = {"Content-Type": "application/octet-stream"}
    async with client.stream("POST", url, content=body, headers=headers) as response:
        async for chunk in response.aiter_bytes():
            answer += chunk
            if len(answer) > limit:
                raise Malformed("answer", f"more than {limit} bytes")
    if response.status_code != 200:
        # A problem of the whole batch applies to each ballot.
        return [reported(bytes(answer), response.status_code, response.headers)] * records
    content = strict_json(bytes(answer))
    if not isinstance(content, list) or len(content) != records:
        raise Malformed("answer", f"not a list of {records}")
    if not all(isinstance(one, dict) for one in content):
        raise Malformed("answer", "neither receipts nor problems")
    return content


def receipt_statement(poll: PublishedPoll, record: CastRecord) -> bytes:
    """Return the digest that a receipt signs, of the ballot that its voter sent.

    Raises:
        Malformed: Ballot, boxes or signature have the wrong length for this poll.
    """
    if len(record.ballot) != poll.layout.size:
        raise Malformed("ballot", f"{len(record.ballot)} bytes, expected {poll.layout.size}")
    if len(record.signature) != SIGNATURE_BYTES:
        raise Malformed("signature", f"{len(record.signature)} bytes, expected {SIGNATURE_BYTES}")
    nodes, slots = len(poll.committee.members), len(poll.rule.slots)
    check_boxes(record.boxes, nodes, slots)
    return poll.domain.digest(
        typed_data.RECEIPT,
        poll.context,
        record.voter,
        record.cast_at_unix_s,
        record.ballot_digest,
    )


def verified_receipt(member: Member, statement: bytes, answer: dict[str, Any]) -> bytes:
    """Return the checked signature in a node's answer.

    Raises:
        Malformed: It is missing, of another signer, or for another ballot.
    """
    signature = from_hex(answer.get("signature"), "signature")
    if recover(statement, signature) != member.address:
        raise Malformed("receipt", "not of this node for this ballot")
    return signature
