"""From a .pb file to ballots and outcome, against a count that knows nothing of it."""

from pathlib import Path
from random import Random

import pytest
from benchmarks.cities import compare

from ostraka.demo.plain_count import plain_count
from ostraka.formats.reading import read_election
from tests.support.elections import CATEGORIES, asked, pb, random_pb, tally_of, write

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("name", ["nad-nerem", "mileszki", "nowosolna"])
def test_real_cities_get_the_winners_that_they_published(name: str) -> None:
    path = DATA / f"poland_lodz_2020_{name}.pb"
    election = read_election(path)
    tally, left_out = tally_of(election)
    assert left_out == []
    assert tally == [option.published for option in election.options]
    assert plain_count(path).counts == dict(
        zip((option.option_id for option in election.options), tally, strict=True)
    )
    awards = election.outcome.awards(tally)
    assert awards == [int(bool(option.selected)) for option in election.options]
    assert election.round is not None
    assert "a round of the treasury" in election.says


@pytest.mark.parametrize("vote_type", ["approval", "choose-1", "cumulative", "scoring", "ordinal"])
@pytest.mark.parametrize("seed", range(8))
def test_ballots_left_out_and_tally_are_those_of_a_plain_count(
    tmp_path: Path, vote_type: str, seed: int
) -> None:
    path = write(tmp_path, random_pb(Random(f"{vote_type} {seed}"), vote_type))
    election = read_election(path)
    tally, left_out = tally_of(election)
    plain = plain_count(path)
    assert left_out == plain.left_out
    assert tally == [plain.counts[option.option_id] for option in election.options]
    # Some are left out and some are not, or nothing was compared.
    assert sum(tally) > 0
    assert vote_type == "scoring" or left_out
    half = plain_count(path, 20)
    assert half.left_out == [one for one in left_out if one <= 20]


def test_elections_that_no_round_can_have_become_polls(tmp_path: Path) -> None:
    for text, reason in (
        (pb({"rule": "greedy", "budget": "55"}), "a project costs more than the whole budget"),
        (pb(), "nothing is funded"),
        (pb({"rule": "greedy"}, ["project_id;cost", "a;5"]), "a round has 2 to 200 projects"),
    ):
        election = asked(tmp_path, text)
        assert election.round is None
        assert election.says.endswith(f"a poll, because {reason}.")


def test_both_readings_agree_on_numbers_and_lists(tmp_path: Path) -> None:
    """Whatever is written in a strange way: read alike, or left out of both counts."""
    meta = {"max_sum_points": "9.0", "max_points": "7.00", "vote_type": "cumulative"}
    rows = {
        "a,b;5.0,1.00": True,
        "a;05": True,
        "a , b;1 , 2": True,
        "a;+5": False,
        "a,;5": True,
        "a,;5,": True,
        "a,b;5": False,
        "a;1.5": False,
        "a;5e0": False,
        "a;1_0": False,
        "a;1/1": False,
        "a;-0": True,
        ";": True,
    }
    votes = [f"{number};{row}" for number, row in enumerate(rows, start=1)]
    path = write(tmp_path, pb(meta, votes=["voter_id;vote;points", *votes]), "FILE.PB")
    tally, left_out = tally_of(read_election(path))
    assert left_out == [number for number, good in enumerate(rows.values(), start=1) if not good]
    plain = plain_count(path)
    assert (list(plain.counts.values()), plain.left_out) == (tally, left_out)
    assert tally == [21, 3, 0]
    approvals = write(tmp_path, pb(votes=["voter_id;vote", "1;a,", "2;,a", "3;a,,b", "4;a"]))
    tally, left_out = tally_of(read_election(approvals))
    # Nothing between two commas is no project.
    assert (tally, left_out) == ([4, 1, 0], [])
    assert plain_count(approvals).left_out == left_out
    places = {"vote_type": "ordinal", "max_length": "2.0"}
    ranked = write(tmp_path, pb(places, votes=["voter_id;vote", "1;b,a", "2;c"]))
    assert list(plain_count(ranked).counts.values()) == tally_of(read_election(ranked))[0]


def test_the_benchmark_states_why_winners_differ(tmp_path: Path) -> None:
    assert compare(DATA / "poland_lodz_2020_mileszki.pb")[0] == 0
    for meta, projects, votes, differing, how in (
        (
            {"rule": "greedy"},
            ("project_id;cost;selected", "a;60;1", "b;50;1", "c;10;0"),
            ("vote", "a", "a", "b", "a,c"),
            2,
            "b is funded in the file: 1 vote of at least 0, place 2, costs 50 of 40 left; "
            "c is not funded in the file: 1 vote of at least 0, place 3, costs 10 of 40 left",
        ),
        (
            {"rule": "greedy", "max_length": "1"},
            ("project_id;cost;selected;votes", "a;60;1;4", "b;50;0;0", "c;10;1;0"),
            ("vote", "a", "a", "a", "a,b"),
            0,
            "left out because of the file's own rule: 1 ballot; "
            "the file's own counts differ from its ballots",
        ),
        ({"rule": "greedy"}, CATEGORIES, ("vote", "a"), None, "the file publishes no winners"),
        ({"rule": "unknown"}, CATEGORIES, ("vote", "a"), None, "names no rule"),
        ({"rule": "equalshares/x"}, CATEGORIES, ("vote", "a"), None, "known are greedy"),
        # Two of three voters have only 67 for a. Greedy would fund it with 2 votes.
        (
            {"rule": "equalshares"},
            ("project_id;cost;selected", "a;70;0", "b;30;1", "c;10;0"),
            ("vote", "a", "a", "b"),
            0,
            "3 voters",
        ),
    ):
        found = compare(write(tmp_path, pb(meta, projects, votes)))
        assert found[0] == differing
        assert how in found[1]
