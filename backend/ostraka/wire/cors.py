"""Pages of any origin may use a service: voters reach every node and gateway from any page, and
nothing depends on cookies.

Source: the Fetch standard, section "CORS protocol".
"""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from ostraka.wire import request_ids

_EXPOSED = [request_ids.HEADER, "ETag", "Accept-Ranges", "Content-Range"]
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
}
"""Of answers that are made outside the middleware. Without them, a browser reports an error of the
network."""


def install(app: FastAPI) -> None:
    """Let pages of any origin read all answers of `app`."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "PUT"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )
