"""The gateway's HTTP interface, version 1."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import httpx
import structlog
from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, Field
from sse_starlette import EventSourceResponse
from starlette.middleware.cors import CORSMiddleware

from ostraka import __version__
from ostraka.chain.contract import ChainError, Refused, Sent
from ostraka.chain.treasury import Authorization, Item
from ostraka.formats.election import FileError
from ostraka.formats.results import results_csv, results_pb
from ostraka.gateway import pages
from ostraka.gateway.ballots import MAX_BATCH, Ballots
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.desk import MAX_ID, Desk
from ostraka.gateway.idempotency import HEADER
from ostraka.gateway.organizing import Organizing
from ostraka.gateway.outcomes import problem_of
from ostraka.gateway.pages import Bundle
from ostraka.gateway.progress import Progress
from ostraka.gateway.views import Views
from ostraka.planning.fields import Address, Amount, Count, Digest, Strict, Title
from ostraka.planning.leaks import LeakWarning
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.wire import api_docs, problems
from ostraka.wire.addresses import canonical_address
from ostraka.wire.limits import BodyLimit
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord, decode_records, from_hex, to_hex
from ostraka.wire.strict_requests import StrictRoute
from ostraka_verifier.redemption import Redemption

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 2**20
_BINARY = "application/octet-stream"

Json = dict[str, Any]
Signature = Annotated[str, Field(pattern="^0x[0-9a-f]{130}$")]
PollNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="Number of the poll.")]
RoundNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="Number of the round.")]
ProposalId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Id of the proposal.")]
DryRun = Annotated[bool, Query(description="Check and warn only; nothing is created.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="Names the request; asked again under the same name, it is not done twice. "
        "A random UUID will do. Needed for whatever is not a dry run.",
    ),
]
Once = Callable[[Callable[[str], Any]], Any]
Brief = Annotated[bool, Query(description="Without the accounts of electorates.")]
_Written = AfterValidator(canonical_address)
TokenPath = Annotated[str, _Written, Path(description="Address of the token.")]
AddressPath = Annotated[str, _Written, Path(description="An address.")]
DigestPath = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Digest of the ballot.")]


class ProposalItem(Strict):
    """What a member asks for."""

    recipient: Address
    amount: Amount
    title: Title
    text: Annotated[str, Field(max_length=16_384)] = ""
    category: Count = 0
    """Index of a category of the round; 0 where it has none."""
    details: Digest = "0x" + 64 * "0"
    """keccak-256 of further details as canonical JSON; zero where there are none."""

    @property
    def item(self) -> Item:
        """As the treasury takes it."""
        return Item(
            from_hex(self.recipient, "recipient"),
            self.amount,
            self.title,
            self.text,
            self.category,
            from_hex(self.details, "details"),
        )


class SignedBy(Strict):
    """A member's EIP-712 signature, with what `typed-data` gave."""

    member: Address
    nonce: Amount
    deadline: Annotated[int, Field(strict=True, ge=0, lt=1 << 64)]
    signature: Signature

    @property
    def authorization(self) -> Authorization:
        """As the treasury takes it."""
        return Authorization(
            from_hex(self.member, "member"),
            self.nonce,
            self.deadline,
            from_hex(self.signature, "signature"),
        )


class NewProposal(Strict):
    """A signed proposal or a signed change of one."""

    item: ProposalItem
    authorization: SignedBy


class Withdrawal(Strict):
    """A signed withdrawal."""

    authorization: SignedBy


class ToSign(Strict):
    """What a member is about to sign."""

    kind: Literal["proposal", "revision", "withdrawal"]
    member: Address
    round: Annotated[int, Field(strict=True, ge=1, le=MAX_ID)] | None = None
    """Of a proposal."""
    proposal: Digest | None = None
    """Of a revision or withdrawal."""
    item: ProposalItem | None = None
    """Of a proposal or revision."""


class Funding(Strict):
    """Money from the gateway's own account."""

    amount: Amount = Field(gt=0)


class Refund(Strict):
    """Whom to refund."""

    funder: Address


class Redeeming(Strict):
    """An invitation, the key that it is to be bound to, and both keys' signatures."""

    plan: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    invitation: Address
    signing_key: Address
    by_invitation: Signature
    by_signing_key: Signature


