"""How opened ballots came to their outcome, as tables and sentences of the report."""

from collections.abc import Iterator, Sequence

from ostraka_verifier.html_report.markup import Content, Markup, element, joined, stranger
from ostraka_verifier.html_report.parts import table
from ostraka_verifier.html_report.step_words import (
    PURCHASES,
    WHOSE_MONEY,
    Money,
    OptionName,
    Words,
    count_table,
    count_words,
    purchase_cells,
    quota_words,
    share_words,
)
from ostraka_verifier.outcome.steps import Count, Shares, Step, Unaffordable


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
    heads, votes = count_table(counts, len(options))
    names: list[Content] = [*map(stranger, options), "No further choice"]
    rows: list[list[Content]] = [[name, *row] for name, row in zip(names, votes, strict=True)]
    yield table("Votes of each option at each count", heads, rows, numbers=len(counts))
    quota = counts[0].quota
    if quota is not None:
        yield element("p", quota_words(quota))
    yield element("ol", [element("li", list(_follows(one, options))) for one in counts])


def _follows(count: Count, options: Sequence[str]) -> Iterator[Content]:
    for number, sentence in enumerate(count_words(count)):
        yield joined(" " if number else None, *_named(sentence, options))


def _named(sentence: Words, options: Sequence[str]) -> Iterator[Content]:
    for piece in sentence:
        yield stranger(options[piece.slot]) if isinstance(piece, OptionName) else piece


def _purchases(steps: Sequence[Step], options: Sequence[str], money: Money) -> Iterator[Content]:
    rows: list[list[Content]] = []
    for step in steps:
        if isinstance(step, Shares):
            yield element("p", share_words(step, money))
        elif not isinstance(step, Count):
            rows.append([stranger(options[step.option]), *purchase_cells(step, money)])
    yield table("Purchases in their order", PURCHASES, rows)
    if any(isinstance(step, Unaffordable) for step in steps):
        yield element("p", WHOSE_MONEY, class_="quiet")
