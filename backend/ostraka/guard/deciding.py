"""Decide what to do about a poll: pure, from what the chain and the sources show.

Nothing is remembered between two decisions. After a restart the same follows from the same facts.

Source: docs/protocol.md §11.3; docs/decisions/0080-watchtower.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from ostraka.chain.dispute_log import open_by
from ostraka.chain.disputes import (
    Challenge,
    ChallengeState,
    Docket,
    LeafEvidence,
    ReceiptedBallot,
    ShownLeaf,
)
from ostraka.chain.registry import PollView, Status
from ostraka.guard.evidence import Evidence, SignedLeaf
from ostraka.guard.faults import (
    FalseLeaf,
    Fault,
    fault_against_board,
    fault_of_shown,
    faults_of_board,
)
from ostraka.guard.moves import (
    Answer,
    AnswerInvalid,
    AnswerLeaf,
    AnswerOmission,
    Close,
    Demand,
    DemandBallot,
    DemandLeaf,
    Expire,
    Move,
    Prove,
)
from ostraka.guard.receipts import Recorded
from ostraka.guard.search import demands, reconstructed
from ostraka.randomness import Randomness
from ostraka_verifier.merkle_sum import SumRoot, SumTree
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.units import UnixSeconds

_COMPARED = 8
"""Boards that are compared with a root that they do not give; each takes a while."""


class Finding(StrEnum):
    """What is known about an anchored root."""

    SOUND = "sound"
    """A board gives it, every leaf is right, and no recorded ballot is missing."""
    FALSE = "false"
    """Something about it is false."""
    OMITS = "omits"
    """Every leaf is right, and a recorded ballot is missing."""
    UNPROVEN = "unproven"
    """No board gives it."""


@dataclass(frozen=True)
class Facts:
    """All that a decision is made from.

    Attributes:
        view: State of the poll at the newest block.
        now_unix_s: Time of that block.
        docket: All disputes about the poll.
        pending: The watchtower's own challenges of the anchored root that are not in the docket
            yet: they wait for a block.
        recorded: Each voter's latest recorded ballot, by voter.
        own: The watchtower's account.
        most_demands: Returns how many challenges it can pay for now, at least 1.
    """

    parameters: PollParameters
    view: PollView
    now_unix_s: UnixSeconds
    docket: Docket
    evidence: Evidence
    recorded: Mapping[bytes, Recorded]
    own: bytes
    most_demands: Callable[[], int]
    pending: tuple[Challenge, ...] = ()

    def challenges(self, docket: Docket) -> tuple[Challenge, ...]:
        """Return the challenges of the anchored root, with those that wait for a block."""
        return *docket.challenges, *self.pending


@dataclass(frozen=True)
class Decision:
    """What to do now, the most urgent first, and why."""

    finding: Finding | None = None
    reason: str = ""
    moves: tuple[Move, ...] = ()


@dataclass
class _Board:
    """A board that gives the anchored root."""

    leaves: Sequence[SignedLeaf]
    tree: SumTree | None
    places: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {leaf.voter: index for index, leaf in enumerate(self.leaves)}


def decide(facts: Facts, random: Randomness) -> Decision:
    """Return what to do about a poll now."""
    docket = facts.docket.of_round(facts.view.round)
    anchored = facts.view.status is Status.ANCHORED
    closing = [
        Close(one)
        for one in open_by(facts.docket.challenges, facts.own)
        if not anchored or one.round != facts.view.round
    ]
    if not anchored:
        return Decision(moves=tuple(closing))
    overdue = [
        Expire(one) for one in docket.challenges if one.is_open and one.deadline < facts.now_unix_s
    ]
    if overdue:
        reason = "a challenge has no answer in time"
        return Decision(Finding.FALSE, reason, (*overdue[:1], *closing))
    shown = {leaf.index: leaf for _, leaf in docket.shown}
    _learn(facts.evidence, shown)
    finding, reason, moves = _judge(facts, docket, shown, random)
    return Decision(finding, reason, (*moves, *closing))


def _learn(evidence: Evidence, shown: Mapping[int, ShownLeaf]) -> None:
    """Take the ballots that transactions of answers have."""
    evidence.add(SignedLeaf(*one.signed) for one in shown.values() if one.signed is not None)


def _judge(
    facts: Facts, docket: Docket, shown: Mapping[int, ShownLeaf], random: Randomness
) -> tuple[Finding, str, Sequence[Move]]:
    evidence, root = facts.evidence, facts.view.root
    board = _board_of(evidence, root) or _rebuilt(evidence, root, shown)
    if board is not None:
        faults = _faults_of(evidence, board, root)
        if faults:
            return Finding.FALSE, _reason(faults[0]), _against(facts, docket, faults)
        missing = _missing(facts, board)
        answers = _answers(facts, docket, board)
        if missing:
            reason = f"{len(missing)} recorded ballots are missing"
            return Finding.OMITS, reason, [*answers, *_demand_ballots(facts, docket, missing)]
        return Finding.SOUND, "", answers
    known_fault = _known_fault(evidence, root, shown)
    if known_fault is not None:
        return Finding.FALSE, _reason(known_fault), _against(facts, docket, [known_fault])
    reason = "no board gives the anchored root"
    return Finding.UNPROVEN, reason, _questions(facts, docket, shown, random)


def is_sound(evidence: Evidence, root: SumRoot) -> bool:
    """Return whether a board gives a root, and every leaf of it is right."""
    board = _board_of(evidence, root)
    return board is not None and not _faults_of(evidence, board, root)


def _faults_of(evidence: Evidence, board: "_Board", root: SumRoot) -> list[Fault]:
    """Return all that is false about a root that a board gives; looked for once if nothing is."""
    if board.tree is None or root.digest in evidence.sound_roots:
        return []
    faults = faults_of_board(evidence, board.leaves, board.tree)
    if not faults:
        evidence.sound_roots.add(root.digest)
    return faults


def _board_of(evidence: Evidence, root: SumRoot) -> _Board | None:
    if not root.count:
        return _Board((), None) if root == SumRoot(bytes(32), bytes(64), 0) else None
    for leaves, tree in evidence.trees():
        if tree.root == root:
            return _Board(leaves, tree)
    return None


def _rebuilt(evidence: Evidence, root: SumRoot, shown: Mapping[int, ShownLeaf]) -> _Board | None:
    """Return the board that answers on chain and known ballots together make up."""
    leaves = reconstructed(evidence, root, shown) if shown else None
    if not leaves:
        return None
    evidence.add_order(leaves)
    return _board_of(evidence, root)


def _known_fault(evidence: Evidence, root: SumRoot, shown: Mapping[int, ShownLeaf]) -> Fault | None:
    """Return what answers on chain show to be false, or one place that differs from a board."""
    if not root.count:
        # Nobody can be asked for a leaf, and no tally of nothing can be accepted.
        return None
    fault = fault_of_shown(evidence.curve, shown, root)
    if fault is not None:
        return fault
    for leaves, tree in islice(evidence.trees(), _COMPARED):
        fault = _compared(evidence, leaves, tree, root)
        if fault is not None:
            return fault
    return None


def _compared(
    evidence: Evidence, leaves: Sequence[SignedLeaf], tree: SumTree, root: SumRoot
) -> Fault | None:
    """Return the one place in which a root differs from a board's tree; looked for once."""
    key = root.digest, tree.root.digest
    if key not in evidence.compared:
        listed = [one.leaf(evidence.weight_of(one.voter)) for one in leaves]
        evidence.compared[key] = fault_against_board(evidence.curve, listed, tree, root)
    found: Fault | None = evidence.compared[key]
    return found


