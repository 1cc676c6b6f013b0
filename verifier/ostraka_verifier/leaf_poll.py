"""What the leaves of one poll's board are checked against, for this process or another one.

Source: docs/protocol.md §13.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ostraka_verifier.board_leaves import LeafRecords
from ostraka_verifier.curve import Curve, EntriesOf, LeafCheck, LeafPart, LeafTerms
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.packed_census import CensusBlocks
from ostraka_verifier.proof import Randomness
from ostraka_verifier.rpc import Progress

_SEED_BYTES = 32
"""Of the seed of the weights of one pass."""


@dataclass(frozen=True)
class LeafPoll:
    """The poll, apart from its census.

    Attributes:
        rule: Canonical bytes of a valid rule.
        threshold: At least 1.
        context: The poll's, 32 bytes.
        generators: `H, G_1, …`, 64 bytes each.
        domain: EIP-712 domain separator, 32 bytes.
        opens_to_closes: As in `LeafTerms`.
    """

    rule: bytes
    threshold: int
    context: bytes
    generators: bytes
    domain: bytes
    opens_to_closes: tuple[int, int] | None

    def check(
        self, curve: Curve, census: EntriesOf | None, randomness: Randomness
    ) -> LeafCheck | None:
        """Return a check of leaves; None if the engine has none.

        Args:
            census: As in `LeafTerms`.
            randomness: Source of the weights, unpredictable to the makers of the ballots.
        """
        seed = unsigned(randomness(8 * _SEED_BYTES), _SEED_BYTES)
        return curve.leaf_check(
            self.rule,
            self.threshold,
            self.context,
            curve.decode(self.generators),
            LeafTerms(self.domain, census, self.opens_to_closes, seed),
        )


class LeafWorkers(Protocol):
    """Other processes that check leaves, and are trusted for that."""

    @property
    def assumed(self) -> str:
        """What the verdict assumes of them; empty if this process checked all leaves."""

    def check(
        self,
        poll: LeafPoll,
        census: CensusBlocks,
        records: LeafRecords,
        check: LeafCheck,
        fits: Callable[[LeafPart], bool],
        progress: Progress,
    ) -> LeafPart:
        """Check all leaves of a board; errors as for `LeafRecords.chunk`.

        Args:
            census: A valid one.
            check: The same check in this process.
            fits: Whether findings on all leaves agree with what is anchored and published. Where
                they do not, this process finds out whether the board or a worker is at fault.
            progress: Told how many are checked.
        """
