"""Checks D1 to D4: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.checks import Audit, Verdict
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import AuditError
from ostraka_verifier.evidence import (
    ROUND_VETOED,
    CoinReceipt,
    Payout,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.outcome import GreedyByCategory, NoOutcome
from ostraka_verifier.rpc import Unanswered
from tests.support.audits import (
    BOARD,
    CHAIN,
    DIVISION_BOARD,
    DIVISION_CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    QUESTION,
    ROUND_BOARD,
    ROUND_CHAIN,
    SHARES_BOARD,
    SHARES_CHAIN,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    not_checked,
    of_round,
    sourced,
    with_immutable,
)
from tests.support.polls import approval_poll


def of_treasury(name: str, value: bytes) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(code=with_immutable("BudgetTreasury", name, value, ROUND_CHAIN.round.code))


def rules_elsewhere() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(rules=replace(ROUND_CHAIN.round.rules, address=bytes([9] * 20)))


def of_electorate(**changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(electorate=replace(ROUND_CHAIN.round.electorate, **changes))


def invited(**changes: Any) -> Case:
    """A round by invitation, two of them not redeemed; changes are of its electorate."""
    board, chain = INVITED_BOARD, INVITED_CHAIN
    assert isinstance(chain.round, RoundEvidence)
    electorate = replace(chain.round.electorate, **changes)
    return board, replace(chain, round=replace(chain.round, electorate=electorate))


def another_source_than_was_fixed() -> Case:
    board, chain = sourced()
    assert isinstance(chain.round, RoundEvidence)
    electorate = replace(chain.round.electorate, root=bytes(32))
    return board, replace(chain, round=replace(chain.round, electorate=electorate))


def moved_elsewhere() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    transfers = [one for one in round_moved() if isinstance(one, Transfer)]
    first, *others = transfers
    return of_round(moved=(replace(first, recipient=bytes([77] * 20)), *others))


def round_moved() -> Sequence[Transfer | CoinReceipt]:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    assert not isinstance(ROUND_CHAIN.round.moved, AuditError)
    return ROUND_CHAIN.round.moved


def moved_in_another_transaction() -> Case:
    return of_round(
        moved=tuple(
            replace(one, transaction=bytes([238] * 32))
            for one in round_moved()
            if isinstance(one, Transfer)
        )
    )


def in_coins(growth: int, *, spent: bool = False) -> Case:
    """The round pays in the chain's coin; each recipient's balance grows by so much more."""
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(
        token=bytes(20),
        moved=tuple(
            CoinReceipt(one.recipient, one.block, 10**18, 10**18 + one.amount + growth, spent)
            for one in ROUND_CHAIN.round.payouts
        ),
    )


def of_proposal(place: int, **changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    proposals = list(ROUND_CHAIN.round.proposals)
    proposals[place] = replace(proposals[place], **changes)
    return of_round(proposals=tuple(proposals))


def of_division(place: int | None = None, **changes: Any) -> Case:
    """A round that divides 1,000 by votes; changes are of a proposal, or of the round itself."""
    assert isinstance(DIVISION_CHAIN.round, RoundEvidence)
    round_ = DIVISION_CHAIN.round
    if place is not None:
        proposals = list(round_.proposals)
        proposals[place] = replace(proposals[place], **changes)
        changes = {"proposals": tuple(proposals)}
    return DIVISION_BOARD, replace(DIVISION_CHAIN, round=replace(round_, **changes))


def of_shares(place: int | None = None, **changes: Any) -> Case:
    """A round that funds by equal shares of its opened ballots; changes as of `of_division`."""
    assert isinstance(SHARES_CHAIN.round, RoundEvidence)
    round_ = SHARES_CHAIN.round
    if place is not None:
        proposals = list(round_.proposals)
        proposals[place] = replace(proposals[place], **changes)
        changes = {"proposals": tuple(proposals)}
    return SHARES_BOARD, replace(SHARES_CHAIN, round=replace(round_, **changes))


def of_categories(**changes: Any) -> Case:
    """A round with two categories; the first proposal changed."""
    outcome = GreedyByCategory((50, 40, 30, 20), (0, 1, 1, 0), (70, 50), 100)
    board, chain = approval_poll(
        treasury=bytes([42] * 20), seed="categories", outcome=outcome
    ).finish()
    assert isinstance(chain.round, RoundEvidence)
    first, *others = chain.round.proposals
    proposals = (replace(first, **changes), *others)
    return board, replace(chain, round=replace(chain.round, proposals=proposals))


def of_payouts(change: Callable[[list[Payout]], list[Payout]], paid_out: int = 0) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    payouts = tuple(change(list(ROUND_CHAIN.round.payouts)))
    return of_round(payouts=payouts, paid_out=paid_out or sum(one.amount for one in payouts))


def a_round_kept_quiet() -> Case:
    return BOARD, replace(CHAIN, creator_is_treasury=True)


def in_other_words(**members: object) -> Case:
    """The round's poll, with a different description."""
    return approval_poll(treasury=bytes([42] * 20), seed="round", members=members).finish()


