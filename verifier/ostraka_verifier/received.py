"""What has arrived of an answer over HTTP that broke off.

Source: RFC 9110, sections 13.1.5 and 14.
"""

import re

import httpx

_CONTENT_RANGE = re.compile("bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


class Received:
    """How much arrived of one answer, so that another request can ask for the rest of it.

    Attributes:
        length: Bytes that have arrived.
    """

    def __init__(self) -> None:
        self.length = 0
        self._etag = ""

    @property
    def can_continue(self) -> bool:
        """Whether the rest can be asked for: the server named its content."""
        return bool(self._etag)

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest; none if nothing has arrived."""
        if not self.length:
            return {}
        return {"Range": f"bytes={self.length}-", "If-Range": self._etag}

    def begin(self, response: httpx.Response) -> bool:
        """Return whether an answer has what is missing."""
        etag = response.headers.get("etag", "")
        if not self.length:
            # Weak tags do not promise the same bytes.
            self._etag = etag if etag.startswith('"') else ""
            return response.status_code == httpx.codes.OK
        part = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        return (
            response.status_code == httpx.codes.PARTIAL_CONTENT
            and part is not None
            and etag == self._etag
            and int(part[1]) == self.length
            and int(part[2]) + 1 == int(part[3])
        )
