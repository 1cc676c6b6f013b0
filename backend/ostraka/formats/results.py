"""Export a poll's result as CSV and as a `.pb` file, from the record that the gateway shows.

The record comes from the chain only, and has no single ballots: these stay secret, unless the poll
opens them without their voters.

Source: https://pabulib.org/format; RFC 4180.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from ostraka.formats.ballot_lines import Opened, groups, named
from ostraka.formats.currencies import CURRENCIES
from ostraka.formats.election import FileError, shortened
from ostraka.formats.figures import decimal, standard_deviation
from ostraka.formats.pabulib import META_FIELDS
from ostraka.formats.pabulib_outcomes import EQUAL_SHARES, OWN_RULE, OWN_UNIT
from ostraka_verifier.outcome import Completion
from ostraka_verifier.question import (
    Approval,
    Cap,
    Knapsack,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
    Split,
    read_questions,
)
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

Record = Mapping[str, Any]
COLUMNS = (
    *("poll", "root", "voters", "counted", "question", "slot", "option", "votes", "award"),
    *("cost", "category", "recipient", "paid", "statistic", "value", "below"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEFTOVER = "Fund additional projects that fit within leftover budget ordered by score"
_NAME_BYTES = 1000
_SPENDING = ("greedy", "categories", "equal_shares", "phragmen")
_WITH_POINTS = ("cumulative", "scoring")
_NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency."""


def results_csv(record: Record) -> str:
    """Write one line for each slot; amounts in the smallest unit, questions and slots from 1.

    A line for each statistic follows. A number question has count, mean, variance and standard
    deviation of each group, named by its option, and of all answers; a histogram has the bracket
    of each quartile.

    An apostrophe precedes text that a spreadsheet would run as a formula: anybody can choose a
    title.
    """
    questions = _questions(record)
    slots = [number for number, one in enumerate(questions, start=1) for _ in one.labels()]
    outcome = record["outcome"]
    costs, categories = outcome.get("costs") or [], outcome.get("categories") or []
    payouts = record["round"]["payouts"] if record["round"] else []
    named = _category_names(record)
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    for slot, option in enumerate(record["options"]):
        payout = payouts[slot] if payouts else None
        lines.writerow(
            (
                record["poll"],
                record["root"],
                record["voters"],
                record["counted"],
                slots[slot] if slots else 1,
                slot + 1,
                harmless(option["option"]),
                option["votes"],
                option["award"] or "",
                costs[slot] if costs else "",
                _category(categories[slot], named) if categories else "",
                payout["recipient"] if payout else "",
                str(payout["paid"]).lower() if payout else "",
            )
        )
    about = [record[name] for name in COLUMNS[: COLUMNS.index("question")]]
    empty = [""] * (COLUMNS.index("statistic") - COLUMNS.index("votes"))
    for question, one in enumerate(record["statistics"], start=1):
        for option, *statistic in _statistics(one):
            lines.writerow((*about, question, "", harmless(option), *empty, *statistic))
    return written.getvalue()


def _category_names(record: Record) -> list[str]:
    """Return the names of a round's categories; empty if they have none."""
    return list((record["round"] or {}).get("categories", ()))


def _category(place: str, names: Sequence[str]) -> str | int:
    """Return the name of a category; without names, its number from 1."""
    return harmless(names[int(place)]) if names else int(place) + 1


def _statistics(one: Record) -> Iterator[tuple[str, str, str, str]]:
    """Yield group or bracket, name, value, and the end of a bracket."""
    groups = one["groups"]
    for found in groups if len(groups) <= 1 else [*groups, one["overall"]]:
        figures = {
            "count": found["count"],
            "mean": decimal(found["mean"]),
            "variance": decimal(found["variance"]),
            "standard_deviation": standard_deviation(found["variance"]),
        }
        yield from ((found["group"], name, value, "") for name, value in figures.items() if value)
    for number, found in enumerate(one["quartiles"], start=1):
        yield found["label"], f"quartile_{number}", found["low"], found["high"]


