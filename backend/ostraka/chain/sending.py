"""Send every transaction once, whatever becomes of the answers.

A transaction is signed and written to a journal before it is sent. From then on its purpose has
this nonce: a lost answer, a restart or a slow chain leads to the same signed bytes again, or to
the same nonce at a higher fee, and never to a second transaction. A purpose is free again only
once a final block shows that its transaction reverted, or that another one took its nonce.

Providers answer from several replicas, some of which lag behind. What one of them does not show
therefore proves nothing; only what a block contains does.

Source: docs/operations.md, "Transactions"; EIP-1559.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import Any, Protocol

import structlog
from eth_account import Account as EthAccount
from web3 import Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3RPCError
from web3.types import TxReceipt

from ostraka.chain.errors import ChainError, LowOnCoin, NotFinalYet, NotMinedYet, Reverted
from ostraka.clock import unix_now
from ostraka.keys import SigningKey
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

MINING_S = 100
"""How long a caller waits for a block; shorter than the patience of the gateway's clients."""
PUSH_S = 5
"""How often what is not mined is sent again."""
STUCK_S = 30
STUCK_BLOCKS = 3
"""A transaction that this many blocks passed over for this long is replaced at a higher fee."""
_FEE_CAP = 10
"""Nothing is replaced any more that offers so many times what the chain asks for."""
_POLL_S = 0.1
_MAX_GAS = 1 << 24
"""Cap of one transaction (EIP-7825)."""
_NONCE_ATTEMPTS = 5
_NONCE_PAUSE_S = 0.5

