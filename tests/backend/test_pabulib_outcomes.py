"""A `.pb` file's rule chooses the outcome rule."""

from pathlib import Path

from ostraka.planning.round_rules import outcome_json
from ostraka_verifier.outcome import Completion, EqualShares, Greedy, Misfit, NoOutcome
from tests.support.elections import asked, pb


def test_rules_determine_the_outcome(tmp_path: Path) -> None:
    costs = (60, 50, 10)
    for meta, outcome in (
        ({"rule": "greedy"}, Greedy(costs, 100, minimum_support=0)),
        ({"rule": "greedy-no-skip"}, Greedy(costs, 100, misfit=Misfit.STOP, minimum_support=0)),
        (
            {"rule": "greedy-threshold", "min_project_score_threshold": "7.5"},
            Greedy(costs, 100, minimum_support=8),
        ),
        ({"rule": "unknown"}, NoOutcome()),
        ({}, NoOutcome()),
    ):
        election = asked(tmp_path, pb(meta))
        assert election.outcome == outcome
        assert election.honoured == isinstance(outcome, Greedy)
    for rule, completion, increment in (
        ("equalshares", Completion.NONE, 0),
        ("equalshares/add1", Completion.ADD_ONE, 1),
        ("equalshares/add1-comparison", Completion.ADD_ONE, 1),
        ("equalshares/utilitarian", Completion.UTILITARIAN, 0),
        ("equalshares/add1u", Completion.ADD_ONE_UTILITARIAN, 1),
    ):
        shared = asked(tmp_path, pb({"rule": rule}))
        assert shared.outcome == EqualShares(
            costs, 100, completion=completion, increment=increment, objection_time=60
        )
        assert (shared.honoured, shared.is_shuffled) == (True, True)
        assert shared.round is not None
        decides = outcome_json(shared.round.outcome)
        assert (decides["kind"], decides["completion"]) == ("equal_shares", completion.name.lower())
        assert ("comparison" in shared.says) == ("comparison" in rule)
    # One unit of the currency, whatever the smallest one is.
    cents = asked(tmp_path, pb({"rule": "equalshares/add1", "budget": "100.50"}))
    assert isinstance(cents.outcome, EqualShares)
    assert (cents.outcome.increment, cents.outcome.budget) == (100, 10_050)
    told = asked(tmp_path, pb({"rule": "equalshares/add1"}), greedy=True)
    assert told.outcome == Greedy(costs, 100, minimum_support=0)
    assert "instead of the file's rule equalshares/add1" in told.says
    assert not told.honoured
    assert told.round is not None
    assert outcome_json(told.round.outcome)["misfit"] == "skip"
