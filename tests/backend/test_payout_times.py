"""Payout delay and veto holder of a round: defaults, files, and what is refused before creation."""

from pathlib import Path

import pytest

from ostraka.cli.templates import ROUND
from ostraka.planning.feasibility import refuse_wrong_periods
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification
from ostraka.wire.problems import Problem
from ostraka_verifier.units import Seconds, UnixSeconds

HOUR, DAY = 3600, 86_400
HOLDER = "0x" + "aa" * 20
NOW = UnixSeconds(1_800_000_000)


def asked(**payouts: object) -> RoundSpecification:
    return RoundSpecification.model_validate(
        {
            "title": "Spring",
            "budget": 1000,
            "proposals_close_at": NOW + DAY,
            "voting_opens_at": NOW + 2 * DAY,
            "voting_closes_at": NOW + 3 * DAY,
            "members": {"kind": "list", "accounts": [{"account": "0x" + "11" * 20}]},
            "ballot": {"kind": "approval", "at_most": 2},
            **payouts,
        }
    )


@pytest.mark.parametrize(
    ("payouts", "delay"),
    [
        ({}, 0),
        ({"payout_delay": 5}, 5),
        ({"veto_holder": HOLDER}, DAY),
        ({"veto_holder": HOLDER, "payout_delay": HOUR}, HOUR),
    ],
)
def test_payouts_wait_where_somebody_may_veto(payouts: dict[str, object], delay: int) -> None:
    wanted = asked(**payouts)
    assert wanted.fixed_payout_delay == delay
    refuse_wrong_periods(wanted, Seconds(HOUR), True)


def test_a_veto_holder_needs_as_much_time_as_the_registry_says() -> None:
    wanted = asked(veto_holder=HOLDER, payout_delay=HOUR - 1)
    with pytest.raises(Problem, match="3599 s, at least 3600 s") as refused:
        refuse_wrong_periods(wanted, Seconds(HOUR), True)
    assert refused.value.field == "payout_delay"


@pytest.mark.parametrize("kind", ["equal_shares", "phragmen"])
def test_who_may_object_has_as_much_time_as_the_registry_says(kind: str) -> None:
    def objecting(seconds: int, holder: str | None) -> RoundSpecification:
        outcome = {"kind": kind, "objection_time": seconds, "veto_holder": holder}
        return asked(outcome=outcome, minimum_ballots=5)

    with pytest.raises(Problem, match="3599 s, at least 3600 s") as refused:
        refuse_wrong_periods(objecting(HOUR - 1, HOLDER), Seconds(HOUR), True)
    assert refused.value.field == "outcome.objection_time"
    refuse_wrong_periods(objecting(HOUR, HOLDER), Seconds(HOUR), True)
    refuse_wrong_periods(objecting(1, None), Seconds(HOUR), True)


def test_the_same_of_a_poll_without_a_round() -> None:
    def objecting(seconds: int) -> PollSpecification:
        outcome = {"kind": "instant_runoff", "objection_time": seconds, "veto_holder": HOLDER}
        return PollSpecification.model_validate(
            {
                "title": "Chair",
                "closes_at": NOW + DAY,
                "voters": {"kind": "list", "accounts": [{"account": "0x" + "11" * 20}]},
                "counting": "shuffled",
                "questions": [
                    {"kind": "ranking", "title": "Who?", "options": ["A", "B"], "scores": [2, 1]}
                ],
                "outcomes": [outcome],
            }
        )

    with pytest.raises(Problem, match="59 s, at least 60 s") as refused:
        refuse_wrong_periods(objecting(59), Seconds(60), True)
    assert refused.value.field == "outcomes[0].objection_time"
    refuse_wrong_periods(objecting(60), Seconds(60), True)


def test_the_template_names_both_and_takes_durations(tmp_path: Path) -> None:
    written = ROUND.replace('# veto_holder = "0x…"', f'veto_holder = "{HOLDER}"', 1)
    written = written.replace('# payout_delay = "1d"', 'payout_delay = "2h30m"')
    for line in ('# response_time = "6h"', '# max_dispute_delay = "1d"'):
        assert line in written
        written = written.replace(line, line.removeprefix("# "))
    (tmp_path / "members.csv").write_text("account\n0x" + "11" * 20 + "\n")
    path = tmp_path / "round.toml"
    path.write_text(written, encoding="utf-8")
    wanted = RoundSpecification.model_validate(read_specification(path, RoundSpecification, NOW))
    assert (wanted.veto_holder, wanted.payout_delay) == (HOLDER, 9000)
    assert (wanted.times.response_time, wanted.times.max_dispute_delay) == (6 * HOUR, DAY)