# What clients say, each in its own words: geth, anvil, Hardhat, ganache, EthereumJS.
_KNOWN = re.compile(
    "already known|already imported|known transaction|already exists|already in the (mem|tx)?pool",
    re.IGNORECASE,
)
_NONCE_USED = re.compile("nonce too low|correct nonce", re.IGNORECASE)
_NONCE_AHEAD = re.compile("nonce too high", re.IGNORECASE)
_NONCE_PENDING = re.compile("underpriced", re.IGNORECASE)
_LOW_ON_COIN = re.compile(
    "insufficient (funds|balance)|enough funds|exceeds allowance|OutOfFunds", re.IGNORECASE
)
_NEVER_TAKEN = re.compile(
    "gas limit|gas cap|intrinsic gas|fee cap|less than block base fee|lower than the base fee"
    "|invalid sender|initcode size|tx type not supported|chain ?id",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Signed:
    """One signed version of a transaction; fees in wei per gas."""

    hash: bytes
    raw: bytes
    max_fee: int
    priority_fee: int
    head: int
    """Number of the newest block when it was signed."""
    signed_at_unix_s: UnixSeconds


@dataclass(frozen=True)
class Outgoing:
    """A transaction that one purpose sends, whatever its fee.

    Attributes:
        purpose: What it brings about, in the words of whoever sends it.
        account: 20 bytes that pay.
        nonce: Of `account`; with it, names the transaction.
        fields: What is signed beside nonce and fees: `to`, `value`, `data`, `gas`, `chainId`.
        versions: Signed ones, the oldest first; any of them may be mined.
        settled: Whether a final block contains it.
    """

    purpose: str
    account: bytes
    nonce: int
    fields: Mapping[str, Any]
    versions: tuple[Signed, ...]
    settled: bool = False


class Journal(Protocol):
    """Outlives the process: every change is on the disk before the method returns."""

    def current(self, purpose: str) -> Outgoing | None:
        """What a purpose has sent, unless that is given up."""

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """Not settled, or with a nonce from `count` on; by nonce, without what is given up."""

    def nonces(self, account: bytes, first: int) -> set[int]:
        """Nonces from `first` on that are taken."""

    def add(self, outgoing: Outgoing) -> bool:
        """Keep a new one; False when its purpose or its nonce is taken."""

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """Keep another version, unless it is kept already."""

    def resend(self, outgoing: Outgoing) -> bool:
        """Note that others than who began it send its newest version too; False where it is gone.

        From then on nothing drops it: what one provider refuses, another may have taken.
        """

    def drop(self, outgoing: Outgoing) -> bool:
        """Forget one that nobody took; False where it stays, for others sent it too."""

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """Note that a final block contains it, or, after all, that none does."""

    def give_up(self, outgoing: Outgoing) -> None:
        """Free its purpose: it can bring about nothing any more."""


class MemoryJournal:
    """For programs that send one transaction and tell their user what became of it."""

    def __init__(self) -> None:
        self._known: dict[int, Outgoing] = {}
        self._over: set[int] = set()
        self._resent: set[int] = set()

    def current(self, purpose: str) -> Outgoing | None:
        """See `Journal`."""
        for one in self._known.values():
            if one.purpose == purpose and one.nonce not in self._over:
                return one
        return None

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """See `Journal`."""
        return [
            one
            for nonce, one in sorted(self._known.items())
            if nonce not in self._over and (not one.settled or nonce >= count)
        ]

    def nonces(self, account: bytes, first: int) -> set[int]:
        """See `Journal`."""
        return {nonce for nonce in self._known if nonce >= first}

    def add(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        if outgoing.nonce in self._known or self.current(outgoing.purpose) is not None:
            return False
        self._known[outgoing.nonce] = outgoing
        return True

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """See `Journal`."""
        known = self._known[outgoing.nonce]
        if signed not in known.versions:
            self._known[outgoing.nonce] = replace(known, versions=(*known.versions, signed))

    def resend(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        known = self._known.get(outgoing.nonce)
        if known is None or outgoing.versions[-1] not in known.versions:
            return False
        self._resent.add(outgoing.nonce)
        return True

    def drop(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        if outgoing.nonce in self._resent:
            return False
        del self._known[outgoing.nonce]
        return True

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """See `Journal`."""
        self._known[outgoing.nonce] = replace(self._known[outgoing.nonce], settled=settled)

    def give_up(self, outgoing: Outgoing) -> None:
        """See `Journal`."""
        self._over.add(outgoing.nonce)


class Account:
    """Pays for transactions that its journal remembers."""

    def __init__(self, key: SigningKey, journal: Journal) -> None:
        self._key = key
        self.journal = journal
        self.address = key.address

    def errand(self, purpose: str) -> "Errand":
        """Sender of the one transaction that a purpose needs."""
        return Errand(self, purpose)

    def sign_statement(self, digest: bytes) -> bytes:
        """The account's signature of an EIP-712 digest, 65 bytes."""
        return self._key.sign(digest)

    def sign(
        self, nonce: int, fields: Mapping[str, Any], fees: tuple[int, int], head: int
    ) -> Signed:
        """One version of a transaction, at a maximum fee and a priority fee."""
        max_fee, priority_fee = fees
        signed = EthAccount.sign_transaction(
            {
                **fields,
                "type": 2,
                "nonce": nonce,
                "maxFeePerGas": max_fee,
                "maxPriorityFeePerGas": priority_fee,
            },
            self._key.secret(),
        )
        return Signed(
            bytes(signed.hash),
            bytes(signed.raw_transaction),
            max_fee,
            priority_fee,
            head,
            unix_now(),
        )

    def push(self, web3: Web3) -> None:
        """Send again what is not mined, at a higher fee where it is stuck; settle what is final."""
        name = Web3.to_checksum_address(self.address)
        count = web3.eth.get_transaction_count(name, "latest")
        waiting = self.journal.open(self.address, count)
        if not waiting:
            return
        final = _final(web3)
        for outgoing in waiting:
            if outgoing.settled:
                # A chain that took back what was final, or a replica that has not seen it yet.
                self.journal.settle(outgoing, False)
            receipt = receipt_of(web3, outgoing)
            if receipt is not None:
                self.settle(outgoing, receipt, final)
            elif not self._lost(web3, outgoing, final) and self.journal.resend(outgoing):
                if outgoing.nonce == count:
                    outgoing = self._with_higher_fee(web3, outgoing)
                self._send_again(web3, outgoing)

    def settle(self, outgoing: Outgoing, receipt: TxReceipt, final: int | None) -> None:
        """Note what a mined transaction came to, once its block is final."""
        if final is None or receipt["blockNumber"] > final:
            return
        if receipt["status"] == 1:
            self.journal.settle(outgoing, True)
        else:
            self.journal.give_up(outgoing)

    def _lost(self, web3: Web3, outgoing: Outgoing, final: int | None) -> bool:
        """Whether a final block contains another transaction with this nonce: then, gives it up."""
        if final is None:
            return False
        holder = _holder(web3, outgoing, final)
        if holder is None or holder in _hashes(outgoing):
            return False
        log.warning("nonce used elsewhere", purpose=outgoing.purpose, nonce=outgoing.nonce)
        self.journal.give_up(outgoing)
        return True

    def _with_higher_fee(self, web3: Web3, outgoing: Outgoing) -> Outgoing:
        last = outgoing.versions[-1]
        block = web3.eth.get_block("latest")
        passed_over = block["number"] - last.head
        if passed_over < STUCK_BLOCKS or unix_now() - last.signed_at_unix_s < STUCK_S:
            # Where no block comes, no fee helps.
            return outgoing
        base, suggested = block["baseFeePerGas"], web3.eth.max_priority_fee
        if last.max_fee > _FEE_CAP * (2 * base + suggested):
            return outgoing
        # Pools want at least a tenth more of both.
        priority = max(suggested, last.priority_fee * 9 // 8 + 1)
        fees = max(2 * base + priority, last.max_fee * 9 // 8 + 1), priority
        signed = self.sign(outgoing.nonce, outgoing.fields, fees, block["number"])
        self.journal.add_version(outgoing, signed)
        log.info("replaced at a higher fee", purpose=outgoing.purpose, wei_per_gas=fees[0])
        return replace(outgoing, versions=(*outgoing.versions, signed))

    @staticmethod
    def _send_again(web3: Web3, outgoing: Outgoing) -> None:
        # The newest may cost more than the account has; then an older one may still be mined.
        for version in reversed(outgoing.versions):
            try:
                web3.eth.send_raw_transaction(version.raw)
            except OSError as error:
                log.warning("perhaps sent again", problem=type(error).__name__)
            except Web3RPCError as error:
                # Another replica, or an earlier try, may have it: no refusal counts any more.
                if not _KNOWN.search(str(error)):
                    log.info("not taken again", purpose=outgoing.purpose, problem=str(error))
                    continue
            return


class Errand:
    """Sends the one transaction of a purpose, or follows what was sent for it before."""

    def __init__(self, account: Account, purpose: str) -> None:
        self._account = account
        self._journal = account.journal
        self._purpose = purpose
        self.address = account.address

    @property
    def begun(self) -> bool:
        """Whether its transaction was signed, and may have been sent."""
        return self._journal.current(self._purpose) is not None

    @property
    def settled(self) -> bool:
        """Whether its transaction is in a final block."""
        outgoing = self._journal.current(self._purpose)
        return outgoing is not None and outgoing.settled

    def transact(self, web3: Web3, function: Any, value: int = 0) -> TxReceipt:
        """The receipt of the purpose's transaction, which is sent unless it was before.

        Args:
            function: What is called if nothing was sent yet.
            value: Wei that go with it.

        Raises:
            Reverted: It was mined and failed, finally.
            NotFinalYet: It failed in a block that could still be taken back.
            NotMinedYet: It waits for a block; asking again goes on waiting for the same one.
            LowOnCoin: The account cannot pay; nothing was sent.
            Web3Exception, OSError: As the provider says; nothing was sent, or it is sent again.
        """
        deadline_monotonic_s = time.monotonic() + MINING_S
        while True:
            outgoing = self._journal.current(self._purpose)
            if outgoing is None:
                outgoing = self._begin(web3, function, value)
            receipt = self._await(web3, outgoing, deadline_monotonic_s)
            if receipt is not None:
                return receipt

    def follow(self, web3: Web3) -> TxReceipt:
        """As `transact`, of what was sent before; ChainError where that is given up."""
        outgoing = self._journal.current(self._purpose)
        if outgoing is not None:
            receipt = self._await(web3, outgoing, time.monotonic() + MINING_S)
            if receipt is not None:
                return receipt
        raise ChainError(f"{self._purpose}: nothing is sent that could still be mined")

    def _begin(self, web3: Web3, function: Any, value: int) -> Outgoing:
        """Sign, keep, send. What no provider can have taken is forgotten again."""
        # Two at once would take the same nonce; another program with this key still may.
        with _sending(self.address):
            first = 0
            for _ in range(_NONCE_ATTEMPTS):
                outgoing = self._prepared(web3, function, value, first)
                if not self._journal.add(outgoing):
                    known = self._journal.current(self._purpose)
                    if known is not None:
                        return known
                    continue
                refusal = _send(web3, outgoing.versions[0].raw)
                if refusal is None:
                    return outgoing
                if receipt_of(web3, outgoing) is not None:
                    # Some providers mine what they complain of.
                    return outgoing
                said = str(refusal)
                if _NONCE_USED.search(said):
                    holder = _holder(web3, outgoing, web3.eth.block_number)
                    if holder is None or holder in _hashes(outgoing):
                        return outgoing
                if not self._journal.drop(outgoing):
                    return outgoing
                if _NONCE_USED.search(said) or _NONCE_PENDING.search(said):
                    first = outgoing.nonce + 1
                elif _NONCE_AHEAD.search(said):
                    self._account.push(web3)
                elif _LOW_ON_COIN.search(said):
                    raise self._low_on_coin(web3) from refusal
                else:
                    raise refusal
                time.sleep(_NONCE_PAUSE_S)
        raise ChainError(f"{self._purpose}: other programs send from this account without pause")

    def _prepared(self, web3: Web3, function: Any, value: int, first: int) -> Outgoing:
        name = Web3.to_checksum_address(self.address)
        mined = web3.eth.get_transaction_count(name, "latest")
        nonce = max(first, mined, web3.eth.get_transaction_count(name, "pending"))
        taken = self._journal.nonces(self.address, nonce)
        while nonce in taken:
            nonce += 1
        head = web3.eth.block_number
        try:
            built = function.build_transaction(
                # The nonce of estimates is the chain's: not every provider knows of ours yet.
                {"from": name, "value": value, "nonce": nonce, "chainId": web3.eth.chain_id}
            )
        except ContractLogicError:
            raise
        except (Web3RPCError, ValueError) as error:
            if _LOW_ON_COIN.search(str(error)):
                raise self._low_on_coin(web3) from error
            raise
        fields = {name: built[name] for name in ("to", "value", "data", "chainId") if name in built}
        # The block that it lands in may find more to do than the one it was estimated on.
        fields["gas"] = min(built["gas"] * 3 // 2, _MAX_GAS)
        fees = int(built["maxFeePerGas"]), int(built["maxPriorityFeePerGas"])
        signed = self._account.sign(nonce, fields, fees, head)
        return Outgoing(self._purpose, self.address, nonce, fields, (signed,))

    def _low_on_coin(self, web3: Web3) -> LowOnCoin:
        name = Web3.to_checksum_address(self.address)
        balance = web3.eth.get_balance(name)
        return LowOnCoin(
            f"account {name.lower()} has {balance} of the chain's coin, in its smallest unit: "
            "too little for this transaction and its fee"
        )

    def _await(
        self, web3: Web3, outgoing: Outgoing, deadline_monotonic_s: float
    ) -> TxReceipt | None:
        """Its receipt; None once it is given up without one."""
        pushed_at = outgoing.versions[-1].signed_at_unix_s
        while True:
            receipt = receipt_of(web3, outgoing)
            if receipt is not None:
                return self._outcome(web3, outgoing, receipt)
            if unix_now() - pushed_at >= PUSH_S:
                self._account.push(web3)
                pushed_at = unix_now()
                known = self._journal.current(self._purpose)
                if known is None or known.nonce != outgoing.nonce:
                    return None
                outgoing = known
            if time.monotonic() > deadline_monotonic_s:
                raise NotMinedYet(
                    f"transaction 0x{outgoing.versions[-1].hash.hex()} was sent and is not mined "
                    "yet; asking again does not send another one"
                )
            time.sleep(_POLL_S)

    def _outcome(self, web3: Web3, outgoing: Outgoing, receipt: TxReceipt) -> TxReceipt:
        if receipt["status"] == 1:
            return receipt
        self._account.settle(outgoing, receipt, _final(web3))
        name = receipt["transactionHash"].to_0x_hex()
        if self.begun:
            # A reorganization could still let it succeed, beside another one that is sent now.
            raise NotFinalYet(
                f"transaction {name} reverted, and its block is not final yet; asking again does "
                "not send another one before"
            )
        raise Reverted(f"transaction {name} reverted")


def receipt_of(web3: Web3, outgoing: Outgoing) -> TxReceipt | None:
    """Receipt of whichever version was mined, None where the provider shows none."""
    for version in reversed(outgoing.versions):
        with suppress(TransactionNotFound):
            receipt = web3.eth.get_transaction_receipt(version.hash)  # type: ignore[arg-type]
            if receipt["blockNumber"] is not None:
                return receipt
    return None


def _send(web3: Web3, raw: bytes) -> Web3RPCError | None:
    """Send for the first time; the refusal where it is sure that the provider did not take it.

    Anything that is not sure, as a lost answer, counts as sent: it is looked for, and sent again.
    """
    try:
        web3.eth.send_raw_transaction(raw)
    except Web3RPCError as error:
        said = str(error)
        if _KNOWN.search(said):
            return None
        refusals = (_NONCE_USED, _NONCE_AHEAD, _NONCE_PENDING, _LOW_ON_COIN, _NEVER_TAKEN)
        if any(pattern.search(said) for pattern in refusals):
            return error
        log.warning("perhaps sent", problem=said)
    except OSError as error:
        log.warning("perhaps sent", problem=type(error).__name__)
    return None


def _holder(web3: Web3, outgoing: Outgoing, last: int) -> bytes | None:
    """Hash of the transaction in a block up to `last` that has this nonce; None if none is shown.

    Found in the block itself, so that a replica that lags behind cannot be taken for a proof.
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


def _final(web3: Web3) -> int | None:
    """Number of the newest final block, None where the provider knows none."""
    try:
        return int(web3.eth.get_block("finalized")["number"])
    except (BlockNotFound, Web3RPCError):
        return None


def _hashes(outgoing: Outgoing) -> set[bytes]:
    return {version.hash for version in outgoing.versions}


@cache
def _sending(_: bytes) -> Lock:
    """One lock for each account of this process."""
    return Lock()
