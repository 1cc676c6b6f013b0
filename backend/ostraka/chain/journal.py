"""The journal of an account: which transactions it has signed, and what became of them.

A transaction is written here before it is sent, so that neither a restart nor a lost answer leads
to a second one. `MemoryJournal` serves programs that send one transaction; a gateway keeps its
journal in its database.

Source: docs/operations.md, "Transactions".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class Signed:
    """One signed version of a transaction; fees in wei per gas."""

    hash: bytes
    raw: bytes
    max_fee: int
    priority_fee: int
    head: int
    """Number of the newest block when it was signed."""
    signed_at_unix_s: UnixSeconds

    def outbids(self, other: "Signed") -> bool:
        """Return whether it offers more than another one, in both fees."""
        return self.max_fee > other.max_fee and self.priority_fee > other.priority_fee


@dataclass(frozen=True)
class Outgoing:
    """A transaction of one purpose, with all its versions at different fees.

    Attributes:
        purpose: Its effect, as named by the caller.
        account: Address of the payer, 20 bytes.
        nonce: Nonce of `account`; both together identify the transaction.
        fields: Signed fields other than nonce and fees: `to`, `value`, `data`, `gas`, `chainId`.
        versions: Signed versions, the oldest first; any of them may be mined.
        settled: Whether a final block contains it.
    """

    purpose: str
    account: bytes
    nonce: int
    fields: Mapping[str, Any]
    versions: tuple[Signed, ...]
    settled: bool = False

    @property
    def hashes(self) -> frozenset[bytes]:
        """Hash of every version, 32 bytes each."""
        return frozenset(version.hash for version in self.versions)

    @property
    def value_wei(self) -> int:
        """What it sends along."""
        return int(self.fields.get("value", 0))

    @property
    def most_wei(self) -> int:
        """The most that it can take from the account: value, and all gas at the highest fee."""
        return self.value_wei + int(self.fields["gas"]) * self.versions[-1].max_fee


class Journal(Protocol):
    """Record of transactions that survives the process.

    Every change is on the disk before the method returns.
    """

    def current(self, purpose: str) -> Outgoing | None:
        """Return a purpose's transaction, unless it was given up."""

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """Return transactions that are not settled or have a nonce from `count` on, by nonce.

        Those that were given up are left out.
        """

    def nonces(self, account: bytes, first: int) -> set[int]:
        """Return the used nonces from `first` on."""

    def add(self, outgoing: Outgoing) -> bool:
        """Store a new transaction; return False if its purpose or its nonce is in use."""

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """Store another version, unless it is already stored."""

    def resend(self, outgoing: Outgoing) -> bool:
        """Note that another caller sends the newest version, too; return False if it is gone.

        From then on it is never dropped: one provider may refuse what another has accepted.
        """

    def drop(self, outgoing: Outgoing) -> bool:
        """Delete a transaction that no provider accepted; return False if others sent it, too."""

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """Note that a final block contains it, or that no final block does any more."""

    def give_up(self, outgoing: Outgoing) -> None:
        """Release its purpose: it can have no effect any more."""


class MemoryJournal:
    """A journal for programs that send one transaction and report the result to their user."""

    def __init__(self) -> None:
        self._known: dict[int, Outgoing] = {}
        self._over: set[int] = set()
        self._resent: set[int] = set()

    def current(self, purpose: str) -> Outgoing | None:
        """See `Journal`."""
        for one in self._known.values():
            if one.purpose == purpose and one.nonce not in self._over:
                return one
        return None

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """See `Journal`."""
        return [
            one
            for nonce, one in sorted(self._known.items())
            if nonce not in self._over and (not one.settled or nonce >= count)
        ]

    def nonces(self, account: bytes, first: int) -> set[int]:
        """See `Journal`."""
        return {nonce for nonce in self._known if nonce >= first}

    def add(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        if outgoing.nonce in self._known or self.current(outgoing.purpose) is not None:
            return False
        self._known[outgoing.nonce] = outgoing
        return True

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """See `Journal`."""
        known = self._known[outgoing.nonce]
        if signed not in known.versions:
            self._known[outgoing.nonce] = replace(known, versions=(*known.versions, signed))

    def resend(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        known = self._known.get(outgoing.nonce)
        if known is None or outgoing.versions[-1] not in known.versions:
            return False
        self._resent.add(outgoing.nonce)
        return True

    def drop(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        if outgoing.nonce in self._resent:
            return False
        del self._known[outgoing.nonce]
        return True

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """See `Journal`."""
        self._known[outgoing.nonce] = replace(self._known[outgoing.nonce], settled=settled)

    def give_up(self, outgoing: Outgoing) -> None:
        """See `Journal`."""
        self._over.add(outgoing.nonce)
