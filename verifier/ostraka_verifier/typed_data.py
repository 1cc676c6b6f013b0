"""EIP-712 statements of voters, members and nodes.

Source: docs/protocol.md §15; EIP-712. Vectors: tests/vectors/typed_data.json.
"""

from dataclasses import dataclass
from functools import cache, cached_property

from ostraka_verifier.encoding import keccak256, word

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
CHECKPOINT = (
    "Checkpoint(bytes32 pollContext,uint32 nodeIndex,uint32 number,uint32 count,bytes32 rootHash,"
    "bytes32 previous,uint64 signedAt)"
)
COSIGNATURE = "Cosignature(bytes32 pollContext,bytes32 checkpointHash)"
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
SHUFFLED = (
    "Shuffled(bytes32 pollContext,bytes32 rootDigest,uint32 turn,bytes32 stateHash,uint32 count)"
)
OUTCOME = "Outcome(bytes32 pollContext,bytes32 ballotsHash,bytes32 awardsHash)"
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