def another_title() -> Case:
    return in_other_words(title="Which should get no money?")


def another_question() -> Case:
    return in_other_words(questions=[QUESTION | {"title": "Which should get no money?"}])


def another_text() -> Case:
    return in_other_words(text="Choose what you reject.")


def a_poll_of_somebody_else() -> Case:
    return ROUND_BOARD, replace(ROUND_CHAIN, creator=bytes([1] * 20))


def the_withdrawn_one_stands() -> Case:
    return of_proposal(1, withdrawn=False)


def another_winner() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    places = [n for n, one in enumerate(ROUND_CHAIN.round.proposals) if not one.funded]
    return of_proposal(places[-1], funded=True)


def a_withdrawn_winner() -> Case:
    return of_proposal(1, funded=True)


def paid_twice(payouts: list[Payout]) -> list[Payout]:
    return [*payouts, payouts[0]]


def paid_to_another(payouts: list[Payout]) -> list[Payout]:
    return [replace(payouts[0], recipient=bytes([77] * 20)), *payouts[1:]]


def paid_too_much(payouts: list[Payout]) -> list[Payout]:
    return [replace(payouts[0], amount=payouts[0].amount + 1), *payouts[1:]]


def paid_for_nothing(payouts: list[Payout]) -> list[Payout]:
    return [*payouts, Payout(bytes([99] * 32), bytes([99] * 20), 1, 950, bytes([99] * 32))]


