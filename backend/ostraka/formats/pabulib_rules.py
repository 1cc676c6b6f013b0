"""From a `.pb` file to an election, or the reason why not.

The parts are beside: `pabulib_limits`, `pabulib_titles`, `pabulib_categories`, `pabulib_ballots`
and `pabulib_outcomes`.

Source: https://pabulib.org/format; docs/protocol.md §5.5, §14, §17.7.
"""

from ostraka.formats.election import Election, Option, RoundRules, distinct, shortened
from ostraka.formats.pabulib import PabulibError, PabulibFile
from ostraka.formats.pabulib_ballots import FileBallots, ballots_of, vote_of
from ostraka.formats.pabulib_categories import Categories, categories_of
from ostraka.formats.pabulib_limits import LIMIT_OF, refuse_unasked, refuse_unknown
from ostraka.formats.pabulib_outcomes import FileDecision, decision_of
from ostraka.formats.pabulib_titles import TITLE_BYTES, names_of
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import GreedyByCategory, NoOutcome

MAX_ROUND_OPTIONS = 200


def election_of(file: PabulibFile, *, greedy: bool = False) -> Election:
    """Return the election: question, outcome rule and votes.

    Args:
        greedy: Fund greedily by votes, regardless of the file's rule.

    Raises:
        PabulibError: Something cannot be honoured; names it and the reason.
    """
    refuse_unknown(file)
    names = names_of(file)
    categories = categories_of(file)
    refuse_unasked(file, categories)
    try:
        ballots = ballots_of(file, names, categories)
        decision = decision_of(file, categories, greedy)
    except Rejected as error:
        where = file.where(LIMIT_OF.get(error.item.partition(".")[2], ""))
        raise PabulibError(f"{where}: {error.item}: {error.reason}") from None
    carried, reason = _round(file, ballots, decision, categories)
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
                project.place,
                project.category if members is None else "",
                project.selected,
                project.score if project.score is not None else _votes_of(file, slot),
            )
            for slot, (project, name) in enumerate(zip(file.projects, names, strict=True))
        ),
        votes=tuple(vote_of(slots, vote, ballots.question) for vote in file.votes),
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


def _special(file: PabulibFile) -> str:
    """Return a sentence about projects that a city marks as special, with 2 or 3."""
    special = [project.project_id for project in file.projects if project.special]
    if not special:
        return ""
    return (
        f" The file marks {', '.join(special)} as special (selected 2 or 3): winners are not "
        "compared."
    )


def _votes_of(file: PabulibFile, slot: int) -> int | None:
    """Return a project's approvals; for other kinds the column counts ballots, not votes."""
    return file.projects[slot].votes if file.vote_type in ("approval", "choose-1") else None


def _currency(file: PabulibFile) -> str:
    letters = "".join(sign for sign in file.meta.get("currency", "") if sign.isalnum())
    return letters.upper()[:8] or "COIN"


def _round(
    file: PabulibFile, ballots: FileBallots, decision: FileDecision, categories: Categories
) -> tuple[RoundRules | None, str]:
    """Return a round's rules, or None and the reason."""
    count, dearest = len(file.projects), max(project.cost for project in file.projects)
    reasons = (
        (isinstance(decision.rule, NoOutcome), "nothing is funded"),
        (ballots.round is None, "a round has no such ballots"),
        (decision.round is None, "the categories' budgets exceed the whole budget"),
        (not 2 <= count <= MAX_ROUND_OPTIONS, f"a round has 2 to {MAX_ROUND_OPTIONS} projects"),
        (dearest > file.budget, "a project costs more than the whole budget"),
    )
    for applies, reason in reasons:
        if applies:
            return None, f"a poll, because {reason}"
    if ballots.round is None or decision.round is None:
        raise AssertionError("unreachable")
    named = isinstance(decision.rule, GreedyByCategory)
    names = _distinct_names(categories) if named else ()
    return RoundRules(ballots.round, decision.round, names), "a round of the treasury"


def _distinct_names(categories: Categories) -> tuple[str, ...]:
    """Return the names of categories as a round takes them."""
    names = [shortened(name, TITLE_BYTES) for name in categories.names]
    return distinct(names, [str(number) for number, _ in enumerate(names, 1)], TITLE_BYTES)
