"""A watchtower answers false disputes, searches for a false leaf, spends once, and starts again."""

from dataclasses import replace
from pathlib import Path

import pytest
from web3.exceptions import Web3RPCError

from ostraka.chain import sending
from ostraka.chain.contract import checksum
from ostraka.chain.disputes import ChallengeState
from ostraka.chain.journal_file import FileJournal
from ostraka.chain.registry import Status
from ostraka.guard.deciding import Finding
from ostraka.guard.hands import Limits
from ostraka.guard.receipts import Recorded
from ostraka.guard.sources import NodesSource
from ostraka.wire.node_client import NodeClient, NodeError
from ostraka_verifier.board import BoardLeaf
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.support.disputed import (
    COINS,
    MINIMUM_BOND,
    RESPONSE_S,
    WINDOW_S,
    DisputedChain,
    ForgedTree,
    Fraud,
    outcomes,
    root_of,
)


def final(fraud: Fraud) -> bool:
    """Whether the root is final once its window and all delays are over."""
    fraud.chain.pass_time(WINDOW_S + 6 * RESPONSE_S)
    view = fraud.chain.registry.poll(fraud.number)
    return view.status in (Status.RELEASABLE, Status.TALLIED)


def village(chain: DisputedChain, voters: int) -> Fraud:
    votes = [[1, 0, 0] if number % 2 else [0, 1, 0] for number in range(voters)]
    rule = approval(3, 1, 1)
    votes = [vote[: rule.bits] for vote in votes]
    return chain.poll(votes=votes, rule=rule, outcome=NoOutcome())


def test_a_false_challenge_of_a_leaf_fails_and_costs_its_maker(chain: DisputedChain) -> None:
    fraud = chain.honest()
    liar, node = chain.account(), fraud.poll.node_keys[0]
    chain.fund(node.address)
    bond = 10 * MINIMUM_BOND
    digest = fraud.poll.root().digest
    chain.disputes.challenge_leaf(liar, fraud.disputed, digest, 2, bond)
    tower = fraud.tower(node, node_key=node)
    assert outcomes(tower.turn())[0] == ("answer for leaf 2", "sent")
    (challenge,) = fraud.docket().challenges
    assert challenge.state is ChallengeState.ANSWERED
    # The node got back what the answer cost and a quarter more; the liar gets nothing.
    assert 0 < challenge.paid < bond
    assert chain.disputes.balance_of(liar.address) == 0
    assert fraud.tower().turn() == []
    assert tower.counts["seen"] == tower.counts["answered"] == 1


