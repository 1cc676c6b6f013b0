"""A root that a dispute rejected: the clock starts again, and its round is over (§10.3)."""

import asyncio
from pathlib import Path

import pytest

from ostraka.chain.registry import Status
from ostraka.node.agreement import Entry, LeafList
from ostraka.node.observation import Observation
from ostraka.wire.problems import Problem
from ostraka_verifier.merkle_sum import SumRoot
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import Village

NOTHING = SumRoot(bytes(32), bytes(64), 0)


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def test_nodes_settle_again_in_the_next_round(poll: SyntheticPoll, tmp_path: Path) -> None:
    village = Village(poll, tmp_path)
    registry = village.registry

    async def run() -> None:
        async with village.run(seeded=True):
            village.open_seeded()
            await village.tick(2)
            for prepared in poll.prepared:
                record = prepared.record
                for node in range(1, 5):
                    url = village.url(node, "/ballots")
                    await village.client.post(url, json=record.to_json())
            registry.close()
            await village.tick(3)
            first = village.service(3).settling.certificate()
            assert (first.round, first.root) == (0, poll.root())
            registry.show(status=Status.ANCHORED, anchored_at=registry.now, root=first.root)
            await village.tick()

            # Two rounds of time later a dispute rejects it: the next round is 1, and begins now.
            registry.now += 2 * poll.parameters.round_duration
            registry.show(
                status=Status.CLOSED,
                anchored_at=0,
                root=NOTHING,
                rejected_rounds=1,
                rejected_at=registry.now,
            )
            for node in village.nodes.values():
                await node.tick()
            progress = village.service(3).progress
            progress.observed = Observation(registry.head(), registry.view)
            assert progress.observed.round(poll.parameters) == 1
            with pytest.raises(Problem, match="Not settled yet: no root has enough signatures"):
                village.service(3).settling.certificate()
            entries = tuple(Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared)
            with pytest.raises(Problem, match="this node is in round 1"):
                await village.service(3).settling.answer_proposal(
                    progress.settling(),
                    LeafList(0, entries).encode(),
                    poll.committee.members[0].address,
                )
            await village.tick(3)
            second = village.service(3).settling.certificate()
            assert (second.round, second.root) == (1, poll.root())
            # Its proposer is the next node, though another one's turn would be by the old clock.
            signed = village.service(2).served.store.signed_root(1, 1)
            assert signed is not None

    asyncio.run(run())
