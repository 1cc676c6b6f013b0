"""Which committees a node joins and which polls it serves; checked by the node itself before it
signs anything for them.

Source: docs/protocol.md §2, §3.4, §6.4.
"""

from dataclasses import dataclass

from ostraka.node.electorate import ElectorateReader, electorate_objection
from ostraka_verifier.census import MINIMUM_CLASS, Census
from ostraka_verifier.errors import Rejected
from ostraka_verifier.parameters import Committee
from ostraka_verifier.published import PublishedPoll


@dataclass(frozen=True)
class Policy:
    """An operator's policy.

    A committee is joined when the operator named it, or when its threshold is high enough and all
    its other nodes are named as fellows. Without either a node joins none.

    Attributes:
        creators: Accounts whose polls are served; empty means anyone's.
        minimum_ballots: Least `minimumBallots` that a poll may set.
        committees: Digests of committees.
        fellows: Addresses of nodes whose company is allowed.
        minimum_threshold: Least `t` of a committee of fellows.
    """

    creators: frozenset[bytes] = frozenset()
    minimum_ballots: int = 5
    committees: frozenset[bytes] = frozenset()
    fellows: frozenset[bytes] = frozenset()
    minimum_threshold: int = 2

    def committee_objection(self, committee: Committee, node: bytes, url: str) -> str | None:
        """Why a committee is not joined, in words; None when it is.

        Args:
            node: This node's address.
            url: Where it serves.
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
                f"threshold {committee.threshold} is below this node's least of "
                f"{self.minimum_threshold}"
            )
        for member in committee.members:
            if member.address != node and member.address not in self.fellows:
                return (
                    f"this node's operator does not allow a committee with 0x{member.address.hex()}"
                )
        return None

    def objection_to(self, poll: PublishedPoll, creator: bytes) -> str | None:
        """Why a poll is not served whatever its census is, in words; None when it may be."""
        parameters = poll.parameters
        try:
            parameters.check_known()
            parameters.check_bounds()
        except Rejected as rejected:
            return str(rejected)
        if self.creators and creator not in self.creators:
            return f"this node does not serve polls created by 0x{creator.hex()}"
        if parameters.secret and parameters.minimum_ballots < self.minimum_ballots:
            return (
                f"minimum of {parameters.minimum_ballots} ballots is below this node's floor of "
                f"{self.minimum_ballots}: so small a tally reveals votes"
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
        """Why a poll is not served with a census, in words; None when it is.

        Args:
            creator: Account that made the poll.
            redemptions: Section 12 of the board, of polls by invitation.

        Raises:
            ChainError: The chain cannot be reached.
        """
        parameters = poll.parameters
        objection = self.objection_to(poll, creator)
        if objection is not None:
            return objection
        if (len(census), census.total_weight) != (parameters.voters, parameters.total_weight):
            return "the census has other totals than the poll"
        if census.root != parameters.census_root:
            return "the census has another root than the poll"
        identifying = census.identifying_weights()
        if parameters.secret and identifying:
            weight, voters = identifying[0]
            return (
                f"weight {weight} is shared by {voters} voters only, fewer than {MINIMUM_CLASS}: "
                "the tally would give their votes away; a poll with such weights must say that "
                "it is not secret"
            )
        return electorate_objection(poll, creator, census, redemptions, chain)
