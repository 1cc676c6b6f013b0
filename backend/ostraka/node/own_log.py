"""This node's log of its receipts of one poll, and its checkpoints.

Source: docs/protocol.md §9.6.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar

from ostraka.node.checkpoint_store import CheckpointStore
from ostraka_verifier.receipt_log import EMPTY_ROOT, Checkpoint, ReceiptLog, SignedCheckpoint
from ostraka_verifier.units import UnixSeconds

MOST_TREES = 8


@dataclass(frozen=True)
class NextCheckpoint:
    """A checkpoint that is signed, but not stored.

    Attributes:
        start: Position of the first ballot that it adds to the log.
        digests: The ballots that it adds.
    """

    start: int
    digests: list[bytes]
    signed: SignedCheckpoint


class OwnLog:
    """The log of one poll. Its tree is in memory while it is one of the last that were needed, with
    64 bytes a receipt: strangers can ask for proofs of all polls.

    Attributes:
        halted: Why this node signs no further checkpoint; "" if it does. Two checkpoints of one
            number would look like a fork.
        compared: Whether enough other nodes have shown, since this process started, which of its
            checkpoints they have. Before that it signs none: its database may be an older copy.
    """

    _recent: ClassVar[OrderedDict["OwnLog", None]] = OrderedDict()
    """Logs whose trees are in memory, the last used one last."""
    _of_recent = Lock()

    def __init__(
        self,
        store: CheckpointStore,
        poll_id: int,
        context: bytes,
        node: int,
        sign: Callable[..., bytes],
    ) -> None:
        """Args:
        sign: Signs a statement, `ServedPoll.sign`.
        """
        self._store = store
        self._poll_id = poll_id
        self._context = context
        self._node = node
        self._sign = sign
        self._tree: ReceiptLog | None = None
        self._lock = Lock()
        self.halted = ""
        self.compared = False

    def latest(self) -> SignedCheckpoint | None:
        """Return this node's latest checkpoint; None before the first."""
        return self._store.latest(self._poll_id, self._node)

    @contextmanager
    def next(self, signed_at: UnixSeconds) -> Iterator[NextCheckpoint | None]:
        """Yield the next checkpoint, over all receipts, which must be stored before this ends.

        None if this node signs none: see `halted` and `compared`.
        """
        with self._lock:
            try:
                yield self._next(signed_at)
            except BaseException:
                # Not stored, perhaps: the tree is read again.
                self._tree = None
                raise

    def _next(self, signed_at: UnixSeconds) -> NextCheckpoint | None:
        if self.halted or not self.compared:
            return None
        latest, tree = self.latest(), self._loaded()
        before = latest.checkpoint if latest else None
        known = (before.count, before.root) if before else (0, EMPTY_ROOT)
        if (len(tree), tree.root()) != known:
            self.halted = "the log on its disk is not that of its latest checkpoint"
            return None
        digests = self._store.unlogged(self._poll_id)
        tree.append(digests)
        checkpoint = Checkpoint(
            self._node,
            before.number + 1 if before else 1,
            len(tree),
            tree.root(),
            before.hash(self._context) if before else EMPTY_ROOT,
            signed_at,
        )
        signature = self._sign(*checkpoint.statement(self._context))
        return NextCheckpoint(known[0], digests, SignedCheckpoint(checkpoint, signature))

    def _loaded(self) -> ReceiptLog:
        tree = self._tree
        if tree is None:
            self._tree = tree = ReceiptLog(self._store.digests(self._poll_id))
        with self._of_recent:
            self._recent[self] = None
            self._recent.move_to_end(self)
            while len(self._recent) > MOST_TREES:
                # It is read again when it is needed; who is using it keeps it until then.
                self._recent.popitem(last=False)[0]._tree = None
        return tree

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof between two sizes of the log.

        Raises:
            ValueError: They are not in it: others' request is wrong, or the disk lost receipts.
        """
        with self._lock:
            return self._loaded().consistency(first, second)

    def inclusion(self, index: int, count: int) -> list[bytes]:
        """Return the proof of one receipt; raises ValueError as `consistency`."""
        with self._lock:
            return self._loaded().inclusion(index, count)
