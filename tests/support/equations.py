"""What a coalition of nodes knows of a shared vote: linear equations, which it solves."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ostraka_verifier.curve import R
from ostraka_verifier.sharing import Share

SLOT = 1
Unknown = tuple[str, int | bytes]


@dataclass
class Equations:
    """What a coalition knows of one slot of one ballot: linear equations over F_r."""

    threshold: int
    rows: list[tuple[dict[Unknown, int], int]] = field(default_factory=list)

    def add_share(self, node: int, share: Share) -> None:
        """The coalition's own share, or one that it has read."""
        self.rows.append((self._polynomial(node, 1), share.values[SLOT]))

    def add_contribution(
        self,
        helper: int,
        coefficient: int,
        masks: Iterable[tuple[int, bytes, int | None]],
        value: int,
    ) -> None:
        """What an honest helper sent.

        Args:
            masks: Sign, commitment, and the mask itself where the coalition knows it.
        """
        row = self._polynomial(helper, coefficient)
        for sign, point, known in masks:
            if known is None:
                row["mask", point] = (row.get(("mask", point), 0) + sign) % R
            else:
                value = (value - sign * known) % R
        self.rows.append((row, value))

    def vote(self) -> int | None:
        """The vote, if the equations leave but one."""
        rows = [({key: one for key, one in row.items() if one}, value) for row, value in self.rows]
        unknowns = {key for row, _ in rows for key in row if key[0] == "mask"}
        order = [*sorted(unknowns), *(("f", degree) for degree in range(1, self.threshold))]
        for unknown in order:
            pivot = next((one for one in rows if unknown in one[0]), None)
            if pivot is None:
                continue
            rows.remove(pivot)
            rows = [_without(unknown, one, pivot) for one in rows]
        for row, value in rows:
            if row:
                return value * pow(row["f", 0], -1, R) % R
            assert value == 0, "the equations contradict one another"
        return None

    def _polynomial(self, node: int, coefficient: int) -> dict[Unknown, int]:
        return {
            ("f", degree): coefficient * pow(node, degree, R) % R
            for degree in range(self.threshold)
        }


Row = tuple[dict[Unknown, int], int]


def _without(unknown: Unknown, one: Row, pivot: Row) -> Row:
    row, value = one
    if unknown not in row:
        return one
    factor = row[unknown] * pow(pivot[0][unknown], -1, R) % R
    keys = row.keys() | pivot[0].keys()
    reduced = {key: (row.get(key, 0) - factor * pivot[0].get(key, 0)) % R for key in keys}
    return {key: left for key, left in reduced.items() if left}, (value - factor * pivot[1]) % R
