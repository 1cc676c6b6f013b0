"""HTTP client of services for requests to nodes: httpx in front, aiohttp's connections behind.

httpx's own pool looks through all its connections, and at their sockets, for every request. With a
hundred connections that costs several milliseconds of processor time, more than checking a ballot.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from yarl import URL

from ostraka_verifier.uncompressed import UNCOMPRESSED, require_uncompressed_async

_KEEP_ALIVE_S = 15
"""Idle connections are closed after this time, before nodes close them (`serving`)."""
_CHUNK_BYTES = 2**16

RequestHook = Callable[[httpx.Request], Awaitable[None]]


def service_client(timeout: httpx.Timeout, before: Sequence[RequestHook] = ()) -> httpx.AsyncClient:
    """Return a client that follows no redirects, keeps no cookies, and ignores the environment.

    Proxies and netrc of the environment must not redirect the connections of services. The number
    of connections is not limited here but per node where they are used, so that a node that keeps
    some open cannot use up those of the others.

    Args:
        before: Called with each request before it is sent.
    """
    return httpx.AsyncClient(
        timeout=timeout,
        transport=AiohttpTransport(),
        # Else a node could fill the jar.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers=UNCOMPRESSED,
        event_hooks={"request": list(before), "response": [require_uncompressed_async]},
        follow_redirects=False,
        trust_env=False,
    )


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests over aiohttp's connections, with httpx's errors."""

    def __init__(self) -> None:
        """Make a transport; connections belong to the event loop of the first request."""
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the response is read later.

        Raises:
            httpx.TransportError: There is no response.
        """
        if self._session is None:
            self._session = _session()
        times = request.extensions.get("timeout", {})
        with _httpx_errors():
            response = await self._session.request(
                request.method,
                # As it is: peers sign the path.
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=times.get("pool"),
                    sock_connect=times.get("connect"),
                    sock_read=times.get("read"),
                ),
            )
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Body(response), request=request
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for chunk in self._response.content.iter_chunked(_CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        # A connection with an unread rest is of no further use.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEEP_ALIVE_S, ssl=ssl.create_default_context()
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        # httpx does it.
        auto_decompress=False,
        trust_env=False,
    )


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.ClientOSError as error:
        raise httpx.NetworkError(str(error)) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
