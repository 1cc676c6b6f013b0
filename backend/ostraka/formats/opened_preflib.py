"""Write opened ballots as a file of PrefLib's: rankings as orders, approvals as two categories.

Source: https://preflib.github.io/PrefLib-Jekyll/format.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ostraka.formats.ballot_lines import Opened, groups, named, order_of
from ostraka.formats.election import FileError, shortened
from ostraka_verifier.question import (
    Approval,
    Knapsack,
    Pairwise,
    Ranking,
    SingleChoice,
    read_questions,
)
from ostraka_verifier.wording import counted

_NAME_BYTES = 1000


def opened_preflib(record: Mapping[str, Any], opened: Opened) -> tuple[str, str]:
    """Return the suffix of the file (`soc`, `soi` or `cat`) and its text.

    A complete order needs a question that asks for all options. Ballots that rank nothing cannot be
    written: the description states how many there are.

    Args:
        record: Results of the poll.

    Raises:
        FileError: PrefLib has no format for these ballots; states why.
    """
    questions = read_questions(record["questions"]) if record["questions"] else ()
    if len(questions) != 1:
        raise FileError(f"a PrefLib file has one question, this poll has {len(questions)}")
    (question,) = questions
    lines = Counter[str]()
    blank = 0
    if isinstance(question, Ranking | Pairwise):
        suffix = "soc" if question.fewest == len(question.options) else "soi"
        for count, slots in groups(opened):
            order = order_of(question, slots)
            if order:
                lines[",".join(str(option + 1) for option in order)] += count
            else:
                blank += count
    elif isinstance(question, Approval | Knapsack | SingleChoice):
        suffix = "cat"
        for count, slots in groups(opened):
            # An abstention is the last option, and approves nothing.
            chosen = set(named(question, slots)[0])
            approved = [slot for slot in range(question.contenders) if slot in chosen]
            others = [slot for slot in range(question.contenders) if slot not in chosen]
            lines[f"{_group(approved)},{_group(others)}"] += count
    else:
        raise FileError(f"PrefLib has no format for ballots of the kind {question.kind}")
    # The most frequent first, as in PrefLib's own files.
    orders = sorted(lines.items(), key=lambda line: (-line[1], line[0]))
    heads = _heads(record, suffix, question.labels()[: question.contenders], lines, blank)
    written = [f"# {name}: {value}".rstrip() for name, value in heads]
    written += [f"{count}: {order}" for order, count in orders]
    return suffix, "\n".join([*written, ""])


def _group(options: Sequence[int]) -> str:
    text = ",".join(str(option + 1) for option in options)
    return text if len(options) == 1 else "{" + text + "}"


def _heads(
    record: Mapping[str, Any],
    suffix: str,
    names: Sequence[str],
    lines: Counter[str],
    blank: int,
) -> Iterator[tuple[str, str]]:
    """Yield header lines in the order of PrefLib's own files."""
    about = f"Poll {record['poll']} of {record['registry']} on chain {record['chain_id']}"
    if blank:
        about += f"; {counted(blank, 'ballot ranks', 'ballots rank')} nothing, without a line"
    date = datetime.fromtimestamp(record["closes_at"], UTC).strftime("%Y-%m-%d")
    yield "FILE NAME", f"poll-{record['poll']}.{suffix}"
    yield "TITLE", shortened(record["title"], _NAME_BYTES)
    yield "DESCRIPTION", about
    yield "DATA TYPE", suffix
    yield "MODIFICATION TYPE", "original"
    yield "RELATES TO", ""
    yield "RELATED FILES", ""
    yield "PUBLICATION DATE", date
    yield "MODIFICATION DATE", date
    yield "NUMBER ALTERNATIVES", str(len(names))
    yield "NUMBER VOTERS", str(lines.total())
    if suffix == "cat":
        yield "NUMBER UNIQUE PREFERENCES", str(len(lines))
        yield "NUMBER CATEGORIES", "2"
        yield "CATEGORY NAME 1", "Approved"
        yield "CATEGORY NAME 2", "Not approved"
    else:
        yield "NUMBER UNIQUE ORDERS", str(len(lines))
    for number, name in enumerate(names, start=1):
        yield f"ALTERNATIVE NAME {number}", shortened(name, _NAME_BYTES)