def results_pb(record: Record, opened: Opened | None = None) -> str:
    """Write a `.pb` file with complete metadata, in Pabulib's order.

    Without ballots, Pabulib's own checker (pabulib-checker 1.0.8) accepts it as far as it accepts
    such files; the file's comment explains the rest. Numbers of projects all have the same length:
    programs that break ties by them as texts then do so by the order on the ballot, as we do.

    Args:
        opened: Ballots of a shuffled poll; VOTES is empty without them.

    Raises:
        FileError: The format cannot express this poll; names the reason.
    """
    questions = _questions(record)
    if len(questions) != 1:
        raise FileError(f"a .pb file has one question, this poll has {len(questions)}")
    (question,), outcome = questions, record["outcome"]
    if outcome["kind"] not in _SPENDING:
        raise FileError(f"a .pb file needs costs and a budget; this outcome is {outcome['kind']}")
    if outcome.get("ranked_by", "votes") != "votes":
        raise FileError("a .pb file has no name for greedy by votes per cost")
    own = [int(one) for one in outcome.get("categories") or []]
    costs = [int(cost) for cost in outcome["costs"]]
    money = _Money.of(record, [int(outcome["budget"]), *costs])
    kind, limits, own = _limits(question, costs, own, money)
    names = [f"Category {number}" for number in range(1, max(own) + 2)] if own else []
    if outcome["kind"] == "categories":
        # A comma separates names of categories.
        named = [one.replace(",", " ") for one in _category_names(record)]
        names = [*named, *names[len(named) :]][: len(names)]
    meta = {
        **_about(record, len(record["options"])),
        "currency": money.currency,
        "budget": money.amount(outcome["budget"]),
        "vote_type": kind,
        "rule": _rule(outcome),
        **limits,
        **_outcome_limits(outcome, names, money),
        "comment": _comment(record, question, money, limits, opened is not None),
    }
    counts = [option["votes"] for option in record["options"]]
    votes = list[list[str]]()
    ids = [str(slot).zfill(len(str(len(costs)))) for slot in range(1, len(costs) + 1)]
    if opened is not None:
        # Every ballot weighs the same where ballots are opened, and a row counts once.
        ballots = [slots for count, slots in groups(opened) for _ in range(count)]
        counts = [str(sum(column)) for column in zip(*ballots, strict=True)]
        votes = [_vote(question, ids, slots) for slots in ballots]
        meta["num_votes"] = str(len(ballots))
    if sum(costs) <= int(outcome["budget"]):
        # Pabulib's term for a budget that all projects together fit into.
        meta["fully_funded"] = "1"
    points = kind not in ("approval", "choose-1")
    header = ["project_id", "cost", "score" if points else "votes", "name"]
    rows = [
        [
            ids[slot],
            money.amount(costs[slot]),
            counts[slot],
            shortened(option["option"], _NAME_BYTES),
            *([names[own[slot]]] if names else []),
            option["award"] or "",
        ]
        for slot, option in enumerate(record["options"])
    ]
    return _written(
        [
            ["META"],
            ["key", "value"],
            *([name, shortened(meta[name], 4000)] for name in META_FIELDS if name in meta),
            ["PROJECTS"],
            [*header, *(["category"] if names else []), "selected"],
            *rows,
            ["VOTES"],
            ["voter_id", "vote", "points"] if kind in _WITH_POINTS else ["voter_id", "vote"],
            *([str(number), *vote] for number, vote in enumerate(votes, start=1)),
        ]
    )


def _vote(question: Question, ids: Sequence[str], slots: Sequence[int]) -> list[str]:
    """Return what a row of VOTES has after the number of the row."""
    places, points = named(question, slots)
    vote = ",".join(ids[place] for place in places)
    return [vote, ",".join(map(str, points))] if points else [vote]


