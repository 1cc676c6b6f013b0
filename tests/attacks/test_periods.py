"""Nothing is opened, and no money is back, before anybody could look (§4.1 and §17.1).

The organizer is the attacker: with windows of a second a false root is final, or a winner's money
is back with its funders, in the block after. On a registry without a floor, as version 1 was, the
chain takes that; a registry with an hour refuses it, whoever asks.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ostraka.chain.contract import checksum, deploy
from ostraka.chain.errors import Refused
from ostraka.chain.registry import Registry
from ostraka.chain.treasury import ElectorateKind, RoundElectorate, RoundParameters, Treasury
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.planning import round_rules
from ostraka_verifier import typed_data
from ostraka_verifier.outcome import Misfit, Order
from tests.support.polls import SyntheticPoll, approval_poll

HOUR = 3600
PERIODS = ("dispute_window", "tally_period")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("periods"), 0, Anvil()) as stack:
        stack.start_chain()
        yield stack


class Deployed:
    """A registry with a floor and a committee, and its treasury."""

    def __init__(self, stack: LocalStack, floor_s: int, poll: SyntheticPoll) -> None:
        self.organizer, self.poll = stack.organizer, poll
        nobody = checksum(bytes(20))
        address, made = deploy(stack.rpc_url, self.organizer, "PollRegistry", floor_s, nobody)
        self.registry = Registry(stack.rpc_url, address, made.block)
        bound = (checksum(address), "")
        address, made = deploy(stack.rpc_url, self.organizer, "BudgetTreasury", *bound)
        self.treasury = Treasury(stack.rpc_url, address, made.block)
        digest = self.registry.domain.digest(typed_data.COMMITTEE, poll.committee.digest)
        signatures = [key.sign(digest) for key in poll.node_keys]
        self.registry.register_committee(self.organizer, poll.committee, signatures)

    def create(self, **changes: Any) -> int:
        """A poll; Refused where the registry does not take it."""
        now = self.registry.head().timestamp
        times: dict[str, Any] = {"opens_at": now, "closes_at": now + HOUR}
        times |= {"dispute_window": HOUR, "tally_period": HOUR} | changes
        parameters = replace(self.poll.parameters, **times)
        poll = self.poll
        created, _ = self.registry.create_poll(
            self.organizer,
            parameters,
            poll.census.tree,
            poll.rule.encode(),
            poll.outcome.encode(),
            poll.description,
        )
        return created

    def round(self, **changes: Any) -> int:
        """A round among the poll's voters; Refused where the treasury does not take it."""
        now = self.registry.head().timestamp
        parameters = RoundParameters(
            token=bytes(20),
            budget=10,
            minimum_amount=1,
            maximum_amount=10,
            proposals_per_member=1,
            maximum_proposals=1,
            member_root=self.poll.census.root,
            proposals_open_at=now,
            proposals_close_at=now + HOUR,
            claim_period=HOUR,
            payout_delay=0,
            veto_holder=bytes(20),
            ballot=round_rules.approval(0, 1),
            outcome=round_rules.greedy(Order.VOTES, Misfit.SKIP, 1),
            committee=self.poll.committee.digest,
            voting_opens_at=now + 2 * HOUR,
            voting_closes_at=now + 3 * HOUR,
            freeze_delay=5,
            round_duration=8,
            max_rounds=100,
            dispute_window=HOUR,
            tally_period=HOUR,
            response_time=0,
            max_dispute_delay=0,
            minimum_ballots=1,
            secret=True,
        )
        electorate = RoundElectorate(ElectorateKind.MEMBERS, self.poll.census.tree)
        changed = replace(parameters, **changes)
        made, _ = self.treasury.create_round(self.organizer, changed, electorate, "Round", "")
        return made


@pytest.fixture(scope="module")
def deployed(stack: LocalStack) -> tuple[Deployed, Deployed]:
    """Without a floor, and with an hour."""
    poll = approval_poll()
    return Deployed(stack, 0, poll), Deployed(stack, HOUR, poll)


@pytest.mark.parametrize("period", PERIODS)
def test_a_poll_cannot_have_a_shorter_window(
    deployed: tuple[Deployed, Deployed], period: str
) -> None:
    weak, real = deployed
    assert weak.create(**{period: 1})
    for seconds in (1, HOUR - 1):
        with pytest.raises(Refused, match="PollRegistryInvalidParameter"):
            real.create(**{period: seconds})
    assert real.create(**{period: HOUR})


@pytest.mark.parametrize("period", [*PERIODS, "claim_period"])
def test_a_round_cannot_have_a_shorter_period(
    deployed: tuple[Deployed, Deployed], period: str
) -> None:
    """Its poll's windows are refused with the round, before anybody gives money."""
    weak, real = deployed
    assert weak.round(**{period: 1})
    for seconds in (1, HOUR - 1):
        with pytest.raises(Refused):
            real.round(**{period: seconds})
    assert real.round(**{period: HOUR})


def test_the_floor_cannot_be_changed(deployed: tuple[Deployed, Deployed]) -> None:
    for one, floor_s in zip(deployed, (0, HOUR), strict=True):
        assert one.registry.period_floor() == floor_s
    names = {str(entry.get("name")) for entry in deployed[1].registry.contract.abi}
    assert not [name for name in names if "floor" in name.lower() and name != "periodFloor"]
