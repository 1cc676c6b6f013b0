"""A proposed committee in a JSON file, which collects its operators' signatures.

The file travels between operators. Nobody needs to trust it: digest and quorum are computed again,
and every signature is checked, whenever it is read.

Source: docs/protocol.md §3; docs/operations.md, "A committee".
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import COMMITTEE, Domain

_FORMAT: Literal["ostraka/committee/v1"] = "ostraka/committee/v1"
_Address = Annotated[str, Field(pattern="^0x[0-9a-f]{40}$")]


def usual_faults(nodes: int) -> int:
    """Return `f` for a number of nodes: the most that may be dead or lying (§3.2)."""
    return (nodes - 1) // 3


def usual_threshold(nodes: int, faults: int, *, shuffles: bool) -> int:
    """Return `t` for `n` nodes: the most secrecy that `f` faults allow (§3.2).

    Args:
        shuffles: Whether the committee must be able to shuffle ballots (§19.1).
    """
    largest = nodes - 2 * faults
    return max(2, min(largest, (nodes - faults + 1) // 2) if shuffles else largest)


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    address: _Address
    url: str
    signature: str | None = Field(pattern="^0x[0-9a-f]{130}$")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["ostraka/committee/v1"]
    chain_id: int = Field(ge=1)
    registry: _Address
    threshold: int
    faults: int
    quorum: int
    digest: str
    nodes: list[_Node]


class CommitteeProposal:
    """A committee for one registry, and the signatures of its nodes so far.

    Attributes:
        domain: Chain and registry that the signatures count for.
        committee: Nodes and thresholds.
        signatures: By address of the node, 65 bytes each.
    """

    def __init__(self, domain: Domain, committee: Committee) -> None:
        self.domain = domain
        self.committee = committee
        self.signatures: dict[bytes, bytes] = {}

    @property
    def statement(self) -> bytes:
        """Return the digest that every node signs, 32 bytes."""
        return self.domain.digest(COMMITTEE, self.committee.digest)

    @property
    def unsigned(self) -> list[Member]:
        """Return the nodes whose signatures are missing."""
        return [one for one in self.committee.members if one.address not in self.signatures]

    def add(self, address: bytes, signature: bytes) -> None:
        """Add a node's signature.

        Raises:
            ValueError: It is not a node of this committee, or not its signature.
        """
        if self.committee.index_of(address) is None:
            raise ValueError(f"{to_hex(address)} is not a node of this committee")
        try:
            signer = recover(self.statement, signature)
        except Malformed:
            signer = b""
        if signer != address:
            raise ValueError(f"signature of {to_hex(address)}: signs another committee or domain")
        self.signatures[address] = signature

    def merge(self, other: "CommitteeProposal") -> None:
        """Add the signatures of another copy.

        Raises:
            ValueError: It proposes another committee, or for another registry.
        """
        if (other.domain, other.committee) != (self.domain, self.committee):
            raise ValueError("the files propose different committees, or for different registries")
        self.signatures |= other.signatures

    def encode(self) -> bytes:
        """Return the contents of the file."""
        content = _File(
            format=_FORMAT,
            chain_id=self.domain.chain_id,
            registry=to_hex(self.domain.registry),
            threshold=self.committee.threshold,
            faults=self.committee.faults,
            quorum=self.committee.quorum,
            digest=to_hex(self.committee.digest),
            nodes=[
                _Node(
                    address=to_hex(member.address),
                    url=member.url,
                    signature=_optional_hex(self.signatures.get(member.address)),
                )
                for member in self.committee.members
            ],
        )
        return content.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def read(cls, path: Path) -> "CommitteeProposal":
        """Read a file.

        Raises:
            ValueError: It is not such a file, or something in it does not fit; names the member.
            Rejected: The committee breaks a bound (check P3).
            OSError: It cannot be read.
        """
        try:
            content = _File.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{path}: {place or 'file'}: {first['msg']}") from None
        members = tuple(
            Member(from_hex(node.address, "address"), node.url) for node in content.nodes
        )
        committee = Committee(members, content.threshold, content.faults)
        for name, stated, actual in (
            ("quorum", content.quorum, committee.quorum),
            ("digest", content.digest, to_hex(committee.digest)),
        ):
            if stated != actual:
                raise ValueError(f"{path}: {name}: expected {actual}")
        registry = from_hex(content.registry, "registry")
        read = cls(Domain(content.chain_id, registry), committee)
        for node in content.nodes:
            if node.signature is not None:
                try:
                    read.add(
                        from_hex(node.address, "address"), from_hex(node.signature, "signature")
                    )
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from None
        return read


def _optional_hex(value: bytes | None) -> str | None:
    return None if value is None else to_hex(value)