@dataclass(frozen=True)
class _Money:
    """Unit of written amounts: the currency if all are whole, otherwise a fraction of it.

    Pabulib's checker rounds every cost down, and a cost below 1 to 0.

    Attributes:
        symbol: Symbol of the token; "" if it has none.
        decimals: Decimals of the token.
        part: How many of its decimals are written before the point.
    """

    symbol: str
    decimals: int
    part: int

    @classmethod
    def of(cls, record: Record, amounts: Sequence[int]) -> "_Money":
        """Choose the unit for amounts in the smallest unit."""
        about = record["round"] or {}
        decimals = int(about.get("decimals") or 0)
        part = 0
        while part < decimals and any(one % 10 ** (decimals - part) for one in amounts):
            part += 1
        return cls(about.get("symbol") or "", decimals, part)

    @property
    def currency(self) -> str:
        """Return an ISO 4217 code; for other units, the code for no currency."""
        return self.symbol if self.symbol in CURRENCIES and not self.part else _NO_CURRENCY

    @property
    def says(self) -> str:
        """Return a sentence about the unit, if the currency code does not state it."""
        if self.currency == self.symbol or not self.symbol:
            return ""
        unit = f"{decimal(str(Fraction(1, 10**self.part)))} " if 0 < self.part <= 4 else ""
        return f"Amounts are in {unit or f'10^-{self.part} ' if self.part else ''}{self.symbol}"

    def amount(self, units: str | int) -> str:
        """Write an amount exactly."""
        whole, rest = divmod(int(units), 10 ** (self.decimals - self.part))
        if not rest:
            return str(whole)
        return f"{whole}.{rest:0{self.decimals - self.part}}".rstrip("0")


def _questions(record: Record) -> tuple[Question, ...]:
    """Return the questions; empty if the poll does not state them."""
    return read_questions(record["questions"]) if record["questions"] else ()


def _about(record: Record, projects: int) -> dict[str, str]:
    return {
        "description": record["title"],
        "country": "Worldwide",
        "unit": OWN_UNIT,
        "instance": f"{record['chain_id']}/{record['registry']}/{record['poll']}",
        "num_projects": str(projects),
        "num_votes": str(record["counted"]),
        "date_begin": _date(record["opens_at"]),
        "date_end": _date(record["closes_at"]),
    }


def _comment(
    record: Record, question: Question, money: _Money, limits: Record, opened: bool
) -> str:
    outcome = record["outcome"]
    parts = [
        "Ballots were opened without their voters. They are sorted, and voter_id is the number of "
        "the row"
        if opened
        else "Results only: ballots stay secret, so VOTES is empty. num_votes and the votes or "
        "scores of PROJECTS are those that the chain accepted, and do not match the rows of VOTES",
        f"The chain accepted this tally for root {record['root']}",
    ]
    if int(record["total_weight"]) != record["voters"] and not opened:
        parts.append("Votes are weighted")
    if money.says:
        parts.append(money.says)
    if outcome["kind"] == "categories":
        leftover = ", then of their leftover" if outcome["leftover"] else ""
        ends = "stopping at" if outcome["misfit"] == "stop" else "skipping"
        parts.append(
            f"The rule is greedy by votes within the budget of each category{leftover}, {ends} "
            "projects that do not fit"
        )
    if outcome["kind"] == "equal_shares":
        worth = "its cost times the points" if outcome["utility"] == "cost" else "its points"
        parts.append(f"A project is worth {worth} to whoever gives it points")
        if "add_one" in outcome["completion"]:
            parts.append(f"Each step of add1 adds {money.amount(outcome['increment'])} to a share")
    if isinstance(question, Ranking) and question.fewest < len(question.scores):
        parts.append(
            f"The first place gave {counted(question.scores[0], 'point', 'points')}, and each next "
            "place 1 less, "
            "regardless of how many places a voter filled"
        )
    if "," in str(limits.get("max_length_per_category", "")):
        parts.append(
            "max_length_per_category has a number for each category; programs that expect one "
            "number for all categories cannot read it"
        )
    if any(int(cost) > int(outcome["budget"]) for cost in outcome["costs"]):
        parts.append("A project costs more than the whole budget, as the poll was asked")
    return " ".join(f"#{number}: {part}." for number, part in enumerate(parts, start=1))


