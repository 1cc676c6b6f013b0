"""What can no longer change: read on finalized blocks, and never of a contested root (§12.1)."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ostraka.chain.registry import Status
from ostraka.node.finality import FinalizedRoot, finalized_root
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import Village


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def test_no_final_for_a_contested_root(poll: SyntheticPoll, tmp_path: Path) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run(seeded=True):
            village.open_seeded()
            await village.tick(2)
            served = village.service(1).served
            view = replace(village.registry.view, status=Status.RELEASABLE, root=poll.root())
            for contested in (True, False):
                village.registry.view = replace(view, contested=contested)
                found = await asyncio.to_thread(finalized_root, served)
                assert found == (None if contested else FinalizedRoot(poll.root()))

    asyncio.run(run())
