"""Steps of an outcome in words, alike in the report and on the command line.

Source: docs/protocol.md §14.10.6.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ostraka_verifier.html_report.formats import decimal, grouped
from ostraka_verifier.outcome.steps import (
    Bought,
    Completed,
    Count,
    Funded,
    Shares,
    Skipped,
    Stopped,
    Unaffordable,
)
from ostraka_verifier.wording import counted, noun

Money = Callable[[int], str]
"""Formats an amount in the smallest unit."""

Purchase = Bought | Unaffordable | Completed | Skipped | Funded | Stopped


@dataclass(frozen=True)
class OptionName:
    """The place of an option's name in a sentence; the name is somebody's text."""

    slot: int


Words = list[str | OptionName]
"""A sentence."""

PURCHASES = ("Option", "Cost", "What happens", "Money left")
"""Heads of the table of purchases."""

WHOSE_MONEY = (
    "The money left is that of all voters; where an option is not bought, that of its supporters;"
    " where the rest of the budget is spent, that of the budget."
)


def share_words(step: Shares, money: Money) -> str:
    """Return how much money each voter gets."""
    raised = counted(int(step.increments), "increment", "increments")
    after = f", after {raised}" if step.increments else ""
    voters = counted(step.voters, "voter", "voters")
    return f"{voters}, with {_amount(step.share, money)} each{after}."


def purchase_cells(step: Purchase, money: Money) -> tuple[str, str, str]:
    """Return cost, what happens and the money left."""
    left = step.money if isinstance(step, Unaffordable) else step.left
    return _amount(step.cost, money), _what_happens(step, money), _amount(left, money)


def _what_happens(step: Purchase, money: Money) -> str:
    match step:
        case Bought():
            paid = f"at most {_amount(step.most, money)} each"
            if step.paid_all:
                have = noun(step.paid_all, "has", "have")
                paid += f"; {grouped(step.paid_all)} {have} nothing left"
            return f"bought by {counted(step.supporters, 'voter', 'voters')}, {paid}"
        case Unaffordable() if step.supporters and step.money >= step.cost:
            # Its supporters may have the money, and yet it is no candidate of the rule.
            return "not bought: costs more than the whole budget"
        case Unaffordable():
            return f"not bought: {counted(step.supporters, 'supporter', 'supporters')}"
        case Funded():
            return f"funded by {counted(step.supporters, 'supporter', 'supporters')}"
        case Completed():
            return "added with the rest of the budget"
        case Skipped():
            return "does not fit in the rest"
        case Stopped():
            return "is next and does not fit: the rule ends"


def _amount(value: Fraction, money: Money) -> str:
    units = money(round(value))
    return units if value.denominator == 1 else f"about {units}"


def count_table(counts: Sequence[Count], options: int) -> tuple[list[str], list[list[str]]]:
    """Return heads, and for each option its votes at each count; the last row has the others'."""
    rows = [[votes_words(count.votes[slot]) for count in counts] for slot in range(options)]
    rows.append([votes_words(count.exhausted) for count in counts])
    return ["Option", *(f"Count {number}" for number in range(1, len(counts) + 1))], rows


def votes_words(votes: Fraction | None) -> str:
    """Return votes with five decimals, as the Scottish rules have them; a dash for None."""
    if votes is None:
        return "–"
    return grouped(int(votes)) if votes.denominator == 1 else decimal(votes, 5)


def quota_words(quota: Fraction) -> str:
    """Return what a quota means."""
    return f"An option is elected with {votes_words(quota)} votes, the quota."


def count_words(count: Count) -> Iterator[Words]:
    """Yield what follows from a count, in sentences."""
    if count.elected:
        yield ["Elected: ", *_names(count.elected), "."]
    if count.eliminated is not None:
        yield [OptionName(count.eliminated), " has the fewest and is eliminated."]
    if count.surplus is not None:
        yield ["The surplus of ", OptionName(count.surplus), " is transferred."]
    if count.tied:
        by = "the order on the ballot"
        if count.looked_back is not None:
            by = f"count {count.looked_back + 1}"
        yield ["Tied: ", *_names(count.tied), f"; {by} decides."]
    if count.eliminated is not None or count.surplus is not None:
        yield _transfers(count)
    elif not count.elected:
        yield ["No ballot ranks an option."]


def _names(slots: Sequence[int]) -> Words:
    found: Words = []
    for slot in slots:
        found += [", ", OptionName(slot)] if found else [OptionName(slot)]
    return found


def _transfers(count: Count) -> Words:
    gained: list[Words] = [
        [OptionName(slot), f" +{votes_words(votes)}"]
        for slot, votes in enumerate(count.transfers)
        if votes
    ]
    if count.transferred_exhausted:
        gained.append([f"no further choice +{votes_words(count.transferred_exhausted)}"])
    found: Words = []
    for one in gained:
        found += [", ", *one] if found else one
    return [*found, "."]
