"""Answers of the busiest routes, which skip FastAPI's check of an answer against its model.

Such a route takes the request and the numbers in its path only, and names its model for the
description. FastAPI's dependencies and its check of the answer cost as much as several signatures.
"""

import json
from typing import Any

from fastapi import Response


def raw_json(content: Any) -> Response:
    """Return an answer that already has the form of the route's model."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")
