"""Answers of tallying nodes to a voter's own program, without a gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, reported
from ostraka.wire.records import strict_json
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Member
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.uncompressed import UNCOMPRESSED, require_uncompressed_async

_ANSWER_BYTES = 2**20
"""Larger than a node's report of the keys or of the checkpoints of the largest committee."""


@asynccontextmanager
async def client_of_nodes(timeout: httpx.Timeout) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client that follows no redirect, uses no proxy and unpacks nothing."""
    async with httpx.AsyncClient(
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers=UNCOMPRESSED,
        event_hooks={"response": [require_uncompressed_async]},
    ) as client:
        yield client


async def answer_of(client: httpx.AsyncClient, member: Member, poll_id: int, path: str) -> Any:
    """Return the JSON of a node's answer about a poll.

    Args:
        path: Below the poll's, without a slash in front.

    Raises:
        Problem: The node refuses, does not answer, or answers something invalid.
    """
    url = f"{member.url.rstrip('/')}/api/v1/polls/{poll_id}/{path}"
    body = bytearray()
    try:
        async with client.stream("GET", url) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ANSWER_BYTES:
                    raise Malformed("answer", f"more than {_ANSWER_BYTES} bytes")
        if response.status_code != httpx.codes.OK:
            raise reported(bytes(body), response.status_code, response.headers)
        return strict_json(bytes(body))
    except httpx.ConnectError:
        raise Problem(ProblemType.NODE_UNREACHABLE, "the node cannot be reached") from None
    except httpx.HTTPError as error:
        raise Problem(ProblemType.NODE_SILENT, no_answer(error)) from None
    except Malformed as error:
        raise Problem(ProblemType.ANSWER_INVALID, str(error)) from None
