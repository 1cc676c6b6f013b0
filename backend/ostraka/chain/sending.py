"""Send every transaction once, even when answers get lost.

A transaction is signed and written to a journal before it is sent. From then on its purpose owns
this nonce: after a lost answer, a restart or on a slow chain, the same signed bytes are sent again,
or the same nonce at a higher fee, but never a second transaction. A purpose can get a new
transaction only once a final block shows that the first one reverted, or that another one used its
nonce.

Source: docs/operations.md, "Transactions"; EIP-1559.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from threading import Lock
from typing import Any

import structlog
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import TxReceipt

from ostraka.chain.errors import ChainError, LowOnCoin, NotFinalYet, NotMinedYet, Reverted
from ostraka.chain.journal import Journal, Outgoing, Signed
from ostraka.chain.provider import (
    ALREADY_KNOWN,
    LOW_ON_COIN,
    NONCE_AHEAD,
    NONCE_PENDING,
    NONCE_USED,
    final_block,
    is_never_taken,
    nonce_at,
    nonce_holder,
    receipt_of,
    send,
)
from ostraka.chain.signers import KeySigner, Signer
from ostraka.clock import unix_now
from ostraka.keys import SigningKey

log = structlog.get_logger()

MINING_S = 100
"""Longest time that a caller waits for a block; shorter than the timeout of gateway clients."""
PUSH_S = 5
"""Time after which a pending transaction is sent again."""
STUCK_S = 30
STUCK_BLOCKS = 3
"""A transaction that this many blocks skipped for this long is replaced at a higher fee."""
_FEE_CAP = 10
"""A transaction that offers this multiple of the chain's fee is not replaced again."""
_FIRST_POLL_S, _LONGEST_POLL_S, _POLL_GROWTH = 0.1, 1, 1.3
"""Pauses between questions for a receipt: short on chains that mine at once, ever longer on others,
where a block takes seconds."""
_MAX_GAS = 1 << 24
"""Gas limit of one transaction (EIP-7825)."""
_NONCE_ATTEMPTS = 5
_NONCE_PAUSE_S = 0.5