def build_api(
    desk: Desk,
    token_hash: bytes,
    client: httpx.AsyncClient,
    bundle: Bundle | None = None,
    public_rpc_url: str = "",
) -> FastAPI:
    """The application that serves a gateway.

    Args:
        token_hash: SHA-256 of the organizer's token.
        client: For talking to nodes.
        bundle: The browser client; without it there is but the API.
        public_rpc_url: A provider of chain data for everybody, if there is one.
    """
    app = FastAPI(
        title="Ostraka gateway",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=api_docs.OPENAPI_URL,
        responses={"4XX": {"description": "Problem details (RFC 9457)"}},
        description=(
            "Rounds, polls, proposals and ballots over HTTP. Reading is open to everybody. "
            "Members sign what they propose and voters what they cast; only creating, inviting "
            "and funding ask for the organizer's token."
        ),
    )
    app.router.route_class = StrictRoute
    api_docs.install(app)
    problems.install(app)

    @app.exception_handler(ChainError)
    @app.exception_handler(CourierError)
    async def _failed(_: Request, error: ChainError | CourierError) -> Response:
        if not isinstance(error, Refused):
            log.warning("request failed", problem=str(error))
        return problems.respond(problem_of(error))

    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    # Pages of any origin may use the gateway; nothing here rests on cookies.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=["*"],
    )
    organizing = Organizing(desk)
    views = Views(desk, organizing, Courier(desk.registry, desk.account))
    ballots = Ballots(client)

    async def ask(poll_id: int) -> Json:
        poll, view = await asyncio.to_thread(desk.served, poll_id)
        return await ballots.progress(poll, view)

    progress = Progress(ask)
    bearer = HTTPBearer(auto_error=False, description="The organizer's token.")

    def organizer(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> None:
        offered = hashlib.sha256((given.credentials if given else "").encode()).digest()
        if given is None or not hmac.compare_digest(offered, token_hash):
            raise Problem(ProblemType.NOT_ORGANIZER, "this needs the organizer's token")

    Organizer = Depends(organizer)

    def follow() -> None:
        # Who sent something sees it from here on; that it was sent must be said in any case.
        try:
            desk.indexer.follow()
        except ChainError as error:
            log.warning("not indexed yet", problem=str(error))

    def sent_json(sent: Sent) -> Json:
        follow()
        return {"transaction": to_hex(sent.hash), "gas_used": sent.gas_used, "block": sent.block}

    async def body_of(request: Request) -> bytes:
        return await request.body()

    Body = Annotated[bytes, Depends(body_of)]

    def once(request: Request, body: Body, key: IdempotencyKey = None) -> Once:
        target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        return lambda act: desk.requests.once(key, target + body, act)

    DoneOnce = Annotated[Once, Depends(once)]

    @app.get("/api/v1/config", tags=["gateway"])
    def config() -> Json:
        """Chain, contracts, committees and state of this gateway."""
        head = desk.registry.head()
        return {
            "version": __version__,
            "chain_id": desk.registry.domain.chain_id,
            "registry": to_hex(desk.registry.address),
            "treasury": to_hex(desk.treasury.address),
            "voting_keys": to_hex(desk.electorates.voting_keys),
            "account": to_hex(desk.account.address),
            "committees": [to_hex(digest) for digest in desk.committees],
            "rpc_url": public_rpc_url or None,
            "web_bundle": bundle and bundle.digest,
            "engine": desk.curve.name,
            "head": {"number": head.number, "timestamp": head.timestamp},
            "indexed_to": desk.indexer.indexed_to,
            "limits": {"batch": MAX_BATCH, "body_bytes": MAX_BODY_BYTES},
        }

    @app.get("/api/v1/committees", tags=["gateway"])
    def committees() -> list[Json]:
        """Committees that can tally what is created here, with their nodes; the default first."""
        return views.committees()

    @app.get("/api/v1/tokens/{token}", tags=["gateway"])
    def token(token: TokenPath) -> Json:
        """A token's symbol and decimals, as it says itself; none and 0 where it does not."""
        return views.token(from_hex(token, "token"))

    @app.get("/api/v1/organizer", dependencies=[Organizer], tags=["gateway"])
    def who_organizes() -> Json:
        """Whether a token is the organizer's, and from which account this gateway pays."""
        return {"account": to_hex(desk.account.address)}

    def tried(response: Response, warnings: Sequence[LeakWarning]) -> Json:
        response.status_code = 200
        shown = [one.to_json() for one in warnings]
        return {"plan": None, "round": None, "poll": None, "warnings": shown}

    @app.post("/api/v1/rounds", status_code=201, dependencies=[Organizer], tags=["rounds"])
    def create_round(
        wanted: RoundSpecification, response: Response, once: DoneOnce, dry_run: DryRun = False
    ) -> Any:
        """Create a round on chain; from here on the gateway carries it through.

        `warnings` say what its poll may give away.
        """
        if dry_run:
            return tried(response, organizing.try_round(wanted))

        def create(name: str) -> Json:
            plan = organizing.create_round(wanted, name)
            follow()
            return desk.plans.to_json(plan)

        return once(create)

    @app.get("/api/v1/rounds", tags=["rounds"])
    def rounds() -> list[Json]:
        """All rounds of the treasury."""
        return views.rounds()

    @app.get("/api/v1/rounds/{round_id}", tags=["rounds"])
    def show_round(round_id: RoundNumber) -> Json:
        """A round with its state."""
        return views.round(round_id)

    @app.get("/api/v1/rounds/{round_id}/members/{account}", tags=["rounds"])
    def member(round_id: RoundNumber, account: AddressPath) -> Json:
        """A member's signing key, weight and proof, as the treasury takes them."""
        return organizing.member(round_id, from_hex(account, "account"))

    @app.post("/api/v1/rounds/{round_id}/funding", dependencies=[Organizer], tags=["rounds"])
    def fund(round_id: RoundNumber, wanted: Funding, once: DoneOnce) -> Any:
        """Fund a round from the gateway's account; anybody may fund it on chain as well."""
        return once(
            lambda name: [sent_json(one) for one in organizing.fund(round_id, wanted.amount, name)]
        )

    @app.get("/api/v1/rounds/{round_id}/funders", tags=["rounds"])
    def funders(round_id: RoundNumber) -> list[Json]:
        """Who funded a round, with how much, and what each can be refunded now."""
        return views.funders(round_id)

    @app.post("/api/v1/rounds/{round_id}/refunds", dependencies=[Organizer], tags=["rounds"])
    def refund(round_id: RoundNumber, wanted: Refund, once: DoneOnce) -> Any:
        """Return a funder's part of what is not, or no longer, meant for proposals."""
        funder = from_hex(wanted.funder, "funder")
        return once(lambda name: sent_json(organizing.refund(round_id, funder, name)))

    @app.post("/api/v1/typed-data", tags=["proposals"])
    def to_sign(wanted: ToSign) -> Json:
        """What a member signs to propose, revise or withdraw, for `eth_signTypedData_v4`."""
        subject: int | bytes | None = wanted.round
        if wanted.kind != "proposal":
            subject = from_hex(wanted.proposal, "proposal") if wanted.proposal else None
        if subject is None:
            field = "round" if wanted.kind == "proposal" else "proposal"
            raise Problem(ProblemType.INVALID_REQUEST, f"a {wanted.kind} needs it", field)
        item = None
        if wanted.kind != "withdrawal":
            if wanted.item is None:
                raise Problem(ProblemType.INVALID_REQUEST, f"a {wanted.kind} needs it", "item")
            item = wanted.item.item
        return organizing.to_sign(wanted.kind, from_hex(wanted.member, "member"), subject, item)

    @app.get("/api/v1/rounds/{round_id}/proposals", tags=["proposals"])
    def proposals(round_id: RoundNumber) -> list[Json]:
        """Proposals of a round in order of submission."""
        return views.proposals(round_id)

    @app.post("/api/v1/rounds/{round_id}/proposals", status_code=201, tags=["proposals"])
    def propose(round_id: RoundNumber, wanted: NewProposal) -> Json:
        """Send a member's signed proposal; the gateway pays the gas."""
        signed = wanted.authorization.authorization
        proposal, sent = organizing.propose(round_id, wanted.item.item, signed)
        return {"proposal": to_hex(proposal), **sent_json(sent)}

    @app.get("/api/v1/proposals/{proposal}", tags=["proposals"])
    def show_proposal(proposal: ProposalId) -> Json:
        """A proposal with its round."""
        round_id, found = views.proposals_of(from_hex(proposal, "proposal"))
        return {"round": str(round_id), **found}

    @app.put("/api/v1/proposals/{proposal}", tags=["proposals"])
    def revise(proposal: ProposalId, wanted: NewProposal) -> Json:
        """Send a member's signed change of a proposal."""
        identity = from_hex(proposal, "proposal")
        round_id, _ = views.proposals_of(identity)
        signed = wanted.authorization.authorization
        return sent_json(organizing.revise(round_id, identity, wanted.item.item, signed))

    @app.post("/api/v1/proposals/{proposal}/withdrawal", tags=["proposals"])
    def withdraw(proposal: ProposalId, wanted: Withdrawal) -> Json:
        """Send a member's signed withdrawal of a proposal."""
        identity = from_hex(proposal, "proposal")
        round_id, _ = views.proposals_of(identity)
        return sent_json(
            organizing.withdraw(round_id, identity, wanted.authorization.authorization)
        )

    @app.post("/api/v1/proposals/{proposal}/payout", tags=["proposals"])
    def claim(proposal: ProposalId) -> Json:
        """Have a funded proposal paid to its recipient; anybody may ask."""
        identity = from_hex(proposal, "proposal")
        round_id, found = views.proposals_of(identity)
        if not organizing.paying(identity) and (not found["funded"] or found["paid"]):
            # Nobody may make the gateway pay for transactions that must fail.
            detail = "it is paid already" if found["paid"] else "it is not funded"
            raise Problem(ProblemType.NOTHING_TO_PAY, detail, "proposal")
        return sent_json(organizing.claim(round_id, identity))

    @app.post("/api/v1/polls", status_code=201, dependencies=[Organizer], tags=["polls"])
    def create_poll(
        wanted: PollSpecification, response: Response, once: DoneOnce, dry_run: DryRun = False
    ) -> Any:
        """Plan a poll without a round; it goes on chain when registration is over.

        `warnings` say what it may give away.
        """
        if dry_run:
            return tried(response, organizing.try_poll(wanted))
        return once(lambda name: desk.plans.to_json(organizing.create_poll(wanted, name)))

    @app.get("/api/v1/plans", tags=["plans"])
    def plans(brief: Brief = False) -> list[Json]:
        """Rounds and polls that this gateway organizes."""
        return [desk.plans.to_json(plan, brief) for plan in desk.plans.all()]

    @app.get("/api/v1/plans/{plan}", tags=["plans"])
    def show_plan(plan: str, brief: Brief = False) -> Json:
        """A plan with its transactions, and what it waits for."""
        return desk.plans.to_json(desk.plans.get(plan), brief)

    @app.get("/api/v1/invitations/{address}", tags=["invitations"])
    def invited(address: AddressPath) -> list[Json]:
        """Where an invitation may be redeemed, and what its redemption signs; newest first."""
        return organizing.invited(from_hex(address, "address"))

    @app.post("/api/v1/invitations/redemption", tags=["invitations"])
    def redeem(wanted: Redeeming) -> Json:
        """Bind an invitation to a key, until the census is fixed.

        `statement` is this gateway's signature of `Redeemed`: the key must be in the census.
        """
        redemption = Redemption(
            from_hex(wanted.by_invitation, "by_invitation"),
            from_hex(wanted.by_signing_key, "by_signing_key"),
        )
        return organizing.redeem(
            desk.plans.get(wanted.plan),
            from_hex(wanted.invitation, "invitation"),
            from_hex(wanted.signing_key, "signing_key"),
            redemption,
        )

    @app.get("/api/v1/polls", tags=["polls"])
    def polls() -> list[Json]:
        """All polls of the registry."""
        return views.polls()

    @app.get("/api/v1/polls/{poll_id}", tags=["polls"])
    def show_poll(poll_id: PollNumber) -> Json:
        """A poll with its state, rule, committee and poll keys."""
        return views.poll(poll_id)

    @app.get("/api/v1/polls/{poll_id}/results", tags=["polls"])
    def results(poll_id: PollNumber) -> Json:
        """Votes, winners and payouts, once the chain has the tally."""
        return views.results(poll_id)

    @app.get(
        "/api/v1/polls/{poll_id}/results.csv",
        tags=["polls"],
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}}},
    )
    def results_as_csv(poll_id: PollNumber) -> Response:
        """The same results as CSV, a line for each slot."""
        return Response(results_csv(views.results(poll_id)), media_type="text/csv")

    @app.get(
        "/api/v1/polls/{poll_id}/results.pb",
        tags=["polls"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    def results_as_pb(poll_id: PollNumber) -> Response:
        """The same results as a Pabulib file with no votes, of polls that spend a budget."""
        found = views.results(poll_id)
        try:
            return Response(results_pb(found), media_type="text/plain")
        except FileError as error:
            raise Problem(ProblemType.FORMAT_UNAVAILABLE, str(error), "poll") from error

    @app.get("/api/v1/polls/{poll_id}/census", tags=["polls"])
    def census(poll_id: PollNumber) -> Response:
        """Who may vote, as canonical bytes; checked against the poll's census root."""
        desk.poll(poll_id)
        plan = desk.plans.of_poll(poll_id)
        if plan is None or plan.census is None:
            raise Problem(ProblemType.NOT_FOUND, "this gateway does not know the census", "poll")
        return Response(plan.census, media_type=_BINARY)

    @app.get("/api/v1/polls/{poll_id}/voters/{address}", tags=["polls"])
    def voters(poll_id: PollNumber, address: AddressPath) -> list[Json]:
        """Entries of the census whose account, or whose signing key, is an address."""
        return views.voters(poll_id, from_hex(address, "address"))

    @app.get("/api/v1/polls/{poll_id}/board", tags=["polls"])
    async def board(poll_id: PollNumber) -> StreamingResponse:
        """The bulletin board, from one of the nodes, for `ostraka-verify audit`."""
        poll, _ = await asyncio.to_thread(desk.served, poll_id)
        return StreamingResponse(await ballots.board(poll), media_type=_BINARY)

    @app.post("/api/v1/polls/{poll_id}/ballots", tags=["ballots"])
    async def cast(poll_id: PollNumber, body: Body) -> Json:
        """Send a prepared ballot to all nodes: `{"ballot", "boxes", "signature"}` as 0x-hex."""
        poll, _ = await asyncio.to_thread(desk.served, poll_id)
        return await ballots.cast(poll, CastRecord.from_json(body))

    @app.post("/api/v1/polls/{poll_id}/ballots:batch", tags=["ballots"])
    async def cast_batch(poll_id: PollNumber, body: Body) -> list[Json]:
        """Send several prepared ballots, as binary records end to end."""
        poll, _ = await asyncio.to_thread(desk.served, poll_id)
        records = decode_records(body, poll.layout.size, poll.nodes, poll.box_bytes)
        return await ballots.cast_batch(poll, records)

    @app.get("/api/v1/polls/{poll_id}/receipts/{digest}", tags=["ballots"])
    async def receipts(poll_id: PollNumber, digest: DigestPath) -> Json:
        """Receipts that the nodes give for a ballot."""
        poll, _ = await asyncio.to_thread(desk.served, poll_id)
        return await ballots.receipts(poll, from_hex(digest, "digest"))

    @app.get("/api/v1/polls/{poll_id}/progress", tags=["polls"])
    async def counts(poll_id: PollNumber) -> Json:
        """How many are eligible and how many voted; counts only."""
        return await progress.of(poll_id)

    @app.get(
        "/api/v1/polls/{poll_id}/events",
        tags=["polls"],
        response_class=EventSourceResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(
        poll_id: PollNumber,
        request: Request,
        once: Annotated[bool, Query(description="End after the first event.")] = False,
    ) -> EventSourceResponse:
        """Progress as server-sent events, whenever it changes; counts only."""
        await progress.of(poll_id)
        return progress.watch(poll_id, request.is_disconnected, once)

    def connected() -> list[str]:
        """What the client talks to; without the chain, what is known by then."""
        try:
            nodes = desk.node_urls()
        except ChainError as error:
            log.warning("chain out of reach", problem=str(error))
            nodes = []
        return [*nodes, public_rpc_url]

    if bundle is not None:
        pages.install(app, bundle, connected)
    return app
