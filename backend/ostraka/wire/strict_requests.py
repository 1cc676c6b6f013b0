"""Bodies in JSON that everybody reads alike, for every route of a service.

The framework's own reader takes the last of two members of one name, and the first falls away.
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
        """The body.

        Raises:
            HTTPException: It is no JSON, or one that readers take in several ways.
        """
        try:
            return strict_json(await self.body())
        except Malformed as error:
            raise HTTPException(_BAD_REQUEST, str(error)) from error


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with another reader of bodies."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
