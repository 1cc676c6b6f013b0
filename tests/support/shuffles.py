"""Shared ballots and whole runs of the shuffle, made in one process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial

from ostraka.node.shuffle.dealing import draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka.node.shuffle.resharing import combine_commitments, combine_sub_shares, reshare
from ostraka.randomness import Randomness, system
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R, load
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    Group,
    RunContext,
    RunRecord,
    ShuffleKey,
    ShuffleState,
    StepRecord,
    fewest_groups,
    sharing_hash,
)

CONTEXT = RunContext(bytes([1] * 32), bytes([2] * 32), 3)

engine = cache(load)
# Their tables take long to make.
commitment_key = cache(CommitmentKey)
shuffle_key = cache(ShuffleKey)
readable_key = cache(partial(ShuffleKey, readable=True))


@dataclass
class SharedBallots:
    """Ballots as nodes hold them after `Final`.

    Attributes:
        votes: Slots of each ballot.
        nodes: Number of nodes.
        threshold: `t`.
        randomness: Of voters and nodes.
    """

    votes: Sequence[Sequence[int]]
    nodes: int = 4
    threshold: int = 2
    randomness: Randomness = system
    curve: Curve = field(default_factory=engine)

    @property
    def key(self) -> CommitmentKey:
        """Generators for the slots."""
        return commitment_key(self.curve, len(self.votes[0]))

    @property
    def shuffle_key(self) -> ShuffleKey:
        """Generators for the permutations, with native proofs if the engine has them."""
        return shuffle_key(self.curve, len(self.votes))

    @property
    def readable_key(self) -> ShuffleKey:
        """The same without native proofs."""
        return readable_key(self.curve, len(self.votes))

    @cached_property
    def _polynomials(self) -> list[list[list[int]]]:
        """For each ballot and degree the coefficients of slots and blinding."""
        return [
            [
                [*vote, self.randomness.scalar()],
                *(
                    [self.randomness.scalar() for _ in range(len(vote) + 1)]
                    for _ in range(self.threshold - 1)
                ),
            ]
            for vote in self.votes
        ]

    @cached_property
    def commitments(self) -> Points:
        """`V, A_1 …` of each ballot in order."""
        openings = [(row[:-1], row[-1]) for rows in self._polynomials for row in rows]
        return self.key.commit(openings)

    @cached_property
    def start(self) -> ShuffleState:
        """The first state."""
        return self.start_in(CONTEXT)

    def start_in(self, run: RunContext) -> ShuffleState:
        """The first state of another run."""
        values = self.commitments[:: self.threshold]
        return ShuffleState.start(
            run, values, without_values(self.curve, self.commitments, self.threshold)
        )

    @cached_property
    def shares(self) -> list[list[Share]]:
        """Each node's share of each ballot, node 1 first."""
        return [
            [share_at(node, polynomials) for polynomials in self._polynomials]
            for node in range(1, self.nodes + 1)
        ]


def without_values(curve: Curve, commitments: Points, threshold: int) -> Points:
    """Return `A_1 …` of each position."""
    each = range(0, len(commitments), threshold)
    return curve.concat([commitments[at + 1 : at + threshold] for at in each])


def share_at(node: int, polynomials: Sequence[Sequence[int]]) -> Share:
    """Return the values of polynomials at a node."""
    values = [
        sum(coefficient * node**degree for degree, coefficient in enumerate(column)) % R
        for column in zip(*polynomials, strict=True)
    ]
    return Share(tuple(values[:-1]), values[-1])


@dataclass
class MadeRun:
    """A complete run, with what nodes keep secret.

    Attributes:
        ballots: Those that are shuffled.
        start: State before.
        steps: What a board carries.
        states: The states after each step.
        commitments: `V, A_1 …` of the last state.
        shares: Each node's share of each position of the last state.
    """

    ballots: SharedBallots
    start: ShuffleState
    steps: tuple[StepRecord, ...]
    states: tuple[ShuffleState, ...]
    commitments: Points
    shares: list[list[Share]]

    @property
    def record(self) -> RunRecord:
        """What a board carries."""
        return RunRecord(self.start.run.turn, self.steps)


def make_run(
    ballots: SharedBallots,
    groups: Sequence[Group] | None = None,
    run: RunContext = CONTEXT,
) -> MadeRun:
    """Make a run by honest nodes; by default with the fewest groups that cover."""
    curve, randomness = ballots.curve, ballots.randomness
    state = start = ballots.start_in(run)
    shares, commitments = ballots.shares, ballots.commitments
    if groups is None:
        groups = fewest_groups(ballots.nodes, ballots.threshold) or ()
    steps, states = [], []
    for group in groups:
        deal = draw_deal(group, len(ballots.votes), randomness)
        outputs = shuffled_values(
            ballots.shuffle_key, state.values, deal.permutation, deal.blindings
        )
        proof = prove_shuffle(
            ballots.shuffle_key, state, group, outputs, deal.permutation, deal.blindings, randomness
        )
        made = {
            member: reshare(
                ballots.key, group, member, ballots.nodes, shares[member - 1], dealt, randomness
            )
            for member, dealt in zip(group, deal.members, strict=True)
        }
        sharing = combine_commitments(
            curve,
            outputs,
            ballots.threshold,
            {member: one.commitments for member, one in made.items()},
        )
        shares = [
            combine_sub_shares([one.sub_shares[node] for one in made.values()])
            for node in range(ballots.nodes)
        ]
        steps.append(StepRecord(group, proof, sharing_hash(sharing.sharing)))
        state = state.after(group, outputs, steps[-1].sharing_hash)
        states.append(state)
        commitments = sharing.commitments
    return MadeRun(ballots, start, tuple(steps), tuple(states), commitments, shares)
