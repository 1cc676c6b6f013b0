"""Derive a rehearsal from a round or poll: the same questions, minutes instead of days.

A rehearsal is a poll of its own on the same chain, by a few invitations that nobody keeps. Its
title and its description mark it, so that nobody takes it for the vote itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ostraka.planning import round_rules
from ostraka.planning.round_ballots import OnBallots
from ostraka.planning.specification import (
    Invitations,
    InvitedAddress,
    PollSpecification,
    RoundSpecification,
    Times,
)
from ostraka_verifier.units import Seconds, UnixSeconds, later

_TITLE = 150
_SAMPLES = 5
"""Proposals made up for a round, which has none before it begins; at most its own limit."""
_COST = 40
"""Percent of the budget that each of them asks for: some fit together, and not all."""
_MINUTE_S = 60
_FAST = Seconds(10)


def rehearsal_of(
    wanted: RoundSpecification | PollSpecification,
    invited: Sequence[InvitedAddress],
    label: str,
    notice: str,
    minutes: tuple[int, int],
    now_unix_s: UnixSeconds,
    period_floor: Seconds,
) -> PollSpecification:
    """Return the poll that rehearses a round or poll.

    One ballot suffices to open it, and so it is not secret. A round is rehearsed with made-up
    proposals, and without its outcome rule.

    Args:
        invited: Its voters.
        label: Begins its title, e.g. "Rehearsal".
        notice: Begins its text.
        minutes: Minutes to register, and then to vote.
        period_floor: Shortest period that the registry takes.

    Raises:
        Malformed: A question cannot be read.
        Rejected: A question cannot be asked.
    """
    closes_registration = later(now_unix_s, Seconds(minutes[0] * _MINUTE_S))
    window = max(period_floor, Seconds(_MINUTE_S))
    content: dict[str, Any] = {
        "title": f"{label}: {wanted.title}"[:_TITLE].rstrip(),
        "text": f"{notice}\n\n{wanted.text}".rstrip()[:16_000],
        "committee": wanted.committee,
        "secret": False,
        "minimum_ballots": 1,
        "rehearsal": True,
        "times": Times(
            freeze_delay=_FAST,
            round_duration=_FAST,
            dispute_window=window,
            tally_period=max(period_floor, Times().tally_period),
        ),
        "voters": Invitations(kind="invitations", invitations=list(invited)),
        "registration_closes_at": closes_registration,
        "closes_at": later(closes_registration, Seconds(minutes[1] * _MINUTE_S)),
    }
    if isinstance(wanted, RoundSpecification):
        return PollSpecification.model_validate(
            content | {"questions": [_round_question(wanted, label)]}
        )
    outcomes = None if wanted.outcomes is None else list(_reachable(wanted, len(invited)))
    return PollSpecification.model_validate(
        content | {"questions": wanted.questions, "outcomes": outcomes}
    )


def _round_question(wanted: RoundSpecification, label: str) -> dict[str, Any]:
    count = min(wanted.maximum_proposals, _SAMPLES)
    names = [(f"{label} {number}", _COST) for number in range(1, count + 1)]
    # A poll knows no currency: its amounts are percent of the budget.
    return round_rules.question_of(wanted.ballot.encoded, wanted.title, names, 100).to_json()


def _reachable(wanted: PollSpecification, voters: int) -> Iterator[dict[str, Any]]:
    """Yield the outcomes with quorums and supports that a few voters can reach."""
    for outcome in wanted.outcomes or ():
        if isinstance(outcome, OnBallots):
            # Too few vote in a rehearsal to open every ballot.
            yield {"kind": "none"}
            continue
        content = outcome.model_dump(mode="json", exclude_none=True)
        for name in ("quorum", "minimum_support"):
            if name in content:
                content[name] = min(int(content[name]), voters)
        yield content
