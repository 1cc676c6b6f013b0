"""Talk about proposals: members comment and endorse while proposals are open.

Every statement is signed by a member's signing key, as proposals are. It closes with the proposals,
so always before voting opens. A moderator can hide a comment; then its entry stays with the reason.

Source: docs/protocol.md §17.8.
"""

from ostraka.chain.treasury import RoundStatus
from ostraka.gateway.answers import talk as answers
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.read_models.proposals import ProposalReader
from ostraka.gateway.relayed_proposals import RelayedProposals
from ostraka.gateway.talk_store import TalkStore
from ostraka.storage.gateway_tables import Comment, Endorsement, Moderation
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka.wire.talk import MAX_SKEW_S, CommentStatement, EndorsementStatement, text_problem
from ostraka.wire.wording import utc_time
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

PART = 100
"""Most entries of one answer."""


class Talk:
    """Comments and endorsements of one gateway's rounds."""

    def __init__(
        self, gateway: GatewayContext, relayed: RelayedProposals, reader: ProposalReader
    ) -> None:
        self._gateway = gateway
        self._relayed = relayed
        self._reader = reader
        self._store = TalkStore(gateway.plans.engine)

    def comments(self, proposal: bytes, after: int) -> answers.Comments:
        """Return a part of the comments on a proposal; Problem if the proposal does not exist."""
        round_id, found = self._reader.one(proposal)
        state = self._gateway.round(round_id)
        part = self._store.comments(proposal, after, PART)
        return answers.Comments(
            round=str(round_id),
            open=state.status is RoundStatus.PROPOSING and not found.withdrawn,
            closes_at=state.parameters.proposals_close_at,
            total=self._store.count_comments(proposal),
            comments=self._shown(part, hide=True),
            next=part[-1].id if len(part) == PART else None,
        )

    def endorsements(
        self, proposal: bytes, after: bytes, member: bytes | None
    ) -> answers.Endorsements:
        """Return a part of the endorsements of a proposal; Problem if it does not exist.

        Args:
            member: Only this account's; None for all.
        """
        self._reader.one(proposal)
        part = self._store.endorsements(proposal, after, member, PART)
        shown = [_endorsement(one) for one in part]
        return answers.Endorsements(
            total=self._store.count_endorsements(proposal),
            endorsements=shown,
            next=shown[-1].member if len(part) == PART else None,
        )

    def counts(self, round_id: int) -> list[answers.ProposalTalk]:
        """Return the numbers for each proposal of a round that has any."""
        self._gateway.round(round_id)
        return [
            answers.ProposalTalk(
                proposal=to_hex(proposal), comments=comments, endorsements=endorsements
            )
            for proposal, (comments, endorsements) in self._store.counts(round_id).items()
        ]

    def comment(
        self, proposal: bytes, author: bytes, text: str, written_at: UnixSeconds, signature: bytes
    ) -> answers.Comment:
        """Store a member's signed comment.

        Raises:
            Problem: Talk is closed, the text or time is not allowed, the author is no member of
                the round, the signature is not theirs, or it was used before.
        """
        problem = text_problem(text)
        if problem:
            raise Problem(ProblemType.INVALID_REQUEST, problem, "text")
        statement = CommentStatement.of(proposal, author, text, written_at)
        digest = statement.digest(self._gateway.treasury.domain)
        round_id = self._open_round(proposal)
        self._require_recent(written_at, "written_at")
        signing_key = self._signing_key(round_id, author, digest, signature, "author")
        comment = Comment(
            digest=digest,
            round_id=round_id,
            proposal=proposal,
            author=author,
            signing_key=signing_key,
            text=text,
            written_at=written_at,
            signature=signature,
        )
        return self._shown([self._store.add_comment(comment)], hide=True)[0]

    def endorse(self, statement: EndorsementStatement, signature: bytes) -> answers.Endorsement:
        """Store a member's signed endorsement, or that they take it back; errors as `comment`."""
        digest = statement.digest(self._gateway.treasury.domain)
        round_id = self._open_round(statement.proposal)
        self._require_recent(statement.stated_at, "stated_at")
        stated = Endorsement(
            proposal=statement.proposal,
            member=statement.member,
            round_id=round_id,
            signing_key=self._signing_key(round_id, statement.member, digest, signature, "member"),
            endorses=statement.endorses,
            stated_at=statement.stated_at,
            signature=signature,
        )
        shown = _endorsement(stated)
        self._store.put_endorsement(stated)
        return shown

    def moderate(
        self, digest: bytes, *, hidden: bool, reason: str, moderator: str
    ) -> answers.ModerationEntry:
        """Hide a comment or show it again, and log it.

        Raises:
            Problem: The comment does not exist, or is already in that state.
        """
        comment = self._store.comment(digest)
        known = self._store.decisions([comment]).get(comment.id or 0)
        if hidden == (known is not None and known.hidden):
            detail = "it is already hidden" if hidden else "it is not hidden"
            raise Problem(ProblemType.INVALID_REQUEST, detail, "hidden")
        decision = Moderation(
            comment_id=comment.id or 0,
            round_id=comment.round_id,
            hidden=hidden,
            reason=reason,
            moderator=moderator,
            decided_at=self._gateway.registry.head().timestamp,
        )
        shown = _entry(decision, comment)
        self._store.decide(decision)
        return shown

    def log(self, round_id: int, after: int) -> answers.ModerationLog:
        """Return a part of the log of moderation in a round."""
        self._gateway.round(round_id)
        part = self._store.log(round_id, after, PART)
        return answers.ModerationLog(
            entries=[_entry(decision, comment) for decision, comment in part],
            next=part[-1][0].id if len(part) == PART else None,
        )

    def to_moderate(self, round_id: int, before: int | None) -> answers.CommentsToModerate:
        """Return a part of a round's comments for its moderators, with the hidden texts."""
        self._gateway.round(round_id)
        part = self._store.newest_comments(round_id, before, PART)
        return answers.CommentsToModerate(
            comments=self._shown(part, hide=False),
            next=part[-1].id if len(part) == PART else None,
        )

    def _open_round(self, proposal: bytes) -> int:
        """Return the round of a proposal that members can talk about now; Problem otherwise."""
        round_id, found = self._reader.one(proposal)
        state = self._gateway.round(round_id)
        if state.status is not RoundStatus.PROPOSING:
            closed = utc_time(state.parameters.proposals_close_at)
            detail = f"comments and endorsements closed with the proposals at {closed}"
            raise Problem(ProblemType.TALK_CLOSED, detail, "proposal")
        if found.withdrawn:
            raise Problem(ProblemType.TALK_CLOSED, "the proposal was withdrawn", "proposal")
        return round_id

    def _require_recent(self, stated: UnixSeconds, field: str) -> None:
        """Refuse an old statement, and one that could be used later: Problem."""
        now = self._gateway.registry.head().timestamp
        if abs(stated - now) > MAX_SKEW_S:
            detail = f"more than {MAX_SKEW_S} seconds from the chain's time, {now}"
            raise Problem(ProblemType.CHECK_FAILED, detail, field)

    def _signing_key(
        self, round_id: int, account: bytes, digest: bytes, signature: bytes, field: str
    ) -> bytes:
        """Return the key by which a member signed; Problem if they did not."""
        key = self._relayed.signing_key(round_id, account)
        if key is None:
            detail = f"{to_hex(account)} is not a member of this round"
            raise Problem(ProblemType.NOT_A_MEMBER, detail, field)
        if recover(digest, signature) != key:
            detail = "not of this statement by the member's signing key"
            raise Problem(ProblemType.CHECK_FAILED, detail, "signature")
        return key

    def _shown(self, comments: list[Comment], *, hide: bool) -> list[answers.Comment]:
        decisions = self._store.decisions(comments)
        shown = []
        for comment in comments:
            decision = decisions.get(comment.id or 0)
            hidden = decision if decision is not None and decision.hidden else None
            shown.append(
                answers.Comment(
                    comment=to_hex(comment.digest),
                    proposal=to_hex(comment.proposal),
                    author=to_hex(comment.author),
                    signing_key=to_hex(comment.signing_key),
                    text=None if hide and hidden else comment.text,
                    text_hash=to_hex(keccak256(comment.text.encode())),
                    written_at=comment.written_at,
                    signature=to_hex(comment.signature),
                    hidden=hidden and _entry(hidden, comment),
                )
            )
        return shown


def _endorsement(stated: Endorsement) -> answers.Endorsement:
    return answers.Endorsement(
        member=to_hex(stated.member),
        signing_key=to_hex(stated.signing_key),
        endorses=stated.endorses,
        stated_at=stated.stated_at,
        signature=to_hex(stated.signature),
    )


def _entry(decision: Moderation, comment: Comment) -> answers.ModerationEntry:
    return answers.ModerationEntry(
        comment=to_hex(comment.digest),
        proposal=to_hex(comment.proposal),
        hidden=decision.hidden,
        reason=decision.reason,
        moderator=decision.moderator,
        decided_at=decision.decided_at,
    )
