"""For how many polls an account's coin lasts at the chain's fees of now."""

from dataclasses import dataclass

from web3 import Web3

from ostraka.chain.contract import call, checksum

POLL_GAS = 1_500_000
"""Gas of all transactions of a poll without a round: created, opened, anchored, tallied."""


@dataclass(frozen=True)
class Coin:
    """An account's coin.

    Attributes:
        balance_wei: What the account has.
        polls: Number of polls that it can still pay for.
    """

    balance_wei: int
    polls: int


def coin_of(web3: Web3, account: bytes) -> Coin:
    """Return an account's coin; ChainError if the chain is unreachable."""
    balance = call(lambda: web3.eth.get_balance(checksum(account)))
    block = call(lambda: web3.eth.get_block("latest"))
    price = block.get("baseFeePerGas", 0) + call(lambda: web3.eth.max_priority_fee)
    return Coin(balance, balance // max(1, POLL_GAS * price))
