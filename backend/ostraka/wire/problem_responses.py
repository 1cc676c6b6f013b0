"""Answer with problem documents (RFC 9457): every error of an application, in one place.

Apart from `problems`, which clients load too: web frameworks take long to import.
"""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from starlette.exceptions import HTTPException

from ostraka.wire import cors
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.wording import reason_of
from ostraka_verifier.errors import Malformed, Rejected

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_DATABASE_PAUSE_S = 5
_OF_STATUS = {
    kind.status: kind
    for kind in (ProblemType.MALFORMED, ProblemType.NOT_FOUND, ProblemType.METHOD_NOT_ALLOWED)
}


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
        return respond(Problem(ProblemType.INVALID_REQUEST, reason_of(first), field))

    @app.exception_handler(OperationalError)
    @app.exception_handler(NoFreeConnection)
    async def _overloaded(_: Request, error: OperationalError | NoFreeConnection) -> JSONResponse:
        # The database is locked, out of reach, or all connections are in use.
        log.error("database does not answer", problem=str(error))
        detail = "the service cannot reach its database now"
        return respond(Problem(ProblemType.UNAVAILABLE, detail, "", _DATABASE_PAUSE_S))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> JSONResponse:
        # Details go to the log only; the response could leak secrets.
        detail = "the service failed; its log has the details"
        # Made outside all middleware.
        return respond(Problem(ProblemType.INTERNAL_ERROR, detail), cors.HEADERS)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        server = error.status_code >= ProblemType.INTERNAL_ERROR.status
        otherwise = ProblemType.INTERNAL_ERROR if server else ProblemType.MALFORMED
        kind = _OF_STATUS.get(error.status_code, otherwise)
        return respond(Problem(kind, str(error.detail)), error.headers)


def respond(problem: Problem, more: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the problem as a response.

    Args:
        more: Further headers, such as `Allow`.
    """
    headers = dict(more or {})
    if problem.retry_after_s:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.kind is ProblemType.NOT_ORGANIZER:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.to_json(), problem.status, headers, media_type=MEDIA_TYPE)
