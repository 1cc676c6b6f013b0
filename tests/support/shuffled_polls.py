"""A whole shuffled poll without processes: its run by the nodes' real parts, and section 14."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ostraka.sealing import ballot_info
from ostraka_verifier import typed_data
from ostraka_verifier.board import Attestation, Board
from ostraka_verifier.board_opened import OpenedShape, encode_opened
from ostraka_verifier.curve import Points
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.sharing import BoxContent, Share
from ostraka_verifier.shuffle import (
    Group,
    RunContext,
    RunRecord,
    ShuffleState,
    StepRecord,
    combine_shares,
)
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.shuffles import MadeRun, SharedBallots, make_run


@dataclass
class PollBallots(SharedBallots):
    """The ballots of a synthetic poll, with the shares that its nodes hold in boxes."""

    poll: SyntheticPoll | None = None

    @classmethod
    def of(cls, poll: SyntheticPoll) -> "PollBallots":
        """Return all ballots of a poll, in the order of leaves."""
        slots = [[0] * len(poll.rule.slots)] * len(poll.prepared)
        return cls(slots, poll.nodes, poll.threshold, poll.random, poll.curve, poll)

    @cached_property
    def commitments(self) -> Points:
        """`V, A_1 …` of each ballot in order."""
        assert self.poll is not None
        return self.curve.concat([one.ballot.sharing for one in self.poll.prepared])

    @cached_property
    def shares(self) -> list[list[Share]]:
        """Each node's share of each ballot, node 1 first."""
        assert self.poll is not None
        return [held_shares(self.poll, node) for node in range(1, self.nodes + 1)]


def held_shares(poll: SyntheticPoll, node: int) -> list[Share]:
    """Return a node's share of each ballot."""
    info = ballot_info(poll.context, node)
    return [
        BoxContent.decode(
            poll.poll_keys[node - 1].open(one.boxes[node - 1], info), len(poll.rule.slots)
        ).share
        for one in poll.prepared
    ]


@dataclass
class ShuffledPoll:
    """A shuffled poll after its tally; change a part before `board` to make it lie.

    Attributes:
        poll: The poll.
        plain: Its board without section 14.
        chain: What the chain says.
        made: The run, with what nodes keep secret.
        openings: Slots and blinding of each position of the last state.
    """

    poll: SyntheticPoll
    plain: Board
    chain: ChainEvidence
    made: MadeRun
    openings: list[Share]

    @classmethod
    def of(
        cls, poll: SyntheticPoll, turn: int = 0, groups: Sequence[Group] | None = None
    ) -> "ShuffledPoll":
        """Shuffle and open a poll's ballots, by default with the fewest groups that cover."""
        board, chain = poll.finish()
        run = RunContext(poll.context, chain.root.digest, turn)
        made = make_run(PollBallots.of(poll), groups, run)
        shares = dict(enumerate(made.shares, start=1))
        return cls(poll, board, chain, made, combine_shares(shares, poll.threshold))

    @property
    def shape(self) -> OpenedShape:
        """Dimensions of section 14."""
        return OpenedShape.of(self.poll.rule, self.poll.threshold, len(self.poll.prepared))

    def sign(self, nodes: Iterable[int], state: ShuffleState | None = None) -> list[Attestation]:
        """Return `Shuffled` signatures of some nodes, by default of the last state."""
        signed = self.made.states[-1] if state is None else state
        run, count = signed.run, len(signed.values)
        digest = self.poll.domain.digest(
            typed_data.SHUFFLED, run.poll_context, run.root_digest, run.turn, signed.hash, count
        )
        return [Attestation(node, self.poll.node_keys[node - 1].sign(digest)) for node in nodes]

    def section(
        self,
        steps: Sequence[StepRecord] | None = None,
        attestations: Sequence[Attestation] | None = None,
        openings: Sequence[Share] | None = None,
        turn: int | None = None,
    ) -> bytes:
        """Return section 14, honest where nothing else is given."""
        record = RunRecord(
            self.made.record.turn if turn is None else turn,
            self.made.steps if steps is None else tuple(steps),
        )
        if attestations is None:
            attestations = self.sign(range(1, self.poll.committee.quorum + 1))
        given = self.openings if openings is None else openings
        return encode_opened(self.shape, record, attestations, given)

    def finish(self) -> tuple[Board, ChainEvidence]:
        """Return the honest board and chain evidence, as `SyntheticPoll.finish`."""
        return self.board(), self.chain

    def board(self, section: bytes | None = None) -> Board:
        """Return the board with a section 14, by default the honest one."""
        return replace(self.plain, opened=self.section() if section is None else section)


def shuffled_approval_poll(**changes: object) -> SyntheticPoll:
    """Seven voters approve one to three of four options; their ballots are shuffled."""
    counting = {"counting": 1, "open_minimum": 5, "shuffle_period": 3600}
    return approval_poll(**({"seed": "shuffled", "times": counting} | changes))
