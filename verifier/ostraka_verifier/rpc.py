"""Minimal Ethereum JSON-RPC client. Its answers are only as trustworthy as the endpoint.

Every method raises Unanswered if the endpoint is unreachable, refuses, or gives an invalid answer,
and Reverted if it reports that the contract refused. Both are undecided: a wrong endpoint proves
nothing about a poll.

Source: Ethereum JSON-RPC specification; the contract ABI.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from ostraka_verifier.deadline import Connections, Deadline
from ostraka_verifier.encoding import ADDRESS_BYTES, WORD_BYTES, keccak256, parse_json, read_bytes
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.received import Received
from ostraka_verifier.uncompressed import UNCOMPRESSED, require_uncompressed
from ostraka_verifier.units import UnixSeconds

_T = TypeVar("_T")

_MAX_RPC_BYTES = 64 * 2**20
TIMEOUT = httpx.Timeout(60, connect=10)
_LOG_BLOCKS = 10_000
_MAX_LOG_REQUESTS = 5_000
_MAX_DIGITS = 16
_CALLS_AT_ONCE = 100
_MAX_EACH_BYTES = 1024
"""Longest answer to one of many calls, all of which are kept: a few words."""
_ATTEMPTS = 5
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10
_PATIENCE_S = 60
"""How long requests are repeated, and how long one answer may take."""
_SLOWEST_BYTES_PER_S = 10_000
"""Of an answer that may take longer because it is large."""

# How Ethereum clients report that a contract refuses, or has no such function.
_REVERTED = re.compile("revert|opcode|out ?of ?gas", re.IGNORECASE)
# How replicas report that they are behind the one that gave the block number.
_BEHIND = re.compile(
    "header not found|unknown block|block not found|rate limit|too many requests", re.IGNORECASE
)
_TOO_MANY_REQUESTS = 429

Progress = Callable[[int, int], None]
"""`progress(done, total)`; total is 0 if it is unknown."""
Log = dict[str, Any]
Topics = Sequence[bytes]
"""First topics of the requested events, 32 bytes each."""


class Unanswered(Undecided):
    """The endpoint did not answer: it is unreachable, refuses, or serves another chain.

    Attributes:
        again: Whether the same request may succeed later.
        after_s: Pause that the endpoint asks for, in seconds; None if it names none.
        smaller: Whether a request for less may succeed.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        after_s: float | None = None,
        smaller: bool = True,
    ) -> None:
        super().__init__(reason)
        self.again = again
        self.after_s = after_s
        self.smaller = smaller


class Changed(Unanswered):
    """A server no longer has the content whose beginning it sent."""


class Reverted(Undecided):
    """The endpoint ran the call, and the contract refused it."""


def no_progress(_done: int, _total: int) -> None:
    """Ignore progress."""


@contextmanager
def answers_of_the_endpoint() -> Iterator[None]:
    """Turn Malformed into Unanswered: invalid answers are the endpoint's fault, not the poll's."""
    try:
        yield
    except Malformed as error:
        raise Unanswered(f"the RPC endpoint gave an invalid answer: {error}") from error


def readable_or_error(read: Callable[[], _T]) -> _T | AuditError:
    """Read a part of the evidence, or return why it is unreadable; other parts are unaffected."""
    try:
        with answers_of_the_endpoint():
            return read()
    except AuditError as error:
        return error


