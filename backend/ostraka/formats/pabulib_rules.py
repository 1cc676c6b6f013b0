"""From a `.pb` file's metadata to a kind of ballot and an outcome rule, or the reason why not.

A limit that is left out does not bind. Every limit that Ostraka cannot ask of a ballot in private
is refused: no rule of a city is weakened silently.

Source: https://pabulib.org/format; docs/protocol.md §5.5, §14, §17.7.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from ostraka.formats.election import (
    Election,
    FileVote,
    Option,
    RoundRules,
    distinct,
    shortened,
)
from ostraka.formats.pabulib import (
    META_FIELDS,
    PabulibError,
    PabulibFile,
    Vote,
    listed,
    whole_of,
)
from ostraka.planning import round_rules
from ostraka.wire.titles import first_alike
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
)
from ostraka_verifier.question import (
    Approval,
    Cap,
    Knapsack,
    Points,
    Question,
    Ranking,
    Score,
    SingleChoice,
)

MAX_ROUND_OPTIONS = 200
_TITLE_BYTES = 150
_TITLES_BYTES = 28_000
"""Of all options' names together: a description holds each twice, in 65,536 bytes."""
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
"""Limits of a ballot that a kind of ballot can ask, or refuses itself with a reason of its own."""
_NOT_OF_BALLOTS = frozenset(
    {
        *("min_project_score_threshold", "budget_per_category"),
        # Of projects, not of ballots.
        *("min_project_cost", "max_project_cost"),
    }
)
_LIMIT_OF = {
    "at_least": "min_length",
    "at_most": "max_length",
    "scores": "max_length",
    "max_score": "max_points",
    "budget": "max_sum_cost",
    "minimum_support": "min_project_score_threshold",
}
"""Which limit of a file a question's member comes from."""
_LIMITING = frozenset(
    {"min", "max", "minimum", "maximum", "least", "most", "limit", "limits", "cap", "caps", "per"}
)
"""Words of which one in an unknown name says that it may be a limit."""
OWN_UNIT = "Ostraka"
"""What our own exports name as their unit."""
OWN_RULE = "greedy-custom"
"""How they name greedy within budgets of categories, for which the format has no name."""
_RULES = ("greedy", "greedy-no-skip", "greedy-threshold")
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Ballots:
    """A kind of ballot: how a round says it, if it can, what it is called, and whether its ballots
    count as the file's publisher counts them."""

    question: Question
    round: bytes | None
    says: str
    as_published: bool = True


@dataclass(frozen=True)
class _Decision:
    """An outcome rule: how a round says it, if it can, what it is called, and whether it is the
    file's own."""

    rule: OutcomeRule
    round: bytes | None
    says: str
    own: bool


def election_of(file: PabulibFile, *, greedy: bool = False) -> Election:
    """What Ostraka asks and how it decides.

    Args:
        greedy: Fund greedily by votes whatever rule the file names.

    Raises:
        PabulibError: Something cannot be honoured; says what and why.
    """
    _refuse_unknown(file)
    names = _names(file)
    categories = _categories(file)
    _refuse_unasked(file, categories)
    try:
        ballots = _BALLOTS[file.vote_type](file, names, categories)
        decision = _decision(file, categories, greedy)
    except Rejected as error:
        where = file.where(_LIMIT_OF.get(error.item.partition(".")[2], ""))
        raise PabulibError(f"{where}: {error.item}: {error.reason}") from None
    carried, reason = _round(file, ballots, decision)
    members = categories.members if isinstance(decision.rule, GreedyByCategory) else None
    slots = {project.project_id: slot for slot, project in enumerate(file.projects)}
    alike = ballots.as_published
    return Election(
        title=ballots.question.title,
        options=tuple(
            Option(
                project.project_id,
                name,
                project.cost,
                0 if members is None else members[slot][0],
                project.selected,
                project.score if project.score is not None else _votes_of(file, slot),
            )
            for slot, (project, name) in enumerate(zip(file.projects, names, strict=True))
        ),
        votes=tuple(_vote(slots, vote, ballots.question) for vote in file.votes),
        question=ballots.question,
        outcome=decision.rule,
        round=carried,
        says=f"{ballots.says}; {decision.says}; {reason}.{_special(file)}",
        budget=file.budget,
        currency=_currency(file),
        decimals=file.decimals,
        honoured=alike and decision.own,
        scores_as_published=alike,
    )


