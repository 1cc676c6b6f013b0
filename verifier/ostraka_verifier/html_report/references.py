"""Where the chain records a poll, and the currency of its money: facts that no check needs.

The endpoint's answers are shown and not judged. What it does not answer is left out of a report.

Source: contracts/interfaces/IPollRegistry.sol; ERC-20.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ostraka_verifier.abi import Event, Struct
from ostraka_verifier.checks import Audit
from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.contracts import POLL_CREATED, POLL_OPENED, ROOT_ANCHORED, TALLY_ACCEPTED
from ostraka_verifier.encoding import WORD_BYTES
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.evidence import RoundEvidence
from ostraka_verifier.html_report.formats import iso
from ostraka_verifier.rpc import JsonRpc, answered_bytes, read_quantity
from ostraka_verifier.units import UnixSeconds

_T = TypeVar("_T")

COIN_DECIMALS = 18
"""Of the coin of every Ethereum chain."""
_MAX_DECIMALS = 36
_MAX_SYMBOL = 16
_TEXT = Struct((("text", "string"),))
_STEPS = (
    ("The poll was created", POLL_CREATED),
    ("Voting was opened", POLL_OPENED),
    ("The list of counted ballots was recorded", ROOT_ANCHORED),
    ("The result was accepted", TALLY_ACCEPTED),
)


@dataclass(frozen=True)
class Transaction:
    """A transaction that changed the poll's state.

    Attributes:
        step: What it did, in words.
        event: Name of its event.
        hash: 32 bytes.
        at: Timestamp of its block; None if the endpoint does not give it.
    """

    step: str
    event: str
    block: int
    hash: bytes
    at: UnixSeconds | None

    def to_json(self) -> dict[str, Any]:
        """Return the hash in 0x-hex and the time in ISO 8601."""
        return {
            "event": self.event,
            "block": self.block,
            "transaction": f"0x{self.hash.hex()}",
            "time": None if self.at is None else iso(self.at),
        }


@dataclass(frozen=True)
class Currency:
    """In what a round pays.

    Attributes:
        token: 20-byte address; empty for the chain's own coin.
        symbol: Letters and digits of the token's symbol, None without any.
        decimals: Digits after the point of one whole unit; None if the token does not say.
    """

    token: bytes
    symbol: str | None
    decimals: int | None


@dataclass(frozen=True)
class References:
    """What an endpoint shows of a poll.

    Attributes:
        block_time: Timestamp of the block at which the poll was read; None if unknown.
        transactions: In the order of a poll's states; those that the endpoint showed.
        currency: Of the poll's round; None without a round that was read.
    """

    block_time: UnixSeconds | None = None
    transactions: tuple[Transaction, ...] = ()
    currency: Currency | None = None


def read_references(rpc_url: str, from_block: int, audit: Audit) -> References:
    """Ask an endpoint for the references of an audited poll; never raises what it answers.

    Args:
        from_block: As in `audit_poll`.
    """
    rpc, block = JsonRpc(rpc_url, from_block), audit.chain.block
    rpc.begins_later(audit.claimed.registry)
    registry = ContractView(rpc, audit.claimed.registry, block)
    poll_id = audit.claimed.poll_id

    def transaction(step: str, event: Event) -> Transaction | None:
        return answer_or_none(lambda: _transaction(rpc, registry, poll_id, step, event))

    found = [transaction(step, event) for step, event in _STEPS]
    evidence = audit.chain.round
    return References(
        block_time=answer_or_none(lambda: rpc.timestamp(block)),
        transactions=tuple(one for one in found if one is not None),
        currency=_currency(ContractView(rpc, evidence.token, block), evidence.token)
        if isinstance(evidence, RoundEvidence)
        else None,
    )


def answer_or_none(read: Callable[[], _T]) -> _T | None:
    """Return what can be read, None if it cannot: checks report why."""
    try:
        return read()
    except AuditError:
        return None


def _transaction(
    rpc: JsonRpc, registry: ContractView, poll_id: int, step: str, event: Event
) -> Transaction | None:
    logs = registry.newest_events(event.topics(poll_id))
    if not logs:
        return None
    block = read_quantity(logs[-1].get("blockNumber"), "eth_getLogs")
    return Transaction(
        step,
        event.name,
        block,
        answered_bytes(logs[-1].get("transactionHash"), "eth_getLogs"),
        answer_or_none(lambda: rpc.timestamp(block)),
    )


def _currency(contract: ContractView, token: bytes) -> Currency:
    if not any(token):
        return Currency(b"", None, COIN_DECIMALS)
    named = answer_or_none(lambda: _symbol(contract.call("symbol()"))) or ""
    decimals = answer_or_none(lambda: int.from_bytes(contract.word("decimals()"), "big"))
    if decimals is not None and decimals > _MAX_DECIMALS:
        decimals = None
    # A symbol is any text of the token's maker. Signs in it could imitate digits or verdicts.
    symbol = "".join(sign for sign in named if sign.isalnum())[:_MAX_SYMBOL]
    return Currency(token, symbol or None, decimals)


def _symbol(answer: bytes) -> str:
    """Return a text, which old tokens give as one padded word."""
    data = (
        answer
        if len(answer) == WORD_BYTES
        else _TEXT.decode(answer, "symbol()").byte_string("text")
    )
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise Malformed("symbol()", "not UTF-8") from None
