"""A contract as an RPC endpoint shows it at one block."""

from collections.abc import Sequence

from ostraka_verifier.encoding import WORD_BYTES, Reader
from ostraka_verifier.evidence import CodeEvidence
from ostraka_verifier.rpc import JsonRpc, Log, address_in


class ContractView:
    """Reads one contract at one block.

    Every method raises Undecided if the endpoint is unreachable, refuses, or gives an invalid
    answer, and Malformed if an answer is not of the function's type.
    """

    def __init__(self, rpc: JsonRpc, address: bytes, block: int) -> None:
        """Args:
        address: The contract's, 20 bytes.
        """
        self._rpc = rpc
        self._address = address
        self._block = block

    def code(self) -> bytes:
        """Return its code, empty without a contract."""
        return self._rpc.code(self._address, self._block)

    def call(self, signature: str, arguments: bytes = b"") -> bytes:
        """Return the answer of a view function."""
        return self._rpc.call(self._address, signature, arguments, self._block)

    def word(self, getter: str) -> bytes:
        """Return the first word of a getter's answer."""
        return Reader(self.call(getter), getter).take(WORD_BYTES, "answer")

    def address(self, getter: str) -> bytes:
        """Return the address that a getter answers; fewer bytes if the answer is no word."""
        return address_in(self.call(getter))

    def part(self, getter: str) -> CodeEvidence:
        """Return the contract that a getter names."""
        part = address_in(self.word(getter))
        return CodeEvidence(part, self._rpc.code(part, self._block))

    def events(self, topics: Sequence[bytes]) -> list[Log]:
        """Return all its events with these topics, oldest first."""
        return self._rpc.logs(self._address, topics, self._block)

    def newest_events(self, topics: Sequence[bytes]) -> list[Log]:
        """Return some of the newest such events, oldest first; empty only if there are none."""
        return self._rpc.latest_logs(self._address, topics, self._block)
