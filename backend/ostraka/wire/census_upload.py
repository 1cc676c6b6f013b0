"""Signed header of a census upload, which a node reads before the body.

A request carries `Ostraka-Census: <censusHash>.<signature>`, hexadecimal; `censusHash` is the
keccak of the body, and the signature is of the EIP-712 type `CensusUpload` under the registry's
domain.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import HASH_BYTES, SIGNATURE_BYTES, keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain

HEADER = "Ostraka-Census"


@dataclass(frozen=True)
class CensusUpload:
    """Content of the header.

    Attributes:
        census_hash: keccak of the census's bytes.
        signature: Unchecked signature of the account that may upload this poll's census.
    """

    census_hash: bytes
    signature: bytes

    @classmethod
    def sign(
        cls, sign: Callable[[bytes], bytes], domain: Domain, poll_context: bytes, data: bytes
    ) -> "CensusUpload":
        """Sign the bytes of a poll's census.

        Args:
            sign: Signs an EIP-712 digest with the key of the account that may upload the census.
        """
        digest = keccak256(data)
        statement = domain.digest(typed_data.CENSUS_UPLOAD, poll_context, digest)
        return cls(digest, sign(statement))

    @classmethod
    def decode(cls, value: str) -> "CensusUpload":
        """Read the header.

        Raises:
            Problem: It is missing or invalid.
        """
        try:
            given = [bytes.fromhex(part) for part in value.split(".")]
        except ValueError:
            given = []
        if [len(part) for part in given] != [HASH_BYTES, SIGNATURE_BYTES]:
            detail = "expected censusHash.signature, of the account that created the poll"
            raise Problem(ProblemType.CENSUS_NOT_SIGNED, detail, HEADER)
        return cls(*given)

    def encode(self) -> str:
        """Return the header's value."""
        return f"{self.census_hash.hex()}.{self.signature.hex()}"

    def signer(self, domain: Domain, poll_context: bytes) -> bytes:
        """Return the account that signed it for this poll, 20 bytes; a Problem if nobody did."""
        statement = domain.digest(typed_data.CENSUS_UPLOAD, poll_context, self.census_hash)
        try:
            return recover(statement, self.signature)
        except Malformed as error:
            raise Problem(ProblemType.CENSUS_NOT_SIGNED, str(error), HEADER) from error
