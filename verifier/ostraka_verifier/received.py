"""What has arrived of an answer over HTTP that broke off.

Source: RFC 9110, sections 13.1.5 and 14.
"""

import re

import httpx

_CONTENT_RANGE = re.compile("bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


class Received:
    """The beginning of an answer, so that another request can ask for the rest of it."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.start = 0
        """Length of what earlier requests got of it."""
        self._etag = ""

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest; none if the server did not name its content."""
        if not self.body or not self._etag:
            return {}
        return {"Range": f"bytes={len(self.body)}-", "If-Range": self._etag}

    def begin(self, response: httpx.Response) -> bool:
        """Return whether an answer has the rest; otherwise forget the beginning."""
        etag, place = (response.headers.get(name, "") for name in ("etag", "content-range"))
        part = _CONTENT_RANGE.fullmatch(place)
        if (
            self.body
            and response.status_code == httpx.codes.PARTIAL_CONTENT
            and part is not None
            and etag == self._etag
            and int(part[1]) == len(self.body)
            and int(part[2]) + 1 == int(part[3])
        ):
            self.start = len(self.body)
            return True
        self.body.clear()
        self.start = 0
        # Weak tags do not promise the same bytes.
        is_whole = response.status_code == httpx.codes.OK and etag.startswith('"')
        self._etag = etag if is_whole else ""
        return False
