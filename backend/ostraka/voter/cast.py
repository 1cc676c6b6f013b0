"""Cast a prepared ballot: send it to every node, check and keep their receipts.

Source: docs/protocol.md §9.2.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from ostraka.voter.prepare import PreparedBallot
from ostraka.wire.records import CastRecord, encode_records, from_hex, strict_json
from ostraka.wire.wording import no_answer
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.encoding import ADDRESS_BYTES, SIGNATURE_BYTES, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import check_boxes
from ostraka_verifier.typed_data import Domain, recover

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE_S = 60
"""How long a voter waits for a node, all attempts together."""
_ANSWER_BYTES = 2**12
"""More than a receipt or a problem has."""
_MAX_REFUSAL = 1000


class PollToCast(Protocol):
    """What casting must know of a poll."""

    @property
    def poll_id(self) -> int:
        """Id in its registry."""

    @property
    def domain(self) -> Domain:
        """Chain and registry."""

    @property
    def context(self) -> bytes:
        """`pollContext`."""

    @property
    def committee(self) -> Committee:
        """The nodes."""

    @property
    def rule(self) -> BallotRule:
        """What its ballots obey."""

    @property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""


@dataclass(frozen=True)
class Cast:
    """What came back from the nodes.

    Attributes:
        receipts: Verified receipt signatures by node index.
        refusals: For each other node why there is none.
        quorum: Receipts that record a ballot.
    """

    receipts: dict[int, bytes]
    refusals: dict[int, str]
    quorum: int

    @property
    def recorded(self) -> bool:
        """Whether the ballot is recorded: nobody can leave it out unnoticed any more."""
        return len(self.receipts) >= self.quorum


async def cast(client: httpx.AsyncClient, poll: PollToCast, prepared: PreparedBallot) -> Cast:
    """Send a ballot to all nodes at once.

    The same ballot may be cast again at any time: nodes repeat their receipts.
    """
    record = CastRecord(prepared.ballot.encoded, prepared.boxes, prepared.signature)
    return (await send(client, poll, [record]))[0]


async def send(
    client: httpx.AsyncClient, poll: PollToCast, records: Sequence[CastRecord]
) -> list[Cast]:
    """Send prepared ballots to all nodes at once; what came back for each.

    Raises:
        Malformed: One of them is no record of this poll.
    """
    batch = [_Sending(record, receipt_statement(poll, record)) for record in records]
    members = list(enumerate(poll.committee.members, start=1))
    answers = await asyncio.gather(
        *(_send_to(client, poll, member, batch) for _, member in members)
    )
    results = []
    for position in range(len(batch)):
        said = {
            number: answer[position] for (number, _), answer in zip(members, answers, strict=True)
        }
        receipts = {node: one for node, one in said.items() if isinstance(one, bytes)}
        refusals = {node: one for node, one in said.items() if isinstance(one, str)}
        results.append(Cast(receipts, refusals, poll.committee.quorum))
    return results


@dataclass(frozen=True)
class _Sending:
    record: CastRecord
    statement: bytes


class _Later(str):
    """A refusal that may pass by itself."""


async def _send_to(
    client: httpx.AsyncClient, poll: PollToCast, member: Member, batch: Sequence[_Sending]
) -> list[bytes | str]:
    """For each ballot the node's receipt, or why there is none."""
    url = f"{member.url.rstrip('/')}/api/v1/polls/{poll.poll_id}/ballots:batch"
    results: list[bytes | str] = [f"no receipt within {_PATIENCE_S} s"] * len(batch)
    try:
        # However slowly a node answers, and however often it wants to be asked again: it must not
        # keep the receipts of the others from the voter.
        async with asyncio.timeout(_PATIENCE_S):
            await _gather_receipts(client, url, member, batch, results)
    except TimeoutError:
        pass
    return results


async def _gather_receipts(
    client: httpx.AsyncClient,
    url: str,
    member: Member,
    batch: Sequence[_Sending],
    results: list[bytes | str],
) -> None:
    """Ask until every ballot has its receipt or a reason why asking again is no use."""
    waiting = list(range(len(batch)))
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        body = encode_records([batch[position].record for position in waiting])
        try:
            answers = await _post(client, url, body, len(waiting))
        except httpx.ConnectError:
            answers = ["not reachable"] * len(waiting)
        except httpx.HTTPError as error:
            answers = [_Later(no_answer(error))] * len(waiting)
        except Malformed as error:
            answers = [str(error)] * len(waiting)
        retry = []
        for position, answer in zip(waiting, answers, strict=True):
            results[position] = _result(member, batch[position].statement, answer)
            # Only what may pass by itself is tried again: the node says so.
            later = isinstance(answer, dict) and "retry_after_s" in answer
            if later or isinstance(answer, _Later):
                retry.append(position)
        waiting = retry
        if not waiting:
            return


def _result(member: Member, statement: bytes, answer: Any) -> bytes | str:
    if isinstance(answer, str):
        return answer
    if "signature" in answer:
        try:
            return verified_receipt(member, statement, answer)
        except Malformed as error:
            return str(error)
    return json.dumps(answer, ensure_ascii=False)[:_MAX_REFUSAL]


async def _post(client: httpx.AsyncClient, url: str, body: bytes, records: int) -> list[Any]:
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
        text = bytes(answer[:_MAX_REFUSAL]).decode(errors="replace")
        return [_Later(text) if "Retry-After" in response.headers else text] * records
    content = strict_json(bytes(answer))
    if not isinstance(content, list) or len(content) != records:
        raise Malformed(f"answer: not a list of {records}")
    if not all(isinstance(one, dict) for one in content):
        raise Malformed("answer: neither receipts nor problems")
    return content


def receipt_statement(poll: PollToCast, record: CastRecord) -> bytes:
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
    voter, cast_at = record.ballot[:ADDRESS_BYTES], record.ballot[ADDRESS_BYTES:][:8]
    return poll.domain.digest(
        typed_data.RECEIPT,
        poll.context,
        voter,
        int.from_bytes(cast_at, "big"),
        tagged_hash("ballot", record.ballot),
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
