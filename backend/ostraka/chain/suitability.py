"""Check whether a chain can run the contracts, before anything is sent.

Source: docs/operations.md, "Which chains".
"""

from dataclasses import dataclass

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError

from ostraka.chain.contract import call, checksum
from ostraka.chain.errors import Refused
from ostraka.chain.provider import final_block

REGISTRY_GAS = 15_500_000
"""Most gas that creating the registry with its three contracts takes; a test checks it.

Below 2²⁴, the most gas of one transaction (EIP-7825).
"""
DEPLOYMENT_GAS = 30_500_000
"""Most gas that disputes, registry and treasury take together."""

# PUSH0 ×3, MCOPY; then one word that says 1.
_CANCUN_PROBE = "0x5f5f5f5e60015f5260205ff3"
_GENERATOR = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
_ADD, _MULTIPLY = (6).to_bytes(20, "big"), (7).to_bytes(20, "big")


class Unsuitable(Refused):
    """The chain cannot run the contracts; the message lists every reason."""


@dataclass(frozen=True)
class Suitability:
    """What a chain offers.

    Attributes:
        chain_id: Of EIP-155.
        head: Number of the newest block.
        block_gas_limit: Most gas of one block.
        finalized: Number of the newest final block; None if the chain has no such tag.
        wei_per_gas: What a transaction should offer now.
        cost: What the transactions that are still to be sent cost now, in the coin's smallest unit.
        balance: What the paying account has, likewise; None where no account is named.
        obstacles: Reasons why the contracts cannot be deployed; empty if they can.
        warnings: Problems that will show later.
    """

    chain_id: int
    head: int
    block_gas_limit: int
    finalized: int | None
    wei_per_gas: int
    cost: int
    balance: int | None
    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]

    def require(self) -> None:
        """Raise `Unsuitable` with every obstacle, if there is one."""
        if self.obstacles:
            raise Unsuitable(f"chain {self.chain_id}: {'; '.join(self.obstacles)}")


def suitability(web3: Web3, account: bytes | None, owed_gas: int = DEPLOYMENT_GAS) -> Suitability:
    """Ask a chain for everything that a deployment needs.

    Args:
        account: Who pays, 20 bytes; None checks no balance.
        owed_gas: Gas of the transactions that are still to be sent.

    Raises:
        ChainError: The chain cannot be reached.
    """
    return call(lambda: _suitability(web3, account, owed_gas))


def _suitability(web3: Web3, account: bytes | None, owed_gas: int) -> Suitability:
    obstacles, warnings = [], []
    chain_id = web3.eth.chain_id
    block = web3.eth.get_block("latest")
    base = block.get("baseFeePerGas")
    if base is None:
        obstacles.append("blocks have no base fee: transactions of EIP-1559 are needed (London)")
    if not _answers_one(web3, _CANCUN_PROBE):
        obstacles.append("the instructions MCOPY and PUSH0 are missing: Cancun is needed")
    if not _has_curve(web3):
        obstacles.append("the precompiles for curve BN254 (addresses 6 and 7) are missing")
    if block["gasLimit"] < REGISTRY_GAS:
        obstacles.append(
            f"blocks hold {block['gasLimit']:,} gas, and creating the registry takes up to "
            f"{REGISTRY_GAS:,}"
        )
    wei_per_gas = 0 if base is None else base + web3.eth.max_priority_fee
    cost = owed_gas * wei_per_gas
    balance = None if account is None else web3.eth.get_balance(checksum(account))
    if account is not None and balance is not None and balance < cost:
        obstacles.append(
            f"account 0x{account.hex()} has {coins(balance)} coins, and the deployment costs about "
            f"{coins(cost)}"
        )
    finalized = final_block(web3, None)
    if finalized is None:
        warnings.append(
            "the chain has no final blocks (tag `finalized`); nodes and gateways need the setting "
            "`confirmations` there"
        )
    return Suitability(
        chain_id,
        block["number"],
        block["gasLimit"],
        finalized,
        wei_per_gas,
        cost,
        balance,
        tuple(obstacles),
        tuple(warnings),
    )


def coins(smallest: int) -> str:
    """Format an amount of the chain's coin, of 18 decimals, rounded up to a millionth."""
    millionths = -(-smallest // 10**12)
    return f"{millionths // 10**6:,}.{millionths % 10**6:06}".rstrip("0").rstrip(".")


def _answers_one(web3: Web3, creation_code: str) -> bool:
    try:
        answer = web3.eth.call({"data": creation_code})  # type: ignore[typeddict-item]
    except (Web3RPCError, ContractLogicError):
        # Clients have no code of their own for an instruction that they do not know.
        return False
    return int.from_bytes(answer, "big") == 1


def _has_curve(web3: Web3) -> bool:
    """Return whether G + G and 2 · G are the same point."""
    try:
        added = web3.eth.call(
            {"to": checksum(_ADD), "data": "0x" + (2 * _GENERATOR).hex()}  # type: ignore[typeddict-item]
        )
        doubled = web3.eth.call(
            {"to": checksum(_MULTIPLY), "data": "0x" + (_GENERATOR + _TWO).hex()}  # type: ignore[typeddict-item]
        )
    except (Web3RPCError, ContractLogicError):
        return False
    return len(added) == len(_GENERATOR) and added == doubled


_TWO = (2).to_bytes(32, "big")
