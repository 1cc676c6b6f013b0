"""A time by which an exchange over HTTP is over, whatever the server does.

The timeouts of HTTP libraries are for single reads. They do not stop a server that sends a byte of
a header or of a body now and then, so that its connection is closed here when the time is over.
"""

import socket
import threading
import time
from contextlib import suppress
from typing import Any, Self
from weakref import WeakSet


class Connections:
    """The connections of one HTTP client."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def add(self, connection: socket.socket) -> None:
        """Add a connection; those that nobody uses any more are forgotten."""
        with self._lock:
            self._sockets.add(connection)

    def trace(self, event: str, values: dict[str, Any]) -> None:
        """Add each new connection: the `trace` extension of httpx."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.add(values["return_value"].get_extra_info("socket"))

    def close(self) -> None:
        """Close all, so that whoever reads from them reads their end."""
        with self._lock:
            connections = list(self._sockets)
        for one in connections:
            with suppress(OSError):
                # The connection's own: the method of a TLS socket is for the reading thread only.
                socket.socket.shutdown(one, socket.SHUT_RDWR)


class Deadline:
    """Closes connections when the time of an exchange is over.

    Attributes:
        is_over: Whether it closed them.
    """

    def __init__(
        self,
        patience_s: float,
        connections: Connections,
        slowest_bytes_per_s: float | None = None,
    ) -> None:
        """Args:
        connections: Those of the client, the idle ones included: a server that is late on one
            cannot be relied on with the others.
        slowest_bytes_per_s: An answer that arrives faster than this may take longer than
            `patience_s`; None if it may not.
        """
        self.is_over = False
        self._connections = connections
        self._slowest_bytes_per_s = slowest_bytes_per_s
        self._patience_s = patience_s
        self._started_monotonic_s = self._ends_monotonic_s = time.monotonic()
        self._stopped = threading.Event()

    def received(self, length: int) -> None:
        """Give an answer more time, of which `length` bytes have arrived."""
        if self._slowest_bytes_per_s is not None:
            allowed_s = max(self._patience_s, length / self._slowest_bytes_per_s)
            self._ends_monotonic_s = self._started_monotonic_s + allowed_s

    def end(self) -> None:
        """End the exchange now."""
        self.is_over = True
        self._connections.close()

    def trace(self, event: str, values: dict[str, Any]) -> None:
        """As `Connections.trace`; closes connections that were made too late."""
        self._connections.trace(event, values)
        if self.is_over:
            self._connections.close()

    def _wait(self) -> None:
        while not self._stopped.wait(self._ends_monotonic_s - time.monotonic()):
            if time.monotonic() >= self._ends_monotonic_s:
                self.end()
                return

    def __enter__(self) -> Self:
        self._started_monotonic_s = time.monotonic()
        self._ends_monotonic_s = self._started_monotonic_s + self._patience_s
        threading.Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
