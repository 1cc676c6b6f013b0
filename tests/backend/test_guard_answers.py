"""What answers on chain show of a root whose board nobody publishes."""

import pytest

from ostraka.chain.registry import Status
from ostraka.voter.prepare import SignedBallot
from ostraka_verifier.merkle_sum import SumNode
from tests.support.disputed import (
    RESPONSE_S,
    DisputedChain,
    ForgedTree,
    Fraud,
    outcomes,
)


def searched(fraud: Fraud, tree: ForgedTree, ballots: list[SignedBallot]) -> list[str]:
    """Watch while the nodes answer for all that they can; return what was done but demands."""
    tower = fraud.tower()
    done = []
    for _ in range(12):
        done += [move for move, outcome in outcomes(tower.turn()) if outcome == "sent"]
        if fraud.status is not Status.ANCHORED:
            break
        fraud.answer_all(tree, ballots)
    assert fraud.rejected_rounds == 1
    return [move for move in done if not move.startswith("challenge leaf")]


def test_answers_show_false_padding(chain: DisputedChain) -> None:
    """Padding without a sum, which only an answer for the leaf beside it puts on chain."""
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    tree = ForgedTree(fraud.nodes(), padding=SumNode(bytes([1] * 32), bytes(64)))
    fraud.anchor(tree.root)
    assert searched(fraud, tree, list(fraud.poll.prepared)) == ["show the false padding"]


@pytest.mark.parametrize("place", [0, 2, 3])
def test_answers_show_voters_out_of_order(chain: DisputedChain, place: int) -> None:
    """Every leaf is right, and two neighbours are exchanged."""
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    ballots = list(fraud.poll.prepared)
    ballots[place], ballots[place + 1] = ballots[place + 1], ballots[place]
    tree = ForgedTree(fraud.nodes(ballots))
    fraud.anchor(tree.root)
    assert searched(fraud, tree, ballots) == ["show the false order"]


def test_answers_show_an_omission(chain: DisputedChain) -> None:
    """The nodes show no board, and count an older ballot of a voter than the one they recorded."""
    fraud = chain.poll()
    older, newer = fraud.poll.prepared[3], fraud.forged(3)
    tree = ForgedTree(fraud.nodes())
    fraud.show(fraud.leaves([*fraud.poll.prepared[:3], newer, *fraud.poll.prepared[4:]]))
    fraud.received.append(fraud.receipt_for(newer))
    fraud.anchor(tree.root)
    tower = fraud.tower()
    done: list[str] = []
    for _ in range(12):
        done += [move for move, outcome in outcomes(tower.turn()) if outcome == "sent"]
        if any(move.startswith("challenge the omission") for move in done):
            break
        fraud.answer_all(tree, list(fraud.poll.prepared))
    assert older.ballot.voter.hex() in done[-1]
    # Its deadline is a moment after that of the challenge before it.
    chain.pass_time(RESPONSE_S + 20)
    tower.turn()
    assert fraud.rejected_rounds == 1
