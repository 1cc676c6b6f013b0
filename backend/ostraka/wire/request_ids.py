"""A name for each request, which its log lines and the answer carry.

A gateway passes its request's name on to nodes, so that the lines of several programs can be found
together. The name identifies nobody: it is random, and is used for one request.

Source: docs/operations.md, "Logs".
"""

import re
import secrets

import httpx
import structlog

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile("[A-Za-z0-9._-]{8,64}")
_NAME = "request_id"
_GIVEN = "caller_request_id"


def name_of(given: str, trusted: bool) -> dict[str, str]:
    """Return what log lines of a request show.

    Args:
        given: The request's header; "" if it has none. Anything that is not 8 to 64 letters,
            digits, dots, underscores and hyphens is ignored.
        trusted: Whether a proxy that the operator trusts sent the request. Only such a proxy may
            name it: otherwise, a stranger could give many requests one name. A name from anybody
            else is shown beside the request's own one.
    """
    if not _WELL_FORMED.fullmatch(given):
        return {_NAME: _new_name()}
    return {_NAME: given} if trusted else {_NAME: _new_name(), _GIVEN: given}


def _new_name() -> str:
    return secrets.token_hex(16)


def current() -> str:
    """Return the name of the request that is being served; "" outside requests."""
    return str(structlog.contextvars.get_contextvars().get(_NAME, ""))


async def pass_on(request: httpx.Request) -> None:
    """Name the request that is being served in a request to another program."""
    name = current()
    if name:
        request.headers[HEADER] = name
