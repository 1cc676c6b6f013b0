"""Time of each path with one faulty node of five, for each kind of fault.

    make soak ARGS=silent

Prints a table in seconds. Exit code 1 if a path failed that has enough nodes without it.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from tests.support.faulty_node import Fault, FaultyNode
from tests.support.town import Poll, Town, vote_for

from ostraka.gateway.courier import CourierError
from ostraka.voter.casting import send_to_nodes
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.poll import OpenPoll
from ostraka.voter.saved_votes import ReceiptedBallot, SavedVotes

FAULTY = 5
FAULTS = (Fault.NONE, Fault.REFUSES, Fault.MUTE, Fault.DRIPS, Fault.LATE)
_TIMEOUT_S = 120


def main(_: Sequence[str]) -> int:
    """Run once."""
    console = Console()
    table = Table("path", *map(str, FAULTS), title="Seconds with one faulty node of five")
    rows: dict[str, list[str]] = {}
    good = True
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), nodes=5, threshold=3, faults=1)
        with town.stack:
            town.start()
            with FaultyNode(town.stack, FAULTY) as node:
                for fault in FAULTS:
                    node.turn(Fault.NONE)
                    poll = town.open_poll(20)
                    # A fresh gateway knows nothing of the faults before.
                    town.stack.start_gateway([town.committee.digest])
                    node.turn(fault)
                    for path, step in _paths(town, poll, Path(folder)).items():
                        started = time.perf_counter()
                        held = step()
                        taken_s = time.perf_counter() - started
                        good = good and held
                        rows.setdefault(path, []).append(f"{taken_s:.2f}" + " !" * (not held))
                        console.print(f"{fault}: {path}: {rows[path][-1]}")
                    town.stack.kill_gateway()
    for path, row in rows.items():
        table.add_row(path, *row)
    console.print(table)
    return 0 if good else 1


def open_poll(poll: Poll) -> OpenPoll:
    """Return a poll as a voter's program reads it from chain and nodes."""
    shown = poll.town.stack.registry.opened(poll.poll_id)
    assert shown is not None
    committee = poll.published.committee
    keys = poll_keys_of_nodes(committee, poll.poll_id, shown.node_keys)
    return OpenPoll.opened(poll.published, keys.public_keys)


def _paths(town: Town, poll: Poll, folder: Path) -> dict[str, Callable[[], bool]]:
    """Return the paths by name, each with whether it did what it could without the node."""
    opened = open_poll(poll)
    base = f"{town.stack.gateway_url}/api/v1/polls/{poll.poll_id}"
    ballots = iter([poll.prepare(voter, vote_for(0, 1)) for voter in range(20)])
    cast: list[Any] = []

    def by_gateway() -> bool:
        cast.append(next(ballots))
        body = cast[-1].record.to_json()
        answer = httpx.post(f"{base}/ballots", json=body, timeout=_TIMEOUT_S)
        return bool(answer.json()["recorded"])

    def by_command_line() -> bool:
        ballot = ReceiptedBallot(next(ballots).record)
        votes = SavedVotes(folder / f"{poll.poll_id}.json", opened, ballot.record.voter)
        votes.ballots.append(ballot)
        send_to_nodes(votes, ballot)
        return votes.recorded(ballot)

    def get(path: str) -> bool:
        return httpx.get(base + path, timeout=_TIMEOUT_S).status_code == httpx.codes.OK

    def opening() -> bool:
        published, _, census = town.create_poll(5)
        try:
            town.courier.open_poll(published, census.encode())
        except CourierError as error:
            # Needs all nodes: it must say quickly which are missing.
            return f"node {FAULTY}" in str(error) or "waits for" in str(error)
        return True

    return {
        "vote by gateway, first": by_gateway,
        "vote by gateway, second": by_gateway,
        "vote to nodes": by_command_line,
        "turnout": lambda: get("/progress"),
        "receipts": lambda: get(f"/receipts/0x{cast[0].ballot.digest.hex()}"),
        "poll with its keys": lambda: get(""),
        "attempt to open a poll": opening,
        "board": lambda: get("/board"),
    }
