"""What a provider reports about a transaction: accepted, refused, mined, final.

Providers answer from several replicas, some of which lag behind. A missing answer of a replica
therefore proves nothing; only the content of a block does. Each client words its refusals
differently, so that they are recognized by patterns.

Source: docs/operations.md, "Transactions".
"""

import re
from collections.abc import Mapping
from contextlib import suppress

import structlog
from web3 import Web3
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3RPCError
from web3.types import BlockData, TxReceipt

from ostraka.chain.journal import Outgoing

log = structlog.get_logger()

# The wordings of geth, anvil, Hardhat, ganache and EthereumJS.
ALREADY_KNOWN = re.compile(
    "already known|already imported|known transaction|already exists|already in the (mem|tx)?pool",
    re.IGNORECASE,
)
NONCE_USED = re.compile("nonce too low|correct nonce", re.IGNORECASE)
NONCE_AHEAD = re.compile("nonce too high", re.IGNORECASE)
NONCE_PENDING = re.compile("underpriced", re.IGNORECASE)
LOW_ON_COIN = re.compile(
    "insufficient (funds|balance)|enough funds|exceeds allowance|OutOfFunds", re.IGNORECASE
)
BUSY = re.compile("rate limit|too many requests|limit exceeded|timed? ?out", re.IGNORECASE)
_NEVER_TAKEN = re.compile(
    "gas limit|gas cap|intrinsic gas|fee cap|less than block base fee|lower than the base fee"
    "|invalid sender|initcode size|tx type not supported|chain ?id"
    "|oversized data|configured cap|floor data gas|txpool is full",
    re.IGNORECASE,
)


def receipt_of(web3: Web3, outgoing: Outgoing) -> TxReceipt | None:
    """Return the receipt of the mined version; None if the provider shows none."""
    for version in reversed(outgoing.versions):
        with suppress(TransactionNotFound):
            receipt = web3.eth.get_transaction_receipt(version.hash)  # type: ignore[arg-type]
            if receipt["blockNumber"] is not None:
                return receipt
    return None


def is_never_taken(said: str) -> bool:
    """Return whether a refusal is of the transaction itself, or of an account that cannot pay."""
    return LOW_ON_COIN.search(said) is not None or _NEVER_TAKEN.search(said) is not None


def send(web3: Web3, raw: bytes) -> Web3RPCError | None:
    """Send for the first time; return the refusal if the provider surely did not accept it.

    Uncertain cases, such as a lost answer, count as sent: the transaction is looked for, and sent
    again.
    """
    try:
        web3.eth.send_raw_transaction(raw)
    except Web3RPCError as error:
        said = str(error)
        if ALREADY_KNOWN.search(said):
            return None
        refusals = (NONCE_USED, NONCE_AHEAD, NONCE_PENDING, LOW_ON_COIN, _NEVER_TAKEN)
        if any(pattern.search(said) for pattern in refusals):
            return error
        log.warning("perhaps sent", problem=said)
    except OSError as error:
        log.warning("perhaps sent", problem=type(error).__name__)
    return None


def nonce_at(web3: Web3, account: bytes, block: int) -> int:
    """Return the first nonce of an account that no block up to this one used.

    0 if the provider does not know: some drop the states of old blocks.
    """
    try:
        return web3.eth.get_transaction_count(Web3.to_checksum_address(account), block)
    except (BlockNotFound, Web3RPCError):
        return 0


def nonce_holder(web3: Web3, outgoing: Outgoing, last: int) -> bytes | None:
    """Return the hash of the transaction with this nonce in a block up to `last`; None without any.

    It is read from the block itself, as a replica that lags behind proves nothing.
    """
    name = Web3.to_checksum_address(outgoing.account)

    def used(block: int) -> bool:
        return web3.eth.get_transaction_count(name, block) > outgoing.nonce

    try:
        if not used(last):
            return None
        low = high = last
        step = 1
        while used(low):
            if low == 0:
                return None
            low, high, step = max(0, last - step), low, 2 * step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if used(middle) else (middle, high)
        for one in web3.eth.get_block(high, full_transactions=True)["transactions"]:
            if isinstance(one, Mapping) and (one["from"], one["nonce"]) == (name, outgoing.nonce):
                return bytes(one["hash"])
    except (BlockNotFound, Web3RPCError):
        log.info("nonce not looked up", purpose=outgoing.purpose)
    return None


def final_header(web3: Web3, confirmations: int | None) -> BlockData | None:
    """Return the newest final block; None if the provider knows none.

    Args:
        confirmations: How many blocks behind the newest one a block counts as final; None: the
            chain decides (tag `finalized`).
    """
    if confirmations is not None:
        return web3.eth.get_block(max(0, web3.eth.block_number - confirmations))
    try:
        return web3.eth.get_block("finalized")
    except BlockNotFound:
        return None
    except Web3RPCError as error:
        if BUSY.search(str(error)):
            raise
        # Each client words it differently that it does not know the tag.
        return None


def final_block(web3: Web3, confirmations: int | None) -> int | None:
    """As `final_header`, but return only the number."""
    header = final_header(web3, confirmations)
    return None if header is None else int(header["number"])
