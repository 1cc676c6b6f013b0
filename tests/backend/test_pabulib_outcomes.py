"""A `.pb` file's rule chooses the outcome rule."""

from pathlib import Path

from ostraka.planning.round_rules import outcome_json
from ostraka_verifier.outcome import Greedy, Misfit, NoOutcome
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
    told = asked(tmp_path, pb({"rule": "equalshares/add1"}), greedy=True)
    assert told.outcome == Greedy(costs, 100, minimum_support=0)
    assert "instead of the file's rule equalshares/add1" in told.says
    assert not told.honoured
    assert told.round is not None
    assert outcome_json(told.round.outcome)["misfit"] == "skip"
