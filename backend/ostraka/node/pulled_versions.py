"""How many versions of each voter's ballot a peer gave, so that it cannot fill the disk."""

from array import array
from bisect import bisect_left

from ostraka_verifier.census import Census


class PulledVersions:
    """Number of ballots pulled of each voter from each peer, in memory that does not grow."""

    def __init__(self, census: Census) -> None:
        self._accounts = [entry.account for entry in census.entries]
        self._counts: dict[int, array[int]] = {}

    def add(self, peer: int, voter: bytes) -> int:
        """Count a ballot; return the number so far, 0 of somebody who is not in the census."""
        position = bisect_left(self._accounts, voter)
        if self._accounts[position : position + 1] != [voter]:
            return 0
        if peer not in self._counts:
            self._counts[peer] = array("L", bytes(array("L").itemsize * len(self._accounts)))
        counts = self._counts[peer]
        counts[position] += 1
        return counts[position]
