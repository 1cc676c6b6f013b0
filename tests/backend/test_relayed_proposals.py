"""Which transactions a gateway pays for, and which statements it accepts."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from ostraka.chain.contract import ChainError, Refused, Reverted
from ostraka.chain.sending import Account
from ostraka.chain.treasury import RoundStatus
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plans import Plans
from ostraka.gateway.relayed_proposals import PAYOUT_TRIES, PAYOUTS_AT_ONCE, RelayedProposals
from ostraka.keys import SigningKey
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import TokenVotes
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

PROPOSAL = bytes([5] * 32)


@pytest.fixture
def engine(url: str) -> Any:
    engine = open_database(url, Schema.GATEWAY)
    yield engine
    engine.dispose()


def decided_round(status: RoundStatus = RoundStatus.DECIDED, now: int = 1000) -> dict[str, Any]:
    """What a gateway reads of a round whose payouts open at 1000."""
    view = SimpleNamespace(status=status, payouts_open_at=1000)
    registry = SimpleNamespace(head=lambda: SimpleNamespace(timestamp=now))
    return {"round": lambda round_id: view, "registry": registry}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (decided_round(now=999), "payouts open at 1970-01-01 00:16:40"),
        (decided_round(RoundStatus.VETOED), "vetoed"),
    ],
)
def test_payouts_that_are_not_open_are_not_sent(
    engine: Engine, state: dict[str, Any], reason: str
) -> None:
    gateway = SimpleNamespace(
        plans=Plans(engine), errand=Account(SigningKey(), DatabaseJournal(engine)).errand, **state
    )
    for _ in range(PAYOUT_TRIES + 1):
        with pytest.raises(Problem, match=reason) as refused:
            RelayedProposals(cast(GatewayContext, gateway)).claim(1, PROPOSAL)
        assert refused.value.kind is ProblemType.NOTHING_TO_PAY


def test_failed_payouts_that_the_gateway_pays_are_limited(engine: Engine) -> None:
    """One that takes the money when gas is estimated, and refuses it when it is mined."""
    answers: list[Exception] = []

    def claim(_key: object, _proposal: bytes) -> None:
        raise answers[-1]

    gateway = SimpleNamespace(
        plans=Plans(engine),
        treasury=SimpleNamespace(claim=claim),
        errand=Account(SigningKey(), DatabaseJournal(engine)).errand,
        **decided_round(),
    )
    proposals = RelayedProposals(cast(GatewayContext, gateway))
    # What costs nothing is tried as often as anybody likes.
    for free in (Refused("when estimated"), ChainError("out of reach")):
        answers.append(free)
        for _ in range(PAYOUT_TRIES + 1):
            with pytest.raises(type(free), match=str(free)):
                proposals.claim(1, PROPOSAL)
    answers.append(Reverted("when mined"))
    for _ in range(PAYOUT_TRIES):
        with pytest.raises(Reverted):
            proposals.claim(1, PROPOSAL)
    with pytest.raises(Problem, match="pays for 5 transactions"):
        proposals.claim(1, PROPOSAL)
    with pytest.raises(Reverted):
        proposals.claim(1, bytes(32))


def test_a_payout_waits_for_the_block_after_the_decision(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract's error says so by its name; the same words of another error do not."""
    monkeypatch.setattr("ostraka.gateway.relayed_proposals._LOOK_S", 0)
    too_early = Refused("the contract refuses: …", "BudgetTreasuryTooEarly", (7,))
    other = Refused(
        "the contract refuses: NotBudgetTreasuryTooEarly()", "NotBudgetTreasuryTooEarly"
    )
    answers: list[Exception] = []

    def claim(_key: object, proposal: bytes) -> bytes:
        if answers:
            raise answers.pop()
        return proposal

    gateway = SimpleNamespace(
        plans=Plans(engine),
        treasury=SimpleNamespace(claim=claim),
        errand=Account(SigningKey(), DatabaseJournal(engine)).errand,
        **decided_round(),
    )
    proposals = RelayedProposals(cast(GatewayContext, gateway))
    answers += [too_early, too_early]
    assert proposals.claim(1, PROPOSAL) == PROPOSAL
    answers += [other]
    with pytest.raises(Refused, match="NotBudget"):
        proposals.claim(1, PROPOSAL)


def test_waiting_payouts_leave_threads_for_other_requests(engine: Engine) -> None:
    """Anybody may ask for payouts, and each waits for a block in a thread of the gateway."""
    waiting, mined = Semaphore(0), Event()

    def claim(_key: object, proposal: bytes) -> bytes:
        waiting.release()
        assert mined.wait(30)
        return proposal

    gateway = SimpleNamespace(
        plans=Plans(engine),
        treasury=SimpleNamespace(claim=claim),
        errand=Account(SigningKey(), DatabaseJournal(engine)).errand,
        **decided_round(),
    )
    proposals = RelayedProposals(cast(GatewayContext, gateway))
    with ThreadPoolExecutor(PAYOUTS_AT_ONCE) as pool:
        asked = [
            pool.submit(proposals.claim, 1, bytes([number] * 32))
            for number in range(PAYOUTS_AT_ONCE)
        ]
        try:
            assert all(waiting.acquire(timeout=30) for _ in asked)
            with pytest.raises(Problem) as refused:
                proposals.claim(1, PROPOSAL)
        finally:
            mined.set()
        assert refused.value.kind is ProblemType.BUSY
        assert len({one.result() for one in asked}) == PAYOUTS_AT_ONCE
    assert proposals.claim(1, PROPOSAL) == PROPOSAL


def test_errors_of_an_electorate_do_not_name_the_provider() -> None:
    """Its address may hold credentials, and a plan's problem is for everybody to read."""
    electorate = TokenVotes(kind="votes", contract="0x" + "11" * 20)
    with pytest.raises(ChainError):
        Electorates("http://127.0.0.1:9/v3/SECRET", bytes(20)).census(electorate)
