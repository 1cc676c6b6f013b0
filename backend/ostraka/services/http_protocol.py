"""HTTP/1.1 by the C parser llhttp, with bounds that the parser itself does not have."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 2**16
"""Most bytes that one connection may send without completing a head, a part of a body, or a
request."""
HEAD_PATIENCE_S = 30
"""Longest time in which a head must arrive, from the connection's start or its first byte on."""

SLOWEST_ANSWER_BYTES = 2**16
"""Fewest bytes of a waiting answer that a client must take in `ANSWER_PATIENCE_S`."""
ANSWER_PATIENCE_S = 30


class BoundedHttp(HttpToolsProtocol):
    """A connection whose heads and trailers are bounded, and that never waits long for its client.

    The parser keeps an unfinished header, and the server the finished ones, so that endless heads
    or trailers would fill the memory before any limit on bodies applies. The server closes idle
    connections only after a complete request, so that those without one would use up its files. An
    answer that nobody reads would keep its connection and its memory, even after it was closed.
    """

    _unfinished_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle
    _waiting_bytes = 0
    """Of answers, when they were last looked at."""
    _emptied = False
    """Whether the client has taken nearly all of them since."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, for a limited time."""
        super().connection_made(transport)
        self._expect_head()
        self._expect_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_timer()
        self._answer_timer.cancel()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_PATIENCE_S, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _expect_reading(self) -> None:
        self._answer_timer = self.loop.call_later(ANSWER_PATIENCE_S, self._require_reading)

    def _require_reading(self) -> None:
        """Cut the connection if the client took too little of what has been waiting for it."""
        before, self._waiting_bytes = self._waiting_bytes, self.transport.get_write_buffer_size()
        taken = before - self._waiting_bytes
        if before and self._waiting_bytes and not self._emptied and taken < SLOWEST_ANSWER_BYTES:
            # Closing it would wait for the client again.
            self.transport.abort()
            return
        self._emptied = False
        self._expect_reading()

    def resume_writing(self) -> None:
        """Write more of an answer, as the client has taken nearly all that was written."""
        self._emptied = True
        super().resume_writing()

    def on_headers_complete(self) -> None:
        """Take a complete head; `BodyLimit` bounds the time of the body."""
        self._stop_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; answer 400 and close if the head or the trailers are too long."""
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            # The server stopped its own timer: for a part of a head, an empty line before it, or
            # the rest of a body that was refused.
            self._expect_head()
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"More than {MAX_HEAD_BYTES} bytes of head or trailers.")

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; `BodyLimit` bounds all parts together."""
        self._unfinished_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._unfinished_bytes = 0
        super().on_message_complete()
