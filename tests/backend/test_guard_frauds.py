"""Every fraud that five dishonest nodes commit together is seen, shown, and rejected on chain."""

from dataclasses import replace

import pytest

from ostraka.chain.disputes import ReceiptedBallot
from ostraka.chain.registry import Status
from ostraka.guard.deciding import Finding
from ostraka.keys import SigningKey
from ostraka_verifier.curve import R
from ostraka_verifier.merkle_sum import SumNode
from tests.support.disputed import (
    RESPONSE_S,
    WINDOW_S,
    DisputedChain,
    Fraud,
    moved,
    outcomes,
    root_of,
)


def falls(fraud: Fraud) -> list[str]:
    """Let a watchtower act until the root is gone; return what it did."""
    tower = fraud.tower()
    done = []
    for _ in range(12):
        done += [
            one.move.split(":")[0] for one in tower.turn() if one.poll and one.outcome == "sent"
        ]
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
    assert len(done) == 2
    assert done[0].startswith("challenge leaf")
    assert done[1] == "reject the root"


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


def test_voters_out_of_order(chain: DisputedChain) -> None:
    fraud = chain.poll()
    ballots = list(fraud.poll.prepared)
    ballots[2], ballots[3] = ballots[3], ballots[2]
    fraud.show(fraud.leaves(ballots))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    assert falls(fraud) == ["show the false order"]


def test_a_voter_twice(chain: DisputedChain) -> None:
    fraud = chain.poll()
    ballots = list(fraud.poll.prepared)
    ballots[3] = fraud.forged(2)
    fraud.show(fraud.leaves(ballots))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    assert falls(fraud) == ["show the false order"]


def leaf_falls(fraud: Fraud, place: int) -> None:
    """The false leaf is challenged, and no other."""
    assert falls(fraud) == [f"challenge leaf {place}", "reject the root"]


def shown_false(chain: DisputedChain, make: object, place: int = 2) -> None:
    """A ballot that must not count is in the tree, and on the board."""
    fraud = chain.poll()
    ballots = list(fraud.poll.prepared)
    ballots[place] = make(fraud)  # type: ignore[operator]
    fraud.show(fraud.leaves(ballots))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    leaf_falls(fraud, place)


def test_a_voter_outside_the_census(chain: DisputedChain) -> None:
    def stranger(fraud: Fraud) -> object:
        poll = fraud.poll
        # In order between its neighbours.
        account = (int.from_bytes(poll.accounts[1], "big") + 1).to_bytes(20, "big")
        cast_at = poll.parameters.opens_at
        return poll.factory.prepare(SigningKey(), account, poll.votes[0], cast_at)

    shown_false(chain, stranger)


def test_a_signature_of_another_voter(chain: DisputedChain) -> None:
    shown_false(chain, lambda fraud: fraud.forged(2, signer=3))


def test_a_cast_time_after_closing(chain: DisputedChain) -> None:
    shown_false(chain, lambda fraud: fraud.forged(2, cast_at=fraud.poll.parameters.closes_at))


@pytest.mark.parametrize("bits", [[1, 1, 1, 1, 0, 0], [2, 0, 0, 0, 0, 1], [R - 1, 1, 1, 1, 0, 1]])
def test_a_vote_that_breaks_the_rule(chain: DisputedChain, bits: list[int]) -> None:
    shown_false(chain, lambda fraud: fraud.forged(2, bits=bits))


def test_a_weight_that_is_not_the_voters(chain: DisputedChain) -> None:
    fraud = chain.poll()
    nodes = fraud.nodes()
    leaf, _ = nodes[4]
    value = fraud.poll.curve.scale(fraud.poll.prepared[4].ballot.sharing[0], [1000]).encode()
    nodes[4] = replace(leaf, weight=1000), value
    fraud.show(fraud.leaves())
    fraud.anchor(root_of(nodes))
    done = falls(fraud)
    # No board shows which leaf it is, so one is asked for; nobody answers for any below it.
    assert done[0].startswith("challenge leaf")
    assert done[-1] == "reject the root"