def _reason(fault: Fault) -> str:
    if isinstance(fault, FalseLeaf):
        return f"leaf {fault.index}: {fault.reason}"
    return Prove(fault).name


def _against(facts: Facts, docket: Docket, faults: Sequence[Fault]) -> list[Move]:
    """Return what brings a false root down: a proof, or the demand of one leaf."""
    for fault in faults:
        if not isinstance(fault, FalseLeaf):
            return [Prove(fault)]
    challenges = facts.challenges(docket)
    asked = {one.subject: one for one in challenges if isinstance(one.subject, int)}
    for fault in faults:
        if isinstance(fault, FalseLeaf):
            known = asked.get(fault.index)
            if known is None:
                return _in_time(facts, [DemandLeaf(fault.index, fault.reason)])
            if known.is_open:
                # Whoever asked: one leaf without an answer is enough.
                return []
    return []


def _in_time(facts: Facts, wanted: Sequence[Demand]) -> list[Move]:
    """Return the demands that can still be made, and no more than can be paid for."""
    moves = [one for one in wanted if facts.now_unix_s < latest_demand(facts, one)]
    return list(moves[: facts.most_demands()]) if moves else []


def latest_demand(facts: Facts, demand: Demand) -> UnixSeconds:
    """Return the time before which a challenge must be opened (§11.3)."""
    return challenged_until(facts.parameters, facts.view, isinstance(demand, DemandLeaf))


def challenged_until(parameters: PollParameters, view: PollView, of_leaf: bool) -> UnixSeconds:
    """Return the time before which leaves, or omissions, are challenged (§11.3)."""
    response = parameters.response_time
    bound = view.anchored_at + parameters.dispute_window + parameters.max_dispute_delay
    last = bound - response if of_leaf else bound - 3 * response
    return UnixSeconds(min(view.releasable_at, last - response))


