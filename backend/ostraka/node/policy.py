"""Which polls a node agrees to serve; checked by the node itself before it announces a key.

Source: docs/protocol.md §2, §6.4.
"""

from dataclasses import dataclass

from ostraka.chain.published import PublishedPoll
from ostraka_verifier.census import MINIMUM_CLASS, Census


@dataclass(frozen=True)
class Policy:
    """An operator's policy.

    Attributes:
        creators: Accounts whose polls are served; empty means anyone's.
        minimum_ballots: Least `minimumBallots` that a poll may set.
    """

    creators: frozenset[bytes] = frozenset()
    minimum_ballots: int = 5

    def objection_to(self, poll: PublishedPoll, creator: bytes) -> str | None:
        """Why a poll is not served whatever its census is, in words; None when it may be."""
        parameters = poll.parameters
        if self.creators and creator not in self.creators:
            return f"this node does not serve polls created by 0x{creator.hex()}"
        if parameters.secret and parameters.minimum_ballots < self.minimum_ballots:
            return (
                f"minimum of {parameters.minimum_ballots} ballots is below this node's floor of "
                f"{self.minimum_ballots}: so small a tally gives votes away"
            )
        return None

    def objection(self, poll: PublishedPoll, creator: bytes, census: Census) -> str | None:
        """Why a poll is not served with a census, in words; None when it is."""
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
        return None