def test_a_value_that_is_not_the_ballots(chain: DisputedChain) -> None:
    fraud = chain.poll()
    nodes = fraud.nodes()
    nodes[4] = nodes[4][0], moved(nodes[4][1])
    fraud.show(fraud.leaves())
    fraud.anchor(root_of(nodes))
    leaf_falls(fraud, 4)


@pytest.mark.parametrize("change", [{"cast_at_unix_s": 1}, {"digest": bytes(32)}])
def test_a_leaf_of_another_ballot_than_the_board_has(
    chain: DisputedChain, change: dict[str, object]
) -> None:
    fraud = chain.poll()
    nodes = fraud.nodes()
    nodes[5] = replace(nodes[5][0], **change), nodes[5][1]  # type: ignore[arg-type]
    fraud.show(fraud.leaves())
    fraud.anchor(root_of(nodes))
    done = falls(fraud)
    assert done[-1] == "reject the root"


def test_an_omitted_ballot(chain: DisputedChain) -> None:
    fraud = chain.poll()
    ballots = fraud.poll.prepared[:3] + fraud.poll.prepared[4:]
    fraud.show(fraud.leaves(ballots))
    fraud.received.append(fraud.receipt(3))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    done = falls(fraud)
    assert done == [
        f"challenge the omission of a ballot of 0x{fraud.poll.accounts[3].hex()}",
        "reject the root",
    ]


def test_receipts_of_invalid_ballots_cost_one_bond(chain: DisputedChain) -> None:
    """A dishonest quorum signs receipts of ballots that break the rule, and answers with them."""
    fraud = chain.poll()
    fraud.show(fraud.leaves())
    invalid = [fraud.forged(place, bits=[1, 1, 1, 1, 0, 0]) for place in (1, 3, 5)]
    by_digest = {one.ballot.digest: one.ballot.encoded for one in invalid}
    fraud.received += [fraud.receipt_for(one) for one in invalid]
    fraud.anchor(fraud.poll.root())
    key = chain.account()
    tower = fraud.tower(key)
    for _ in range(3):
        tower.turn()
        for challenge in fraud.docket().challenges:
            if challenge.is_open:
                named = challenge.subject
                assert isinstance(named, ReceiptedBallot)
                chain.disputes.answer_invalid_ballot(
                    chain.payer, fraud.disputed, named, by_digest[named.digest]
                )
    assert len(fraud.docket().challenges) == 1
    # A valid one that is left out is still disputed.
    newer = fraud.forged(2)
    fraud.received.append(fraud.receipt_for(newer))
    fraud.contents.append(newer.ballot.encoded)
    voter = newer.ballot.voter.hex()
    assert outcomes(fraud.tower(key).turn()) == [
        (f"challenge the omission of a ballot of 0x{voter}", "sent")
    ]


def test_an_older_version_counted(chain: DisputedChain) -> None:
    fraud = chain.poll()
    newer = fraud.forged(3)
    fraud.show(fraud.leaves())
    fraud.received.append(fraud.receipt_for(newer))
    fraud.anchor(fraud.poll.root())
    assert falls(fraud)[-1] == "reject the root"


def test_the_next_round_settles_honestly(chain: DisputedChain) -> None:
    fraud = chain.poll()
    root = fraud.poll.root()
    fraud.show(fraud.leaves())
    fraud.anchor(replace(root, sum=moved(root.sum)))
    tower = fraud.tower()
    assert outcomes(tower.turn()) == [("show the false sum", "sent")]
    fraud.anchor(root)
    assert tower.turn() == []
    assert tower.findings[fraud.number][0] is Finding.SOUND
    fraud.chain.pass_time(WINDOW_S + 1)
    assert fraud.status is Status.RELEASABLE
