"""Proposals signed by members; the gateway sends them and pays the gas."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from ostraka.chain.treasury import Authorization, Item
from ostraka.gateway.answers import proposals as answers
from ostraka.gateway.answers.transactions import Transaction
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.context import MAX_ID
from ostraka.gateway.dependencies import Gateway, ProposalId, RoundNumber
from ostraka.gateway.problem_groups import PROPOSAL, RELAYING, ROUND, SENDING
from ostraka.planning.fields import Address, Amount, Count, Digest, Strict, Title
from ostraka.planning.proposal_details import ProposalDetails
from ostraka.wire.answers import UnixSeconds
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.strict_requests import StrictRoute
from ostraka_verifier.errors import Malformed

router = APIRouter(tags=["proposals"], route_class=StrictRoute)

Signature = Annotated[str, Field(pattern="^0x[0-9a-f]{130}$")]


class ProposalItem(Strict):
    """The content of a proposal."""

    recipient: Address
    amount: Amount
    title: Title
    text: Annotated[str, Field(max_length=16_384)] = ""
    category: Count = 0
    """Index of a category of the round; 0 if the round has none."""
    details: Digest = "0x" + 64 * "0"
    """keccak-256 of further details as canonical JSON; zero without details."""

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
    """A member's EIP-712 signature, with the values from `typed-data`."""

    member: Address
    nonce: Amount
    deadline: Annotated[UnixSeconds, Field(strict=True)]
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


class SignedProposal(Strict):
    """A signed proposal or a signed change of one."""

    item: ProposalItem
    details: ProposalDetails | None = None
    """The details whose hash the item has, for this gateway to store; the chain has the hash
    only."""
    authorization: SignedBy

    def check_details(self, attachments: Attachments) -> None:
        """Check that the details have the item's hash, and that their picture is here."""
        if self.details is not None:
            _require_hash(self.details, self.item.details)
            attachments.require_image(self.details)


class Described(Strict):
    """The details of a proposal that is on the chain already."""

    details: ProposalDetails


class Withdrawal(Strict):
    """A signed withdrawal."""

    authorization: SignedBy


class SigningRequest(Strict):
    """A request for a statement to sign."""

    kind: Literal["proposal", "revision", "withdrawal"]
    member: Address
    round: Annotated[int, Field(strict=True, ge=1, le=MAX_ID)] | None = None
    """Required for a proposal."""
    proposal: Digest | None = None
    """Required for a revision or withdrawal."""
    item: ProposalItem | None = None
    """Required for a proposal or revision."""


@router.post("/typed-data", responses=problems(ROUND, ProblemType.MALFORMED))
def to_sign(gateway: Gateway, wanted: SigningRequest) -> answers.ToSign:
    """The statement to propose, revise or withdraw, for `eth_signTypedData_v4`."""
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
    member = from_hex(wanted.member, "member")
    return gateway.relayed_proposals.to_sign(wanted.kind, member, subject, item)


@router.get("/rounds/{round_id}/proposals", responses=problems(ROUND))
def proposals(gateway: Gateway, round_id: RoundNumber) -> list[answers.Proposal]:
    """Proposals of a round in order of submission."""
    return gateway.proposal_reader.of_round(round_id)


@router.post("/rounds/{round_id}/proposals", status_code=201, responses=problems(RELAYING))
def propose(
    gateway: Gateway, round_id: RoundNumber, wanted: SignedProposal
) -> answers.SubmittedProposal:
    """Send a member's signed proposal; the gateway pays the gas."""
    signed, attachments = wanted.authorization.authorization, gateway.context.attachments
    wanted.check_details(attachments)
    proposal, sent = gateway.relayed_proposals.propose(round_id, wanted.item.item, signed)
    if wanted.details is not None:
        attachments.add_details(wanted.details)
    return answers.SubmittedProposal(proposal=to_hex(proposal), **gateway.shown(sent).model_dump())


@router.get("/proposals/{proposal}", responses=problems(PROPOSAL))
def show_proposal(gateway: Gateway, proposal: ProposalId) -> answers.ProposalOfRound:
    """A proposal with its round."""
    round_id, found = gateway.proposal_reader.one(from_hex(proposal, "proposal"))
    return answers.ProposalOfRound(round=str(round_id), **found.model_dump())


@router.put("/proposals/{proposal}", responses=problems(PROPOSAL, RELAYING))
def revise(gateway: Gateway, proposal: ProposalId, wanted: SignedProposal) -> Transaction:
    """Send a member's signed change of a proposal."""
    identity = from_hex(proposal, "proposal")
    round_id, _ = gateway.proposal_reader.one(identity)
    signed, attachments = wanted.authorization.authorization, gateway.context.attachments
    wanted.check_details(attachments)
    sent = gateway.relayed_proposals.revise(round_id, identity, wanted.item.item, signed)
    if wanted.details is not None:
        attachments.add_details(wanted.details)
    return gateway.shown(sent)


@router.put("/proposals/{proposal}/details", responses=problems(PROPOSAL, ProblemType.CHECK_FAILED))
def describe(gateway: Gateway, proposal: ProposalId, wanted: Described) -> answers.ProposalOfRound:
    """Give the details of a proposal that a member sent to the chain directly; anybody may."""
    identity = from_hex(proposal, "proposal")
    _, found = gateway.proposal_reader.one(identity)
    _require_hash(wanted.details, found.details)
    gateway.context.attachments.require_image(wanted.details)
    gateway.context.attachments.add_details(wanted.details)
    return show_proposal(gateway, proposal)


def _require_hash(details: ProposalDetails, digest: str) -> None:
    try:
        found = to_hex(details.digest())
    except Malformed as error:
        raise Problem(ProblemType.INVALID_REQUEST, error.reason, error.item) from error
    if found != digest:
        detail = f"keccak-256 of their canonical JSON is {found}, not {digest}"
        raise Problem(ProblemType.CHECK_FAILED, detail, "details")


@router.post("/proposals/{proposal}/withdrawal", responses=problems(PROPOSAL, RELAYING))
def withdraw(gateway: Gateway, proposal: ProposalId, wanted: Withdrawal) -> Transaction:
    """Send a member's signed withdrawal of a proposal."""
    identity = from_hex(proposal, "proposal")
    round_id, _ = gateway.proposal_reader.one(identity)
    signed = wanted.authorization.authorization
    return gateway.shown(gateway.relayed_proposals.withdraw(round_id, identity, signed))


@router.post(
    "/proposals/{proposal}/payout",
    responses=problems(PROPOSAL, SENDING, ProblemType.NOTHING_TO_PAY, ProblemType.QUOTA_EXCEEDED),
)
def claim(gateway: Gateway, proposal: ProposalId) -> Transaction:
    """Pay a funded proposal to its recipient; anybody may ask."""
    identity = from_hex(proposal, "proposal")
    round_id, found = gateway.proposal_reader.one(identity)
    relayed = gateway.relayed_proposals
    if not relayed.paying(identity) and (not found.funded or found.paid):
        # The gateway must not pay for transactions that are certain to fail.
        detail = "it is already paid" if found.paid else "it is not funded"
        raise Problem(ProblemType.NOTHING_TO_PAY, detail, "proposal")
    return gateway.shown(relayed.claim(round_id, identity))
