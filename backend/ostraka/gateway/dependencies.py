"""Dependencies of routes: parts of the gateway, and shared parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import structlog
from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator

from ostraka.chain.contract import ChainError, Sent
from ostraka.gateway.access import Access
from ostraka.gateway.answers.transactions import Transaction
from ostraka.gateway.audit_log import AuditLog
from ostraka.gateway.ballots import Ballots
from ostraka.gateway.brand import Brand
from ostraka.gateway.context import MAX_ID, GatewayContext
from ostraka.gateway.feeds import Feeds
from ostraka.gateway.idempotency import HEADER
from ostraka.gateway.invited_members import InvitedMembers
from ostraka.gateway.news import NewsReader
from ostraka.gateway.opened_ballots import OpenedBallotReader
from ostraka.gateway.polls import Polls
from ostraka.gateway.progress import Progress
from ostraka.gateway.read_models.currencies import Currencies
from ostraka.gateway.read_models.disputes import DisputeReader
from ostraka.gateway.read_models.polls import PollReader
from ostraka.gateway.read_models.proposals import ProposalReader
from ostraka.gateway.read_models.results import ResultReader
from ostraka.gateway.read_models.rounds import RoundReader
from ostraka.gateway.recent_polls import RecentPolls
from ostraka.gateway.redeemed_invitations import RedeemedInvitations
from ostraka.gateway.relayed_proposals import RelayedProposals
from ostraka.gateway.roles import Permission, Role
from ostraka.gateway.rounds import Rounds
from ostraka.gateway.sign_in import SignIn
from ostraka.gateway.subscriptions import Subscriptions
from ostraka.gateway.talk import Talk
from ostraka.guard.receipts import ReceiptFolder
from ostraka.wire.addresses import canonical_address
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex

log = structlog.get_logger()


@dataclass(frozen=True)
class GatewayParts:
    """Parts of one gateway that its routes use.

    Attributes:
        audit_log: What organizers did.
        sign_in: Sign-in of organizers by wallet.
        public_rpc_url: Public provider of chain data; "" without one.
        public_url: Address at which people reach this gateway, without a slash at the end; ""
            if the settings name none.
        web_bundle: SHA-256 of the browser client; None without one.
        receipts: Where receipts that others hand in are kept; None: none are taken.
    """

    context: GatewayContext
    audit_log: AuditLog
    sign_in: SignIn
    public_rpc_url: str
    public_url: str
    brand: Brand
    web_bundle: str | None
    rounds: Rounds
    polls: Polls
    relayed_proposals: RelayedProposals
    talk: Talk
    news: NewsReader
    feeds: Feeds
    subscriptions: Subscriptions
    invitations: RedeemedInvitations
    invited_members: InvitedMembers
    ballots: Ballots
    opened: OpenedBallotReader
    recent_polls: RecentPolls
    progress: Progress
    currencies: Currencies
    round_reader: RoundReader
    proposal_reader: ProposalReader
    poll_reader: PollReader
    result_reader: ResultReader
    dispute_reader: DisputeReader
    receipts: ReceiptFolder | None

    def follow(self) -> None:
        """Index up to now, so that clients see the effect of their transactions at once."""
        # Errors are only logged: the client must learn that the transaction was sent.
        try:
            self.context.indexer.follow()
        except ChainError as error:
            log.warning("not indexed yet", problem=str(error))

    def shown(self, sent: Sent) -> Transaction:
        """Return a transaction's JSON model."""
        self.follow()
        return Transaction(transaction=to_hex(sent.hash), gas_used=sent.gas_used, block=sent.block)


async def parts_of(request: Request) -> GatewayParts:
    """Return the parts of the gateway that serves a request."""
    parts: GatewayParts = request.app.state.parts
    return parts


Gateway = Annotated[GatewayParts, Depends(parts_of)]

_bearer = HTTPBearer(auto_error=False, description="An organizer's token.")


async def token_of(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Return the token that a request carries; "" if it carries none."""
    return given.credentials if given else ""


SentToken = Annotated[str, Depends(token_of)]


class Requirement:
    """A dependency that admits organizers only, and tells the route who acts.

    Attributes:
        permission: What the organizer's role must allow; None admits every organizer.
    """

    def __init__(self, permission: Permission | None) -> None:
        self.permission = permission

    def __call__(self, gateway: Gateway, token: SentToken) -> Access:
        """Return who acts; Problem without a valid token, or if the role does not allow it."""
        actor = gateway.context.team.actor_of(token)
        if actor is None:
            raise Problem(ProblemType.NOT_ORGANIZER, "this needs an organizer's token")
        if self.permission is not None and self.permission not in actor.role.permissions:
            allowed = [role.code for role in Role if self.permission in role.permissions]
            detail = f"the role {actor.role.code} does not allow this; it needs "
            raise Problem(ProblemType.ROLE_REQUIRED, detail + " or ".join(allowed))
        return Access(actor, gateway.audit_log)


MayAdminister = Annotated[Access, Depends(Requirement(Permission.ADMINISTER))]
MayOrganize = Annotated[Access, Depends(Requirement(Permission.ORGANIZE))]
MayModerate = Annotated[Access, Depends(Requirement(Permission.MODERATE))]
MayReadLog = Annotated[Access, Depends(Requirement(Permission.READ_LOG))]
AnyOrganizer = Annotated[Access, Depends(Requirement(None))]


async def body_of(request: Request) -> bytes:
    """Return the unparsed body."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="Identifies the request: the gateway acts only once on a repeated request with "
        "the same key. 16 to 128 letters, digits, or any of `_.:-`; for example a random UUID. "
        "Required unless the request is a dry run.",
    ),
]
Once = Callable[[Callable[[str], Any]], Any]


async def once_of(
    gateway: Gateway, request: Request, body: Body, key: IdempotencyKey = None
) -> Once:
    """Return a runner that acts once on a request, even if it is repeated under its key."""
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return lambda act: gateway.context.requests.once(key, target + body, act)


DoneOnce = Annotated[Once, Depends(once_of)]

_Written = AfterValidator(canonical_address)
PollNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="Number of the poll.")]
RoundNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="Number of the round.")]
ProposalId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Id of the proposal.")]
TokenPath = Annotated[str, _Written, Path(description="Address of the token.")]
StatementPath = Annotated[
    Literal["imprint", "privacy", "accessibility"], Path(description="Which statement.")
]
AddressPath = Annotated[str, _Written, Path(description="An address.")]
DigestPath = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Digest of the ballot.")]
DryRun = Annotated[bool, Query(description="Check and warn only; nothing is created.")]
Brief = Annotated[bool, Query(description="Without the accounts of electorates.")]
