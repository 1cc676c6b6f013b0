"""Every fraud that five dishonest nodes commit together is seen, shown, and rejected on chain."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostraka.chain.registry import Status
from ostraka.guard.deciding import Finding
from ostraka_verifier.merkle_sum import SumNode
from tests.support.disputed import RESPONSE_S, DisputedChain, Fraud, moved, root_of


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisputedChain]:
    with DisputedChain.start(tmp_path_factory.mktemp("chain")) as started:
        yield started


def falls(fraud: Fraud) -> list[str]:
    """Let a watchtower act until the root is gone; return what it did."""
    tower = fraud.tower()
    done = []
    for _ in range(12):
        done += [one.move.split(":")[0] for one in tower.turn() if one.outcome == "sent"]
        if fraud.status is not Status.ANCHORED:
            break
        fraud.chain.pass_time(RESPONSE_S + 1)
    assert fraud.status is Status.CLOSED
    assert fraud.rejected_rounds == 1
    # Nothing is left in the contract.
    tower.turn()
    assert fraud.chain.disputes.balance_of(tower.own) == 0
    return done


def test_an_honest_root_is_left_alone(chain: DisputedChain) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    fraud.anchor(fraud.poll.root())
    tower = fraud.tower()
    assert tower.turn() == []
    assert tower.findings[fraud.number][0] is Finding.SOUND


def test_a_root_without_leaves(chain: DisputedChain) -> None:
    fraud = chain.poll()
    fraud.anchor(replace(fraud.poll.root(), hash=bytes(31) + b"\1"))
    done = falls(fraud)
    assert done[0].startswith("challenge leaf")
    assert done[-1].startswith("reject the root") or "reject the root" in done[-2]


def test_a_false_sum_at_the_top(chain: DisputedChain) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    root = fraud.poll.root()
    fraud.anchor(replace(root, sum=moved(root.sum)))
    assert falls(fraud) == ["show the false sum"]


@pytest.mark.parametrize("place", [(1, 2), (2, 0), (2, 1)])
def test_a_false_sum_within(chain: DisputedChain, place: tuple[int, int]) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    height, index = place
    below = fraud.nodes()[index << height : (index + 1) << height]
    fraud.anchor(root_of(fraud.nodes(), {place: moved(root_of(below).sum)}))
    assert falls(fraud) == ["show the false sum"]


def test_padding_with_a_sum(chain: DisputedChain) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    fraud.anchor(root_of(fraud.nodes(), padding=SumNode(bytes(32), moved(bytes(64)))))
    assert falls(fraud) == ["show the false padding"]


@pytest.mark.parametrize("count", [5, 6])
def test_a_count_below_the_leaves(chain: DisputedChain, count: int) -> None:
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    fraud.anchor(root_of(fraud.nodes(), count=count))
    assert falls(fraud) == ["show the false padding"]
