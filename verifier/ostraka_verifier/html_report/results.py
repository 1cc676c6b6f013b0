"""Sections about the result: what was decided, who took part, what happened to the money."""

from fractions import Fraction
from math import isqrt

from ostraka_verifier.checks import Verdict
from ostraka_verifier.html_report.charts import MAX_BARS, Bar, bar_chart
from ostraka_verifier.html_report.facts import (
    DecisionFacts,
    Facts,
    OptionFacts,
    Participation,
    PollFacts,
    QuestionFacts,
)
from ostraka_verifier.html_report.formats import decimal, grouped, percent, short
from ostraka_verifier.html_report.markup import Content, Markup, element, joined, stranger
from ostraka_verifier.html_report.money import MoneyFacts
from ostraka_verifier.html_report.parts import Hashes, Section, definitions, names, section, table
from ostraka_verifier.html_report.steps import explained
from ostraka_verifier.html_report.summary import STATES
from ostraka_verifier.outcome.pairs import PairCounts
from ostraka_verifier.question import Pairwise
from ostraka_verifier.statistics import Moments, Statistics

_KEY_WIDTH = 92
"""For words in place of numbers beside bars."""


def decided(facts: Facts, poll: PollFacts) -> Section:
    """Return the section on questions, options, votes and decision."""
    return section(
        "decided",
        "What was decided",
        element("p", stranger(poll.text), class_="text") if poll.text else None,
        _caution(facts, poll),
        [_decision(decision, poll.money) for decision in poll.decisions],
        [
            _question(question, poll.money, number)
            for number, question in enumerate(poll.questions, start=1)
        ],
        element("p", "The questions cannot be read from the published data.")
        if not poll.questions
        else None,
    )


def took_part(participation: Participation) -> Section:
    """Return the section on turnout."""
    voters, ballots = participation.voters, participation.ballots
    turnout: Content = None
    charts: Content = None
    if ballots is not None:
        turnout = percent(Fraction(ballots, voters)) if voters else None
        bars = [
            Bar("voted", ballots, short(ballots), marked=True),
            Bar("did not", max(0, voters - ballots), short(max(0, voters - ballots))),
        ]
        charts = element("figure", bar_chart("Turnout", bars, _KEY_WIDTH))
    weights: list[tuple[str, Content]] = []
    if participation.weighted:
        cast = participation.cast_weight
        of_weight = Fraction(cast or 0, participation.total_weight)
        weights = [
            ("Votes of all voters, by weight", grouped(participation.total_weight)),
            (
                "Votes on counted ballots, by weight",
                None if cast is None else f"{grouped(cast)} ({percent(of_weight)})",
            ),
        ]
    return section(
        "took-part",
        "Who took part",
        definitions(
            [
                ("Voters on the list", grouped(voters)),
                ("Counted ballots", "none yet" if ballots is None else grouped(ballots)),
                ("Turnout", turnout),
                *weights,
                (
                    "Weight of a vote",
                    "differs between voters"
                    if participation.weighted
                    else "the same for everybody",
                ),
            ]
        ),
        charts,
        element("p", participation.electorate) if participation.electorate else None,
    )


def money_section(money: MoneyFacts, hashes: Hashes) -> Section:
    """Return the section on a round's budget, winners and payouts."""
    left = money.left
    token = money.currency.token
    rows: list[list[Content]] = [
        [
            stranger(one.title) if one.title else "a withdrawn proposal",
            _state(one.withdrawn, one.funded, one.paid),
            hashes.short(one.recipient, "recipient of a proposal"),
            hashes.short(one.transaction, "transaction of a payment")
            if one.transaction
            else "none",
            money.shown(one.amount),
        ]
        for one in money.proposals
    ]
    bars = [
        Bar("funded", money.committed, _of_budget(money.committed, money), marked=True),
        Bar("left", left, _of_budget(left, money)),
    ]
    return section(
        "money",
        "What happens with the money",
        definitions(
            [
                ("Budget", money.shown(money.budget)),
                ("Deposited", money.shown(money.deposited)),
                ("For funded proposals", money.shown(money.committed)),
                ("Left of the budget", money.shown(left)),
                ("Paid out so far", money.shown(money.paid_out)),
                (
                    "Currency",
                    joined("the token at ", hashes.short(token, "token of the round"))
                    if token
                    else "the coin of the blockchain",
                ),
                ("Budget round", grouped(money.round_id)),
                ("Contract with the money", hashes.short(money.treasury, "treasury")),
            ]
        ),
        element("figure", bar_chart("Budget of the round", bars, _KEY_WIDTH)),
        table(
            "Proposals and payments",
            ("Proposal", "State", "Recipient", "Payment", "Amount"),
            rows,
            numbers=1,
        ),
    )


def _caution(facts: Facts, poll: PollFacts) -> Markup | None:
    if poll.void_reason is not None:
        return element("p", f"There is no result: {poll.void_reason}.")
    if facts.status in STATES:
        return element("p", f"There is no result yet: {STATES[facts.status]}.")
    said = []
    if poll.lost_reason is not None:
        said.append(
            f"The ballots would decide this, but it counts for nothing: {poll.lost_reason}."
        )
    if facts.verdict is not Verdict.HOLDS:
        said.append("The blockchain states the following. This audit does not confirm it.")
    return joined(*(element("p", one, class_="open mark") for one in said)) if said else None


