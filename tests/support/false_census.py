"""Census trees whose maker put anything into any node (docs/protocol.md §6.2)."""

from collections.abc import Mapping, Sequence

from ostraka.chain.governor import PlacedEntry
from ostraka_verifier.census import CensusEntry
from ostraka_verifier.census_tree import CensusRoot
from ostraka_verifier.encoding import keccak256, unsigned

Node = tuple[bytes, int]
_PADDING: Node = (bytes(32), 0)


class FalseCensus:
    """The tree of these entries, but with other nodes at some (height, index)."""

    def __init__(
        self,
        entries: Sequence[CensusEntry],
        changed: Mapping[tuple[int, int], Node] | None = None,
    ) -> None:
        self.entries = entries
        changed = changed or {}
        depth = (len(entries) - 1).bit_length()
        leaves = [
            (keccak256(b"ostraka/v2/census-leaf", one.encode()), one.weight) for one in entries
        ]
        level = leaves + [_PADDING] * ((1 << depth) - len(leaves))
        self.levels: list[list[Node]] = []
        for height in range(depth + 1):
            if height:
                pairs = zip(level[::2], level[1::2], strict=True)
                level = [
                    _PADDING if index << height >= len(entries) else _parent(*pair)
                    for index, pair in enumerate(pairs)
                ]
            level = [changed.get((height, at), node) for at, node in enumerate(level)]
            self.levels.append(level)
        [top] = level
        self.tree = CensusRoot(*top, len(entries))

    def place(self, index: int) -> PlacedEntry:
        """What an answer shows of a place."""
        beside = [level[(index >> height) ^ 1] for height, level in enumerate(self.levels[:-1])]
        packed = b"".join(digest + unsigned(total, 16) for digest, total in beside)
        return PlacedEntry(index, self.entries[index], packed)


def _parent(left: Node, right: Node) -> Node:
    packed = [part + unsigned(total, 16) for part, total in (left, right)]
    return keccak256(b"ostraka/v2/census-node", *packed), left[1] + right[1]
