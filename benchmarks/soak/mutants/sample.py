"""A sample of mutants that takes of each source in proportion to its size."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def sampled(mutants: Mapping[str, Sequence[_T]], seed: str, size: int | None) -> list[_T]:
    """Return mutants of all sources in a random order, of which any first part is stratified.

    Args:
        mutants: By source.
        size: Number of mutants; None for all.
    """
    ranked = []
    for source, found in mutants.items():
        chance = random.Random(f"{seed} {source}")
        shuffled = list(found)
        chance.shuffle(shuffled)
        ranked += [
            ((rank + chance.random()) / len(shuffled), one) for rank, one in enumerate(shuffled)
        ]
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked][:size]
