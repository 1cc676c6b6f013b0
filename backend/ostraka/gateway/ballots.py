"""Relay ballots to nodes, and fetch receipts and turnout from them.

Signed answers are checked; nothing here sees a vote.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import structlog
from pydantic import ValidationError

from ostraka.chain.registry import PollView
from ostraka.gateway.relayed_boards import RelayedBoards
from ostraka.wire.answers import STAGES, Shuffle
from ostraka.wire.node_standing import enough_answers
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, from_hex, strict_json, to_hex
from ostraka.wire.relay import Nodes, rejection
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import ADDRESS_BYTES
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.signatures import recover

log = structlog.get_logger()

MAX_BATCH = 200
"""Most ballots in one request."""
_PATIENCE_S = 5
"""Longest time of a request for receipts or counts; nobody waits that long if enough answered."""
_MAX_ANSWER_BYTES = 2**20


class Ballots:
    """Client of the nodes of polls that this gateway serves."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._nodes = Nodes(client, log.warning)
        self.boards = RelayedBoards(client, self._nodes.standing)
        self._asking: set[asyncio.Task[Any]] = set()

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
            silent = Problem(ProblemType.NODE_SILENT, "it has not answered yet", "", 5)
            refusals |= dict.fromkeys(answer["waiting"], silent)
            raise rejection(refusals, poll.committee.faults)
        return answer

    async def cast_batch(
        self, poll: PublishedPoll, records: list[CastRecord]
    ) -> list[dict[str, Any]]:
        """Send ballots to all nodes; return an answer for each ballot."""
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
            "shuffle": _shuffle(poll, list(answers.values())),
            "nodes": nodes,
        }

    async def _each(self, poll: PublishedPoll, path: str) -> list[tuple[int, Any]]:
        """Return the answers of the nodes that answer correctly and in time.

        Waits for a quorum, and then a moment for the others.
        """

        async def ask(base: str) -> Any:
            url = f"{base.rstrip('/')}/api/v1/polls/{poll.poll_id}/{path}".rstrip("/")
            standing = self._nodes.standing(base)
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    return await answer_of(url)
            except TimeoutError:
                standing.leave_alone()
                raise

        async def answer_of(url: str) -> Any:
            async with self._client.stream("GET", url) as response:
                if response.status_code != httpx.codes.OK:
                    raise Malformed("answer", "a refusal")
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_ANSWER_BYTES:
                        raise Malformed("answer", "too large")
                return strict_json(bytes(body))

        standings = {
            number: self._nodes.standing(member.url)
            for number, member in enumerate(poll.committee.members, start=1)
        }
        asked = {
            number: asyncio.create_task(ask(member.url))
            for number, member in enumerate(poll.committee.members, start=1)
            if not standings[number].left_alone
        }
        for task in asked.values():
            # They continue after the answer.
            self._asking.add(task)
            task.add_done_callback(self._ended)
        late = {number for number in asked if standings[number].late}
        pending = await enough_answers(asked, late, poll.committee.quorum)
        answers = []
        for number in asked.keys() - pending:
            error = asked[number].exception()
            if error is None:
                standings[number].answered_in_time()
                answers.append((number, asked[number].result()))
        for number in pending:
            standings[number].late = True
        return sorted(answers, key=lambda one: one[0])

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and not _is_of_node(task.exception()):
            log.error("request to a node failed", exc_info=task.exception())


def _is_of_node(error: BaseException | None) -> bool:
    """Whether a request went well, or failed for a reason that nodes give."""
    return error is None or isinstance(error, TimeoutError | httpx.HTTPError | AuditError)


def _voted(answer: Any) -> int | None:
    value = answer.get("voted") if isinstance(answer, dict) else None
    return value if type(value) is int and 0 <= value < 1 << 32 else None


def _shuffle(poll: PublishedPoll, answers: Sequence[Any]) -> dict[str, Any] | None:
    """Return how far the nodes are with the shuffle, as the median node says.

    None for a poll that is only summed, or if no node answers validly.
    """
    found = []
    for answer in answers if poll.parameters.is_shuffled else ():
        try:
            given = answer.get("shuffle") if isinstance(answer, dict) else None
            found.append(Shuffle.model_validate(given, strict=True))
        except ValidationError:
            continue
    # A single lying node cannot change the median.
    found.sort(key=lambda one: (STAGES.index(one.stage), one.turn or 0, one.steps_done))
    return found[len(found) // 2].model_dump() if found else None


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
