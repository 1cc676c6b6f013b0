"""A poll's decision rule and its outcome in plain words.

Source: docs/protocol.md §14.
"""

from collections.abc import Callable, Sequence

from ostraka_verifier.html_report.markup import readable
from ostraka_verifier.outcome import (
    Completion,
    Condorcet,
    EqualShares,
    Greedy,
    GreedyByCategory,
    InstantRunoff,
    Majority,
    Method,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
    Parts,
    Phragmen,
    Plurality,
    Proportional,
    Strength,
    TransferableVote,
    Utility,
)
from ostraka_verifier.wording import counted

Money = Callable[[int], str]
"""Formats an amount in the smallest unit."""
_LISTED_FIRST = " Of tied options, the one that comes first on the ballot wins."
_BEATS_ALL = (
    "The option that beats every other option in direct comparison wins. If there is none, "
)
_CIRCLES = {
    Method.SCHULZE: f"{_BEATS_ALL}the Schulze method decides: the strongest path of wins from the"
    " winner to any other option is at least as strong as the strongest path back.",
    Method.RANKED_PAIRS: f"{_BEATS_ALL}ranked pairs decide: wins are locked in, the strongest"
    " first, except those that would close a cycle. No locked win beats the winner.",
    Method.MINIMAX: f"{_BEATS_ALL}the option whose strongest defeat is the weakest wins.",
    Method.COPELAND: "The option with the most points wins: two for each option that it beats in"
    " direct comparison, one for each tie.",
}
_BORDA = " (Borda count): a ballot gives an option one win for each option below it."
_TIES = " Of options with the same number, the one that comes first on the ballot has priority."

_TIES_PRICE = (
    " Of options with the same price, the one that comes first on the ballot has priority."
)


def parts_of(rule: OutcomeRule, slots: int) -> list[tuple[int, OutcomeRule]]:
    """Return (slots, rule) of each part of a rule that decides `slots` slots."""
    return list(rule.parts) if isinstance(rule, Parts) else [(slots, rule)]


def rule_in_words(
    rule: OutcomeRule, money: Money, categories: Sequence[str] = (), slots: int = 0
) -> str:
    """Return how a rule without parts decides, in one or two sentences.

    Args:
        slots: Number of slots that it decides about.
        categories: Names of the categories; without names, their numbers from 1 are shown.
    """
    match rule:
        case Greedy():
            return f"{_ranked(rule.ranked_by, rule.misfit, money(rule.budget))}{_support(rule)}"
        case GreedyByCategory():
            budgets = ", ".join(
                f"{readable(categories[at]) if categories else at + 1}: {money(budget)}"
                for at, budget in enumerate(rule.category_budgets)
            )
            rest = "Then the remaining budgets are spent on any category. " if rule.leftover else ""
            return (
                f"{_ranked(rule.ranked_by, rule.misfit, money(rule.budget))} "
                f"Each category has its own budget ({budgets}). {rest}{_support(rule)}"
            ).strip()
        case Majority():
            share = f"{rule.numerator}/{rule.denominator}"
            needed = f"more than {share}" if rule.strict else f"at least {share}"
            quorum = f" At least {rule.quorum:,} votes must be cast." if rule.quorum else ""
            return (
                f"The first option passes if the votes for it are {needed} of all votes for and"
                f" against.{quorum}"
            )
        case Plurality():
            # Only a pairwise ranking has a slot for each pair of contenders.
            pairwise = slots == rule.contenders**2 > 1
            most = "wins" if pairwise else "votes"
            wins = f"option with the most {most} wins"
            if rule.seats > 1:
                wins = f"{rule.seats} options with the most {most} win"
            return f"The {wins}{_BORDA if pairwise else '.'}{_TIES}{_support(rule)}"
        case Condorcet():
            return f"{_CIRCLES[rule.method]}{_compared(rule)}{_LISTED_FIRST}"
        case Proportional():
            return f"{money(rule.amount)} are divided in proportion to the votes."
        case EqualShares():
            return _equal_shares(rule, money)
        case InstantRunoff():
            return (
                "Ballots count for their first option. The option with the fewest ballots is"
                " eliminated, and its ballots count for their next option, until one option has"
                " more than half. Of options with equally few, the one that comes last on the"
                " ballot is eliminated."
            )
        case TransferableVote():
            return (
                f"{counted(rule.seats, 'option is', 'options are')} elected by the single"
                " transferable vote, with the rules of Scottish local elections. Earlier counts"
                " break ties; otherwise the option that comes first on the ballot has priority."
            )
        case Phragmen():
            return (
                "Voters earn money at the same rate, and supporters fund an option as soon as"
                f" together they have its cost, within the budget of {money(rule.budget)}"
                " (Phragmén's sequential rule). Of options funded at the same time, the one that"
                " comes first on the ballot has priority."
            )
    return "The poll has no decision rule: the numbers themselves are the result."


