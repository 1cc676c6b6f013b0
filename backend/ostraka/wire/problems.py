"""Problems that a client can act on: objects in code, RFC 9457 documents over HTTP."""

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationError

from ostraka.wire.answers import Answer, absent
from ostraka.wire.problem_types import BY_URI, ProblemType
from ostraka.wire.records import strict_json
from ostraka_verifier.errors import Malformed, Rejected

_MAX_TITLE, _MAX_DETAIL, _MAX_FIELD = 100, 1000, 200
_MAX_RETRY_S = 3600
_MAX_NODES = 255
_SECONDS = re.compile("[0-9]{1,6}")
_CHECK = re.compile("^[A-Z][0-9]{1,2}[a-z]?$")
_FIRST_ERROR, _LAST_ERROR = 400, 599


class ProblemMembers(Answer):
    """The members of every problem (RFC 9457)."""

    type: str = Field(
        description="URI of the kind of problem; docs/api.md lists them.",
        examples=[ProblemType.NO_SUCH_POLL.uri],
    )
    title: str = Field(description="The kind of problem, in English.")
    status: int = Field(ge=_FIRST_ERROR, le=_LAST_ERROR, description="HTTP status.")
    detail: str = Field(description="What was wrong this time, in English.")
    field: str | None = Field(
        default=None, exclude_if=absent, description="Where in the request, if anywhere."
    )
    check: str | None = Field(
        default=None,
        exclude_if=absent,
        pattern=_CHECK.pattern,
        description="Number of the check that failed (docs/protocol.md §13), if it has one.",
        examples=["B6"],
    )
    retry_after_s: int | None = Field(
        default=None,
        exclude_if=absent,
        ge=1,
        description="Seconds after which a retry makes sense; absent where none does.",
    )


class WaitsForNode(Answer):
    """A node that another node waits for."""

    node: int
    stage: str = Field(description="What it waits for.")


class WaitingNode(Answer):
    """A node that delays a poll, or refused a ballot."""

    node: int
    announces_different_keys: bool = Field(
        default=False, description="Whether it announces different poll keys to different nodes."
    )
    problem: ProblemMembers | None = Field(
        default=None, exclude_if=absent, description="What is wrong with it; absent if it waits."
    )
    waits_for: list[WaitsForNode] | None = Field(
        default=None, exclude_if=absent, description="Nodes it waits for; absent if it failed."
    )


class ProblemDocument(ProblemMembers):
    """An error answer (RFC 9457)."""

    nodes: list[WaitingNode] | None = Field(
        default=None, exclude_if=absent, description="Nodes that hold it up, or refused it."
    )


class Problem(Exception):
    """An error that a client can act on.

    Attributes:
        kind: Problem type, which fixes title and status; UNKNOWN for a type of a later version.
        title: Name of the problem type in English.
        status: HTTP status.
        detail: The cause of this problem.
        field: Place in the request; "" if the problem has none.
        retry_after_s: Seconds after which a retry makes sense; 0 if it makes none.
        check: Number of the check that failed (§13); "" for none.
        nodes: Nodes that delay a poll or refused a ballot, as `WaitingNode` describes them.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        field: str = "",
        retry_after_s: int = 0,
        check: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.uri = kind.uri
        self.title = kind.title
        self.status = kind.status
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s
        self.check = check
        self.nodes: tuple[dict[str, Any], ...] = ()

    def __str__(self) -> str:
        parts = self.title, self.check, self.field, self.detail
        return ": ".join(part for part in parts if part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.uri, self.detail, self.field))

    def to_json(self) -> dict[str, Any]:
        """Return the problem document."""
        return self.members() | ({"nodes": list(self.nodes)} if self.nodes else {})

    def members(self) -> dict[str, Any]:
        """Return the problem document without `nodes`, as it is part of another one."""
        members: dict[str, Any] = {
            "type": self.uri,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field:
            members["field"] = self.field
        if self.check:
            members["check"] = self.check
        if self.retry_after_s:
            members["retry_after_s"] = self.retry_after_s
        return members

    @classmethod
    def from_json(cls, members: Any, status: int = ProblemType.UNKNOWN.status) -> Self:
        """Read an untrusted problem document; texts are shortened, and the type may be unknown.

        Args:
            members: The document, of any form.
            status: HTTP status of the answer, used if the document's type is unknown.
        """
        given = members if isinstance(members, dict) else {}
        kind = BY_URI.get(_text(given, "type", _MAX_TITLE), ProblemType.UNKNOWN)
        detail = _text(given, "detail", _MAX_DETAIL) or "no reason was given"
        pause_s = given.get("retry_after_s")
        check = _text(given, "check", _MAX_FIELD)
        problem = cls(
            kind,
            detail,
            _text(given, "field", _MAX_FIELD),
            min(pause_s, _MAX_RETRY_S) if type(pause_s) is int and pause_s > 0 else 0,
            check if _CHECK.fullmatch(check) else "",
        )
        nodes = given.get("nodes")
        if isinstance(nodes, list):
            problem.nodes = tuple(one for one in nodes[:_MAX_NODES] if _is_waiting_node(one))
        if kind is ProblemType.UNKNOWN:
            said = given.get("status")
            if isinstance(said, int) and _FIRST_ERROR <= said <= _LAST_ERROR:
                status = said
            problem.status = status
            problem.uri = _text(given, "type", _MAX_TITLE) or problem.uri
            problem.title = _text(given, "title", _MAX_TITLE) or f"HTTP status {problem.status}"
        return problem

    def again(self) -> Self:
        """Return an equal problem, without the call stack that raising attaches to it."""
        return type(self).from_json(self.to_json())


def reported(body: bytes, status: int, headers: Mapping[str, str]) -> Problem:
    """Return the problem of an error answer, in whatever form it is written."""
    try:
        members = strict_json(body)
    except Malformed:
        members = None
    problem = Problem.from_json(members, status)
    pause_s = headers.get("Retry-After", "")
    if not problem.retry_after_s and _SECONDS.fullmatch(pause_s):
        problem.retry_after_s = min(max(1, int(pause_s)), _MAX_RETRY_S)
    return problem


def _is_waiting_node(value: Any) -> bool:
    """Whether an untrusted entry about a node has the form of `WaitingNode`."""
    try:
        WaitingNode.model_validate(value, strict=True)
    except ValidationError:
        return False
    return True


def _text(members: dict[str, Any], name: str, limit: int) -> str:
    value = members.get(name)
    return value[:limit] if isinstance(value, str) else ""


def from_audit_error(error: Malformed | Rejected) -> Problem:
    """Return status 400 for unreadable input, 422 for readable input that fails a check."""
    if isinstance(error, Rejected):
        return Problem(ProblemType.CHECK_FAILED, error.reason, error.item, 0, error.check)
    return Problem(ProblemType.MALFORMED, error.reason, error.item)


def chain_unreachable() -> Problem:
    """Return the problem of a failed chain provider; names neither provider nor reason."""
    return Problem(ProblemType.CHAIN_UNREACHABLE, "the node cannot read the chain now", "", 5)
