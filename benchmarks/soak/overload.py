"""Ten times more ballots than a gateway and a node can take, for a minute each.

    make soak ARGS="overload [SECONDS [VOTERS]]"

Exit code 1 unless every answer is a receipt or status 429 with `Retry-After`, votes are normal
again within 20 s, and every ballot with a receipt is on the final board.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from tests.support.crowd import Report
from tests.support.overload import (
    failures,
    missing_on_board,
    normal_after_s,
    ordered,
    receipted,
)
from tests.support.town import Town, vote_for

OVERLOAD = 10
CONNECTIONS, AT_EASE = 600, 40
MEASURED_S = 5
AFTERWARDS = 30
NORMAL_WITHIN_S = 20


def main(arguments: Sequence[str]) -> int:
    """Run once."""
    given_s, given_voters, *_ = [*arguments, *("60", "12000")[len(arguments) :]]
    lasts_s, voters = float(given_s), int(given_voters)
    console, good = Console(), True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        town = Town(folder, nodes=4, threshold=2, faults=1)
        with town.stack:
            town.start()
            town.stack.start_gateway([town.committee.digest])
            poll = town.open_poll(voters, round_duration=120)
            ballots = [poll.prepare(voter, vote_for(0)) for voter in range(voters)]
            gateway = f"{town.stack.gateway_url}/api/v1/polls/{poll.poll_id}/ballots"
            half, given = len(ballots) // 2, set[bytes]()
            parts = [("gateway", gateway, ballots[:half])]
            parts.append(("node", poll.url(1, "/ballots"), ballots[half:]))
            for who, url, own in parts:
                rest = iter(own)
                afterwards = [next(rest) for _ in range(AFTERWARDS)]
                crowd = list(rest)
                calm = ordered(crowd, url, folder, 1e6, MEASURED_S, AT_EASE)
                capacity_per_s = len(calm.answers) / MEASURED_S
                given |= receipted(calm, crowd)
                crowd = [one for n, one in enumerate(crowd) if str(n) not in calm.answers]
                console.print(f"{who}: {capacity_per_s:.0f} ballots/s at ease")
                rate = OVERLOAD * capacity_per_s
                report = ordered(crowd, url, folder, rate, lasts_s, CONNECTIONS)
                took = receipted(report, crowd)
                given |= took
                again_s = normal_after_s(url, afterwards, NORMAL_WITHIN_S)
                console.print(
                    f"{who}: {rate:.0f} requests/s for {lasts_s:.0f} s: {report.statuses}, "
                    f"{len(took)} receipts, slowest {report.slowest_s:.1f} s, "
                    f"normal after {again_s:.1f} s"
                )
                good = good and _is_good(report)
            missing = missing_on_board(poll, given)
            console.print(f"{len(given)} ballots with receipts, {len(missing)} not on the board")
    return 0 if good and not missing else 1


def _is_good(report: Report) -> bool:
    return not failures(report) and not report.pauses_missing and "429" in report.statuses
