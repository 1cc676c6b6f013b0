"""Map errors of all layers to the problems that clients of a gateway may read."""

import re

from ostraka.chain.errors import ChainError, LowOnCoin, NotFinalYet, NotMinedYet, Refused
from ostraka.gateway.courier import CourierError
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka_verifier.errors import Malformed, Rejected

_NAMING = ("PollRegistryInvalidParameter", "BudgetTreasuryInvalidParameter")
"""Errors of contracts whose only value is the name of a parameter."""
_CAPITAL = re.compile("[A-Z]")
_PAUSE_S = 5


def problem_of(error: Exception) -> Problem:
    """Return the public problem of an error of any layer, without secrets."""
    match error:
        case Problem():
            return error
        case Malformed() | Rejected():
            return from_audit_error(error)
        case CourierError():
            problem = Problem(error.kind, str(error), "", _PAUSE_S)
            problem.nodes = error.nodes
            return problem
        case Refused():
            return Problem(ProblemType.REJECTED_BY_CONTRACT, str(error), _parameter(error))
        case LowOnCoin():
            return Problem(ProblemType.LOW_FUNDS, str(error))
        case NotFinalYet():
            return Problem(ProblemType.NOT_FINAL, str(error), "", _PAUSE_S)
        case NotMinedYet():
            return Problem(ProblemType.NOT_MINED, str(error), "", _PAUSE_S)
        case ChainError():
            # The message may contain the provider's credentials, so only the log gets it.
            detail = "the gateway cannot reach the chain now"
            return Problem(ProblemType.CHAIN_UNREACHABLE, detail, "", _PAUSE_S)
    return Problem(ProblemType.INTERNAL_ERROR, "the gateway failed; its log has the details")


def _parameter(refused: Refused) -> str:
    """Return the field of a specification for a contract's parameter; "" if unknown."""
    if refused.name not in _NAMING:
        return ""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", str(refused.values[0]))
