"""The simulator's model of PollRegistry does what the contract does, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Refused, checksum, deploy
from ostraka.chain.registry import OpenedPoll, Registry, Status
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import PERIOD_FLOOR_S, LocalStack
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.poll_key import node_key, node_keys_hash
from ostraka_verifier.tally_proof import Tally, combine
from tests.simulator.virtual_chain import POLL, PollModel, PollState
from tests.support.polls import SyntheticPoll, approval_poll

WINDOW_S, PERIOD_S, ROUNDS = 600, 900, 4


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder: Path = tmp_path_factory.mktemp("model")
    with LocalStack(folder, 0, Anvil()) as stack:
        stack.start_chain()
        yield stack


class Pair:
    """A poll on the contract and in the model, which get the same transactions."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack, self.payer = stack, stack.organizer
        floor, disputes = PERIOD_FLOOR_S, checksum(bytes(20))
        address, at = deploy(stack.rpc_url, self.payer, "PollRegistry", floor, disputes)
        self.registry = Registry(stack.rpc_url, address, at.block)
        now = self.registry.head().timestamp
        times = {
            "opens_at": now,
            "closes_at": now + 3600,
            "max_rounds": ROUNDS,
            "dispute_window": WINDOW_S,
            "tally_period": PERIOD_S,
            "minimum_ballots": 3,
        }
        self.poll: SyntheticPoll = approval_poll(registry=address, times=times)
        poll = self.poll
        statement = poll.domain.digest(typed_data.COMMITTEE, poll.committee.digest)
        signatures = [key.sign(statement) for key in poll.node_keys]
        self.registry.register_committee(self.payer, poll.committee, signatures)
        rule, outcome = poll.rule.encode(), poll.outcome.encode()
        poll_id, _ = self.registry.create_poll(
            self.payer, poll.parameters, poll.census.tree, rule, outcome, poll.description
        )
        assert poll_id == POLL
        self.model = PollModel(poll, self.payer.address)
        self.state = PollState()
        self.compare()

    def compare(self) -> Status:
        """Both show the same; return the status."""
        head = self.registry.head()
        shown = self.registry.poll(POLL, head.number)
        assert shown == self.model.view(self.state, head.timestamp)
        return shown.status

    def go_to(self, unix_s: int) -> Status:
        """Let time pass in both."""
        self.stack.chain.move_time(self.registry.web3, unix_s)  # type: ignore[arg-type]
        return self.compare()

    def send(
        self, contract: Callable[[], object], model: Callable[[PollState, int], PollState]
    ) -> str:
        """Do the same in both; return the name of the refusal, "" for success."""
        refusal = ""
        try:
            contract()
        except Refused as refused:
            refusal = refused.name
        now = self.registry.head().timestamp
        if refusal:
            with pytest.raises(Refused) as modelled:
                model(self.state, now)
            assert modelled.value.name == refusal
        else:
            self.state = model(self.state, now)
        self.compare()
        return refusal

    def open(self, keys: list[bytes] | None = None, signer: int = 0) -> str:
        """Pin keys; `signer` signs in place of node 1."""
        poll = self.poll
        keys = keys or [node_key(one.public_key) for one in poll.poll_keys]
        digest = poll.domain.digest(typed_data.POLL_KEYS, poll.context, node_keys_hash(keys))
        signers = [poll.node_keys[signer], *poll.node_keys[1:]]
        opening = OpenedPoll(tuple(keys), tuple(one.sign(digest) for one in signers))
        return self.send(
            lambda: self.registry.open_poll(self.payer, POLL, keys, opening.signatures),
            partial(self.model.open, opening=opening),
        )

    def anchor(self, anchored: AnchoredRoot) -> str:
        return self.send(
            lambda: self.registry.anchor_root(self.payer, POLL, anchored),
            partial(self.model.anchor, anchored=anchored),
        )

    def accept(self, tally: Tally) -> str:
        return self.send(
            lambda: self.registry.accept_tally(self.payer, POLL, tally),
            partial(self.model.accept, tally=tally),
        )

    def root(self, number: int = 0, **changes: Any) -> AnchoredRoot:
        """A root with the signatures of a quorum."""
        return self.poll.attest(replace(self.poll.root(), **changes), [1, 2, 3], number)

    @property
    def tally(self) -> Tally:
        return combine({node: self.poll.aggregate_share(node) for node in (1, 2)}, 2)


