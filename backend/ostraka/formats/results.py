"""A poll's result as CSV and as a `.pb` file, from the one record that the gateway shows.

That record is of the chain alone. Results only: single ballots were secret, and nobody has them.

Source: https://pabulib.org/format; RFC 4180.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ostraka.formats.election import FileError, shortened
from ostraka.formats.figures import decimal, standard_deviation
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

Record = Mapping[str, Any]
COLUMNS = (
    *("poll", "root", "voters", "counted", "question", "slot", "option", "votes", "award"),
    *("cost", "category", "recipient", "paid", "statistic", "value", "below"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEFTOVER = "Fund additional projects that fit within leftover budget ordered by score"
_NAME_BYTES = 1000


def results_csv(record: Record) -> str:
    """One line for each slot; amounts in the smallest unit, questions and slots from 1.

    Behind them a line for each statistic: of a number count, mean, variance and standard deviation
    of each group, named as the option, and of all; of a histogram the bracket of each quartile.

    Text that a spreadsheet would run as a formula stands behind an apostrophe: titles are
    anybody's.
    """
    questions = _questions(record)
    slots = [number for number, one in enumerate(questions, start=1) for _ in one.labels()]
    outcome = record["outcome"]
    costs, categories = outcome.get("costs") or [], outcome.get("categories") or []
    payouts = record["round"]["payouts"] if record["round"] else []
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
                _harmless(option["option"]),
                option["votes"],
                option["award"] or "",
                costs[slot] if costs else "",
                int(categories[slot]) + 1 if categories else "",
                payout["recipient"] if payout else "",
                str(payout["paid"]).lower() if payout else "",
            )
        )
    about = [record[name] for name in COLUMNS[: COLUMNS.index("question")]]
    empty = [""] * (COLUMNS.index("statistic") - COLUMNS.index("votes"))
    for question, one in enumerate(record["statistics"], start=1):
        for option, *statistic in _statistics(one):
            lines.writerow((*about, question, "", _harmless(option), *empty, *statistic))
    return written.getvalue()


def _statistics(one: Record) -> Iterator[tuple[str, str, str, str]]:
    """Group or bracket, name, value, and where a bracket ends."""
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


def results_pb(record: Record) -> str:
    """A `.pb` file with complete metadata and no votes.

    Raises:
        FileError: The format has no words for this poll; says for what.
    """
    questions = _questions(record)
    if len(questions) != 1:
        raise FileError(f"a .pb file is of one question, this poll has {len(questions)}")
    (question,), outcome = questions, record["outcome"]
    if outcome["kind"] not in ("greedy", "categories"):
        raise FileError(f"a .pb file is of costs and a budget, this poll decides {outcome['kind']}")
    if outcome["ranked_by"] != "votes":
        raise FileError("a .pb file has no name for greedy by votes per cost")
    own = [int(one) for one in outcome.get("categories") or []]
    kind, limits, own = _limits(question, [int(cost) for cost in outcome["costs"]], own, record)
    names = [f"Category {number}" for number in range(1, max(own) + 2)] if own else []
    meta = {
        **_about(record, len(record["options"])),
        "budget": _amount(outcome["budget"], record),
        "vote_type": kind,
        "rule": _rule(outcome),
        **limits,
        **_outcome_limits(outcome, names, record),
        "comment": _comment(record),
    }
    points = kind not in ("approval", "choose-1")
    header = ["project_id", "cost", "score" if points else "votes", "name", "selected"]
    rows = [
        [
            str(slot + 1),
            _amount(outcome["costs"][slot], record),
            option["votes"],
            shortened(option["option"], _NAME_BYTES),
            option["award"],
            *([names[own[slot]]] if names else []),
        ]
        for slot, option in enumerate(record["options"])
    ]
    return _written(
        [
            ["META"],
            ["key", "value"],
            *([name, shortened(value, 4000)] for name, value in meta.items()),
            ["PROJECTS"],
            [*header, "category"] if names else header,
            *rows,
            ["VOTES"],
            ["voter_id", "vote", "points"] if points else ["voter_id", "vote"],
        ]
    )


def _questions(record: Record) -> tuple[Question, ...]:
    """What was asked; nothing where the poll does not say."""
    return read_questions(record["questions"]) if record["questions"] else ()


def _about(record: Record, projects: int) -> dict[str, str]:
    return {
        "description": record["title"],
        "country": "Worldwide",
        "unit": "Ostraka",
        "instance": f"{record['chain_id']}/{record['registry']}/{record['poll']}",
        "num_projects": str(projects),
        "num_votes": str(record["counted"]),
        "date_begin": _date(record["opens_at"]),
        "date_end": _date(record["closes_at"]),
        # ISO's words for neither known.
        "language": "und",
        "currency": (record["round"] or {}).get("symbol") or "XXX",
    }


def _comment(record: Record) -> str:
    parts = [
        "Results only: ballots were secret, nobody has them, and VOTES is empty",
        f"The chain accepted this tally for root {record['root']}",
    ]
    if int(record["total_weight"]) != record["voters"]:
        parts.append("Votes are weighted")
    return " ".join(f"#{number}: {part}." for number, part in enumerate(parts, start=1))


def _limits(
    question: Question, costs: Sequence[int], own: list[int], record: Record
) -> tuple[str, dict[str, str], list[int]]:
    """Vote type, limits of a ballot, and the category of each option."""
    match question:
        case SingleChoice(abstain=False):
            return "choose-1", {"min_length": "1", "max_length": "1"}, own
        case Approval():
            limits = {"min_length": str(question.at_least), "max_length": str(question.at_most)}
            return "approval", *_caps(question.caps, costs, own, limits, record)
        case Knapsack():
            limits = {"max_sum_cost": _amount(question.budget, record)}
            return "approval", *_caps(question.caps, costs, own, limits, record)
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
            limits = {"min_length": str(question.fewest), "max_length": str(places)}
            borda = question.scores == tuple(range(places, 0, -1))
            scores = "Borda" if borda else f"positional {' '.join(map(str, question.scores))}"
            return "ordinal", {**limits, "scoring_fn": scores}, own
    raise FileError(f"a .pb file has no ballots of the kind {question.kind}")


def _caps(
    caps: Sequence[Cap],
    costs: Sequence[int],
    own: list[int],
    limits: dict[str, str],
    record: Record,
) -> tuple[dict[str, str], list[int]]:
    """Caps as limits of categories: those of the outcome, or those that the caps make."""
    every = tuple(range(len(costs)))
    partial = [cap for cap in caps if cap.options != every or cap.budget is None]
    for cap in caps:
        if cap not in partial:
            limits["max_sum_cost"] = _amount(cap.budget or 0, record)
    if not partial:
        return limits, own
    if not own:
        groups = list(dict.fromkeys(cap.options for cap in partial))
        own = [
            next((n for n, one in enumerate(groups) if slot in one), len(groups)) for slot in every
        ]
    members = [tuple(slot for slot in every if own[slot] == one) for one in range(max(own) + 1)]
    if any(cap.options not in members for cap in partial):
        raise FileError("a .pb file has no caps on options that are no category")
    budgets = {cap.options: cap.budget for cap in partial if cap.budget is not None}
    numbers = {cap.options: cap.at_most for cap in partial if cap.at_most is not None}
    if len(budgets) + len(numbers) != len(partial):
        raise FileError("a .pb file has one cap of a kind for a category")
    if budgets:
        bounds = [budgets.get(one, sum(costs[slot] for slot in one)) for one in members]
        limits["max_sum_cost_per_category"] = ",".join(_amount(one, record) for one in bounds)
    if numbers:
        most = (numbers.get(one, len(one)) for one in members)
        limits["max_length_per_category"] = ",".join(map(str, most))
    return limits, own


def _rule(outcome: Record) -> str:
    if outcome["misfit"] == "stop":
        return "greedy-no-skip"
    return "greedy" if int(outcome["minimum_support"]) == 1 else "greedy-threshold"


def _outcome_limits(outcome: Record, names: Sequence[str], record: Record) -> dict[str, str]:
    limits = {"categories": ",".join(names)} if names else {}
    # Who states none asks for one vote at least.
    if int(outcome["minimum_support"]) != 1:
        limits["min_project_score_threshold"] = outcome["minimum_support"]
    if outcome["kind"] == "categories":
        budgets = outcome["category_budgets"][: len(names)]
        limits["budget_per_category"] = ",".join(_amount(one, record) for one in budgets)
        limits |= {"leftover_budget": _LEFTOVER} if outcome["leftover"] else {}
    return limits


def _amount(units: str | int, record: Record) -> str:
    """Money as people write it, exactly."""
    decimals = int((record["round"] or {}).get("decimals") or 0)
    if not decimals:
        return str(units)
    whole, rest = divmod(int(units), 10**decimals)
    return f"{whole}.{rest:0{decimals}}".rstrip("0").rstrip(".")


def _date(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%d.%m.%Y")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(rows)
    return written.getvalue()
