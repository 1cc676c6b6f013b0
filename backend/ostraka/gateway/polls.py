"""Plan polls without a round."""

from ostraka.gateway.context import GatewayContext
from ostraka.gateway.description import poll_description
from ostraka.gateway.known_polls import warnings_of
from ostraka.gateway.plans import PLAN_DIGITS
from ostraka.planning.asked_poll import census_so_far, planned_poll, to_shuffle
from ostraka.planning.feasibility import refuse_impossible, refuse_wrong_periods
from ostraka.planning.leaks import LeakWarning
from ostraka.planning.specification import PollSpecification
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import Rejected


class Polls:
    """Polls without a round that one gateway plans."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway

    def create(self, wanted: PollSpecification, request: str) -> Plan:
        """Plan a poll; it goes on chain when registration is over.

        Args:
            request: Identifier in hex; the same request plans the same poll.

        Raises:
            Problem: A member of the specification is impossible; names it.
        """
        plans, plan_id = self._gateway.plans, request[:PLAN_DIGITS]
        return plans.find(plan_id) or plans.add(
            wanted, warnings=self.check(wanted), plan_id=plan_id
        )

    def check(self, wanted: PollSpecification) -> list[LeakWarning]:
        """Return how a poll may reveal votes; nothing is stored. Raises as `create` does."""
        try:
            rule = wanted.check()
            # With the longest possible source of a census.
            poll_description(wanted, "0" * 16, {"source": "x" * 300})
            now = self._gateway.registry.head().timestamp
            census = census_so_far(self._gateway.electorates, wanted)
            if census is not None:
                rule.check_weight(census.total_weight)
            refuse_impossible(wanted, census, rule, now)
            self._gateway.committee(wanted.committee, to_shuffle(wanted, census, rule))
            registry = self._gateway.registry
            refuse_wrong_periods(wanted, registry.period_floor(), registry.is_disputable())
        except Rejected as rejected:
            raise Problem(ProblemType.INVALID_REQUEST, rejected.reason, rejected.item) from rejected
        return warnings_of(self._gateway, planned_poll("this poll", wanted, census))
