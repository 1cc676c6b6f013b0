"""Governors whose proposals private polls decide, and the disputes about their censuses.

Source: contracts/interfaces/IGovernorOstraka.sol, contracts/interfaces/ICensusDisputes.sol;
docs/protocol.md §18.9, §18.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ostraka.chain.contract import DeployedContract, Sender, Sent, checksum, sent
from ostraka.chain.errors import ChainError
from ostraka.chain.sending import Errand, Payer
from ostraka_verifier.census import CensusEntry
from ostraka_verifier.census_tree import WEIGHT_BYTES, CensusRoot, siblings_of
from ostraka_verifier.units import UnixSeconds

_UNPAID = (1, 2)
"""States of a challenge whose bond nobody got yet: open, answered."""
_PAYING = ("CensusFell", "ChallengeClosed", "BondReleased")
"""Events with which somebody gets something."""
_MEASURED_BLOCKS = 1000
"""Newest blocks whose times say how long a block takes."""
_SECONDS_CLOCK = "mode=timestamp"


class ProposalState(IntEnum):
    """State of a proposal with the numbers of OpenZeppelin's Governor."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


class PostState(IntEnum):
    """State of a posted census with the contract's numbers."""

    NONE = 0
    STANDING = 1
    FALLEN = 2
    RELEASED = 3


class WeightRule(IntEnum):
    """How votes become weights, with the contract's numbers."""

    VOTES = 0
    EQUAL = 1


@dataclass(frozen=True)
class VoteSource:
    """What determines a census; the timepoint is by the token's clock (ERC-6372)."""

    token: bytes
    timepoint: int
    unit: int
    weights: WeightRule

    def abi(self) -> tuple[Any, ...]:
        """As the contracts take it."""
        return checksum(self.token), self.timepoint, self.unit, int(self.weights)


@dataclass(frozen=True)
class PostedCensus:
    """A census that somebody posted, by its number."""

    id: int
    source: VoteSource
    tree: CensusRoot

    def abi(self) -> tuple[Any, ...]:
        """As the contracts take it."""
        return self.id, self.source.abi(), _tree_abi(self.tree)


@dataclass(frozen=True)
class PostView:
    """State of a posted census."""

    state: PostState
    is_final: bool
    poster: bytes
    until: UnixSeconds