MUTATIONS: Mutations = [
    (another_source_than_was_fixed, {"D1"}),
    (lambda: invited(root=bytes([1] * 32)), {"D1"}),
    (lambda: invited(voters=6), {"D1"}),
    (lambda: invited(weight=6), {"D1"}),
    (lambda: invited(kind=1), {"D1"}),
    (lambda: invited(kind=2, root=keccak256(b""), source=b""), {"D1"}),
    (a_round_kept_quiet, {"D1"}),
    (another_title, {"D1"}),
    (another_question, {"D1"}),
    (another_text, {"D1"}),
    (a_poll_of_somebody_else, {"D1"}),
    (lambda: of_round(registry=bytes(20)), {"D1", "D4"}),
    (lambda: of_round(poll_id=2), {"D1"}),
    (lambda: of_round(budget=10**9), {"D1"}),
    (lambda: of_proposal(0, title="another"), {"D1"}),
    (lambda: of_proposal(3, amount=10**9), {"D1"}),
    (the_withdrawn_one_stands, {"D1", "D2"}),
    (another_winner, {"D2"}),
    (a_withdrawn_winner, {"D2"}),
    (lambda: of_round(committed=1), {"D2"}),
    (lambda: of_categories(category=1), {"D1"}),
    (lambda: of_division(budget=1001), {"D1"}),
    (lambda: of_shares(budget=101), {"D1"}),
    (lambda: of_shares(3, amount=41), {"D1"}),
    (lambda: of_division(2, title="another"), {"D1"}),
    (lambda: of_division(3, amount=1), {"D2", "D3"}),
    (lambda: of_division(committed=999), {"D2"}),
    (lambda: of_payouts(paid_twice), {"D3"}),
    (lambda: of_payouts(paid_to_another), {"D3"}),
    (lambda: of_payouts(paid_too_much), {"D3"}),
    (lambda: of_payouts(paid_for_nothing), {"D3"}),
    (lambda: of_payouts(lambda payouts: payouts[1:], paid_out=1), {"D3"}),
    (lambda: of_round(paid_out=1), {"D3"}),
    (lambda: of_round(deposited=0), {"D3"}),
    (moved_elsewhere, {"D3"}),
    (moved_in_another_transaction, {"D3"}),
    (lambda: of_round(moved=()), {"D3"}),
    (lambda: in_coins(-1), {"D3"}),
    (lambda: of_round(status=ROUND_VETOED), {"D3"}),
    (lambda: of_round(secret=False), {"D1"}),
    (lambda: of_electorate(root=bytes(32)), {"D1"}),
    (lambda: of_electorate(kind=1, root=bytes(32)), {"D1"}),
    (lambda: of_round(member_root=bytes(32)), {"D1"}),
    (lambda: of_treasury("registry", word(1)), {"D4"}),
    (lambda: of_treasury("rules", word(1)), {"D4"}),
    (lambda: of_treasury("_cachedThis", word(1)), {"D4"}),
    (lambda: of_treasury("_firstChainId", word(1)), {"D4"}),
    (rules_elsewhere, {"D4"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_round_needs_a_rule_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Audit, "outcome_rule", NoOutcome())
    found = findings(ROUND_BOARD, ROUND_CHAIN)["D1"]
    assert found.verdict is Verdict.FAILS
    assert "must fund or divide" in found.detail


def test_an_honest_round_holds() -> None:
    found = findings(ROUND_BOARD, ROUND_CHAIN)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert "1 not claimed" in found["D3"].detail


def test_everybody_who_was_invited_may_vote() -> None:
    poll = approval_poll(treasury=bytes([42] * 20), seed="invited", unused_invitations=0)
    assert {one.verdict for one in findings(*poll.finish()).values()} == {Verdict.HOLDS}


def test_voters_fixed_with_a_round_are_an_assumption() -> None:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    electorate = replace(ROUND_CHAIN.round.electorate, kind=1)
    found = findings(*of_round(electorate=electorate, member_root=bytes([3] * 32)))
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert "voters fixed with the round" in found["D1"].detail
    assert "not the round's members" in found["D1"].assumes


def test_a_vetoed_round_holds_if_nothing_was_paid() -> None:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    unpaid = tuple(replace(one, paid=False) for one in ROUND_CHAIN.round.proposals)
    nothing: dict[str, Any] = {"payouts": (), "moved": (), "paid_out": 0}
    found = findings(*of_round(status=ROUND_VETOED, proposals=unpaid, **nothing))
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["D3"].detail == "the payouts were vetoed; nothing was paid"
    # The decision is still compared with the tally.
    lie = of_round(status=ROUND_VETOED, proposals=unpaid, committed=1, **nothing)
    assert failing(*lie) == {"D2"}


def test_a_round_in_its_own_words_holds() -> None:
    members = {"text": "", "questions": [QUESTION | {"title": "A question"}]}
    assert failing(*in_other_words(**members)) == set()


def test_an_honest_round_with_categories_holds() -> None:
    rule = GreedyByCategory((50, 40, 30, 20), (0, 0, 1, 1), (60, 30), 100, leftover=True)
    poll = approval_poll(treasury=bytes([42] * 20), outcome=rule)
    board, chain = poll.finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.round is not None
    assert not isinstance(chain.round, AuditError)
    unfunded = [n for n, one in enumerate(chain.round.proposals) if not one.funded]
    proposals = list(chain.round.proposals)
    proposals[unfunded[-1]] = replace(proposals[unfunded[-1]], funded=True)
    lie = replace(chain, round=replace(chain.round, proposals=tuple(proposals)))
    assert failing(board, lie) == {"D2"}


def test_an_undecided_round_is_not_checked() -> None:
    found = findings(*of_round(status=5))
    assert {n for n, one in found.items() if one.verdict is Verdict.NOT_CHECKED} == {"D2", "D3"}


def test_a_round_with_categories_holds() -> None:
    assert failing(*of_categories()) == set()


def test_a_round_that_divides_holds() -> None:
    assert failing(*of_division()) == set()
    detail = findings(*of_division())["D2"].detail
    assert detail == "4 proposals for 1000"


def test_an_electorate_of_an_unknown_kind_is_not_checked() -> None:
    assert set(not_checked(*of_electorate(kind=4))) == {"D1"}


def test_what_an_endpoint_cannot_show_of_coins_is_not_checked() -> None:
    for board, chain in (in_coins(0), in_coins(5)):
        assert failing(board, chain) == set()
        assert not not_checked(board, chain)
    assert "may have spent there" in not_checked(*in_coins(-1, spent=True))["D3"]
    unread = of_round(token=bytes(20), moved=Unanswered("pruned"))
    assert not_checked(*unread) == {"D3": "pruned"}


def test_a_token_that_keeps_a_fee_is_not_checked() -> None:
    first, *others = (one for one in round_moved() if isinstance(one, Transfer))
    less = of_round(moved=(replace(first, amount=first.amount - 1), *others))
    assert set(not_checked(*less)) == {"D3"}


def test_a_round_that_opens_its_ballots_keeps_to_its_proposals() -> None:
    found = findings(*of_shares())
    assert found["D1"].verdict is Verdict.HOLDS
    assert "D2" not in failing(*of_shares())
