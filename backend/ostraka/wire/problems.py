"""Errors over HTTP: RFC 9457 problem details that name the field and the reason."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ostraka.wire.wording import reason_of
from ostraka_verifier.errors import Malformed, Rejected


class Problem(Exception):
    """A refusal that a client can act on.

    Attributes:
        status: HTTP status.
        title: What kind of problem; the same text for the same kind.
        detail: What was wrong this time.
        field: Where in the request, "" when nowhere in particular.
        retry_after_s: Seconds after which trying again makes sense.
    """

    def __init__(
        self, status: int, title: str, detail: str, field: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(f"{title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s

    def to_json(self) -> dict[str, Any]:
        """Members of the problem document."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field:
            members["field"] = self.field
        if self.retry_after_s:
            members["retry_after_s"] = self.retry_after_s
        return members


def from_audit_error(error: Malformed | Rejected) -> Problem:
    """400 for what cannot be read, 422 for what reads well and fails a check."""
    if isinstance(error, Rejected):
        return Problem(422, "Check failed", error.reason, error.item)
    field, _, reason = str(error).partition(": ")
    return Problem(400, "Malformed", reason or str(error), field if reason else "")


def out_of_reach() -> Problem:
    """What a node says when its provider of chain data fails; names neither it nor its reason."""
    return Problem(503, "Chain out of reach", "the node cannot read the chain now", "", 5)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> JSONResponse:
        return respond(problem)

    @app.exception_handler(Malformed)
    async def _malformed(_: Request, error: Malformed) -> JSONResponse:
        return respond(from_audit_error(error))

    @app.exception_handler(Rejected)
    async def _rejected(_: Request, error: Rejected) -> JSONResponse:
        return respond(from_audit_error(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return respond(Problem(422, "Invalid request", reason_of(first), field))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> JSONResponse:
        # What went wrong is in the log; an answer could carry what must not leave.
        return respond(Problem(500, "Internal error", "the service failed; its log says how"))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return respond(Problem(error.status_code, str(error.detail), str(error.detail)))


def respond(problem: Problem) -> JSONResponse:
    """The problem as a response."""
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else None
    return JSONResponse(
        problem.to_json(), problem.status, headers, media_type="application/problem+json"
    )
