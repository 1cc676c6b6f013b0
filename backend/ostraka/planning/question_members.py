"""Misspelt members and kinds of questions, named with what their author probably meant.

The verifier reads questions strictly, but names only what is missing: its texts are the same for
every author, and it knows no suggestions.
"""

from collections.abc import Sequence
from typing import Any

from ostraka.wire.wording import did_you_mean
from ostraka_verifier.errors import Malformed
from ostraka_verifier.question import KINDS


def refuse_unknown_members(questions: Sequence[Any]) -> None:
    """Refuse a question of an unknown kind, or with a member that its kind does not have.

    Anything else that is wrong with a question is left to its reader.

    Args:
        questions: In their JSON form (docs/protocol.md §5.8).

    Raises:
        Malformed: Names the member, and the known one that is closest to it.
    """
    for number, question in enumerate(questions):
        if not isinstance(question, dict):
            continue
        place = f"questions[{number}]"
        kind = question.get("kind")
        if kind is None:
            known: tuple[str, ...] = ("kind", "title")
        elif isinstance(kind, str) and kind in KINDS:
            required, optional = KINDS[kind].members()
            known = ("kind", "title", *required, *optional)
        else:
            hint = did_you_mean(str(kind), KINDS) or f"; the kinds are {', '.join(KINDS)}"
            raise Malformed(f"{place}.kind", f"{str(kind)[:40]!r} is unknown{hint}")
        for name in question:
            hint = did_you_mean(name, known)
            if name not in known and (hint or kind is not None):
                of_kind = hint or f"; {kind} has {', '.join(known[1:])}"
                raise Malformed(f"{place}.{name[:40]}", f"unknown{of_kind}")
