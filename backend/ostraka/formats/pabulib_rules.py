"""From a `.pb` file's metadata to a kind of ballot and an outcome rule, or the reason why not.

A limit that is left out does not bind. Every limit that Ostraka cannot ask of a ballot in private
is refused: no rule of a city is weakened silently.

Source: https://pabulib.org/format; docs/protocol.md §5.5, §14, §17.7.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from ostraka.chain import round_rules
from ostraka.formats.election import Election, FileVote, Option, RoundRules, shortened
from ostraka.formats.pabulib import PabulibError, PabulibFile, Vote, listed, number_of
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
_HONOURED = {
    *("min_length", "max_length", "min_sum_cost", "max_sum_cost", "min_sum_points"),
    *("max_sum_points", "min_points", "max_points", "min_project_score_threshold"),
    *("min_length_per_category", "max_length_per_category", "max_sum_cost_per_category"),
    "budget_per_category",
    # Of projects, not of ballots.
    *("min_project_cost", "max_project_cost"),
}
_RULES = ("greedy", "greedy-no-skip", "greedy-threshold")
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Ballots:
    """A kind of ballot: how a round says it, if it can, and what it is called."""

    question: Question
    round: bytes | None
    says: str


@dataclass(frozen=True)
class _Decision:
    """An outcome rule: how a round says it, if it can, and what it is called."""

    rule: OutcomeRule
    round: bytes | None
    says: str


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
    try:
        ballots = _BALLOTS[file.vote_type](file, names, categories)
        decision = _decision(file, categories, greedy)
    except Rejected as error:
        raise PabulibError(f"{file.path}: {error.item}: {error.reason}") from None
    carried, reason = _round(file, ballots, decision)
    members = categories.members if isinstance(decision.rule, GreedyByCategory) else None
    slots = {project.project_id: slot for slot, project in enumerate(file.projects)}
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
        says=f"{ballots.says}; {decision.says}; {reason}.",
        budget=file.budget,
        currency=_currency(file),
        decimals=file.decimals,
        honoured=file.meta.get("rule", "").lower() in _RULES,
    )


def _refuse_unknown(file: PabulibFile) -> None:
    for name, text in file.meta.items():
        if name in _HONOURED or not text:
            continue
        limit = name.startswith(("min_", "max_")) or "_per_" in name
        neutral = name.startswith("min_") and set(text) <= set("0,. ")
        if limit and not neutral:
            raise _refused(file, name, "a limit that Ostraka does not know")
    if file.meta.get("scoring_fn", "Borda").lower() != "borda":
        raise _refused(file, "scoring_fn", "only Borda's scores are known")
    if file.number("default_score") != 0:
        raise _refused(file, "default_score", "who is not named gets 0 in a private tally")


def _names(file: PabulibFile) -> tuple[str, ...]:
    most = min(_TITLE_BYTES, _TITLES_BYTES // len(file.projects))
    return tuple(shortened(project.name, most) for project in file.projects)


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
    members = []
    for project in file.projects:
        # A name may hold commas itself.
        written = (project.category,) if project.category in names else listed(project.category)
        members.append(tuple(names.index(one) for one in written if one in names))
    return _Categories(names, tuple(members))


def _per_category(
    file: PabulibFile, categories: _Categories, name: str, read: Callable[[str, str], _T]
) -> list[_T]:
    """A limit for each category; empty where there is none."""
    values = [read(part, name) for part in listed(file.meta.get(name, ""))]
    if not values:
        return []
    if not categories.names:
        raise _refused(file, name, "META names no categories")
    if len(values) == 1:
        values *= len(categories.names)
    if len(values) != len(categories.names):
        many = f"{len(values)} values for {len(categories.names)} categories"
        raise _refused(file, name, many)
    return values


def _whole(text: str, name: str) -> int:
    found = number_of(text, name)
    if found.denominator != 1:
        raise PabulibError(f"{name}: {text!r} is no whole number")
    return int(found)


def _choose_one(file: PabulibFile, names: tuple[str, ...], _: _Categories) -> _Ballots:
    question = SingleChoice(_title(file), names)
    return _Ballots(question, round_rules.single_choice(), f"One of {len(names)} projects")


def _approval(file: PabulibFile, names: tuple[str, ...], categories: _Categories) -> _Ballots:
    count = len(names)
    least, most = file.whole("min_length"), min(file.whole("max_length", count), count)
    costs = tuple(project.cost for project in file.projects)
    if file.number("min_sum_cost") > 0:
        raise _refused(file, "min_sum_cost", "a least cost of a ballot cannot be asked in private")
    if any(_per_category(file, categories, "min_length_per_category", _whole)):
        reason = "least numbers of a category cannot be asked in private"
        raise _refused(file, "min_length_per_category", reason)
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
        ("max_length_per_category", _whole),
    ):
        before = len(caps)
        for category, bound in enumerate(_per_category(file, categories, name, read)):
            slots = categories.of(category)
            money = read is not _whole
            if bound < (sum(costs[slot] for slot in slots) if money else len(slots)):
                caps.append(Cap(slots, budget=bound) if money else Cap(slots, bound))
        if len(caps) > before:
            called.append(f"caps on the {'cost' if read is not _whole else 'number'} of a category")
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
    return _Ballots(question, carried, says)


_BALLOTS: dict[str, Callable[[PabulibFile, tuple[str, ...], _Categories], _Ballots]] = {
    "choose-1": _choose_one,
    "approval": _approval,
    "cumulative": _cumulative,
    "scoring": _scoring,
    "ordinal": _ordinal,
}


def _decision(file: PabulibFile, categories: _Categories, greedy: bool) -> _Decision:
    rule = file.meta.get("rule", "unknown").lower()
    if rule in ("", "unknown") and not greedy:
        says = "the counts are the result, for the file names no rule (--greedy funds by votes)"
        return _Decision(NoOutcome(), None, says)
    if rule.split("/")[0] == "equalshares" and not greedy:
        reason = "equal shares looks into single ballots, which nobody can here"
        raise _refused(file, "rule", f"{reason}; --greedy funds by votes instead")
    if rule not in _RULES and not greedy:
        reason = f"known are {', '.join(_RULES)}; --greedy funds by votes instead"
        raise _refused(file, "rule", reason)
    if rule == "greedy-threshold" and not file.meta.get("min_project_score_threshold"):
        raise _refused(file, "rule", "min_project_score_threshold is missing")
    # A project without votes is funded only where the file says so.
    support = ceil(file.number("min_project_score_threshold", 1))
    misfit = Misfit.STOP if rule == "greedy-no-skip" else Misfit.SKIP
    ends = "stopping at" if misfit is Misfit.STOP else "skipping"
    says = f"greedy by votes, {ends} what does not fit"
    if support != 1:
        says += f", support of at least {support}"
    if rule not in _RULES:
        says += f", in place of the file's rule {rule}"
    costs = tuple(project.cost for project in file.projects)
    budgets = _per_category(file, categories, "budget_per_category", file.amount)
    if not budgets:
        decided = Greedy(costs, file.budget, Order.VOTES, misfit, support)
        return _Decision(decided, round_rules.greedy(Order.VOTES, misfit, support), says)
    for project, own in zip(file.projects, categories.members, strict=True):
        if len(own) != 1:
            reason = f"project {project.project_id} is not in exactly one of the categories"
            raise _refused(file, "budget_per_category", reason)
    leftover = _leftover(file)
    says += ", within a budget for each category" + ", then what they leave" * leftover
    carried = None
    if sum(budgets) <= file.budget:
        carried = round_rules.greedy_by_category(budgets, Order.VOTES, misfit, leftover, support)
    own_categories = tuple(own[0] for own in categories.members)
    by_category = GreedyByCategory(
        costs, own_categories, tuple(budgets), file.budget, Order.VOTES, misfit, leftover, support
    )
    return _Decision(by_category, carried, says)


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
            values[slot] = _whole(points, question.options[slot])
        except PabulibError as error:
            return FileVote(vote.number, None, str(error))
    return FileVote(vote.number, values)


def _range(least: int, most: int, count: int) -> str:
    if least == most:
        return f"{least} of {count}"
    return f"at most {most} of {count}" if least == 0 else f"{least} to {most} of {count}"


def _refused(file: PabulibFile, name: str, reason: str) -> PabulibError:
    shown = file.meta.get(name, "")
    return PabulibError(f"{file.path}: {name} {shown}".rstrip() + f": {reason}")