def test_a_poll_that_failed_in_one_turn_is_looked_at_in_the_next(
    chain: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fraud = chain.honest()
    chain.disputes.challenge_leaf(
        chain.account(), fraud.disputed, fraud.poll.root().digest, 2, MINIMUM_BOND
    )
    tower = fraud.tower()

    def failing(*_: object) -> None:
        raise Malformed("board.leaf", "a fault that nobody foresaw")

    with monkeypatch.context() as patch:
        patch.setattr("ostraka.guard.tower.decide", failing)
        assert tower.turn() == []
    assert outcomes(tower.turn()) == [("answer for leaf 2", "sent")]


def miss(chain: DisputedChain, fraud: Fraud, root: SumRoot, receipts: Recorded) -> None:
    """Somebody challenges that a root leaves out a ballot with receipts."""
    chain.disputes.challenge_omission(
        chain.account(),
        fraud.disputed,
        root.digest,
        receipts.ballot,
        receipts.receipts,
        MINIMUM_BOND,
    )


def test_a_false_omission_fails(chain: DisputedChain) -> None:
    fraud = chain.poll()
    newer = fraud.forged(3)
    ballots = list(fraud.poll.prepared)
    older, ballots[3] = ballots[3], newer
    fraud.show(fraud.leaves(ballots))
    root = root_of(fraud.nodes(ballots))
    fraud.anchor(root)
    receipts = fraud.receipt_for(older)
    miss(chain, fraud, root, receipts)
    voter = "0x" + fraud.poll.accounts[3].hex()
    assert outcomes(fraud.tower().turn()) == [
        (f"answer with the counted ballot of {voter}", "sent")
    ]
    assert final(fraud)


def test_an_invalid_ballot_with_receipts_is_not_missed(chain: DisputedChain) -> None:
    fraud = chain.poll()
    invalid = fraud.forged(3, bits=[1, 1, 1, 1, 0, 0])
    ballots = [one for number, one in enumerate(fraud.poll.prepared) if number != 3]
    fraud.show(fraud.leaves(ballots))
    root = root_of(fraud.nodes(ballots))
    fraud.anchor(root)
    receipts = fraud.receipt_for(invalid)
    fraud.received.append(receipts)
    fraud.contents.append(invalid.ballot.encoded)
    assert fraud.tower().turn() == []
    miss(chain, fraud, root, receipts)
    voter = "0x" + fraud.poll.accounts[3].hex()
    assert outcomes(fraud.tower().turn()) == [
        (f"answer that the ballot of {voter} is invalid", "sent")
    ]


@pytest.mark.parametrize(
    ("forged", "way"), [(0, "plain"), (13, "plain"), (20, "plain"), (13, "odd"), (13, "relayed")]
)
def test_one_false_leaf_among_answered_ones_is_found(
    chain: DisputedChain, forged: int, way: str
) -> None:
    """The nodes withhold their board and answer for every leaf that is right, however they send
    the answers."""
    fraud = village(chain, 21)
    ballots = list(fraud.poll.prepared)
    # An honest node still has what was recorded: one ballot of each voter.
    fraud.show(fraud.leaves())
    ballots[forged] = fraud.forged(forged, bits=[5] + [0] * (fraud.poll.rule.bits - 1))
    tree = ForgedTree(fraud.nodes(ballots))
    fraud.anchor(tree.root)
    tower = fraud.tower()
    for _ in range(12):
        tower.turn()
        if fraud.status is not Status.ANCHORED:
            break
        fraud.answer_all(tree, ballots, way)
        if not any(one.is_open for one in fraud.docket().challenges):
            continue
        fraud.chain.pass_time(RESPONSE_S + 1)
    assert fraud.rejected_rounds == 1
    assert len(fraud.docket().challenges) <= 6


def test_a_surplus_leaf_is_found(chain: DisputedChain) -> None:
    """A ballot of a voter who did not vote, among all those who did."""
    fraud = village(chain, 16)
    fraud.show(fraud.leaves(fraud.poll.prepared[:9] + fraud.poll.prepared[10:]))
    ballots = list(fraud.poll.prepared)
    ballots[9] = fraud.forged(9, signer=3)
    tree = ForgedTree(fraud.nodes(ballots))
    fraud.anchor(tree.root)
    tower = fraud.tower()
    for _ in range(12):
        tower.turn()
        if fraud.status is not Status.ANCHORED:
            break
        fraud.answer_all(tree, ballots)
        if any(one.is_open for one in fraud.docket().challenges):
            fraud.chain.pass_time(RESPONSE_S + 1)
    assert fraud.rejected_rounds == 1
    assert len(fraud.docket().challenges) <= 6


def test_a_poll_without_board_becomes_void(chain: DisputedChain) -> None:
    fraud = chain.poll(times={"max_rounds": 2})
    tower = fraud.tower()
    for number in range(2):
        fraud.anchor(replace(fraud.poll.root(), hash=bytes([number + 1] * 32)), number)
        tower.turn()
        chain.pass_time(RESPONSE_S + 1)
        tower.turn()
    assert fraud.status is Status.VOID
    assert fraud.tower().turn() == []


def test_a_lying_board_beside_an_honest_one_costs_nothing(chain: DisputedChain) -> None:
    fraud = chain.poll()
    good = fraud.leaves()
    bad = [BoardLeaf(one.ballot, one.public_key, one.boxes_hash, bytes(65)) for one in good]
    fraud.show(bad)
    fraud.show(good[:3])
    fraud.show(good)
    fraud.anchor(fraud.poll.root())
    tower = fraud.tower()
    assert tower.turn() == []
    assert tower.findings[fraud.number][0] is Finding.SOUND


def test_two_watchtowers_pay_one_bond(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    one, other = fraud.tower(), fraud.tower()
    assert outcomes(one.turn()) == [("challenge leaf 2", "sent")]
    assert other.turn() == []
    assert len(fraud.docket().challenges) == 1
    chain.pass_time(RESPONSE_S + 1)
    # Whoever is first: the bond goes back to its owner.
    assert ("reject the root", "sent") in outcomes(other.turn())
    one.turn()
    assert fraud.rejected_rounds == 1
    assert chain.disputes.coins_of(one.own) > COINS - MINIMUM_BOND


def test_a_challenge_that_waits_for_a_block_is_not_made_again(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    one, other = fraud.tower(), fraud.tower()
    chain.mining(False)
    try:
        assert outcomes(one.turn()) == [("challenge leaf 2", "sent")]
        assert outcomes(other.turn()) == [("challenge leaf 2", "overtaken")]
    finally:
        chain.mining(True)
    assert one.finish(20) == []
    assert len(fraud.docket().challenges) == 1


@pytest.mark.parametrize("broadcast", [False, True])
def test_a_watchtower_killed_while_it_sends_pays_once(
    chain: DisputedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broadcast: bool
) -> None:
    fraud = unsigned(chain)
    key = chain.account()
    real = sending.send

    def killed(*given: object) -> None:
        if broadcast:
            real(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with FileJournal(tmp_path / "journal") as journal, monkeypatch.context() as patched:
        patched.setattr(sending, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            fraud.tower(key, journal).turn()
    with FileJournal(tmp_path / "journal") as journal:
        tower = fraud.tower(key, journal)
        tower.turn()
        tower.turn()
    (challenge,) = fraud.docket().challenges
    assert challenge.challenger == key.address
    assert chain.registry.web3.eth.get_transaction_count(checksum(key.address)) == 1


def test_an_empty_account_is_named_and_goes_on_once_it_has_coin(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    key = chain.account(0)
    tower = fraud.tower(key)
    (step,) = tower.turn()
    assert step.outcome == "failed"
    assert step.detail == (
        f"account 0x{key.address.hex()} has 0 wei; a bond of {MINIMUM_BOND} wei is needed"
    )
    assert tower.counts["failed"] == 1
    chain.fund(key.address)
    assert outcomes(tower.turn()) == [("challenge leaf 2", "sent")]


def test_bonds_stay_within_the_limits(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    (step,) = fraud.tower(limits=Limits(MINIMUM_BOND - 1, 10**18, 0)).turn()
    assert step.detail == f"a bond of {MINIMUM_BOND} wei is needed; the limit is 999999999999999"
    (step,) = fraud.tower(limits=Limits(10**18, MINIMUM_BOND - 1, 0)).turn()
    assert "exceed the budget 999999999999999" in step.detail


def test_a_bond_survives_a_rising_base_fee(chain: DisputedChain) -> None:
    """It may rise as far as the transaction can be mined at all."""
    fraud = unsigned(chain)
    fee = 50 * 10**9
    # Only transactions make blocks.
    chain.interval(0)
    try:
        chain.next_base_fee(fee)
        chain.pass_time(1)
        tower = fraud.tower()
        chain.next_base_fee(fee * 19 // 10)
        assert chain.disputes.base_fee() == fee
        assert outcomes(tower.turn()) == [("challenge leaf 2", "sent")]
        (challenge,) = fraud.docket().challenges
        assert challenge.bond == chain.disputes.bond_of(fraud.disputed, 2 * fee)
        # A guess may have an answer, and then the surplus would be burned.
        withheld = chain.poll()
        withheld.anchor(withheld.poll.root())
        chain.next_base_fee(fee)
        chain.pass_time(1)
        assert outcomes(withheld.tower().turn())[0][1] == "sent"
        guess = withheld.docket().challenges[0]
        assert guess.bond == chain.disputes.bond_of(withheld.disputed, fee * 5 // 4)
    finally:
        chain.next_base_fee(7)
        chain.pass_time(1)
        chain.interval(1000)


def test_a_transaction_that_a_provider_refuses_holds_up_no_other(
    chain: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fraud = chain.honest()
    digest = fraud.poll.root().digest
    for index in (1, 4):
        chain.disputes.challenge_leaf(
            chain.account(), fraud.disputed, digest, index, 10 * MINIMUM_BOND
        )
    refusals = [Web3RPCError("oversized data")]
    real = sending.send
    monkeypatch.setattr(
        sending, "send", lambda *given: refusals.pop() if refusals else real(*given)
    )
    tower = fraud.tower()
    assert outcomes(tower.turn()) == [
        ("answer for leaf 1", "failed"),
        ("answer for leaf 4", "sent"),
    ]
    assert outcomes(tower.turn()) == [("answer for leaf 1", "sent")]


def test_silent_nodes_take_a_part_of_the_time(
    chain: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes that stay silent keep no watchtower from its other polls."""
    fraud = chain.poll()
    now = 0.0
    asked: list[str] = []

    def board(client: NodeClient, poll: object) -> None:
        nonlocal now
        asked.append(client.url)
        if client.url == fraud.poll.committee.members[0].url:
            now += 0.1
        else:
            now += 30
        raise NodeError(client.url, "silent")

    monkeypatch.setattr(NodeClient, "board", board)
    source = NodesSource(now_monotonic_s=lambda: now)
    for turn in range(100):
        assert list(source.boards(fraud.published)) == []
        now = max(now, 36.0 * (turn + 1))
    assert asked.count(fraud.poll.committee.members[0].url) == 100
    assert 4 * 2 <= len(asked) - 100 <= now / 30 / 4


def test_the_random_delay_lets_others_be_faster(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    now = 0.0
    tower = fraud.tower(limits=Limits(10**18, 10**18, 10_000), now_monotonic_s=lambda: now)
    assert outcomes(tower.turn()) == [("challenge leaf 2", "waiting")]
    # No delay takes more than a twentieth of the time that is left.
    now = WINDOW_S / 20
    assert outcomes(tower.turn()) == [("challenge leaf 2", "sent")]


def test_a_reorganization_gives_a_number_to_another_poll(chain: DisputedChain) -> None:
    """The first poll of that number would be open for long."""
    web3 = chain.registry.web3
    saved = web3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    before = chain.poll(frozen=False, times={"closes_at": chain.now + 10**7})
    key = chain.account()
    tower = before.tower(key)
    assert tower.turn() == []
    web3.provider.make_request("evm_revert", [saved])  # type: ignore[arg-type]
    fraud = unsigned(chain)
    assert fraud.number == before.number
    before.boards = fraud.boards
    chain.fund(key.address)
    assert outcomes(tower.turn()) == [("challenge leaf 2", "sent")]


def test_nothing_is_sent_once_it_is_too_late(chain: DisputedChain) -> None:
    fraud = unsigned(chain)
    chain.pass_time(WINDOW_S)
    assert fraud.tower().turn() == []
    assert fraud.status is Status.RELEASABLE


def test_a_board_that_arrives_late_answers(chain: DisputedChain) -> None:
    fraud = chain.poll()
    fraud.anchor(fraud.poll.root())
    liar = chain.account()
    chain.disputes.challenge_leaf(liar, fraud.disputed, fraud.poll.root().digest, 1, MINIMUM_BOND)
    now = 0.0
    tower = fraud.tower(
        limits=Limits(10**18, 10**18, 0, challenges=False), now_monotonic_s=lambda: now
    )
    assert tower.turn() == []
    fraud.show(fraud.leaves())
    now = 31.0
    assert outcomes(tower.turn()) == [("answer for leaf 1", "sent")]


def unsigned(chain: DisputedChain) -> Fraud:
    """A root with one ballot that its voter did not sign, shown on the board."""
    fraud = chain.poll()
    ballots = list(fraud.poll.prepared)
    ballots[2] = fraud.forged(2, signer=3)
    fraud.show(fraud.leaves(ballots))
    fraud.anchor(root_of(fraud.nodes(ballots)))
    return fraud
