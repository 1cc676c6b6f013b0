"""Ask an Ethereum JSON-RPC endpoint, whose answers are worth what it is worth.

Raises everywhere: Undecided when the endpoint is out of reach or refuses, Reverted when it says
that the contract does, Malformed when it answers what no chain would.

Source: Ethereum JSON-RPC specification; the contract ABI.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx

from ostraka_verifier.encoding import WORD_BYTES, Reader, keccak256, parse_json
from ostraka_verifier.errors import Malformed, Undecided

_MAX_RPC_BYTES = 64 * 2**20
TIMEOUT = httpx.Timeout(60, connect=10)
_LOG_BLOCKS = 10_000
_MAX_LOG_REQUESTS = 5_000
_MAX_DIGITS = 16
_CALLS_AT_ONCE = 100
_PATIENCE_S = 60
_SLOWEST_BYTES_PER_S = 10_000

# As clients word it when a contract refuses, or has no such function.
_REVERTED = re.compile("revert|opcode|out of gas", re.IGNORECASE)

Progress = Callable[[int, int], None]
"""`progress(done, total)`; total is 0 where it is not known."""
Log = dict[str, Any]
Topics = Sequence[bytes]
"""First topics that an event must have, 32 bytes each."""


class Reverted(Undecided):
    """The endpoint ran the call, and the contract refused it."""


def no_progress(_done: int, _total: int) -> None:
    """Ignore progress."""


class JsonRpc:
    """One endpoint."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._url = url

    def chain_id(self) -> int:
        """Which chain it serves."""
        return read_quantity(self.ask("eth_chainId", []), "eth_chainId")

    def newest_block(self) -> int:
        """Number of its latest block."""
        return read_quantity(self.ask("eth_blockNumber", []), "eth_blockNumber")

    def timestamp(self, block: int) -> int:
        """Unix seconds of a block."""
        answer = self.ask("eth_getBlockByNumber", [hex(block), False])
        if answer is None:
            # A reorganization, or a provider behind the one that answered before.
            raise Undecided(f"eth_getBlockByNumber: the RPC endpoint has no block {block}")
        if not isinstance(answer, dict):
            raise Malformed("eth_getBlockByNumber: not a block")
        return read_quantity(answer.get("timestamp"), "eth_getBlockByNumber")

    def code(self, address: bytes, block: int) -> bytes:
        """Code of an account."""
        code = self.ask("eth_getCode", ["0x" + address.hex(), hex(block)])
        return read_bytes(code, "eth_getCode")

    def call(self, address: bytes, signature: str, arguments: bytes, block: int) -> bytes:
        """What a view answers."""
        request = _call(address, signature, arguments, block)
        return read_bytes(self.ask("eth_call", request), signature)

    def call_each(
        self, address: bytes, signature: str, arguments: Sequence[bytes], block: int
    ) -> list[bytes]:
        """What a view answers to each of many arguments, in batches."""
        answers: list[bytes] = []
        for start in range(0, len(arguments), _CALLS_AT_ONCE):
            batch = [
                _request(identity, "eth_call", _call(address, signature, one, block))
                for identity, one in enumerate(arguments[start : start + _CALLS_AT_ONCE])
            ]
            given = self._post(batch)
            if not isinstance(given, list) or len(given) != len(batch):
                raise Undecided("eth_call: the RPC endpoint takes no batches")
            by_id = {one.get("id"): one for one in given if isinstance(one, dict)}
            answers += [
                read_bytes(_result(by_id.get(one["id"]), signature), signature) for one in batch
            ]
        return answers

    def logs(self, address: bytes, topics: Topics, last: int) -> list[Log]:
        """All events of a contract with these topics up to a block, oldest first."""
        try:
            return self._logs(address, topics, 0, last)
        except Undecided:
            # Many endpoints bound the range of one request.
            spans = list(self._backwards(address, topics, last))
            return [log for span in reversed(spans) for log in span]

    def latest_logs(self, address: bytes, topics: Topics, last: int) -> list[Log]:
        """Some of the newest such events, oldest first; empty only when there are none."""
        try:
            return self._logs(address, topics, 0, last)
        except Undecided:
            return next((span for span in self._backwards(address, topics, last) if span), [])

    def _backwards(self, address: bytes, topics: Topics, last: int) -> Iterator[list[Log]]:
        for _ in range(_MAX_LOG_REQUESTS):
            first = max(0, last - _LOG_BLOCKS + 1)
            yield self._logs(address, topics, first, last)
            if first == 0:
                return
            last = first - 1
        raise Undecided(f"more than {_MAX_LOG_REQUESTS * _LOG_BLOCKS} blocks of events")

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
            raise Malformed("eth_getLogs: not a list of logs")
        return logs

    def ask(self, method: str, parameters: Sequence[Any]) -> Any:
        """Result of any method."""
        return _result(self._post(_request(1, method, parameters)), method)

    def _post(self, request: Any) -> Any:
        body = fetch(self._client, "POST", self._url, _MAX_RPC_BYTES, no_progress, request)
        return parse_json(body, "JSON-RPC")


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    limit: int,
    progress: Progress,
    content: Any = None,
) -> bytes:
    """Body of a successful answer of at most `limit` bytes; Undecided otherwise."""
    body, started = bytearray(), time.monotonic()
    try:
        with client.stream(method, url, json=content) as response:
            total = response.headers.get("content-length", "")
            for chunk in response.iter_bytes():
                body += chunk
                progress(len(body), int(total) if total.isdigit() else 0)
                if len(body) > limit:
                    raise Undecided(f"{url}: more than {limit} bytes")
                taken_s = time.monotonic() - started
                if taken_s > _PATIENCE_S and len(body) < taken_s * _SLOWEST_BYTES_PER_S:
                    raise Undecided(f"{url}: too slow, {len(body)} bytes in {taken_s:.0f} s")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Undecided(f"{url}: {type(error).__name__}: {error}") from error
    if response.status_code != 200:
        raise Undecided(f"{url}: status {response.status_code}")
    return bytes(body)


def read_topic(log: Log, position: int) -> bytes:
    """One topic of an event, 32 bytes."""
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) <= position:
        raise Malformed("eth_getLogs: a topic is missing")
    found = read_bytes(topics[position], "topic")
    if len(found) != WORD_BYTES:
        raise Malformed(f"eth_getLogs: a topic of {len(found)} bytes")
    return found


def read_quantity(value: Any, subject: str) -> int:
    """A quantity of at most 64 bits, as the JSON-RPC specification writes them."""
    if not isinstance(value, str) or not re.fullmatch(f"0x[0-9a-fA-F]{{1,{_MAX_DIGITS}}}", value):
        raise Malformed(f"{subject}: {str(value)[:40]!r} is no quantity")
    return int(value, 16)


def read_bytes(value: Any, subject: str) -> bytes:
    """Bytes out of 0x-hex."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise Malformed(f"{subject}: not 0x-hex")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise Malformed(f"{subject}: not 0x-hex") from None


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
        reason = answer.get("error") if isinstance(answer, dict) else answer
        kind = Reverted if _REVERTED.search(str(reason)) else Undecided
        raise kind(f"{method}: the RPC endpoint refuses: {str(reason)[:200]}")
    return answer["result"]
