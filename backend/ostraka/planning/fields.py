"""Field types of requests from organizers and members: amounts, times, addresses.

Amounts are integers in the token's smallest unit, as numbers or decimal strings. Moments are Unix
seconds, or dates and times with a zone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from ostraka.wire.addresses import canonical_address
from ostraka.wire.titles import title_problem
from ostraka.wire.wording import OWN, did_you_mean, reason_of
from ostraka_verifier.units import Seconds, UnixSeconds
from ostraka_verifier.weight_classes import MAX_CLASSES

# Calendars end with the year 9999.
_MAX_TIME = 253_402_300_800


def _integer(value: Any) -> Any:
    # Many clients lose digits of large JSON numbers; decimal strings keep them.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 39:
        return int(value)
    return value


def _unix_s(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            seconds = _integer(value)
            if isinstance(seconds, str):
                reason = "expected a date and time with a zone, or Unix seconds"
                raise ValueError(reason) from None
            return seconds
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a zone, as in 2026-12-01T08:00:00+01:00")
        return int(value.timestamp())
    return value


def _title(value: str) -> str:
    problem = title_problem(value)
    if problem:
        raise ValueError(problem)
    return value


Address = Annotated[
    str,
    AfterValidator(canonical_address),
    Field(
        json_schema_extra={"pattern": "^0x[0-9a-fA-F]{40}$"},
        examples=["0x00000000000000000000000000000000000000aa"],
    ),
]
"""Accepted in any case, with mixed case as the checksum; lower case afterwards. Never zero."""
Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Amount = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=0, lt=1 << 128)]
Weight = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=1, lt=1 << 64)]
Time = Annotated[
    UnixSeconds,
    Field(strict=True, ge=0, lt=_MAX_TIME, description="Unix time in seconds."),
    # After the bounds: before them, the JSON schema would lose them.
    BeforeValidator(_unix_s),
]
Count = Annotated[int, Field(strict=True, ge=0, lt=1 << 16)]
Points = Annotated[int, Field(strict=True, ge=1, lt=1 << 53)]
Duration = Annotated[
    Seconds, Field(strict=True, ge=1, lt=1 << 32, description="Duration in seconds.")
]
Classes = (
    Annotated[int, Field(strict=True, ge=1, le=MAX_CLASSES)] | Literal["powers_of_two", "equal"]
)
Title = Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_title)]


class Strict(BaseModel):
    """A model that refuses unknown members, so that a misspelt option is not ignored.

    Errors have our own wording, and name a place as its author wrote it: without the `kind` that
    pydantic inserts into the path.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _in_own_words(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(content)
        except ValidationError as error:
            own = [cls._reworded(one, content) for one in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, own) from None

    @classmethod
    def _reworded(cls, error: ErrorDetails, content: Any) -> InitErrorDetails:
        place, reason = list(error["loc"]), reason_of(error)
        if error["type"] == "extra_forbidden" and len(place) == 1:
            reason += did_you_mean(str(place[0]), cls.model_fields)
        if place and place[0] in cls.model_fields:
            _drop_kind(place, content)
        if error["type"].startswith("union_tag_"):
            place.append("kind")
        kind = PydanticCustomError(OWN, "{reason}", {"reason": reason})
        return InitErrorDetails(type=kind, loc=tuple(place), input=error.get("input"))


def _drop_kind(place: list[Any], content: Any) -> None:
    """Remove the kind's name, which pydantic inserts into the place of an error."""
    value = content.get(place[0]) if isinstance(content, Mapping) else None
    at = 1
    if isinstance(value, Sequence) and not isinstance(value, str) and len(place) > at:
        number = place[at]
        value = value[number] if isinstance(number, int) and number < len(value) else None
        at += 1
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if len(place) > at and isinstance(kind, str) and place[at] == kind:
        del place[at]