def _limits(
    question: Question, costs: Sequence[int], own: list[int], money: _Money
) -> tuple[str, dict[str, str], list[int]]:
    """Return vote type, limits of a ballot, and the category of each option."""
    match question:
        case SingleChoice(abstain=False):
            return "choose-1", {"min_length": "1", "max_length": "1"}, own
        case Approval():
            limits = {"min_length": str(question.at_least), "max_length": str(question.at_most)}
            return "approval", *_caps(question.caps, costs, own, limits, money)
        case Knapsack():
            limits = {"max_sum_cost": money.amount(question.budget)}
            return "approval", *_caps(question.caps, costs, own, limits, money)
        case Score():
            return "scoring", {"min_points": "0", "max_points": str(question.max_score)}, own
        case Points():
            limits = {
                "min_sum_points": str(question.at_least),
                "max_sum_points": str(question.credits),
                "max_points": str(question.largest),
            }
            return "cumulative", limits, own
        case Split():
            total = str(question.total)
            return "cumulative", {"min_sum_points": total, "max_sum_points": total}, own
        case Ranking():
            places = len(question.scores)
            if question.scores != tuple(range(places, 0, -1)):
                scores = ", ".join(map(str, question.scores))
                raise FileError(f"a .pb file cannot express places with scores {scores}")
            return "ordinal", {"min_length": str(question.fewest), "max_length": str(places)}, own
    raise FileError(f"a .pb file cannot express ballots of the kind {question.kind}")


def _caps(
    caps: Sequence[Cap],
    costs: Sequence[int],
    own: list[int],
    limits: dict[str, str],
    money: _Money,
) -> tuple[dict[str, str], list[int]]:
    """Return caps as limits of categories: the outcome's categories, or the caps' own."""
    every = tuple(range(len(costs)))
    partial = [cap for cap in caps if cap.options != every or cap.budget is None]
    for cap in caps:
        if cap not in partial:
            limits["max_sum_cost"] = money.amount(cap.budget or 0)
    if not partial:
        return limits, own
    if not own:
        groups = list(dict.fromkeys(cap.options for cap in partial))
        own = [
            next((n for n, one in enumerate(groups) if slot in one), len(groups)) for slot in every
        ]
    members = [tuple(slot for slot in every if own[slot] == one) for one in range(max(own) + 1)]
    if any(cap.options not in members for cap in partial):
        raise FileError("a .pb file has caps on categories only")
    budgets = {cap.options: cap.budget for cap in partial if cap.budget is not None}
    numbers = {cap.options: cap.at_most for cap in partial if cap.at_most is not None}
    if len(budgets) + len(numbers) != len(partial):
        raise FileError("a .pb file has only one cap of each kind for a category")
    if budgets:
        bounds = [budgets.get(one, sum(costs[slot] for slot in one)) for one in members]
        limits["max_sum_cost_per_category"] = ",".join(money.amount(one) for one in bounds)
    if numbers:
        most = [str(numbers.get(one, len(one))) for one in members]
        # A single number is valid for every category.
        limits["max_length_per_category"] = ",".join(most if len(set(most)) > 1 else most[:1])
    return limits, own


def _rule(outcome: Record) -> str:
    if outcome["kind"] == "equal_shares":
        return EQUAL_SHARES[Completion[outcome["completion"].upper()]]
    if outcome["kind"] == "phragmen":
        return "phragmen"
    if outcome["kind"] == "categories":
        # The format has no name for it.
        return OWN_RULE
    if outcome["misfit"] == "stop":
        return "greedy-no-skip"
    # A greedy rule without a threshold funds a project for which nobody voted.
    return "greedy-threshold" if int(outcome["minimum_support"]) else "greedy"


def _outcome_limits(outcome: Record, names: Sequence[str], money: _Money) -> dict[str, str]:
    limits = {"categories": ",".join(names)} if names else {}
    if int(outcome.get("minimum_support", 0)):
        limits["min_project_score_threshold"] = outcome["minimum_support"]
    if outcome["kind"] == "categories":
        budgets = outcome["category_budgets"][: len(names)]
        limits["budget_per_category"] = ",".join(money.amount(one) for one in budgets)
        limits |= {"leftover_budget": _LEFTOVER} if outcome["leftover"] else {}
    return limits


def _date(unix_s: UnixSeconds) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%d.%m.%Y")


def harmless(text: str) -> str:
    """Return text for a cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(rows)
    return written.getvalue()
