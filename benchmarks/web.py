"""The browser's protocol under Node.js, which runs Chromium's engine: ballots, audit, bundle.

All is done on one thread, and its processor time is taken, so that a busy machine does not count.
"""

import gzip
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.polls import CHAIN_ID, OPENS_AT, REGISTRY, approval_poll
from tests.web.bridge import Browser

from benchmarks.figures import figure_at_most
from ostraka.keys import SigningKey
from ostraka.sealing import PollKey
from ostraka_verifier.rule import BallotRule, Row, slack_bits, slack_coefficients

VOTERS = 2000
NODES = 5
THRESHOLD = 3
REPEATS = 5
ROOT = Path(__file__).parent.parent
figure = partial(figure_at_most, "web", digits=1)


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    how = f"share, prove, seal to {NODES} nodes and sign, t = {THRESHOLD}; tables not made before"
    for name, options, at_most, goal in (("10 options", 10, 5, 300), ("64 bits", 58, 57, 500)):
        first, later = prepare(options, at_most)
        yield figure(f"ballot of {name}, first", first, "ms", goal, f"{how}; fresh process")
        yield figure(f"ballot of {name}", later, "ms", goal, f"{how}; median of {REPEATS}")
    yield figure(f"audit of {VOTERS} ballots", audit(), "s", 3, "all checks, from bytes")
    sizes = bundle()
    how = "built by Vite, gzip -9, protocol with noble's libraries"
    yield figure("worker that a voter loads", sizes["worker"], "kB", 80, how)
    more = sizes["checks"] + sizes["proof_batch"]
    yield figure("additional scripts of an auditor", more, "kB", 80, how)


def prepare(options: int, at_most: int) -> tuple[float, float]:
    """Return the milliseconds of a process's first ballot, and of later ones."""
    rule, bits = approval_of_two(options, at_most)
    request = {
        "rule": rule.encode(),
        "threshold": THRESHOLD,
        "context": bytes(range(32)),
        "poll_keys": [PollKey().public_key for _ in range(NODES)],
        "chain_id": CHAIN_ID,
        "registry": REGISTRY,
        "secret": SigningKey().secret(),
        "bits": bits,
        "cast_at": OPENS_AT,
    }
    browser = Browser()
    browser.call("ready")
    times = []
    for _ in range(REPEATS + 1):
        browser.call("prepare", **request)
        times.append(browser.cpu_ms)
    browser.close()
    return times[0], median(times[1:])


def approval_of_two(options: int, at_most: int) -> tuple[BallotRule, list[int]]:
    """Return a rule for approving at most `at_most` options, and a ballot that approves two."""
    slack = slack_coefficients(at_most)
    ones = [(bit, 1) for bit in range(options)]
    row = Row((*ones, *enumerate(slack, start=options)), at_most)
    rule = BallotRule(options + len(slack), tuple((one,) for one in ones), (row,))
    return rule, [1, 1, *[0] * (options - 2), *slack_bits(at_most, at_most - 2)]


def audit() -> float:
    """Return the processor seconds of a whole audit."""
    vote = [1, 0, 1, 0, *slack_bits(2, 1)]
    board, chain = approval_poll(votes=[vote] * VOTERS, nodes=NODES, threshold=THRESHOLD).finish()
    browser = Browser()
    browser.call("ready")
    found = browser.call("audit", registry=REGISTRY, poll_id=1, chain=chain, board=board.encode())
    browser.close()
    if {finding["verdict"] for finding in found} != {"holds"}:
        raise RuntimeError("the audit does not hold")
    return browser.cpu_ms / 1e3


def bundle() -> dict[str, float]:
    """Return the compressed size in kB of each script, by the first part of its name."""
    npx = Path(sysconfig.get_path("scripts")) / "npx"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npx, "vite", "build", "web", "--outDir", folder, "--logLevel", "warn"],
            cwd=ROOT,
            check=True,
        )
        return {
            path.name.partition("-")[0]: len(gzip.compress(path.read_bytes(), 9)) / 1000
            for path in (Path(folder) / "assets").glob("*.js")
        }
