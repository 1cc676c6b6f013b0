"""Times for disputes: the defaults of a poll or round, and what is refused before it is created."""

from collections.abc import Mapping

import pytest

from ostraka.planning.feasibility import refuse_wrong_periods
from ostraka.planning.specification import PollSpecification, Times
from ostraka.wire.problems import Problem
from ostraka_verifier.units import Seconds

HOUR, DAY = 3600, 86_400


def asked(**times: int) -> PollSpecification:
    return PollSpecification.model_validate(
        {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
            "voters": {"kind": "list", "accounts": [{"account": "0x" + "11" * 20}]},
            "closes_at": 2_000_000_000,
            "minimum_ballots": 1,
            "times": times,
        }
    )


def fixed(
    times: Mapping[str, int], period_floor: int = HOUR, disputable: bool = True
) -> tuple[int, int]:
    found = Times.model_validate(times).fixed(Seconds(period_floor), disputable)
    assert found["dispute_window"] == times.get("dispute_window", DAY)
    return found["response_time"], found["max_dispute_delay"]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, (6 * HOUR, DAY)),
        ({"dispute_window": 7 * DAY}, (42 * HOUR, 7 * DAY)),
        # Not below the floor: the registry would refuse the poll.
        ({"dispute_window": HOUR}, (HOUR, 4 * HOUR)),
        ({"response_time": 2 * HOUR}, (2 * HOUR, 8 * HOUR)),
        ({"max_dispute_delay": 3 * DAY}, (6 * HOUR, 3 * DAY)),
        ({"response_time": HOUR, "max_dispute_delay": 5 * HOUR}, (HOUR, 5 * HOUR)),
    ],
)
def test_defaults(times: Mapping[str, int], expected: tuple[int, int]) -> None:
    assert fixed(times) == expected


def test_a_registry_without_a_floor_still_needs_time_for_an_answer() -> None:
    assert fixed({"dispute_window": 3}, 0) == (1, 4)


def test_without_disputes_both_times_are_zero() -> None:
    assert fixed({}, disputable=False) == (0, 0)


@pytest.mark.parametrize(
    ("times", "field", "reason"),
    [
        ({"response_time": HOUR - 1}, "response_time", "3599 s, at least 3600 s"),
        ({"max_dispute_delay": DAY - 1}, "max_dispute_delay", "at least 4 times"),
        (
            {"response_time": HOUR, "max_dispute_delay": 4 * HOUR - 1},
            "max_dispute_delay",
            "the response time of 3600 s",
        ),
        ({"response_time": 1 << 30}, "response_time", "too long"),
    ],
)
def test_times_that_the_registry_would_refuse(
    times: Mapping[str, int], field: str, reason: str
) -> None:
    with pytest.raises(Problem, match=reason) as refused:
        refuse_wrong_periods(asked(**times), Seconds(HOUR), True)
    assert (refused.value.status, refused.value.field) == (422, f"times.{field}")


@pytest.mark.parametrize("name", ["response_time", "max_dispute_delay"])
def test_no_times_for_disputes_where_there_are_none(name: str) -> None:
    with pytest.raises(Problem, match="no disputes") as refused:
        refuse_wrong_periods(asked(**{name: DAY}), Seconds(HOUR), False)
    assert refused.value.field == f"times.{name}"


def test_times_at_their_bounds_are_taken() -> None:
    least = {"response_time": HOUR, "max_dispute_delay": 4 * HOUR}
    for times in ({}, {"response_time": HOUR}, least):
        refuse_wrong_periods(asked(**times), Seconds(HOUR), True)
    refuse_wrong_periods(asked(), Seconds(HOUR), False)
