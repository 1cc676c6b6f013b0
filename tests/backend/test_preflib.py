"""PrefLib's strict orders and two categories."""

from pathlib import Path

import pytest

from ostraka.demo.file_ballots import check_readings, file_ballots, plain_slots
from ostraka.demo.plain_count import plain_count
from ostraka.formats.election import FileError
from ostraka.formats.preflib import PrefLibError
from ostraka.formats.ranked_rules import RankedRule
from ostraka.formats.reading import read_election
from ostraka_verifier.outcome import (
    BallotOutcome,
    Condorcet,
    InstantRunoff,
    OutcomeRule,
    Plurality,
    TransferableVote,
)
from tests.support.elections import tally_of, write

HEAD = """# FILE NAME: 1.soi
# TITLE: Leader
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: {voters}
# NUMBER CATEGORIES: {categories}
# ALTERNATIVE NAME 1: Ada
# ALTERNATIVE NAME 2: Ben: the second
# ALTERNATIVE NAME 3: Cyd
"""


def text_of(lines: str, voters: int, categories: int = 2) -> str:
    return HEAD.format(voters=voters, categories=categories) + lines


@pytest.mark.parametrize("capital", [False, True])
@pytest.mark.parametrize(
    ("suffix", "lines", "tally", "question"),
    [
        (
            "soi",
            "3: 1,2\n2: 3, 1 , {2}\n1: 2\n",
            [8, 5, 4],
            {"kind": "ranking", "scores": [2, 1, 0], "at_least": 1},
        ),
        ("soc", "4: 1,2,3\n2: 3,2,1\n", [8, 6, 4], {"kind": "ranking", "scores": [2, 1, 0]}),
        (
            "cat",
            "3: 1,{2,3}\n2: {1,3},2\n1: {},{1,2,3}\n",
            [5, 0, 2],
            {"kind": "approval", "at_least": 0, "at_most": 3},
        ),
    ],
)
def test_orders_and_approvals_are_read(
    tmp_path: Path,
    suffix: str,
    lines: str,
    tally: list[int],
    question: dict[str, object],
    capital: bool,
) -> None:
    path = write(tmp_path, text_of(lines, 6), f"file.{suffix.upper() if capital else suffix}")
    election = read_election(path)
    about = {"title": "Leader", "options": ["Ada", "Ben: the second", "Cyd"]}
    assert election.question.to_json() == question | about
    assert tally_of(election) == (tally, [])
    assert list(plain_count(path).counts.values()) == tally
    assert (election.outcome, election.round) == (Plurality(1, 3), None)
    assert election.outcome.awards(tally) == [1, 0, 0]
    # The first four voters of a file, whatever lines they stand in.
    few = plain_count(path, 4).counts
    values = [
        election.question.rule.slot_values(bits) for _, bits in file_ballots(election, 4).cast
    ]
    assert [sum(column) for column in zip(*values, strict=True)] == list(few.values())


PAIRS = {
    "toc": "3: 1,2,3\n2: 3,{1,2}\n1: {1,2},3\n1: {1,2,3}\n1: 2,1\n",
    "toi": "3: 1,2\n2: 3,{1,2}\n1: 1,{2,3}\n1: {1,2}\n1: 2,{1}\n",
}


@pytest.mark.parametrize(
    ("suffix", "pairs", "left_out"),
    [
        ("toc", [3, 3, 0, 3, 2, 2], {6: "not the last", 7: "ranked: 0", 8: "names 2 of 3"}),
        ("toi", [4, 5, 1, 4, 2, 2], {7: "not the last"}),
    ],
)
def test_ties_after_all_others_count_as_left_out(
    tmp_path: Path, suffix: str, pairs: list[int], left_out: dict[int, str]
) -> None:
    path = write(tmp_path, text_of(PAIRS[suffix], 8), f"file.{suffix}")
    election = read_election(path, rule=RankedRule.SCHULZE)
    plain, ballots = plain_count(path), file_ballots(election, 8)
    check_readings(path, election, ballots, plain)
    tally, missing = tally_of(election)
    assert (tally[3:], missing) == (pairs, list(left_out))
    assert [votes for _, votes in plain_slots(election, plain)] == tally
    for one in ballots.left_out:
        assert left_out[one.voter] in one.reason
    assert election.outcome == Condorcet(3)
    assert election.outcome.awards(tally)[:3] == [1, 0, 0]


CONDORCET = [RankedRule.SCHULZE, RankedRule.RANKED_PAIRS, RankedRule.MINIMAX, RankedRule.COPELAND]


@pytest.mark.parametrize("rule", CONDORCET)
def test_condorcet_rules_decide_a_ranked_file(tmp_path: Path, rule: RankedRule) -> None:
    """More voters put Ben first, but most prefer Ada to each of the others."""
    orders = text_of("4: 2,1,3\n3: 1,2\n2: 3,1,2\n", 9)
    election = read_election(write(tmp_path, orders, "file.soi"), rule=rule)
    tally = tally_of(election)[0]
    assert election.outcome.awards(tally).index(1) == 0
    assert rule.replace("-", " ") in election.says
    with pytest.raises(PrefLibError, match="needs orders; the file has two categories"):
        read_election(write(tmp_path, text_of("1: 1,{2,3}\n", 1), "file.cat"), rule=rule)
    with pytest.raises(FileError, match=r"a \.pb file names its own rule"):
        read_election(tmp_path / "file.pb", rule=rule)


