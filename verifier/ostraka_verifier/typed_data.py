"""EIP-712 statements of voters, members and nodes, and recovery of their signers.

Source: docs/protocol.md §15; EIP-712; EIP-2 (low s). Vectors: tests/vectors/typed_data.json.
"""

from dataclasses import dataclass
from functools import cache, cached_property

from coincurve import PublicKey

from ostraka_verifier.encoding import SIGNATURE_BYTES, keccak256, word
from ostraka_verifier.errors import Malformed

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

COMMITTEE = "Committee(bytes32 committee)"
POLL_KEY = "PollKey(bytes32 pollContext,bytes32 nodeKey)"
POLL_KEYS = "PollKeys(bytes32 pollContext,bytes32 pollKeys)"
CENSUS_UPLOAD = "CensusUpload(bytes32 pollContext,bytes32 censusHash)"
BALLOT = (
    "Ballot(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest,bytes32 boxesHash)"
)
RECEIPT = "Receipt(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest)"
INVENTORY = "Inventory(bytes32 pollContext,bytes32 inventoryHash)"
ROOT = (
    "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
)
FINAL = "Final(bytes32 pollContext,bytes32 rootDigest)"
AGGREGATE_SHARE = (
    "AggregateShare(bytes32 pollContext,bytes32 rootDigest,uint32 nodeIndex,bytes32 shareHash)"
)
REPAIR_MASK = (
    "RepairMask(bytes32 pollContext,bytes32 subject,bytes32 repairHash,"
    "uint32 low,uint32 high,bytes32 maskHash)"
)
REPAIR_SEED = (
    "RepairSeed(bytes32 pollContext,bytes32 repairHash,"
    "uint32 low,uint32 high,bytes32 boxHash,bytes32 maskHash)"
)
REPAIR = "Repair(bytes32 pollContext,bytes32 subject,bytes32 repairHash)"
WAITING = "Waiting(bytes32 pollContext,bytes32 waitingHash,uint64 saidAt)"
LACKING = "Lacking(bytes32 pollContext,uint32 round,bytes32 lackingHash)"
PROPOSAL = (
    "Proposal(uint256 roundId,address proposer,address recipient,uint256 amount,"
    "uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
)
REVISION = (
    "Revision(bytes32 proposalId,address recipient,uint256 amount,"
    "uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
)
WITHDRAWAL = "Withdrawal(bytes32 proposalId,uint256 nonce,uint64 deadline)"
ANSWER = "Answer(bytes32 challenge,address payee)"
REDEMPTION = "Redemption(bytes32 electorate,address invitation,address signingKey)"
REDEEMED = "Redeemed(bytes32 electorate,address invitation,address signingKey)"
VOTING_KEY = "VotingKey(address account,address key)"


@dataclass(frozen=True)
class Domain:
    """The contract and chain for which a signature counts."""

    chain_id: int
    registry: bytes

    @cached_property
    def separator(self) -> bytes:
        """EIP-712 domain separator, 32 bytes."""
        return keccak256(
            keccak256(_DOMAIN_TYPE.encode()),
            keccak256(b"Ostraka"),
            keccak256(b"2"),
            word(self.chain_id),
            word(self.registry),
        )

    def digest(self, type_string: str, *values: int | bytes | str) -> bytes:
        """Return the 32 bytes that are signed.

        Args:
            type_string: One of this module's types.
            values: Its members in order: integers, addresses and bytes32 as they are, strings as
                `str`.
        """
        members = [
            keccak256(value.encode()) if isinstance(value, str) else word(value) for value in values
        ]
        struct = keccak256(_type_hash(type_string), *members)
        return keccak256(b"\x19\x01", self.separator, struct)


@cache
def _type_hash(type_string: str) -> bytes:
    return keccak256(type_string.encode())


def address_of(public_key: PublicKey) -> bytes:
    """Return the Ethereum address of a public key, 20 bytes."""
    return key_address(public_key.format(compressed=False)[1:])


def key_address(public_key: bytes) -> bytes:
    """Return the Ethereum address of a public key given as its two coordinates, 64 bytes."""
    return keccak256(public_key)[12:]


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the address whose key signed `digest`; arguments and errors as for `recover_key`."""
    return key_address(recover_key(digest, signature))


def recover_key(digest: bytes, signature: bytes) -> bytes:
    """Return the public key that signed `digest`, as its two coordinates, 64 bytes.

    That `s R = z G + r Q` for the point R that `r` and `v` name is the same statement: it has
    exactly one solution Q.

    Args:
        digest: 32 bytes.
        signature: 65 bytes `r ‖ s ‖ v`, low `s`, `v` 27 or 28.

    Raises:
        Malformed: Not such a signature, or no key can have made it.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise Malformed("signature", f"{len(signature)} bytes, expected {SIGNATURE_BYTES}")
    if signature[64] not in (27, 28):
        raise Malformed("signature", f"v is {signature[64]}, expected 27 or 28")
    # A signature with high s is a second encoding of the same statement (EIP-2).
    if int.from_bytes(signature[32:64], "big") > SECP256K1_ORDER // 2:
        raise Malformed("signature", "s is in the upper half")
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception and ValueError alike
        raise Malformed("signature", "no key gives it") from error
    return key.format(compressed=False)[1:]