@dataclass(frozen=True)
class PlacedEntry:
    """An entry at its place in a census tree, from 0.

    Attributes:
        siblings: From the leaf upward, 48 bytes each: hash, and sum as u128.
    """

    index: int
    entry: CensusEntry
    siblings: bytes

    def abi(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        entry = self.entry
        accounts = checksum(entry.account), checksum(entry.signing_key)
        return (*accounts, entry.weight), self.index, siblings_of(self.siblings)


@dataclass(frozen=True)
class OpenChallenge:
    """A place of a census that somebody asked for, and that nobody has shown."""

    index: int
    deadline: UnixSeconds


@dataclass(frozen=True)
class Proposal:
    """A proposal as its Governor announced it; calls are what it executes."""

    id: int
    targets: tuple[str, ...]
    values: tuple[int, ...]
    calls: tuple[bytes, ...]
    description: str


class CensusDisputes(DeployedContract):
    """The disputes about censuses at one address of one chain."""

    name = "CensusDisputes"

    def posts(self, source: VoteSource) -> list[PostedCensus]:
        """Return every census that was posted of a source, oldest first."""
        wanted = {"token": checksum(source.token), "timepoint": source.timepoint}
        found = []
        for event in self.all_events("CensusPosted", wanted):
            given = event["args"]["source"]
            if (given["unit"], given["weights"]) == (source.unit, source.weights):
                tree = event["args"]["census"]
                root = CensusRoot(bytes(tree["rootHash"]), tree["totalWeight"], tree["count"])
                found.append(PostedCensus(event["args"]["id"], source, root))
        return found

    def view(self, posted: PostedCensus) -> PostView:
        """Return the state of a posted census."""
        state, is_final, poster, _, until, *_ = self.read("postOf", posted.id)
        return PostView(PostState(state), is_final, bytes.fromhex(poster[2:]), UnixSeconds(until))

    def open_challenges(self, posted: PostedCensus) -> list[OpenChallenge]:
        """Return the places that were asked for and not shown, oldest first."""
        shown = {one.index for one in self.shown(posted)}
        return [
            OpenChallenge(event["args"]["index"], UnixSeconds(event["args"]["deadline"]))
            for event in self.all_events("PlaceChallenged", {"id": posted.id})
            if event["args"]["index"] not in shown
        ]

    def shown(self, posted: PostedCensus) -> list[PlacedEntry]:
        """Return the places that answers showed."""
        return [
            _placed(event["args"]["place"])
            for event in self.all_events("PlaceShown", {"id": posted.id})
        ]

    def post(self, sender: Sender, source: VoteSource, tree: CensusRoot) -> tuple[int, Sent]:
        """Post a census with the contract's bond; returns its number."""
        bond = int(self.read("postBond"))
        receipt = self.transact(sender, "post", source.abi(), _tree_abi(tree), value=bond)
        return int(self.event_of(receipt, "CensusPosted")["id"]), sent(receipt)

    def challenge(self, sender: Sender, posted: PostedCensus, index: int) -> Sent:
        """Ask for a place, with twice the bond that the newest block requires.

        The base fee, on which it depends, can rise until the next block.
        """
        base_fee = self.web3.eth.get_block("latest")["baseFeePerGas"]
        bond = int(self.read("challengeBond", posted.id, posted.tree.count, 2 * base_fee))
        return self.send(sender, "challenge", posted.abi(), index, value=bond)

    def answer(self, sender: Sender, posted: PostedCensus, place: PlacedEntry) -> Sent:
        """Show a place that somebody asked for."""
        return self.send(sender, "answer", posted.abi(), place.abi())

    def expire(self, sender: Sender, posted: PostedCensus, index: int) -> Sent:
        """Let a census fall, of which nobody showed a place in time."""
        return self.send(sender, "expire", posted.id, index)

    def times(self) -> tuple[int, int, int]:
        """Return window, response time and longest delay of disputes, in seconds."""
        return tuple(int(self.read(name)) for name in ("window", "responseTime", "maxDelay"))  # type: ignore[return-value]

    def errand(self, payer: Payer, purpose: str, *, waits: bool = True) -> Errand:
        """Return the sender of a purpose's only transaction to this contract."""
        return payer.errand(f"{purpose} at 0x{self.address.hex()}", waits=waits)

    def claim(self, payer: Payer, source: VoteSource) -> int:
        """Take back an account's bonds of everything that is over, and what it was paid, in wei."""
        account = payer.address
        for posted in self.posts(source):
            view = self.view(posted)
            is_mine = view.poster == account
            if view.state is PostState.STANDING and view.is_final and is_mine:
                sender = self.errand(payer, f"release the bond of census {posted.id}")
                self.send(sender, "releaseBond", posted.id)
            for event in self.all_events("PlaceChallenged", {"id": posted.id}):
                index = event["args"]["index"]
                challenger, _, state, _ = self.read("challengeOf", posted.id, index)
                is_due = is_mine if view.is_final else bytes.fromhex(challenger[2:]) == account
                decided = view.is_final or view.state is PostState.FALLEN
                if is_due and decided and state in _UNPAID:
                    sender = self.errand(payer, f"close place {index} of census {posted.id}")
                    self.send(sender, "closeChallenge", posted.id, index)
        due = int(self.read("balanceOf", checksum(account)))
        if due:
            # Whatever it gets later is another withdrawal.
            credits = sum(len(self.all_events(name, {})) for name in _PAYING)
            self.send(self.errand(payer, f"withdraw after {credits} payments"), "withdraw")
        return due

    def prove_entry(self, sender: Sender, posted: PostedCensus, place: PlacedEntry) -> Sent:
        """Show an entry that is not as the token says."""
        return self.send(sender, "proveEntry", posted.abi(), place.abi())

    def prove_missing(
        self, sender: Sender, posted: PostedCensus, account: bytes, around: Sequence[PlacedEntry]
    ) -> Sent:
        """Show the neighbours between which an account is missing."""
        places = [place.abi() for place in around]
        return self.send(sender, "proveMissing", posted.abi(), checksum(account), places)

    def prove_order(
        self, sender: Sender, posted: PostedCensus, pair: tuple[PlacedEntry, PlacedEntry]
    ) -> Sent:
        """Show two neighbours whose accounts do not increase."""
        return self.send(sender, "proveOrder", posted.abi(), [place.abi() for place in pair])

    def prove_padding(
        self,
        sender: Sender,
        posted: PostedCensus,
        height: int,
        index: int,
        node: bytes,
        siblings: bytes,
    ) -> Sent:
        """Show a node (48 bytes) beyond the count that is not empty; siblings from its height."""
        [abi] = siblings_of(node)
        above = siblings_of(siblings)
        return self.send(sender, "provePadding", posted.abi(), height, index, abi, above)


class Governor(DeployedContract):
    """A Governor with the module GovernorOstraka; its other modules may be any."""

    name = "OstrakaGovernor"

    def state(self, proposal_id: int) -> ProposalState:
        """Return a proposal's state; ChainError if the Governor does not know it."""
        return ProposalState(self.read("state", proposal_id))

    def counts_seconds(self) -> bool:
        """Return whether its clock counts seconds, not blocks (ERC-6372)."""
        return bool(self.read("CLOCK_MODE") == _SECONDS_CLOCK)

    def seconds(self, ticks: int) -> float:
        """Return how long so many ticks of its clock take; for blocks, as long as the newest."""
        if self.counts_seconds():
            return ticks
        newest = self.head()
        first = self.head(max(0, newest.number - _MEASURED_BLOCKS))
        blocks = max(1, newest.number - first.number)
        return ticks * (newest.timestamp - first.timestamp) / blocks

    def voting_period_s(self) -> float:
        """Return its voting period in seconds."""
        return self.seconds(int(self.read("votingPeriod")))

    def time_left_s(self, proposal_id: int) -> float:
        """Return the seconds until a proposal's voting period ends; negative afterwards."""
        return self.seconds(self.read("proposalDeadline", proposal_id) - self.read("clock"))

    def source(self, proposal_id: int) -> VoteSource:
        """Return what determines the census of a proposal."""
        token, timepoint, unit, weights = self.read("censusSource", proposal_id)
        return VoteSource(bytes.fromhex(token[2:]), timepoint, unit, WeightRule(weights))

    def poll_of(self, proposal_id: int) -> int:
        """Return the poll of a proposal; 0 before it was started."""
        return int(self.read("pollOf", proposal_id))

    def registry_address(self) -> bytes:
        """Return the registry of its polls, 20 bytes."""
        return bytes.fromhex(self.read("pollRegistry")[2:])

    def disputes_address(self) -> bytes:
        """Return the contract at which censuses are posted, 20 bytes."""
        return bytes.fromhex(self.read("censusDisputes")[2:])

    def proposal(self, proposal_id: int) -> Proposal:
        """Return a proposal as it was announced; ChainError if no event has it."""
        # The event does not index the id.
        for event in self.all_events("ProposalCreated", {}):
            given = event["args"]
            if given["proposalId"] == proposal_id:
                return Proposal(
                    proposal_id,
                    tuple(given["targets"]),
                    tuple(given["values"]),
                    tuple(map(bytes, given["calldatas"])),
                    given["description"],
                )
        raise ChainError(f"the Governor announced no proposal {proposal_id}")

    def start_poll(self, sender: Sender, proposal: Proposal, posted: PostedCensus) -> Sent:
        """Start the poll of a proposal with a final census."""
        return self.send(
            sender,
            "startPoll",
            proposal.targets,
            proposal.values,
            proposal.calls,
            proposal.description,
            posted.id,
            _tree_abi(posted.tree),
        )

    def settle(self, sender: Sender, proposal_id: int, tally: Sequence[int]) -> Sent:
        """Decide a proposal by the final tally of its poll."""
        return self.send(sender, "settle", proposal_id, list(tally))


def _tree_abi(tree: CensusRoot) -> tuple[Any, ...]:
    return tree.hash, tree.sum, tree.count


def _placed(given: Any) -> PlacedEntry:
    entry = given["entry"]
    return PlacedEntry(
        given["index"],
        CensusEntry(
            bytes.fromhex(entry["account"][2:]),
            bytes.fromhex(entry["signingKey"][2:]),
            entry["weight"],
        ),
        b"".join(
            bytes(node["hash"]) + node["sum"].to_bytes(WEIGHT_BYTES, "big")
            for node in given["siblings"]
        ),
    )
