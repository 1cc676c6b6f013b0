"""The outcome rule of a `.pb` file: the counts themselves, greedy funding, or equal shares.

Source: https://pabulib.org/format; docs/protocol.md §14, §17.7.
"""

from dataclasses import dataclass
from math import ceil

from ostraka.formats.pabulib import PabulibFile
from ostraka.formats.pabulib_categories import Categories, per_category
from ostraka.planning import round_rules
from ostraka_verifier.outcome import (
    Completion,
    EqualShares,
    Greedy,
    GreedyByCategory,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
)
from ostraka_verifier.units import Seconds

OWN_UNIT = "Ostraka"
"""The unit in our own exports."""
OWN_RULE = "greedy-custom"
"""Our exports' name of greedy within budgets of categories; the format has no name for it."""
EQUAL_SHARES = {
    Completion.NONE: "equalshares",
    Completion.ADD_ONE: "equalshares/add1",
    Completion.UTILITARIAN: "equalshares/utilitarian",
    Completion.ADD_ONE_UTILITARIAN: "equalshares/add1u",
}
"""Names of equal shares by what completes it."""
_COMPARED = "equalshares/add1-comparison"
"""Add-one, whose outcome the city then compared with the greedy one."""
_COMPLETIONS = {name: completion for completion, name in EQUAL_SHARES.items()} | {
    _COMPARED: Completion.ADD_ONE
}
_COMPLETED = {
    Completion.NONE: "without completion",
    Completion.ADD_ONE: "completed by add-one",
    Completion.UTILITARIAN: "completed by most votes",
    Completion.ADD_ONE_UTILITARIAN: "completed by add-one, then by most votes",
}
OBJECTION_S = 60
"""Seconds to object to an attested outcome: a file does not state any."""
_RULES = ("greedy", "greedy-no-skip", "greedy-threshold")


@dataclass(frozen=True)
class FileDecision:
    """An outcome rule.

    Attributes:
        round: Its encoding in a round's rules; None where a round cannot have it.
        says: What it is called, for people.
        own: Whether it is the file's own rule.
    """

    rule: OutcomeRule
    round: bytes | None
    says: str
    own: bool


def decision_of(file: PabulibFile, categories: Categories, greedy: bool) -> FileDecision:
    """Return the outcome rule that a file names.

    Args:
        greedy: Fund greedily by votes whatever rule the file names.

    Raises:
        PabulibError: Ostraka does not know the rule, or a part of it.
        Rejected: The outcome rule refuses a value; its item names the rule's member.
    """
    rule = file.meta.get("rule", "unknown").lower()
    has_budgets = bool(file.meta.get("budget_per_category"))
    if rule in ("", "unknown") and not greedy:
        says = "the counts are the result, as the file names no rule (--greedy funds by votes)"
        return FileDecision(NoOutcome(), None, says, own=False)
    if rule in _COMPLETIONS and not greedy:
        return _equal_shares(file, rule)
    # Other files use that name for a rule of their city.
    ours = rule == OWN_RULE and file.meta.get("unit") == OWN_UNIT and has_budgets
    own = rule in _RULES or ours
    if not own and not greedy:
        known = ", ".join((*_RULES, *_COMPLETIONS))
        reason = f"known are {known}; --greedy funds by votes instead"
        raise file.refusal("rule", reason)
    if rule == "greedy-threshold" and not file.meta.get("min_project_score_threshold"):
        raise file.refusal("rule", "min_project_score_threshold is missing")
    # Without a threshold, a project without votes is funded if it fits.
    support = ceil(file.number("min_project_score_threshold"))
    misfit = Misfit.STOP if rule == "greedy-no-skip" else Misfit.SKIP
    ends = "stopping at" if misfit is Misfit.STOP else "skipping"
    says = f"greedy by votes, {ends} projects that do not fit"
    if support:
        says += f", support of at least {support}"
    if not own:
        says += f", instead of the file's rule {rule}"
    costs = tuple(project.cost for project in file.projects)
    budgets = per_category(file, categories, "budget_per_category", file.amount)
    leftover = _leftover(file)
    if not budgets:
        if misfit is Misfit.STOP and leftover:
            raise file.refusal("leftover_budget", "a pass after greedy-no-skip is not supported")
        decided = Greedy(costs, file.budget, Order.VOTES, misfit, support)
        return FileDecision(decided, round_rules.greedy(Order.VOTES, misfit, support), says, own)
    for project, members in zip(file.projects, categories.members, strict=True):
        if len(members) != 1:
            reason = f"project {project.project_id} (line {project.line}) is not in exactly one"
            raise file.refusal("budget_per_category", f"{reason} of the categories")
    says += ", within a budget for each category" + ", then with the leftover" * leftover
    carried = None
    if sum(budgets) <= file.budget:
        carried = round_rules.greedy_by_category(budgets, Order.VOTES, misfit, leftover, support)
    own_categories = tuple(members[0] for members in categories.members)
    within = GreedyByCategory(
        costs, own_categories, tuple(budgets), file.budget, Order.VOTES, misfit, leftover, support
    )
    return FileDecision(within, carried, says, own)


def _equal_shares(file: PabulibFile, rule: str) -> FileDecision:
    for name in ("budget_per_category", "min_project_score_threshold", "leftover_budget"):
        if file.meta.get(name):
            raise file.refusal(name, "not supported with equal shares")
    completion = _COMPLETIONS[rule]
    # Add-one means one unit of the currency, whatever its smallest unit is.
    adds = completion in (Completion.ADD_ONE, Completion.ADD_ONE_UTILITARIAN)
    decided = EqualShares(
        tuple(project.cost for project in file.projects),
        file.budget,
        completion=completion,
        increment=10**file.decimals if adds else 0,
        objection_time=OBJECTION_S,
    )
    says = f"equal shares by cost, {_COMPLETED[completion]}"
    if rule == _COMPARED:
        says += " (without the comparison with the greedy outcome that the file names)"
    carried = round_rules.equal_shares(
        decided.utility,
        completion,
        decided.increment,
        Seconds(OBJECTION_S),
        decided.veto_holder,
    )
    return FileDecision(decided, carried, says, own=True)


def _leftover(file: PabulibFile) -> bool:
    text = file.meta.get("leftover_budget", "").lower()
    if not text or text in ("0", "false", "no", "none"):
        return False
    if "ordered by score" not in text and "ordered by votes" not in text:
        raise file.refusal("leftover_budget", "only a pass ordered by score is supported")
    return True
