"""Shuffled ballots: whole audits beside those of summed polls, checking runs, proving, resharing,
and whole nodes from `Final` to opened ballots.

Times are processor time, which a busy machine hardly affects: with both cores free, checking takes
about half as long.
"""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from tests.support.polls import SHUFFLED
from tests.support.shuffles import SharedBallots

from benchmarks import shuffled_nodes
from benchmarks.audit import made_leaves
from benchmarks.auditing import belenios
from benchmarks.auditing.boards import Took, audited, median_of, write_board
from benchmarks.figures import figure_at_least, figure_at_most
from benchmarks.load.builds import this_build
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
AUDITED, MANY = 20_000, 100_000
AUDITS = 3
QUESTION = Approval("Which?", tuple(f"option {number}" for number in range(SLOTS)), 0, SLOTS)
VOTES = tuple(
    sorted({(7 * voter + 3 * at) % SLOTS for at in range(voter % 8)}) for voter in range(40)
)
"""Options that voters approve, in turn."""
_BELENIOS = "(4, 2) against Debian's belenios-tool with its shuffle"

T = TypeVar("T")


def measure() -> Iterator[dict[str, Any]]:
    """Yield the figures of the group."""
    yield from audits()
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
    yield from shuffled_nodes.measure(GROUP)


def audits() -> Iterator[dict[str, Any]]:
    """Yield the figures of whole audits, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder, taken = Path(name), dict[int, Took]()
        for nodes, threshold, goal in GOALS:
            summed, shuffled = _summed_and_shuffled(folder / str(nodes), nodes, threshold)
            taken[nodes] = shuffled
            more = (shuffled.cpu_s - summed.cpu_s) / AUDITED * 1e6
            how = (
                f"processor time that an audit of {AUDITED} approvals of {SLOTS} takes longer than"
                f" that of a summed poll, {_each(shuffled)} against {_each(summed)}, generators"
                f" included, in turns, median of {AUDITS}"
            )
            label = f"({nodes}, {threshold}) in an audit"
            yield figure_at_most(GROUP, label, more, "µs/ballot", goal, how, 1)
        _write(folder / "many", MANY, 4, 2, SHUFFLED)
        many = audited(this_build(), folder / "many")
        how = f"(4, 2), approvals of {SLOTS}, one audit; {many.wall_s:.1f} s"
        label = f"memory of an audit of {MANY} ballots"
        yield figure_at_most(GROUP, label, many.peak_mb, "MB", 1000, how, 0)
        yield _against_belenios(folder, taken[4])


def _summed_and_shuffled(folder: Path, nodes: int, threshold: int) -> tuple[Took, Took]:
    folder.mkdir()
    boards = folder / "summed", folder / "shuffled"
    for board, times in zip(boards, ({}, SHUFFLED), strict=True):
        _write(board, AUDITED, nodes, threshold, times)
    turns = [[audited(this_build(), board) for board in boards] for _ in range(AUDITS)]
    summed, shuffled = (median_of(list(of)) for of in zip(*turns, strict=True))
    return summed, shuffled


def _write(folder: Path, voters: int, nodes: int, threshold: int, times: Mapping[str, int]) -> None:
    committee = {"nodes": nodes, "threshold": threshold, "faults": threshold - 1}
    write_board(folder, voters, QUESTION, VOTES, times=times, **committee)


def _each(took: Took) -> str:
    return f"{took.cpu_s / AUDITED * 1e6:.0f} µs ({took.wall_s / AUDITED * 1e6:.0f} by the clock)"


def _against_belenios(folder: Path, shuffled: Took) -> dict[str, Any]:
    """Compare processor time of a ballot that is verified, shuffled and opened."""
    missing = belenios.missing()
    if missing:
        return figure_at_least(GROUP, _BELENIOS, None, "times", 50, missing, 0)
    election = folder / "belenios"
    election.mkdir()
    theirs, ours = belenios.cpu_s_a_shuffled_ballot(election, SLOTS), shuffled.cpu_s / AUDITED
    how = (
        f"processor time a ballot: {1e6 * ours:.0f} µs of {AUDITED} with a proof that each is an"
        f" approval of {SLOTS}, against {1e3 * theirs:.1f} ms of {belenios.BALLOTS} without one, in"
        f" the group {belenios.SHUFFLE_GROUP} of version {belenios.version()}, shuffled by"
        f" {belenios.TRUSTEES} trustees"
    )
    return figure_at_least(GROUP, _BELENIOS, theirs / ours, "times", 50, how, 0)


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

        leaves = made_leaves(QUESTION, list(range(5)), LEAVES, ballots.threshold)
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
