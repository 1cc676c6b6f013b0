"""Read PrefLib's files of orders (`.soc`, `.soi`, `.toc`, `.toi`) and of two categories (`.cat`).

Orders are counted by Borda unless another rule is asked for: with k options the first place gives
k − 1, the last 0, and so do options that an incomplete order leaves out. Options that tie after all
others are left out, too. A ballot with other ties is left out as a whole: no question of Ostraka's
expresses it. Two categories are approval: the first one approves.

Header lines may be in any case, with or without a blank after their `#`. One that is nearly a
known one, or occurs twice, is refused: otherwise its value would be ignored silently.

Source: https://preflib.github.io/PrefLib-Jekyll/format.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ostraka.formats.election import (
    Election,
    FileError,
    FileVote,
    Option,
    distinct,
    shortened,
)
from ostraka.formats.pabulib_outcomes import OBJECTION_S
from ostraka.formats.ranked_rules import RankedRule
from ostraka.wire.titles import cleaned, first_alike
from ostraka.wire.wording import close_to
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import (
    Condorcet,
    InstantRunoff,
    Method,
    OutcomeRule,
    Plurality,
    TransferableVote,
)
from ostraka_verifier.question import Approval, Pairwise, Question, Ranking

SUFFIXES = (".soc", ".soi", ".toc", ".toi", ".cat")
_NAME_BYTES = 80
_MAX_VOTERS = 1_000_000
_CATEGORIES = 2
_HEADS = (
    *("file name", "title", "description", "data type", "modification type", "relates to"),
    *("related files", "publication date", "modification date", "number alternatives"),
    *("number voters", "number unique orders", "number unique preferences", "number categories"),
)
_NUMBERED = re.compile(r"(alternative|category) name ([0-9]{1,9})")
_COMPLETE = (".soc", ".toc")
_TIES = (".toc", ".toi")
_LINE = re.compile(r"\r\n|\r|\n")
_OPTIONS = r"[0-9]+(?:[ \t]*,[ \t]*[0-9]+)*"
_GROUP = rf"(?:[0-9]+|\{{[ \t]*(?:{_OPTIONS})?[ \t]*\}})"
_ORDER = re.compile(rf"\s*(?:{_GROUP}(?:[ \t]*,[ \t]*{_GROUP})*)?\s*", re.ASCII)


_METHODS = {
    RankedRule.SCHULZE: Method.SCHULZE,
    RankedRule.RANKED_PAIRS: Method.RANKED_PAIRS,
    RankedRule.MINIMAX: Method.MINIMAX,
    RankedRule.COPELAND: Method.COPELAND,
}


class PrefLibError(FileError):
    """An invalid file, or one that Ostraka cannot honour; names the line."""


@dataclass(frozen=True)
class Order:
    """One line: the number of voters with this order, and options from 1, most liked first.

    Attributes:
        options: In a file of categories, the options of the first category.
        problem: Why no ballot expresses the order; "" if one does.
    """

    voters: int
    options: tuple[int, ...]
    problem: str = ""


@dataclass(frozen=True)
class PrefLibFile:
    """One file.

    Attributes:
        kind: Its suffix, one of `SUFFIXES`.
        names: Names of the alternatives, as in the file.
    """

    path: Path
    kind: str
    title: str
    names: tuple[str, ...]
    name_lines: tuple[int, ...]
    orders: tuple[Order, ...]
    approving: str
    """Name of the first category in a file of categories; "" if not stated."""


def read_preflib(path: Path) -> PrefLibFile:
    """Read a file.

    Raises:
        PrefLibError: It is invalid; names the line.
        OSError: The file cannot be read.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise PrefLibError(f"{path}: {kind}: unknown; supported are {', '.join(SUFFIXES)}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PrefLibError(f"{path}: not UTF-8") from error
    # Names may contain other line separators of Unicode.
    lines = list(enumerate(_LINE.split(text), start=1))
    heads = _heads(path, [(number, line) for number, line in lines if line.startswith("#")])
    names, name_lines = _names(path, heads)
    _check_kind(path, kind, heads)
    orders = []
    voters = 0
    for number, line in lines:
        if line.strip() and not line.startswith("#"):
            order = _order(line, f"{path}:{number}", kind, len(names))
            voters += order.voters
            if voters > _MAX_VOTERS:
                raise PrefLibError(f"{path}:{number}: more than {_MAX_VOTERS} voters")
            orders.append(order)
    _check_counts(path, heads, voters, len(orders))
    title = heads.get("title", (0, ""))[1] or path.stem
    approving = heads.get("category name 1", (0, ""))[1]
    return PrefLibFile(path, kind, title, names, name_lines, tuple(orders), approving)


def preflib_election(file: PrefLibFile, rule: RankedRule | None = None, seats: int = 1) -> Election:
    """Return the election, with one winner unless it is by single transferable vote.

    Args:
        rule: Of a file of orders; None for Borda.
        seats: Of a single transferable vote.

    Raises:
        PrefLibError: It cannot be honoured.
    """
    path = file.path
    ids = [str(number) for number in range(1, len(file.names) + 1)]
    names = distinct([shortened(name, _NAME_BYTES) for name in file.names], ids, _NAME_BYTES)
    alike = first_alike(names)
    if alike is not None:
        later, first = (file.name_lines[slot] for slot in alike)
        raise PrefLibError(f"{path}:{later}: this name looks like that in line {first}")
    title = shortened(file.title, 150)
    if file.kind == ".cat" and rule is not None:
        raise PrefLibError(f"{path}: {rule} needs orders; the file has two categories")
    if seats != 1 and rule is not RankedRule.STV:
        raise PrefLibError(f"{path}: only {RankedRule.STV} has several seats")
    try:
        question, outcome, says = _asked(file, title, names, rule or RankedRule.BORDA, seats)
    except Rejected as error:
        raise PrefLibError(f"{path}: {error.item}: {error.reason}") from None
    votes = (_vote(one) for one in file.orders for _ in range(one.voters))
    return Election(
        title,
        tuple(Option(number, name) for number, name in zip(ids, names, strict=True)),
        tuple(FileVote(number, *vote) for number, vote in enumerate(votes, start=1)),
        question,
        outcome,
        None,
        f"{says}; a poll, because nothing is funded.",
    )


def _vote(order: Order) -> tuple[list[int] | None, str]:
    return None if order.problem else [option - 1 for option in order.options], order.problem


def _asked(
    file: PrefLibFile, title: str, names: tuple[str, ...], rule: RankedRule, seats: int
) -> tuple[Question, OutcomeRule, str]:
    """Return question, outcome rule, and what they are called."""
    count = len(names)
    most = Plurality(1, count)
    if file.kind == ".cat":
        called = f' ("{shortened(file.approving, _NAME_BYTES)}")' if file.approving else ""
        says = f"Approval of any of {count} options, by the first category{called}"
        return Approval(title, names, 0, count), most, f"{says}; the option with the most wins"
    fewest = None if file.kind == ".soc" else 1
    ranks = f"Ranking of {'all' if fewest is None else f'1 to {count} of'} {count} options"
    if rule is RankedRule.BORDA:
        question = Ranking(title, names, tuple(range(count - 1, -1, -1)), fewest)
        return question, most, f"{ranks} by Borda; the option with the most wins"
    if rule in (RankedRule.INSTANT_RUNOFF, RankedRule.STV):
        # Every place scores, so that opened ballots tell it from no place.
        question = Ranking(title, names, tuple(range(count, 0, -1)), fewest)
        if rule is RankedRule.STV:
            says = f"{ranks}; {seats} elected by single transferable vote"
            return question, TransferableVote(seats, count, objection_time=OBJECTION_S), says
        return (
            question,
            InstantRunoff(count, objection_time=OBJECTION_S),
            f"{ranks}; instant runoff",
        )
    decides = Condorcet(count, _METHODS[rule])
    says = f"{ranks} in pairs; the winner of direct comparisons by {rule.replace('-', ' ')}"
    return Pairwise(title, names, fewest), decides, says


_Heads = Mapping[str, tuple[int, str]]


def _heads(path: Path, lines: Sequence[tuple[int, str]]) -> _Heads:
    """Return the values of header lines by their names in lower case, with their lines."""
    heads: dict[str, tuple[int, str]] = {}
    for number, line in lines:
        written, colon, value = line.lstrip("# \t").partition(":")
        name = " ".join(written.lower().split())
        numbered = _NUMBERED.fullmatch(name)
        if numbered:
            name = f"{numbered[1]} name {int(numbered[2])}"
        elif not colon:
            # A comment.
            continue
        elif name.startswith("alternative name"):
            raise PrefLibError(f"{path}:{number}: {written.strip()[:60]}: not followed by a number")
        else:
            close = close_to(name, _HEADS) or close_to(
                re.sub(r" [0-9]+$", "", name), ("alternative name", "category name")
            )
            if close:
                raise PrefLibError(
                    f"{path}:{number}: {written.strip()}: unknown; did you mean {close.upper()}"
                )
        if name in heads:
            first = heads[name][0]
            raise PrefLibError(
                f"{path}:{number}: {name.upper()} occurs twice, first in line {first}"
            )
        heads[name] = number, value.strip()
    return heads


def _names(path: Path, heads: _Heads) -> tuple[tuple[str, ...], tuple[int, ...]]:
    line, count = heads.get("number alternatives", (0, ""))
    if not re.fullmatch("[0-9]{1,4}", count):
        where = f"{path}:{line}" if line else str(path)
        raise PrefLibError(f"{where}: NUMBER ALTERNATIVES is missing, or not a number")
    named = dict(_named(heads))
    for number, (place, _) in named.items():
        if not 1 <= number <= int(count):
            reason = f"NUMBER ALTERNATIVES is {int(count)}, the file names {len(named)}"
            raise PrefLibError(f"{path}:{place}: ALTERNATIVE NAME {number}: {reason}")
    for number in range(1, int(count) + 1):
        if number not in named:
            raise PrefLibError(f"{path}: ALTERNATIVE NAME {number} is missing")
        place, name = named[number]
        if not cleaned(name):
            raise PrefLibError(f"{path}:{place}: ALTERNATIVE NAME {number}: blank")
    ordered = [named[number] for number in range(1, int(count) + 1)]
    return tuple(name for _, name in ordered), tuple(place for place, _ in ordered)


def _named(heads: _Heads) -> Iterator[tuple[int, tuple[int, str]]]:
    for name, found in heads.items():
        if name.startswith("alternative name "):
            yield int(name.rpartition(" ")[2]), found


def _check_kind(path: Path, kind: str, heads: _Heads) -> None:
    line, written = heads.get("data type", (0, ""))
    if written and f".{written.lower()}" != kind:
        raise PrefLibError(f"{path}:{line}: DATA TYPE is {written[:40]}, the name ends in {kind}")
    if kind == ".cat":
        line, categories = heads.get("number categories", (0, "no number of"))
        if categories != str(_CATEGORIES):
            where = f"{path}:{line}" if line else str(path)
            raise PrefLibError(f"{where}: {categories} categories: an approval has two")


def _check_counts(path: Path, heads: _Heads, voters: int, orders: int) -> None:
    for name, found in (
        ("number voters", voters),
        ("number unique orders", orders),
        ("number unique preferences", orders),
    ):
        line, announced = heads.get(name, (0, ""))
        if announced and announced != str(found):
            raise PrefLibError(
                f"{path}:{line}: {name.upper()} is {announced[:40]}, the file has {found}"
            )


def _order(line: str, where: str, kind: str, options: int) -> Order:
    count, _, order = line.partition(":")
    if not re.fullmatch("[0-9]{1,7}", count.strip()) or not _ORDER.fullmatch(order):
        raise PrefLibError(f"{where}: expected COUNT: OPTION,OPTION,…")
    groups = [
        [int(option) for option in re.findall("[0-9]{1,9}", group)]
        for group in re.findall(_GROUP, order)
    ]
    named = [option for group in groups for option in group]
    if len(set(named)) != len(named) or not all(1 <= option <= options for option in named):
        raise PrefLibError(f"{where}: names an option that does not exist, or one twice")
    if kind == ".cat":
        if len(groups) > _CATEGORIES:
            raise PrefLibError(f"{where}: {len(groups)} groups for {_CATEGORIES} categories")
        # Only the first category is approved.
        return Order(int(count), tuple(groups[0]) if groups else ())
    if kind not in _TIES and any(len(group) != 1 for group in groups):
        raise PrefLibError(f"{where}: a tie in a strict order")
    problem = ""
    if kind == ".toc" and len(named) < options:
        problem = f"names {len(named)} of {options} options"
    # What ties after all others is as if it were left out.
    elif len(named) == options and groups and len(groups[-1]) > 1:
        groups.pop()
    if any(len(group) != 1 for group in groups):
        problem = problem or "ties options that are not the last ones"
    return Order(int(count), tuple(option for group in groups for option in group), problem)
