"""The census of a Governor's proposal, and what to do about those that others posted.

Source: docs/protocol.md §18.9, §18.10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ostraka.chain.contract import Sender
from ostraka.chain.governor import (
    CensusDisputes,
    Governor,
    PlacedEntry,
    PostedCensus,
    PostState,
    VoteSource,
    WeightRule,
)
from ostraka.planning.census_search import (
    AskFor,
    Finding,
    MissingAccount,
    WrongEntry,
    WrongOrder,
    search,
)
from ostraka.planning.electorates import block_at
from ostraka_verifier.census import Census
from ostraka_verifier.rpc import JsonRpc
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.weight_classes import EQUAL

_SECONDS = "mode=timestamp"


def right_census(rpc_url: str, governor: Governor, source: VoteSource) -> Census:
    """Return the census that the chain determines.

    Raises:
        Undecided: The endpoint does not answer, or the snapshot is not in its past.
        Rejected: Nobody has a weight; or weights are equal, and there are fewer than 5 voters.
    """
    rpc = JsonRpc(rpc_url)
    newest = rpc.newest_block()
    block = source.timepoint
    if governor.read("CLOCK_MODE") == _SECONDS:
        block = block_at(rpc, newest, UnixSeconds(source.timepoint))
    classes = EQUAL if source.weights is WeightRule.EQUAL else None
    votes = CensusSource(SourceKind.VOTES, source.token, block, source.unit, classes=classes)
    return read_census(rpc, votes, newest)


@dataclass(frozen=True)
class Guard:
    """Defends the right census of a source and disputes all others, in one pass.

    Attributes:
        at_once: Most places of one census to ask for at a time.
    """

    disputes: CensusDisputes
    sender: Sender
    right: Census
    at_once: int

    def look(self, source: VoteSource) -> Iterator[str]:
        """Do what can be done about every census of a source now; yields what was done or seen.

        Repeated calls do nothing twice.

        Raises:
            ChainError: The chain is unreachable, or refuses a step. Later calls go on from there.
        """
        for posted in self.disputes.posts(source):
            view = self.disputes.view(posted)
            if view.state is not PostState.STANDING:
                continue
            is_right = posted.tree == self.right.tree
            if view.is_final:
                yield f"census {posted.id}: {'right' if is_right else 'FALSE'} and final"
            elif is_right:
                yield from self._defend(posted)
            else:
                yield self._attack(posted)

    def _defend(self, posted: PostedCensus) -> Iterator[str]:
        now = self.disputes.head().timestamp
        for challenge in self.disputes.open_challenges(posted):
            if now > challenge.deadline:
                yield f"census {posted.id}: place {challenge.index} was not shown in time"
                continue
            entry = self.right.entries[challenge.index]
            _, siblings = self.right.proof(entry.account)
            place = PlacedEntry(challenge.index, entry, siblings)
            self.disputes.answer(self.sender, posted, place)
            yield f"census {posted.id}: right; showed place {challenge.index}"
        yield f"census {posted.id}: right"

    def _attack(self, posted: PostedCensus) -> str:
        waiting = self.disputes.open_challenges(posted)
        now = self.disputes.head().timestamp
        for challenge in waiting:
            if now > challenge.deadline:
                self.disputes.expire(self.sender, posted, challenge.index)
                return f"census {posted.id}: false; fell, as nobody showed place {challenge.index}"
        shown = self.disputes.shown(posted)
        finding = search(self.right, posted.tree.count, shown, self.at_once)
        if isinstance(finding, AskFor) and waiting:
            return f"census {posted.id}: false; waiting for {len(waiting)} places"
        return f"census {posted.id}: false; {self._use(posted, finding)}"

    def _use(self, posted: PostedCensus, finding: Finding) -> str:
        match finding:
            case AskFor(places):
                for index in places:
                    self.disputes.challenge(self.sender, posted, index)
                return "asked for places " + ", ".join(map(str, places))
            case WrongEntry(place):
                self.disputes.prove_entry(self.sender, posted, place)
                return f"showed that entry {place.index} is wrong"
            case MissingAccount(account, around):
                self.disputes.prove_missing(self.sender, posted, account, around)
                return f"showed that 0x{account.hex()} is missing"
            case WrongOrder(pair):
                self.disputes.prove_order(self.sender, posted, pair)
                return f"showed that entries {pair[0].index} and {pair[1].index} are out of order"