@pytest.fixture
def pair(stack: LocalStack) -> Pair:
    return Pair(stack)


def test_a_poll_from_creation_to_tally(pair: Pair) -> None:
    times, keys = pair.poll.parameters, [node_key(one.public_key) for one in pair.poll.poll_keys]
    assert pair.anchor(pair.root()) == "PollRegistryWrongStatus"
    assert pair.open(signer=1) == "PollRegistryWrongSigner"
    assert pair.open([keys[0], *keys[:3]]) == "PollRegistryInvalidNodeKey"
    assert pair.open() == ""
    assert pair.open() == "PollRegistryWrongStatus"
    assert pair.go_to(times.closes_at) is Status.CLOSED
    assert pair.anchor(pair.root()) == "PollRegistryTooEarly"
    pair.go_to(times.freezes_at)
    good = pair.root()
    first, second, third = good.attestations
    assert pair.anchor(pair.root(ROUNDS)) == "PollRegistryRoundTooLate"
    assert pair.anchor(pair.root(count=8)) == "PollRegistryTooManyBallots"
    few = replace(good, attestations=(first, second))
    assert pair.anchor(few) == "PollRegistryTooFewSignatures"
    disordered = replace(good, attestations=(second, first, third))
    assert pair.anchor(disordered) == "PollRegistrySignersNotIncreasing"
    strange = replace(good, attestations=(first, second, Attestation(5, third.signature)))
    assert pair.anchor(strange) == "PollRegistryUnknownNode"
    assert pair.anchor(replace(good, round=1)) == "PollRegistryWrongSigner"
    assert pair.anchor(good) == ""
    assert pair.accept(pair.tally) == "PollRegistryWrongStatus"
    releasable_at = pair.state.anchored_at + WINDOW_S
    assert pair.go_to(releasable_at - 10) is Status.ANCHORED
    assert pair.go_to(releasable_at) is Status.RELEASABLE
    tally = pair.tally
    assert pair.accept(replace(tally, values=tally.values[:3])) == "PollRegistryListsDiffer"
    other = (tally.values[0] + 1, *tally.values[1:])
    assert pair.accept(replace(tally, values=other)) == "PollRegistryNotAnOpening"
    many = (1000, *tally.values[1:])
    assert pair.accept(replace(tally, values=many)) == "PollRegistryTooManyVotes"
    assert pair.accept(tally) == ""
    assert pair.go_to(releasable_at + PERIOD_S + 1) is Status.TALLIED


def test_polls_that_end_void(stack: LocalStack) -> None:
    unopened = Pair(stack)
    assert unopened.go_to(unopened.poll.parameters.closes_at) is Status.VOID
    unsettled = Pair(stack)
    unsettled.open()
    deadline = unsettled.poll.parameters.settling().deadline
    assert unsettled.go_to(deadline - 5) is Status.CLOSED
    assert unsettled.go_to(deadline) is Status.VOID
    small = Pair(stack)
    small.open()
    small.go_to(small.poll.parameters.freezes_at)
    assert small.anchor(small.root(count=2)) == ""
    assert small.compare() is Status.VOID
    untallied = Pair(stack)
    untallied.open()
    untallied.go_to(untallied.poll.parameters.freezes_at)
    untallied.anchor(untallied.root())
    ends_at = untallied.state.anchored_at + WINDOW_S + PERIOD_S
    assert untallied.go_to(ends_at) is Status.VOID
    assert untallied.accept(untallied.tally) == "PollRegistryWrongStatus"
