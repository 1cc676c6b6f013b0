"""The one door of randomness: the range of what comes through it, and that nothing goes around."""

import ast
from pathlib import Path

from ostraka.randomness import system
from ostraka_verifier.curve import R

SOURCES = Path(__file__).parents[2] / "backend" / "ostraka"


def test_scalars_are_below_the_order_and_bytes_have_their_length() -> None:
    scalars = [system.scalar() for _ in range(64)]
    assert all(0 <= one < R for one in scalars)
    # Uniform below R: that the top 8 bits are zero 64 times has a chance of 2^-300.
    assert max(scalars) > R >> 8
    assert len(set(scalars)) == 64
    assert [len(system.bytes(size)) for size in (0, 1, 32)] == [0, 1, 32]
    assert system.bytes(32) != system.bytes(32)


def test_no_protocol_code_draws_from_the_random_module() -> None:
    """Its generator is predictable: no module of the backend may import it."""
    found = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [str(path)] if "random" in names else []
    assert found == []
