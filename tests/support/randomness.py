"""Randomness that repeats: for vectors and tests only."""

from hashlib import shake_256

from ostraka_verifier.curve import R


class SeededRandomness:
    """A stream of scalars that a seed fixes."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def bytes(self, size: int) -> bytes:
        """The next `size` bytes."""
        self._drawn += 1
        return shake_256(self._seed + self._drawn.to_bytes(8, "big")).digest(size)

    def scalar(self) -> int:
        """The next scalar in [0, R)."""
        return int.from_bytes(self.bytes(64), "big") % R
