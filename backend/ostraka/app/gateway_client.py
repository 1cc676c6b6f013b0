"""A gateway as its users see it, over HTTP."""

from types import TracebackType
from typing import Any, Self

import httpx

from ostraka.wire.records import strict_json

Json = Any


class GatewayRefusal(Exception):
    """What a gateway does not do; the message says why, as the gateway put it."""


class GatewayClient:
    """Speaks to one gateway; as the organizer where it has the organizer's token."""

    def __init__(self, url: str, token: str = "") -> None:
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            timeout=httpx.Timeout(120, connect=5),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str) -> Json:
        """Answer to a GET."""
        return self._answer(self._client.get(path))

    def post(self, path: str, body: Json = None) -> Json:
        """Answer to a POST of JSON."""
        return self._answer(self._client.post(path, json=body))

    def post_bytes(self, path: str, body: bytes) -> Json:
        """Answer to a POST of bytes."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._answer(self._client.post(path, content=body, headers=headers))

    def _answer(self, response: httpx.Response) -> Json:
        answer = strict_json(response.content)
        if response.is_success:
            return answer
        fields = [str(answer.get(name)) for name in ("title", "field", "detail") if name in answer]
        raise GatewayRefusal(": ".join(fields))
