"""Fields of what organizers and members send: amounts, times, addresses.

Amounts are integers in the token's smallest unit, as numbers or decimal strings; times are Unix
seconds, or dates and times with a zone.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ostraka_verifier.weight_classes import MAX_CLASSES

# Beyond the year 9999 no calendar shows a time.
_MAX_TIME = 253_402_300_800


def _integer(value: Any) -> Any:
    # JSON's numbers lose digits in many clients; a decimal string does not.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 39:
        return int(value)
    return value


def _unix_s(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return _integer(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a zone, as in 2026-12-01T08:00:00+01:00")
        return int(value.timestamp())
    return value


Address = Annotated[
    str,
    BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v),
    Field(pattern="^0x[0-9a-f]{40}$", examples=["0x00000000000000000000000000000000000000aa"]),
]
Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Amount = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=0, lt=1 << 128)]
Weight = Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=1, lt=1 << 64)]
Time = Annotated[int, BeforeValidator(_unix_s), Field(strict=True, ge=0, lt=_MAX_TIME)]
Count = Annotated[int, Field(strict=True, ge=0, lt=1 << 16)]
Points = Annotated[int, Field(strict=True, ge=1, lt=1 << 53)]
Seconds = Annotated[int, Field(strict=True, ge=1, lt=1 << 32)]
Classes = (
    Annotated[int, Field(strict=True, ge=1, le=MAX_CLASSES)] | Literal["powers_of_two", "equal"]
)
Title = Annotated[str, Field(min_length=1, max_length=150)]


class Strict(BaseModel):
    """Refuses members that it does not know: a misspelt option must not be ignored."""

    model_config = ConfigDict(extra="forbid")
