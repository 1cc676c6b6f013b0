"""Shuffled ballots: checking runs and openings beside the pass over leaves, proving, resharing.

Times are processor time, which a busy machine hardly affects: with both cores free, checking takes
about half as long.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any, TypeVar

from tests.support.shuffles import SharedBallots

from benchmarks.audit import made_leaves
from benchmarks.figures import figure_at_most
from ostraka.node.shuffle.dealing import draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka.node.shuffle.resharing import combine_commitments, receive, reshare
from ostraka.randomness import system
from ostraka_verifier.curve.native import Native
from ostraka_verifier.question import Approval
from ostraka_verifier.shuffle import (
    Group,
    RunRecord,
    ShuffleKey,
    StepRecord,
    combine_shares,
    decode_shares,
    encode_shares,
    fewest_groups,
    sharing_hash,
    verify_groups,
    verify_openings,
    verify_steps,
)

GROUP = "shuffle"
BALLOTS = 4096
LEAVES = 1024
SLOTS = 20
REPEATS = 5
GOALS = ((4, 2, 60), (7, 3, 200))
"""Nodes, `t`, and the goal for checking a run, in µs for each ballot."""

T = TypeVar("T")


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    curve = Native()
    for nodes, threshold, goal in GOALS:
        name = f"({nodes}, {threshold})"
        run = Run(curve, nodes, threshold)
        yield run.figure_of_check(name, goal)
        whole, listed = run.cost_of_a_step()
        how = f"group's first member, all it does in a step, in µs: {listed}"
        yield figure_at_most(GROUP, f"{name} make a step", whole * 1e3, "ms/ballot", 1.5, how, 3)
        size = len(run.steps[0].proof) / BALLOTS
        more = len(run.steps[0].encode()) - len(run.steps[0].proof)
        how = f"proof with outputs; each step's record has {more} bytes more, once"
        yield figure_at_most(GROUP, f"{name} board", size, "bytes/ballot and step", 320, how, 2)


class Run:
    """One whole run, with the seconds that its parts took."""

    def __init__(self, curve: Native, nodes: int, threshold: int) -> None:
        votes = [[secrets.randbelow(2) for _ in range(SLOTS)] for _ in range(BALLOTS)]
        self._curve = curve
        self._ballots = SharedBallots(votes, nodes, threshold, system, curve)
        self._spent: dict[str, list[float]] = {}
        self._key = self._timed("generators", lambda: ShuffleKey(curve, BALLOTS))
        self._state = self._ballots.start
        self._held = self._ballots.shares
        self.steps: list[StepRecord] = []
        for group in fewest_groups(nodes, threshold) or ():
            self._step(group)

    def figure_of_check(self, name: str, goal: float) -> dict[str, Any]:
        """Check the run from bytes, in turns with the pass over leaves of such ballots."""
        ballots, curve, key = self._ballots, self._curve, self._ballots.key
        record = RunRecord(ballots.start.run.turn, tuple(self.steps)).encode()
        held = dict(enumerate(self._held, start=1))
        opened = encode_shares(combine_shares(held, ballots.threshold))

        def audit() -> None:
            run = RunRecord.decode(record, ballots.threshold, BALLOTS)
            verify_groups(ballots.nodes, ballots.threshold, run.steps)
            end = verify_steps(self._key, ballots.start, run.steps, secrets.randbits)
            openings = decode_shares(opened, BALLOTS, SLOTS, "openings")
            verify_openings(curve, key, end.values, openings, secrets.randbits)

        options = tuple(f"option {number}" for number in range(SLOTS))
        question = Approval("Which?", options, 0, SLOTS)
        leaves = made_leaves(question, list(range(5)), LEAVES, ballots.threshold)
        turns = [
            (_taken(audit), _taken(partial(leaves.check.check, 0, leaves.board)))
            for _ in range(REPEATS)
        ]
        checked = median(one for one, _ in turns) / BALLOTS * 1e6
        ordinary = median(other for _, other in turns) / LEAVES * 1e6
        (derived,) = self._spent["generators"]
        how = (
            f"{BALLOTS} ballots of {SLOTS} slots, {len(self.steps)} steps and all openings, from "
            f"bytes, median of {REPEATS}; the pass over leaves takes {ordinary:.1f}; generators "
            f"that the process did not have took {derived / BALLOTS * 1e6:.1f}"
        )
        return figure_at_most(GROUP, f"{name} check a run", checked, "µs/ballot", goal, how, 1)

    def cost_of_a_step(self) -> tuple[float, str]:
        """Return the seconds for each ballot and node, and those of each part in words."""
        parts = {
            part: median(taken) / BALLOTS
            for part, taken in self._spent.items()
            if part != "generators"
        }
        listed = ", ".join(f"{part} {taken * 1e6:.0f}" for part, taken in parts.items())
        return sum(parts.values()), listed

    def _step(self, group: Group) -> None:
        ballots, state = self._ballots, self._state
        deal = self._timed("dealing", lambda: draw_deal(group, BALLOTS, system))
        order, blindings = deal.permutation, deal.blindings
        outputs = self._timed(
            "outputs", lambda: shuffled_values(self._key, state.values, order, blindings)
        )
        proof = self._timed(
            "proving",
            lambda: prove_shuffle(self._key, state, group, outputs, order, blindings, system),
        )
        made = {
            member: self._timed(
                "resharing",
                partial(
                    reshare,
                    ballots.key,
                    group,
                    member,
                    ballots.nodes,
                    self._held[member - 1],
                    dealt,
                    system,
                ),
            )
            for member, dealt in zip(group, deal.members, strict=True)
        }
        commitments = {member: one.commitments for member, one in made.items()}
        sharing = self._timed(
            "adding commitments",
            lambda: combine_commitments(self._curve, outputs, ballots.threshold, commitments),
        )
        self._held = [
            self._timed(
                "checking shares",
                partial(
                    receive,
                    self._curve,
                    ballots.key,
                    node,
                    sharing,
                    [one.sub_shares[node - 1] for one in made.values()],
                    secrets.randbits,
                ),
            )
            for node in range(1, ballots.nodes + 1)
        ]
        self.steps.append(StepRecord(group, proof, sharing_hash(sharing.sharing)))
        self._state = state.after(group, outputs, self.steps[-1].sharing_hash)

    def _timed(self, part: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        done = work()
        self._spent.setdefault(part, []).append(time.process_time() - start)
        return done


def _taken(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
