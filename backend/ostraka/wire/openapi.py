"""Additions to FastAPI's OpenAPI documents: problems, and bodies without models.

Source: OpenAPI 3.1; RFC 9457.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from ostraka.wire.problem_responses import MEDIA_TYPE
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import ProblemDocument

Responses = dict[int | str, dict[str, Any]]

BINARY = "application/octet-stream"
ANYWHERE = (
    ProblemType.BUSY,
    ProblemType.UNAVAILABLE,
    ProblemType.TOO_LARGE,
    ProblemType.TOO_SLOW,
    ProblemType.INTERNAL_ERROR,
)
"""Problems that every route can report."""
_PROBLEM = "ProblemDocument"
_RETRY_AFTER = "RetryAfter"


def problems(*kinds: ProblemType | Iterable[ProblemType]) -> Responses:
    """Return the error answers of a route that reports these problem types, and of every route."""
    by_status: dict[int, list[ProblemType]] = {}
    given = [one for kind in kinds for one in ([kind] if isinstance(kind, ProblemType) else kind)]
    for kind in dict.fromkeys([*given, *ANYWHERE]):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "description": "; ".join(kind.title for kind in found),
            "headers": {"Retry-After": {"$ref": f"#/components/headers/{_RETRY_AFTER}"}},
            "content": {
                MEDIA_TYPE: {
                    "schema": {
                        "allOf": [
                            {"$ref": f"#/components/schemas/{_PROBLEM}"},
                            {"properties": {"type": {"enum": [kind.uri for kind in found]}}},
                        ]
                    }
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


def content(media_type: str, description: str, text: bool = False) -> Responses:
    """Return the success answer of a route that answers with bytes, or with text of another
    type."""
    schema = {"type": "string"} if text else {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


def event_stream(description: str, name: str, model: type[BaseModel]) -> Responses:
    """Return the success answer of a route that answers with server-sent events of one name.

    Args:
        model: The JSON data of an event.
    """
    data = model.model_json_schema(mode="serialization")
    schema = {
        "type": "object",
        "properties": {
            "event": {"const": name},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": data,
            },
        },
        "required": ["event", "data"],
    }
    return {200: {"description": description, "content": {"text/event-stream": {"schema": schema}}}}


def binary_body(description: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads bytes."""
    schema = {"type": "string", "format": "binary"}
    return _body(description, {BINARY: {"schema": schema}})


def json_body(description: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that parses JSON itself, described by a model."""
    return _body(description, {"application/json": {"schema": model.model_json_schema()}})


def _body(description: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"description": description, "required": True, "content": content}}


def install(app: FastAPI) -> None:
    """Add the schema and the header of error answers to `app`'s document."""
    framework_document = app.openapi
    finished: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not finished:
            described = _whole_numbers(framework_document())
            components = described.setdefault("components", {})
            components["headers"] = {_RETRY_AFTER: _retry_after()}
            schemas = components.setdefault("schemas", {})
            if _PROBLEM not in schemas:
                schema = ProblemDocument.model_json_schema(
                    ref_template="#/components/schemas/{model}", mode="serialization"
                )
                schemas.update(schema.pop("$defs", {}))
                schemas[_PROBLEM] = schema
            _leave_answers_open(described)
            finished.append(described)
        return finished[0]

    app.openapi = document  # type: ignore[method-assign]


def _retry_after() -> dict[str, Any]:
    return {
        "description": "Seconds after which a retry makes sense, as `retry_after_s` of the "
        "problem document; absent where none does.",
        "schema": {"type": "integer", "minimum": 1},
    }


def _leave_answers_open(document: dict[str, Any]) -> None:
    """Forbid no further members in answers: clients ignore those that they do not know.

    Services build answers strictly, but a later version may add members. A part of a request that
    answers repeat is left open too; services still refuse unknown members in it.
    """
    waiting: list[Any] = [
        one["responses"] for methods in document["paths"].values() for one in methods.values()
    ]
    seen = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict) and id(part) not in seen:
            seen.add(id(part))
            if part.get("additionalProperties") is False:
                del part["additionalProperties"]
            waiting += part.values()
            reference = part.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/components/"):
                _, _, section, name = reference.split("/")
                waiting.append(document["components"][section][name])


def _whole_numbers(value: Any) -> Any:
    """Write whole numbers as such: the framework turns every bound into a float."""
    if isinstance(value, dict):
        return {name: _whole_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def kinds_of(operation: dict[str, Any]) -> list[str]:
    """Return the URIs of the problems that an operation of a document reports."""
    return [
        uri
        for answer in operation["responses"].values()
        for member in answer.get("content", {})
        .get(MEDIA_TYPE, {})
        .get("schema", {})
        .get("allOf", ())
        for uri in member.get("properties", {}).get("type", {}).get("enum", ())
    ]
