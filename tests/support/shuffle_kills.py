"""A live poll whose nodes are killed while they shuffle, and what must hold afterwards.

One node is down at a time, as the committee of four stands one failure. The seed fixes who is
killed and after which pause; the result tells what each of them was doing then.
"""

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from ostraka_verifier.board_opened import OpenedBallots, OpenedShape
from ostraka_verifier.content import Within
from ostraka_verifier.outcome import EqualShares
from tests.support.kills import NODES, require_audit
from tests.support.town import Poll, Town, eventually, vote_for

VOTERS = 120
"""So many that a step takes a while."""
PERIOD_S = 160
RULE = EqualShares(objection_time=600, costs=(50, 40, 30, 20), budget=100)
_AT_ONCE = 20
_PAUSE_S = 1.0
_DOWN_S = 1.5


def run(town: Town, seed: int, kills: int) -> list[str]:
    """Hold a poll whose nodes are killed in the shuffle; return who was killed, and when.

    Every node must open what was cast, and attest one outcome. The audit must hold.
    """
    shuffled = {"counting": 1, "open_minimum": 5, "shuffle_period": PERIOD_S}
    poll = town.open_poll(VOTERS, outcome=RULE, **shuffled)
    choice = random.Random(f"votes {seed}")
    votes = [vote_for(*choice.sample(range(4), choice.randint(1, 3))) for _ in range(VOTERS)]
    for start in range(0, VOTERS, _AT_ONCE):
        voters = range(start, min(start + _AT_ONCE, VOTERS))
        cast = poll.cast_all([poll.prepare(voter, votes[voter]) for voter in voters])
        assert all(one.recorded for one in cast)
    poll.close()
    poll.anchor()
    poll.end_window()
    with ThreadPoolExecutor(1) as thread:
        tally = thread.submit(town.courier.tally, poll.published, town.curve, PERIOD_S)
        killed = _kill(town, poll, seed, kills, tally)
        wanted = tuple(map(sum, zip(*(vote[:4] for vote in votes), strict=True)))
        assert tally.result()[0].values == wanted
    shape = OpenedShape.of(poll.published.rule, 2, VOTERS)
    for node in range(1, NODES + 1):
        eventually(lambda n=node: poll.get(n, "/opened").is_success, f"node {node} opens", 60)  # type: ignore[misc]
        opened = OpenedBallots(Within.all_of(poll.get(node, "/opened").content), shape)
        ballots = sorted(one.values for one in opened.openings(0, VOTERS))
        assert ballots == sorted(tuple(vote[:4]) for vote in votes)
    outcome, _ = town.courier.attest(poll.published, 60)
    assert list(outcome.awards) == RULE.awards_of([tuple(vote[:4]) for vote in votes])
    require_audit(poll)
    return killed


def _kill(town: Town, poll: Poll, seed: int, kills: int, tally: "Future[Any]") -> list[str]:
    """Kill nodes until so many are killed, or the sum is accepted."""
    choice, killed = random.Random(f"shuffle kills {seed}"), list[str]()
    while len(killed) < kills and not tally.done():
        time.sleep(choice.uniform(0, _PAUSE_S))
        victim = choice.randint(1, NODES)
        stage = _stage(poll, victim)
        town.stack.kill_node(victim)
        killed.append(f"node {victim}: {stage}")
        time.sleep(choice.uniform(0, _DOWN_S))
        town.stack.start_node(victim)
        town.stack.wait_for_node(victim)
    return killed


def _stage(poll: Poll, node: int) -> str:
    try:
        shown = poll.get(node).json()["shuffle"]
    except httpx.HTTPError:
        return "no answer"
    done = f" {shown['steps_done']} of {shown['steps']}" if shown["steps"] else ""
    return f"{shown['stage']}{done}"
