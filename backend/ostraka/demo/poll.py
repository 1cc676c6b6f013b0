"""An election as a poll without a round: a question, an outcome rule, and no money."""

import uuid
from collections.abc import Sequence
from typing import Any

from ostraka.demo.stage import MINIMUM_VOTERS, Stage
from ostraka.formats.election import Election
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka_verifier.outcome import (
    Condorcet,
    EqualShares,
    Greedy,
    GreedyByCategory,
    InstantRunoff,
    NoOutcome,
    OutcomeRule,
    Plurality,
    TransferableVote,
)
from ostraka_verifier.published import PublishedPoll


class DemoPoll:
    """A poll of the demo."""

    def __init__(self, stage: Stage, election: Election) -> None:
        self._stage = stage
        self._election = election

    def start(self, gateway: Gateway, keys: Sequence[SigningKey]) -> str:
        """Create and open the poll. Return its plan."""
        stage, election = self._stage, self._election
        now = stage.stack.registry.head().timestamp
        wanted: dict[str, Any] = {
            "title": election.title,
            "questions": [election.question.to_json()],
            "outcomes": [outcome_wanted(election.outcome)],
            "closes_at": now + stage.phase_s,
            "voters": {
                "kind": "list",
                "accounts": [{"account": key.address_hex} for key in keys],
            },
            "minimum_ballots": MINIMUM_VOTERS,
            "times": stage.times,
        }
        if election.is_shuffled:
            wanted |= {
                "counting": "shuffled",
                "times": stage.times | {"shuffle_period": stage.shuffle_period_s},
            }
        with stage.step("create and open poll") as step:
            plan = str(
                gateway.post("/polls", wanted, as_organizer=True, key=str(uuid.uuid4()))["plan"]
            )
            stage.opened_poll(gateway, plan)
            step.gas = stage.gas(gateway, plan, "create poll", "open poll")
        return plan

    def results(self, gateway: Gateway, plan: str, poll: PublishedPoll) -> dict[str, Any]:
        """Return the poll's results, once the chain has the tally."""
        stage = self._stage
        with stage.step("release and tally") as step:
            results = stage.wait(gateway, plan, f"/polls/{poll.poll_id}/results", dict)
            step.gas = stage.gas(gateway, plan, "tally")
        return results

    def paid(self, results: dict[str, Any]) -> None:
        """Return None: a poll pays nothing."""


def outcome_wanted(rule: OutcomeRule) -> dict[str, Any]:
    """Return a file's outcome rule in the form of the gateway's API."""
    match rule:
        case NoOutcome():
            return {"kind": "none"}
        case Plurality():
            support = str(rule.minimum_support)
            return {"kind": "plurality", "seats": rule.seats, "minimum_support": support}
        case Condorcet():
            method, strength = rule.method.name.lower(), rule.strength.name.lower()
            return {"kind": "condorcet", "method": method, "strength": strength}
        case Greedy() | GreedyByCategory():
            wanted = {
                "order": rule.ranked_by.name.lower(),
                "misfit": rule.misfit.name.lower(),
                "minimum_support": str(rule.minimum_support),
                "costs": [str(cost) for cost in rule.costs],
                "budget": str(rule.budget),
            }
            if isinstance(rule, Greedy):
                return {"kind": "greedy", **wanted}
            return {
                "kind": "categories",
                **wanted,
                "categories": list(rule.categories),
                "budgets": [str(budget) for budget in rule.category_budgets],
                "leftover": rule.leftover,
            }
        case EqualShares():
            return {
                "kind": "equal_shares",
                "costs": [str(cost) for cost in rule.costs],
                "budget": str(rule.budget),
                "utility": rule.utility.name.lower(),
                "completion": rule.completion.name.lower(),
                "increment": str(rule.increment),
                "objection_time": rule.objection_time,
            }
        case InstantRunoff():
            return {"kind": "instant_runoff", "objection_time": rule.objection_time}
        case TransferableVote():
            seats, objection = rule.seats, rule.objection_time
            return {"kind": "transferable_vote", "seats": seats, "objection_time": objection}
    raise TypeError(f"no file has the outcome rule {type(rule).__name__}")
