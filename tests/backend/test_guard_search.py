"""How few leaves must be asked for to find a false one, without a chain."""

from dataclasses import replace

import pytest

from ostraka.chain.disputes import ShownLeaf
from ostraka.guard.evidence import Evidence
from ostraka.guard.search import demands, unexplained
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.support.disputed import ForgedTree, Fraud, moved
from tests.support.polls import SyntheticPoll
from tests.support.randomness import SeededRandomness

VOTERS = 21
RULE = approval(3, 1, 1)
RANDOM = SeededRandomness("search")


@pytest.fixture(scope="module")
def fraud() -> Fraud:
    votes = [[1, 0, 0][: RULE.bits] for _ in range(VOTERS)]
    poll = SyntheticPoll(votes, RULE, NoOutcome())
    return Fraud(None, poll)  # type: ignore[arg-type]


@pytest.fixture
def known(fraud: Fraud) -> Evidence:
    """What a watchtower knows that holds every recorded ballot."""
    evidence = Evidence(fraud.poll.curve, fraud.published)
    evidence.add_board(fraud.poll.board(fraud.leaves()))
    return evidence


def answer(fraud: Fraud, tree: ForgedTree, index: int) -> ShownLeaf:
    leaf, value = tree.nodes[index]
    return ShownLeaf(index, leaf, value, tuple(tree.siblings(index)))


def found(fraud: Fraud, evidence: Evidence, tree: ForgedTree, false: set[int], rounds: int) -> int:
    """Ask until a false leaf is asked for; return how many others were asked for before."""
    shown: dict[int, ShownLeaf] = {}
    for left in range(rounds, 0, -1):
        asked = demands(evidence, tree.root, shown, left, 100, RANDOM)
        assert asked, "nothing to ask for although a leaf is false"
        assert not set(asked) & set(shown)
        if false & set(asked):
            return len(shown)
        shown |= {index: answer(fraud, tree, index) for index in asked}
    raise AssertionError("no round is left")


@pytest.mark.parametrize("false", range(VOTERS))
def test_any_false_leaf_is_found_by_halving(fraud: Fraud, known: Evidence, false: int) -> None:
    nodes = fraud.nodes()
    nodes[false] = replace(nodes[false][0], digest=bytes(32)), nodes[false][1]
    tree = ForgedTree(nodes)
    assert found(fraud, known, tree, {false}, rounds=6) <= 5


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_fewer_rounds_take_more_questions(fraud: Fraud, known: Evidence, rounds: int) -> None:
    nodes = fraud.nodes()
    nodes[17] = replace(nodes[17][0], digest=bytes(32)), nodes[17][1]
    tree = ForgedTree(nodes)
    asked = len(demands(known, tree.root, {}, rounds, 100, RANDOM))
    assert asked == {1: 20, 2: 4, 3: 2}[rounds]
    assert len(demands(known, tree.root, {}, rounds, 3, RANDOM)) == min(3, asked)


def test_leaves_are_random_where_no_ballot_is_known(fraud: Fraud) -> None:
    evidence = Evidence(fraud.poll.curve, fraud.published)
    root = SumRoot(bytes(32), bytes(64), VOTERS)
    asked = {tuple(demands(evidence, root, {}, 9, 100, RANDOM)) for _ in range(50)}
    assert len(asked) > 10
    assert all(0 <= index < VOTERS for one in asked for index in one)
    assert demands(evidence, root, {}, 9, 0, RANDOM) == []


def test_known_ballots_explain_an_honest_root(fraud: Fraud, known: Evidence) -> None:
    tree = ForgedTree(fraud.nodes())
    assert unexplained(known, tree.root, {}) == []
    assert demands(known, tree.root, {3: answer(fraud, tree, 3)}, 5, 100, RANDOM) == []
    assert demands(known, replace(tree.root, sum=moved(tree.root.sum)), {}, 5, 9, RANDOM) != []
    assert demands(known, SumRoot(bytes(32), bytes(64), 0), {}, 5, 9, RANDOM) == []


def test_a_surplus_leaf_moves_all_after_it(fraud: Fraud) -> None:
    """Blocks before it are explained from the left, blocks after it from the right."""
    evidence = Evidence(fraud.poll.curve, fraud.published)
    leaves = fraud.leaves()
    evidence.add_board(fraud.poll.board(leaves[:12] + leaves[13:]))
    tree = ForgedTree(fraud.nodes())
    assert found(fraud, evidence, tree, {12}, rounds=6) <= 5
