"""Relay ballots to nodes, and fetch receipts, boards and turnout from them.

Signed answers are checked; nothing here sees a vote.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx

from ostraka.chain.registry import PollView
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, from_hex, strict_json, to_hex
from ostraka.wire.relay import Nodes, rejection
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import ADDRESS_BYTES
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import recover

MAX_BATCH = 200
_PATIENCE_S = 5
_BOARD_PATIENCE_S = 15
"""Until the answer begins: a node may have to assemble the board first."""
_MAX_ANSWER_BYTES = 2**20
_BOARD_CHUNK = 2**18


class Ballots:
    """Client of the nodes of polls that this gateway serves."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._nodes = Nodes(client)

    async def cast(self, poll: PublishedPoll, record: CastRecord) -> dict[str, Any]:
        """Send a ballot to all nodes; return the receipts of a quorum, and further ones if any.

        Raises:
            Problem: No node accepted it; the reason that more nodes than may lie gave.
        """
        (answer,) = await self.cast_batch(poll, [record])
        if not answer["receipts"]:
            refusals = {
                one["node"]: Problem.from_json(one["problem"]) for one in answer["refusals"]
            }
            raise rejection(refusals, poll.committee.faults)
        return answer

    async def cast_batch(
        self, poll: PublishedPoll, records: list[CastRecord]
    ) -> list[dict[str, Any]]:
        """Send ballots to all nodes; return an answer for each ballot."""
        if len(records) > MAX_BATCH:
            raise Problem(
                ProblemType.TOO_LARGE, f"more than {MAX_BATCH} ballots in a batch", "body"
            )
        results = await self._nodes.send(poll, records)
        return [
            {
                "ballot_digest": to_hex(record.ballot_digest),
                "recorded": result.recorded,
                "quorum": result.quorum,
                "receipts": [
                    {"node": node, "signature": to_hex(signature)}
                    for node, signature in sorted(result.receipts.items())
                ],
                "refusals": [
                    {"node": node, "problem": problem.to_json()}
                    for node, problem in sorted(result.refusals.items())
                ],
                "waiting": sorted(result.waiting),
            }
            for record, result in zip(records, results, strict=True)
        ]

    async def receipts(self, poll: PublishedPoll, digest: bytes) -> dict[str, Any]:
        """Return the nodes' receipts for a ballot."""
        answers = await self._each(poll, f"receipts/{to_hex(digest)}")
        receipts = []
        for number, answer in answers:
            try:
                receipts.append(_receipt(poll, number, digest, answer))
            except (Malformed, KeyError, TypeError):
                continue
        if not receipts:
            raise Problem(ProblemType.NOT_FOUND, "no node gave a receipt for that ballot", "digest")
        return {
            "ballot_digest": to_hex(digest),
            "recorded": len(receipts) >= poll.committee.quorum,
            "quorum": poll.committee.quorum,
            "receipts": receipts,
        }

    async def board(self, poll: PublishedPoll) -> AsyncIterator[bytes]:
        """Return the board of the first node that serves it.

        Raises:
            Problem: No node serves it now.
        """
        # Slow nodes last.
        members = sorted(poll.committee.members, key=lambda one: self._nodes.left_alone(one.url))
        for member in members:
            url = f"{member.url.rstrip('/')}/api/v1/polls/{poll.poll_id}/board"
            request = self._client.build_request("GET", url)
            try:
                async with asyncio.timeout(_BOARD_PATIENCE_S):
                    response = await self._client.send(request, stream=True)
            except TimeoutError:
                self._nodes.leave_alone(member.url)
                continue
            except httpx.HTTPError:
                continue
            if response.status_code == 200:
                return _chunks(response)
            await response.aclose()
        raise Problem(ProblemType.BOARD_UNAVAILABLE, "no node serves the board now", "", 5)

    async def progress(self, poll: PublishedPoll, view: PollView) -> dict[str, Any]:
        """Return counts only: eligible voters, votes cast, and which nodes answer."""
        answers = dict(await self._each(poll, ""))
        nodes = [
            {"node": number, "answers": number in answers, "voted": _voted(answers.get(number))}
            for number in range(1, poll.nodes + 1)
        ]
        voted = sorted(one["voted"] for one in nodes if one["voted"] is not None)
        return {
            "poll": str(poll.poll_id),
            "status": view.status.name.lower(),
            "voters": poll.parameters.voters,
            # The median: a single lying node cannot change it.
            "voted": voted[len(voted) // 2] if voted else None,
            "nodes": nodes,
        }

    async def _each(self, poll: PublishedPoll, path: str) -> list[tuple[int, Any]]:
        """Return the answers of all nodes that answer correctly and in time."""

        async def ask(number: int, base: str) -> tuple[int, Any]:
            if self._nodes.left_alone(base):
                raise TimeoutError
            url = f"{base.rstrip('/')}/api/v1/polls/{poll.poll_id}/{path}".rstrip("/")
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    return number, await answer_of(url)
            except TimeoutError:
                self._nodes.leave_alone(base)
                raise

        async def answer_of(url: str) -> Any:
            async with self._client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise Malformed("answer", "a refusal")
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_ANSWER_BYTES:
                        raise Malformed("answer", "too large")
                return strict_json(bytes(body))

        members = enumerate(poll.committee.members, start=1)
        answers = await asyncio.gather(
            *(ask(number, member.url) for number, member in members), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(
                answer, TimeoutError | httpx.HTTPError | AuditError
            ):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes(_BOARD_CHUNK):
            yield chunk
    finally:
        await response.aclose()


def _voted(answer: Any) -> int | None:
    value = answer.get("voted") if isinstance(answer, dict) else None
    return value if type(value) is int and 0 <= value < 1 << 32 else None


def _receipt(
    poll: PublishedPoll, number: int, digest: bytes, answer: dict[str, Any]
) -> dict[str, Any]:
    voter = from_hex(answer["voter"], "voter")
    cast_at, signature = answer["cast_at"], from_hex(answer["signature"], "signature")
    if len(voter) != ADDRESS_BYTES or type(cast_at) is not int or not 0 <= cast_at < 1 << 64:
        raise Malformed("receipt", "no voter or time")
    statement = poll.domain.digest(typed_data.RECEIPT, poll.context, voter, cast_at, digest)
    if recover(statement, signature) != poll.committee.members[number - 1].address:
        raise Malformed("receipt", "not of this node for this ballot")
    return {
        "node": number,
        "voter": to_hex(voter),
        "cast_at": cast_at,
        "signature": to_hex(signature),
    }
