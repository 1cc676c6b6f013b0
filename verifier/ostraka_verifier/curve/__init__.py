"""BN254 G1 behind one small interface.

Two implementations return the same bytes: `native` (arkworks, in Rust) for use, and `reference`
(py_ecc) for comparison and as a fallback.

Source: docs/protocol.md §2.1–§2.4. Vectors: tests/vectors/curve.json.
"""

import importlib.util
import os
from typing import Literal

from ostraka_verifier.curve.interface import (
    Curve,
    EntriesOf,
    FixedBases,
    LeafCheck,
    LeafPart,
    LeafTerms,
    P,
    Points,
    R,
    Scalars,
    ShuffleEngine,
)

__all__ = [
    "Curve",
    "EntriesOf",
    "FixedBases",
    "LeafCheck",
    "LeafPart",
    "LeafTerms",
    "P",
    "Points",
    "R",
    "Scalars",
    "ShuffleEngine",
    "engine_name",
    "load",
]


def load(name: str | None = None) -> Curve:
    """Return an engine by name. Arguments and errors are those of `engine_name`."""
    if engine_name(name) == "reference":
        from ostraka_verifier.curve.reference import Reference

        return Reference()
    from ostraka_verifier.curve.native import Native

    return Native()


_chosen: Literal["native", "reference"] | None = None


def choose(name: str | None) -> None:
    """Use an engine wherever this process names none: hashes and signatures, for example.

    Arguments and errors are those of `engine_name`.
    """
    global _chosen
    _chosen = engine_name(name)


def chosen() -> Literal["native", "reference"]:
    """Return the engine that is used where none is named; found out once."""
    if _chosen is None:
        choose(None)
    return _chosen or engine_name()


def engine_name(name: str | None = None) -> Literal["native", "reference"]:
    """Return the name of the engine to use.

    Args:
        name: "native", "reference", or None for the value of `OSTRAKA_CURVE`, else for native if it
            is installed.

    Raises:
        RuntimeError: Native is asked for, here or by `OSTRAKA_CURVE`, and not installed.
        ValueError: There is no engine of that name.
    """
    installed = importlib.util.find_spec("ostraka_verifier_native") is not None
    name = name or os.environ.get("OSTRAKA_CURVE") or ("native" if installed else "reference")
    if name == "reference":
        return "reference"
    if name != "native":
        raise ValueError(f"no curve engine {name!r}: native or reference")
    if not installed:
        raise RuntimeError(
            "curve engine native: the package ostraka-verifier-native is not installed"
        )
    return "native"
