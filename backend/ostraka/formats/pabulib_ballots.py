"""The question that a `.pb` file's ballots answer, by its kind of vote, and the answers.

Source: https://pabulib.org/format; docs/protocol.md §5.5, §17.7.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostraka.formats.election import FileVote
from ostraka.formats.pabulib import PabulibError, PabulibFile, Vote, listed, whole_of
from ostraka.formats.pabulib_categories import Categories, per_category, whole_in
from ostraka.formats.pabulib_titles import title_of
from ostraka.planning import round_rules
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
from ostraka_verifier.wording import counted, noun


@dataclass(frozen=True)
class FileBallots:
    """A kind of ballot.

    Attributes:
        round: Its encoding in a round's rules; None where a round cannot have it.
        says: What it is called, for people.
        as_published: Whether its ballots count as the file's publisher counts them.
    """

    question: Question
    round: bytes | None
    says: str
    as_published: bool = True


def _choose_one(file: PabulibFile, names: tuple[str, ...], _: Categories) -> FileBallots:
    question = SingleChoice(title_of(file), names)
    return FileBallots(question, round_rules.single_choice(), f"One of {len(names)} projects")


def _approval(file: PabulibFile, names: tuple[str, ...], categories: Categories) -> FileBallots:
    count = len(names)
    least, most = file.whole("min_length"), min(file.whole("max_length", count), count)
    costs = tuple(project.cost for project in file.projects)
    if file.number("min_sum_cost") > 0:
        raise file.refusal("min_sum_cost", "private ballots cannot have a minimum cost")
    fewest = "min_length_per_category"
    if any(whole_in(file, fewest)(text, "") for text in listed(file.meta.get(fewest, ""))):
        raise file.refusal(fewest, "private ballots cannot have minimums for categories")
    caps, binding = _caps(file, categories, costs)
    total = file.meta.get("max_sum_cost")
    limit = file.amount(total, "max_sum_cost") if total else sum(costs)
    if limit < sum(costs) and not caps and (least, most) == (0, count):
        carried = round_rules.knapsack() if limit == file.budget else None
        question: Question = Knapsack(title_of(file), names, costs, limit)
        return FileBallots(question, carried, f"Any of {count} projects for at most {total}")
    if limit < sum(costs):
        caps.append(Cap(tuple(range(count)), budget=limit))
        binding.append("a cap on the cost of all")
    priced = costs if any(cap.budget is not None for cap in caps) else None
    question = Approval(title_of(file), names, least, most, tuple(caps), priced)
    carried = None if caps else round_rules.approval(least, most)
    says = f"Approval of {_range(least, most, count)} projects"
    return FileBallots(question, carried, says + (f" with {' and '.join(binding)}" if caps else ""))


def _caps(
    file: PabulibFile, categories: Categories, costs: Sequence[int]
) -> tuple[list[Cap], list[str]]:
    """Return the caps that bind, and their names."""
    caps: list[Cap] = []
    called = []
    for name, read in (
        ("max_sum_cost_per_category", file.amount),
        ("max_length_per_category", whole_in(file, "max_length_per_category")),
    ):
        before, money = len(caps), "cost" in name
        for category, bound in enumerate(per_category(file, categories, name, read)):
            slots = categories.of(category)
            if bound < (sum(costs[slot] for slot in slots) if money else len(slots)):
                if bound < 1:
                    raise file.refusal(name, "no project of a category could be chosen")
                caps.append(Cap(slots, budget=bound) if money else Cap(slots, bound))
        if len(caps) > before:
            called.append(f"caps on the {'cost' if money else 'number'} of a category")
    return caps, called


def _cumulative(file: PabulibFile, names: tuple[str, ...], _: Categories) -> FileBallots:
    if not file.meta.get("max_sum_points"):
        raise file.refusal("max_sum_points", "missing: the number of points of a ballot")
    credits, least = file.whole("max_sum_points"), file.whole("min_sum_points")
    most = min(file.whole("max_points", credits), credits)
    for name, points in (("max_sum_points", credits), ("max_points", most)):
        if points < 1:
            raise file.refusal(name, "no points could be given")
    if not 0 <= file.whole("min_points") <= 1:
        raise file.refusal("min_points", "a minimum for one project is not supported")
    fewest, longest = file.whole("min_length"), file.whole("max_length", len(names))
    # Each named project has at least one point, so there are no more projects than points.
    least = max(least, min(fewest, 1))
    if fewest > max(1, -(-least // most)):
        raise file.refusal("min_length", f"at least {fewest} projects with points is not supported")
    if longest < min(credits, len(names)):
        raise file.refusal("max_length", f"at most {longest} with points is not supported")
    question = Points(title_of(file), names, credits, least, most if most < credits else None)
    carried = round_rules.points(credits, least) if most == credits else None
    given = str(credits) if least == credits else f"{least} to {credits}"
    projects = counted(len(names), "project", "projects")
    says = f"{given} {noun(credits, 'point', 'points')} for {projects}"
    return FileBallots(question, carried, says + (f", at most {most} for one" * (most < credits)))


def _scoring(file: PabulibFile, names: tuple[str, ...], _: Categories) -> FileBallots:
    if not file.meta.get("max_points"):
        raise file.refusal("max_points", "missing: the best score")
    if file.whole("min_points") < 0:
        raise file.refusal("min_points", "scores below 0 cannot be tallied")
    if file.whole("min_points") > 1:
        raise file.refusal("min_points", "a minimum score above 0 is not supported")
    for name in ("min_sum_points", "max_sum_points"):
        if file.meta.get(name) and (name[:3] == "max" or file.number(name) > 0):
            raise file.refusal(name, "scores have no sum; cumulative ballots do")
    if file.whole("max_length", len(names)) < len(names):
        raise file.refusal("max_length", "a maximum number of scored projects is not supported")
    if file.whole("min_length") > 0 and file.whole("min_points", 0) > 0:
        raise file.refusal("min_length", "a minimum number of scored projects is not supported")
    best = file.whole("max_points")
    question = Score(title_of(file), names, best)
    says = f"Scores of 0 to {best} for {len(names)} projects"
    return FileBallots(question, round_rules.score(best), says)


def _ordinal(file: PabulibFile, names: tuple[str, ...], _: Categories) -> FileBallots:
    places = min(file.whole("max_length", len(names)), len(names))
    least = min(file.whole("min_length"), places)
    scores = tuple(range(places, 0, -1))
    question = Ranking(title_of(file), names, scores, None if least == places else least)
    carried = round_rules.ranking(scores) if least == places and places > 1 else None
    first = counted(places, "point", "points")
    says = f"Ranking of {_range(least, places, len(names))} projects, {first} for the first"
    # Scores that depend on the number of filled places are not linear in a ballot's bits.
    shorter = any(max(least, 1) <= len(vote.projects) < places for vote in file.votes)
    if least < places:
        says += (
            " regardless of how many follow (Pabulib counts differently: a shorter ballot's first "
            "project gets as many points as the ballot has projects)"
        )
    return FileBallots(question, carried, says, not shorter)


def ballots_of(file: PabulibFile, names: tuple[str, ...], categories: Categories) -> FileBallots:
    """Return what a file's ballots ask.

    Args:
        names: Of the options, in the order of the file's projects.

    Raises:
        PabulibError: A limit cannot be asked of a ballot in private.
        Rejected: The question refuses a limit; its item names the question's member.
    """
    return _KINDS[file.vote_type](file, names, categories)


_KINDS: dict[str, Callable[[PabulibFile, tuple[str, ...], Categories], FileBallots]] = {
    "choose-1": _choose_one,
    "approval": _approval,
    "cumulative": _cumulative,
    "scoring": _scoring,
    "ordinal": _ordinal,
}


def vote_of(slots_of: Mapping[str, int], vote: Vote, question: Question) -> FileVote:
    """Return a row's vote in the question's JSON form, or the problem that leaves it out."""
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
        found = counted(len(vote.points), "value", "values")
        problem = f"points has {found} for {counted(len(slots), 'project', 'projects')}"
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