def _missing(facts: Facts, board: _Board) -> list[Recorded]:
    """Return the recorded ballots of which the root has neither the ballot nor a later one."""
    missing = []
    for voter, one in sorted(facts.recorded.items()):
        place = board.places.get(voter)
        if place is not None and board.leaves[place].order_key >= one.ballot.order_key:
            continue
        if facts.evidence.invalid_content(one.ballot.digest) is None:
            missing.append(one)
    return missing


def _demand_ballots(facts: Facts, docket: Docket, missing: Sequence[Recorded]) -> list[Move]:
    """Return the demand of one missing ballot: one without an answer is enough."""
    asked = {one.subject: one for one in facts.challenges(docket)}
    is_deceived = any(
        isinstance(one.subject, ReceiptedBallot)
        and one.challenger == facts.own
        and one.state is ChallengeState.ANSWERED
        for one in facts.docket.challenges
    )
    for one in missing:
        if is_deceived and facts.evidence.content(one.ballot.digest) is None:
            # A dishonest quorum signed for an invalid ballot: it could take one bond after another.
            continue
        known = asked.get(one.ballot)
        if known is None:
            return _in_time(facts, [DemandBallot(one)])
        if known.is_open:
            return []
    return []


def _questions(
    facts: Facts, docket: Docket, shown: Mapping[int, ShownLeaf], random: Randomness
) -> list[Move]:
    """Return the leaves to ask for of a root that no board gives."""
    challenges = facts.challenges(docket)
    asked = {one.subject: one for one in challenges if isinstance(one.subject, int)}
    if any(one.is_open and one.challenger == facts.own for one in asked.values()):
        return []
    response = max(1, facts.parameters.response_time)
    until = challenged_until(facts.parameters, facts.view, of_leaf=True)
    bound = facts.view.anchored_at + facts.parameters.dispute_window
    latest = bound + facts.parameters.max_dispute_delay - 2 * response
    rounds = 1 + max(0, latest - facts.now_unix_s) // response
    if facts.now_unix_s >= until:
        return []
    chosen = demands(facts.evidence, facts.view.root, shown, rounds, facts.most_demands(), random)
    wanted = [DemandLeaf(index, "no board gives the root", is_guess=True) for index in chosen]
    return _in_time(facts, [one for one in wanted if one.index not in asked])


def _answers(facts: Facts, docket: Docket, board: _Board) -> list[Answer]:
    """Return answers to open challenges of a root that is right, the most urgent first."""
    waiting = sorted(
        (one for one in docket.challenges if one.is_open), key=lambda one: one.deadline
    )
    found = [_answer(facts, board, one) for one in waiting]
    return [one for one in found if one is not None]


def _answer(facts: Facts, board: _Board, challenge: Challenge) -> Answer | None:
    evidence, tree = facts.evidence, board.tree
    subject = challenge.subject
    if isinstance(subject, int):
        if tree is None or evidence.census is None:
            return None
        signed = evidence.sound(board.leaves[subject].digest)
        if signed is None:
            return None
        return AnswerLeaf(challenge, subject, leaf_evidence(evidence, signed, tree, subject))
    place = board.places.get(subject.voter)
    if (
        tree is not None
        and place is not None
        and board.leaves[place].order_key >= subject.order_key
    ):
        leaf = board.leaves[place].leaf(evidence.weight_of(subject.voter))
        value = tree.node(0, place).sum
        return AnswerOmission(challenge, subject, place, (leaf, value), tree.siblings(place))
    return _answer_by_content(evidence, challenge, subject)


def _answer_by_content(
    evidence: Evidence, challenge: Challenge, ballot: ReceiptedBallot
) -> AnswerInvalid | None:
    content = evidence.content(ballot.digest)
    if content is None:
        return None
    named = SignedLeaf(content, b"", b"")
    is_other = (named.voter, named.cast_at_unix_s) != (ballot.voter, ballot.cast_at_unix_s)
    if is_other or evidence.invalid_content(ballot.digest) is not None:
        return AnswerInvalid(challenge, ballot, content)
    return None


def leaf_evidence(
    evidence: Evidence, signed: SignedLeaf, tree: SumTree, index: int
) -> LeafEvidence:
    """Return all that makes a sound ballot's leaf right in a tree."""
    census = evidence.census
    if census is None:
        raise ValueError("evidence without a census")
    place, proof = census.proof(signed.voter)
    return LeafEvidence(
        signed.ballot,
        signed.boxes_hash,
        signed.signature,
        census.by_account[signed.voter],
        place,
        census.tree,
        proof,
        tree.siblings(index),
    )
