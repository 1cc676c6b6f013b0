"""Further details of a proposal: where it is, and a picture of it.

A member signs their hash, `details`, with the proposal. The document itself is not on the chain:
whoever has it can be checked against the hash.

Source: docs/protocol.md §17.2.
"""

import json
from typing import Annotated

from pydantic import AfterValidator, Field

from ostraka.planning.fields import Digest, Strict
from ostraka.wire.titles import title_problem
from ostraka_verifier.encoding import HASH_BYTES, canonical_json, keccak256
from ostraka_verifier.errors import Malformed

MAX_DETAILS_BYTES = 4096
MICRODEGREES = 1_000_000


def _words(value: str) -> str:
    problem = title_problem(value)
    if problem:
        raise ValueError(problem)
    return value


class Place(Strict):
    """A point on the earth (WGS 84), in millionths of a degree."""

    latitude: Annotated[int, Field(strict=True, ge=-90 * MICRODEGREES, le=90 * MICRODEGREES)]
    """Millionths of a degree, north is positive."""
    longitude: Annotated[int, Field(strict=True, ge=-180 * MICRODEGREES, le=180 * MICRODEGREES)]
    """Millionths of a degree, east is positive."""
    label: Annotated[str, Field(max_length=120), AfterValidator(_words)] | None = None
    """Such as a street."""


class Picture(Strict):
    """A picture that a gateway has."""

    sha256: Digest
    """Of the WebP file that the gateway made of it."""
    alt: Annotated[str, Field(max_length=300), AfterValidator(_words)]
    """What the picture shows, for people who cannot see it."""


class ProposalDetails(Strict):
    """Details of a proposal; at least one of them."""

    place: Place | None = None
    image: Picture | None = None

    def encode(self) -> bytes:
        """Return canonical JSON without the members that are absent.

        Raises:
            Malformed: There are no details, or the JSON is too long.
        """
        content = self.model_dump(exclude_none=True)
        if not content:
            raise Malformed("details", "neither a place nor an image")
        encoded = canonical_json(content)
        if len(encoded) > MAX_DETAILS_BYTES:
            reason = f"{len(encoded)} bytes of JSON, at most {MAX_DETAILS_BYTES}"
            raise Malformed("details", reason)
        return encoded

    def digest(self) -> bytes:
        """Return the hash that a member signs, 32 bytes."""
        return keccak256(self.encode())


def details_hash(details: ProposalDetails | None) -> bytes:
    """Return the hash of details; zero without any."""
    return bytes(HASH_BYTES) if details is None else details.digest()


def place_of(text: str) -> Place:
    """Read "LATITUDE,LONGITUDE" in degrees, such as "52.2297,21.0122".

    Raises:
        ValueError: It has another form, or is no place on the earth.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise ValueError("expected LATITUDE,LONGITUDE in degrees, such as 52.2297,21.0122")
    latitude, longitude = (_microdegrees(part) for part in parts)
    return Place(latitude=latitude, longitude=longitude)


def _microdegrees(degrees: str) -> int:
    try:
        # Through JSON, whose numbers have no inf and no underscores.
        return round(float(json.loads(degrees)) * MICRODEGREES)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{degrees!r} is no number of degrees") from error
