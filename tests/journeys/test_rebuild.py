"""A node that lost its database in a poll does not start, is built again, and helps to tally."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ostraka.demo.chains import CHECKOUT
from tests.support.town import Poll, Town, eventually, vote_for

VOTES = [vote_for(0), vote_for(0, 1), vote_for(1, 2, 3), vote_for(2), vote_for(0, 3)]
EXPECTED = (3, 2, 2, 2)
LOST = 3


def start(town: Town, command: str, *options: str) -> subprocess.Popen[str]:
    """Start `ostraka node …` with the settings of the node that lost its database."""
    return subprocess.Popen(
        [sys.executable, "-m", "ostraka", "node", command, *options],
        env=os.environ | town.stack.node_environment(LOST),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(town: Town, command: str, *options: str) -> tuple[int, str]:
    """Run it to its end; return the exit code and all output."""
    process = start(town, command, *options)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in errors
    return process.returncode, output + errors


def test_a_node_without_its_database_is_built_again(tmp_path: Path) -> None:
    town = Town(tmp_path, nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        poll = town.open_poll(8)
        before = poll.vote(VOTES[:3])
        town.stack.kill_node(LOST)
        lose_and_rebuild(town)
        town.stack.start_node(LOST)
        town.stack.wait_for_node(LOST)
        require_silent(poll)
        # It has the ballots of the others, and new ones, without receipts of its own.
        late = [poll.prepare(voter, VOTES[voter]) for voter in (3, 4)]
        for result in poll.cast_all(late):
            assert set(result.receipts) == {1, 2, 4}
            assert result.recorded
        eventually(lambda: poll.get(LOST).json()["voted"] == 5, "it has the others' ballots")
        for one in before:
            path = f"/receipts/0x{one.ballot.digest.hex()}"
            assert poll.get(LOST, path).status_code == 404
            assert poll.get(1, path).status_code == 200
        assert poll.tally() == EXPECTED
        # The root could not be final when the database was lost: it states it, and releases.
        eventually(lambda: len(poll.get(LOST, "/shares").json()) == 4, "all shares are known")
        for path in ("/finals", "/shares"):
            eventually(
                lambda path=path: LOST in {one["node"] for one in poll.get(1, path).json()},  # type: ignore[misc]
                f"node 1 has its part of {path}",
            )
        eventually(lambda: poll.get(LOST).json()["key_destroyed"], "it destroyed its poll key")
        assert poll.get(LOST, "/board").content == poll.get(1, "/board").content
        assert poll.get(LOST, "/inventory").status_code == 409


def lose_and_rebuild(town: Town) -> None:
    database = town.stack.folder / f"node-{LOST}" / "node.db"
    with database.open("r+b") as file:
        file.truncate(20_000)
    code, said = run(town, "run")
    assert (code, "ostraka node rebuild" in said, str(database) in said) == (1, True, True), said
    # A new, empty database is no way around it, without the old one's log, either.
    aside = database.rename(database.with_name("aside.db"))
    for log in database.parent.glob("node.db-*"):
        log.unlink()
    code, said = run(town, "run")
    assert (code, "ostraka node rebuild" in said) == (1, True), said
    for file in database.parent.glob("node.db*"):
        file.unlink()
    aside.rename(database)
    # Killed in the middle, it leaves nothing that a node would run on.
    process = start(town, "rebuild")
    deadline = time.monotonic() + 30
    while not list(database.parent.glob("node.db.damaged-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, said = run(town, "run")
    assert (code, "ostraka node rebuild" in said) == (1, True), said
    # Of a poll that a reorganization removed, or that a provider does not show yet.
    stray = database.parent / "secrets" / f"{'ab' * 32}.json"
    stray.touch(mode=0o600)
    code, said = run(town, "rebuild", "--json")
    assert (code, '"complete": true' in said) == (0, True), said
    assert all(part in said for part in ('"poll": "1"', '"outcome": "built"', '"ballots": 3')), said
    assert "1 secret is of no poll that the provider shows" in said
    stray.unlink()
    code, said = run(town, "rebuild")
    assert (code, "nothing to build again" in said) == (1, True), said


def require_silent(poll: Poll) -> None:
    """It signs nothing about ballots that could contradict what it signed before."""
    mine = poll.prepare(5, VOTES[0])
    answer = poll.post(LOST, mine.record.to_json())
    assert (answer.status_code, answer.json()["title"]) == (409, "Poll not served here")
    assert "lost its database" in answer.json()["detail"]
    assert poll.get(LOST, "/inventory").status_code == 409
