"""A round's rules: which bytes are some, and what its poll asks at most (§17.7)."""

import pytest

from ostraka.planning import round_rules
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import Misfit, Order
from ostraka_verifier.question import Approval, Knapsack, Ranking

GREEDY = round_rules.greedy(Order.VOTES, Misfit.SKIP, 1)
PROPOSALS = [("Tree", 5), ("Bench", 3)]


@pytest.mark.parametrize("ballot", [b"", b"\x07", b"\xff", b"\x01\0\x01", b"\0\0", b"\x06\0\x02"])
def test_bytes_that_are_not_a_ballot_kind_are_refused(ballot: bytes) -> None:
    with pytest.raises(Malformed):
        round_rules.ballot_json(ballot)


@pytest.mark.parametrize("outcome", [b"", b"\0", b"\x02", b"\x05\0", GREEDY[:-1], GREEDY + b"\0"])
def test_bytes_that_are_not_an_outcome_rule_are_refused(outcome: bytes) -> None:
    with pytest.raises(Malformed):
        round_rules.outcome_json(outcome)


def test_a_ballots_limits_shrink_to_the_open_proposals() -> None:
    approval = round_rules.question_of(round_rules.approval(3, 5), "T", PROPOSALS, 10)
    assert isinstance(approval, Approval)
    assert (approval.at_least, approval.at_most) == (2, 2)
    ranking = round_rules.question_of(round_rules.ranking([5, 3, 1]), "T", PROPOSALS, 10)
    assert isinstance(ranking, Ranking)
    assert tuple(ranking.scores) == (5, 3)
    knapsack = round_rules.question_of(round_rules.knapsack(), "T", PROPOSALS, 10)
    assert isinstance(knapsack, Knapsack)
    assert (tuple(knapsack.costs), knapsack.budget) == ((5, 3), 10)


@pytest.mark.parametrize(
    ("ballot", "outcome", "item"),
    [
        (round_rules.approval(3, 2), GREEDY, "ballot.at_least"),
        (round_rules.ranking([1] * 11), GREEDY, "ballot.scores"),
        (round_rules.knapsack(), round_rules.proportional(), "ballot.kind"),
        (
            round_rules.single_choice(),
            round_rules.greedy_by_category([60, 41], Order.VOTES, Misfit.SKIP, False, 1),
            "outcome.budgets",
        ),
        (round_rules.score((1 << 63) - 1), GREEDY, "ballot."),
    ],
)
def test_impossible_rules_are_refused_by_member(ballot: bytes, outcome: bytes, item: str) -> None:
    with pytest.raises(Rejected) as raised:
        round_rules.widest_rule(ballot, outcome, 10, 100)
    assert (raised.value.check, raised.value.item.startswith(item)) == ("P2", True)


def test_the_widest_rule_has_a_slot_for_every_proposal() -> None:
    for ballot in (round_rules.approval(1, 2), round_rules.knapsack(), round_rules.score(5)):
        assert len(round_rules.widest_rule(ballot, GREEDY, 10, 100).slots) == 10
