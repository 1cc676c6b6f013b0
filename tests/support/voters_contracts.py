"""Contracts that name voters: members, voting keys, and accounts that use them."""

from collections.abc import Sequence
from typing import Any

from ostraka.chain.contract import artifact, checksum, connect, deploy, transact
from ostraka.demo.chains import CHAIN_ID
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.typed_data import Domain


class Contract:
    """A deployed contract, used by the organizer or by the named account."""

    def __init__(
        self, stack: LocalStack, name: str, *arguments: Any, address: bytes | None = None
    ) -> None:
        """Deployed now, unless it is at an address already."""
        self.stack, self.web3 = stack, connect(stack.rpc_url)
        if address is None:
            address, _ = deploy(stack.rpc_url, stack.organizer, name, *arguments)
        self.address = address
        self.contract = self.web3.eth.contract(
            address=checksum(self.address), abi=artifact(name)["abi"]
        )

    def send(self, function: str, *arguments: Any, sender: SigningKey | None = None) -> None:
        """One transaction."""
        key = sender or self.stack.organizer
        transact(self.web3, key, self.contract.functions[function](*arguments))

    def data(self, function: str, *arguments: Any) -> bytes:
        """Calldata, for a wallet to send."""
        return bytes.fromhex(self.contract.encode_abi(function, list(arguments))[2:])


def members_of(stack: LocalStack, accounts: Sequence[bytes]) -> Contract:
    """A member registry, of the organizer's."""
    members = Contract(stack, "MemberRegistry", checksum(stack.organizer.address))
    members.send("setMembers", [checksum(one) for one in accounts], [1] * len(accounts))
    return members


def voting_keys(stack: LocalStack) -> Contract:
    """The registry's own contract of voting keys."""
    return Contract(stack, "VotingKeys", address=stack.voting_keys)


def consent(keys: Contract, account: bytes, key: SigningKey) -> bytes:
    """A key's signature that it signs for an account."""
    domain = Domain(CHAIN_ID, keys.address)
    return key.sign(domain.digest(typed_data.VOTING_KEY, account, key.address))


def rich(stack: LocalStack) -> SigningKey:
    """A fresh key with some of the chain's coin."""
    key, web3 = SigningKey(), connect(stack.rpc_url)
    web3.provider.make_request(
        "hardhat_setBalance",  # type: ignore[arg-type]
        [key.address_hex, hex(10**18)],
    )
    return key
