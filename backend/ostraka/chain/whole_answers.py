"""Whole answers of a JSON-RPC provider: none is longer than a limit, or takes longer than a time.

The timeouts of `requests` are for single reads, and it has no limit on sizes. So a provider that
sends a byte of an answer now and then, or an answer without end, would hold what waits for it.
"""

from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from ostraka_verifier.deadline import Connections, Deadline

MAX_ANSWER_BYTES = 64 * 2**20
_CHUNK_BYTES = 2**16

_connections: ContextVar[Connections] = ContextVar("_connections")
"""Of the exchange that the current thread waits for."""


class TooLarge(requests.RequestException):
    """An answer is longer than `MAX_ANSWER_BYTES`."""


class ProviderSession:
    """Connections to one provider, which any thread may use."""

    def __init__(self) -> None:
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())

    def post(self, url: str, body: bytes, headers: dict[str, str], patience_s: float) -> bytes:
        """Return a successful answer; redirects are not followed.

        Raises:
            requests.RequestException: There is no whole answer within `patience_s` seconds, it has
                another status, or it is too long.
        """
        connections = Connections()
        deadline = Deadline(patience_s, connections)
        entered = _connections.set(connections)
        answer = bytearray()
        try:
            with (
                deadline,
                self._session.post(
                    url,
                    body,
                    headers=headers,
                    timeout=patience_s,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                response.raise_for_status()
                for chunk in response.iter_content(_CHUNK_BYTES):
                    answer += chunk
                    if len(answer) > MAX_ANSWER_BYTES:
                        raise TooLarge(f"more than {MAX_ANSWER_BYTES} bytes")
        except requests.RequestException as error:
            if deadline.is_over:
                raise _late(patience_s) from error
            raise
        finally:
            _connections.reset(entered)
        if deadline.is_over:
            # A closed connection also ends answers without a stated length.
            raise _late(patience_s)
        return bytes(answer)


def _late(patience_s: float) -> requests.Timeout:
    return requests.Timeout(f"no whole answer within {patience_s} s")


class _WatchedConnection(HTTPConnection):
    """A connection that an exchange's deadline closes."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait for a head; only here is it certain which connection is used."""
        _connections.get().add(self.sock)
        return super().getresponse()


class _WatchedTlsConnection(HTTPSConnection):
    """As `_WatchedConnection`. A handshake has one timeout as a whole."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait for a head."""
        _connections.get().add(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools that `requests` uses."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
