"""How many ballots can be shuffled follows from the lengths of messages (§19.5)."""

import asyncio
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from ostraka.node.shuffle.messages import Certificate, Dealt, StepHead, TakeCall
from ostraka.wire import shuffle_sizes
from ostraka.wire.shuffle_sizes import LONGEST_BYTES, Sizes, most_ballots
from ostraka_verifier.board import Attestation
from ostraka_verifier.encoding import HASH_BYTES, SIGNATURE_BYTES
from ostraka_verifier.shuffle import RunRecord, StepRecord
from tests.support.polls import approval_poll
from tests.support.shuffled_village import ShuffledVillage, shuffled_poll
from tests.support.village import POLL

COMMITTEES = [(4, 2, 1), (5, 2, 1), (6, 3, 1), (7, 3, 2)]


@pytest.mark.parametrize(("nodes", "threshold", "faults"), COMMITTEES)
def test_messages_are_as_long_as_their_sizes_say(nodes: int, threshold: int, faults: int) -> None:
    sizes = Sizes(nodes, threshold, 7, 3)
    group = tuple(range(1, threshold + 1))
    dealt = Dealt(bytes(sizes.commitments), (bytes(sizes.share_box),) * nodes)
    take = TakeCall.of(
        StepHead(bytes(HASH_BYTES), 1, 1, group),
        bytes(sizes.proof),
        dict.fromkeys(group, dealt),
        nodes,
    )
    assert len(take.encode()) == sizes.take
    step = StepRecord(group, bytes(sizes.proof), bytes(HASH_BYTES))
    signed = tuple(Attestation(node, bytes(SIGNATURE_BYTES)) for node in range(1, nodes + 1))
    for steps in (1, 5):
        certificate = Certificate(RunRecord(1, (step,) * steps), signed)
        assert len(certificate.encode()) == sizes.certificate(steps)


@pytest.mark.parametrize(("nodes", "threshold", "faults"), COMMITTEES)
@pytest.mark.parametrize("slots", [1, 20, 320])
def test_most_ballots_fit_and_one_more_does_not(
    nodes: int, threshold: int, faults: int, slots: int
) -> None:
    committee = approval_poll(nodes=nodes, threshold=threshold, faults=faults).committee
    most = most_ballots(committee, slots)
    steps = {(4, 2): 3, (5, 2): 2, (6, 3): 10, (7, 3): 10}[nodes, threshold] + faults
    longest = [
        max(sizes.take, sizes.certificate(steps))
        for sizes in (Sizes(nodes, threshold, count, slots) for count in (most, most + 1))
    ]
    assert longest[0] <= LONGEST_BYTES < longest[1]


def test_the_handbook_states_the_limits() -> None:
    handbook = (Path(__file__).parents[3] / "docs/operations.md").read_text()
    for nodes, threshold, faults in COMMITTEES:
        committee = approval_poll(nodes=nodes, threshold=threshold, faults=faults).committee
        cells = [f"{most_ballots(committee, slots):,}" for slots in (1, 20, 50, 100)]
        row = re.compile(
            rf"\| \({nodes}, {threshold}, {faults}\) \| " + r" \| ".join(cells) + r" \|"
        )
        assert row.search(handbook), cells


def test_nodes_open_the_sum_of_more_ballots_than_they_can_shuffle(tmp_path: Path) -> None:
    """A poll that somebody created without a gateway."""
    poll = shuffled_poll()
    seven = Sizes(4, 2, 7, len(poll.rule.slots)).take

    async def run() -> None:
        village = ShuffledVillage(tmp_path, poll)
        async with village.releasable():
            await village.tick_until(lambda: village.shuffling(1)._led == 0)
            assert (await village.get(1))["shuffle"]["stage"] == "not_opened"
            village.registry.now += poll.parameters.shuffle_period
            village.registry.block += 1
            await village.tick_until(lambda: village.released() == set(village.nodes))
            assert not village.store(1).shuffle.is_open(POLL)

    with patch.object(shuffle_sizes, "LONGEST_BYTES", seven - 1), capture_logs() as said:
        asyncio.run(run())
    few = [one for one in said if one["event"] == "too many ballots to shuffle"]
    assert [(one["ballots"], one["most"]) for one in few] == [(7, 6)]
    assert not [one for one in said if one["event"] == "run begins"]
    warned = [one for one in said if one["event"].startswith("more voters than ballots")]
    assert {one["voters"] for one in warned} == {poll.parameters.voters}