def _refuse_unknown(file: PabulibFile) -> None:
    known = frozenset().union(_NOT_OF_BALLOTS, *_ASKED.values())
    for name, text in file.meta.items():
        if name in known or not text:
            continue
        words = frozenset(re.split("[^a-z]+", name.lower()))
        unknown = name not in META_FIELDS and not words.isdisjoint(_LIMITING)
        limit = unknown or name.startswith(("min_", "max_")) or "_per_" in name
        neutral = name.startswith("min_") and set(text) <= set("0,. ")
        if limit and not neutral:
            raise _refused(file, name, "a limit that Ostraka does not know")
    if file.meta.get("scoring_fn", "Borda").lower() != "borda":
        raise _refused(file, "scoring_fn", "only Borda's scores are known")
    if file.number("default_score") != 0:
        raise _refused(file, "default_score", "who is not named gets 0 in a private tally")


def _refuse_unasked(file: PabulibFile, categories: "_Categories") -> None:
    """Refuse every limit that this kind of ballot cannot ask, unless it never binds."""
    count, kind = len(file.projects), file.vote_type
    costs = [project.cost for project in file.projects]
    for name in sorted(frozenset().union(*_ASKED.values()) - _ASKED[kind]):
        if not file.meta.get(name):
            continue
        if name.endswith("_per_category"):
            read = file.amount if "cost" in name else _whole_in(file, name)
            for category, bound in enumerate(_per_category(file, categories, name, read)):
                slots = categories.of(category)
                most = sum(costs[slot] for slot in slots) if "cost" in name else len(slots)
                if bound > 0 if name.startswith("min_") else bound < most:
                    raise _refused(file, name, f"{kind} ballots cannot be asked to keep it")
            continue
        if name == "max_sum_cost":
            # One project is all that a ballot has.
            most = max(costs) if kind == "choose-1" else sum(costs)
            binds = file.amount(file.meta[name], name) < most
        elif name in ("min_length", "max_length") and kind == "choose-1":
            binds = file.whole(name) > 1 if name == "min_length" else file.whole(name) < 1
        elif name.startswith("min_"):
            binds = file.number(name) > 0
        else:
            binds = name != "max_length" or file.whole(name) < count
        if binds:
            raise _refused(file, name, f"{kind} ballots cannot be asked to keep it")


def _special(file: PabulibFile) -> str:
    """Which projects a city marks as special, by 2 or 3."""
    special = [project.project_id for project in file.projects if project.special]
    if not special:
        return ""
    return (
        f" The file marks {', '.join(special)} as special (selected 2 or 3): winners are not "
        "compared."
    )


def _names(file: PabulibFile) -> tuple[str, ...]:
    most = min(_TITLE_BYTES, _TITLES_BYTES // len(file.projects))
    short = [shortened(project.name, most) for project in file.projects]
    ids = [shortened(project.project_id, most) for project in file.projects]
    names = distinct(short, ids, most)
    alike = first_alike(names)
    if alike is not None:
        later, first = (file.projects[slot] for slot in alike)
        reason = f"nobody can tell it from project {first.project_id} in line {first.line}"
        raise PabulibError(f"{file.path}:{later.line}: name: {reason}")
    return names


def _title(file: PabulibFile) -> str:
    return shortened(file.meta.get("description", "Participatory budget"), _TITLE_BYTES)


def _votes_of(file: PabulibFile, slot: int) -> int | None:
    """What approvals come to; of other kinds the column counts ballots, which nobody tallies."""
    return file.projects[slot].votes if file.vote_type in ("approval", "choose-1") else None


def _currency(file: PabulibFile) -> str:
    letters = "".join(sign for sign in file.meta.get("currency", "") if sign.isalnum())
    return letters.upper()[:8] or "COIN"


@dataclass(frozen=True)
class _Categories:
    """META's categories and, of each project, the indices of its own."""

    names: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]

    def of(self, category: int) -> tuple[int, ...]:
        """Projects of one."""
        return tuple(slot for slot, own in enumerate(self.members) if category in own)


def _categories(file: PabulibFile) -> _Categories:
    names = listed(file.meta.get("categories", ""))
    if len(set(names)) != len(names):
        raise _refused(file, "categories", "one stands there twice")
    if "" in names:
        raise _refused(file, "categories", "one has no name")
    members = []
    for project in file.projects:
        # A name may hold commas itself.
        written = (project.category,) if project.category in names else listed(project.category)
        members.append(tuple(names.index(one) for one in written if one in names))
    return _Categories(names, tuple(members))


