"""PrefLib's files of strict orders (`.soc`, `.soi`) and of two categories (`.cat`).

Orders are counted by Borda: with k options the first place gives k − 1, the last 0, and so do
options that an incomplete order leaves out. Two categories are approval: the first one approves.

Source: https://preflib.github.io/PrefLib-Jekyll/format.
"""

import re
from pathlib import Path

from ostraka.formats.election import Election, FileError, FileVote, Option, shortened
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import Plurality
from ostraka_verifier.question import Approval, Question, Ranking

SUFFIXES = (".soc", ".soi", ".cat")
_NAME_BYTES = 80
_MAX_VOTERS = 1_000_000
_CATEGORIES = 2
_OPTIONS = r"[0-9]+(?:\s*,\s*[0-9]+)*"
_GROUP = rf"(?:[0-9]+|\{{\s*(?:{_OPTIONS})?\s*\}})"
_ORDER = re.compile(rf"\s*(?:{_GROUP}(?:\s*,\s*{_GROUP})*)?\s*")


class PrefLibError(FileError):
    """No such file, or one that Ostraka cannot honour; names the line."""


def read_preflib(path: Path) -> Election:
    """An election with one winner.

    Raises:
        PrefLibError: It cannot be read or honoured.
        OSError: The file cannot be read.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        reason = "orders with ties cannot be asked" if kind in (".toc", ".toi") else "unknown"
        raise PrefLibError(f"{path}: {kind}: {reason}; known are {', '.join(SUFFIXES)}")
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PrefLibError(f"{path}: not UTF-8") from error
    heads = dict(_head(line) for line in lines if line.startswith("#"))
    names = _names(path, heads)
    if kind == ".cat" and heads.get("NUMBER CATEGORIES") != str(_CATEGORIES):
        found = heads.get("NUMBER CATEGORIES", "no number of")
        raise PrefLibError(f"{path}: {found} categories: only two are an approval")
    title = shortened(heads.get("TITLE", path.stem), 150)
    votes: list[FileVote] = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            count, vote = _vote(line, f"{path}:{number}", kind, len(names))
            if len(votes) + count > _MAX_VOTERS:
                raise PrefLibError(f"{path}:{number}: more than {_MAX_VOTERS} voters")
            votes += [FileVote(len(votes) + one, vote) for one in range(1, count + 1)]
    announced = heads.get("NUMBER VOTERS", str(len(votes)))
    if announced != str(len(votes)):
        raise PrefLibError(f"{path}: NUMBER VOTERS is {announced}, the file has {len(votes)}")
    try:
        question, says = _question(kind, title, names)
    except Rejected as error:
        raise PrefLibError(f"{path}: {error.item}: {error.reason}") from None
    return Election(
        title,
        tuple(Option(str(slot), name) for slot, name in enumerate(names, start=1)),
        tuple(votes),
        question,
        Plurality(1, len(names)),
        None,
        f"{says}; the one with most wins; a poll, for nothing is funded.",
    )


def _question(kind: str, title: str, names: tuple[str, ...]) -> tuple[Question, str]:
    count = len(names)
    if kind == ".cat":
        return Approval(title, names, 0, count), f"Approval of any of {count} options"
    scores = tuple(range(count - 1, -1, -1))
    if kind == ".soc":
        return Ranking(title, names, scores), f"Ranking of all {count} options by Borda"
    says = f"Ranking of 1 to {count} of {count} options by Borda"
    return Ranking(title, names, scores, 1), says


def _head(line: str) -> tuple[str, str]:
    name, _, value = line.lstrip("# ").partition(":")
    return name.strip().upper(), value.strip()


def _names(path: Path, heads: dict[str, str]) -> tuple[str, ...]:
    count = heads.get("NUMBER ALTERNATIVES", "")
    if not re.fullmatch("[0-9]{1,4}", count):
        raise PrefLibError(f"{path}: NUMBER ALTERNATIVES is missing, or no number")
    names = []
    for number in range(1, int(count) + 1):
        if f"ALTERNATIVE NAME {number}" not in heads:
            raise PrefLibError(f"{path}: ALTERNATIVE NAME {number} is missing")
        names.append(shortened(heads[f"ALTERNATIVE NAME {number}"], _NAME_BYTES))
    return tuple(names)


def _vote(line: str, where: str, kind: str, options: int) -> tuple[int, list[int]]:
    """How many voters say so, and indices from 0."""
    count, _, order = line.partition(":")
    if not re.fullmatch("[0-9]{1,7}", count.strip()) or not _ORDER.fullmatch(order):
        raise PrefLibError(f"{where}: expected COUNT: OPTION,OPTION,…")
    groups = [
        [int(option) - 1 for option in re.findall("[0-9]+", group)]
        for group in re.findall(_GROUP, order)
    ]
    named = [slot for group in groups for slot in group]
    if len(set(named)) != len(named) or not all(0 <= slot < options for slot in named):
        raise PrefLibError(f"{where}: names an option that does not exist, or one twice")
    if kind == ".cat":
        if len(groups) > _CATEGORIES:
            raise PrefLibError(f"{where}: {len(groups)} groups for {_CATEGORIES} categories")
        # Of approvals only the first category matters; what is in none is not approved.
        return int(count), groups[0] if groups else []
    if any(len(group) != 1 for group in groups):
        raise PrefLibError(f"{where}: a tie in a strict order")
    return int(count), named
