"""Stored comments, endorsements and decisions of moderation.

Nothing here is linked with ballots: no table of a gateway holds ballots.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.storage.database import writing
from ostraka.storage.gateway_tables import Comment, Endorsement, Moderation, Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex

COMMENTS_PER_MEMBER = 50
"""Most comments of one member in one round."""


class TalkStore:
    """Comments, endorsements and moderation in one gateway's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_comment(self, comment: Comment) -> Comment:
        """Store a comment.

        Raises:
            Problem: It is already stored, or its author wrote too many in this round.
        """
        replayed = Problem(ProblemType.NONCE_USED, "this comment is already here", "signature")
        try:
            with writing(self._engine) as session:
                # This locks the round's plan: otherwise two requests could exceed the limit.
                plan = select(Plan.id).where(Plan.round_id == comment.round_id)
                session.exec(plan.with_for_update()).first()
                if session.exec(select(Comment.id).where(Comment.digest == comment.digest)).first():
                    raise replayed
                own = (Comment.round_id == comment.round_id, Comment.author == comment.author)
                written = session.exec(select(func.count()).select_from(Comment).where(*own)).one()
                if written >= COMMENTS_PER_MEMBER:
                    detail = f"a member can write {COMMENTS_PER_MEMBER} comments in a round"
                    raise Problem(ProblemType.TOO_MANY_COMMENTS, detail, "author")
                session.add(comment)
        except IntegrityError:
            raise replayed from None
        return comment

    def put_endorsement(self, stated: Endorsement) -> None:
        """Store a member's statement in place of their earlier one.

        Raises:
            Problem: A statement of the same time or a later one is stored.
        """
        replayed = Problem(
            ProblemType.NONCE_USED, "a statement of this time or later is already here", "stated_at"
        )
        key = stated.proposal, stated.member
        try:
            with writing(self._engine) as session:
                known = session.get(Endorsement, key, with_for_update=True)
                if known is not None and known.stated_at >= stated.stated_at:
                    raise replayed
                session.merge(stated)
        except IntegrityError:
            raise replayed from None

    def comments(self, proposal: bytes, after: int, count: int) -> list[Comment]:
        """Return at most `count` comments on a proposal, oldest first.

        Args:
            after: Number of the last comment before them; 0 for the first ones.
        """
        with Session(self._engine) as session:
            query = select(Comment).where(Comment.proposal == proposal, col(Comment.id) > after)
            return list(session.exec(query.order_by(col(Comment.id)).limit(count)))

    def newest_comments(self, round_id: int, before: int | None, count: int) -> list[Comment]:
        """Return at most `count` comments of a round, newest first."""
        with Session(self._engine) as session:
            query = select(Comment).where(Comment.round_id == round_id)
            if before is not None:
                query = query.where(col(Comment.id) < before)
            return list(session.exec(query.order_by(col(Comment.id).desc()).limit(count)))

    def newest_of(self, proposal: bytes, count: int) -> list[Comment]:
        """Return at most `count` comments on a proposal that are not hidden, newest first."""
        with Session(self._engine) as session:
            query = select(Comment).where(Comment.proposal == proposal)
            found = list(session.exec(query.order_by(col(Comment.id).desc()).limit(count)))
        decisions = self.decisions(found)
        return [one for one in found if not _is_hidden(decisions.get(one.id or 0))]

    def comment(self, digest: bytes) -> Comment:
        """Return a comment; Problem if it does not exist."""
        with Session(self._engine) as session:
            found = session.exec(select(Comment).where(Comment.digest == digest)).first()
        if found is None:
            detail = f"this gateway has no comment {to_hex(digest)}"
            raise Problem(ProblemType.NO_SUCH_COMMENT, detail, "comment")
        return found

    def count_comments(self, proposal: bytes) -> int:
        """Return the number of comments on a proposal, hidden ones included."""
        with Session(self._engine) as session:
            query = select(func.count()).select_from(Comment).where(Comment.proposal == proposal)
            return session.exec(query).one()

    def endorsements(
        self, proposal: bytes, after: bytes, member: bytes | None, count: int
    ) -> list[Endorsement]:
        """Return at most `count` endorsements of a proposal, by account.

        Args:
            after: Account of the last member before them; empty for the first ones.
            member: Only this account's; None for all.
        """
        with Session(self._engine) as session:
            query = select(Endorsement).where(
                Endorsement.proposal == proposal,
                col(Endorsement.endorses).is_(True),
                col(Endorsement.member) > after,
            )
            if member is not None:
                query = query.where(Endorsement.member == member)
            return list(session.exec(query.order_by(col(Endorsement.member)).limit(count)))

    def count_endorsements(self, proposal: bytes) -> int:
        """Return the number of members who endorse a proposal."""
        with Session(self._engine) as session:
            query = (
                select(func.count())
                .select_from(Endorsement)
                .where(Endorsement.proposal == proposal, col(Endorsement.endorses).is_(True))
            )
            return session.exec(query).one()

    def counts(self, round_id: int) -> Mapping[bytes, tuple[int, int]]:
        """Return the numbers of comments and endorsements of a round's proposals with any."""
        with Session(self._engine) as session:
            written = session.exec(
                select(Comment.proposal, func.count())
                .where(Comment.round_id == round_id)
                .group_by(col(Comment.proposal))
            ).all()
            endorsed = session.exec(
                select(Endorsement.proposal, func.count())
                .where(Endorsement.round_id == round_id, col(Endorsement.endorses).is_(True))
                .group_by(col(Endorsement.proposal))
            ).all()
        comments, endorsements = dict(written), dict(endorsed)
        return {
            proposal: (comments.get(proposal, 0), endorsements.get(proposal, 0))
            for proposal in sorted(comments | endorsements)
        }

    def decide(self, decision: Moderation) -> None:
        """Add a decision to the log."""
        with writing(self._engine) as session:
            session.add(decision)

    def decisions(self, comments: Sequence[Comment]) -> Mapping[int, Moderation]:
        """Return the latest decision about each of these comments, by the comment's number."""
        numbers = [one.id for one in comments]
        with Session(self._engine) as session:
            query = select(Moderation).where(col(Moderation.comment_id).in_(numbers))
            found = session.exec(query.order_by(col(Moderation.id)))
            return {decision.comment_id: decision for decision in found}

    def log(self, round_id: int, after: int, count: int) -> list[tuple[Moderation, Comment]]:
        """Return at most `count` decisions in a round with their comments, oldest first."""
        with Session(self._engine) as session:
            query = select(Moderation, Comment).where(
                Moderation.comment_id == Comment.id,
                Moderation.round_id == round_id,
                col(Moderation.id) > after,
            )
            return list(session.exec(query.order_by(col(Moderation.id)).limit(count)))


def _is_hidden(decision: Moderation | None) -> bool:
    return decision is not None and decision.hidden
