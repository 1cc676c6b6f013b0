"""Rules on opened ballots against what pabutools, abcvoting, pref-voting and VoteKit decided.

Their answers to 200 random profiles for each rule, and to a city's files, are committed:
`make soak ARGS="oracles ballots"` asks them again.
"""

from tests.support.ballot_oracles import READINGS, cases, city_cases, compared
from tests.support.oracles import recorded


def test_winners_of_other_programs() -> None:
    asked = cases(200)
    found = compared(asked, recorded("ballots", asked))
    assert sum(found.values()) >= 200 * 8
    assert not [name for name, reading in found if not reading]
    # Every program agrees on most profiles, and every reading is met at least once.
    for name in {name for name, _ in found}:
        together = sum(times for (one, _), times in found.items() if one == name)
        assert found[name, "equal"] >= together * 2 / 3
    assert {reading for _, reading in found} >= READINGS.keys()


def test_what_equal_shares_and_phragmen_would_have_funded_in_lodz() -> None:
    asked = city_cases()
    found = compared(asked, recorded("ballots", asked))
    assert {reading for _, reading in found} <= {"equal", "early"}
    assert found["pabutools Phragmén", "equal"] == 3
