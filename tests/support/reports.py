"""Reports on synthetic polls, honest and changed, and text that tries to break out of them."""

import secrets
from dataclasses import replace
from typing import Any

from ostraka_verifier.checks import Audit, Claimed
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.html_report import References, Run, facts_of, render
from ostraka_verifier.report import BoardFile, Report, report_of
from ostraka_verifier.units import UnixSeconds
from tests.support.audits import CURVE
from tests.support.polls import REGISTRY

RUN = Run(
    version="0.1.0",
    engine="native",
    made_at=UnixSeconds(1_800_100_000),
    rpc="https://rpc.example/…",
    board="board.ostraka",
    command=("ostraka-verify", "report", "--poll", "1"),
)
HOSTILE = (
    "</h1><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;"
    "\u202e\u2066\u200f\u061c\x00\x1b[2J\x85\u2028"
    + "e"
    + "\u0301" * 300
    + "<style>*{display:none}</style>"
)


def report_on(board: Any, chain: ChainEvidence) -> Report:
    data = board.encode()
    audit = Audit(CURVE, Claimed(REGISTRY, 1), chain, data, secrets.randbits)
    return replace(report_of(audit), board=BoardFile.of(data))


def html_of(board: Any, chain: ChainEvidence, references: References) -> str:
    """The HTML file on a poll."""
    return render(facts_of(report_on(board, chain), references, RUN))
