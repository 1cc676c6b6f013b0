"""What must hold in every simulation: watched while it runs, and checked at its end."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

import structlog

from ostraka.chain.registry import Status
from ostraka.node.phases import Destroyed
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import NodeStore
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.board import Board
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.encoding import tagged_hash
from tests.simulator.programs import SimulatedNode
from tests.simulator.virtual_chain import POLL, Block, VirtualChain
from tests.simulator.virtual_disk import FULL
from tests.simulator.virtual_time import Process, current
from tests.simulator.world import World

_OF_LIARS = {
    "two finals of one node",
    "a node contradicts itself",
    "a node's log did not only grow",
}
"""Errors that honest nodes log about a lying one."""
_SHOWN = 160
"""Characters of a log line in the trace."""


class Promises:
    """Watches all statements that honest nodes sign and publish, and their logs."""

    def __init__(
        self,
        world: World,
        chain: VirtualChain,
        nodes: Sequence[SimulatedNode],
        log: Callable[..., None],
    ) -> None:
        self._world = world
        self._chain = chain
        self._nodes = {node.number: node for node in nodes}
        self._log = log
        self._signed: dict[int, dict[bytes, tuple[str, tuple[Any, ...]]]] = defaultdict(dict)
        self._shown: dict[tuple[int, str, object], tuple[Any, ...]] = {}
        self.receipts: dict[bytes, set[int]] = defaultdict(set)
        """Nodes whose receipt of a ballot was published."""
        self.broken: list[str] = []

    def break_(self, text: str) -> None:
        """Note a broken promise."""
        self._log("BROKEN", text)
        self.broken.append(text)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what nodes sign and log."""
        sign = ServedPoll.sign

        def signed(served: ServedPoll, type_string: str, *values: Any) -> bytes:
            signature = sign(served, type_string, *values)
            self._signed[served.node].setdefault(signature, (type_string, values))
            return signature

        processors = structlog.get_config()["processors"]
        usual = list(processors)
        processors[:] = [self._logged]
        try:
            with mock.patch.object(ServedPoll, "sign", signed):
                yield
        finally:
            processors[:] = usual

    def _logged(self, _: object, level: str, event: MutableMapping[str, Any]) -> Any:
        """Take a line of a program's log."""
        owner = current()
        text = " ".join(f"{name}={value}" for name, value in event.items() if name != "exc_info")
        error = event.get("exc_info")
        if error:
            text += f" {sys.exc_info()[1]!r}"
        if level != "debug":
            self._log("log", owner.name if owner else "", level, text[:_SHOWN])
        if level in ("error", "critical", "exception") and not self._is_expected(event, text):
            self.break_(f"{owner.name if owner else ''} logged an error: {text}")
        raise structlog.DropEvent

    def _is_expected(self, event: MutableMapping[str, Any], text: str) -> bool:
        owner = current()
        if owner is not None and owner.node in self._nodes and self._nodes[owner.node].liar:
            return True
        return FULL in text or event["event"] in _OF_LIARS

    def watch(self, process: Process, data: bytes) -> None:
        """See what a program sends."""
        if process.node is None or self._nodes[process.node].liar:
            return
        unpublished = self._signed[process.node]
        for signature in [one for one in unpublished if one in data or one.hex().encode() in data]:
            self._publish(process.node, *unpublished.pop(signature))

    def _publish(self, node: int, kind: str, values: tuple[Any, ...]) -> None:
        if kind == typed_data.RECEIPT:
            digest = values[3]
            self.receipts[digest].add(node)
            if not self._holds(node, digest):
                self.break_(f"node {node} published a receipt of a ballot that is not on its disk")
            return
        statement: object = ""
        if kind == typed_data.ROOT:
            statement = values[1]
        elif kind == typed_data.CHECKPOINT:
            statement = values[2]
        elif kind == typed_data.AGGREGATE_SHARE:
            self._require_final(node, values[1], "released its share")
            self._require_agreement(node, values[1])
        elif kind == typed_data.FINAL:
            self._require_final(node, values[1], "stated a root as final")
        elif kind != typed_data.INVENTORY:
            return
        earlier = self._shown.setdefault((node, kind, statement), values)
        if earlier != values:
            name = kind.partition("(")[0]
            self.break_(f"node {node} signed two conflicting {name} statements")

    def _require_final(self, node: int, root_digest: bytes, what: str) -> None:
        final = self._chain.final
        anchored = final.state.anchored
        status = self._chain.model.status(final.state, final.timestamp)
        if (
            anchored is None
            or anchored.root.digest != root_digest
            or status not in (Status.RELEASABLE, Status.TALLIED)
        ):
            self.break_(f"node {node} {what} before it was final")

    def _require_agreement(self, node: int, root_digest: bytes) -> None:
        stated = {
            one
            for (one, kind, _), values in self._shown.items()
            if kind == typed_data.FINAL and values[1] == root_digest
        }
        liars = {number for number, one in self._nodes.items() if one.liar}
        if len(stated | liars | {node}) < self._world.poll.committee.quorum:
            self.break_(f"node {node} released its share before a quorum stated the root as final")

    def _holds(self, node: int, digest: bytes) -> bool:
        stored = NodeStore(self._nodes[node].disk.engine).ballot(POLL, digest)
        return stored is not None and stored.receipt is not None and bool(stored.signed)

    @property
    def recorded(self) -> dict[bytes, set[int]]:
        """Ballots with receipts of a quorum, liars' receipts included."""
        liars = {node.number for node in self._nodes.values() if node.liar}
        quorum = self._world.poll.committee.quorum
        # A liar gives a receipt for anything: with one from each liar it would be recorded.
        return {
            digest: givers
            for digest, givers in self.receipts.items()
            if len(givers) + len(liars) >= quorum and self._proven(digest, givers, quorum)
        }

    def _proven(self, digest: bytes, givers: set[int], quorum: int) -> bool:
        return len(givers | self.liars_receipts.get(digest, set())) >= quorum

    @property
    def liars_receipts(self) -> dict[bytes, set[int]]:
        """Receipts that liars signed."""
        found: dict[bytes, set[int]] = defaultdict(set)
        for number, node in self._nodes.items():
            if node.liar:
                for kind, values in self._signed[number].values():
                    if kind == typed_data.RECEIPT:
                        found[values[3]].add(number)
        return found

    # --- The end -------------------------------------------------------------------------------

    def is_over(self) -> bool:
        """Whether the poll ended finally and every honest node destroyed its key."""
        final = self._chain.final
        status = self._chain.model.status(final.state, final.timestamp)
        if status not in (Status.TALLIED, Status.VOID):
            return False
        if final.state.opening is None:
            # Keys of a poll that never opened go, too.
            return all(
                self._is_destroyed(node)
                if self._serves(node)
                else not any(node.disk.secrets.glob("*.json"))
                for node in self._ending()
            )
        ending = self._ending()
        if not all(self._is_destroyed(node) for node in ending):
            return False
        if status is Status.VOID:
            return True
        # After a restart, a node fetches what its board lacks from the others.
        return all(
            len(NodeStore(node.disk.engine).shares(POLL)) >= len(ending) and self._has_board(node)
            for node in ending
        )

    def _honest(self) -> list[SimulatedNode]:
        """Return nodes that neither lie nor are lost."""
        return [node for node in self._nodes.values() if not node.liar and not node.lost]

    @staticmethod
    def _has_board(node: SimulatedNode) -> bool:
        try:
            node.service.poll(POLL).publication.board()
        except Problem:
            return False
        return True

    def _ending(self) -> list[SimulatedNode]:
        """Return the honest nodes that release their shares, and destroy their keys at once.

        A rebuilt node that may have stated a root as final releases none, and keeps its key until
        the deadline of the tally (§4.3). If it had destroyed the key, it knows nothing of the poll.
        """
        return [node for node in self._honest() if not (node.rebuilt and self._sits_out(node))]

    def _sits_out(self, node: SimulatedNode) -> bool:
        if not node.process.alive or node.is_rebuilding:
            return False
        row = NodeStore(node.disk.engine).poll(POLL, self._world.poll.context)
        if row is None:
            return not any(node.disk.secrets.glob("*.json"))
        return row.may_have_stated_final

    @staticmethod
    def _serves(node: SimulatedNode) -> bool:
        return bool(NodeStore(node.disk.engine).polls())

    def _is_destroyed(self, node: SimulatedNode) -> bool:
        if not node.process.alive or not hasattr(node, "service"):
            return False
        service = node.service._polls.get(POLL)
        return service is not None and isinstance(service.phase, Destroyed)

    def check_end(self, *, opening_disturbed: bool) -> Status:
        """Check all promises about the end; return the poll's status."""
        final = self._chain.final
        status = self._chain.model.status(final.state, final.timestamp)
        if status is Status.VOID:
            self._check_void(final, opening_disturbed)
        elif status is Status.TALLIED:
            self._check_tallied(final)
        for node in self._ending():
            self._check_destroyed(node)
        for node in self._honest():
            for found in NodeStore(node.disk.engine).checkpoints.contradictions(POLL):
                if not self._nodes[found.node].liar:
                    self.break_(f"node {node.number} takes node {found.node} for a liar")
            for digest, givers in self.receipts.items():
                if node.rebuilt:
                    # Its receipts are lost; the ballots are not, if a quorum gave receipts.
                    break
                if node.number in givers and not self._holds(node.number, digest):
                    self.break_(f"node {node.number} lost a ballot for which it gave a receipt")
        return status

    def _check_void(self, final: Block, opening_disturbed: bool) -> None:
        if final.state.opening is None:
            if not opening_disturbed:
                self.break_("the poll never opened although nothing prevented it")
        elif not final.state.too_few:
            self.break_("the poll is void although there was time for it")
        elif self.recorded:
            self.break_("the poll is void for too few ballots although some are recorded")

    def _check_tallied(self, final: Block) -> None:
        poll, state = self._world.poll, final.state
        assert state.anchored is not None
        assert state.tally is not None
        boards = {}
        for node in self._honest():
            if node.rebuilt and self._sits_out(node):
                # The boards of polls that ended stay with the other nodes.
                continue
            data = node.service.poll(POLL).publication.board()
            boards[node.number] = Board.decode(data, poll.published.layout.size, 2)
        leaves = {board.leaves for board in boards.values()}
        roots = {board.root for board in boards.values()}
        if len(leaves) != 1 or roots != {state.anchored}:
            self.break_("honest nodes have different boards")
            return
        counted = [self._world.votes[tagged_hash("ballot", leaf.ballot)] for leaf in leaves.pop()]
        sums = tuple(sum(slot in vote.chosen for vote in counted) for slot in range(2))
        if state.tally.values != sums:
            self.break_(f"the tally is {state.tally.values}, the counted votes give {sums}")
        by_voter = {vote.prepared.ballot.voter: vote for vote in counted}
        for digest in self.recorded:
            vote = self._world.votes[digest]
            found = by_voter.get(vote.prepared.ballot.voter)
            if found is None or found.order_key < vote.order_key:
                self.break_(
                    f"ballot {digest.hex()[:8]} is recorded and neither counted nor replaced"
                )
        different = {board: number for number, board in boards.items()}
        for board, number in different.items():
            self._audit(number, board, final)

    def _audit(self, number: int, board: Board, final: Block) -> None:
        """Let the verifier check a node's board against the chain."""
        poll, state = self._world.poll, final.state
        assert state.anchored is not None
        assert state.tally is not None
        releasable_at = state.anchored_at + poll.parameters.dispute_window
        chain = replace(
            poll.chain(state.anchored, state.tally),
            block=final.number,
            anchored_at=state.anchored_at,
            dispute_window_ends_at=releasable_at,
            tally_deadline=releasable_at + poll.parameters.tally_period,
            tallied_at=state.tallied_at,
        )
        claimed = Claimed(poll.identity.registry, POLL)
        weights = Random(0).getrandbits
        audit = Audit(poll.curve, claimed, chain, board.encode(), weights)
        for finding in audit.run(CHECKS):
            if finding.verdict is Verdict.FAILS:
                text = f"{finding.check} {finding.item} {finding.detail}"
                self.break_(f"the audit of node {number}'s board fails: {text}")

    def _check_destroyed(self, node: SimulatedNode) -> None:
        store = NodeStore(node.disk.engine)
        if any(node.disk.secrets.glob("*.json")):
            self.break_(f"node {node.number} still has a poll's secret")
        for stored in store.ballots_after(POLL, 0, 1000):
            if stored.boxes or stored.share_box:
                self.break_(f"node {node.number} still has boxes of ballots")
