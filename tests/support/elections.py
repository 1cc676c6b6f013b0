"""Elections' files that tests write: small, seeded, of every vote type."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random

from ostraka.demo.file_ballots import file_ballots
from ostraka.formats.election import Election
from ostraka.formats.reading import read_election

META = {"description": "A town", "currency": "EUR", "budget": "100", "vote_type": "approval"}
PROJECTS = (
    "project_id;cost;votes;name;selected",
    "a;60;2;Alpha;1",
    "b;50;1;Beta;0",
    "c;10;0;Gamma;0",
)
VOTES = ("voter_id;vote", "1;a", "2;a,b")
POINTS = ("voter_id;vote;points", "1;a;3", "2;a,b;2,1", "3;a,b,c;1,1,1")
CATEGORIES = (
    "project_id;cost;name;category",
    "a;60;Alpha;Parks, paths",
    "b;50;Beta;Sport",
    "c;10;Gamma;Sport",
)


def pb(
    meta: dict[str, str] | None = None,
    projects: Sequence[str] = PROJECTS,
    votes: Sequence[str] = VOTES,
) -> str:
    """A `.pb` file; what `meta` names is added or replaced, and left out where it is empty."""
    merged = {name: text for name, text in (META | (meta or {})).items() if text}
    lines = ["META", "key;value", *(f"{name};{text}" for name, text in merged.items())]
    return "\n".join([*lines, "PROJECTS", *projects, "VOTES", *votes, ""])


def write(folder: Path, text: str, name: str = "file.pb") -> Path:
    """A file in a folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tally_of(election: Election) -> tuple[list[int], list[int]]:
    """Votes of each slot, and the voters whose ballots are left out."""
    rule, found = election.question.rule, file_ballots(election, len(election.votes))
    values = [rule.slot_values(bits) for _, bits in found.cast]
    return [sum(column) for column in zip(*values, strict=True)], [
        one.voter for one in found.left_out
    ]


def random_pb(random: Random, vote_type: str) -> str:
    """A file of a vote type whose ballots now and then break its rule."""
    count, cents = random.randint(3, 6), random.choice((0, 1, 2))
    names = [f"p{number}" for number in range(count)]
    costs = [Fraction(random.randint(100, 9000), 10**cents) for _ in names]
    categories = [random.choice("XY") for _ in names]
    meta = {
        "vote_type": vote_type,
        "budget": _money(sum(costs, Fraction(0)) / 2, cents),
        "rule": random.choice(("greedy", "greedy-no-skip", "greedy-threshold")),
        "min_project_score_threshold": str(random.randint(1, 9)),
    }
    if vote_type == "approval":
        meta |= {"min_length": "1", "max_length": str(random.randint(2, count))}
        if random.random() < 0.5:
            cap = _money(sum(costs, Fraction(0)) / 3, cents)
            meta |= {"categories": "X,Y", "max_sum_cost_per_category": cap}
    if vote_type == "cumulative":
        meta |= {"min_sum_points": "1", "max_sum_points": "7", "max_points": "4"}
    if vote_type == "scoring":
        meta |= {"max_points": "5"}
    if vote_type == "ordinal":
        meta |= {"min_length": "2", "max_length": "3"}
    rows = ["voter_id;vote;points"]
    for voter in range(1, 41):
        chosen = random.sample(names, random.randint(0, count))
        points = [str(random.randint(0, 4)) for _ in chosen]
        given = ",".join(points) if vote_type in ("cumulative", "scoring") else ""
        rows.append(f"{voter};{','.join(chosen)};{given}")
    projects = ["project_id;cost;name;category"] + [
        f"{name};{_money(cost, cents)};{name.upper()};{category}"
        for name, cost, category in zip(names, costs, categories, strict=True)
    ]
    return pb(meta, projects, rows)


def _money(amount: Fraction, decimals: int) -> str:
    units = amount * 10**decimals // 1
    return (
        str(units)
        if not decimals
        else f"{units // 10**decimals}.{units % 10**decimals:0{decimals}}"
    )


def asked(tmp_path: Path, text: str, *, greedy: bool = False) -> Election:
    """Read a file of this text."""
    return read_election(write(tmp_path, text), greedy=greedy)
