"""The web client in Chromium: ballots and audits in the worker that its pages use."""

import base64
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright
from tests.support.polls import CHAIN_ID, OPENS_AT, REGISTRY, approval_poll
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

from benchmarks.web import NODES, REPEATS, ROOT, THRESHOLD, VOTERS, approval_of_two, figure
from ostraka.keys import SigningKey
from ostraka.sealing import PollKey
from ostraka_verifier.board import Board
from ostraka_verifier.errors import AuditError
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.rule import slack_bits

DIST = ROOT / "web" / "dist"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
SLOWDOWN = 4
VOTE = [1, 0, 1, 0, *slack_bits(2, 1)]
SHUFFLED = ((4, 2, 1, 600), (7, 3, 2, 1200))
"""Nodes, `t`, `f`, and the goal for checking run and openings, in µs for each ballot."""
# In the client these are numbers; all other integers are bigints.
_NUMBERS = {"threshold", "count", "round", "node", "category", "status", "kind", "rejected_rounds"}
_WORKER = """
(name) => {
  const revive = (value) => {
    if (Array.isArray(value)) return value.map(revive);
    if (typeof value !== "object" || value === null) return value;
    if ("$bytes" in value) return Uint8Array.from(atob(value.$bytes), (one) => one.charCodeAt(0));
    if ("$bigint" in value) return BigInt(value.$bigint);
    if ("$undefined" in value) return undefined;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revive(one)]));
  };
  const worker = new Worker(`/assets/${name}`, { type: "module" });
  let id = 0;
  window.job = (kind, plain) => {
    const input = revive(plain);
    return new Promise((resolve, reject) => {
      const from = performance.now();
      worker.onmessage = ({ data }) => {
        if ("failure" in data) reject(new Error(data.failure.message));
        if (!("output" in data)) return;
        const verdicts = kind === "audit" ? data.output.map(({ verdict }) => verdict) : [];
        resolve([performance.now() - from, verdicts]);
      };
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({ id: ++id, kind, input });
    });
  };
}
"""
_FIRST_PAINT = """
new Promise((resolve) => {
  new PerformanceObserver((seen) => {
    for (const { name, startTime } of seen.getEntries()) {
      if (name === "first-contentful-paint") resolve(startTime);
    }
  }).observe({ type: "paint", buffered: true });
})
"""


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    with chromium() as page:
        how = f"wall time in the page's worker, {NODES} nodes, t = {THRESHOLD}"
        for name, options, at_most, goal in (("10 options", 10, 5, 300), ("64 bits", 58, 57, 500)):
            vote = vote_of(options, at_most)
            start_worker(page)
            first, _ = page.evaluate("(vote) => job('seal', vote)", vote)
            later = [page.evaluate("(vote) => job('seal', vote)", vote) for _ in range(REPEATS)]
            told = f"{how}; tables not made before"
            yield of_browser(f"ballot of {name}, first", first, "ms", goal, told)
            yield of_browser(
                f"ballot of {name}",
                median(taken for taken, _ in later),
                "ms",
                goal,
                f"{how}; median",
            )
        start_worker(page)
        taken_ms, verdicts = page.evaluate("(input) => job('audit', input)", audit_of(VOTERS))
        if set(verdicts) != {"holds"}:
            raise RuntimeError(f"the audit does not hold: {verdicts}")
        how = "wall time of all checks in the page's worker, evidence at hand"
        yield of_browser(f"audit of {VOTERS} ballots", taken_ms / 1e3, "s", 1.5, how)
        yield from opened_audits(page, how)
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        page.goto("/")
        shown_ms = page.evaluate(_FIRST_PAINT)
        how = f"page's processor {SLOWDOWN} times slower; from this machine"
        yield of_browser("first words of the page", shown_ms, "ms", 1500, how)


def opened_audits(page: Page, how: str) -> Iterator[dict[str, Any]]:
    """Yield the figures of audits of shuffled polls, with the work of A1 to A6 and without."""
    for nodes, threshold, faults, goal in SHUFFLED:
        poll = shuffled_approval_poll(
            votes=[VOTE] * VOTERS, nodes=nodes, threshold=threshold, faults=faults
        )
        made = ShuffledPoll.of(poll)
        taken_ms = []
        for board in (made.board(), made.plain):
            start_worker(page)
            once_ms, verdicts = page.evaluate(
                "(input) => job('audit', input)", audit_input(board, made.chain)
            )
            if "fails" in verdicts or (board.opened and set(verdicts) != {"holds"}):
                raise RuntimeError(f"the audit does not hold: {verdicts}")
            taken_ms.append(once_ms)
        a_ballot_us = (taken_ms[0] - taken_ms[1]) * 1e3 / VOTERS
        name = f"checks A1 to A6, ({nodes}, {threshold}, {faults})"
        rest = f"{how}, less that of the others: {taken_ms[1] / 1e3:.1f} s for {VOTERS} ballots"
        yield of_browser(name, a_ballot_us, "µs/ballot", goal, rest)


def start_worker(page: Page) -> None:
    """Open a page with a worker that has not made its tables yet."""
    page.goto("/")
    (worker,) = (DIST / "assets").glob("worker-*.js")
    page.evaluate(_WORKER, worker.name)


def vote_of(options: int, at_most: int) -> Any:
    """Return a vote in the worker's form."""
    rule, bits = approval_of_two(options, at_most)
    poll = {
        "rule": rule.encode(),
        "threshold": THRESHOLD,
        "identity": PollIdentity(CHAIN_ID, REGISTRY, 1),
        "context": bytes(range(32)),
        "poll_keys": [PollKey().public_key for _ in range(NODES)],
    }
    voter = SigningKey().address
    return plain({"poll": poll, "voter": voter, "bits": bits, "cast_at_unix_s": OPENS_AT})


def audit_of(voters: int) -> Any:
    """Return an honest poll in the worker's form."""
    poll = approval_poll(votes=[VOTE] * voters, nodes=NODES, threshold=THRESHOLD)
    return audit_input(*poll.finish())


def audit_input(board: Board, chain: ChainEvidence) -> Any:
    """Return a poll's evidence in the worker's form."""
    claimed = {"registry": REGISTRY, "poll_id": 1}
    return plain({"claimed": claimed, "chain": chain, "board": board.encode()})


def plain(value: Any, name: str = "") -> Any:
    """Return a value of the verifier as JSON, which the page turns back into its own values."""
    if value is None:
        return {"$undefined": True}
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if name in _NUMBERS else {"$bigint": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, AuditError):
        raise TypeError(str(value))
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, dict):
        return {camel(key): plain(one, key) for key, one in value.items()}
    return [plain(one, name) for one in value]


def camel(name: str) -> str:
    """Return a name in camel case, as in TypeScript."""
    return re.sub("_([a-z0-9])", lambda found: found.group(1).upper(), name)


@contextmanager
def chromium() -> Iterator[Page]:
    """Open a page of a real browser, with a server for the built client."""
    handler = partial(SilentHandler, directory=DIST)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not on PATH: scripts/chromium installs Debian's")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        page = browser.new_context(base_url=url).new_page()
        page.set_default_timeout(300_000)
        yield page
        browser.close()
    server.shutdown()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serve files without logging."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def of_browser(name: str, value: float, unit: str, goal: float, how: str) -> dict[str, Any]:
    """Return a figure of this group."""
    return figure(name, value, unit, goal, how) | {"group": "browser"}
