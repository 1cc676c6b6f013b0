"""The busiest routes, on a short way past FastAPI's dependencies and its check of answers.

Both together cost as much as several signatures. The routes stay declared, for the description and
for requests whose path has no valid number: `install` puts a plain route in front of each.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.routing import Route

Answers = Callable[[Request, int], Awaitable[Response]]
"""Answers a request about the poll with a number."""


class _PollNumber(IntegerConvertor):
    """Numbers that every poll's number fits, in their only spelling."""

    regex = "[1-9][0-9]{0,17}"


register_url_convertor("poll_number", _PollNumber())


def install(app: FastAPI, posts: Mapping[str, Answers]) -> None:
    """Answer POST requests directly.

    Args:
        posts: By the path below a poll's, such as "/ballots". Each is also a declared route.
    """
    for path, answer in posts.items():
        app.router.routes.insert(0, _route(path, answer))


def _route(path: str, answer: Answers) -> Route:
    async def endpoint(request: Request) -> Response:
        request.scope["route"] = route
        return await answer(request, request.path_params["poll_id"])

    template = "/api/v1/polls/{poll_id:poll_number}" + path
    route = Route(template, endpoint, methods=["POST"], include_in_schema=False)
    # Logs and metrics name it like the declared route.
    route.path = "/api/v1/polls/{poll_id}" + path
    return route


def raw_json(content: Any) -> Response:
    """Return an answer that already has the form of the route's model."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")
