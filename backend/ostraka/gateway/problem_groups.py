"""Problems that several routes of a gateway share; each route adds its own."""

from ostraka.wire.problem_types import ProblemType as P

CHAIN = (P.CHAIN_UNREACHABLE, P.NOT_INDEXED)
POLL = (P.INVALID_REQUEST, P.NO_SUCH_POLL, P.MALFORMED, P.CHECK_FAILED, *CHAIN)
"""For a poll in the path: anybody may have created it, with contradictory contents."""
SERVED_POLL = (*POLL, P.POLL_NOT_SERVED)
ROUND = (P.INVALID_REQUEST, P.NO_SUCH_ROUND, *CHAIN)
PROPOSAL = (P.INVALID_REQUEST, P.NO_SUCH_PROPOSAL, *CHAIN)
SENDING = (
    P.CHAIN_UNREACHABLE,
    P.REJECTED_BY_CONTRACT,
    P.LOW_FUNDS,
    P.NOT_MINED,
    P.NOT_FINAL,
)
"""For a transaction from the gateway's account."""
ACCESS = (P.NOT_ORGANIZER, P.ROLE_REQUIRED)
"""For routes that need a role."""
ORGANIZING = (
    *ACCESS,
    P.MALFORMED,
    P.INVALID_REQUEST,
    P.IDEMPOTENCY_KEY_MISSING,
    P.IDEMPOTENCY_KEY_REUSED,
    P.REQUEST_IN_PROGRESS,
)
"""For requests of an organizer, done once for each key."""
SPECIFYING = (
    *ORGANIZING,
    *CHAIN,
    P.CHECK_FAILED,
    P.NO_CENSUS,
    P.EMPTY_ELECTORATE,
    P.NO_CLASSES,
    P.NO_COMMITTEE,
    P.COMMITTEE_NOT_SERVED,
    P.REJECTED_BY_CONTRACT,
)
"""For a specification, whose electorate is read and checked."""
RELAYING = (
    *SENDING,
    P.MALFORMED,
    P.INVALID_REQUEST,
    P.CHECK_FAILED,
    P.MEMBERS_UNKNOWN,
    P.NOT_A_MEMBER,
    P.NONCE_USED,
    P.QUOTA_EXCEEDED,
    P.NO_SUCH_ROUND,
    P.NOT_INDEXED,
)
"""For a member's signed request, for a round of this gateway."""
TALKING = (
    P.MALFORMED,
    P.INVALID_REQUEST,
    P.CHECK_FAILED,
    P.MEMBERS_UNKNOWN,
    P.NOT_A_MEMBER,
    P.NONCE_USED,
    P.TALK_CLOSED,
    P.NO_SUCH_ROUND,
)
"""For a member's signed comment or endorsement, in a round of this gateway."""
