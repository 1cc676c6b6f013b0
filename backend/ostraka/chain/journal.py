"""The journal of an account: which transactions it has signed, and what became of them.

A transaction is written here before it is sent, so that neither a restart nor a lost answer leads
to a second one. `MemoryJournal` serves programs that send one transaction; a gateway keeps its
journal in its database.

Source: docs/operations.md, "Transactions".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol


@dataclass(frozen=True)
class Signed:
    """One signed version of a transaction; fees in wei per gas."""

    hash: bytes
    raw: bytes
    max_fee: int
    priority_fee: int
    head: int
    """Number of the newest block when it was signed."""
    signed_at_unix_s: int


@dataclass(frozen=True)
class Outgoing:
    """A transaction that one purpose sends, whatever its fee.

    Attributes:
        purpose: What it brings about, in the words of whoever sends it.
        account: 20 bytes that pay.
        nonce: Of `account`; with it, names the transaction.
        fields: What is signed beside nonce and fees: `to`, `value`, `data`, `gas`, `chainId`.
        versions: Signed ones, the oldest first; any of them may be mined.
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


class Journal(Protocol):
    """Outlives the process: every change is on the disk before the method returns."""

    def current(self, purpose: str) -> Outgoing | None:
        """What a purpose has sent, unless that is given up."""

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """Not settled, or with a nonce from `count` on; by nonce, without what is given up."""

    def nonces(self, account: bytes, first: int) -> set[int]:
        """Nonces from `first` on that are taken."""

    def add(self, outgoing: Outgoing) -> bool:
        """Keep a new one; False when its purpose or its nonce is taken."""

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """Keep another version, unless it is kept already."""

    def resend(self, outgoing: Outgoing) -> bool:
        """Note that others than who began it send its newest version too; False where it is gone.

        From then on nothing drops it: what one provider refuses, another may have taken.
        """

    def drop(self, outgoing: Outgoing) -> bool:
        """Forget one that nobody took; False where it stays, for others sent it too."""

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """Note that a final block contains it, or, after all, that none does."""

    def give_up(self, outgoing: Outgoing) -> None:
        """Free its purpose: it can bring about nothing any more."""


class MemoryJournal:
    """For programs that send one transaction and tell their user what became of it."""

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
