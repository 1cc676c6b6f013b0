"""A watchtower sends without waiting for blocks, and keeps count of what waits for one."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pytest

from ostraka.chain import sending
from ostraka.chain.contract import checksum
from ostraka.chain.disputes import Challenge
from ostraka.chain.errors import NotMinedYet
from ostraka.chain.journal import Journal, MemoryJournal, Outgoing
from ostraka.chain.journal_file import FileJournal
from ostraka.chain.sending import Account
from ostraka.guard.hands import Hands, Limits, spent_by
from ostraka.guard.sources import Source
from ostraka.guard.tower import Tower
from ostraka.keys import SigningKey
from ostraka.randomness import Randomness, system
from ostraka_verifier.curve import load
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.support.disputed import MINIMUM_BOND, DisputedChain, Fraud, Shown, outcomes, root_of
from tests.support.randomness import SeededRandomness

RICH = Limits(10**20, 10**22, 0)


@pytest.fixture
def still(chain: DisputedChain) -> Iterator[DisputedChain]:
    """The chain, which makes blocks only when told, from the test's first `mining(False)` on."""
    yield chain
    chain.next_base_fee(7)
    chain.mining(True)
    chain.mine()


def several(
    chain: DisputedChain,
    polls: Sequence[Fraud],
    key: SigningKey,
    journal: Journal,
    limits: Limits = RICH,
    random: Randomness = system,
) -> Tower:
    """A watchtower of several polls."""
    sources: list[Source] = [Shown(fraud) for fraud in polls]
    numbers = [fraud.number for fraud in polls]
    payer = Account(key, journal)
    return Tower(
        load(), chain.registry, chain.disputes, payer, sources, limits, polls=numbers, random=random
    )


