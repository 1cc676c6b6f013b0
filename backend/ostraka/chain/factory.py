"""Create contracts by CREATE2, at addresses that follow from their code.

Such an address commits to the factory, a salt and the whole creation code with its arguments. It
proves that exactly this creation code created the contract, which runtime code cannot prove. Most
chains have the factory of the "deterministic deployment proxy" at one address; on others it is
deployed first.

Source: EIP-1014; the factory's calldata is 32 bytes of salt and the creation code.
"""

from dataclasses import dataclass
from typing import Any

from web3 import Web3
from web3.types import TxParams

from ostraka.chain.contract import checksum
from ostraka.chain.errors import ChainError
from ostraka_verifier.encoding import keccak256

COMMON_FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
FACTORY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "e03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)
"""Runtime code of the factory, which has no storage."""
FACTORY_INIT_CODE = bytes.fromhex("604580600e600039806000f350fe") + FACTORY_CODE
SALT = bytes(32)


def created_by_factory(factory: bytes, init_code: bytes) -> bytes:
    """Return the address of what a factory creates from code and arguments, 20 bytes."""
    return keccak256(b"\xff", factory, SALT, keccak256(init_code))[12:]


@dataclass(frozen=True)
class Call:
    """A transaction whose data is not a function call of our ABIs; `Errand` sends it.

    Attributes:
        to: 20 bytes; None creates a contract.
        data: Calldata, or creation code.
    """

    web3: Web3
    to: bytes | None
    data: bytes

    def build_transaction(self, given: TxParams) -> TxParams:
        """Return all fields except the signature, with the chain's estimates of gas and fees."""
        fields: dict[str, Any] = {**given, "data": "0x" + self.data.hex()}
        if self.to is not None:
            fields["to"] = checksum(self.to)
        fields["gas"] = self.web3.eth.estimate_gas(fields)  # type: ignore[arg-type]
        base = self.web3.eth.get_block("latest").get("baseFeePerGas")
        if base is None:
            raise ChainError("chain: blocks have no base fee; EIP-1559 is needed")
        priority = self.web3.eth.max_priority_fee
        fields["maxPriorityFeePerGas"] = priority
        fields["maxFeePerGas"] = 2 * base + priority
        return fields  # type: ignore[return-value]


def creation(web3: Web3, factory: bytes, init_code: bytes) -> Call:
    """Return the transaction by which a factory creates a contract."""
    return Call(web3, factory, SALT + init_code)
