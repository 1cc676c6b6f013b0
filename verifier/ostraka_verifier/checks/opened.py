"""Checks A1 to A6: the run of the shuffle, and the ballots that it opens.

Section 14 is one part of the board, which A1 owns. It is read bit by bit: there may be more of it
than memory.

Source: docs/protocol.md §13, §19.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ostraka_verifier import typed_data
from ostraka_verifier.board_leaves import CHUNK_RECORDS
from ostraka_verifier.board_opened import CHUNK_BALLOTS, SUBJECT, OpenedBallots, OpenedShape
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.checks.finding import Held
from ostraka_verifier.checks.signers import judged, require_quorum
from ostraka_verifier.curve import Points
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.parameters import SUMMED
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    RunContext,
    ShuffleKey,
    ShuffleState,
    StepRecord,
    follow_steps,
    may_shuffle,
    verify_cover,
    verify_openings,
    verify_steps,
    verify_total,
)
from ostraka_verifier.units import later
from ostraka_verifier.wording import counted

ONLY_SUMMED = "the poll's ballots are summed"
RUN_BYTES = 1 << 26
"""Proofs that are checked together, at most, unless one is longer.

Two together take a tenth less time than one after the other, and some seven times their length of
memory.
"""


def check_a1(audit: Audit) -> str | Held:
    """A1: section 14 and every proof in it decode canonically, where ballots are opened."""
    absent = _absent(audit)
    if absent is not None:
        return absent
    opened = _opened(audit)
    _ = _run(audit)
    ballots, least = opened.shape.ballots, audit.parameters.open_minimum
    if ballots < least:
        raise Rejected("A1", SUBJECT, f"{ballots} ballots were opened, at least {least} required")
    steps = counted(opened.steps, "step", "steps")
    return f"{steps} over {counted(ballots, 'ballot', 'ballots')}, in turn {opened.turn}"


def check_a2(audit: Audit) -> str:
    """A2: the groups are groups of the committee, and cover."""
    if (absent := _absent(audit)) is not None:
        return absent.detail
    committee, groups = audit.committee, _opened(audit).groups
    nodes, threshold, faults = len(committee.members), committee.threshold, committee.faults
    if not may_shuffle(nodes, threshold, faults):
        # Check P6 says why. The sets that groups must cover could be too many to list.
        raise Undecided("needs P6")
    verify_cover(nodes, threshold, groups)
    return "groups " + ", ".join("-".join(map(str, group)) for group in groups)


def check_a3(audit: Audit) -> str:
    """A3: every step's proof holds for the state before it, from the leaves on."""
    if (absent := _absent(audit)) is not None:
        return absent.detail
    run = _run(audit)
    if run.failure is not None:
        raise run.failure
    return counted(run.last.step, "proof", "proofs")


def check_a4(audit: Audit) -> str:
    """A4: at least `q` nodes of the committee signed the last state."""
    if (absent := _absent(audit)) is not None:
        return absent.detail
    opened, last = _opened(audit), _run(audit).last
    digest = audit.domain.digest(
        typed_data.SHUFFLED,
        last.run.poll_context,
        last.run.root_digest,
        last.run.turn,
        last.hash,
        len(last.values),
    )
    return require_quorum(audit, "A4", SUBJECT, *judged(audit, "A4", opened.attestations, digest))


def check_a5(audit: Audit) -> str:
    """A5: every opened ballot opens its commitment in the last state."""
    if (absent := _absent(audit)) is not None:
        return absent.detail
    opened, last = _opened(audit), _run(audit).last
    for first, openings in _chunks(opened):
        values = last.values[first : first + len(openings)]
        verify_openings(audit.curve, audit.key, values, openings, audit.randomness, first)
        _progress(audit, opened, opened.steps, first + len(openings))
    return counted(opened.shape.ballots, "ballot", "ballots")


def check_a6(audit: Audit) -> str:
    """A6: the opened ballots add up to the tally on chain, with its blinding."""
    if (absent := _absent(audit)) is not None:
        return absent.detail
    (opened, total), tally = _opened_with_total(audit), audit.tally
    parameters = audit.parameters
    if len(tally.values) != opened.shape.slots:
        raise Undecided("needs R1")
    if not parameters.voters or parameters.total_weight % parameters.voters:
        raise Undecided("needs P6")
    weight = parameters.total_weight // parameters.voters
    verify_total(total, weight, tally.values, tally.blinding)
    return "the ballots give the tally"


def opened_votes(audit: Audit) -> list[tuple[int, ...]]:
    """Return the slots of every opened ballot, in the order of the run.

    Whether they are those that were cast, A1 to A6 say.

    Raises:
        Undecided: No ballot is opened, or section 14 cannot be read.
    """
    if _absent(audit) is not None:
        raise Undecided("no ballot is opened")
    return [opening.values for _, openings in _chunks(_opened(audit)) for opening in openings]


