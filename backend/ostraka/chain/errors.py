"""Errors of the chain adapters; not in `contract`, whose libraries are slow to load."""

from collections.abc import Sequence


class ChainError(Exception):
    """The chain is unreachable, or refused a transaction; the message states the reason."""


class Refused(ChainError):
    """A contract refuses with a reason of its own; a retry is pointless.

    Attributes:
        name: Name of the contract's error, such as "BudgetTreasuryTooEarly"; "" if it has none.
        values: The error's values in the order of its declaration.
    """

    def __init__(self, reason: str, name: str = "", values: Sequence[object] = ()) -> None:
        super().__init__(reason)
        self.name = name
        self.values = tuple(values)


class Reverted(Refused):
    """A transaction was mined and failed; its fee is spent."""


class LowOnCoin(ChainError):
    """An account cannot pay for a transaction; nothing was sent. The message is public."""


class NotMinedYet(ChainError):
    """A transaction was sent and waits for a block. The message is public."""


class NotFinalYet(NotMinedYet):
    """A transaction reverted in a block that is not final: after a reorganization it may
    succeed."""


class NoFinality(ChainError):
    """The provider shows no final block, and no depth of confirmation is set."""