class JsonRpc:
    """One endpoint."""

    def __init__(self, url: str, from_block: int = 0, reading: Progress = no_progress) -> None:
        """Args:
        from_block: First block whose events are requested, of contracts that are not older.
        reading: Told how many blocks of events are read, where the endpoint limits them.
        """
        self._client = server_client()
        self._connections = Connections()
        self._url = url
        self._from_block = from_block
        self._reading = reading
        self._takes_batches = True
        self._log_blocks: int | None = None
        """Blocks of events that the endpoint gave at once; None while it limited none."""
        self._oldest: dict[bytes, int] = {}
        self._deployed: set[bytes] = set()

    def begins_later(self, address: bytes) -> None:
        """Say that a contract is not older than `from_block`, if the endpoint cannot tell.

        Only where the caller finds out that events are missing.
        """
        self._deployed.add(address)

    def chain_id(self) -> int:
        """Return the id of the chain that it serves."""
        return read_quantity(self.ask("eth_chainId", []), "eth_chainId")

    def newest_block(self) -> int:
        """Return the number of its latest block."""
        return read_quantity(self.ask("eth_blockNumber", []), "eth_blockNumber")

    def timestamp(self, block: int) -> UnixSeconds:
        """Return when a block was made."""
        answer = self.ask("eth_getBlockByNumber", [hex(block), False])
        if answer is None:
            # A reorganization, or a provider behind the one that answered before.
            raise Unanswered(f"eth_getBlockByNumber: the RPC endpoint has no block {block}")
        if not isinstance(answer, dict):
            raise Unanswered("eth_getBlockByNumber: not a block")
        return UnixSeconds(read_quantity(answer.get("timestamp"), "eth_getBlockByNumber"))

    def code(self, address: bytes, block: int) -> bytes:
        """Return the code of an account."""
        code = self.ask("eth_getCode", ["0x" + address.hex(), hex(block)])
        return answered_bytes(code, "eth_getCode")

    def balance(self, address: bytes, block: int) -> int:
        """Return coins of an account, in the smallest unit."""
        answer = self.ask("eth_getBalance", ["0x" + address.hex(), hex(block)])
        return read_quantity(answer, "eth_getBalance", digits=64)

    def transaction_count(self, address: bytes, block: int) -> int:
        """Return the number of transactions that an account has sent."""
        answer = self.ask("eth_getTransactionCount", ["0x" + address.hex(), hex(block)])
        return read_quantity(answer, "eth_getTransactionCount")

    def call(self, address: bytes, signature: str, arguments: bytes, block: int) -> bytes:
        """Return the answer of a view function."""
        request = _call(address, signature, arguments, block)
        return answered_bytes(self.ask("eth_call", request), signature)

    def call_each(
        self, address: bytes, signature: str, arguments: Sequence[bytes], block: int
    ) -> list[bytes]:
        """Return a view function's answers to many arguments, in batches if possible."""
        answers: list[bytes] = []
        for start in range(0, len(arguments), _CALLS_AT_ONCE):
            calls = [
                _call(address, signature, one, block)
                for one in arguments[start : start + _CALLS_AT_ONCE]
            ]
            batched = self._batch(calls) if self._takes_batches else None
            if batched is None:
                self._takes_batches = False
                batched = [self.ask("eth_call", one) for one in calls]
            for one in batched:
                answer = answered_bytes(one, signature)
                if len(answer) > _MAX_EACH_BYTES:
                    raise Unanswered(f"{signature}: the RPC endpoint answers {len(answer)} bytes")
                answers.append(answer)
        return answers

    def _batch(self, calls: Sequence[Sequence[Any]]) -> list[Any] | None:
        """Return the results of one batch; None if the endpoint does not answer batches."""
        requests = [_request(number, "eth_call", one) for number, one in enumerate(calls)]
        try:
            given = self._patiently(lambda: self._post(requests))
        except Unanswered:
            return None
        entries = given if isinstance(given, list) else []
        # An id may be any JSON value.
        by_id = {str(one.get("id")): one for one in entries if isinstance(one, dict)}
        try:
            return [_result(by_id[str(number)], "eth_call") for number in range(len(calls))]
        except (KeyError, Unanswered):
            return None

    def logs(
        self, address: bytes, topics: Topics, last: int, first: int | None = None
    ) -> list[Log]:
        """Return all events of a contract with these topics up to a block, oldest first.

        Args:
            first: First block to read; by default the first one that the contract may have.
        """
        if first is None:
            first = self._first_block(address)
        spans = list(self._backwards(address, topics, first, last))
        return [log for span in reversed(spans) for log in span]

    def latest_logs(self, address: bytes, topics: Topics, last: int) -> list[Log]:
        """Return some of the newest such events, oldest first; empty only if there are none."""
        spans = self._backwards(address, topics, self._first_block(address), last)
        return next((span for span in spans if span), [])

    def _first_block(self, address: bytes) -> int:
        """Return the first block whose events are requested."""
        if not self._from_block:
            return 0
        if address not in self._oldest:
            try:
                older = bool(self.code(address, self._from_block - 1))
            except Undecided:
                # Most endpoints do not keep that state. Reading everything takes longer.
                older = address not in self._deployed
            self._oldest[address] = 0 if older else self._from_block
        return self._oldest[address]

    def _backwards(
        self, address: bytes, topics: Topics, first: int, last: int
    ) -> Iterator[list[Log]]:
        """Yield events in spans of blocks, the newest first.

        Many endpoints limit the blocks, or the events, of one request. A refused span is halved,
        and the one that worked is tried first the next time.
        """
        whole = last - first + 1
        if whole < 1:
            return
        left, span, refusal = whole, self._log_blocks or whole, ""
        for _ in range(_MAX_LOG_REQUESTS):
            start = max(first, first + left - span)
            try:
                logs = self._logs(address, topics, start, first + left - 1)
            except Unanswered as error:
                if span == 1 or not error.smaller:
                    raise
                refusal = str(error)
                span = min(_LOG_BLOCKS, max(1, min(span, left) // 2))
                continue
            left = start - first
            if span < whole:
                self._log_blocks = span
                self._reading(whole - left, whole)
            yield logs
            if not left:
                return
        raise Unanswered(
            f"eth_getLogs: not read within {_MAX_LOG_REQUESTS} requests; --from-block skips those"
            f" before the contracts were deployed; the RPC endpoint last refused: {refusal}"
        )

    def _logs(self, address: bytes, topics: Topics, first: int, last: int) -> list[Log]:
        wanted = {
            "address": "0x" + address.hex(),
            "topics": ["0x" + one.hex() for one in topics],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        logs = self.ask("eth_getLogs", [wanted])
        if not isinstance(logs, list) or not all(isinstance(log, dict) for log in logs):
            raise Unanswered("eth_getLogs: not a list of logs")
        for log in logs:
            if answered_bytes(log.get("address"), "eth_getLogs") != address or any(
                read_topic(log, place) != topic for place, topic in enumerate(topics)
            ):
                raise Unanswered("eth_getLogs: a log that was not asked for")
        return logs

    def ask(self, method: str, parameters: Sequence[Any]) -> Any:
        """Return the result of any method."""
        return self._patiently(lambda: _result(self._post(_request(1, method, parameters)), method))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Repeat a request a limited number of times if it may succeed later."""
        started_monotonic_s = time.monotonic()
        for attempt in range(_ATTEMPTS - 1):
            try:
                return ask()
            except Unanswered as error:
                if not error.again or time.monotonic() - started_monotonic_s > _PATIENCE_S:
                    raise
                wished = error.after_s if error.after_s is not None else _PAUSE_S * 2**attempt
                time.sleep(min(wished, _LONGEST_PAUSE_S))
        return ask()

    def _post(self, request: Any) -> Any:
        deadline = Deadline(_PATIENCE_S, self._connections)
        body = fetch(self._client, deadline, "POST", self._url, _MAX_RPC_BYTES, content=request)
        with answers_of_the_endpoint():
            return parse_json(body, "JSON-RPC")


def server_client() -> httpx.Client:
    """Return a client of servers that may lie, which follows no redirects."""
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        headers=UNCOMPRESSED,
        event_hooks={"response": [require_uncompressed]},
    )


def no_answer(error: Exception) -> str:
    """Return why a server did not answer."""
    match error:
        case httpx.DecodingError():
            return "its answer is compressed"
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return "no connection"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
            return "this is not a server's address"
        case httpx.TooManyRedirects():
            return "too many redirects"
    return "the connection was lost"


def patience_with_large_answers(connections: Connections) -> Deadline:
    """Return the deadline of an answer of any size, which must keep arriving at some speed."""
    return Deadline(_PATIENCE_S, connections, _SLOWEST_BYTES_PER_S)


def fetch(
    client: httpx.Client,
    deadline: Deadline,
    method: str,
    url: str,
    limit: int,
    progress: Progress = no_progress,
    content: Any = None,
) -> bytes:
    """Return the body of a successful answer of at most `limit` bytes; Unanswered otherwise.

    Args:
        deadline: Of this answer, with the connections of the client.
    """
    body = bytearray()
    receive(client, deadline, method, url, limit, body.extend, progress, content)
    return bytes(body)


def receive(
    client: httpx.Client,
    deadline: Deadline,
    method: str,
    url: str,
    limit: int,
    take: Callable[[bytes], None],
    progress: Progress = no_progress,
    content: Any = None,
    received: Received | None = None,
) -> None:
    """Give the body of a successful answer to `take`, piece by piece, before all of it has arrived.

    Other arguments and errors are those of `fetch`.

    Args:
        received: What earlier requests gave to `take` of this answer; only the rest is asked for.
    """
    received = received or Received()
    before = received.length
    late = Unanswered(f"{url}: no whole answer in time")
    try:
        with (
            deadline,
            client.stream(
                method,
                url,
                json=content,
                headers=received.headers(),
                extensions={"trace": deadline.trace},
            ) as response,
        ):
            fits = received.begin(response)
            if before and response.is_success and not fits:
                raise Changed(f"{url}: not the rest of what it sent before")
            length = response.headers.get("content-length", "")
            total = before + int(length) if length.isdecimal() else 0
            arrived = 0
            for chunk in response.iter_bytes():
                arrived += len(chunk)
                if fits:
                    take(chunk)
                    received.length += len(chunk)
                deadline.received(arrived)
                progress(before + arrived, total)
                if before + arrived > limit:
                    raise Unanswered(f"{url}: more than {limit} bytes")
    except httpx.NetworkError as error:
        if deadline.is_over:
            raise late from error
        # For example while the server restarts.
        raise Unanswered(f"{url}: {no_answer(error)}", again=True, smaller=False) from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        if deadline.is_over:
            raise late from error
        # UnicodeError: host names that cannot be encoded. An answer that takes long may be large.
        slow = isinstance(error, httpx.ReadTimeout)
        lost = isinstance(error, httpx.RemoteProtocolError)
        raise Unanswered(f"{url}: {no_answer(error)}", again=lost, smaller=slow) from error
    if deadline.is_over:
        # A closed connection also ends bodies without a stated length.
        raise late
    status = response.status_code
    if not fits:
        raise Unanswered(
            f"{url}: status {status}",
            again=status == _TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR,
            after_s=_retry_after(response.headers.get("retry-after", "")),
            smaller=status != _TOO_MANY_REQUESTS,
        )


def _retry_after(header: str) -> float | None:
    """Return the seconds of a Retry-After header; None if it has a date or is absent."""
    return float(header) if re.fullmatch("[0-9]{1,6}", header) else None


def read_topic(log: Log, position: int) -> bytes:
    """Return one topic of an event, 32 bytes."""
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) <= position:
        raise Unanswered("eth_getLogs: a topic is missing")
    found = answered_bytes(topics[position], "topic")
    if len(found) != WORD_BYTES:
        raise Unanswered(f"eth_getLogs: a topic of {len(found)} bytes")
    return found


def read_quantity(value: Any, subject: str, digits: int = _MAX_DIGITS) -> int:
    """Return a quantity in the JSON-RPC notation, by default of at most 64 bits."""
    if not isinstance(value, str) or not re.fullmatch(f"0x[0-9a-fA-F]{{1,{digits}}}", value):
        raise Unanswered(f"{subject}: {str(value)[:40]!r} is not a quantity")
    return int(value, 16)


def answered_bytes(value: Any, subject: str) -> bytes:
    """Return the bytes of 0x-hex."""
    with answers_of_the_endpoint():
        return read_bytes(value, subject)


def event_data(log: Log) -> bytes:
    """Return the parameters of an event that are not topics."""
    return answered_bytes(log.get("data"), "eth_getLogs")


def address_in(answer: bytes) -> bytes:
    """Return the address in a word; fewer than 20 bytes if the answer is shorter."""
    return answer[WORD_BYTES - ADDRESS_BYTES : WORD_BYTES]


def _request(identity: int, method: str, parameters: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": list(parameters)}


def _call(address: bytes, signature: str, arguments: bytes, block: int) -> list[Any]:
    calldata = keccak256(signature.encode())[:4] + arguments
    return [{"to": "0x" + address.hex(), "data": "0x" + calldata.hex()}, hex(block)]


def _result(answer: Any, method: str) -> Any:
    if not isinstance(answer, dict) or "result" not in answer:
        reason = str(answer.get("error") if isinstance(answer, dict) else answer)
        said = f"{method}: the RPC endpoint refuses: {reason[:200]}"
        if _REVERTED.search(reason):
            raise Reverted(said)
        behind = _BEHIND.search(reason) is not None
        raise Unanswered(said, again=behind, smaller=not behind)
    return answer["result"]
