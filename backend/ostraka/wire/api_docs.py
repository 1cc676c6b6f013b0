"""The page that documents an HTTP interface; it loads nothing from other servers."""

import json
import os
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from ostraka.built_files import built_folder

OPENAPI_URL = "/api/v1/openapi.json"
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/page.js"></script>
</body>
</html>
"""


def install(app: FastAPI) -> None:
    """Serve `app`'s documentation at /api/docs, with the package's or the checkout's Swagger UI.

    Without Swagger UI, only the OpenAPI document is served.
    """
    default = built_folder("swagger-ui", "node_modules/swagger-ui-dist")
    folder = Path(os.environ.get("OSTRAKA_SWAGGER_UI") or default)
    if not folder.is_dir():
        return
    options = {"url": OPENAPI_URL, "dom_id": "#page", "deepLinking": True, "validatorUrl": None}

    @app.get("/api/docs", include_in_schema=False)
    def _page() -> HTMLResponse:
        headers = {"Content-Security-Policy": _POLICY}
        return HTMLResponse(_PAGE.format(title=app.title), headers=headers)

    @app.get("/api/docs/page.js", include_in_schema=False)
    def _script() -> Response:
        return Response(f"SwaggerUIBundle({json.dumps(options)});", media_type="text/javascript")

    app.mount("/api/docs", StaticFiles(directory=folder))
