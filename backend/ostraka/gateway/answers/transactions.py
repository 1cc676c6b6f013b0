"""Transactions that the gateway sent."""

from pydantic import Field

from ostraka.wire.answers import Answer, BlockNumber, Count, Hash


class Transaction(Answer):
    """A mined transaction."""

    transaction: Hash = Field(description="Hash of the transaction.")
    gas_used: Count = Field(description="Gas that it used.")
    block: BlockNumber


class PlannedTransaction(Transaction):
    """A mined transaction of a plan."""

    name: str = Field(description="What it did.", examples=["create poll", "open poll", "anchor"])
