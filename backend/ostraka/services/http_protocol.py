"""HTTP/1.1 by the C parser llhttp, with a bound that the parser itself does not have."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 2**16
"""Most bytes that one connection may send without completing a head, a part of a body, or a
request."""


class BoundedHttp(HttpToolsProtocol):
    """A connection whose heads and trailers are bounded.

    The parser keeps an unfinished header, and the server the finished ones, so that endless heads
    or trailers would fill the memory before any limit on bodies applies.
    """

    _unfinished_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; answer 400 and close if the head or the trailers are too long."""
        self._unfinished_bytes += len(data)
        super().data_received(data)
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
