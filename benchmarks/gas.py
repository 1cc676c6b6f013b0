"""Gas on Hardhat's chain: disputes, whole polls of up to 100,000 voters, proposals of a DAO."""

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import figure_at_most

CHECKOUT = Path(__file__).parents[1]
TRANSACTION_CAP = 16_777_216
"""Most gas of one transaction (EIP-7825)."""
ANSWER_64_BITS = 700_000
DOUBLING = 4_000
"""Most gas more for twice as many voters, for each path in a tree."""
_figure = partial(figure_at_most, "gas", digits=3)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    polls: dict[str, float] = {}
    for name, value in measured("gas.js"):
        if name.startswith("whole poll"):
            polls[name] = value
        elif name.endswith("a doubling and path"):
            yield _figure(name, value, "gas", DOUBLING, "from 8 to 1,024 voters")
        elif name == "answerLeaf without a payee, 64 bits":
            yield _figure(name, value, "gas", ANSWER_64_BITS, "2 voters: paths of one sibling")
        else:
            yield _figure(name, value, "gas", TRANSACTION_CAP, "3 voters, new payees")
    yield _figure(
        "largest difference of 10, 1,000 and 100,000 voters",
        100 * (max(polls.values()) / min(polls.values()) - 1),
        "%",
        1,
        "create, open, anchor, tally; 10 options: "
        + ", ".join(f"{value:,.0f}" for value in polls.values()),
    )
    for name, value in measured("governor_gas.js"):
        yield _figure(f"Governor: {name}", value, "gas", TRANSACTION_CAP, "7 delegates")


def measured(script: str) -> Iterator[tuple[str, float]]:
    """Yield names and values that a script prints."""
    with subprocess.Popen(
        ["node", str(Path(__file__).with_name(script))],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            figure = json.loads(line)
            yield figure["name"], figure["value"]
    if process.returncode:
        raise ChildProcessError(f"{script}: exit code {process.returncode}")
