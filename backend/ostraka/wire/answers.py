"""Field types of the answers of gateways and nodes, with their units and encodings."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from ostraka_verifier import units


class Answer(BaseModel):
    """An answer or a part of one, without any other members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def absent(value: object) -> bool:
    """Whether an optional member has no value, and is left out of an answer."""
    return value is None


Hex = Annotated[
    str, Field(pattern="^0x([0-9a-f]{2})*$", description="Bytes as 0x-hex, lower case.")
]
Address = Annotated[
    str, Field(pattern="^0x[0-9a-f]{40}$", description="Address, 20 bytes as lower-case 0x-hex.")
]
Hash = Annotated[
    str, Field(pattern="^0x[0-9a-f]{64}$", description="32 bytes as lower-case 0x-hex.")
]
Signature = Annotated[
    str,
    Field(
        pattern="^0x[0-9a-f]{130}$",
        description="Signature r ‖ s ‖ v, 65 bytes as lower-case 0x-hex.",
    ),
]
Decimal = Annotated[
    str, Field(pattern="^-?[0-9]{1,100}$", description="Whole number in decimal digits.")
]
Amount = Annotated[
    str,
    Field(pattern="^[0-9]{1,78}$", description="Amount in the token's smallest unit, in decimal."),
]
Votes = Annotated[
    str, Field(pattern="^[0-9]{1,78}$", description="Votes counted by weight, in decimal.")
]
Weight = Annotated[str, Field(pattern="^[0-9]{1,78}$", description="Weight of votes, in decimal.")]
Number = Annotated[
    str, Field(pattern="^[1-9][0-9]{0,18}$", description="Number of a round or poll, in decimal.")
]
Fraction = Annotated[
    str,
    Field(
        pattern="^-?[0-9]+(/[0-9]+)?$",
        description="Exact fraction `p/q` in lowest terms, or a whole number.",
    ),
]
PlanId = Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="Id of a plan.")]
UnixSeconds = Annotated[
    units.UnixSeconds, Field(ge=0, lt=1 << 64, description="Unix time in seconds.")
]
Count = Annotated[int, Field(ge=0, lt=1 << 64)]
BlockNumber = Annotated[int, Field(ge=0, lt=1 << 64, description="Number of a block.")]
NodeNumber = Annotated[
    int, Field(ge=1, le=255, description="Place of a node in its committee, from 1.")
]


class NodeSignature(Answer):
    """A node's signature of a statement."""

    node: NodeNumber
    signature: Signature


ShuffleStage = Literal["waiting", "shuffling", "opening", "opened", "too_few_ballots", "not_opened"]
STAGES: tuple[str, ...] = get_args(ShuffleStage)


class Shuffle(Answer):
    """How far the nodes are with shuffling and opening the ballots (docs/protocol.md §19.2)."""

    stage: ShuffleStage = Field(
        description="`waiting` until ballots may be opened; `too_few_ballots` and `not_opened` if "
        "nodes release the sum only."
    )
    turn: Count | None = Field(description="Number of the turn; null but while shuffling.")
    steps_done: Count = Field(description="Steps of the run that are done and checked.")
    steps: Count = Field(description="All steps of the run, as far as they are planned; or 0.")


class RecordedBallot(Answer):
    """A ballot with the receipts of a quorum (docs/protocol.md §9.2)."""

    voter: Address
    cast_at: UnixSeconds = Field(description="Unix time in seconds that the ballot names.")
    digest: Hash = Field(description="Of the ballot.")
    receipts: list[NodeSignature] = Field(description="Of the EIP-712 type `Receipt` (§15).")
