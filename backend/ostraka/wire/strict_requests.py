"""Strict reading of JSON bodies, for every route of a service.

FastAPI's own reader silently takes the last of two members with the same name.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from ostraka.wire.records import strict_json
from ostraka_verifier.errors import Malformed

_BAD_REQUEST = 400


class _StrictRequest(Request):
    """A request whose body is read strictly."""

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            HTTPException: It is not JSON, or is ambiguous.
        """
        try:
            return strict_json(await self.body())
        except Malformed as error:
            raise HTTPException(_BAD_REQUEST, str(error)) from error


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the strict reader."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
