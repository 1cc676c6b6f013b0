"""Ask an Ethereum JSON-RPC endpoint, whose answers are worth what it is worth.

Raises everywhere: Unanswered when the endpoint cannot be reached, refuses, or answers what no chain
would; Reverted when it says that the contract refuses. Both decide nothing: a wrong endpoint says
nothing about a poll.

Source: Ethereum JSON-RPC specification; the contract ABI.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from ostraka_verifier.encoding import WORD_BYTES, Reader, keccak256, parse_json, read_bytes
from ostraka_verifier.errors import Malformed, Undecided
from ostraka_verifier.units import UnixSeconds

_MAX_RPC_BYTES = 64 * 2**20
TIMEOUT = httpx.Timeout(60, connect=10)
_LOG_BLOCKS = 10_000
_MAX_LOG_REQUESTS = 5_000
_MAX_DIGITS = 16
_CALLS_AT_ONCE = 100
_ATTEMPTS = 5
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10
_PATIENCE_S = 60
_SLOWEST_BYTES_PER_S = 10_000

# As clients word it when a contract refuses, or has no such function.
_REVERTED = re.compile("revert|opcode|out ?of ?gas", re.IGNORECASE)
# As replicas word it that are behind the one that gave the block's number.
_BEHIND = re.compile(
    "header not found|unknown block|block not found|rate limit|too many requests", re.IGNORECASE
)
_TOO_MANY_REQUESTS = 429

Progress = Callable[[int, int], None]
"""`progress(done, total)`; total is 0 where it is not known."""
Log = dict[str, Any]
Topics = Sequence[bytes]
"""First topics that an event must have, 32 bytes each."""


class Unanswered(Undecided):
    """The endpoint did not say: it is out of reach, refuses, or is no endpoint of this chain.

    Attributes:
        again: Whether the same request may be answered a little later.
        after_s: Seconds that the endpoint asks for before that; None where it does not say.
    """

    def __init__(self, reason: str, *, again: bool = False, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.after_s = after_s


class Reverted(Undecided):
    """The endpoint ran the call, and the contract refused it."""


def no_progress(_done: int, _total: int) -> None:
    """Ignore progress."""


@contextmanager
def answers_of_the_endpoint() -> Iterator[None]:
    """What cannot be read of an endpoint's answers speaks against the endpoint, not the poll."""
    try:
        yield
    except Malformed as error:
        raise Unanswered(f"the RPC endpoint answers what no chain would: {error}") from error


