"""Relay signed ballots to every node of a poll, and check the receipts that come back.

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
"""How long a voter waits for a node, all attempts together."""
_GRACE_S = 1
"""How long the other nodes get at least once a quorum has given receipts, and as long again as that
took; but no longer than the next."""
_MAX_GRACE_S = 3
_SLOW_S = 5
"""A node that takes longer for an answer is left alone for a while."""
_PAUSE_S = 30
_HEDGE_S = 2
"""After so long the nodes that are left alone are asked as well, if a quorum needs them."""
_AT_ONCE = 32
"""Requests under way to one node."""
_MOST_WAITING = 2000
"""Ballots under way to one node, those included that wait for their turn."""
_MAX_DETAIL = 500
_ANSWER_BYTES = 2**12
"""More than a receipt or a problem has."""


@dataclass(frozen=True)
class Cast:
    """What came back from the nodes.

    Attributes:
        receipts: Verified receipt signatures by node index.
        refusals: The problem of each node that gave none.
        waiting: Nodes that have not answered yet; those that were asked are asked on.
        quorum: Receipts that record a ballot.
    """

    receipts: dict[int, bytes]
    refusals: dict[int, Problem]
    waiting: frozenset[int]
    quorum: int

    @property
    def recorded(self) -> bool:
        """Whether the ballot is recorded: nobody can leave it out unnoticed any more."""
        return len(self.receipts) >= self.quorum


class Nodes:
    """Sends ballots to the nodes of committees, for one voter or for many.

    A ballot is answered for when a quorum has given receipts, and a little later for the others'
    sake: one silent node must not make anybody wait. Those that have not answered by then are
    asked on in the background, and one that keeps many waiting is left alone for a while: what it
    misses it pulls from the other nodes.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._nodes: dict[str, _Node] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def send(self, poll: PublishedPoll, records: Sequence[CastRecord]) -> list[Cast]:
        """Send prepared ballots to all nodes at once; what came back for each.

        Raises:
            Malformed: One of them is no record of this poll.
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
        """Whether a node kept others waiting lately."""
        return self._node(url).left_alone_until > time.monotonic()

    def leave_alone(self, url: str) -> None:
        """Leave a node alone for a while, for it kept somebody waiting."""
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
            # However slowly a node answers, and however often it wants to be asked again.
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
        """Ask until every ballot has its receipt or a reason why asking again is no use."""
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
            # Only what may pass by itself is tried again: the node says so.
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
        """An answer for each record, or the problem that came in place of one."""
        node = self._node(member.url)
        # Known to be slow before the last one gives up.
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
        """Ask no more."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)


def rejection(problems: Collection[Problem], faults: int) -> Problem:
    """Return what a voter reads when no node took a ballot.

    A reason counts if it concerns a ballot and more nodes gave it than may lie: a single node must
    not decide what the voter reads. Without such a reason the nodes count as unreachable.

    Args:
        problems: At most one of each node.
        faults: The committee's `f`.
    """
    reasons = [problem for problem in problems if problem.kind in BALLOT_PROBLEMS]
    for kind, count in Counter(problem.kind for problem in reasons).most_common(1):
        if count > faults:
            return _agreed([problem for problem in reasons if problem.kind is kind], faults)
    detail = "; ".join(str(problem) for problem in problems)[:_MAX_DETAIL]
    return Problem(ProblemType.NODES_UNREACHABLE, detail, "", 5)


def _agreed(problems: Sequence[Problem], faults: int) -> Problem:
    """Return the one of these problems of one kind that enough nodes gave, or all in one."""
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
    """What is known of one node, whatever its polls."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(_AT_ONCE)
        self.waiting = 0
        """Ballots that are under way to it."""
        self.left_alone_until = 0.0

    def leave_alone(self) -> None:
        self.left_alone_until = time.monotonic() + _PAUSE_S


@dataclass(frozen=True)
class _Sent:
    record: CastRecord
    statement: bytes


class _Delivery:
    """Some ballots under way to the nodes of a committee."""

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
        """Take in what a node says of ballots by position, and of which it is asked again."""
        for position, one in given.items():
            self._said[position][node] = one
            if position not in again:
                self._final[position].add(node)
        self._changed.set()

    def end(self, node: int) -> None:
        """A node is asked no more."""
        self._ended.add(node)
        for said, final in zip(self._said, self._final, strict=True):
            late = Problem(ProblemType.NODE_SILENT, f"no receipt within {_PATIENCE_S} s")
            said.setdefault(node, late)
            final.add(node)
        self._changed.set()

    def is_settled(self) -> bool:
        """Whether the nodes that have not answered cannot change what becomes of any ballot."""
        if len(self._ended) == self._nodes:
            return True
        for said, final in zip(self._said, self._final, strict=True):
            receipts = sum(isinstance(one, bytes) for one in said.values())
            refusals = len(final) - receipts
            if receipts < self._quorum and self._nodes - refusals >= self._quorum:
                return False
        return True

    def is_settled_or_stuck(self) -> bool:
        """Whether waiting for those that were asked is no use any more."""
        return self._ended >= self.asked or self.is_settled()

    def is_complete(self) -> bool:
        """Whether every node that was asked has answered for every ballot."""
        return all(final >= self.asked for final in self._final)

    async def reaches(self, state: Callable[[], bool], patience_s: float | None) -> bool:
        """Wait until something holds, or no longer; whether it does."""
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
    """An answer for each record.

    Raises:
        Malformed: The node answers with something else.
    """
    answer, limit = bytearray(), _ANSWER_BYTES * (records + 1)
    headers = {"Content-Type": "application/octet-stream"}
    async with client.stream("POST", url, content=body, headers=headers) as response:
        async for chunk in response.aiter_bytes():
            answer += chunk
            if len(answer) > limit:
                raise Malformed(f"answer: more than {limit} bytes")
    if response.status_code != 200:
        # A problem of the whole batch is one of each ballot.
        return [reported(bytes(answer), response.status_code, response.headers)] * records
    content = strict_json(bytes(answer))
    if not isinstance(content, list) or len(content) != records:
        raise Malformed(f"answer: not a list of {records}")
    if not all(isinstance(one, dict) for one in content):
        raise Malformed("answer: neither receipts nor problems")
    return content


def receipt_statement(poll: PublishedPoll, record: CastRecord) -> bytes:
    """What a receipt of a ballot signs: over what its voter sent, not what a node says it got.

    Raises:
        Malformed: A part of it has not the length that this poll gives it.
    """
    if len(record.ballot) != poll.layout.size:
        raise Malformed(f"ballot: {len(record.ballot)} bytes, expected {poll.layout.size}")
    if len(record.signature) != SIGNATURE_BYTES:
        raise Malformed(f"signature: {len(record.signature)} bytes, expected {SIGNATURE_BYTES}")
    nodes, slots = len(poll.committee.members), len(poll.rule.slots)
    check_boxes(record.boxes, record.boxes_hash, nodes, slots)
    return poll.domain.digest(
        typed_data.RECEIPT,
        poll.context,
        record.voter,
        record.cast_at_unix_s,
        record.ballot_digest,
    )


def verified_receipt(member: Member, statement: bytes, answer: dict[str, Any]) -> bytes:
    """A node's signature out of its answer.

    Raises:
        Malformed: It holds none, or one of somebody else or for something else.
    """
    signature = from_hex(answer.get("signature"), "signature")
    if recover(statement, signature) != member.address:
        raise Malformed("receipt: not of this node for this ballot")
    return signature
