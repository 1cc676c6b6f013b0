"""Comments on proposals and endorsements of them, signed by members; moderation with a log."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field

from ostraka.gateway.answers import talk as answers
from ostraka.gateway.context import MAX_ID
from ostraka.gateway.dependencies import (
    Gateway,
    MayModerate,
    ProposalId,
    RoundNumber,
)
from ostraka.gateway.problem_groups import PROPOSAL, ROUND, TALKING
from ostraka.planning.fields import Address, Strict
from ostraka.wire.addresses import canonical_address
from ostraka.wire.answers import UnixSeconds
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex
from ostraka.wire.strict_requests import StrictRoute
from ostraka.wire.talk import MAX_TEXT_BYTES, EndorsementStatement, text_problem

router = APIRouter(tags=["talk"], route_class=StrictRoute)

Signature = Annotated[str, Field(pattern="^0x[0-9a-f]{130}$")]
CommentId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Id of the comment.")]
Member = Annotated[
    str, AfterValidator(canonical_address), Path(description="Account of the member.")
]
After = Annotated[int, Query(ge=0, le=MAX_ID, description="`next` of the part before.")]
Before = Annotated[int | None, Query(ge=1, le=MAX_ID, description="`next` of the part before.")]
AfterMember = Annotated[
    str | None, Query(pattern="^0x[0-9a-f]{40}$", description="`next` of the part before.")
]
OnlyMember = Annotated[
    str | None,
    Query(pattern="^0x[0-9a-f]{40}$", description="Only the endorsement of this account."),
]


class SignedComment(Strict):
    """A comment with the signature of the EIP-712 type `Comment` (docs/protocol.md §17.8)."""

    author: Address
    text: Annotated[str, Field(max_length=MAX_TEXT_BYTES, examples=["Please add a ramp."])]
    """At most 2,000 bytes of UTF-8, without control characters except line breaks."""
    written_at: Annotated[UnixSeconds, Field(strict=True)]
    """The chain's time, at most 10 minutes away."""
    signature: Signature


class SignedEndorsement(Strict):
    """An endorsement with the signature of the EIP-712 type `Endorsement`."""

    endorses: bool
    """False takes an earlier endorsement back."""
    stated_at: Annotated[UnixSeconds, Field(strict=True)]
    """The chain's time, at most 10 minutes away, and later than the statement before."""
    signature: Signature


def _reason(value: str) -> str:
    problem = text_problem(value)
    if problem:
        raise ValueError(problem)
    return value


class Decision(Strict):
    """A decision of moderation."""

    hidden: bool
    """False shows the comment again."""
    reason: Annotated[str, Field(max_length=500), AfterValidator(_reason)]
    """Public, in the log."""


@router.get("/rounds/{round_id}/talk", responses=problems(ROUND))
def talk_of_round(gateway: Gateway, round_id: RoundNumber) -> list[answers.ProposalTalk]:
    """Numbers of comments and endorsements of a round's proposals."""
    return gateway.talk.counts(round_id)


@router.get("/proposals/{proposal}/comments", responses=problems(PROPOSAL))
def comments(gateway: Gateway, proposal: ProposalId, after: After = 0) -> answers.Comments:
    """Comments on a proposal, oldest first; of hidden ones only who hid them, when and why."""
    return gateway.talk.comments(from_hex(proposal, "proposal"), after)


@router.post(
    "/proposals/{proposal}/comments",
    status_code=201,
    responses=problems(PROPOSAL, TALKING, ProblemType.TOO_MANY_COMMENTS),
)
def comment(gateway: Gateway, proposal: ProposalId, wanted: SignedComment) -> answers.Comment:
    """Add a member's signed comment while proposals are open."""
    return gateway.talk.comment(
        from_hex(proposal, "proposal"),
        from_hex(wanted.author, "author"),
        wanted.text,
        wanted.written_at,
        from_hex(wanted.signature, "signature"),
    )


@router.get("/proposals/{proposal}/endorsements", responses=problems(PROPOSAL))
def endorsements(
    gateway: Gateway, proposal: ProposalId, after: AfterMember = None, member: OnlyMember = None
) -> answers.Endorsements:
    """Endorsements of a proposal that were not taken back."""
    start = b"" if after is None else from_hex(after, "after")
    only = None if member is None else from_hex(member, "member")
    return gateway.talk.endorsements(from_hex(proposal, "proposal"), start, only)


@router.put("/proposals/{proposal}/endorsements/{member}", responses=problems(PROPOSAL, TALKING))
def endorse(
    gateway: Gateway, proposal: ProposalId, member: Member, wanted: SignedEndorsement
) -> answers.Endorsement:
    """Store a member's signed endorsement, or that they take it back, while proposals are open."""
    statement = EndorsementStatement(
        from_hex(proposal, "proposal"),
        from_hex(member, "member"),
        wanted.endorses,
        wanted.stated_at,
    )
    return gateway.talk.endorse(statement, from_hex(wanted.signature, "signature"))


@router.get("/rounds/{round_id}/moderation", responses=problems(ROUND))
def moderation(gateway: Gateway, round_id: RoundNumber, after: After = 0) -> answers.ModerationLog:
    """The public log of moderation: which comments were hidden or shown again, by whom and why."""
    return gateway.talk.log(round_id, after)


@router.get(
    "/rounds/{round_id}/comments",
    responses=problems(ROUND, ProblemType.NOT_ORGANIZER, ProblemType.ROLE_REQUIRED),
)
def comments_to_moderate(
    gateway: Gateway, _: MayModerate, round_id: RoundNumber, before: Before = None
) -> answers.CommentsToModerate:
    """Comments of a round for its moderators, newest first, with the texts of hidden ones."""
    return gateway.talk.to_moderate(round_id, before)


@router.post(
    "/comments/{comment}/moderation",
    status_code=201,
    responses=problems(
        ProblemType.NOT_ORGANIZER,
        ProblemType.ROLE_REQUIRED,
        ProblemType.NO_SUCH_COMMENT,
        ProblemType.INVALID_REQUEST,
        ProblemType.MALFORMED,
        ProblemType.CHAIN_UNREACHABLE,
    ),
)
def moderate(
    gateway: Gateway, access: MayModerate, comment: CommentId, wanted: Decision
) -> answers.ModerationEntry:
    """Hide a comment, or show it again; the public log gets an entry with the reason."""
    with access.recorded("comment.hide" if wanted.hidden else "comment.show", comment):
        return gateway.talk.moderate(
            from_hex(comment, "comment"),
            hidden=wanted.hidden,
            reason=wanted.reason,
            moderator=access.actor.name,
        )
