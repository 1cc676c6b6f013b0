"""Cast a prepared ballot: send it to every node, check and keep their receipts.

Source: docs/protocol.md §9.2.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from ostraka.voter.prepare import PreparedBallot
from ostraka.wire.records import CastRecord, from_hex, strict_json
from ostraka_verifier import typed_data
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.encoding import ADDRESS_BYTES, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.typed_data import Domain, recover

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE_S = 60
_MAX_ANSWER_BYTES = 2**16


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
    return await send(client, poll, record)


async def send(client: httpx.AsyncClient, poll: PollToCast, record: CastRecord) -> Cast:
    """Send what somebody prepared to all nodes at once.

    Raises:
        Malformed: It is too short for a ballot of this poll.
    """
    statement = receipt_statement(poll, record)
    body = record.to_json()
    answers = await asyncio.gather(
        *(
            _cast_to(client, poll, number, member, statement, body)
            for number, member in enumerate(poll.committee.members, start=1)
        )
    )
    receipts = {node: answer for node, answer in answers if isinstance(answer, bytes)}
    refusals = {node: answer for node, answer in answers if isinstance(answer, str)}
    return Cast(receipts, refusals, poll.committee.quorum)


async def _cast_to(
    client: httpx.AsyncClient,
    poll: PollToCast,
    node: int,
    member: Member,
    statement: bytes,
    body: dict[str, Any],
) -> tuple[int, bytes | str]:
    url = f"{member.url.rstrip('/')}/api/v1/polls/{poll.poll_id}/ballots"
    problem = "no answer"
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        try:
            # However slowly an answer drips: one node must not keep its receipts from the voter.
            async with asyncio.timeout(_PATIENCE_S):
                status, headers, content = await _post(client, url, body)
        except TimeoutError:
            return node, f"no answer within {_PATIENCE_S} s"
        except httpx.ConnectError:
            return node, "not reachable"
        except httpx.HTTPError as error:
            problem = type(error).__name__
            continue
        if status == 200:
            try:
                return node, verified_receipt(member, statement, strict_json(content))
            except Malformed as error:
                return node, str(error)
        problem = content[:1000].decode(errors="replace")
        # Only what may pass by itself is tried again: the node says so.
        if "Retry-After" not in headers:
            break
    return node, problem


async def _post(
    client: httpx.AsyncClient, url: str, body: dict[str, Any]
) -> tuple[int, httpx.Headers, bytes]:
    """Status, headers and as much of the answer as a receipt can have."""
    answer = bytearray()
    async with client.stream("POST", url, json=body) as response:
        async for chunk in response.aiter_bytes():
            answer += chunk
            if len(answer) > _MAX_ANSWER_BYTES:
                break
    return response.status_code, response.headers, bytes(answer)


def receipt_statement(poll: PollToCast, record: CastRecord) -> bytes:
    """What a receipt of a ballot signs: over what its voter sent, not what a node says it got.

    Raises:
        Malformed: It is not as long as a ballot of this poll.
    """
    if len(record.ballot) != poll.layout.size:
        raise Malformed(f"ballot: {len(record.ballot)} bytes, expected {poll.layout.size}")
    voter, cast_at = record.ballot[:ADDRESS_BYTES], record.ballot[ADDRESS_BYTES:][:8]
    return poll.domain.digest(
        typed_data.RECEIPT,
        poll.context,
        voter,
        int.from_bytes(cast_at, "big"),
        tagged_hash("ballot", record.ballot),
    )


def verified_receipt(member: Member, statement: bytes, answer: Any) -> bytes:
    """A node's signature out of its answer.

    Raises:
        Malformed: It holds none, or one of somebody else or for something else.
    """
    signature = from_hex(answer.get("signature") if isinstance(answer, dict) else None, "signature")
    if recover(statement, signature) != member.address:
        raise Malformed("receipt: not of this node for this ballot")
    return signature