class Payer:
    """An account that pays for transactions, which its journal keeps."""

    def __init__(self, signer: Signer, journal: Journal, confirmations: int | None = None) -> None:
        """Args:
        confirmations: As in `DeployedContract`.
        """
        self._signer = signer
        self.journal = journal
        self._confirmations = confirmations
        self.address = signer.address

    def errand(self, purpose: str, *, waits: bool = True) -> "Errand":
        """Return the sender of a purpose's only transaction.

        Args:
            waits: Whether it waits for a block. Otherwise it only sends: its caller looks again
                later, and calls `push` meanwhile.
        """
        return Errand(self, purpose, waits=waits)

    def unsettled(self, web3: Web3) -> tuple[int, list[Outgoing]]:
        """Return the account's next nonce on chain, and its transactions in no final block.

        Both by nonce: those from that nonce on wait for a block, the others are in one that is not
        final.
        """
        count = web3.eth.get_transaction_count(Web3.to_checksum_address(self.address), "latest")
        return count, self.journal.open(self.address, count)

    def sign(
        self, nonce: int, fields: Mapping[str, Any], fees: tuple[int, int], head: int
    ) -> Signed:
        """Sign one version of a transaction, with a maximum fee and a priority fee."""
        max_fee, priority_fee = fees
        name, raw = self._signer.sign_transaction(
            {
                **fields,
                "type": 2,
                "nonce": nonce,
                "maxFeePerGas": max_fee,
                "maxPriorityFeePerGas": priority_fee,
            }
        )
        return Signed(
            name,
            raw,
            max_fee,
            priority_fee,
            head,
            unix_now(),
        )

    def push(self, web3: Web3) -> None:
        """Send pending transactions again, stuck ones at a higher fee, and settle final ones."""
        count, waiting = self.unsettled(web3)
        if not waiting:
            return
        final = self.final_block(web3)
        decided = 0 if final is None else nonce_at(web3, self.address, final)
        skipped: Signed | None = None
        blocking: Outgoing | None = None
        for outgoing in waiting:
            if decided <= outgoing.nonce < count:
                # Its nonce is used, in a block that is not final: there is nothing to do.
                continue
            if outgoing.settled:
                # The chain reverted a final block, or a replica has not seen it yet.
                self.journal.settle(outgoing, False)
            receipt = receipt_of(web3, outgoing)
            if receipt is not None:
                self.settle(outgoing, receipt, final)
            elif not self._lost(web3, outgoing, final) and self.journal.resend(outgoing):
                last = outgoing.versions[-1]
                is_next = outgoing.nonce == count and self._is_stuck(web3, last)
                if is_next:
                    skipped = last
                # All that follow it wait, too. Those with no better fees would be skipped in turn.
                if skipped is not None and not last.outbids(skipped):
                    outgoing = self._with_higher_fee(web3, outgoing)
                if self._send_again(web3, outgoing) and is_next:
                    blocking = outgoing
        if blocking is not None and blocking.nonce < waiting[-1].nonce:
            self._fill(web3, blocking)

    def final_block(self, web3: Web3) -> int | None:
        """Return the number of the newest final block; None if the provider knows none."""
        return final_block(web3, self._confirmations)

    def settle(self, outgoing: Outgoing, receipt: TxReceipt, final: int | None) -> None:
        """Note the result of a mined transaction, once its block is final."""
        if final is None or receipt["blockNumber"] > final:
            return
        if receipt["status"] == 1:
            self.journal.settle(outgoing, True)
        else:
            log.warning("reverted", purpose=outgoing.purpose, nonce=outgoing.nonce)
            self.journal.give_up(outgoing)

    def _lost(self, web3: Web3, outgoing: Outgoing, final: int | None) -> bool:
        """Whether a final block contains another transaction with this nonce; then gives it up."""
        if final is None:
            return False
        holder = nonce_holder(web3, outgoing, final)
        if holder is None or holder in outgoing.hashes:
            return False
        log.warning("nonce used elsewhere", purpose=outgoing.purpose, nonce=outgoing.nonce)
        self.journal.give_up(outgoing)
        return True

    @staticmethod
    def _is_stuck(web3: Web3, last: Signed) -> bool:
        """Whether blocks skip the next transaction; without new blocks, no higher fee helps."""
        is_old = unix_now() - last.signed_at_unix_s >= STUCK_S
        return is_old and web3.eth.block_number - last.head >= STUCK_BLOCKS

    def _with_higher_fee(self, web3: Web3, outgoing: Outgoing) -> Outgoing:
        last = outgoing.versions[-1]
        block = web3.eth.get_block("latest")
        base, suggested = block["baseFeePerGas"], web3.eth.max_priority_fee
        if last.max_fee > _FEE_CAP * (2 * base + suggested):
            return outgoing
        # Transaction pools require at least 10 % more for both fees.
        priority = max(suggested, last.priority_fee * 9 // 8 + 1)
        fees = max(2 * base + priority, last.max_fee * 9 // 8 + 1), priority
        signed = self.sign(outgoing.nonce, outgoing.fields, fees, block["number"])
        self.journal.add_version(outgoing, signed)
        log.info("replaced at a higher fee", purpose=outgoing.purpose, wei_per_gas=fees[0])
        return replace(outgoing, versions=(*outgoing.versions, signed))

    def _fill(self, web3: Web3, outgoing: Outgoing) -> None:
        """Use the nonce of a transaction that no provider takes for an empty transfer to itself.

        Otherwise it would hold up all that follow it. The transfer is in no journal: whichever of
        both is mined, the other one never is. If it is the transfer, the purpose is given up once
        that is final, like that of any nonce that another program used.
        """
        block = web3.eth.get_block("latest")
        priority = web3.eth.max_priority_fee
        own = Web3.to_checksum_address(self.address)
        fields = {"to": own, "value": 0, "data": b"", "chainId": outgoing.fields["chainId"]}
        fields["gas"] = web3.eth.estimate_gas({"from": own, "to": own})
        fees = 2 * block["baseFeePerGas"] + priority, priority
        signed = self.sign(outgoing.nonce, fields, fees, block["number"])
        refusal = send(web3, signed.raw)
        log.warning(
            "nonce filled with an empty transfer",
            purpose=outgoing.purpose,
            nonce=outgoing.nonce,
            problem=None if refusal is None else str(refusal),
        )

    @staticmethod
    def _send_again(web3: Web3, outgoing: Outgoing) -> bool:
        """Send the newest version that the provider takes; return whether it surely took none."""
        is_refused = True
        # The account may be unable to pay for the newest version; then an older one may be mined.
        for version in reversed(outgoing.versions):
            try:
                web3.eth.send_raw_transaction(version.raw)
            except OSError as error:
                log.warning("perhaps sent again", problem=type(error).__name__)
            except Web3RPCError as error:
                # Another replica may have it from an earlier attempt, so this refusal proves
                # nothing.
                if not ALREADY_KNOWN.search(str(error)):
                    log.info("not taken again", purpose=outgoing.purpose, problem=str(error))
                    is_refused = is_refused and is_never_taken(str(error))
                    continue
            return False
        return is_refused


class Account(Payer):
    """A payer whose key signs statements, too."""

    def __init__(self, key: SigningKey, journal: Journal, confirmations: int | None = None) -> None:
        super().__init__(KeySigner(key), journal, confirmations)
        self._key = key

    def sign_statement(self, digest: bytes) -> bytes:
        """Return the account's signature of an EIP-712 digest, 65 bytes."""
        return self._key.sign(digest)


class Errand:
    """Sends a purpose's only transaction, or follows it if it was sent before."""

    def __init__(self, account: Payer, purpose: str, *, waits: bool = True) -> None:
        """Args:
        waits: As in `Payer.errand`.
        """
        self._account = account
        self._waits = waits
        self._journal = account.journal
        self._purpose = purpose
        self.address = account.address

    @property
    def begun(self) -> bool:
        """Whether its transaction was signed, and may have been sent."""
        return self.outgoing is not None

    @property
    def settled(self) -> bool:
        """Whether its transaction is in a final block."""
        return self.outgoing is not None and self.outgoing.settled

    @property
    def outgoing(self) -> Outgoing | None:
        """Its transaction; None before one is signed, and after it was given up."""
        return self._journal.current(self._purpose)

    def transact(self, web3: Web3, function: Any, value: int = 0) -> TxReceipt:
        """Return the receipt of the purpose's transaction; it is sent unless it was sent before.

        Args:
            function: Call to send if nothing was sent yet.
            value: Wei to send along.

        Raises:
            Reverted: It was mined and failed, finally.
            NotFinalYet: It failed in a block that is not final.
            NotMinedYet: It waits for a block; another call continues to wait for the same
            transaction.
            LowOnCoin: The account cannot pay; nothing was sent.
            Web3Exception, OSError: An error of the provider; nothing was sent, or it is sent
            again.
        """
        deadline_monotonic_s = self._deadline_monotonic_s()
        while True:
            outgoing = self._journal.current(self._purpose)
            if outgoing is None:
                outgoing = self._begin(web3, function, value)
            receipt = self._await(web3, outgoing, deadline_monotonic_s)
            if receipt is not None:
                return receipt

    def _deadline_monotonic_s(self) -> float:
        return time.monotonic() + (MINING_S if self._waits else 0)

    def follow(self, web3: Web3) -> TxReceipt:
        """As `transact`, for a transaction sent before; ChainError if it was given up."""
        outgoing = self._journal.current(self._purpose)
        if outgoing is not None:
            receipt = self._await(web3, outgoing, self._deadline_monotonic_s())
            if receipt is not None:
                return receipt
        raise ChainError(f"{self._purpose}: no sent transaction can still be mined")

    def _begin(self, web3: Web3, function: Any, value: int) -> Outgoing:
        """Sign, store and send; delete the transaction if surely no provider accepted it."""
        # Two threads would use the same nonce. Another program with this key still can.
        with _sending(self.address):
            first = 0
            for _ in range(_NONCE_ATTEMPTS):
                outgoing = self._prepared(web3, function, value, first)
                if not self._journal.add(outgoing):
                    known = self._journal.current(self._purpose)
                    if known is not None:
                        return known
                    continue
                refusal = send(web3, outgoing.versions[0].raw)
                if refusal is None:
                    return outgoing
                if receipt_of(web3, outgoing) is not None:
                    # Some providers mine a transaction although they answer with an error.
                    return outgoing
                said = str(refusal)
                if NONCE_USED.search(said):
                    holder = nonce_holder(web3, outgoing, web3.eth.block_number)
                    if holder is None or holder in outgoing.hashes:
                        return outgoing
                if not self._journal.drop(outgoing):
                    return outgoing
                if NONCE_USED.search(said) or NONCE_PENDING.search(said):
                    first = outgoing.nonce + 1
                elif NONCE_AHEAD.search(said):
                    self._account.push(web3)
                elif LOW_ON_COIN.search(said):
                    raise self._low_on_coin(web3) from refusal
                else:
                    raise refusal
                time.sleep(_NONCE_PAUSE_S)
        raise ChainError(f"{self._purpose}: other programs keep using this account's nonces")

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
                # Estimates use the chain's nonce, as some providers do not know ours yet.
                {"from": name, "value": value, "nonce": nonce, "chainId": web3.eth.chain_id}
            )
        except ContractLogicError:
            raise
        except (Web3RPCError, ValueError) as error:
            if LOW_ON_COIN.search(str(error)):
                raise self._low_on_coin(web3) from error
            raise
        fields = {name: built[name] for name in ("to", "value", "data", "chainId") if name in built}
        # The transaction may need more gas in its block than in the one used for the estimate.
        fields["gas"] = min(built["gas"] * 3 // 2, _MAX_GAS)
        fees = int(built["maxFeePerGas"]), int(built["maxPriorityFeePerGas"])
        signed = self._account.sign(nonce, fields, fees, head)
        return Outgoing(self._purpose, self.address, nonce, fields, (signed,))

    def _low_on_coin(self, web3: Web3) -> LowOnCoin:
        name = Web3.to_checksum_address(self.address)
        coins = Decimal(Web3.from_wei(web3.eth.get_balance(name), "ether"))
        return LowOnCoin(
            f"account {name.lower()} has {coins:f} of the chain's coin: "
            "not enough for this transaction and its fee"
        )

    def _await(
        self, web3: Web3, outgoing: Outgoing, deadline_monotonic_s: float
    ) -> TxReceipt | None:
        """Return its receipt; None once it is given up without one."""
        pushed_at = outgoing.versions[-1].signed_at_unix_s
        pause_s = _FIRST_POLL_S
        while True:
            receipt = receipt_of(web3, outgoing)
            if receipt is not None:
                return self._outcome(web3, outgoing, receipt)
            if time.monotonic() >= deadline_monotonic_s:
                raise NotMinedYet(
                    f"transaction 0x{outgoing.versions[-1].hash.hex()} was sent and is not mined "
                    "yet; a retry does not send another one"
                )
            if unix_now() - pushed_at >= PUSH_S:
                self._account.push(web3)
                pushed_at = unix_now()
                known = self._journal.current(self._purpose)
                if known is None or known.nonce != outgoing.nonce:
                    return None
                outgoing = known
            time.sleep(pause_s)
            pause_s = min(pause_s * _POLL_GROWTH, _LONGEST_POLL_S)

    def _outcome(self, web3: Web3, outgoing: Outgoing, receipt: TxReceipt) -> TxReceipt:
        if receipt["status"] == 1:
            return receipt
        self._account.settle(outgoing, receipt, self._account.final_block(web3))
        name = receipt["transactionHash"].to_0x_hex()
        if self.begun:
            # After a reorganization it could succeed in addition to another one sent now.
            raise NotFinalYet(
                f"transaction {name} reverted, and its block is not final yet; a retry sends "
                "another one only after that"
            )
        raise Reverted(f"transaction {name} reverted")


@cache
def _sending(_: bytes) -> Lock:
    """Return the lock of an account in this process."""
    return Lock()
