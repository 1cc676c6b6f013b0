"""Take a poll's census from nobody but its creator, and judge one at a time.

Looking at a large one takes long, so strangers are refused before its bytes are read. Who may give
it is said by the chain: the poll's creator or, where a treasury created it, the organizer of the
round that it decides.

Source: docs/protocol.md §6, §17.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from ostraka.chain.contract import ChainError
from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import PollView, Registry
from ostraka.chain.treasury import Treasury
from ostraka.node.policy import Policy
from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.problems import Problem, from_audit_error, out_of_reach, respond
from ostraka_verifier.census import Census, census_bytes
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed, Rejected

_ROUND_GAS = 1_000_000
"""For a view of a contract that strangers name."""
_MOST_REMEMBERED = 1024
"""Wrong censuses, signers that rest, and creators that are known: of each the latest."""
_REST = 10
"""The signer of a wrong census waits so many times as long as judging it took."""
_LEAST_REST_S = 1

_Key = tuple[bytes, bytes]
"""Poll context and hash of a census."""
_K = TypeVar("_K")
_V = TypeVar("_V")


class CensusUploads:
    """Censuses on their way into one node."""

    def __init__(self, registry: Registry, policy: Policy) -> None:
        self._registry = registry
        self._policy = policy
        self._signers: OrderedDict[bytes, bytes] = OrderedDict()
        self._wrong: OrderedDict[_Key, str] = OrderedDict()
        self._resting: OrderedDict[bytes, float] = OrderedDict()
        self._judging: dict[bytes, tuple[_Key, asyncio.Task[Census]]] = {}
        self._turn = asyncio.Lock()

    async def check(self, poll: PublishedPoll, view: PollView, header: str) -> CensusUpload:
        """Whether an upload may come in, from its header alone.

        Raises:
            Problem: It may not; says why.
            ChainError: The chain is out of reach, or its treasury does not answer.
        """
        upload = CensusUpload.decode(header)
        signer = await self._signer(poll, view)
        upload.require_signer(signer, poll.domain, poll.context)
        objection = self._policy.objection_to(poll, view.creator)
        if objection is None:
            objection = self._wrong.get((poll.context, upload.census_hash))
        if objection is not None:
            raise Problem(422, "Poll refused", objection)
        key, _ = self._judging.get(signer, (None, None))
        pause_s = self._resting.get(signer, 0) - time.monotonic()
        if key not in (None, (poll.context, upload.census_hash)) or pause_s > 0:
            detail = "another census of this signer is or was being looked at"
            raise Problem(429, "Busy", detail, retry_after_s=1 + int(max(pause_s, 0)))
        return upload

    async def judge(
        self, poll: PublishedPoll, view: PollView, upload: CensusUpload, data: bytes
    ) -> Census:
        """The census, when it is the poll's; several who send the same wait for one answer.

        Raises:
            Problem: It is not; says why.
        """
        # What cannot be it is not read, as hashing a large one takes long.
        if len(data) != census_bytes(poll.parameters.voters):
            raise Problem(422, "Poll refused", _wrong_size(len(data), poll), "body")
        if keccak256(data) != upload.census_hash:
            detail = "the body is not the one that was signed"
            raise Problem(403, "Not the poll's creator", detail, "body")
        signer = await self._signer(poll, view)
        key = poll.context, upload.census_hash
        under_way = self._judging.get(signer)
        if under_way is None:
            task = asyncio.create_task(self._judge(signer, key, poll, view, data))
            self._judging[signer] = key, task
        else:
            known, task = under_way
            if known != key:
                raise Problem(429, "Busy", "another census of this signer is looked at", "", 1)
        return await asyncio.shield(task)

    async def _judge(
        self, signer: bytes, key: _Key, poll: PublishedPoll, view: PollView, data: bytes
    ) -> Census:
        try:
            async with self._turn:
                started = time.monotonic()
                census, objection = await asyncio.to_thread(self._look_at, poll, view, data)
                took_s = time.monotonic() - started
            if objection is not None or census is None:
                rest_s = max(_REST * took_s, _LEAST_REST_S)
                _remember(self._wrong, key, str(objection))
                _remember(self._resting, signer, time.monotonic() + rest_s)
                raise Problem(422, "Poll refused", str(objection))
            return census
        finally:
            del self._judging[signer]

    def _look_at(
        self, poll: PublishedPoll, view: PollView, data: bytes
    ) -> tuple[Census | None, str | None]:
        try:
            census = Census.decode(data)
        except (Malformed, Rejected) as error:
            return None, from_audit_error(error).detail
        return census, self._policy.objection(poll, view.creator, census)

    async def _signer(self, poll: PublishedPoll, view: PollView) -> bytes:
        """Who may give a poll's census; asked of the chain once."""
        known = self._signers.get(poll.context)
        if known is None:
            known = await asyncio.to_thread(self._ask_signer, poll, view)
            _remember(self._signers, poll.context, known)
        return known

    def _ask_signer(self, poll: PublishedPoll, view: PollView) -> bytes:
        named = poll.description.round
        # Nobody signs for a contract; a treasury says who organizes its round.
        if named is None or named.treasury != view.creator:
            return view.creator
        treasury = Treasury(self._registry.rpc_url, view.creator)
        organizer, poll_id = treasury.organizer(named.round_id, _ROUND_GAS)
        if poll_id != poll.poll_id:
            detail = f"round {named.round_id} of its treasury decides by poll {poll_id}"
            raise Problem(422, "Poll refused", detail)
        return organizer


class CensusGate:
    """ASGI middleware that refuses uploads by their headers, before any of the body is read."""

    _PATH = re.compile("/api/v1/polls/([0-9]{1,15})/census")

    def __init__(self, app: ASGIApp, check: Callable[[int, str, int], Awaitable[object]]) -> None:
        """Args:
        check: Raises Problem or ChainError for an upload that may not come in, by poll, header, and
            declared length, 0 where none is declared.
        """
        self._app = app
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        uploads = scope["type"] == "http" and scope["method"] == "PUT"
        match = self._PATH.fullmatch(scope["path"]) if uploads else None
        if match is not None:
            headers = dict(scope["headers"])
            header = headers.get(census_upload.HEADER.lower().encode(), b"").decode("latin-1")
            length = headers.get(b"content-length", b"")
            size = int(length) if length.isdigit() and len(length) < 20 else 0
            try:
                await self._check(int(match[1]), header, size)
            except (Problem, ChainError) as error:
                problem = error if isinstance(error, Problem) else out_of_reach()
                await respond(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def check_size(poll: PublishedPoll, size: int) -> None:
    """Problem when so many bytes cannot be the poll's census; 0 stands for a length not known."""
    if size and size != census_bytes(poll.parameters.voters):
        raise Problem(422, "Poll refused", _wrong_size(size, poll), "body")


def _wrong_size(size: int, poll: PublishedPoll) -> str:
    return f"{size} bytes are no census of {poll.parameters.voters} voters"


def _remember(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MOST_REMEMBERED:
        memory.popitem(last=False)
