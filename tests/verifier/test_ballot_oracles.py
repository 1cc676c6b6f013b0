"""Rules on opened ballots against what pabutools, abcvoting, pref-voting and VoteKit decided.

Their answers to 200 random profiles for each rule are recorded (`ballot_oracles.json`):
`make soak ARGS="ballot_outcomes --record"` asks them again.
"""

import json
from pathlib import Path

from tests.support.ballot_oracles import READINGS, cases, city_cases, compared

DATA = Path(__file__).parents[2] / "data"
RECORDED = json.loads(Path(__file__).with_name("ballot_oracles.json").read_text())


def test_recorded_winners_of_other_programs() -> None:
    asked = cases("ballots", 200)
    found = compared(asked, RECORDED["answers"])
    assert sum(found.values()) >= 200 * 8
    assert not [name for name, reading in found if not reading]
    # Every program agrees on most profiles, and every reading is met at least once.
    programs = {name for name, _ in found}
    for name in programs:
        rest = sum(times for (one, reading), times in found.items() if one == name)
        assert found[name, "equal"] >= rest * 2 / 3
    assert {reading for _, reading in found} >= READINGS.keys()


def test_what_equal_shares_and_phragmen_would_have_funded_in_lodz() -> None:
    found = compared(city_cases(DATA), RECORDED["cities"])
    assert {reading for _, reading in found} <= {"equal", "early"}
    assert found["pabutools Phragmén", "equal"] == 3
