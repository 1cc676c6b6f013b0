"""HTTP answers in the form in which they are sent.

A compressed answer of a few hundred bytes can unpack to gigabytes, in one step and before any limit
on its length is checked. Clients of servers that may lie ask for no compression, and refuse it.
"""

import httpx

UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""Headers of every request."""


def require_uncompressed(response: httpx.Response) -> None:
    """Refuse an answer before its body is read; a hook of `httpx.Client`.

    Raises:
        httpx.DecodingError: It is compressed.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        reason = "the answer is compressed, although that was not asked for"
        raise httpx.DecodingError(reason, request=response.request)


async def require_uncompressed_async(response: httpx.Response) -> None:
    """As `require_uncompressed`, for `httpx.AsyncClient`."""
    require_uncompressed(response)