def _check_categories(file: PabulibFile, categories: _Categories, name: str) -> None:
    """A limit of categories needs to know the category of each project."""
    if not categories.names:
        raise _refused(file, name, "META names no categories")
    if "category" not in file.columns:
        raise _refused(file, name, "needs the column category, which is missing")
    for project, own in zip(file.projects, categories.members, strict=True):
        if (
            project.category
            and len(own) != len(listed(project.category))
            and (project.category not in categories.names)
        ):
            where = f"{file.path}:{project.line}: category"
            raise PabulibError(f"{where}: {project.category[:60]!r} is none of META's categories")


def _per_category(
    file: PabulibFile, categories: _Categories, name: str, read: Callable[[str, str], _T]
) -> list[_T]:
    """A limit for each category; empty where there is none."""
    values = [read(part, name) for part in listed(file.meta.get(name, ""))]
    if not values:
        return []
    _check_categories(file, categories, name)
    if len(values) == 1:
        values *= len(categories.names)
    if len(values) != len(categories.names):
        many = f"{len(values)} values for {len(categories.names)} categories"
        raise _refused(file, name, many)
    return values


def _whole_in(file: PabulibFile, name: str) -> Callable[[str, str], int]:
    return lambda text, _: whole_of(text, f"{file.where(name)}: {name}")


def _choose_one(file: PabulibFile, names: tuple[str, ...], _: _Categories) -> _Ballots:
    question = SingleChoice(_title(file), names)
    return _Ballots(question, round_rules.single_choice(), f"One of {len(names)} projects")


def _approval(file: PabulibFile, names: tuple[str, ...], categories: _Categories) -> _Ballots:
    count = len(names)
    least, most = file.whole("min_length"), min(file.whole("max_length", count), count)
    costs = tuple(project.cost for project in file.projects)
    if file.number("min_sum_cost") > 0:
        raise _refused(file, "min_sum_cost", "a least cost of a ballot cannot be asked in private")
    fewest = "min_length_per_category"
    if any(_whole_in(file, fewest)(text, "") for text in listed(file.meta.get(fewest, ""))):
        raise _refused(file, fewest, "least numbers of a category cannot be asked in private")
    caps, binding = _caps(file, categories, costs)
    total = file.meta.get("max_sum_cost")
    limit = file.amount(total, "max_sum_cost") if total else sum(costs)
    if limit < sum(costs) and not caps and (least, most) == (0, count):
        carried = round_rules.knapsack() if limit == file.budget else None
        question: Question = Knapsack(_title(file), names, costs, limit)
        return _Ballots(question, carried, f"Any of {count} projects for at most {total}")
    if limit < sum(costs):
        caps.append(Cap(tuple(range(count)), budget=limit))
        binding.append("a cap on the cost of all")
    priced = costs if any(cap.budget is not None for cap in caps) else None
    question = Approval(_title(file), names, least, most, tuple(caps), priced)
    carried = None if caps else round_rules.approval(least, most)
    says = f"Approval of {_range(least, most, count)} projects"
    return _Ballots(question, carried, says + (f" with {' and '.join(binding)}" if caps else ""))


def _caps(
    file: PabulibFile, categories: _Categories, costs: Sequence[int]
) -> tuple[list[Cap], list[str]]:
    """Caps that bind, and what they are called."""
    caps: list[Cap] = []
    called = []
    for name, read in (
        ("max_sum_cost_per_category", file.amount),
        ("max_length_per_category", _whole_in(file, "max_length_per_category")),
    ):
        before, money = len(caps), "cost" in name
        for category, bound in enumerate(_per_category(file, categories, name, read)):
            slots = categories.of(category)
            if bound < (sum(costs[slot] for slot in slots) if money else len(slots)):
                if bound < 1:
                    raise _refused(file, name, "nobody could choose any of a category")
                caps.append(Cap(slots, budget=bound) if money else Cap(slots, bound))
        if len(caps) > before:
            called.append(f"caps on the {'cost' if money else 'number'} of a category")
    return caps, called


