"""From a tally to a decision, in exact integers.

An outcome rule awards each slot 1, 0 or an amount. Each rule has a module; `parts` reads all rules.

Source: docs/protocol.md §14. Vectors: tests/vectors/outcome.json.
"""

from ostraka_verifier.outcome.ballots import Ballot, BallotMethod, BallotOutcome, awards_hash
from ostraka_verifier.outcome.categories import GreedyByCategory
from ostraka_verifier.outcome.condorcet import Condorcet, Method, Strength
from ostraka_verifier.outcome.equal_shares import Completion, EqualShares, Utility
from ostraka_verifier.outcome.greedy import Greedy, Misfit, Order
from ostraka_verifier.outcome.majority import Majority
from ostraka_verifier.outcome.none import NoOutcome
from ostraka_verifier.outcome.parts import Parts, decode_outcome_rule, outcome_rule_digest
from ostraka_verifier.outcome.phragmen import Phragmen
from ostraka_verifier.outcome.plurality import Plurality
from ostraka_verifier.outcome.proportional import Proportional
from ostraka_verifier.outcome.rule import OutcomeRule
from ostraka_verifier.outcome.runoff import InstantRunoff
from ostraka_verifier.outcome.steps import Step, steps_json
from ostraka_verifier.outcome.transferable import TransferableVote

FundingRule = Greedy | GreedyByCategory | Proportional | EqualShares | Phragmen
"""Rules that fund options or divide money among them: those that a budget round can have."""

__all__ = [
    "Ballot",
    "BallotMethod",
    "BallotOutcome",
    "Completion",
    "Condorcet",
    "EqualShares",
    "FundingRule",
    "Greedy",
    "GreedyByCategory",
    "InstantRunoff",
    "Majority",
    "Method",
    "Misfit",
    "NoOutcome",
    "Order",
    "OutcomeRule",
    "Parts",
    "Phragmen",
    "Plurality",
    "Proportional",
    "Step",
    "Strength",
    "TransferableVote",
    "Utility",
    "awards_hash",
    "decode_outcome_rule",
    "outcome_rule_digest",
    "steps_json",
]
