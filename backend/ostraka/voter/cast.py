"""Cast a prepared ballot: send it to every node, check and keep their receipts.

Source: docs/protocol.md §9.2.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from ostraka.chain.published import PublishedPoll
from ostraka.voter.prepare import PreparedBallot
from ostraka.wire.records import CastRecord, from_hex, strict_json
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Member
from ostraka_verifier.typed_data import recover

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_PATIENCE_S = 60


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


async def cast(client: httpx.AsyncClient, poll: PublishedPoll, prepared: PreparedBallot) -> Cast:
    """Send a ballot to all nodes at once.

    The same ballot may be cast again at any time: nodes repeat their receipts.
    """
    body = CastRecord(prepared.ballot.encoded, prepared.boxes, prepared.signature).to_json()
    answers = await asyncio.gather(
        *(
            _cast_to(client, poll, number, member, prepared, body)
            for number, member in enumerate(poll.committee.members, start=1)
        )
    )
    receipts = {node: answer for node, answer in answers if isinstance(answer, bytes)}
    refusals = {node: answer for node, answer in answers if isinstance(answer, str)}
    return Cast(receipts, refusals, poll.committee.quorum)


async def _cast_to(
    client: httpx.AsyncClient,
    poll: PublishedPoll,
    node: int,
    member: Member,
    prepared: PreparedBallot,
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
                response = await client.post(url, json=body)
        except TimeoutError:
            return node, f"no answer within {_PATIENCE_S} s"
        except httpx.ConnectError:
            return node, "not reachable"
        except httpx.HTTPError as error:
            problem = type(error).__name__
            continue
        if response.status_code == 200:
            try:
                return node, _receipt(poll, member, prepared, response.content)
            except Malformed as error:
                return node, str(error)
        problem = response.text[:500]
        # Only what may pass by itself is tried again: the node says so.
        if "Retry-After" not in response.headers:
            break
    return node, problem


def _receipt(
    poll: PublishedPoll, member: Member, prepared: PreparedBallot, content: bytes
) -> bytes:
    answer = strict_json(content)
    signature = from_hex(answer.get("signature") if isinstance(answer, dict) else None, "signature")
    ballot = prepared.ballot
    # Over what this voter sent, not over what the node says it got.
    digest = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    if recover(digest, signature) != member.address:
        raise Malformed("receipt: not of this node for this ballot")
    return signature
