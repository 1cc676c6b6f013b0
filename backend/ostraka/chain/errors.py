"""Errors of the chain adapters; not in `contract`, whose libraries are slow to load."""


class ChainError(Exception):
    """The chain is unreachable, or refused a transaction; the message states the reason."""


class Refused(ChainError):
    """A contract refuses with a reason of its own; a retry is pointless."""


class Reverted(Refused):
    """A transaction was mined and failed; its fee is spent."""


class LowOnCoin(ChainError):
    """An account cannot pay for a transaction; nothing was sent. The message is public."""


class NotMinedYet(ChainError):
    """A transaction was sent and waits for a block. The message is public."""


class NotFinalYet(NotMinedYet):
    """A transaction reverted in a block that is not final: after a reorganization it may
    succeed."""
