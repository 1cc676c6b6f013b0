"""Plans of polls are refused while their organizer is there to read why."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ostraka.chain.contract import checksum, deploy
from ostraka.chain.registry import Registry
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.polls import Polls
from ostraka.planning.specification import PollSpecification
from ostraka.wire.problems import Problem


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
            committee=lambda _, *, shuffles: bytes(32),
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
