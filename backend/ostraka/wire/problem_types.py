"""Append-only table of the problem types that services and programs report.

The URI identifies a type; texts are for people and may be translated. Types are only added, never
changed or removed, so that clients can rely on them. docs/api.md lists them.

Source: RFC 9457, section 3.1.1; docs/protocol.md §16.
"""

from enum import Enum

URI_PREFIX = "urn:ostraka:problem:"


class ProblemType(Enum):
    """A problem type.

    Attributes:
        code: Name in lower case with hyphens; the URI is `urn:ostraka:problem:` and this.
        title: Name of the type in English; always the same text.
        status: HTTP status.
    """

    # Requests that cannot be read or are not allowed.
    MALFORMED = "malformed", "Malformed input", 400
    INVALID_REQUEST = "invalid-request", "Invalid request", 422
    CHECK_FAILED = "check-failed", "Check failed", 422
    NOT_FOUND = "not-found", "Not found", 404
    METHOD_NOT_ALLOWED = "method-not-allowed", "Method not allowed", 405
    TOO_LARGE = "too-large", "Request too large", 413
    TOO_SLOW = "too-slow", "Request too slow", 408
    BUSY = "busy", "Service busy", 503
    QUEUE_FULL = "queue-full", "Queue full", 429
    INTERNAL_ERROR = "internal-error", "Internal error", 500
    IDEMPOTENCY_KEY_MISSING = "idempotency-key-missing", "Idempotency key missing", 400
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", "Idempotency key reused", 422
    REQUEST_IN_PROGRESS = "request-in-progress", "Request in progress", 409
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable", "Range not satisfiable", 416
    NOT_ORGANIZER = "not-organizer", "Organizer's token required", 401
    ROLE_REQUIRED = "role-required", "Another role required", 403
    NO_SUCH_ORGANIZER = "no-such-organizer", "No such organizer", 404
    ORGANIZER_EXISTS = "organizer-exists", "Organizer already exists", 409
    LAST_ADMINISTRATOR = "last-administrator", "Last administrator", 409
    SIGN_IN_UNAVAILABLE = "sign-in-unavailable", "Sign-in by wallet unavailable", 409
    SIGN_IN_FAILED = "sign-in-failed", "Sign-in failed", 403

    # The chain, and a service's index of it.
    CHAIN_UNREACHABLE = "chain-unreachable", "Chain unreachable", 503
    NOT_INDEXED = "not-indexed", "Not indexed yet", 503
    NOT_MINED = "not-mined", "Not mined yet", 503
    NOT_FINAL = "not-final", "Not final yet", 503
    LOW_FUNDS = "low-funds", "Gateway account low on funds", 409
    REJECTED_BY_CONTRACT = "rejected-by-contract", "Rejected by the contract", 422
    NO_SUCH_REGISTRY = "no-such-registry", "No such registry", 404

    # Polls, rounds, proposals and plans.
    NO_SUCH_POLL = "no-such-poll", "No such poll", 404
    NO_SUCH_ROUND = "no-such-round", "No such round", 404
    NO_SUCH_PROPOSAL = "no-such-proposal", "No such proposal", 404
    NO_SUCH_PLAN = "no-such-plan", "No such plan", 404
    POLL_NOT_SERVED = "poll-not-served", "Poll not served here", 409
    POLL_REPLACED = "poll-replaced", "Poll replaced", 409
    POLL_NOT_OPEN = "poll-not-open", "Poll not open", 409
    POLL_CLOSED = "poll-closed", "Poll closed", 409
    POLL_OVER = "poll-over", "Poll over", 409
    POLL_VOID = "poll-void", "Poll void", 410
    NOT_TALLIED = "not-tallied", "Not tallied yet", 409
    NOT_OPENED = "not-opened", "Ballots not opened", 409
    FORMAT_UNAVAILABLE = "format-unavailable", "Format not available", 409
    ROUND_REVERTED = "round-reverted", "Round reverted", 409
    UNDERFUNDED = "underfunded", "Round underfunded", 409
    TOO_LATE = "too-late", "Too late", 409
    NOTHING_TO_PAY = "nothing-to-pay", "Nothing to pay", 409
    QUOTA_EXCEEDED = "quota-exceeded", "Transaction quota exceeded", 429
    DESCRIPTION_TOO_LONG = "description-too-long", "Description too long", 422
    TALK_CLOSED = "talk-closed", "Comments closed", 409
    TOO_MANY_COMMENTS = "too-many-comments", "Too many comments", 429
    NO_SUCH_COMMENT = "no-such-comment", "No such comment", 404
    CHANNEL_OFF = "channel-off", "Messages not offered", 409
    SUBSCRIPTION_LIMIT = "subscription-limit", "Too many requests to follow", 429
    NO_SUCH_SUBSCRIPTION = "no-such-subscription", "No such subscription", 404
    COMMITTEE_NOT_SERVED = "committee-not-served", "Committee not served here", 422
    NO_COMMITTEE = "no-committee", "No committee configured", 409
    IMAGE_INVALID = "image-invalid", "Invalid picture", 422
    UPLOAD_LIMIT = "upload-limit", "Too many pictures", 429

    # Electorates, members and invitations.
    NO_CENSUS = "no-census", "No census", 422
    EMPTY_ELECTORATE = "empty-electorate", "Empty electorate", 422
    TOO_FEW_VOTERS = "too-few-voters", "Too few voters", 409
    NO_CLASSES = "no-classes", "No weight classes possible", 409
    NOBODY_REGISTERED = "nobody-registered", "Nobody registered", 409
    CENSUS_UNKNOWN = "census-unknown", "Census unknown", 409
    MEMBERS_UNKNOWN = "members-unknown", "Members unknown", 409
    NO_SUCH_MEMBER = "no-such-member", "No such member", 404
    NOT_A_MEMBER = "not-a-member", "Not a member", 403
    NO_INVITATIONS = "no-invitations", "No invitations", 409
    NO_SUCH_INVITATION = "no-such-invitation", "No such invitation", 404
    NOT_CREATED = "not-created", "Round not created yet", 409
    REGISTRATION_CLOSED = "registration-closed", "Registration closed", 409
    INVITATION_USED = "invitation-used", "Invitation already used", 409
    INVITATION_UNUSED = "invitation-unused", "Invitation not used yet", 409
    INVITATION_REPLACED = "invitation-replaced", "Invitation replaced", 409
    CODE_USED = "code-used", "Code already used", 409
    KEY_IN_USE = "key-in-use", "Key already registered", 409
    NONCE_USED = "nonce-used", "Signature already used", 409

    # Ballots.
    TOO_MANY_VERSIONS = "too-many-versions", "Too many versions", 429
    SUPERSEDED = "superseded", "Ballot superseded", 409
    NODES_UNREACHABLE = "nodes-unreachable", "Nodes unreachable", 503
    NODES_NOT_READY = "nodes-not-ready", "Nodes not ready yet", 503
    BOARD_UNAVAILABLE = "board-unavailable", "Board unavailable", 503
    POLL_KEYS_UNAVAILABLE = "poll-keys-unavailable", "Poll keys unavailable", 503
    NODE_UNREACHABLE = "node-unreachable", "Node unreachable", 503
    NODE_SILENT = "node-silent", "No answer in time", 504
    NODE_BUSY = "node-busy", "Too many ballots waiting for this node", 503
    ANSWER_INVALID = "answer-invalid", "Invalid answer", 502
    CAST_AHEAD = "cast-ahead", "Cast time ahead of the chain", 422

    # Requests between nodes, and uploads of censuses.
    CENSUS_NOT_SIGNED = "census-not-signed", "Census not signed", 401
    NOT_THE_CREATOR = "not-the-creator", "Not the poll's creator", 403
    POLL_REJECTED = "poll-rejected", "Poll rejected", 422
    POLL_SECRET_LOST = "poll-secret-lost", "Poll secret lost", 409
    POLL_KEYS_UNSIGNED = "poll-keys-unsigned", "Poll keys not signed yet", 503
    POLL_NOT_READY = "poll-not-ready", "Not every node serves the poll yet", 503
    COMMITTEE_REJECTED = "committee-rejected", "Committee rejected", 403
    NOT_A_PEER = "not-a-peer", "Not a peer", 403
    NOT_ENTITLED = "not-entitled", "Not entitled", 403
    REQUEST_REPLAYED = "request-replayed", "Request already used", 409
    NOT_FROZEN = "not-frozen", "Ballots not frozen yet", 409
    NODE_INCOMPLETE = "node-incomplete", "Node lacks part of the poll", 503
    INVENTORIES_MISSING = "inventories-missing", "Inventories missing", 409
    NOT_THE_PROPOSER = "not-the-proposer", "Not the proposer", 403
    WRONG_ROUND = "wrong-round", "Wrong settling round", 409
    ROOT_REJECTED = "root-rejected", "Root rejected", 409
    ROOT_SIGNED = "root-signed", "Another root already signed", 409
    NOT_SETTLED = "not-settled", "Not settled yet", 409
    NO_SHARE = "no-share", "No such share", 409
    TOO_MANY_REPAIRS = "too-many-repairs", "Too many repairs", 429
    NOT_SHUFFLING = "not-shuffling", "Ballots not shuffled now", 409
    WRONG_TURN = "wrong-turn", "Wrong turn of the shuffle", 409
    STATE_UNKNOWN = "state-unknown", "State of the shuffle unknown", 409
    UNAVAILABLE = "unavailable", "Service unavailable", 503

    # A type that the service knows and this program does not.
    UNKNOWN = "unknown", "Unknown problem", 500

    def __init__(self, code: str, title: str, status: int) -> None:
        self.code = code
        self.title = title
        self.status = status

    @property
    def uri(self) -> str:
        """The URI, the member `type` of problem documents."""
        return URI_PREFIX + self.code


BY_URI = {kind.uri: kind for kind in ProblemType}
