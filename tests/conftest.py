"""What all tests share."""

from collections import Counter
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def state_of_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the commands' open requests apart from those of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the minutes of each suite, added up over all processes."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds["/".join(report.nodeid.split("/")[:2]).partition("::")[0]] += (
                    report.duration
                )
    terminalreporter.section("minutes of each suite")
    for suite, spent in sorted(seconds.items()):
        terminalreporter.line(f"{spent / 60:6.1f}  {suite}")
