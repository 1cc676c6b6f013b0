"""The three ways in which evidence can fail.

Mistakes of callers raise built-in exceptions and are not caught: bugs are not verdicts.

Source: docs/protocol.md §13.
"""


class AuditError(Exception):
    """Evidence does not support the claim."""


class Malformed(AuditError):
    """Bytes that cannot be read: wrong length, non-canonical encoding, point off the curve.

    Attributes:
        item: The field that cannot be read, e.g. "board.poll_keys"; never empty.
        reason: One sentence for a person.
    """

    def __init__(self, item: str, reason: str) -> None:
        super().__init__(f"{item}: {reason}")
        self.item = item
        self.reason = reason


class Rejected(AuditError):
    """Evidence that is readable and fails a numbered check.

    Attributes:
        check: Number of the check in docs/protocol.md, e.g. "B7".
        item: What failed it, e.g. "ballot 0x12…".
        reason: One sentence for a person.
    """

    def __init__(self, check: str, item: str, reason: str) -> None:
        super().__init__(f"{check}: {item}: {reason}")
        self.check = check
        self.item = item
        self.reason = reason


class Undecided(AuditError):
    """Evidence is unreachable, so that no verdict is possible."""
