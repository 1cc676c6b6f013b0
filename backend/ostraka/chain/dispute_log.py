"""What the events of Disputes tell: challenges, what answers showed, rejections and their grounds.

Source: contracts/interfaces/IDisputes.sol, docs/protocol.md §11.3, §18.8.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from eth_abi.exceptions import DecodingError
from web3.exceptions import TransactionNotFound, Web3Exception
from web3.types import EventData

from ostraka.chain.contract import call, checksum
from ostraka.chain.disputes import (
    Challenge,
    ChallengeState,
    DisputedPoll,
    Disputes,
    Docket,
    Ground,
    ReceiptedBallot,
    Rejection,
    ShownLeaf,
    receipted,
)
from ostraka.chain.errors import ChainError
from ostraka_verifier.merkle_sum import Leaf, SumNode
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

REREAD_BLOCKS = 64
"""Newest blocks whose events are always read again: a reorganization may replace them, and a
replica may show them late."""


class DisputeLog:
    """All events of one contract of disputes, in memory: there are few."""

    def __init__(self, disputes: Disputes) -> None:
        self._disputes = disputes
        self._events: list[EventData] = []
        self._read_to = disputes.deployment_block - 1
        self._signed: dict[bytes, tuple[bytes, bytes, bytes] | None] = {}

    def update(self, last: int) -> None:
        """Read the events up to a block; ChainError leaves everything as it was."""
        first = max(self._disputes.deployment_block, min(self._read_to, last) - REREAD_BLOCKS + 1)
        read = self._disputes.logs(first, last)
        kept = [event for event in self._events if event["blockNumber"] < first]
        self._events, self._read_to = kept + read, last

    def docket(self, poll: DisputedPoll) -> Docket:
        """Return the disputes about a poll, as far as events were read.

        Raises:
            ChainError: The provider does not show the transaction of an answer.
        """
        challenges: dict[bytes, Challenge] = {}
        subjects: dict[bytes, int | ReceiptedBallot] = {}
        shown: list[tuple[int, ShownLeaf]] = []
        rejections: list[Rejection] = []
        for event in self._events:
            given, name = event["args"], event["event"]
            identity = bytes(given.get("challenge", b""))
            if name in ("Challenged", "RootShownFalse"):
                if (given["registry"], given["pollId"]) != poll.subject:
                    continue
                if name == "Challenged":
                    challenges[identity] = _challenge(identity, event)
                else:
                    ground = Ground(given["ground"])
                    rejections.append(Rejection(given["round"], ground, event["blockNumber"]))
            elif name == "LeafChallenged":
                subjects[identity] = int(given["index"])
            elif name == "OmissionChallenged":
                subjects[identity] = receipted(given["ballot"])
            elif identity in challenges and name == "LeafShown":
                index = subjects.get(identity)
                if isinstance(index, int):
                    shown.append((challenges[identity].round, self._shown(index, event)))
            elif identity in challenges and name == "Answered":
                paid = int(given["paid"])
                known = challenges[identity]
                challenges[identity] = replace(known, state=ChallengeState.ANSWERED, paid=paid)
            elif identity in challenges and name == "Closed":
                challenges[identity] = replace(challenges[identity], state=ChallengeState.CLOSED)
        named = [
            replace(one, subject=subjects[one.id])
            for one in challenges.values()
            # The event that names the subject is of the same transaction.
            if one.id in subjects
        ]
        return Docket(tuple(named), tuple(shown), tuple(rejections))

    def first_deadlines(self, registry: str) -> dict[int, UnixSeconds]:
        """Return the earliest deadline of the open challenges of each poll, by its number.

        Args:
            registry: Address of the polls' registry, with checksum.
        """
        waiting: dict[bytes, tuple[int, UnixSeconds]] = {}
        for event in self._events:
            given, name = event["args"], event["event"]
            if name == "Challenged" and given["registry"] == registry:
                deadline = UnixSeconds(given["deadline"])
                waiting[bytes(given["challenge"])] = given["pollId"], deadline
            elif name in ("Answered", "Closed"):
                waiting.pop(bytes(given["challenge"]), None)
        first: dict[int, UnixSeconds] = {}
        for number, deadline in waiting.values():
            first[number] = min(deadline, first.get(number, deadline))
        return first

    def latest_credit(self, account: bytes) -> str:
        """Return where an account's balance grew last, as block and place; "0" if it never did."""
        latest = "0"
        for event in self._events:
            given, name = event["args"], event["event"]
            is_own = (name == "Closed" and given["challenger"] == checksum(account)) or (
                name == "Answered" and given["payee"] == checksum(account)
            )
            if is_own:
                latest = f"{event['blockNumber']}.{event['logIndex']}"
        return latest

    def _shown(self, index: int, event: EventData) -> ShownLeaf:
        leaf, siblings = event["args"]["leaf"], event["args"]["siblings"]
        name = bytes(event["transactionHash"])
        if name not in self._signed:
            self._signed[name] = self._read_signed(name)
        return ShownLeaf(
            index,
            Leaf(
                bytes.fromhex(leaf["voter"][2:]),
                int(leaf["weight"]),
                UnixSeconds(leaf["castAt"]),
                bytes(leaf["ballotDigest"]),
            ),
            _point(leaf["x"], leaf["y"]),
            tuple(SumNode(bytes(one["hash"]), _point(one["x"], one["y"])) for one in siblings),
            self._signed[name],
        )

    def _read_signed(self, name: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Return the ballot that an answer's transaction has; None if it is not readable.

        Whoever answers may send it through another contract, or encode it so that only the
        contract reads it.
        """
        disputes = self._disputes
        try:
            sent = call(lambda: disputes.web3.eth.get_transaction(name))  # type: ignore[arg-type]
        except ChainError as error:
            if isinstance(error.__cause__, TransactionNotFound):
                # A reorganization removed it.
                return None
            raise
        try:
            _, given = disputes.contract.decode_function_input(bytes(sent["input"]))
            evidence = given["evidence"]
            return (
                bytes(evidence["ballot"]),
                bytes(evidence["boxesHash"]),
                bytes(evidence["signature"]),
            )
        except (Web3Exception, DecodingError, ValueError, KeyError) as error:
            log.info("answer not readable", transaction="0x" + name.hex(), problem=str(error))
            return None


def open_by(challenges: Sequence[Challenge], challenger: bytes) -> list[Challenge]:
    """Return the open challenges of an account."""
    return [one for one in challenges if one.is_open and one.challenger == challenger]


def _challenge(identity: bytes, event: EventData) -> Challenge:
    given = event["args"]
    return Challenge(
        identity,
        0,
        int(given["round"]),
        bytes.fromhex(given["challenger"][2:]),
        UnixSeconds(given["deadline"]),
        int(given["bond"]),
        event["blockNumber"],
    )


def _point(x: int, y: int) -> bytes:
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")
