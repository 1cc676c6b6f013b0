"""What pabutools, abcvoting, pref-voting and VoteKit make of ballots: JSON in, JSON out.

Each question names its `rule`: `shares`, `phragmen`, `committee` or `rankings`.
"""

import contextlib
import io
import json
import sys
from typing import Any

from abcvoting import abcrules
from abcvoting.preferences import Profile as Approvals
from pabutools import election as pb
from pabutools import rules
from pref_voting.iterative_methods import instant_runoff_tb
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.proportional_methods import stv_scottish
from votekit.ballot import RankBallot
from votekit.elections import IRV, STV
from votekit.pref_profile import RankProfile

Case = dict[str, Any]


class CostTimesPoints(pb.AdditiveSatisfaction):
    """Cost times points, which pabutools has for approvals alone."""

    def __init__(self, instance: Any, profile: Any, ballot: Any) -> None:
        def utility(i: Any, p: Any, b: Any, project: Any, computed: Any) -> Any:
            return b.get(project, 0) * project.cost

        super().__init__(instance, profile, ballot, utility)


def _instance(case: Case, budget: int) -> tuple[Any, list[Any]]:
    # Ties go to the first name.
    projects = [pb.Project(f"{slot:03}", cost) for slot, cost in enumerate(case["costs"])]
    return pb.Instance(projects, budget_limit=budget), projects


def shares(case: Case) -> Case:
    """The method of equal shares and its completions by pabutools."""
    instance, projects = _instance(case, case["budget"])
    approvals = case["most"] == 1
    ballots = []
    for slots in case["ballots"]:
        given = {project: points for project, points in zip(projects, slots, strict=True) if points}
        ballots.append(pb.ApprovalBallot(set(given)) if approvals else pb.CardinalBallot(given))
    kind = pb.ApprovalProfile if approvals else pb.CardinalProfile
    profile = kind(ballots, instance=instance)
    if case["utility"] == "cost":
        sat = pb.Cost_Sat if approvals else CostTimesPoints
    else:
        sat = pb.Cardinality_Sat if approvals else pb.Additive_Cardinal_Sat
    candidates = {
        project
        for slot, project in enumerate(projects)
        if project.cost <= instance.budget_limit and any(one[slot] for one in case["ballots"])
    }

    def bought(increments: int) -> Any:
        budget = case["budget"] + increments * len(case["ballots"]) * case["increment"]
        raised, _ = _instance(case, budget)
        # pabutools knows no bound besides the raised budget.
        for project in set(projects) - candidates:
            raised.remove(project)
        return rules.method_of_equal_shares(raised, profile, sat_class=sat)

    outcome = bought(0)
    increments = 0
    while "add_one" in case["completion"] and set(outcome) != candidates:
        further = bought(increments + 1)
        if sum(project.cost for project in further) > case["budget"]:
            break
        outcome, increments = further, increments + 1
    if "utilitarian" in case["completion"]:
        outcome = rules.greedy_utilitarian_welfare(
            instance, profile, sat_class=sat, initial_budget_allocation=outcome
        )
    answer = {"winners": _slots(outcome)}
    if case["completion"] == "add_one":
        # Its own add-one, which ends as soon as nothing more fits.
        own = rules.method_of_equal_shares(
            instance, profile, sat_class=sat, voter_budget_increment=case["increment"]
        )
        answer["early"] = _slots(own)
    return answer


def _slots(projects: Any) -> list[int]:
    return sorted(int(project.name) for project in projects)


def phragmen(case: Case) -> Case:
    """Sequential Phragmén by pabutools."""
    instance, projects = _instance(case, case["budget"])
    ballots = [
        pb.ApprovalBallot({project for project, one in zip(projects, slots, strict=True) if one})
        for slots in case["ballots"]
    ]
    profile = pb.ApprovalProfile(ballots, instance=instance)
    return {"winners": _slots(rules.sequential_phragmen(instance, profile))}


def committee(case: Case) -> Case:
    """Committees by abcvoting, with exact fractions."""
    profile = Approvals(len(case["costs"]))
    profile.add_voters(
        [[slot for slot, one in enumerate(slots) if one] for slots in case["ballots"]]
    )
    size, exact = case["budget"], "standard-fractions"
    by_phragmen = abcrules.compute_seqphragmen(profile, size, algorithm=exact)
    by_shares = abcrules.compute_equal_shares(profile, size, algorithm=exact, completion=None)
    return {
        "phragmen": sorted(int(one) for one in by_phragmen[0]),
        "shares": sorted(int(one) for one in by_shares[0]),
    }


class SlotsDecide:
    """Draws no lot: of the elected the lowest slot, of others the highest."""

    def choice(self, tied: list[int]) -> int:
        """Return one of several options."""
        winners = sys._getframe(1).f_locals["winners"]
        return min(tied) if tied[0] in winners else max(tied)


def rankings(case: Case) -> Case:
    """Instant runoff and transferable vote by pref-voting and VoteKit."""
    options, orders = list(range(case["options"])), [order for order in case["orders"] if order]
    answer: Case = {"runoff": [], "scottish": [], "votekit runoff": None, "votekit": None}
    if not orders:
        return answer
    ranked = [{option: place for place, option in enumerate(order, 1)} for order in orders]
    profile = ProfileWithTies(ranked, candidates=options)
    # The first one is eliminated first.
    answer["runoff"] = instant_runoff_tb(profile, tie_breaker=options[::-1])
    elected = stv_scottish(profile, num_seats=case["seats"], rng=SlotsDecide())
    answer["scottish"] = sorted(elected)
    names = [f"{option:03}" for option in options]
    ballots = tuple(
        RankBallot(ranking=tuple(frozenset({names[option]}) for option in order), weight=1)
        for order in orders
    )
    votekit = RankProfile(ballots=ballots, candidates=tuple(names))
    for name, seats, make in (("votekit runoff", 1, IRV), ("votekit", case["seats"], STV)):
        try:
            more = {} if make is IRV else {"n_seats": seats, "simultaneous": False}
            done = make(votekit, tiebreak="first_place", rng_seed=0, **more)
        except (ValueError, IndexError, TypeError):
            continue
        answer[name] = sorted(int(one) for tier in done.get_elected() for one in tier)
    return answer


def main() -> None:
    """Answer each question of standard input."""
    known = {"shares": shares, "phragmen": phragmen, "committee": committee, "rankings": rankings}
    # Nothing that a program prints may come into the answer.
    with contextlib.redirect_stdout(io.StringIO()):
        answers = [known[case["rule"]](case) for case in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