def outcome_in_words(rule: OutcomeRule, awards: Sequence[int]) -> str:
    """Return what a rule without parts decided; the names of its awarded slots follow a colon.

    Args:
        awards: Of the rule's slots.
    """
    match rule:
        case NoOutcome():
            return "The numbers are the result. The poll decides nothing else."
        case Majority() if awards[0]:
            return "The motion passes:"
        case Majority() if awards[1]:
            return "The motion does not pass:"
        case Majority():
            return "There is no decision, because too few votes were cast."
        case Proportional():
            return "A share goes to:" if any(awards) else "Nobody gets a share."
        case Plurality() | Condorcet() | InstantRunoff() | TransferableVote():
            return "Chosen:" if any(awards) else "No option is chosen."
    return "Funded:" if any(awards) else "Nothing is funded."


def award_word(rule: OutcomeRule) -> str:
    """Return what an award of 1 by a rule without parts means; "" if it is an amount."""
    match rule:
        case Proportional():
            return ""
        case Majority():
            return "majority"
        case Plurality() | Condorcet() | InstantRunoff() | TransferableVote():
            return "chosen"
    return "funded"


def _equal_shares(rule: EqualShares, money: Money) -> str:
    worth = "its cost" if rule.utility is Utility.COST else "the points given to it"
    completed = {
        Completion.NONE: "",
        Completion.UTILITARIAN: " The rest of the budget goes to the options with the most"
        " utility per cost that fit.",
        Completion.ADD_ONE: f" Shares are raised by {money(rule.increment)} at a time, as long as"
        " the options bought cost no more than the budget.",
    }
    completed[Completion.ADD_ONE_UTILITARIAN] = (
        completed[Completion.ADD_ONE] + completed[Completion.UTILITARIAN]
    )
    return (
        f"Each voter gets an equal share of the budget of {money(rule.budget)}. Supporters buy"
        f" options together, the one with the lowest price for its utility first (method of equal"
        f" shares). The utility of an option is {worth}.{completed[rule.completion]}{_TIES_PRICE}"
    )


def _compared(rule: Condorcet) -> str:
    if rule.method is Method.COPELAND:
        return ""
    if rule.strength is Strength.MARGIN:
        return " A win is as strong as its margin of votes."
    return (
        " A win is as strong as its number of votes. If these are equal, fewer votes on the other"
        " side make it stronger."
    )


def _ranked(order: Order, misfit: Misfit, budget: str) -> str:
    by = "votes" if order is Order.VOTES else "votes per unit of cost"
    misfits = "An option that costs more than the remaining budget is skipped."
    if misfit is Misfit.STOP:
        misfits = "The first option that costs more than the remaining budget ends the funding."
    return (
        f"Options are funded in order of {by}, most first, while the budget of {budget} lasts."
        f" {misfits}{_TIES}"
    )


def _support(rule: Greedy | GreedyByCategory | Plurality) -> str:
    if rule.minimum_support <= 1:
        return ""
    return f" An option needs at least {rule.minimum_support:,} votes."