class JsonRpc:
    """One endpoint."""

    def __init__(self, url: str, from_block: int = 0) -> None:
        """Args:
        from_block: Events before it are not asked for, of contracts that are not older.
        """
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._url = url
        self._from_block = from_block
        self._takes_batches = True
        self._oldest: dict[bytes, int] = {}

    def chain_id(self) -> int:
        """Which chain it serves."""
        return read_quantity(self.ask("eth_chainId", []), "eth_chainId")

    def newest_block(self) -> int:
        """Number of its latest block."""
        return read_quantity(self.ask("eth_blockNumber", []), "eth_blockNumber")

    def timestamp(self, block: int) -> UnixSeconds:
        """Unix seconds of a block."""
        answer = self.ask("eth_getBlockByNumber", [hex(block), False])
        if answer is None:
            # A reorganization, or a provider behind the one that answered before.
            raise Unanswered(f"eth_getBlockByNumber: the RPC endpoint has no block {block}")
        if not isinstance(answer, dict):
            raise Unanswered("eth_getBlockByNumber: not a block")
        return UnixSeconds(read_quantity(answer.get("timestamp"), "eth_getBlockByNumber"))

    def code(self, address: bytes, block: int) -> bytes:
        """Code of an account."""
        code = self.ask("eth_getCode", ["0x" + address.hex(), hex(block)])
        return answered_bytes(code, "eth_getCode")

    def balance(self, address: bytes, block: int) -> int:
        """Coins of an account, in the smallest unit."""
        answer = self.ask("eth_getBalance", ["0x" + address.hex(), hex(block)])
        return read_quantity(answer, "eth_getBalance", digits=64)

    def transaction_count(self, address: bytes, block: int) -> int:
        """How many transactions an account has sent."""
        answer = self.ask("eth_getTransactionCount", ["0x" + address.hex(), hex(block)])
        return read_quantity(answer, "eth_getTransactionCount")

    def call(self, address: bytes, signature: str, arguments: bytes, block: int) -> bytes:
        """What a view answers."""
        request = _call(address, signature, arguments, block)
        return answered_bytes(self.ask("eth_call", request), signature)

    def call_each(
        self, address: bytes, signature: str, arguments: Sequence[bytes], block: int
    ) -> list[bytes]:
        """What a view answers to each of many arguments, in batches where they are taken."""
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
            answers += [answered_bytes(one, signature) for one in batched]
        return answers

    def _batch(self, calls: Sequence[Sequence[Any]]) -> list[Any] | None:
        """Results of many calls at once; None where they must be asked one by one."""
        requests = [_request(number, "eth_call", one) for number, one in enumerate(calls)]
        try:
            given = self._patiently(lambda: self._post(requests))
        except Unanswered:
            return None
        if not isinstance(given, list):
            return None
        by_id = {one.get("id"): one for one in given if isinstance(one, dict)}
        try:
            return [_result(by_id[number], "eth_call") for number in range(len(calls))]
        except (KeyError, Unanswered):
            return None

    def logs(
        self, address: bytes, topics: Topics, last: int, first: int | None = None
    ) -> list[Log]:
        """All events of a contract with these topics up to a block, oldest first.

        Args:
            first: Earlier blocks are not looked at; by default as early as the contract may be.
        """
        if first is None:
            first = self._first_block(address)
        try:
            return self._logs(address, topics, first, last)
        except Unanswered as error:
            if first == last:
                raise
            # Many endpoints bound the range of one request.
            spans = list(self._backwards(address, topics, first, last, error))
            return [log for span in reversed(spans) for log in span]

    def latest_logs(self, address: bytes, topics: Topics, last: int) -> list[Log]:
        """Some of the newest such events, oldest first; empty only when there are none."""
        first = self._first_block(address)
        try:
            return self._logs(address, topics, first, last)
        except Unanswered as error:
            spans = self._backwards(address, topics, first, last, error)
            return next((span for span in spans if span), [])

    def _first_block(self, address: bytes) -> int:
        """The block from which on events of a contract are asked for."""
        if not self._from_block:
            return 0
        if address not in self._oldest:
            try:
                older = bool(self.code(address, self._from_block - 1))
            except Undecided:
                # A state that the endpoint does not keep: everything is read, which takes longer.
                older = True
            self._oldest[address] = 0 if older else self._from_block
        return self._oldest[address]

    def _backwards(
        self, address: bytes, topics: Topics, first: int, last: int, refusal: Unanswered
    ) -> Iterator[list[Log]]:
        """Events span by span, the newest first; a span that is refused is halved."""
        span = min(_LOG_BLOCKS, max(1, (last - first + 1) // 2))
        for _ in range(_MAX_LOG_REQUESTS):
            start = max(first, last - span + 1)
            try:
                logs = self._logs(address, topics, start, last)
            except Unanswered as error:
                if span == 1:
                    raise
                refusal = error
                span //= 2
                continue
            yield logs
            if start == first:
                return
            last = start - 1
        raise Unanswered(
            f"eth_getLogs: not read within {_MAX_LOG_REQUESTS} requests; --from-block spares those"
            f" before the contracts were made; the RPC endpoint last refused: {refusal}"
        )

    def _logs(self, address: bytes, topics: Topics, first: int, last: int) -> list[Log]:
        logs = self.ask(
            "eth_getLogs",
            [
                {
                    "address": "0x" + address.hex(),
                    "topics": ["0x" + one.hex() for one in topics],
                    "fromBlock": hex(first),
                    "toBlock": hex(last),
                }
            ],
        )
        if not isinstance(logs, list) or not all(isinstance(log, dict) for log in logs):
            raise Unanswered("eth_getLogs: not a list of logs")
        for log in logs:
            if answered_bytes(log.get("address"), "eth_getLogs") != address or any(
                read_topic(log, place) != topic for place, topic in enumerate(topics)
            ):
                raise Unanswered("eth_getLogs: a log that was not asked for")
        return logs

    def ask(self, method: str, parameters: Sequence[Any]) -> Any:
        """Result of any method."""
        return self._patiently(lambda: _result(self._post(_request(1, method, parameters)), method))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask again, a bounded number of times, where that makes sense."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return ask()
            except Unanswered as error:
                if not error.again:
                    raise
                wished = error.after_s if error.after_s is not None else _PAUSE_S * 2**attempt
                time.sleep(min(wished, _LONGEST_PAUSE_S))
        return ask()

    def _post(self, request: Any) -> Any:
        body = fetch(self._client, "POST", self._url, _MAX_RPC_BYTES, no_progress, request)
        with answers_of_the_endpoint():
            return parse_json(body, "JSON-RPC")


def no_answer(error: Exception) -> str:
    """Why a server gave no answer."""
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return "no connection"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
            return "this is no address of a server"
        case httpx.TooManyRedirects():
            return "it leads elsewhere again and again"
    return "the connection broke off"


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    limit: int,
    progress: Progress,
    content: Any = None,
) -> bytes:
    """Body of a successful answer of at most `limit` bytes; Unanswered otherwise."""
    body, started = bytearray(), time.monotonic()
    try:
        with client.stream(method, url, json=content) as response:
            total = response.headers.get("content-length", "")
            for chunk in response.iter_bytes():
                body += chunk
                progress(len(body), int(total) if total.isdecimal() else 0)
                if len(body) > limit:
                    raise Unanswered(f"{url}: more than {limit} bytes")
                taken_s = time.monotonic() - started
                if taken_s > _PATIENCE_S and len(body) < taken_s * _SLOWEST_BYTES_PER_S:
                    raise Unanswered(f"{url}: too slow, {len(body)} bytes in {taken_s:.0f} s")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        # The last is of names of hosts that the resolver cannot write.
        raise Unanswered(f"{url}: {no_answer(error)}") from error
    status = response.status_code
    if status != httpx.codes.OK:
        raise Unanswered(
            f"{url}: status {status}",
            again=status == _TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR,
            after_s=_retry_after(response.headers.get("retry-after", "")),
        )
    return bytes(body)


def _retry_after(header: str) -> float | None:
    """Seconds of a Retry-After header; None where it gives a date, or nothing."""
    return float(header) if re.fullmatch("[0-9]{1,6}", header) else None


def read_topic(log: Log, position: int) -> bytes:
    """One topic of an event, 32 bytes."""
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) <= position:
        raise Unanswered("eth_getLogs: a topic is missing")
    found = answered_bytes(topics[position], "topic")
    if len(found) != WORD_BYTES:
        raise Unanswered(f"eth_getLogs: a topic of {len(found)} bytes")
    return found


