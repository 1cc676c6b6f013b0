"""Whether a Governor's times leave a right census the chance to be final, and undefeated.

Source: docs/governor.md, "Adopt it"; docs/protocol.md §18.9.
"""

from dataclasses import dataclass

from ostraka_verifier.units import Seconds

LEAST_RESPONSE_S = 3600
"""Within less, some 64 challenges in the last moment can make a right census fall: blocks may be
full, and whoever answers looks only every few minutes."""


@dataclass(frozen=True)
class CensusTimes:
    """Times of the disputes about censuses, in seconds."""

    window: Seconds
    response_time: Seconds
    max_delay: Seconds


@dataclass(frozen=True)
class Verdict:
    """What is wrong with times: obstacles, and what goes wrong only if somebody delays."""

    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def too_short_response(times: CensusTimes) -> Verdict:
    """Return whether challenges in the last moment can defeat a right census."""
    if times.response_time >= LEAST_RESPONSE_S:
        return Verdict()
    detail = (
        f"the response time of {times.response_time} s is below {LEAST_RESPONSE_S} s: challenges "
        "in the last moment could not all be answered within it, so that a right census falls"
    )
    return Verdict(obstacles=(detail,))


def time_to_start(times: CensusTimes, left: float) -> Verdict:
    """Return whether a census that is posted now is final in time to start a poll.

    Args:
        left: Seconds until the voting period ends.
    """
    if left <= times.window:
        detail = (
            f"the voting period ends in {left:.0f} s, and a census posted now is final after "
            f"{times.window} s at the earliest: no poll could be started"
        )
        return Verdict(obstacles=(detail,))
    latest = times.window + times.max_delay
    if left <= latest:
        detail = (
            f"the voting period ends in {left:.0f} s, and challenges can delay a census posted now "
            f"until {latest} s from now: then no poll is started, and the proposal is defeated"
        )
        return Verdict(warnings=(detail,))
    return Verdict()


def voting_period(times: CensusTimes, period: float) -> Verdict:
    """Return whether a Governor's voting period, in seconds, holds the longest dispute."""
    latest = times.window + times.max_delay
    if period > latest:
        return Verdict()
    detail = (
        f"the voting period of {period:.0f} s is not longer than the window and the longest delay "
        f"of disputes about the census, {latest} s: whoever pays for challenges can defeat every "
        "proposal"
    )
    return Verdict(obstacles=(detail,))
