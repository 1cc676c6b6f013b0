"""Disputes about a poll's roots."""

from typing import Literal

from pydantic import Field

from ostraka.wire.answers import Address, Amount, Answer, BlockNumber, Count, Hash, Number
from ostraka.wire.answers import UnixSeconds as Time


class Challenge(Answer):
    """A challenge of a leaf, or of an omission (docs/protocol.md §11.3)."""

    challenge: Hash
    kind: Literal["leaf", "omission"]
    leaf: Count | None = Field(description="Index of the challenged leaf; null for an omission.")
    voter: Address | None = Field(
        description="Voter whose recorded ballot is said to be missing; null for a leaf."
    )
    round: Count = Field(description="Settling round of the root.")
    state: Literal["open", "answered", "closed"] = Field(
        description="`answered`: the root stood, the bond is spent. `closed`: the bond went back."
    )
    challenger: Address
    deadline: Time = Field(description="Without an answer until then, the root falls.")
    bond: Amount = Field(description="In wei.")
    paid: Amount = Field(description="Wei of the bond that went to whoever answered.")


class RejectedRoot(Answer):
    """A root that was shown to be false."""

    round: Count
    ground: Literal["sum", "padding", "order", "unanswered"]
    block: BlockNumber


class PollDisputes(Answer):
    """All disputes about a poll, and what one more costs now."""

    poll: Number
    disputable: bool = Field(description="Whether the registry has disputes.")
    round: Count | None = Field(description="Of the anchored root; null without one.")
    contested: bool = Field(description="Whether a challenge of the anchored root is open.")
    window_ends_at: Time | None = Field(
        description="When the anchored root becomes final, unless it is disputed; null without one."
    )
    ends_at_latest: Time | None = Field(
        description="When it is final, or the poll void, whatever is disputed."
    )
    leaves_until: Time | None = Field(description="Until when leaves can be challenged.")
    omissions_until: Time | None = Field(description="Until when omissions can be challenged.")
    bond: Amount | None = Field(
        description="Least wei of the next challenge at the newest block's base fee; null without "
        "an anchored root."
    )
    challenges: list[Challenge] = Field(description="Oldest first.")
    rejections: list[RejectedRoot] = Field(description="Oldest first.")
