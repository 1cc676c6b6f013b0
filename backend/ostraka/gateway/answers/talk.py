"""Comments and endorsements in the API."""

from pydantic import Field

from ostraka.wire.answers import Address, Answer, Count, Hash, Number, Signature, UnixSeconds


class ModerationEntry(Answer):
    """An entry of the log of moderation."""

    comment: Hash = Field(description="Id of the comment.")
    proposal: Hash = Field(description="Id of the proposal that it is about.")
    hidden: bool = Field(description="Whether it was hidden; otherwise it was shown again.")
    reason: str
    moderator: str = Field(description="Who decided.")
    decided_at: UnixSeconds = Field(description="Unix time in seconds, by the chain.")


class Comment(Answer):
    """A signed comment. Anybody can check its signature, even while its text is hidden.

    The signing key is a member's: `GET /rounds/{round_id}/members/{account}` proves it.
    """

    comment: Hash = Field(description="Its id: the EIP-712 digest that was signed.")
    proposal: Hash
    author: Address = Field(description="The member's account.")
    signing_key: Address = Field(description="Address of the key that signed.")
    text: str | None = Field(description="Null while it is hidden.")
    text_hash: Hash = Field(description="keccak-256 of the text, which the digest contains.")
    written_at: UnixSeconds = Field(description="Unix time in seconds that the author signed.")
    signature: Signature = Field(description="Of the EIP-712 type `Comment` (§15).")
    hidden: ModerationEntry | None = Field(
        description="Why it is hidden; null if it is not hidden."
    )


class Comments(Answer):
    """Comments on a proposal, oldest first, in parts."""

    round: Number
    open: bool = Field(description="Whether members can comment and endorse now.")
    closes_at: UnixSeconds = Field(description="When comments close, with the proposals.")
    total: Count = Field(description="Number of comments, hidden ones included.")
    comments: list[Comment]
    next: Count | None = Field(description="`after` of the next part; null after the last one.")


class Endorsement(Answer):
    """A member's signed endorsement of a proposal."""

    member: Address
    signing_key: Address = Field(description="Address of the key that signed.")
    endorses: bool
    stated_at: UnixSeconds = Field(description="Unix time in seconds that the member signed.")
    signature: Signature = Field(description="Of the EIP-712 type `Endorsement` (§15).")


class Endorsements(Answer):
    """Endorsements of a proposal that were not taken back, ordered by account, in parts."""

    total: Count
    endorsements: list[Endorsement]
    next: Address | None = Field(description="`after` of the next part; null after the last one.")


class ProposalTalk(Answer):
    """Numbers of comments and endorsements of a proposal; proposals without any are left out."""

    proposal: Hash
    comments: Count = Field(description="Hidden ones included.")
    endorsements: Count


class ModerationLog(Answer):
    """Decisions of moderation in a round, oldest first, in parts."""

    entries: list[ModerationEntry]
    next: Count | None = Field(description="`after` of the next part; null after the last one.")


class CommentsToModerate(Answer):
    """Comments of a round with their texts, hidden ones too, newest first, in parts."""

    comments: list[Comment]
    next: Count | None = Field(description="`before` of the next part; null after the last one.")
