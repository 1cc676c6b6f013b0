"""What an account has sent and no block has yet, read from its journal.

So that nothing is sent twice and no limit is passed, however many transactions wait for a block.
The journal alone knows it, also after a restart.

Source: docs/operations.md, "Transactions".
"""

from dataclasses import dataclass
from enum import Enum, auto

from ostraka.chain.contract import call
from ostraka.chain.disputes import (
    Challenge,
    DisputedPoll,
    Disputes,
    Docket,
    Named,
    leaf_challenge,
    omission_challenge,
)
from ostraka.chain.journal import Outgoing
from ostraka.chain.provider import receipt_of
from ostraka.chain.registry import PollView
from ostraka.chain.sending import Payer
from ostraka_verifier.units import UnixSeconds

MOST_PENDING = 64
"""Transactions of one account that wait for a block at once: pools of transactions hold few more of
one account, and each is looked at in every turn."""


class Fate(Enum):
    """What became of a transaction: in a block it is done, or reverted."""

    WAITING = auto()
    DONE = auto()
    REVERTED = auto()


@dataclass(frozen=True)
class _Demand:
    """A challenge that was sent, with its bond in wei."""

    named: Named
    bond: int
    outgoing: Outgoing
    is_mined: bool


class Pending:
    """The transactions of one account that wait for a block."""

    def __init__(self, disputes: Disputes, payer: Payer) -> None:
        self._disputes = disputes
        self._payer = payer
        self._waiting: dict[int, Outgoing] = {}
        self._demands: list[_Demand] = []
        self._named: dict[bytes, Named | None] = {}

    def update(self) -> None:
        """Send again what waits, and read anew what does; ChainError: the chain is out of reach."""
        web3 = self._disputes.web3
        call(lambda: self._payer.push(web3))
        count, unsettled = call(lambda: self._payer.unsettled(web3))
        self._waiting = {one.nonce: one for one in unsettled if one.nonce >= count}
        names = {one.versions[0].hash for one in unsettled}
        self._named = {name: named for name, named in self._named.items() if name in names}
        self._demands = []
        for one in unsettled:
            self._take(one, is_mined=one.nonce < count)

    def add(self, outgoing: Outgoing) -> None:
        """Count a transaction that was sent just now."""
        self._waiting[outgoing.nonce] = outgoing
        self._take(outgoing, is_mined=False)

    def _take(self, outgoing: Outgoing, *, is_mined: bool) -> None:
        name = outgoing.versions[0].hash
        if name not in self._named:
            to, data = outgoing.fields.get("to"), outgoing.fields.get("data", b"")
            self._named[name] = self._disputes.named_in(to, data)
        named = self._named[name]
        if named is not None:
            self._demands.append(_Demand(named, outgoing.value_wei, outgoing, is_mined))

    @property
    def is_full(self) -> bool:
        """Whether no more may be sent before a block comes."""
        return len(self._waiting) >= MOST_PENDING

    @property
    def most_wei(self) -> int:
        """The most that what waits can take from the account."""
        return sum(one.most_wei for one in self._waiting.values())

    def waits(self, purpose: str) -> bool:
        """Return whether a transaction waits whose purpose begins so."""
        return any(one.purpose.startswith(purpose) for one in self._waiting.values())

    def challenges(
        self, poll: DisputedPoll, docket: Docket, view: PollView, now: UnixSeconds
    ) -> tuple[Challenge, ...]:
        """Return the account's challenges of the anchored root that its docket does not have yet.

        Challenges of other roots are not among them: the contract refuses them, with their bonds.
        """
        seen = {one.subject for one in docket.of_round(view.round).challenges}
        unseen = [
            one
            for one in self._demands
            if (one.named.poll, one.named.root_digest) == (poll.subject, view.root.digest)
            and one.named.subject not in seen
            and (not one.is_mined or self.fate(one.outgoing) is Fate.DONE)
        ]
        return tuple(
            Challenge(
                _identity(poll, view.round, one.named),
                one.named.subject,
                view.round,
                self._payer.address,
                # The contract fixes it once the challenge is in a block.
                UnixSeconds(now + poll.parameters.response_time),
                one.bond,
                0,
            )
            for one in unseen
        )

    def fate(self, outgoing: Outgoing) -> Fate:
        """Return what became of a transaction, as far as the provider shows it."""
        if outgoing.settled:
            return Fate.DONE
        if outgoing.nonce in self._waiting:
            return Fate.WAITING
        receipt = call(lambda: receipt_of(self._disputes.web3, outgoing))
        if receipt is None:
            # Another replica may know its block already.
            return Fate.WAITING
        return Fate.DONE if receipt["status"] == 1 else Fate.REVERTED


def _identity(poll: DisputedPoll, number: int, named: Named) -> bytes:
    if isinstance(named.subject, int):
        return leaf_challenge(poll, number, named.subject)
    return omission_challenge(poll, number, named.subject)
