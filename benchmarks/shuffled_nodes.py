"""A committee of whole nodes that shuffles and opens many ballots.

All nodes run in one process, so they share one interpreter lock and every core: as processes of one
machine they are faster. Ballots lie in the nodes' databases as if they had been cast and anchored.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.polls import SHUFFLED, SyntheticPoll
from tests.support.village import POLL, Village

from benchmarks.figures import figure_at_most
from ostraka.chain.registry import Status
from ostraka.node.service import NodeService
from ostraka.node.store import NewBallot
from ostraka.storage.node_tables import FinalStatement, SignedRoot
from ostraka_verifier import typed_data
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Approval
from ostraka_verifier.sharing import boxes_hash

BALLOTS, SLOTS = 10_000, 20
GOAL_S = 120
_PERIOD_S = 4000
_BEAT_S = 0.05


def measure(group: str) -> Iterator[dict[str, Any]]:
    """Yield the figures of a committee (4, 2, 1)."""
    with TemporaryDirectory() as folder:
        taken_s, processor_s, late_s = asyncio.run(_Run(Path(folder)).measured())
    how = (
        f"{BALLOTS} ballots of {SLOTS} slots, from `Final` until all four nodes have them, in one "
        f"process; {processor_s:.0f} s of processor time; its event loop was late by at most "
        f"{late_s:.1f} s"
    )
    name = "(4, 2, 1) open 10,000 ballots"
    yield figure_at_most(group, name, taken_s, "s", GOAL_S, how, 0)


class _Run:
    def __init__(self, folder: Path) -> None:
        question = Approval("Which?", tuple(map(str, range(SLOTS))), 0, SLOTS)
        votes = [question.vote_bits([one, (one + 7) % SLOTS]) for one in range(SLOTS)]
        self._poll = SyntheticPoll(
            votes=[votes[number % SLOTS] for number in range(BALLOTS)],
            rule=question.rule,
            outcome=NoOutcome(),
            times=dict(SHUFFLED) | {"shuffle_period": _PERIOD_S},
        )
        self._root = self._poll.root()
        self._village = Village(self._poll, folder)
        self._late_s = 0.0

    async def measured(self) -> tuple[float, float, float]:
        """Return seconds, seconds of processor time, and the longest delay of a timer."""
        village = self._village
        async with village.run():
            for number, node in village.nodes.items():
                self._fill(number, node)
            self._show_releasable()
            started, used = time.perf_counter(), time.process_time()
            beating = asyncio.create_task(self._beat())
            while not all(self._is_open(node) for node in village.nodes.values()):
                await village.tick()
            taken_s, processor_s = time.perf_counter() - started, time.process_time() - used
            beating.cancel()
        return taken_s, processor_s, self._late_s

    @staticmethod
    def _is_open(node: NodeService) -> bool:
        return node._store.shuffle.is_open(POLL)

    async def _beat(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_BEAT_S)
            self._late_s = max(self._late_s, time.monotonic() - asked - _BEAT_S)

    def _fill(self, number: int, node: NodeService) -> None:
        """Give a node everything that it has once `q` nodes stated the root as final."""
        poll, store, root = self._poll, node._store, self._root
        node._secrets.keep(poll.context, poll.poll_keys[number - 1].secret() + bytes(32))
        row = self._village.row(number)
        row.inventory_signature = bytes(65)
        store.add_poll(row)
        store.add_ballots(
            [
                NewBallot(
                    poll_id=POLL,
                    voter=one.ballot.voter,
                    cast_at_unix_s=one.ballot.cast_at_unix_s,
                    digest=one.ballot.digest,
                    signed=one.ballot.encoded + boxes_hash(one.boxes) + one.signature,
                    boxes=b"".join(one.boxes),
                    receipt=None,
                    share_box=one.boxes[number - 1],
                )
                for one in poll.prepared
            ]
        )
        leaves = b"".join(one.ballot.digest for one in poll.prepared)
        store.sign_root(
            SignedRoot(
                poll_id=POLL,
                round=0,
                root_digest=root.digest,
                leaves=leaves,
                signature=bytes(65),
            )
        )
        final = poll.domain.digest(typed_data.FINAL, poll.context, root.digest)
        for other, key in enumerate(poll.node_keys, start=1):
            store.add_final(
                FinalStatement(
                    poll_id=POLL, node=other, root_digest=root.digest, signature=key.sign(final)
                )
            )

    def _show_releasable(self) -> None:
        poll, registry = self._poll, self._village.registry
        self._village.open_seeded()
        registry.now = poll.parameters.freezes_at + 1000
        registry.anchoring = poll.attest(self._root, range(1, poll.committee.quorum + 1))
        registry.show(
            status=Status.RELEASABLE,
            anchored_at=registry.now - poll.parameters.dispute_window,
            root=self._root,
            releasable_at=registry.now,
            tally_deadline=registry.now + poll.parameters.tally_period,
        )
