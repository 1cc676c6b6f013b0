"""How opened ballots came to their outcome, as tables and sentences."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from ostraka_verifier.html_report.formats import decimal, grouped
from ostraka_verifier.html_report.markup import Content, Markup, element, joined, stranger
from ostraka_verifier.html_report.parts import names, table
from ostraka_verifier.outcome.steps import (
    Bought,
    Completed,
    Count,
    Funded,
    Shares,
    Skipped,
    Step,
    Stopped,
    Unaffordable,
)
from ostraka_verifier.wording import counted, noun

Money = Callable[[int], str]
"""Formats an amount in the smallest unit."""


def explained(steps: Sequence[Step], options: Sequence[str], money: Money) -> Markup | None:
    """Return an outcome step by step; None without steps.

    Args:
        options: Names in the order of slots.
    """
    if not steps:
        return None
    counts = [step for step in steps if isinstance(step, Count)]
    shown = _counts(counts, options) if counts else _purchases(steps, options, money)
    return joined(element("h3", "How the ballots decide, step by step"), *shown)


def _counts(counts: Sequence[Count], options: Sequence[str]) -> Iterator[Content]:
    rows: list[list[Content]] = [
        [stranger(name), *(_votes(count.votes[slot]) for count in counts)]
        for slot, name in enumerate(options)
    ]
    rows.append(["No further choice", *(_votes(count.exhausted) for count in counts)])
    heads = ["Option", *(f"Count {number}" for number in range(1, len(counts) + 1))]
    yield table("Votes of each option at each count", heads, rows, numbers=len(counts))
    quota = counts[0].quota
    if quota is not None:
        yield element("p", f"An option is elected with {_votes(quota)} votes, the quota.")
    yield element("ol", [element("li", list(_what_follows(one, options))) for one in counts])


def _votes(votes: Fraction | None) -> str:
    if votes is None:
        return "–"
    return grouped(int(votes)) if votes.denominator == 1 else decimal(votes, 5)


def _what_follows(count: Count, options: Sequence[str]) -> Iterator[Content]:
    elected = [options[slot] for slot in count.elected]
    if elected:
        yield joined("Elected: ", names(elected), ". ")
    if count.eliminated is not None:
        yield joined(stranger(options[count.eliminated]), " has the fewest and is eliminated. ")
    if count.surplus is not None:
        yield joined("The surplus of ", stranger(options[count.surplus]), " is transferred. ")
    if count.tied:
        tied = names([options[slot] for slot in count.tied])
        by = "the order on the ballot"
        if count.looked_back is not None:
            by = f"count {count.looked_back + 1}"
        yield joined("Tied: ", tied, f"; {by} decides. ")
    if count.eliminated is not None or count.surplus is not None:
        gained = [
            joined(stranger(name), f" +{_votes(votes)}")
            for name, votes in zip(options, count.transfers, strict=True)
            if votes
        ]
        lost = count.transferred_exhausted
        if lost:
            gained.append(joined(f"no further choice +{_votes(lost)}"))
        yield joined([joined(", " if at else None, one) for at, one in enumerate(gained)], ".")
    elif not elected:
        yield "No ballot ranks an option."


def _purchases(steps: Sequence[Step], options: Sequence[str], money: Money) -> Iterator[Content]:
    def amount(value: Fraction) -> str:
        units = money(round(value))
        return units if value.denominator == 1 else f"about {units}"

    rows: list[list[Content]] = []
    for step in steps:
        match step:
            case Shares():
                raised = counted(int(step.increments), "increment", "increments")
                after = f", after {raised}" if step.increments else ""
                voters = counted(step.voters, "voter", "voters")
                yield element("p", f"{voters}, with {amount(step.share)} each{after}.")
            case Bought():
                paid = f"at most {amount(step.most)} each"
                if step.paid_all:
                    have = noun(step.paid_all, "has", "have")
                    paid += f"; {grouped(step.paid_all)} {have} nothing left"
                what = f"bought by {counted(step.supporters, 'voter', 'voters')}, {paid}"
                rows.append([_name(step, options), amount(step.cost), what, amount(step.left)])
            case Unaffordable():
                has = f"not bought: {counted(step.supporters, 'supporter', 'supporters')}"
                rows.append([_name(step, options), amount(step.cost), has, amount(step.money)])
            case Completed() | Skipped():
                added = isinstance(step, Completed)
                what = "added with the rest of the budget" if added else "does not fit in the rest"
                rows.append([_name(step, options), amount(step.cost), what, amount(step.left)])
            case Funded():
                what = f"funded by {counted(step.supporters, 'supporter', 'supporters')}"
                rows.append([_name(step, options), amount(step.cost), what, amount(step.left)])
            case Stopped():
                what = "is next and does not fit: the rule ends"
                rows.append([_name(step, options), amount(step.cost), what, amount(step.left)])
    heads = ["Option", "Cost", "What happens", "Money left"]
    yield table("Purchases in their order", heads, rows)
    if any(isinstance(step, Unaffordable) for step in steps):
        yield element(
            "p",
            "The money left is that of all voters; where an option is not bought, that of its"
            " supporters; where the rest of the budget is spent, that of the budget.",
            class_="quiet",
        )


def _name(
    step: Bought | Unaffordable | Completed | Skipped | Funded | Stopped, options: Sequence[str]
) -> Markup:
    return stranger(options[step.option])
