"""Compute the outcome of a poll's opened ballots, and sign it once.

Source: docs/protocol.md §18.11.
"""

from ostraka.node.served_poll import ServedPoll
from ostraka.storage.node_tables import SignedOutcome
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.board_opened import OpenedBallots, OpenedShape
from ostraka_verifier.content import Within
from ostraka_verifier.outcome import BallotOutcome, awards_hash
from ostraka_verifier.shuffle import ballots_hash


class OutcomeAttesting:
    """This node's word for the outcome of one poll."""

    def __init__(self, served: ServedPoll) -> None:
        self._served = served

    def known(self) -> SignedOutcome | None:
        """Return the outcome that this node signed; None if it has yet to compute it.

        Raises:
            Problem: The tally decides this poll, or this node has no opened ballots.
        """
        served = self._served
        if not isinstance(served.poll.outcome_rule, BallotOutcome):
            raise Problem(ProblemType.NOT_FOUND, "the tally decides this poll")
        earlier = served.store.shuffle.outcome(served.poll_id)
        if earlier is None and not served.store.shuffle.is_open(served.poll_id):
            raise Problem(ProblemType.NOT_FOUND, "this node has no opened ballots", "", 2)
        return earlier

    def signed(self, ballots: int) -> SignedOutcome:
        """Return the outcome with this node's signature, computed when first asked.

        A signature is on the disk before anybody gets it, so that no later program signs another.

        Args:
            ballots: Number of the anchored ballots.

        Raises:
            Problem: The tally decides this poll, or this node has no opened ballots.
        """
        earlier = self.known()
        if earlier is not None:
            return earlier
        served = self._served
        rule, section = served.poll.outcome_rule, served.store.shuffle.opened(served.poll_id)
        assert isinstance(rule, BallotOutcome)
        assert section is not None
        shape = OpenedShape.of(served.poll.rule, served.poll.committee.threshold, ballots)
        openings = OpenedBallots(Within.all_of(section), shape).openings(0, ballots)
        awards = rule.awards_of(one.values for one in openings)
        digest = ballots_hash(openings)
        signed = served.store.shuffle.sign_outcome(
            SignedOutcome(
                poll_id=served.poll_id,
                ballots_hash=digest,
                awards=bytes(awards),
                signature=served.sign(
                    typed_data.OUTCOME, served.poll.context, digest, awards_hash(awards)
                ),
            )
        )
        served.log.info("outcome signed", ballots=ballots, awarded=sum(awards))
        return signed
