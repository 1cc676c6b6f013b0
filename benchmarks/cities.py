"""Winners that the outcome code computes from cities' files, compared with the published ones.

`OSTRAKA_PB_DIR` names a folder of `.pb` files. Default: data/.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ostraka.demo.plain_count import plain_count
from ostraka.formats.election import Election, FileError
from ostraka.formats.reading import read_election
from ostraka_verifier.outcome import BallotOutcome, Greedy, GreedyByCategory
from ostraka_verifier.wording import counted, noun

FOLDER = "OSTRAKA_PB_DIR"
_COMMITTED = Path(__file__).parent.parent / "data"


def measure() -> Iterator[dict[str, Any]]:
    """Yield for each file with a rule and published winners the number of projects that differ.

    The last figure counts the files that agree, and states why others were not compared.
    """
    folder = Path(os.environ.get(FOLDER) or _COMMITTED)
    files = sorted(folder.glob("*.pb"))
    if not files:
        raise FileNotFoundError(f"{folder} has no .pb file; set {FOLDER} to another folder")
    compared, agreeing, others = 0, 0, []
    for path in files:
        differing, how = compare(path)
        if differing is None:
            others.append(f"{path.stem}: {how}")
            continue
        compared, agreeing = compared + 1, agreeing + (differing == 0)
        yield {
            "group": "cities",
            "name": path.stem,
            "value": differing,
            "unit": "projects differ",
            "goal": 0,
            "op": "<=",
            "met": differing == 0,
            "how": how,
        }
    yield {
        "group": "cities",
        "name": "files that get their published winners",
        "value": agreeing,
        "unit": f"of {compared}",
        "goal": compared,
        "op": ">=",
        "met": agreeing == compared,
        "how": f"not compared: {'; '.join(others) or 'none'}",
    }


def compare(path: Path) -> tuple[int | None, str]:
    """Return the number of projects that differ, None without published winners; and why."""
    try:
        election = read_election(path)
    except FileError as error:
        return None, str(error).removeprefix(f"{path}:").lstrip()
    if not election.honoured:
        return None, "the file names no rule, or one that is counted otherwise here"
    ballots = ballots_of(election)
    tally = [
        sum(count * column for count, column in zip(ballots.values(), slots, strict=True))
        for slots in zip(*ballots, strict=True)
    ] or [0] * len(election.options)
    left_out = len(election.votes) - ballots.total()
    plain = plain_count(path)
    if [plain.counts[one.option_id] for one in election.options] != tally:
        raise RuntimeError(f"{path}: the plain count differs")
    voters = f"{len(election.votes):,} {noun(len(election.votes), 'voter', 'voters')}"
    notes = [f"{voters}, {counted(len(tally), 'project', 'projects')}"]
    if left_out:
        broken = counted(left_out, "ballot", "ballots")
        notes.append(f"left out because of the file's own rule: {broken}")
    if any(option.published not in (None, votes) for option, votes in _rows(election, tally)):
        notes.append("the file's own counts differ from its ballots")
    if any(option.selected is None for option in election.options):
        return None, "; ".join([*notes, "the file publishes no winners"])
    rule = election.outcome
    if isinstance(rule, BallotOutcome):
        awards = rule.awards_of(ballots.elements())
    else:
        awards = rule.awards(tally)
    why = [
        _reason(election, tally, slot)
        for slot, (option, award) in enumerate(zip(election.options, awards, strict=True))
        if bool(award) != option.selected
    ]
    return len(why), "; ".join([*notes, *why])


def ballots_of(election: Election) -> Counter[tuple[int, ...]]:
    """Return the slots of valid ballots with their numbers. Read equal ballots once."""
    answers = Counter(str(one.vote) for one in election.votes if not one.problem)
    votes = {str(one.vote): one.vote for one in election.votes if not one.problem}
    found = Counter[tuple[int, ...]]()
    for answer, count in answers.items():
        slots = _values(election, votes[answer])
        if slots is not None:
            found[slots] += count
    return found


def _values(election: Election, vote: Any) -> tuple[int, ...] | None:
    try:
        bits = election.question.vote_bits(vote)
    except ValueError:
        return None
    return tuple(election.question.rule.slot_values(bits))


def _rows(election: Election, tally: Sequence[int]) -> Iterator[tuple[Any, int]]:
    return zip(election.options, tally, strict=True)


def _reason(election: Election, tally: Sequence[int], slot: int) -> str:
    """Describe an option that differs; for a greedy rule also place, cost and remaining budget."""
    rule, option = election.outcome, election.options[slot]
    theirs = "funded" if option.selected else "not funded"
    if not isinstance(rule, Greedy | GreedyByCategory):
        return f"{option.option_id} is {theirs} in the file: {tally[slot]:,} votes"
    awards, order = rule.awards(tally), rule.order(tally)
    before = order[: order.index(slot)]
    left = rule.budget - sum(rule.costs[one] for one in before if awards[one])
    return (
        f"{option.option_id} is {theirs} in the file: {tally[slot]:,} "
        f"{noun(tally[slot], 'vote', 'votes')} of at least {rule.minimum_support}, "
        f"place {len(before) + 1}, costs {rule.costs[slot]:,} of {left:,} left"
    )