def _decision(decision: DecisionFacts, money: MoneyFacts | None) -> Markup:
    chosen = names(decision.chosen) if decision.chosen else None
    return joined(
        element("p", element("strong", decision.outcome, " " if chosen else None, chosen))
        if decision.outcome
        else None,
        element("p", "The rule: ", decision.rule, class_="quiet"),
        explained(decision.steps, decision.options, money.shown if money else grouped),
    )


def _of_budget(units: int, money: MoneyFacts) -> str:
    return percent(Fraction(units, money.budget)) if money.budget else "–"


def _state(withdrawn: bool, funded: bool, paid: bool) -> str:
    if withdrawn:
        return "withdrawn"
    if not funded:
        return "not funded"
    return "funded and paid" if paid else "funded, not paid yet"


def _question(question: QuestionFacts, money: MoneyFacts | None, number: int) -> Markup:
    title = element("h3", stranger(question.title), id=f"question-{number}")
    if question.statistics is not None and question.statistics.overall is not None:
        return joined(title, _moments(question.statistics, question.statistics.overall))
    if all(option.votes is None for option in question.options):
        count = len(question.options)
        named = question.options[: isqrt(count) if question.kind == Pairwise.kind else count]
        options = element("ol", [element("li", stranger(one.name)) for one in named])
        return joined(title, element("p", "Options, in the order of the ballot:"), options)
    if question.kind == Pairwise.kind:
        return joined(title, _pairs(question))
    return joined(title, _chart(question), _votes(question, money), _quartiles(question))


def _chart(question: QuestionFacts) -> Markup | None:
    shown = question.options[:MAX_BARS]
    if len(shown) < 2:
        return None
    bars = [
        Bar(str(number), option.votes or 0, short(option.votes or 0), bool(option.award))
        for number, option in enumerate(shown, start=1)
    ]
    left_out = len(question.options) - len(shown)
    note = "The numbers beside the bars are those of the table."
    if any(bar.marked for bar in bars):
        note += " Options that won have the stronger colour."
    if left_out:
        note += f" Options that the chart leaves out: {left_out}."
    return element(
        "figure",
        bar_chart("Votes by option", bars),
        element("figcaption", note, class_="quiet"),
    )


def _votes(question: QuestionFacts, money: MoneyFacts | None) -> Markup:
    options = question.options
    means = any(option.mean is not None for option in options)
    awarded = any(option.award is not None for option in options)
    heads = ["Option", *(["Decision"] if awarded else []), "Votes"]
    heads.append("For each ballot" if means else "Share of ballots")
    rows: list[list[Content]] = [
        [
            joined(f"{number}. ", stranger(option.name)),
            *([_award(option, money)] if awarded else []),
            grouped(option.votes or 0),
            _of_ballots(option),
        ]
        for number, option in enumerate(options, start=1)
    ]
    return table("Votes by option", heads, rows, numbers=2)


def _pairs(question: QuestionFacts) -> Markup:
    """Return how many votes prefer the option of each row to that of each column."""
    slots = [option.votes or 0 for option in question.options]
    counts = PairCounts(slots, isqrt(len(slots)))
    options = range(counts.options)
    rows: list[list[Content]] = [
        [
            joined(f"{one + 1}. ", stranger(question.options[one].name)),
            *("–" if one == other else grouped(counts.votes(one, other)) for other in options),
        ]
        for one in options
    ]
    winner = counts.condorcet_winner
    beats = " beats every other option in direct comparison."
    return joined(
        table(
            "Votes that prefer the option of the row to the numbered option of the column",
            ["Preferred option", *(str(option + 1) for option in options)],
            rows,
            numbers=counts.options,
        ),
        element(
            "p",
            ("No option", beats)
            if winner is None
            else (stranger(question.options[winner].name), beats),
        ),
    )


def _award(option: OptionFacts, money: MoneyFacts | None) -> str:
    if not option.award:
        return "–"
    if option.award > 1 or not option.award_word:
        return money.shown(option.award) if money else grouped(option.award)
    return f"✓ {option.award_word}"


def _of_ballots(option: OptionFacts) -> str:
    if option.of_ballots is not None:
        return percent(option.of_ballots)
    return "–" if option.mean is None else decimal(option.mean)


def _quartiles(question: QuestionFacts) -> Markup | None:
    if question.statistics is None or not question.statistics.quartiles:
        return None
    rows: list[list[Content]] = [
        [str(one.quantile), stranger(one.label), f"{one.low:,} up to below {one.high:,}"]
        for one in question.statistics.quartiles
    ]
    return table("Quartiles", ("Share of answers", "Group", "Range"), rows)


def _moments(statistics: Statistics, overall: Moments) -> Markup:
    groups = [(stranger(one.group), one) for one in statistics.moments if one.group]
    rows: list[list[Content]] = [
        [
            label,
            grouped(one.count),
            "–" if one.mean is None else decimal(one.mean),
            "–" if one.variance is None else decimal(one.variance),
        ]
        for label, one in [*groups, (joined("all"), overall)]
    ]
    return table("Answers", ("Group", "Answers", "Mean", "Variance"), rows, numbers=3)
