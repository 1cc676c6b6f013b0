"""Policy of a node's operator: which committees it joins and which polls it serves.

A node checks it before it signs anything for them.

Source: docs/protocol.md §2, §3.4, §6.4.
"""

from dataclasses import dataclass

from ostraka.node.electorate import ElectorateReader, electorate_objection
from ostraka_verifier.census import MINIMUM_CLASS, Census
from ostraka_verifier.errors import Rejected
from ostraka_verifier.parameters import Committee
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.wording import counted

CHECKPOINT_S = 60


@dataclass(frozen=True)
class Policy:
    """An operator's policy.

    A committee is joined if the operator named it, or if its threshold is high enough and all its
    other nodes are named as fellows. Without such settings a node joins none.

    Attributes:
        creators: Accounts whose polls are served; empty means anyone's.
        minimum_ballots: Lowest allowed `minimumBallots` of a poll.
        committees: Digests of committees.
        fellows: Addresses of nodes with which this node joins committees.
        minimum_threshold: Lowest allowed `t` of a committee of fellows.
        checkpoint_s: Chain time between two checkpoints (§9.6).
    """

    creators: frozenset[bytes] = frozenset()
    minimum_ballots: int = 5
    committees: frozenset[bytes] = frozenset()
    fellows: frozenset[bytes] = frozenset()
    minimum_threshold: int = 2
    checkpoint_s: int = CHECKPOINT_S

    def committee_objection(self, committee: Committee, node: bytes, url: str) -> str | None:
        """Return in words why a committee is not joined; None if it is.

        Args:
            node: This node's address.
            url: This node's URL.
        """
        index = committee.index_of(node)
        if index is None:
            return "this node is not in the committee"
        if committee.members[index - 1].url != url:
            return f"this node serves at {url}"
        if committee.digest in self.committees:
            return None
        if committee.threshold < self.minimum_threshold:
            return (
                f"threshold {committee.threshold} is below this node's minimum of "
                f"{self.minimum_threshold}"
            )
        for member in committee.members:
            if member.address != node and member.address not in self.fellows:
                return (
                    f"this node's operator does not allow a committee with 0x{member.address.hex()}"
                )
        return None

    def objection_to(self, poll: PublishedPoll, creator: bytes) -> str | None:
        """Return in words why a poll is not served with any census; None if it may be."""
        parameters = poll.parameters
        try:
            parameters.check_known()
            parameters.check_bounds()
            parameters.check_committee(poll.committee)
        except Rejected as rejected:
            return str(rejected)
        if self.creators and creator not in self.creators:
            return f"this node does not serve polls created by 0x{creator.hex()}"
        if parameters.secret and parameters.minimum_ballots < self.minimum_ballots:
            return (
                f"minimum of {counted(parameters.minimum_ballots, 'ballot', 'ballots')} is below "
                f"this node's minimum of {self.minimum_ballots}: such a small tally reveals votes"
            )
        return None

    def objection(
        self,
        poll: PublishedPoll,
        creator: bytes,
        census: Census,
        redemptions: bytes | None,
        chain: ElectorateReader,
    ) -> str | None:
        """Return in words why a poll is not served with a census; None if it is.

        Args:
            creator: Account that created the poll.
            redemptions: Section 12 of the board, for polls by invitation.

        Raises:
            ChainError: The chain is unreachable.
        """
        parameters = poll.parameters
        objection = self.objection_to(poll, creator)
        if objection is not None:
            return objection
        if (len(census), census.total_weight) != (parameters.voters, parameters.total_weight):
            return "the census has other totals than the poll"
        if census.root != parameters.census_root:
            return "the census has a different root than the poll"
        try:
            parameters.check_weights(census)
        except Rejected as rejected:
            return str(rejected)
        identifying = census.identifying_weights()
        if parameters.secret and identifying:
            weight, voters = identifying[0]
            return (
                f"weight {weight} is held by only {counted(voters, 'voter', 'voters')}, fewer than "
                f"{MINIMUM_CLASS}: the tally would reveal their votes; a poll with such weights "
                "must set secret = false"
            )
        return electorate_objection(poll, creator, census, redemptions, chain)