def challenged(chain: DisputedChain, polls: int, challenges: int) -> list[Fraud]:
    """Polls whose roots are right, and false challenges of them in turn."""
    frauds = [chain.poll(frozen=False) for _ in range(polls)]
    chain.move_time(frauds[-1].poll.parameters.freezes_at)
    for fraud in frauds:
        fraud.show(fraud.leaves())
        fraud.anchor(fraud.poll.root())
    liar = chain.account()
    for number, fraud in enumerate(islice(cycle(frauds), challenges)):
        digest = fraud.poll.root().digest
        bond = 10 * MINIMUM_BOND
        chain.disputes.challenge_leaf(liar, fraud.disputed, digest, number // polls, bond)
    return frauds


def challenges_of(polls: Sequence[Fraud]) -> list[Challenge]:
    return [one for fraud in polls for one in fraud.docket().challenges]


def nonce_of(chain: DisputedChain, key: SigningKey) -> int:
    return chain.registry.web3.eth.get_transaction_count(checksum(key.address))


def waiting(journal: Journal, key: SigningKey) -> list[Outgoing]:
    return journal.open(key.address, 1 << 60)


def test_sixteen_challenges_of_three_polls_are_answered_in_one_block(
    still: DisputedChain,
) -> None:
    polls = challenged(still, 3, 16)
    key, journal = still.account(), MemoryJournal()
    tower = several(still, polls, key, journal)
    still.mining(False)
    before = still.registry.head().number
    steps = tower.turn()
    assert [one.outcome for one in steps] == ["sent"] * 16
    sent = waiting(journal, key)
    assert [one.nonce for one in sent] == list(range(16))
    # By deadline, whichever poll it is of.
    deadlines = {one.id.hex()[:32]: one.deadline for one in challenges_of(polls)}
    order = [deadlines[one.purpose.split()[-1]] for one in sent]
    assert order == sorted(order)
    still.mine()
    still.mine()
    assert still.registry.head().number == before + 2
    assert not any(one.is_open for one in challenges_of(polls))
    assert tower.turn() == []
    assert tower.counts["answered"] == 16
    assert nonce_of(still, key) == 16


def test_a_restarted_watchtower_sends_nothing_twice(still: DisputedChain, tmp_path: Path) -> None:
    polls = challenged(still, 2, 6)
    key, path = still.account(), tmp_path / "journal"
    still.mining(False)
    with FileJournal(path) as journal:
        assert outcomes(several(still, polls, key, journal).turn())[0][1] == "sent"
        sent = [one.versions for one in waiting(journal, key)]
    with FileJournal(path) as journal:
        tower = several(still, polls, key, journal)
        assert {one.outcome for one in tower.turn()} == {"waiting"}
        assert [one.versions for one in waiting(journal, key)] == sent
        still.mine()
        assert not any(one.is_open for one in challenges_of(polls))
        assert tower.turn() == []
    assert nonce_of(still, key) == 6


def test_an_answer_that_reverts_holds_up_no_other(
    still: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = challenged(still, 1, 3)
    key, other = still.account(), still.account()
    tower = several(still, polls, key, MemoryJournal())
    still.mining(False)
    assert len(tower.turn()) == 3
    # Another watchtower does not see that they wait for a block.
    other_tower = several(still, polls, other, MemoryJournal())
    monkeypatch.setattr(Hands, "is_overtaken", lambda *given: False)
    assert [one.outcome for one in other_tower.turn()] == ["sent"] * 3
    still.mine()
    assert not any(one.is_open for one in challenges_of(polls))
    refused = [*tower.turn(), *other_tower.turn()]
    assert len(refused) == 3
    assert {(one.outcome, one.detail) for one in refused} == {("refused", "reverted in its block")}
    assert nonce_of(still, key) == nonce_of(still, other) == 3


def withheld(chain: DisputedChain, polls: int = 1) -> list[Fraud]:
    """Roots of which nobody shows anything, with so little time that two leaves are asked for."""
    rule, times = approval(3, 1, 1), {"response_time": 200, "max_dispute_delay": 800}
    votes = [[1, 0, 0][: rule.bits] for _ in range(40)]
    frauds = [
        chain.poll(False, votes=votes, rule=rule, outcome=NoOutcome(), times=times)
        for _ in range(polls)
    ]
    chain.move_time(frauds[-1].poll.parameters.freezes_at)
    for fraud in frauds:
        fraud.anchor(fraud.poll.root())
    return frauds


def test_challenges_that_wait_for_a_block_are_not_asked_again(still: DisputedChain) -> None:
    """The leaves are random, so every decision without their count would ask for others."""
    (fraud,) = withheld(still)
    key, journal = still.account(), MemoryJournal()
    tower = several(still, [fraud], key, journal)
    still.mining(False)
    sent = [one for one in tower.turn() if one.outcome == "sent"]
    assert len(sent) > 1
    assert tower.turn() == []
    assert several(still, [fraud], key, journal).turn() == []
    still.mine()
    assert len(fraud.docket().challenges) == len(sent)
    assert tower.turn() == []


def test_bonds_that_wait_for_a_block_count_against_the_budget(still: DisputedChain) -> None:
    fraud = still.poll()
    ballots = list(fraud.poll.prepared)
    ballots[2] = fraud.forged(2, signer=3)
    fraud.anchor(root_of(fraud.nodes(ballots)))
    key, journal = still.account(), MemoryJournal()
    limits = Limits(10**18, 2 * MINIMUM_BOND - 1, 0)
    tower = several(still, [fraud], key, journal, limits, SeededRandomness("leaf 5"))
    still.mining(False)
    (guess,) = tower.turn()
    assert guess.outcome == "sent"
    assert not guess.move.startswith("challenge leaf 2")
    # Now a board shows which leaf is false.
    fraud.show(fraud.leaves(ballots))
    again = several(still, [fraud], key, journal, limits)
    (step,) = again.turn()
    assert step.detail == (
        f"bonds of {MINIMUM_BOND} wei are open or spent, {MINIMUM_BOND} more exceed the budget "
        f"{limits.poll_budget_wei}"
    )
    still.mine()
    assert spent_by(fraud.docket(), key.address) == MINIMUM_BOND


def test_a_bond_counts_the_challenges_before_it_that_wait(still: DisputedChain) -> None:
    """The bond doubles after 16 challenges of a root, of which no block has one yet."""
    (fraud,) = withheld(still)
    liar = still.account()
    for index in range(15):
        still.disputes.challenge_leaf(
            liar, fraud.disputed, fraud.poll.root().digest, index, MINIMUM_BOND
        )
    key, journal = still.account(), MemoryJournal()
    # It asks for two of the other leaves.
    tower = several(still, [fraud], key, journal, random=SeededRandomness("b"))
    still.mining(False)
    sent = tower.turn()
    assert len(sent) > 1
    assert [one.bond for one in sent] == [MINIMUM_BOND, *[2 * MINIMUM_BOND] * (len(sent) - 1)]
    still.mine()
    own = [one for one in fraud.docket().challenges if one.challenger == key.address]
    assert len(own) == len(sent)


def test_coin_that_waits_for_a_block_is_not_spent_twice(still: DisputedChain) -> None:
    frauds, coins = withheld(still, 2), 2 * MINIMUM_BOND - 1
    key, journal = still.account(coins), MemoryJournal()
    still.next_base_fee(7)
    still.mining(False)
    steps = several(still, frauds, key, journal).turn()
    assert {one.outcome for one in steps} == {"sent", "failed"}
    assert sum(one.most_wei for one in waiting(journal, key)) <= coins


def test_everything_that_waits_is_replaced_once_fees_rise(
    still: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = challenged(still, 1, 5)
    key, journal = still.account(), MemoryJournal()
    tower = several(still, polls, key, journal)
    still.mining(False)
    tower.turn()
    offered = max(one.versions[0].max_fee for one in waiting(journal, key))
    for _ in range(sending.STUCK_BLOCKS):
        still.next_base_fee(10**13)
        still.mine()
    assert len(waiting(journal, key)) == 5
    monkeypatch.setattr(sending, "STUCK_S", 0)
    still.next_base_fee(2 * offered)
    still.mine()
    assert {one.outcome for one in tower.turn()} == {"waiting"}
    assert {len(one.versions) for one in waiting(journal, key)} == {2}
    still.next_base_fee(2 * offered)
    still.mine()
    assert not any(one.is_open for one in challenges_of(polls))
    assert nonce_of(still, key) == 5


def oversized(still: DisputedChain, payer: Account, nonce: int) -> Outgoing:
    """A transaction that no provider takes: its gas limit is above the highest."""
    fields = {
        "to": checksum(payer.address),
        "value": 0,
        "data": b"",
        "chainId": still.registry.web3.eth.chain_id,
        "gas": (1 << 24) + 1,
    }
    signed = payer.sign(nonce, fields, (10**12, 1), still.registry.head().number)
    return Outgoing("oversized", payer.address, nonce, fields, (signed,))


def test_what_no_provider_takes_does_not_hold_up_the_others(
    still: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = challenged(still, 1, 3)
    key, journal = still.account(), MemoryJournal()
    payer = Account(key, journal, confirmations=1)
    journal.add(oversized(still, payer, 0))
    tower = several(still, polls, key, journal)
    tower._hands._payer._confirmations = 1
    still.mining(False)
    assert [one.outcome for one in tower.turn()] == ["sent"] * 3
    still.mine()
    assert {one.outcome for one in tower.turn()} == {"waiting"}
    still.mine()
    assert nonce_of(still, key) == 0
    monkeypatch.setattr(sending, "STUCK_S", 0)
    monkeypatch.setattr(sending, "STUCK_BLOCKS", 0)
    tower.turn()
    still.mine()
    assert nonce_of(still, key) == 4
    assert not any(one.is_open for one in challenges_of(polls))
    # Its purpose is free once that is final.
    still.mine()
    payer.push(still.registry.web3)
    assert journal.current("oversized") is None
    assert not waiting(journal, key)


def test_the_last_one_is_not_given_up_when_no_provider_takes_it(
    still: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits for it, and the account may get coin."""
    key, journal = still.account(), MemoryJournal()
    payer = Account(key, journal, confirmations=1)
    journal.add(oversized(still, payer, 0))
    monkeypatch.setattr(sending, "STUCK_S", 0)
    monkeypatch.setattr(sending, "STUCK_BLOCKS", 0)
    for _ in range(2):
        payer.push(still.registry.web3)
        still.mine()
    assert nonce_of(still, key) == 0
    assert journal.current("oversized") is not None


def test_answers_of_a_block_that_is_undone_are_sent_again(still: DisputedChain) -> None:
    polls = challenged(still, 1, 4)
    key, journal = still.account(), MemoryJournal()
    tower = several(still, polls, key, journal)
    still.mining(False)
    before = still.ask("evm_snapshot")
    tower.turn()
    sent = [one.versions for one in waiting(journal, key)]
    still.mine()
    assert tower.turn() == []
    still.ask("evm_revert", before)
    assert nonce_of(still, key) == 0
    assert {one.outcome for one in tower.turn()} == {"waiting"}
    still.mine()
    assert not any(one.is_open for one in challenges_of(polls))
    assert nonce_of(still, key) == 4
    assert [one.versions for one in journal.open(key.address, 0)] == sent


def test_an_answer_before_its_challenge_is_sent_again_at_once(still: DisputedChain) -> None:
    """A reorganization orders them so; that block becomes final only after the response time."""
    fraud = still.honest()
    liar, key, journal = still.account(), still.account(), MemoryJournal()
    tower = several(still, [fraud], key, journal)
    still.mining(False)
    before = still.ask("evm_snapshot")
    payer = Account(liar, MemoryJournal()).errand("challenge", waits=False)
    challenge = partial(
        still.disputes.challenge_leaf, payer, fraud.disputed, fraud.poll.root().digest, 3
    )
    with suppress(NotMinedYet):
        challenge(10 * MINIMUM_BOND)
    still.mine()
    assert outcomes(tower.turn()) == [("answer for leaf 3", "sent")]
    (answer,) = waiting(journal, key)
    still.ask("evm_revert", before)
    # The answer comes first now, and finds no challenge.
    still.ask("eth_sendRawTransaction", "0x" + answer.versions[0].raw.hex())
    still.mine()
    assert payer.outgoing is not None
    still.ask("eth_sendRawTransaction", "0x" + payer.outgoing.versions[0].raw.hex())
    still.mine()
    assert [one.is_open for one in fraud.docket().challenges] == [True]
    assert outcomes(tower.turn()) == [
        ("answer for leaf 3", "refused"),
        ("answer for leaf 3", "sent"),
    ]
    still.mine()
    assert not any(one.is_open for one in fraud.docket().challenges)
    assert tower.turn() == []
    assert nonce_of(still, key) == 2


def test_no_more_wait_for_a_block_than_pools_hold(
    still: DisputedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostraka.guard.pending.MOST_PENDING", 3)
    polls = challenged(still, 1, 5)
    key, journal = still.account(), MemoryJournal()
    tower = several(still, polls, key, journal)
    still.mining(False)
    assert [one.outcome for one in tower.turn()] == ["sent"] * 3 + ["waiting"] * 2
    still.mine()
    assert [one.outcome for one in tower.turn()] == ["sent"] * 2
    still.mine()
    assert not any(one.is_open for one in challenges_of(polls))
