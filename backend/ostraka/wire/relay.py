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
from ostraka.wire.node_standing import GRACE_S, SLOW_S, NodeStanding, Warn, no_warning
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, reported
from ostraka.wire.records import CastRecord, encode_records, from_hex, strict_json
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.sharing import check_boxes
from ostraka_verifier.signatures import recover

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE_S = 60
"""Longest time that a ballot waits for a node, all attempts together."""
_QUORUM_S = 20
"""Longest time that a voter waits for a quorum; the requests continue."""
_HEDGE_S = 1
"""After this time nodes that are left alone are asked, too, if a quorum needs them."""
_MAX_DETAIL = 500
_ANSWER_BYTES = 2**12
"""Larger than a receipt or a problem."""


@dataclass(frozen=True)
class Cast:
    """The nodes' answers for one ballot.

    Attributes:
        receipts: Verified receipt signatures by node index.
        refusals: The problem of each node that gave no receipt.
        waiting: Nodes that have not answered yet; requests to them continue. A node that is left
            alone is neither here nor in the others: it was not asked.
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

    The call returns at most `GRACE_S` after a quorum has given receipts, so that a silent node
    delays nobody. Requests to the other nodes continue in the background. A node that kept a voter
    waiting is not waited for until it answers in time again. A slow node is left alone for a while;
    it fetches the ballots that it misses from the other nodes.
    """

    def __init__(self, client: httpx.AsyncClient, warn: Warn = no_warning) -> None:
        """Args:
        warn: Told of nodes that are left alone, with the number of ballots that wait for them.
        """
        self._client = client
        self._warn = warn
        self._standings: dict[str, NodeStanding] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def send(self, poll: PublishedPoll, records: Sequence[CastRecord]) -> list[Cast]:
        """Send prepared ballots to all nodes at once, and return the answers for each ballot.

        Raises:
            Malformed: A record does not fit this poll.
        """
        batch = [_Sent(record, receipt_statement(poll, record)) for record in records]
        members = dict(enumerate(poll.committee.members, start=1))
        awake = {n: one for n, one in members.items() if not self.standing(one.url).left_alone}
        if len(awake) < poll.committee.quorum:
            awake = members
        delivery = _Delivery(batch, len(batch) * poll.record_bytes, poll.committee)
        self._ask(poll, awake, delivery)
        rest = {n: one for n, one in members.items() if n not in awake}
        if rest:
            await delivery.reaches(delivery.is_settled_or_stuck, _HEDGE_S)
            if not delivery.is_settled():
                self._ask(poll, rest, delivery)
        if await delivery.reaches(delivery.is_settled, _QUORUM_S):
            prompt = {n for n in delivery.asked if not self.standing(members[n].url).late}
            await delivery.reaches(lambda: delivery.has_heard(prompt), GRACE_S)
            for number in prompt - delivery.heard():
                self.standing(members[number].url).late = True
        return delivery.results()

    def standing(self, url: str) -> NodeStanding:
        """Return how a node has lately answered."""
        if url not in self._standings:
            self._standings[url] = NodeStanding(url, self._warn)
        return self._standings[url]

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
        node, count = self.standing(member.url), len(delivery.batch)
        if not node.take(count, delivery.size):
            full = Problem(ProblemType.NODE_BUSY, "too many ballots are waiting for this node")
            delivery.take(number, dict.fromkeys(range(count), full))
            delivery.end(number)
            return
        try:
            # Bounds slow answers and repeated requests to retry.
            async with asyncio.timeout(_PATIENCE_S), node.turn:
                await self._gather_receipts(poll, number, member, delivery)
        except TimeoutError:
            node.given_up += count
        finally:
            node.release(count, delivery.size)
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
            if delivery.take(number, given, waiting):
                self.standing(member.url).answered_in_time()
            if not waiting:
                return

    async def _answers(
        self, member: Member, url: str, body: bytes, records: int
    ) -> list[dict[str, Any]] | list[Problem]:
        """Return an answer or a problem for each record."""
        node = self.standing(member.url)
        # Marked as slow before its last request times out.
        slow = asyncio.get_running_loop().call_later(SLOW_S, node.leave_alone)
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


@dataclass(frozen=True)
class _Sent:
    record: CastRecord
    statement: bytes


class _Delivery:
    """Ballots that are being sent to the nodes of a committee."""

    def __init__(self, batch: Sequence[_Sent], size: int, committee: Committee) -> None:
        """Args:
        size: Bytes of all ballots of the batch.
        """
        self.batch = batch
        self.size = size
        self.asked: set[int] = set()
        self._settled_at_monotonic_s: float | None = None
        self._nodes = len(committee.members)
        self._quorum = committee.quorum
        self._ended: set[int] = set()
        self._said: list[dict[int, bytes | Problem]] = [{} for _ in batch]
        self._final: list[set[int]] = [set() for _ in batch]
        self._changed = asyncio.Event()

    def take(
        self, node: int, given: Mapping[int, bytes | Problem], again: Collection[int] = ()
    ) -> bool:
        """Store a node's answers by the ballots' positions; some ballots may be sent again.

        Returns:
            Whether the node answered in time: every ballot, and no voter waited longer for it.
        """
        for position, one in given.items():
            self._said[position][node] = one
            if position not in again:
                self._final[position].add(node)
        self._changed.set()
        return node in self.heard() and self._is_in_time()

    def _is_in_time(self) -> bool:
        settled_at = self._settled_at_monotonic_s
        return settled_at is None or time.monotonic() - settled_at <= GRACE_S

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
        if self._settled_at_monotonic_s is None and self._settles():
            self._settled_at_monotonic_s = time.monotonic()
        return self._settled_at_monotonic_s is not None

    def _settles(self) -> bool:
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

    def heard(self) -> set[int]:
        """Return the nodes that have answered for every ballot."""
        return set.intersection(self.asked, *self._final)

    def has_heard(self, nodes: Collection[int]) -> bool:
        """Whether all of these nodes have answered for every ballot."""
        return self.heard().issuperset(nodes)

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
            waiting = frozenset(self.asked - receipts.keys() - refusals.keys())
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