@dataclass(frozen=True)
class _Run:
    """A run whose proofs are canonical.

    Attributes:
        last: Its last state.
        failure: The first proof that does not hold (A3), if any.
    """

    last: ShuffleState
    failure: Rejected | None


def _absent(audit: Audit) -> Held | None:
    """Return why no ballot is opened, if that is right; None where section 14 is to be checked."""
    counting = audit.parameters.counting
    if counting == SUMMED:
        _ = audit.once("A1", "summed", lambda: _require_none(audit))
        return Held(ONLY_SUMMED)
    if not audit.parameters.is_shuffled:
        raise Undecided("needs P1")
    if audit.board.opened is not None:
        return None
    audit.require_anchored()
    count, least = audit.chain.root.count, audit.parameters.open_minimum
    if count < least:
        ballots = counted(count, "ballot", "ballots")
        return Held(f"{ballots}, fewer than {least}: none is opened")
    _ = audit.tally
    deadline = later(audit.chain.dispute_window_ends_at, audit.parameters.shuffle_period)
    if audit.chain.tallied_at < deadline:
        raise Undecided("the board lacks the opened ballots, which another node may have")
    assumes = "no shuffle ended in time" if audit.current == "A1" else ""
    return Held("no ballot was opened", assumes)


def _require_none(audit: Audit) -> None:
    if audit.board.opened is not None:
        raise Rejected("A1", SUBJECT, f"present, although {ONLY_SUMMED}")


def _opened(audit: Audit) -> OpenedBallots:
    """Return the section alone (A1)."""
    return _opened_with_total(audit)[0]


def _opened_with_total(audit: Audit) -> tuple[OpenedBallots, Share]:
    """Return section 14, all of which is canonical apart from the proofs (A1), and its sum."""
    rule, threshold, ballots = audit.rule, audit.committee.threshold, audit.ballot_count

    def read() -> tuple[OpenedBallots, Share]:
        section = audit.board.opened
        assert section is not None
        with _named():
            opened = OpenedBallots(section, OpenedShape.of(rule, threshold, ballots))
            return opened, opened.total()

    return audit.once("A1", "opened", read)


def _run(audit: Audit) -> _Run:
    """Return the last state, with all proofs checked (A1)."""
    opened = _opened(audit)
    context = RunContext(audit.chain.poll_context, audit.anchored.root.digest, opened.turn)
    return audit.once("A1", "run", lambda: _checked(audit, opened, context))


def _checked(audit: Audit, opened: OpenedBallots, context: RunContext) -> _Run:
    key = ShuffleKey(audit.curve, opened.shape.ballots)
    state, failure = _start(audit, context), None
    for steps in _batches(opened):
        with _named():
            try:
                state = verify_steps(key, state, steps, audit.randomness)
            except Rejected as error:
                failure = failure or error
                state = follow_steps(audit.curve, state, steps)
        _progress(audit, opened, state.step, 0)
    return _Run(state, failure)


@contextmanager
def _named() -> Iterator[None]:
    """Name the section where something in it is not canonical, whatever it is."""
    try:
        yield
    except Malformed as error:
        field = error.item.removeprefix(SUBJECT).lstrip(".")
        raise Malformed(SUBJECT, f"{field}: {error.reason}" if field else error.reason) from None


def _start(audit: Audit, context: RunContext) -> ShuffleState:
    """Return the anchored ballots, all of which are canonical (B1)."""
    values, sharing = list[Points](), list[bytes]()
    for first in range(0, audit.ballot_count, CHUNK_RECORDS):
        count = min(CHUNK_RECORDS, audit.ballot_count - first)
        encoded = list(audit.records.sharings(first, count, audit.committee.threshold))
        values.append(audit.curve.decode(b"".join([one for one, _ in encoded])))
        sharing += [one for _, one in encoded]
    return ShuffleState.start_of(context, audit.curve.concat(values), b"".join(sharing))


def _batches(opened: OpenedBallots) -> Iterator[Sequence[StepRecord]]:
    at_once = max(1, RUN_BYTES // opened.shape.step_bytes)
    for first in range(0, opened.steps, at_once):
        yield [opened.step(at) for at in range(first, min(first + at_once, opened.steps))]


def _chunks(opened: OpenedBallots) -> Iterator[tuple[int, list[Share]]]:
    for first in range(0, opened.shape.ballots, CHUNK_BALLOTS):
        yield first, opened.openings(first, CHUNK_BALLOTS)


def _progress(audit: Audit, opened: OpenedBallots, steps: int, ballots: int) -> None:
    count = opened.shape.ballots
    audit.opening(steps * count + ballots, (opened.steps + 1) * count)