@pytest.mark.parametrize(
    ("rule", "seats", "outcome", "awards"),
    [
        (RankedRule.INSTANT_RUNOFF, 1, InstantRunoff(3, objection_time=60), [1, 0, 0]),
        (RankedRule.STV, 2, TransferableVote(2, 3, objection_time=60), [1, 1, 0]),
    ],
)
def test_rules_on_opened_ballots_decide_a_ranked_file(
    tmp_path: Path, rule: RankedRule, seats: int, outcome: OutcomeRule, awards: list[int]
) -> None:
    """Cyd goes first, and Ada gets what Cyd had."""
    path = write(tmp_path, text_of("4: 2,3\n3: 1,2,3\n2: 3,1,2\n1: {1,2,3}\n", 10), "file.toi")
    election = read_election(path, rule=rule, seats=seats)
    assert (election.outcome, election.is_shuffled) == (outcome, True)
    ballots, plain = file_ballots(election, 10), plain_count(path)
    check_readings(path, election, ballots, plain)
    slots = [tuple(election.question.rule.slot_values(bits)) for _, bits in ballots.cast]
    assert isinstance(outcome, BallotOutcome)
    assert outcome.awards_of(slots) == awards
    with pytest.raises(PrefLibError, match="only stv has several seats"):
        read_election(path, rule=RankedRule.BORDA, seats=2)
    with pytest.raises(PrefLibError, match="seats"):
        read_election(path, rule=RankedRule.STV, seats=4)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.txt", "", "expected a .pb file, or one of .soc, .soi, .toc, .toi, .cat"),
        ("a.soi", text_of("1: {1,2},3\n", 1), r"a\.soi:9: a tie in a strict order"),
        ("a.soi", text_of("1: 1,4\n", 1), r":9: names an option that does not exist"),
        ("a.soi", text_of("1: 1,1\n", 1), r":9: .* or one twice"),
        ("a.soi", text_of("one: 1\n", 1), r":9: expected COUNT"),
        ("a.soi", text_of("1: 1;2\n", 1), r":9: expected COUNT"),
        ("a.soi", text_of("1: 1 2\n", 1), r"a\.soi:9: expected COUNT"),
        ("a.soi", text_of("1: 3,,2,1,\n", 1), r":9: expected COUNT"),
        ("a.soi", text_of("1: 3,2,\n", 1), r":9: expected COUNT"),
        ("a.soi", text_of("1: {1}2\n", 1), r":9: expected COUNT"),
        ("a.cat", text_of("1: {1 2},3\n", 1), r"a\.cat:9: expected COUNT"),
        ("a.cat", text_of("1: {1,2},{3},{}\n", 1), r"a\.cat:9: 3 groups for 2 categories"),
        ("a.cat", text_of("2: 3\n1: {1,2},{2,3}\n", 3), r":10: .* or one twice"),
        ("a.cat", text_of("1: 1,{2,4}\n", 1), r":9: names an option that does not exist"),
        ("a.soi", text_of("1: 1\n", 2), "NUMBER VOTERS is 2, the file has 1"),
        ("a.soi", text_of("9999999: 1\n", 1), "more than 1000000 voters"),
        ("a.cat", text_of("1: 1,2,3\n", 1, 3), "3 categories: an approval has two"),
        ("a.soc", text_of("1: 1\n", 1).replace("# NUMBER ALT", "# NO"), "ALTERNATIVES is missing"),
        (
            "a.soc",
            text_of("1: 1\n", 1).replace("# ALTERNATIVE NAME 2: Ben", "# B"),
            "NAME 2 is missing",
        ),
        (
            "a.soi",
            text_of("1: 1\n", 1).replace(": Cyd", ": \u200b"),
            ":8: .* NAME 3: blank",
        ),
        ("a.soc", text_of("1: 1\n", 1).replace("NAME 2", "NAME 9"), ":7: .* the file names 3"),
        ("a.soc", text_of("1: 1\n", 1).replace("NAME 2", "NAME 01"), ":7: .* NAME 1 occurs twice"),
        ("a.soc", text_of("1: 1\n", 1).replace("NAME 2", "NAEM 2"), ":7: .* did you mean ALTERN"),
        ("a.soc", text_of("1: 1\n", 1).replace("NAME 2", "NAME b 2"), ":7: .* not followed by a n"),
        ("a.soc", text_of("1: 1\n", 1).replace("VOTERS", "VOTER"), ":4: .* mean NUMBER VOTERS"),
        ("a.soc", text_of("1: 1\n# number voters: 1\n", 1), ":10: NUMBER VOTERS occurs twice"),
        ("a.soc", text_of("1: 1\n# DATA TYPE: soi\n", 1), ":10: DATA TYPE is soi, the name ends"),
        ("a.soi", text_of("1: 1\n# NUMBER UNIQUE ORDERS: 2", 1), "ORDERS is 2, the file has 1"),
        (
            "a.soc",
            "# NUMBER ALTERNATIVES: 20\n"
            + "".join(f"# ALTERNATIVE NAME {n}: {n}\n" for n in range(1, 21)),
            "bits",
        ),
    ],
)
def test_files_that_cannot_be_honoured_are_refused(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    with pytest.raises(FileError, match=reason):
        read_election(write(tmp_path, text, name))


def test_greedy_and_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, text_of("1: 1\n", 1), "a.soi")
    with pytest.raises(FileError, match="options have no costs here"):
        read_election(path, greedy=True)
    path.write_bytes(b"# TITLE: \xff\n")
    with pytest.raises(PrefLibError, match="not UTF-8"):
        read_election(path)


def test_the_category_that_approves_is_named(tmp_path: Path) -> None:
    text = text_of("1: {1},{2,3}\n# CATEGORY NAME 1: No\n# CATEGORY NAME 2: Yes\n", 1)
    election = read_election(write(tmp_path, text, "a.cat"))
    assert 'by the first category ("No")' in election.says
