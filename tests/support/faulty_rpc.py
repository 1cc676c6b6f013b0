"""A JSON-RPC provider with the faults of public ones: a proxy before a real node, over real HTTP.

Faults are switched on one by one and follow the count of questions, never chance.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import Any

from tests.support.rpc_proxy import Exchange, RpcProxy

_SEND = "eth_sendRawTransaction"
_HEAD_ARGUMENT = {"eth_getBlockByNumber": 0, "eth_call": 1, "eth_getTransactionCount": 1}
_STATE = ("eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount")
"""Methods whose second argument is the block of a state."""
_TAGS = ("latest", "pending", "finalized", "safe")
_HTML = b"<html>Gateway time-out</html>"
_STALE = {*_HEAD_ARGUMENT, "eth_blockNumber", "eth_getTransactionReceipt", "eth_getLogs"}


class FaultyRpc(RpcProxy):
    """The proxy, for as long as the context lasts.

    Attributes:
        lose_answers: Of so many sent transactions: accepted, but the answer is a 504.
        drop_sends: So many sent transactions are answered by a 504 and go nowhere.
        stale_every: One of so many questions is answered by a replica that is behind; 0 for none.
        lag: Blocks by which that replica is behind.
        log_lag: Blocks by which logs alone are behind, without saying so.
        lost_events: First topics, 0x-hex, of events that it does not have, without saying so.
        log_range: Most blocks of one `eth_getLogs`; 0 for no limit.
        null_every: One of so many blocks asked for by number is null; 0 for none.
        long_extra_data: Whether blocks have 97 bytes of `extraData`, as of proof of authority.
        busy_every: One of so many requests is answered by 429; 0 for none.
        retry_after_s: `Retry-After` of these answers.
        refuses_batches: Whether requests of several questions are answered by 403.
        delay_s: How late answers are.
        delayed: Methods whose answers are late; empty for all.
        drip_s: Pause between two bytes of an answer, its head included; 0 for none.
        endless: Whether answers have no end.
        is_down: Whether connections are closed without an answer, as while it restarts.
        no_finality: Whether it knows no block with the tag `finalized`.
        final_lag: Blocks by which the final block is behind; 0 leaves it to the node.
        kept_states: How many blocks' state it keeps; 0 for all.
        sent: Raw transactions that reached the node.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._upstream = upstream
        self._lock = Lock()
        self._asked: dict[str, int] = {}
        self.healthy()
        self.sent: list[str] = []

    def serve(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request, with the faults that are on."""
        asked = json.loads(body)
        self._wait(asked)
        if self.is_down:
            exchange.close_connection = True
        elif self.endless:
            exchange.close_connection = True
            _flood(exchange, asked)
        elif self.drip_s:
            exchange.close_connection = True
            _drip(exchange, self.drip_s, self._answer(asked)[1])
        elif self._is_turn("busy", self.busy_every):
            exchange.answer(429, retry_after=str(self.retry_after_s))
        else:
            exchange.answer(*self._answer(asked))

    def healthy(self) -> None:
        """Switch every fault off."""
        self.lose_answers = self.drop_sends = 0
        self.stale_every = self.lag = self.log_lag = self.null_every = 0
        self.log_range = 0
        self.lost_events = frozenset[str]()
        self.long_extra_data = self.refuses_batches = self.is_down = self.no_finality = False
        self.endless = False
        self.drip_s = 0.0
        self.busy_every = self.final_lag = self.kept_states = 0
        self.retry_after_s = 1
        self.delay_s = 0.0
        self.delayed = frozenset[str]()

    def direct(self, method: str, *params: object) -> Any:
        """The node's own answer; AssertionError if it is an error."""
        answer = self._forward({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert "error" not in answer, answer
        return answer["result"]

    def _wait(self, asked: Any) -> None:
        methods = {one["method"] for one in (asked if isinstance(asked, list) else [asked])}
        if not self.delayed or methods & self.delayed:
            time.sleep(self.delay_s)

    def _answer(self, asked: Any) -> tuple[int, bytes]:
        if isinstance(asked, list):
            if self.refuses_batches:
                return 403, b"<html>Forbidden</html>"
            answers = [json.loads(self._answer(one)[1]) for one in asked]
            return 200, json.dumps(answers).encode()
        method = asked["method"]
        if method == _SEND:
            with self._lock:
                dropped, self.drop_sends = self.drop_sends > 0, max(0, self.drop_sends - 1)
            if dropped:
                return 504, _HTML
            answer = self._forward(asked)
            with self._lock:
                if "error" not in answer:
                    self.sent.append(asked["params"][0])
                lost, self.lose_answers = self.lose_answers > 0, max(0, self.lose_answers - 1)
            if lost:
                return 504, _HTML
            return 200, json.dumps(answer).encode()
        return 200, json.dumps(self._read(method, asked)).encode()

    def _read(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        params = asked["params"]
        said: Callable[..., dict[str, Any]] = lambda **more: {  # noqa: E731
            "jsonrpc": "2.0",
            "id": asked["id"],
            **more,
        }
        if method in _STALE and self._is_turn("stale", self.stale_every):
            newest = self._head() - self.lag
            if method == "eth_blockNumber":
                return said(result=hex(newest))
            if method == "eth_getTransactionReceipt":
                found = self._forward(asked)
                receipt = found.get("result")
                return said(result=None) if receipt and _at(receipt) > newest else found
            if method == "eth_getLogs":
                return said(result=self._logs(params[0], newest))
            place = _HEAD_ARGUMENT[method]
            block = params[place]
            if block in _TAGS:
                params[place] = hex(newest)
            elif int(block, 16) > newest:
                return said(error={"code": -32000, "message": "header not found"})
        if method == "eth_getLogs" and self.log_range:
            first, last = (
                self._head() if params[0][end] == "latest" else int(params[0][end], 16)
                for end in ("fromBlock", "toBlock")
            )
            if last - first >= self.log_range:
                return said(error={"code": -32005, "message": "query exceeds max block range"})
        if method == "eth_getLogs" and self.lost_events.intersection(
            params[0].get("topics", [])[:1]
        ):
            return said(result=[])
        if method == "eth_getLogs" and self.log_lag:
            return said(result=self._logs(params[0], self._head() - self.log_lag))
        if method in _STATE and self.kept_states:
            block = params[1]
            if block not in _TAGS and int(block, 16) <= self._head() - self.kept_states:
                lost = f"historical state of block {int(block, 16)} is not available"
                return said(error={"code": -32000, "message": lost})
        if method == "eth_getBlockByNumber":
            if params[0] == "finalized" and self.no_finality:
                return said(result=None)
            if params[0] == "finalized" and self.final_lag:
                params[0] = hex(max(0, self._head() - self.final_lag))
            if params[0].startswith("0x") and self._is_turn("null", self.null_every):
                return said(result=None)
            answer = self._forward({**asked, "params": params})
            if self.long_extra_data and answer.get("result"):
                answer["result"]["extraData"] = "0x" + "5a" * 97
            return answer
        return self._forward({**asked, "params": params})

    def _logs(self, wanted: dict[str, Any], newest: int) -> list[Any]:
        found: list[Any] = self.direct("eth_getLogs", wanted)
        return [one for one in found if _at(one) <= newest]

    def _head(self) -> int:
        return int(self.direct("eth_blockNumber"), 16)

    def _is_turn(self, what: str, every: int) -> bool:
        with self._lock:
            count = self._asked[what] = self._asked.get(what, 0) + 1
        # Scattered, so that no kind of question has all the turns; the same in every run.
        return every > 0 and sha256(f"{what} {count}".encode()).digest()[0] % every == 0

    def _forward(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.post(self._upstream, json=asked).json()
        return answer


def _at(found: dict[str, Any]) -> int:
    return int(found["blockNumber"], 16)


def _drip(exchange: Exchange, pause_s: float, content: bytes) -> None:
    """Answer byte by byte, the head too."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    with suppress(OSError):
        for byte in head + content:
            exchange.wfile.write(bytes([byte]))
            time.sleep(pause_s)


def _flood(exchange: Exchange, asked: Any) -> None:
    """Answer with a text without end, as fast as it is read."""
    with suppress(OSError):
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        exchange.wfile.write(f'{{"jsonrpc":"2.0","id":{asked["id"]},"result":"0x'.encode())
        while True:
            exchange.wfile.write(b"00" * 2**15)
