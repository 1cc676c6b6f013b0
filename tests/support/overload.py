"""Overload a live gateway or node with prepared ballots; no ballot with a receipt is lost."""

import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import httpx

from ostraka.voter.prepare import SignedBallot
from ostraka.wire.node_client import NodeClient, NodeError, node_http
from ostraka.wire.problem_types import ProblemType
from tests.support.crowd import Order, Report, send_crowd
from tests.support.town import Poll, eventually

NORMAL_S = 2
"""A vote that is recorded in this time is a normal one."""
SETTLED_S = 600


def ordered(
    ballots: Sequence[SignedBallot],
    url: str,
    folder: Path,
    rate_per_s: float,
    lasts_s: float,
    connections: int,
) -> Report:
    """Have a crowd cast ballots; the answers are by their place in `ballots`."""
    bodies = folder / "bodies"
    bodies.write_text("".join(json.dumps(one.record.to_json()) + "\n" for one in ballots))
    return send_crowd(Order(url, str(bodies), rate_per_s, lasts_s, connections), folder)


def receipted(report: Report, ballots: Sequence[SignedBallot]) -> set[bytes]:
    """Return the digests of the ballots for which somebody gave a receipt."""
    return {
        ballots[int(number)].ballot.digest
        for number, content in report.answers.items()
        if (answer := json.loads(content)).get("receipts") or "signature" in answer
    }


def failures(report: Report) -> dict[str, int]:
    """Return how often the other side failed or broke off, instead of answering or refusing."""
    return {kind: count for kind, count in report.statuses.items() if kind not in ("200", "429")}


def normal_after_s(
    url: str, ballots: Sequence[SignedBallot], longest_s: float, normal_s: float = NORMAL_S
) -> float:
    """Cast one ballot after the other until one is recorded at once; return after how long.

    Args:
        longest_s: The ballots are spread over this time.
        normal_s: Longest time that a normal vote takes.

    Raises:
        RuntimeError: None is within `longest_s` seconds.
    """
    began = time.monotonic()
    for one in ballots:
        started = time.monotonic()
        answer = httpx.post(url, json=one.record.to_json(), timeout=60)
        done = time.monotonic()
        said = answer.json()
        if done - started < normal_s and (said.get("recorded") or "signature" in said):
            return done - began
        if done - began > longest_s:
            break
        time.sleep(max(0, longest_s / len(ballots) - (done - started)))
    raise RuntimeError(f"no normal vote within {longest_s} s")


def missing_on_board(poll: Poll, digests: Collection[bytes]) -> set[bytes]:
    """Close the poll, anchor its root, and return which of these ballots are not on the board."""
    poll.close()
    poll.town.courier.anchor(poll.published, SETTLED_S)
    view = poll.town.stack.registry.poll(poll.poll_id)
    assert view.root.count
    with node_http() as http:
        node = NodeClient(http, poll.town.stack.node_urls[1])

        # Until the node sees the anchored root, its board has no leaves, or it shows none.
        def has_root() -> bool:
            try:
                return node.board(poll.published).root is not None
            except NodeError as error:
                if error.problem.kind is not ProblemType.NOT_SETTLED:
                    raise
                return False

        eventually(has_root, "the board has its root")
        leaves = node.board(poll.published).leaves
    on_board = {
        poll.published.layout.decode(poll.town.curve, leaf.ballot).digest for leaf in leaves
    }
    return set(digests) - on_board
