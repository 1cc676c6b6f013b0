"""A lost store is built again from the chain and the other nodes, in one process.

`journeys/test_rebuild.py` does the same with `ostraka node rebuild` and real processes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Status
from ostraka.node import rebuild
from ostraka.node.late_polls import LatePolls
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.rebuild import Outcome, PollReport, Rebuild
from ostraka.node.store import NodeStore
from ostraka.storage.database import Schema, open_database
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import POLL, ScriptedRegistry, Village

LOST = 2
BALLOTS = 3


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


class Rebuilding:
    """A village with ballots at every node, and a new, empty store of one of them."""

    def __init__(self, village: Village, folder: Path) -> None:
        self.village = village
        poll = village.poll
        self.store = NodeStore(open_database(f"sqlite:///{folder / 'again.db'}", Schema.NODE))
        self.secrets = PollSecrets(folder / f"secrets-{LOST}", poll.node_keys[LOST - 1])
        self.registries: list[Any] = [village.registry]

    async def cast(self) -> None:
        """Open the poll, and give ballots to all nodes."""
        self.village.open_seeded()
        await self.village.tick(3)
        records = [one.record for one in self.village.poll.prepared[:BALLOTS]]
        for number in self.village.nodes:
            await self.village.service(number).accepting.ingest(records)

    async def again(self) -> PollReport:
        """Build the poll again."""
        builder = self.builder()
        assert builder.polls() == [POLL]
        return await builder.poll(POLL)

    def late(self) -> LatePolls:
        """What looks after the poll once the node runs again."""
        return LatePolls(self.builder(), self.store, self.secrets, self.registries)

    def builder(self) -> Rebuild:
        village = self.village
        return Rebuild(
            village.poll.curve,
            self.store,
            self.secrets,
            self.registries,
            village.poll.node_keys[LOST - 1],
            village.electorates,
            village.client,
        )


def in_village(
    poll: SyntheticPoll, folder: Path, story: Callable[[Rebuilding], Awaitable[None]]
) -> None:
    """Tell a story of a node that is built again while the others run."""

    async def run() -> None:
        async with Village(poll, folder).run(seeded=True) as village:
            await story(Rebuilding(village, folder))

    asyncio.run(run())


def test_a_poll_comes_back_with_census_ballots_and_shares(
    poll: SyntheticPoll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The synthetic poll is short.
    monkeypatch.setattr(rebuild, "MARGIN_S", 0)

    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        await rebuilding.cast()
        before = village.service(LOST).served
        for _ in range(2):
            # A repeated rebuild changes nothing.
            report = await rebuilding.again()
            assert report == PollReport(POLL, Outcome.BUILT, BALLOTS)
        row = rebuilding.store.poll(POLL, poll.context)
        assert row is not None
        assert (row.rebuilt, row.may_have_stated_final) == (True, False)
        assert row.census == poll.census.encode()
        announced = before.announcements[LOST]
        assert (row.public_key, row.announcement) == (announced.public_key, announced.signature)
        stored = rebuilding.store.ballots_after(POLL, 0, 100)
        assert [one.receipt for one in stored] == [None] * BALLOTS
        was = {one.digest: one for one in before.store.ballots_after(POLL, 0, 100)}
        for one in stored:
            assert (one.boxes, one.share_box) == (
                was[one.digest].boxes,
                was[one.digest].share_box,
            )

    in_village(poll, tmp_path, story)


def test_a_root_that_may_be_final_is_never_stated(poll: SyntheticPoll, tmp_path: Path) -> None:
    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        await rebuilding.cast()
        parameters = poll.published.parameters
        # The provider shows nothing but an open poll: time alone tells.
        village.registry.now = parameters.freezes_at + parameters.dispute_window
        await rebuilding.again()
        row = rebuilding.store.poll(POLL, poll.context)
        assert row is not None
        assert row.may_have_stated_final

    in_village(poll, tmp_path, story)


def test_what_cannot_be_built_is_reported(poll: SyntheticPoll, tmp_path: Path) -> None:
    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        assert (await rebuilding.again()).outcome is Outcome.NOT_OPEN
        # Opened, but no other node has the pinned keys yet: none shows a board.
        village.open_seeded()
        report = await rebuilding.again()
        assert report.outcome is Outcome.NO_CENSUS
        assert report.detail
        assert rebuilding.store.polls() == []
        await rebuilding.cast()
        other = ScriptedRegistry(poll)
        other.show(status=Status.OPEN, poll_context=bytes(32))
        rebuilding.registries = [village.registry, other]
        with pytest.raises(ChainError, match="different polls"):
            await rebuilding.again()
        assert rebuilding.store.polls() == []
        rebuilding.registries = [village.registry]
        file = rebuilding.secrets.folder / f"{poll.context.hex()}.json"
        file.write_bytes(file.read_bytes()[:-9])
        report = await rebuilding.again()
        assert report.outcome is Outcome.NO_SECRET
        assert str(file) in report.detail

    in_village(poll, tmp_path, story)


def test_a_lying_peer_chooses_no_census(
    poll: SyntheticPoll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        await rebuilding.cast()
        smaller = approval_poll(seed="another").census
        for number in (1, 3, 4):
            monkeypatch.setattr(village.service(number).served, "census", smaller)
        report = await rebuilding.again()
        assert report.outcome is Outcome.NO_CENSUS
        assert "another census" in report.detail

    in_village(poll, tmp_path, story)


def test_a_poll_that_opens_after_the_rebuild_is_built_then(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    """The node had signed its keys, so its creator need not send the census again."""

    async def story(rebuilding: Rebuilding) -> None:
        late = rebuilding.late()
        assert await late.row(poll.published) is None
        assert late.is_late(poll.published)
        await rebuilding.cast()
        row = await late.row(poll.published)
        assert row is not None
        assert row.rebuilt
        assert not late.is_late(poll.published)
        assert rebuilding.secrets.contexts() == [poll.context]

    in_village(poll, tmp_path, story)


def test_the_secret_of_a_poll_that_never_opened_is_destroyed(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        other = ScriptedRegistry(poll)
        rebuilding.registries = [village.registry, other]
        late = rebuilding.late()
        village.registry.show(status=Status.VOID)
        # All providers must agree: another one shows that it may still open.
        assert await late.row(poll.published) is None
        assert rebuilding.secrets.contexts() == [poll.context]
        other.show(status=Status.VOID)
        assert await late.row(poll.published) is None
        assert rebuilding.secrets.contexts() == []
        assert not late.is_late(poll.published)

    in_village(poll, tmp_path, story)


def test_the_secret_of_a_tallied_poll_waits_for_the_deadline(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    async def story(rebuilding: Rebuilding) -> None:
        village = rebuilding.village
        late = rebuilding.late()
        deadline = village.registry.now + 100
        # The other nodes do not know these keys, and show no board.
        village.registry.show(status=Status.TALLIED, tally_deadline=deadline)
        assert await late.row(poll.published) is None
        assert rebuilding.secrets.contexts() == [poll.context]
        village.registry.now = deadline + 1
        assert await late.row(poll.published) is None
        assert rebuilding.secrets.contexts() == []

    in_village(poll, tmp_path, story)