def _cumulative(file: PabulibFile, names: tuple[str, ...], _: _Categories) -> _Ballots:
    if not file.meta.get("max_sum_points"):
        raise _refused(file, "max_sum_points", "missing: how many points are there to give?")
    credits, least = file.whole("max_sum_points"), file.whole("min_sum_points")
    most = min(file.whole("max_points", credits), credits)
    for name, points in (("max_sum_points", credits), ("max_points", most)):
        if points < 1:
            raise _refused(file, name, "nobody could give a point")
    if not 0 <= file.whole("min_points") <= 1:
        raise _refused(file, "min_points", "a least number for one project cannot be asked")
    fewest, longest = file.whole("min_length"), file.whole("max_length", len(names))
    # Who gives a point names a project, and nobody names more projects than there are points.
    least = max(least, min(fewest, 1))
    if fewest > max(1, -(-least // most)):
        raise _refused(file, "min_length", f"{fewest} projects with points cannot be asked")
    if longest < min(credits, len(names)):
        raise _refused(file, "max_length", f"at most {longest} with points cannot be asked")
    question = Points(_title(file), names, credits, least, most if most < credits else None)
    carried = round_rules.points(credits, least) if most == credits else None
    given = str(credits) if least == credits else f"{least} to {credits}"
    says = f"{given} points for {len(names)} projects"
    return _Ballots(question, carried, says + (f", at most {most} for one" * (most < credits)))


def _scoring(file: PabulibFile, names: tuple[str, ...], _: _Categories) -> _Ballots:
    if not file.meta.get("max_points"):
        raise _refused(file, "max_points", "missing: what is the best score?")
    if file.whole("min_points") < 0:
        raise _refused(file, "min_points", "scores below 0 cannot be tallied")
    if file.whole("min_points") > 1:
        raise _refused(file, "min_points", "a least score above 0 cannot be asked")
    for name in ("min_sum_points", "max_sum_points"):
        if file.meta.get(name) and (name[:3] == "max" or file.number(name) > 0):
            raise _refused(file, name, "scores have no sum; cumulative ballots have")
    if file.whole("max_length", len(names)) < len(names):
        raise _refused(file, "max_length", "how many projects are scored cannot be asked")
    if file.whole("min_length") > 0 and file.whole("min_points", 0) > 0:
        raise _refused(file, "min_length", "how many projects are scored cannot be asked")
    best = file.whole("max_points")
    question = Score(_title(file), names, best)
    says = f"Scores of 0 to {best} for {len(names)} projects"
    return _Ballots(question, round_rules.score(best), says)


def _ordinal(file: PabulibFile, names: tuple[str, ...], _: _Categories) -> _Ballots:
    places = min(file.whole("max_length", len(names)), len(names))
    least = min(file.whole("min_length"), places)
    scores = tuple(range(places, 0, -1))
    question = Ranking(_title(file), names, scores, None if least == places else least)
    carried = round_rules.ranking(scores) if least == places and places > 1 else None
    says = f"Ranking of {_range(least, places, len(names))} projects, {places} points for the first"
    # Scores that depend on how many places are filled are no linear map of a ballot's bits.
    shorter = any(max(least, 1) <= len(vote.projects) < places for vote in file.votes)
    if least < places:
        says += (
            " however many follow (Pabulib counts otherwise: a shorter ballot's first project "
            "gets as many points as the ballot has projects)"
        )
    return _Ballots(question, carried, says, not shorter)


_BALLOTS: dict[str, Callable[[PabulibFile, tuple[str, ...], _Categories], _Ballots]] = {
    "choose-1": _choose_one,
    "approval": _approval,
    "cumulative": _cumulative,
    "scoring": _scoring,
    "ordinal": _ordinal,
}


def _decision(file: PabulibFile, categories: _Categories, greedy: bool) -> _Decision:
    rule = file.meta.get("rule", "unknown").lower()
    has_budgets = bool(file.meta.get("budget_per_category"))
    if rule in ("", "unknown") and not greedy:
        says = "the counts are the result, for the file names no rule (--greedy funds by votes)"
        return _Decision(NoOutcome(), None, says, own=False)
    if rule.split("/")[0] == "equalshares" and not greedy:
        reason = "equal shares looks into single ballots, which nobody can here"
        raise _refused(file, "rule", f"{reason}; --greedy funds by votes instead")
    # Elsewhere it names a rule that only its city knows.
    ours = rule == OWN_RULE and file.meta.get("unit") == OWN_UNIT and has_budgets
    own = rule in _RULES or ours
    if not own and not greedy:
        reason = f"known are {', '.join(_RULES)}; --greedy funds by votes instead"
        raise _refused(file, "rule", reason)
    if rule == "greedy-threshold" and not file.meta.get("min_project_score_threshold"):
        raise _refused(file, "rule", "min_project_score_threshold is missing")
    # A file that names none funds a project without votes, where it fits.
    support = ceil(file.number("min_project_score_threshold"))
    misfit = Misfit.STOP if rule == "greedy-no-skip" else Misfit.SKIP
    ends = "stopping at" if misfit is Misfit.STOP else "skipping"
    says = f"greedy by votes, {ends} what does not fit"
    if support:
        says += f", support of at least {support}"
    if not own:
        says += f", in place of the file's rule {rule}"
    costs = tuple(project.cost for project in file.projects)
    budgets = _per_category(file, categories, "budget_per_category", file.amount)
    leftover = _leftover(file)
    if not budgets:
        if misfit is Misfit.STOP and leftover:
            raise _refused(file, "leftover_budget", "a pass after greedy-no-skip is not known")
        decided = Greedy(costs, file.budget, Order.VOTES, misfit, support)
        return _Decision(decided, round_rules.greedy(Order.VOTES, misfit, support), says, own)
    for project, members in zip(file.projects, categories.members, strict=True):
        if len(members) != 1:
            reason = f"project {project.project_id} (line {project.line}) is not in exactly one"
            raise _refused(file, "budget_per_category", f"{reason} of the categories")
    says += ", within a budget for each category" + ", then what they leave" * leftover
    carried = None
    if sum(budgets) <= file.budget:
        carried = round_rules.greedy_by_category(budgets, Order.VOTES, misfit, leftover, support)
    own_categories = tuple(members[0] for members in categories.members)
    within = GreedyByCategory(
        costs, own_categories, tuple(budgets), file.budget, Order.VOTES, misfit, leftover, support
    )
    return _Decision(within, carried, says, own)


def _leftover(file: PabulibFile) -> bool:
    text = file.meta.get("leftover_budget", "").lower()
    if not text or text in ("0", "false", "no", "none"):
        return False
    if "ordered by score" not in text and "ordered by votes" not in text:
        raise _refused(file, "leftover_budget", "known is only a pass ordered by score")
    return True


def _round(
    file: PabulibFile, ballots: _Ballots, decision: _Decision
) -> tuple[RoundRules | None, str]:
    """A round's rules, or none and the reason."""
    count, dearest = len(file.projects), max(project.cost for project in file.projects)
    reasons = (
        (isinstance(decision.rule, NoOutcome), "nothing is funded"),
        (ballots.round is None, "a round has no such ballots"),
        (decision.round is None, "the categories' budgets come to more than the whole"),
        (not 2 <= count <= MAX_ROUND_OPTIONS, f"a round has 2 to {MAX_ROUND_OPTIONS} projects"),
        (dearest > file.budget, "a project costs more than the whole budget"),
    )
    for applies, reason in reasons:
        if applies:
            return None, f"a poll, for {reason}"
    if ballots.round is None or decision.round is None:
        raise AssertionError("unreachable")
    return RoundRules(ballots.round, decision.round), "a round of the treasury"


def _vote(slots_of: Mapping[str, int], vote: Vote, question: Question) -> FileVote:
    """What a row says, in the question's JSON form."""
    slots = list[int]()
    for project in vote.projects:
        if project not in slots_of:
            return FileVote(vote.number, None, f"there is no project {project!r}")
        if slots_of[project] in slots:
            return FileVote(vote.number, None, f"names project {project} twice")
        slots.append(slots_of[project])
    if isinstance(question, SingleChoice):
        if len(slots) != 1:
            return FileVote(vote.number, None, f"names {len(slots)} projects, not one")
        return FileVote(vote.number, slots[0])
    if not isinstance(question, Points | Score):
        return FileVote(vote.number, slots)
    if len(vote.points) != len(slots):
        problem = f"{len(vote.points)} points for {len(slots)} projects"
        return FileVote(vote.number, None, problem)
    values: list[Any] = [0] * len(question.options)
    for slot, points in zip(slots, vote.points, strict=True):
        try:
            values[slot] = whole_of(points, question.options[slot])
        except PabulibError as error:
            return FileVote(vote.number, None, str(error))
    return FileVote(vote.number, values)


def _range(least: int, most: int, count: int) -> str:
    if least == most:
        return f"{least} of {count}"
    return f"at most {most} of {count}" if least == 0 else f"{least} to {most} of {count}"


def _refused(file: PabulibFile, name: str, reason: str) -> PabulibError:
    shown = file.meta.get(name, "")[:60]
    return PabulibError(f"{file.where(name)}: {name} {shown}".rstrip() + f": {reason}")
