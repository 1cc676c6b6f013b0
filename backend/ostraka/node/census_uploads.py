"""Accept a poll's census only from its creator, and check one at a time.

Checking a large census takes long, so strangers are refused before its bytes are read. The chain
defines the uploader: the poll's creator or, if a treasury created the poll, the organizer of the
round that it decides. If a Governor did, it is everybody who posted the census with a bond.

Source: docs/protocol.md §6, §17, §18.10.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import PollView, Registry
from ostraka.chain.treasury import Treasury
from ostraka.node.electorate import ElectorateReader, split_upload
from ostraka.node.policy import Policy
from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.paths import routed
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, chain_unreachable, from_audit_error
from ostraka_verifier.census import Census
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.published import PublishedPoll

_ROUND_GAS = 1_000_000
"""Gas limit for a view of a contract that strangers name."""
_MOST_REMEMBERED = 1024
"""Most wrong censuses, paused polls and known creators that are remembered, each."""
_MOST_OF_SIGNER = 8
"""Most waiting censuses of one signer; a gateway may open several polls at once."""
_WRONG_S = 600
"""How long a wrong census is remembered; it may be right once a provider catches up."""
_REST = 10
"""After a wrong census its poll is paused for this multiple of the time of the check."""
_LEAST_REST_S = 1

_Key = tuple[bytes, bytes]
"""Poll context and hash of a census."""
_K = TypeVar("_K")
_V = TypeVar("_V")


class CensusUploads:
    """Uploads of censuses to one node."""

    def __init__(self, registry: Registry, policy: Policy, electorates: ElectorateReader) -> None:
        """Args:
        electorates: Reads electorates from the chain.
        """
        self._registry = registry
        self._policy = policy
        self._electorates = electorates
        self._signers: OrderedDict[bytes, bytes] = OrderedDict()
        self._posters: OrderedDict[_Key, None] = OrderedDict()
        """Poll context and account of everybody whom a Governor named."""
        self._contracts: OrderedDict[bytes, bool] = OrderedDict()
        self._wrong: OrderedDict[_Key, tuple[str, float]] = OrderedDict()
        """Why it was refused, and when by the monotonic clock."""
        self._resting_until_monotonic_s: OrderedDict[bytes, float] = OrderedDict()
        """By poll context and signer: nobody's mistakes delay another's upload."""
        self._judging: dict[_Key, asyncio.Task[Census]] = {}
        self._lines: dict[bytes, _Line] = {}
        self._turn = asyncio.Lock()

    async def check(self, poll: PublishedPoll, view: PollView, header: str) -> CensusUpload:
        """Check from its header alone that an upload is allowed.

        Raises:
            Problem: It is not; states why.
            ChainError: The chain is unreachable, or its treasury does not answer.
        """
        upload = CensusUpload.decode(header)
        signer = upload.signer(poll.domain, poll.context)
        await self._require_uploader(poll, view, signer)
        objection = self._policy.objection_to(poll, view.creator)
        if objection is None:
            objection = self._remembered((poll.context, upload.census_hash))
        if objection is not None:
            raise Problem(ProblemType.POLL_REJECTED, objection)
        self._require_rested(poll.context + signer)
        self._require_room(signer, (poll.context, upload.census_hash))
        return upload

    async def judge(
        self, poll: PublishedPoll, view: PollView, upload: CensusUpload, data: bytes
    ) -> Census:
        """Return the census if it is the poll's; concurrent uploads of the same share one check.

        Raises:
            Problem: It is not; states why.
        """
        # Sizes are checked first, as hashing a large census takes long.
        split_upload(poll, data)
        if keccak256(data) != upload.census_hash:
            detail = "the body does not match the signed hash"
            raise Problem(ProblemType.NOT_THE_CREATOR, detail, "body")
        signer = upload.signer(poll.domain, poll.context)
        key = poll.context, upload.census_hash
        self._require_room(signer, key)
        if key not in self._judging:
            line = self._lines.setdefault(signer, _Line())
            line.length += 1
            self._judging[key] = asyncio.create_task(self._judge(signer, key, poll, view, data))
        return await asyncio.shield(self._judging[key])

    async def _judge(
        self, signer: bytes, key: _Key, poll: PublishedPoll, view: PollView, data: bytes
    ) -> Census:
        line = self._lines[signer]
        try:
            # Each signer has one place in the queue.
            async with line.turn, self._turn:
                self._require_rested(poll.context + signer)
                started = time.monotonic()
                census, objection = await asyncio.to_thread(self._look_at, poll, view, data)
                took_s = time.monotonic() - started
            if objection is not None or census is None:
                rest_s = max(_REST * took_s, _LEAST_REST_S)
                _remember(self._wrong, key, (str(objection), time.monotonic()))
                until_s = time.monotonic() + rest_s
                _remember(self._resting_until_monotonic_s, poll.context + signer, until_s)
                raise Problem(ProblemType.POLL_REJECTED, str(objection))
            return census
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[signer]
            del self._judging[key]

    def _remembered(self, key: _Key) -> str | None:
        """Return why a census was refused recently."""
        objection, at_monotonic_s = self._wrong.get(key, (None, 0))
        return objection if time.monotonic() - at_monotonic_s < _WRONG_S else None

    def _require_rested(self, poll_and_signer: bytes) -> None:
        pause_s = self._resting_until_monotonic_s.get(poll_and_signer, 0) - time.monotonic()
        if pause_s > 0:
            detail = "this signer sent a wrong census of this poll recently"
            raise Problem(ProblemType.QUEUE_FULL, detail, retry_after_s=1 + int(pause_s))

    def _require_room(self, signer: bytes, key: _Key) -> None:
        line = self._lines.get(signer)
        if key not in self._judging and line is not None and line.length >= _MOST_OF_SIGNER:
            raise Problem(
                ProblemType.QUEUE_FULL, "other censuses of this signer are being checked", "", 1
            )

    def _look_at(
        self, poll: PublishedPoll, view: PollView, data: bytes
    ) -> tuple[Census | None, str | None]:
        given, redemptions = split_upload(poll, data)
        try:
            census = Census.decode(given)
        except (Malformed, Rejected) as error:
            return None, from_audit_error(error).detail
        return census, self._policy.objection(
            poll, view.creator, census, redemptions, self._electorates
        )

    async def _require_uploader(self, poll: PublishedPoll, view: PollView, signer: bytes) -> None:
        expected = await self._signer(poll, view)
        if signer == expected or (poll.context, signer) in self._posters:
            return
        if not await asyncio.to_thread(self._is_poster, poll, view, signer):
            detail = f"only 0x{expected.hex()} can upload the census of this poll"
            raise Problem(ProblemType.NOT_THE_CREATOR, detail, census_upload.HEADER)
        _remember(self._posters, (poll.context, signer), None)

    def _is_poster(self, poll: PublishedPoll, view: PollView, signer: bytes) -> bool:
        """Whether a Governor created the poll, and the signer posted its census there."""
        is_contract = self._contracts.get(poll.context)
        if is_contract is None:
            is_contract = self._electorates.is_contract(view.creator)
            _remember(self._contracts, poll.context, is_contract)
        return is_contract and self._electorates.may_upload(view.creator, poll.poll_id, signer)

    async def _signer(self, poll: PublishedPoll, view: PollView) -> bytes:
        """Return the account that may upload a poll's census; the chain is asked only once."""
        known = self._signers.get(poll.context)
        if known is None:
            known = await asyncio.to_thread(self._ask_signer, poll, view)
            _remember(self._signers, poll.context, known)
        return known

    def _ask_signer(self, poll: PublishedPoll, view: PollView) -> bytes:
        named = poll.description.round
        # A contract cannot sign; a treasury names the organizer of its round.
        if named is None or named.treasury != view.creator:
            return view.creator
        treasury = Treasury(self._registry.rpc_url, view.creator)
        organizer, poll_id = treasury.organizer(named.round_id, _ROUND_GAS)
        if poll_id != poll.poll_id:
            detail = f"round {named.round_id} of its treasury has poll {poll_id}"
            raise Problem(ProblemType.POLL_REJECTED, detail)
        return organizer


