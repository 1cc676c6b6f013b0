"""Reading .pb files, and the plain count that knows nothing of the rest."""

from pathlib import Path

import pytest

from ostraka.app.demo import Question, committee_bounds
from ostraka.app.plain_count import count_votes
from ostraka.chain.treasury import BallotKind
from ostraka.formats.pabulib import PabulibError, read_election
from ostraka.voter.choice import selection_bits
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.question import approval, knapsack, single_choice
from ostraka_verifier.rule import BallotRule

FILE = Path(__file__).parents[2] / "data" / "poland_lodz_2020_nad-nerem.pb"
SMALL = """META
key;value
description;A "quoted; title"
budget;100
vote_type;approval
max_length;2
PROJECTS
project_id;cost;votes;name;selected
a;60;2;Alpha;1
b;50;1;Beta;0
VOTES
voter_id;vote
1;a
2;a,b
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.pb"
    path.write_text(text)
    return path


def test_a_real_city() -> None:
    election = read_election(FILE)
    assert (len(election.projects), len(election.votes)) == (8, 608)
    assert (election.budget, election.selections) == (409_000, (0, 5))
    assert election.projects[0].name.startswith("Zakup fotopułapek")
    announced = dict(
        line.split(";")[0:3:2]
        for line in FILE.read_text().splitlines()
        if line.startswith("G0") and line.count(";") == 4
    )
    assert count_votes(FILE) == {name: int(votes) for name, votes in announced.items()}
    question = Question.of(election)
    assert (question.kind, question.most) == (BallotKind.APPROVAL, 5)
    rule = approval(8, question.least, question.most)
    for vote in election.votes:
        chosen = question.chosen(vote)
        assert len(chosen) == len(vote)
        assert rule.violated(selection_bits(rule, chosen)) is None


def test_a_small_file(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    election = read_election(path)
    assert election.votes == (("a",), ("a", "b"))
    assert [project.selected for project in election.projects] == [True, False]
    assert count_votes(path) == {"a": 2, "b": 1}
    assert count_votes(path, 1) == {"a": 1, "b": 0}


def test_choose_one(tmp_path: Path) -> None:
    text = SMALL.replace("approval", "choose-1").replace("2;a,b", "2;b")
    question = Question.of(read_election(write(tmp_path, text)))
    assert question.kind is BallotKind.SINGLE_CHOICE
    assert selection_bits(single_choice(2), question.chosen(("b",))) == [0, 1]


def test_selections_that_a_rule_forbids() -> None:
    for rule, chosen, reason in (
        (single_choice(3), [], "comes to 0"),
        (single_choice(3), [0, 1], "comes to 2"),
        (approval(4, 1, 2), [0, 1, 2], "comes to 3"),
        (knapsack([5, 3, 9], 10), [1, 2], "comes to 12"),
        (approval(4, 1, 2), [4], "option 5 does not exist"),
        (BallotRule(2, (((0, 1), (1, 2)),)), [0], "no plain selection"),
    ):
        with pytest.raises(ValueError, match=reason):
            selection_bits(rule, chosen)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("VOTES\n", "", "VOTES is missing"),
        ("budget;100\n", "", "no budget"),
        ("approval", "ordinal", "only approval and choose-1"),
        ("budget;100", "budget;1x", "no whole number"),
        ("a;60", "b;60", "occurs twice"),
        ("1;a\n", "1;c\n", "unknown project"),
        ("1;a\n", "1;a,a\n", "one twice"),
        ("max_length;2", "max_length;1", "not 0 to 1"),
    ],
)
def test_what_cannot_be_honoured_is_refused(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    path = write(tmp_path, SMALL.replace(old, new))
    with pytest.raises(PabulibError, match=reason):
        _ = read_election(path).budget


def test_default_committees_obey_their_bounds() -> None:
    for nodes, quorum in ((3, 2), (4, 3), (5, 4), (7, 5)):
        threshold, faults = committee_bounds(nodes)
        members = tuple(Member(bytes([n]) * 20, "u") for n in range(1, nodes + 1))
        assert Committee(members, threshold, faults).quorum == quorum
    with pytest.raises(PabulibError, match="6 nodes"):
        committee_bounds(6)
