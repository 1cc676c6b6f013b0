"""Lighthouse's scores of the web client's main pages, on the services of a demo.

The package and its lock are beside this module, and are installed on demand into
build/lighthouse: nothing else needs them. Chromium is that of PATH.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import figure_at_least
from benchmarks.web import ROOT

DEMO_FILE = ROOT / "data" / "poland_lodz_2020_nad-nerem.pb"
PACKAGE = Path(__file__).parent / "lighthouse_package"
INSTALLED = ROOT / "build" / "lighthouse"
GOALS = {"performance": 95, "accessibility": 100, "best-practices": 100}
REPEATS = 3
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking"
# The first gateway is the demo's; the round of the file is 1, its poll is 1.
PAGES = {"home": "/", "round": "/rounds/2", "ballot": "/polls/2", "results": "/polls/1/results"}


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    how = f"a phone with a slow network as Lighthouse simulates it, median of {REPEATS}"
    program = install()
    with demo() as url:
        for name, path in PAGES.items():
            runs = [scores(program, url + path) for _ in range(REPEATS)]
            for category, goal in GOALS.items():
                value = median(one[category] for one in runs)
                title = f"{name}: {category.replace('-', ' ')}"
                yield figure_at_least("lighthouse", title, value, "of 100", goal, how, digits=0)


def install() -> Path:
    """Install the locked package unless it is there; return the path of its program."""
    for name in ("package.json", "package-lock.json"):
        INSTALLED.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, INSTALLED / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=INSTALLED, check=True)
    return INSTALLED / "node_modules" / "lighthouse" / "cli" / "index.js"


@contextmanager
def demo() -> Iterator[str]:
    """Run a demo that stays up; yields the URL of its web client."""
    command = [sys.executable, "-m", "ostraka", "demo", str(DEMO_FILE), "--voters", "40"]
    # Its results go to a file: nobody reads a pipe.
    with tempfile.TemporaryFile() as results:
        process = subprocess.Popen(
            [*command, "--json"], stdout=results, stderr=subprocess.PIPE, text=True
        )
        try:
            yield _url_of(process)
        finally:
            process.terminate()
            process.wait(60)


def _url_of(process: subprocess.Popen[str]) -> str:
    if process.stderr is None:
        raise RuntimeError("the demo has no standard error")
    printed, url = [], None
    for line in process.stderr:
        printed.append(line)
        url = re.match(r"Open this in a browser: (\S+)/$", line) or url
        if line.startswith("All services keep running") and url is not None:
            return url[1]
    raise RuntimeError("the demo ended: " + "".join(printed[-20:]))


def scores(program: Path, url: str) -> dict[str, float]:
    """Return the score of each category for one visit of a page, of 100."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("chromium is not on PATH: scripts/chromium installs Debian's")
    command = [
        *("node", str(program), url, "--quiet", "--output=json", f"--chrome-flags={FLAGS}"),
        "--only-categories=" + ",".join(GOALS),
    ]
    environment = {**os.environ, "CHROME_PATH": chromium}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{url}: {done.stderr.decode(errors='replace')[-500:]}")
    report = json.loads(done.stdout)
    if report.get("runtimeError"):
        raise RuntimeError(f"{url}: {report['runtimeError']['message']}")
    (ROOT / "build" / "lighthouse.json").write_bytes(done.stdout)
    return {name: 100 * report["categories"][name]["score"] for name in GOALS}