class _Line:
    """Queue of one signer's censuses."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.length = 0


class CensusGate:
    """ASGI middleware that refuses uploads by their headers, before any of the body is read."""

    _PATH = routed("/api/v1/polls/([^/]+)/census")
    _NUMBER = re.compile("[1-9][0-9]{0,14}")

    def __init__(self, app: ASGIApp, check: Callable[[int, str, int], Awaitable[object]]) -> None:
        """Args:
        check: Raises Problem or ChainError for an upload that is not allowed; gets poll, header and
            declared length, 0 if none is declared.
        """
        self._app = app
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        uploads = scope["type"] == "http" and scope["method"] == "PUT"
        match = self._PATH.fullmatch(scope["path"]) if uploads else None
        if match is not None and not self._NUMBER.fullmatch(match[1]):
            # The framework accepts further spellings of a number, and would read the body.
            problem = Problem(ProblemType.NO_SUCH_POLL, "expected the number of a poll", "poll")
            await respond(problem)(scope, receive, send)
            return
        if match is not None:
            headers = dict(scope["headers"])
            header = headers.get(census_upload.HEADER.lower().encode(), b"").decode("latin-1")
            length = headers.get(b"content-length", b"")
            size = int(length) if length.isdigit() and len(length) < 20 else 0
            try:
                await self._check(int(match[1]), header, size)
            except (Problem, ChainError) as error:
                problem = error if isinstance(error, Problem) else chain_unreachable()
                await respond(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _remember(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MOST_REMEMBERED:
        memory.popitem(last=False)
