"""The second verifier, built once for all its tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.second_verifier import SecondVerifier, build


@pytest.fixture(scope="session")
def program() -> Path:
    """Path of the program. Without Go, the tests fail."""
    return build()


@pytest.fixture
def second(program: Path) -> Iterator[SecondVerifier]:
    with SecondVerifier(program) as verifier:
        yield verifier
