"""The census of a Governor's proposal, and what to do about those that others posted.

Source: docs/protocol.md §18.9, §18.10.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ostraka.chain.errors import ChainError, NotMinedYet, Refused
from ostraka.chain.governor import (
    CensusDisputes,
    Governor,
    PlacedEntry,
    PostedCensus,
    PostState,
    VoteSource,
    WeightRule,
)
from ostraka.chain.sending import Errand, Payer
from ostraka.planning.census_search import (
    AskFor,
    MissingAccount,
    WrongEntry,
    WrongOrder,
    WrongPadding,
    search,
)
from ostraka.planning.electorates import block_at
from ostraka_verifier.census import Census
from ostraka_verifier.rpc import JsonRpc
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from ostraka_verifier.units import UnixSeconds


def right_census(rpc_url: str, governor: Governor, source: VoteSource) -> Census:
    """Return the census that the chain determines, however few voters it has.

    Raises:
        Undecided: The endpoint does not answer, or the snapshot is not in its past.
        NobodyListed: Nobody has a weight.
    """
    rpc = JsonRpc(rpc_url)
    newest = rpc.newest_block()
    block = source.timepoint
    if governor.counts_seconds():
        block = block_at(rpc, newest, UnixSeconds(source.timepoint))
    votes = CensusSource(SourceKind.VOTES, source.token, block, source.unit)
    found = read_census(rpc, votes, newest)
    if source.weights is WeightRule.VOTES:
        return found
    # Not by classes, which refuse too few voters: a false census of them must be disputed, too.
    return Census(tuple(replace(entry, weight=1) for entry in found.entries))


class FalseAndFinal(ValueError):
    """A false census is final, so that it can start the poll: nobody can dispute it any more."""


@dataclass(frozen=True)
class Guard:
    """Defends the right census of a source and disputes all others, in one pass.

    Attributes:
        right: None if nobody has a weight, so that every census is false.
        at_once: Most places of one census to ask for at a time.
    """

    disputes: CensusDisputes
    payer: Payer
    right: Census | None
    at_once: int

    def look(self, source: VoteSource) -> Iterator[str]:
        """Do what can be done about every census of a source now; yields what was done or seen.

        Repeated calls do nothing twice. What fails at one census keeps nobody from the others.

        Raises:
            FalseAndFinal: At the end.
            ChainError: At the end: the first that a census met. Later calls go on from there.
        """
        failed: ChainError | None = None
        lost = []
        # Right ones first: a false one costs bonds, which may use up the coin for answers.
        for posted in sorted(self.disputes.posts(source), key=self._is_false):
            try:
                view = self.disputes.view(posted)
                if view.state is PostState.FALLEN:
                    continue
                if not view.is_final:
                    yield from self._look_at(posted)
                elif self._is_false(posted):
                    lost.append(f"census {posted.id}")
                    yield f"{lost[-1]}: FALSE and final"
                else:
                    yield f"census {posted.id}: right and final"
            except ChainError as error:
                failed = failed or error
                yield f"census {posted.id}: {error}"
        if lost:
            raise FalseAndFinal(f"false and final: {', '.join(lost)}") from failed
        if failed is not None:
            raise failed

    def _is_false(self, posted: PostedCensus) -> bool:
        return self.right is None or posted.tree != self.right.tree

    def _look_at(self, posted: PostedCensus) -> Iterator[str]:
        if self.right is not None and posted.tree == self.right.tree:
            yield from self._defend(posted, self.right)
        else:
            yield from self._attack(posted)

    def _errand(self, what: str, posted: PostedCensus, *, waits: bool = True) -> Errand:
        return self.disputes.errand(self.payer, f"{what} of census {posted.id}", waits=waits)

    def _defend(self, posted: PostedCensus, right: Census) -> Iterator[str]:
        now = self.disputes.head().timestamp
        places = []
        for challenge in self.disputes.open_challenges(posted):
            index = challenge.index
            if now > challenge.deadline:
                yield f"census {posted.id}: place {index} was not shown in time"
                continue
            entry = right.entries[index]
            _, siblings = right.proof(entry.account)
            places.append(PlacedEntry(index, entry, siblings))
        # All are sent before any of them is in a block: they have to be there within one response
        # time, however many were asked for at once.
        sent: list[PlacedEntry] = []
        for place in places:
            yield from self._show(posted, place, sent)
        for place in sent:
            yield from self._show(posted, place, None)
        yield f"census {posted.id}: right"

    def _show(
        self, posted: PostedCensus, place: PlacedEntry, sent: list[PlacedEntry] | None
    ) -> Iterator[str]:
        """Show a place; yields what became of it.

        Args:
            sent: Takes the place, without waiting for a block; None waits for the block of what was
                sent before.
        """
        errand = self._errand(f"show place {place.index}", posted, waits=sent is None)
        try:
            self.disputes.answer(errand, posted, place)
        except Refused as error:
            # Another may have shown it just now. The others wait for their answers.
            yield f"census {posted.id}: right; did not show place {place.index}: {error}"
            return
        except NotMinedYet:
            if sent is None:
                raise
            sent.append(place)
            return
        yield f"census {posted.id}: right; showed place {place.index}"

    def _attack(self, posted: PostedCensus) -> Iterator[str]:
        waiting = self.disputes.open_challenges(posted)
        now = self.disputes.head().timestamp
        for challenge in waiting:
            if now > challenge.deadline:
                errand = self._errand(f"expire place {challenge.index}", posted)
                self.disputes.expire(errand, posted, challenge.index)
                place = challenge.index
                yield f"census {posted.id}: false; rejected, because nobody showed place {place}"
                return
        shown = self.disputes.shown(posted)
        finding = search(self.right, posted.tree.count, shown, self.at_once)
        if isinstance(finding, AskFor):
            asked = {challenge.index for challenge in waiting}
            yield from self._ask(posted, [one for one in finding.places if one not in asked])
        else:
            yield f"census {posted.id}: false; {self._prove(posted, finding)}"

    def _ask(self, posted: PostedCensus, places: Sequence[int]) -> Iterator[str]:
        for index in places:
            try:
                self.disputes.challenge(
                    self._errand(f"ask for place {index}", posted), posted, index
                )
            except Refused as error:
                # Another may have asked for it just now.
                yield f"census {posted.id}: false; did not ask for place {index}: {error}"
            else:
                yield f"census {posted.id}: false; requested place {index}"
        if not places:
            yield f"census {posted.id}: false; waiting for the requested places"

    def _prove(
        self, posted: PostedCensus, fault: WrongEntry | MissingAccount | WrongOrder | WrongPadding
    ) -> str:
        errand = self._errand(f"show a fault ({type(fault).__name__})", posted)
        match fault:
            case WrongEntry(place):
                self.disputes.prove_entry(errand, posted, place)
                return f"showed that entry {place.index} is wrong"
            case MissingAccount(account, around):
                self.disputes.prove_missing(errand, posted, account, around)
                return f"showed that 0x{account.hex()} is missing"
            case WrongOrder(pair):
                self.disputes.prove_order(errand, posted, pair)
                return f"showed that entries {pair[0].index} and {pair[1].index} are out of order"
            case WrongPadding(height, index, node, siblings):
                self.disputes.prove_padding(errand, posted, height, index, node, siblings)
                return f"showed that node {index} of height {height} is not empty"