def read_quantity(value: Any, subject: str, digits: int = _MAX_DIGITS) -> int:
    """A quantity as the JSON-RPC specification writes them, by default of at most 64 bits."""
    if not isinstance(value, str) or not re.fullmatch(f"0x[0-9a-fA-F]{{1,{digits}}}", value):
        raise Unanswered(f"{subject}: {str(value)[:40]!r} is no quantity")
    return int(value, 16)


def answered_bytes(value: Any, subject: str) -> bytes:
    """Bytes out of 0x-hex."""
    with answers_of_the_endpoint():
        return read_bytes(value, subject)


def dynamic(data: bytes, position: int, subject: str) -> Reader:
    """Reader of the dynamic ABI argument whose offset stands at word `position`."""
    offset = Reader(data[WORD_BYTES * position :], subject).unsigned(WORD_BYTES, "offset")
    return Reader(data[offset:], subject)


def length(reader: Reader) -> int:
    """Entries or bytes of a dynamic ABI value."""
    count = reader.unsigned(WORD_BYTES, "length")
    # Far more than any poll has; a lying endpoint must not make us allocate.
    if count > 1 << 16:
        raise Malformed(f"an ABI list of {count} entries")
    return count


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
        raise Unanswered(said, again=_BEHIND.search(reason) is not None)
    return answer["result"]
