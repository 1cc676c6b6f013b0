"""What can go wrong with a chain; apart from `contract`, whose libraries take long to load."""


class ChainError(Exception):
    """The chain cannot be reached, or refused a transaction; the message says which and why."""


class Refused(ChainError):
    """A contract refuses, with a reason of its own; trying again does not help."""


class Reverted(Refused):
    """A contract refused only when the transaction was mined: it is paid for."""


class LowOnCoin(ChainError):
    """An account cannot pay for a transaction; nothing was sent. Everybody may read the message."""


class NotMinedYet(ChainError):
    """A transaction was sent and waits for a block. Everybody may read the message."""


class NotFinalYet(NotMinedYet):
    """A transaction reverted in a block that can still be taken back: then it could succeed."""
