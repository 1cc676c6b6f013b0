"""What all tests share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def state_of_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the commands' open requests apart from those of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
