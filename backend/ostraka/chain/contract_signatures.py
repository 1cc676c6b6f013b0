"""Signatures of contract wallets: the contract itself says whether it accepts one.

Source: ERC-1271.
"""

from collections.abc import Callable
from contextlib import suppress

from web3.exceptions import ContractLogicError

from ostraka.chain.contract import call, checksum, connect
from ostraka_verifier.encoding import keccak256

_SELECTOR = keccak256(b"isValidSignature(bytes32,bytes)")[:4]
_WORD = 32


def accepts(rpc_url: str) -> Callable[[bytes, bytes, bytes], bool]:
    """Return a function that asks a contract whether it accepts a signature.

    It takes the contract's address (20 bytes), a digest (32 bytes) and the signature, and returns
    False for an address without a contract. It raises ChainError if the chain is unreachable.

    Args:
        rpc_url: JSON-RPC endpoint.
    """

    def ask(address: bytes, digest: bytes, signature: bytes) -> bool:
        padding = bytes(-len(signature) % _WORD)
        offset, size = (2 * _WORD).to_bytes(_WORD), len(signature).to_bytes(_WORD)
        data = _SELECTOR + digest + offset + size + signature + padding
        answer = b""
        # A contract may refuse by reverting.
        with suppress(ContractLogicError):
            answer = connect(rpc_url).eth.call({"to": checksum(address), "data": data})
        return answer[:_WORD] == _SELECTOR + bytes(_WORD - len(_SELECTOR))

    return lambda address, digest, signature: call(lambda: ask(address, digest, signature))
