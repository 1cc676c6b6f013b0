"""Which limits of a `.pb` file Ostraka knows and can ask of a ballot; all others are refused.

A limit that is left out does not bind. Every limit that a private ballot cannot prove is refused:
no rule of a city is weakened silently.

Source: https://pabulib.org/format; docs/protocol.md §5.5.
"""

import re
from collections.abc import Mapping

from ostraka.formats.pabulib import META_FIELDS, PabulibFile
from ostraka.formats.pabulib_categories import Categories, per_category, whole_in

_LENGTHS = frozenset({"min_length", "max_length"})
_SUMS = frozenset({"min_sum_points", "max_sum_points"})
_POINTS = frozenset({"min_points", "max_points"})
_ASKED: Mapping[str, frozenset[str]] = {
    "choose-1": frozenset(),
    "approval": _LENGTHS
    | {"min_sum_cost", "max_sum_cost", "min_length_per_category", "max_length_per_category"}
    | {"max_sum_cost_per_category"},
    "cumulative": _LENGTHS | _SUMS | _POINTS,
    "scoring": _LENGTHS | _SUMS | _POINTS,
    "ordinal": _LENGTHS,
}
"""Limits that each ballot kind supports, or refuses itself with a reason of its own."""
_NOT_OF_BALLOTS = frozenset(
    {
        *("min_project_score_threshold", "budget_per_category"),
        # These limit projects, not ballots.
        *("min_project_cost", "max_project_cost"),
    }
)
LIMIT_OF = {
    "at_least": "min_length",
    "at_most": "max_length",
    "scores": "max_length",
    "max_score": "max_points",
    "budget": "max_sum_cost",
    "minimum_support": "min_project_score_threshold",
}
"""The limit of a file from which each member of a question comes."""
_LIMITING = frozenset(
    {"min", "max", "minimum", "maximum", "least", "most", "limit", "limits", "cap", "caps", "per"}
)
"""An unknown name with one of these words may be a limit."""


def refuse_unknown(file: PabulibFile) -> None:
    """Refuse a limit of a name, and a way of counting, that Ostraka does not know."""
    known = frozenset().union(_NOT_OF_BALLOTS, *_ASKED.values())
    for name, text in file.meta.items():
        if name in known or not text:
            continue
        words = frozenset(re.split("[^a-z]+", name.lower()))
        unknown = name not in META_FIELDS and not words.isdisjoint(_LIMITING)
        limit = unknown or name.startswith(("min_", "max_")) or "_per_" in name
        neutral = name.startswith("min_") and set(text) <= set("0,. ")
        if limit and not neutral:
            raise file.refusal(name, "a limit that Ostraka does not know")
    if file.meta.get("scoring_fn", "Borda").lower() != "borda":
        raise file.refusal("scoring_fn", "only Borda's scores are known")
    if file.number("default_score") != 0:
        raise file.refusal("default_score", "unnamed projects get 0 in a private tally")


def refuse_unasked(file: PabulibFile, categories: Categories) -> None:
    """Refuse a limit that this file's kind of ballot cannot ask, unless it never binds."""
    count, kind = len(file.projects), file.vote_type
    costs = [project.cost for project in file.projects]
    for name in sorted(frozenset().union(*_ASKED.values()) - _ASKED[kind]):
        if not file.meta.get(name):
            continue
        if name.endswith("_per_category"):
            read = file.amount if "cost" in name else whole_in(file, name)
            for category, bound in enumerate(per_category(file, categories, name, read)):
                slots = categories.of(category)
                most = sum(costs[slot] for slot in slots) if "cost" in name else len(slots)
                if bound > 0 if name.startswith("min_") else bound < most:
                    raise file.refusal(name, f"{kind} ballots do not support it")
            continue
        if name == "max_sum_cost":
            # Such a ballot has only one project.
            most = max(costs) if kind == "choose-1" else sum(costs)
            binds = file.amount(file.meta[name], name) < most
        elif name in ("min_length", "max_length") and kind == "choose-1":
            binds = file.whole(name) > 1 if name == "min_length" else file.whole(name) < 1
        elif name.startswith("min_"):
            binds = file.number(name) > 0
        else:
            binds = name != "max_length" or file.whole(name) < count
        if binds:
            raise file.refusal(name, f"{kind} ballots do not support it")
