"""`ostraka demo` as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from ostraka.demo.demo import Demo
from ostraka.formats.reading import read_election
from ostraka.keys import SigningKey
from tests.support.elections import pb, write

FILE = Path(__file__).parents[2] / "data" / "poland_lodz_2020_nad-nerem.pb"


def processes_of(session: str) -> list[str]:
    """Processes whose environment carries a mark that children inherit."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if session.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_a_city_with_a_killed_node_and_a_false_root() -> None:
    mark = f"OSTRAKA_TEST_MARK={time.time_ns()}"
    name, value = mark.split("=")
    completed = subprocess.run(
        [
            *(sys.executable, "-m", "ostraka", "demo", str(FILE)),
            *("--voters", "24", "--kill-node", "--fraud", "--exit", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {name: value},
    )
    assert completed.returncode == 0, completed.stderr[-3000:]
    result = json.loads(completed.stdout)
    assert result["verdict"] == "holds"
    assert result["count_agrees"] is True
    assert result["payouts_agree"] is True
    assert result["killed_nodes"] == [1]
    fraud = result["fraud"]
    assert fraud["rejected"] is True
    # Nothing but fees is lost: the bond came back.
    assert 0 < int(fraud["cost_wei"]) < 10**15
    moves = [one["move"].split(":")[0] for one in fraud["moves"] if "move" in one]
    assert moves[0].startswith("challenge leaf")
    assert "reject the root" in moves
    assert "The watchtower sees a root that is unproven" in completed.stderr
    assert sum(project["votes"] for project in result["projects"]) > 24
    assert {step["name"] for step in result["steps"]} >= {
        "propose",
        "start voting and open",
        "pay out",
        "audit",
    }
    assert processes_of(mark) == []


def require_playground(printed: str) -> None:
    """Check that the printed round is open and funded, and that the printed key may propose."""
    site, number = re.findall(r"Open for proposals: (\S+)/rounds/(\d+)", printed)[0]
    shown = httpx.get(f"{site}/api/v1/rounds/{number}", trust_env=False).json()
    assert (shown["status"], shown["deposited"]) == ("proposing", shown["budget"])
    listed = httpx.get(f"{site}/api/v1/rounds/{number}/proposals", trust_env=False).json()
    assert {one["category"] for one in listed} == {0, 1, 2}
    assert shown["outcome"]["names"] == ["Green spaces", "Streets and paths", "Meeting places"]
    assert "[1]" not in shown["text"]
    assert len({one["proposer"] for one in listed}) > 1
    (path,) = re.findall(r"^ +(/\S+member\.key)$", printed, re.MULTILINE)
    account = SigningKey(bytes.fromhex(Path(path).read_text())).address_hex
    member = httpx.get(f"{site}/api/v1/rounds/{number}/members/{account}", trust_env=False)
    assert member.status_code == 200
    poll = httpx.get(f"{site}/api/v1/polls/2", trust_env=False).json()
    assert (poll["status"], poll["voters"]) == ("open", 5)


def test_a_file_with_cents_caps_and_broken_ballots(tmp_path: Path) -> None:
    meta = {
        "budget": "100.50",
        "rule": "greedy",
        "categories": "Parks,Sport",
        "budget_per_category": "60.50,50",
        "max_sum_cost_per_category": "60,50",
        "leftover_budget": "What is left, ordered by score",
    }
    projects = (
        *("project_id;cost;name;category;selected", "a;60.25;Alpha;Parks;1"),
        *("b;40;Beta;Sport;1", "c;11;Gamma;Sport;0"),
    )
    votes = ["voter_id;vote", "1;b", "2;b,c", "3;c,c", "4;a,b", "5;a", "6;", "7;b", "8;c"]
    # A whole category of Parks costs more than its cap: nobody may choose Alpha.
    path = write(tmp_path, pb(meta, projects, votes))
    refused = subprocess.run(
        [sys.executable, "-m", "ostraka", "demo", str(path), "--exit", "--json", "--nodes", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "4 voters: at least 5" in refused.stderr
    path = write(tmp_path, pb(meta | {"max_sum_cost_per_category": "61,50"}, projects, votes))
    # Without --exit, it stays up with a second round.
    with (tmp_path / "result.json").open("w+") as stdout:
        demo = subprocess.Popen(
            [sys.executable, "-m", "ostraka", "demo", str(path), "--json", "--nodes", "3"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert demo.stderr is not None
        printed = []
        for line in demo.stderr:
            printed.append(line)
            if line.startswith("All services keep running"):
                break
        try:
            assert demo.poll() is None, printed[-40:]
            require_playground("".join(printed))
        finally:
            demo.terminate()
            demo.wait(30)
        stdout.seek(0)
        result = json.load(stdout)
    assert result["says"].startswith("Approval of at most 3 of 3 projects with caps on the cost")
    assert result["says"].endswith("a poll, because a round has no such ballots.")
    assert (result["verdict"], result["count_agrees"]) == ("holds", True)
    assert (result["winners_agree"], result["payouts_agree"]) == (True, None)
    assert [one["votes"] for one in result["projects"]] == [2, 3, 1]
    assert (result["voters"], result["ballots"]) == (8, 6)
    assert [one["voter"] for one in result["left_out"]] == [2, 3]
    assert (result["currency"], result["decimals"]) == ("EUR", 2)
    assert result["projects"][0]["cost"] == "6025"


def test_a_city_decides_by_equal_shares_of_private_ballots(tmp_path: Path) -> None:
    """Nodes open the ballots without their voters, and whoever reads them decides alike."""
    meta = {"budget": "100.50", "rule": "equalshares/add1"}
    projects = (
        *("project_id;cost;name;votes;selected", "a;60.25;Alpha;5;1", "b;40;Beta;4;0"),
        *("c;11;Gamma;3;1", "d;30;Delta;3;0"),
    )
    votes = ["voter_id;vote", "1;a", "2;a", "3;a,b", "4;b", "5;b,c", "6;b,c,c", "7;", "8;c,d"]
    votes += ["9;b,d", "10;a,d", "11;a,c"]
    demo = Demo(
        write(tmp_path, pb(meta, projects, votes)),
        tmp_path,
        Console(quiet=True),
        voters=None,
        nodes=4,
        kill=False,
    )
    with demo.stack:
        result = demo.run().to_json()
        base = f"{demo.stack.gateway_url}/api/v1/polls/1"
        files = [
            httpx.get(f"{base}/{name}", trust_env=False) for name in ("opened.pb", "opened.preflib")
        ]
    assert (result["verdict"], result["count_agrees"]) == ("holds", True)
    assert (result["published_agrees"], result["winners_agree"]) == (True, True)
    assert [one["voter"] for one in result["left_out"]] == [6]
    # Greedy would fund Beta and not Gamma, whose supporters do not pay for Alpha.
    assert result["opened"] == {
        "ballots": 10,
        "ballots_agree": True,
        "awards": [1, 0, 1, 0],
        "outcome_agrees": True,
    }
    assert {step["name"] for step in result["steps"]} >= {"attest outcome", "pay out"}
    assert result["payouts_agree"] is True
    exported = read_election(write(tmp_path, files[0].text, "opened.pb"))
    assert sorted(str(one.vote) for one in exported.votes) == sorted(
        str(one.vote) for one in demo.election.votes if one.number != 6
    )
    assert files[1].headers["content-disposition"] == 'attachment; filename="poll-1.cat"'
    assert "# NUMBER VOTERS: 10\n" in files[1].text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_demo_leaves_nothing_behind(number: signal.Signals) -> None:
    mark = f"OSTRAKA_TEST_MARK={time.time_ns()}"
    name, value = mark.split("=")
    demo = subprocess.Popen(
        [sys.executable, "-m", "ostraka", "demo", str(FILE), "--voters", "10"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {name: value},
    )
    deadline = time.monotonic() + 60
    # The demo, the chain, the server of forks and its tracker, five nodes, and the gateway.
    while len(processes_of(mark)) < 10:
        assert time.monotonic() < deadline
        assert demo.poll() is None
        time.sleep(0.2)
    demo.send_signal(number)
    demo.wait(30)
    # Killed outright, it cannot wait for its children to be gone.
    deadline = time.monotonic() + 30
    while processes_of(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(mark) == []


def test_wrong_files_are_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pb"
    broken.write_text("nothing")
    shared = write(tmp_path, pb({"rule": "equalshares/eps"}), "shared.pb")
    for arguments, reason in (
        ([str(broken)], "section META is missing"),
        ([str(tmp_path / "none.pb")], "No such file"),
        ([str(FILE), "--voters", "3"], "at least 5"),
        ([str(shared)], "known are greedy"),
        ([str(FILE), "--nodes", "6"], "the demo runs 3, 4, 5, 7"),
    ):
        completed = subprocess.run(
            [sys.executable, "-m", "ostraka", "demo", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 2
        assert reason in completed.stderr
        assert "Traceback" not in completed.stderr
