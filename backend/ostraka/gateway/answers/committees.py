"""Committees of nodes."""

from pydantic import Field

from ostraka.wire.answers import Address, Answer, Count, Hash, NodeNumber


class CommitteeNode(Answer):
    """A node of a committee."""

    node: NodeNumber
    address: Address = Field(description="Address of the key that signs for the node.")
    url: str = Field(description="Where the node serves its API.")


class Committee(Answer):
    """Nodes that tally together (docs/protocol.md §3)."""

    digest: Hash
    threshold: Count = Field(description="Nodes whose shares together open a tally, `t`.")
    faults: Count = Field(description="Faulty nodes that are tolerated, `f`.")
    quorum: Count = Field(description="Nodes whose receipts record a ballot, `q`.")
    nodes: list[CommitteeNode]
