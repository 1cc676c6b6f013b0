"""Problems that several routes of a node share; each route adds its own."""

from ostraka.wire.problem_types import ProblemType as P

POLL = (
    P.INVALID_REQUEST,
    P.NO_SUCH_POLL,
    P.CENSUS_UNKNOWN,
    P.POLL_SECRET_LOST,
    P.POLL_NOT_SERVED,
    P.CHAIN_UNREACHABLE,
)
"""For a poll that this node may serve."""
PEER = (*POLL, P.MALFORMED, P.CHECK_FAILED, P.NOT_A_PEER, P.REQUEST_REPLAYED)
"""For a request signed by another node of the poll's committee."""
