"""The gateway shows an outcome on opened ballots as the contract knows it, and no void one."""

from types import SimpleNamespace

import pytest

from ostraka.chain.registry import OutcomeState, OutcomeView, Status
from ostraka.gateway.read_models.results import ResultReader
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.outcome import EqualShares
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import SyntheticPoll
from tests.support.shuffled_polls import shuffled_approval_poll

HOLDER, HASH, AWARDS = bytes([1] * 20), bytes([2] * 32), (1, 0, 1, 0)
TALLY = ["3", "3", "3", "3"]
NEVER = UnixSeconds(0)


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    rule = EqualShares((50, 40, 30, 20), 100, objection_time=60, veto_holder=HOLDER)
    return shuffled_approval_poll(outcome=rule)


def reader(
    poll: SyntheticPoll, state: OutcomeState, status: Status = Status.TALLIED
) -> ResultReader:
    brought = state not in (OutcomeState.AWAITED, OutcomeState.MISSED)
    shown = OutcomeView(
        state,
        UnixSeconds(900),
        UnixSeconds(100) if brought else NEVER,
        UnixSeconds(160) if brought else NEVER,
        HOLDER,
        HASH if brought else bytes(32),
        AWARDS if brought else (),
    )
    root = SimpleNamespace(count=7, hash=bytes(32))
    context = SimpleNamespace(
        poll=lambda _: (poll.published, SimpleNamespace(status=status, root=root)),
        registry=SimpleNamespace(outcome=lambda _: shown),
        treasury=SimpleNamespace(address=bytes(20)),
        event=lambda *_: {"tally": TALLY},
    )
    return ResultReader(context, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "stands"),
    [
        (OutcomeState.AWAITED, False),
        (OutcomeState.OBJECTABLE, True),
        (OutcomeState.FINAL, True),
        (OutcomeState.VETOED, False),
        (OutcomeState.MISSED, False),
    ],
)
def test_only_an_outcome_that_stands_awards(
    poll: SyntheticPoll, state: OutcomeState, stands: bool
) -> None:
    shown = reader(poll, state).of(1)
    assert [one.award for one in shown.options] == ([*"1010"] if stands else [None] * 4)
    assert [one.votes for one in shown.options] == TALLY


def test_the_contracts_knowledge_is_shown(poll: SyntheticPoll) -> None:
    vetoed = reader(poll, OutcomeState.VETOED).attested(1).model_dump()
    assert vetoed == {
        "state": "vetoed",
        "attest_by": 900,
        "attested_at": 100,
        "objection_ends_at": 160,
        "veto_holder": to_hex(HOLDER),
        "ballots_hash": to_hex(HASH),
        "awards": [*AWARDS],
    }
    awaited = reader(poll, OutcomeState.AWAITED).attested(1)
    unknown = (awaited.attested_at, awaited.objection_ends_at, awaited.ballots_hash, awaited.awards)
    assert (awaited.state, unknown) == ("awaited", (None,) * 4)
    with pytest.raises(Problem) as early:
        reader(poll, OutcomeState.NONE, Status.ANCHORED).attested(1)
    assert early.value.kind is ProblemType.NOT_TALLIED
