"""From what goes wrong in a gateway to the problem that everybody may read: the one place."""

import re

from ostraka.chain.errors import ChainError, LowOnCoin, NotFinalYet, NotMinedYet, Refused
from ostraka.gateway.courier import CourierError
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka_verifier.errors import Malformed, Rejected

_PARAMETER = re.compile(r"InvalidParameter\((\w+)\)")
"""Where a contract names what it rejects."""
_CAPITAL = re.compile("[A-Z]")
_PAUSE_S = 5


def problem_of(error: Exception) -> Problem:
    """The problem that an error of any layer is to those outside; without secrets of ours."""
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
            return Problem(ProblemType.REJECTED_BY_CONTRACT, str(error), _parameter(str(error)))
        case LowOnCoin():
            return Problem(ProblemType.LOW_FUNDS, str(error))
        case NotFinalYet():
            return Problem(ProblemType.NOT_FINAL, str(error), "", _PAUSE_S)
        case NotMinedYet():
            return Problem(ProblemType.NOT_MINED, str(error), "", _PAUSE_S)
        case ChainError():
            # The message may name the provider with its credentials: it belongs into the log.
            detail = "the gateway cannot reach the chain now"
            return Problem(ProblemType.CHAIN_UNREACHABLE, detail, "", _PAUSE_S)
    return Problem(ProblemType.INTERNAL_ERROR, "the gateway failed; its log says how")


def _parameter(reason: str) -> str:
    """The field of a specification that a contract names in its own spelling, "" for none."""
    named = _PARAMETER.search(reason)
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", named[1]) if named else ""
