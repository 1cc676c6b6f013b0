"""A JSON-RPC provider that counts what it is asked: a proxy before a real node, over real HTTP."""

import json
from collections import Counter
from collections.abc import Callable
from threading import Event, Lock

import httpx

from tests.support.rpc_proxy import Exchange, RpcProxy


class CountingRpc(RpcProxy):
    """The proxy, for as long as the context lasts.

    Attributes:
        counts: Requests by method, calls by `eth_call 0x…` with the selector.
        answers: Cleared to let every request wait until it is set again.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        """Args:
        upstream: Returns the URL of the node behind it, once it is asked for something.
        """
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.answers = Event()
        self.answers.set()
        self._upstream = upstream
        self._lock = Lock()

    def serve(self, exchange: Exchange, body: bytes) -> None:
        """Count a request, and pass it on."""
        self._count(body)
        self.answers.wait()
        try:
            answer = self.client.post(self._upstream(), content=body)
        except httpx.HTTPError:
            # The node behind it has stopped.
            exchange.answer(502)
            return
        exchange.answer(answer.status_code, answer.content)

    def _count(self, body: bytes) -> None:
        asked = json.loads(body)
        with self._lock:
            for one in asked if isinstance(asked, list) else [asked]:
                method = one["method"]
                if method == "eth_call":
                    # With the function's selector.
                    call = one["params"][0]
                    method += " " + (call.get("data") or call["input"])[:10]
                self.counts[method] += 1

    def __exit__(self, *raised: object) -> None:
        self.answers.set()
        super().__exit__(*raised)
