"""HTTP requests to addresses that strangers named: to public hosts only, without redirects.

The guard looks at the very address that is connected to. So neither a name that resolves to a
private address, nor one that resolves to another address the next time, nor an unusual spelling of
an address gets past it.
"""

import ipaddress
import socket
from typing import Any

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
_ANSWER_BYTES = 1024
_TRANSLATED = tuple(
    ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)
"""IPv6 networks whose addresses lead to IPv4 addresses, which may be private."""


class NotPublic(OSError):
    """The address is of this machine, of a private network, or of another special purpose."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    try:
        # Without the zone of a link-local address.
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            read = read.ipv4_mapped
        elif any(read in network for network in _TRANSLATED):
            return False
    return read.is_global and not (read.is_multicast or read.is_reserved or read.is_unspecified)


def _public_socket(info: Any) -> socket.socket:
    """Return the socket for an address of `getaddrinfo`; NotPublic unless it is public."""
    family, kind, protocol, _, target = info
    if not is_public(str(target[0])):
        raise NotPublic("not a public address")
    return socket.socket(family, kind, protocol)


class PublicPoster:
    """Sends POST requests to public hosts."""

    def __init__(self, socket_of: Any = _public_socket) -> None:
        """Args:
        socket_of: Makes the socket for an address, or refuses it.
        """
        self._socket_of = socket_of

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a request, and return the status of the answer, whose content is not used.

        Raises:
            aiohttp.ClientError, OSError, TimeoutError: There is no answer, or the host is not
                public.
        """
        connector = aiohttp.TCPConnector(
            socket_factory=self._socket_of, use_dns_cache=False, force_close=True
        )
        # Proxies of the environment are not used, and no cookies are kept.
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=_TIMEOUT,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            await answer.content.read(_ANSWER_BYTES)
            return answer.status
