"""Times in events, under the API's names."""

from collections.abc import Mapping
from typing import cast

from ostraka_verifier.units import UnixSeconds

_TIMES = {
    "proposalsOpenAt": "proposals_open_at",
    "proposalsCloseAt": "proposals_close_at",
    "votingOpensAt": "voting_opens_at",
    "votingClosesAt": "voting_closes_at",
    "opensAt": "opens_at",
    "closesAt": "closes_at",
}


def times_of(parameters: object) -> dict[str, UnixSeconds]:
    """Return the times among an event's parameters."""
    given = cast(Mapping[str, str], parameters)
    return {shown: UnixSeconds(int(given[name])) for name, shown in _TIMES.items() if name in given}
