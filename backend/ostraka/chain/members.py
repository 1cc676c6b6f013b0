"""MemberRegistry on chain: who belongs to a community, with what weight.

Source: contracts/MemberRegistry.sol; docs/protocol.md §6.5, §18.5.
"""

from collections.abc import Iterator, Mapping, Sequence

from ostraka.chain.contract import DeployedContract, Sent, checksum
from ostraka.chain.sending import Payer
from ostraka_verifier.encoding import keccak256

BATCH = 200
"""Accounts of one transaction: some five million gas where all of them are new."""


class MemberRegistry(DeployedContract):
    """The member registry at one address of one chain."""

    name = "MemberRegistry"

    def owner(self) -> bytes:
        """Return the account that keeps the list, 20 bytes."""
        return _address(self.read("owner"))

    def pending_owner(self) -> bytes | None:
        """Return the account that was offered the list and has not accepted it yet."""
        offered = _address(self.read("pendingOwner"))
        return offered if any(offered) else None

    def members(self) -> dict[bytes, int]:
        """Return the weight of every member, by 20-byte account in ascending order."""
        weights: dict[bytes, int] = {}
        for event in self.all_events("MemberSet", {}):
            weights[_address(event["args"]["account"])] = int(event["args"]["weight"])
        return {account: weights[account] for account in sorted(weights) if weights[account]}

    def set_members(self, payer: Payer, changes: Mapping[bytes, int]) -> Iterator[Sent]:
        """Set weights, `BATCH` accounts in a transaction; yields each once it is mined.

        Args:
            changes: New weight by account; 0 removes one.
        """
        accounts = sorted(changes)
        for start in range(0, len(accounts), BATCH):
            batch = accounts[start : start + BATCH]
            weights = [changes[account] for account in batch]
            yield self.send(
                payer.errand(self._purpose(batch, weights)),
                "setMembers",
                [checksum(account) for account in batch],
                weights,
            )

    def offer(self, payer: Payer, account: bytes) -> Sent:
        """Offer the list to another account, which becomes the owner by accepting it."""
        before = self._place("OwnershipTransferStarted")
        purpose = f"offer members {self.address.hex()} to {account.hex()} {before}"
        return self.send(payer.errand(purpose), "transferOwnership", checksum(account))

    def accept(self, payer: Payer) -> Sent:
        """Become the owner of a list that was offered to the payer."""
        before = self._place("OwnershipTransferred")
        purpose = f"accept members {self.address.hex()} {before}"
        return self.send(payer.errand(purpose), "acceptOwnership")

    def _purpose(self, accounts: Sequence[bytes], weights: Sequence[int]) -> str:
        entries = b"".join(
            account + weight.to_bytes(16, "big")
            for account, weight in zip(accounts, weights, strict=True)
        )
        before = self._place("MemberSet")
        return f"members {self.address.hex()} {keccak256(entries).hex()[:16]} {before}"

    def _place(self, event: str) -> str:
        """Return where the latest such event is: the same change can be made once after each."""
        found = self.latest_event(event, {})
        return "0" if found is None else f"{found['blockNumber']}.{found['logIndex']}"


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:])
