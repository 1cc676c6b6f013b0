"""Plans of polls are refused while their organizer is there to read why."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ostraka.chain.contract import Head, checksum, deploy
from ostraka.chain.registry import Registry
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.polls import Polls
from ostraka.gateway.rounds import Rounds
from ostraka.planning.electorates import census_of_list
from ostraka.planning.specification import PollSpecification
from ostraka.wire import shuffle_sizes
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import Sizes
from tests.backend.test_feasibility import ACCOUNTS, NOW, SHARES, poll, round_
from tests.support.polls import approval_poll


def test_periods_below_the_registrys_floor_are_refused(tmp_path: Path) -> None:
    """A poll is put on chain when registration is over; its organizer may have left by then."""
    with LocalStack(tmp_path, 0, Anvil()) as stack:
        stack.start_chain()
        address, _ = deploy(
            stack.rpc_url, stack.organizer, "PollRegistry", 3600, checksum(bytes(20))
        )
        gateway = SimpleNamespace(
            registry=Registry(stack.rpc_url, address),
            electorates=None,
            committee=lambda *_: bytes(32),
        )
        polls = Polls(cast(GatewayContext, gateway))
        for name in ("dispute_window", "tally_period"):
            wanted = PollSpecification.model_validate(
                {
                    "title": "A question",
                    "questions": [
                        {"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}
                    ],
                    "voters": {"kind": "list", "accounts": [{"account": "0x" + "11" * 20}]},
                    "closes_at": stack.registry.head().timestamp + 9000,
                    "minimum_ballots": 1,
                    "times": {name: 3599},
                }
            )
            with pytest.raises(Problem, match="3599 s, at least 3600 s") as refused:
                polls.check(wanted)
            assert (refused.value.status, refused.value.field) == (422, f"times.{name}")


@pytest.mark.parametrize("planned", [Polls, Rounds])
def test_more_voters_than_ballots_that_nodes_can_open_are_refused(
    planned: type[Polls | Rounds], monkeypatch: pytest.MonkeyPatch
) -> None:
    committee = approval_poll().committee
    gateway = SimpleNamespace(
        registry=SimpleNamespace(
            head=lambda: Head(1, bytes(32), NOW),
            period_floor=lambda: 60,
            is_disputable=lambda: True,
            committee=lambda _: committee,
        ),
        electorates=SimpleNamespace(census=lambda voters: (census_of_list(voters), None)),
        committees=[committee.digest],
    )
    gateway.committee = lambda *given: GatewayContext.committee(cast(Any, gateway), *given)
    monkeypatch.setattr(shuffle_sizes, "LONGEST_BYTES", Sizes(4, 2, len(ACCOUNTS), 1).take - 1)
    wanted = poll(counting="shuffled") if planned is Polls else round_(**SHARES)
    with pytest.raises(Problem, match="6 voters, but the nodes can open at most") as refused:
        planned(cast(GatewayContext, gateway)).check(wanted)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.field) == (422, "voters")
