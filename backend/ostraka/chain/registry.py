"""PollRegistry on chain: read polls and their events, send transactions.

Reading never trusts an address or a digest that the caller did not ask for; what the protocol
decides from chain data is decided elsewhere.

Source: contracts/interfaces/IPollRegistry.sol, docs/protocol.md §4, §11, §12.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from eth_account import Account
from eth_typing import ChecksumAddress
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception
from web3.types import EventData, TxReceipt

from ostraka.keys import SigningKey
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.parameters import Committee, Member, PollParameters
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.typed_data import Domain

_CHECKOUT = Path(__file__).resolve().parents[3]
_T = TypeVar("_T")
_REQUEST_TIMEOUT_S = 20
LOG_BLOCKS = 10_000
"""Blocks asked for in one `eth_getLogs`; more is refused by many providers."""


class ChainError(Exception):
    """The chain cannot be reached, or refused a transaction; the message says which and why."""


class Status(IntEnum):
    """Status of a poll, as the contract numbers it (§4.5)."""

    NONE = 0
    CREATED = 1
    OPEN = 2
    CLOSED = 3
    ANCHORED = 4
    RELEASABLE = 5
    TALLIED = 6
    VOID = 7


@dataclass(frozen=True)
class Head:
    """A block: number, hash, and timestamp in Unix seconds."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True)
class PollView:
    """`IPollRegistry.PollView`; times not yet known are 0."""

    status: Status
    poll_context: bytes
    committee: bytes
    creator: bytes
    slots: int
    max_slot_value: int
    total_weight: int
    voters: int
    minimum_ballots: int
    opens_at: int
    closes_at: int
    freezes_at: int
    anchor_deadline: int
    anchored_at: int
    releasable_at: int
    tally_deadline: int
    outcome_rule: bytes
    poll_keys: bytes
    round: int
    root: SumRoot
    tally_digest: bytes


@dataclass(frozen=True)
class CreatedPoll:
    """What `PollCreated` says of a poll."""

    poll_id: int
    poll_context: bytes
    parameters: PollParameters
    rule: bytes
    outcome_rule: bytes
    description: bytes


@dataclass(frozen=True)
class OpenedPoll:
    """What `PollOpened` says: poll keys and their signatures, node 1 first."""

    public_keys: tuple[bytes, ...]
    signatures: tuple[bytes, ...]


@dataclass(frozen=True)
class Sent:
    """A transaction that was mined."""

    hash: bytes
    gas_used: int
    block: int


class Registry:
    """The PollRegistry at one address of one chain."""

    def __init__(self, rpc_url: str, address: bytes, deployed_at: int = 0) -> None:
        """Args:
        rpc_url: JSON-RPC endpoint.
        address: 20 bytes.
        deployed_at: Block of its deployment, where reading of events starts.
        """
        self.web3 = connect(rpc_url)
        self.address = address
        self._deployed_at = deployed_at
        self._contract: Contract = self.web3.eth.contract(
            address=_checksum(address), abi=artifact("PollRegistry")["abi"]
        )

    @cached_property
    def domain(self) -> Domain:
        """EIP-712 domain of every signature for this registry."""
        return Domain(_call(lambda: self.web3.eth.chain_id), self.address)

    def head(self, block: str = "latest") -> Head:
        """The latest block, or the "finalized" one."""
        found = _call(lambda: self.web3.eth.get_block(block))  # type: ignore[arg-type]
        return Head(found["number"], bytes(found["hash"]), found["timestamp"])

    def poll_count(self) -> int:
        """Number of polls ever created."""
        return int(_call(self._contract.functions.pollCount().call))

    def poll(self, poll_id: int, block: int | str = "latest") -> PollView:
        """State of a poll at a block."""
        seen = _call(
            lambda: self._contract.functions.poll(poll_id).call(block_identifier=block)  # type: ignore[arg-type]
        )
        values = list(seen)
        number, root_hash, x, y, count = values[18]
        values[0] = Status(values[0])
        values[3] = bytes.fromhex(values[3][2:])
        values[18:19] = [number, SumRoot(root_hash, _point(x, y), count)]
        return PollView(*values)

    def created(self, poll_id: int) -> CreatedPoll | None:
        """Creation of a poll, None when there is none."""
        event = self._event("PollCreated", {"pollId": poll_id})
        if event is None:
            return None
        given = event["args"]
        parameters = given["parameters"]
        return CreatedPoll(
            poll_id,
            bytes(given["pollContext"]),
            PollParameters(*(parameters[_camel(field.name)] for field in fields(PollParameters))),
            bytes(given["rule"]),
            bytes(given["outcomeRule"]),
            bytes(given["description"]),
        )

    def opened(self, poll_id: int) -> OpenedPoll | None:
        """Opening of a poll, None before."""
        event = self._event("PollOpened", {"pollId": poll_id})
        if event is None:
            return None
        given = event["args"]
        return OpenedPoll(tuple(given["publicKeys"]), tuple(given["signatures"]))

    def anchored(self, poll_id: int) -> AnchoredRoot | None:
        """Anchored root of a poll with the signatures that anchored it, None before."""
        event = self._event("RootAnchored", {"pollId": poll_id})
        if event is None:
            return None
        root, attestations = event["args"]["root"], event["args"]["attestations"]
        return AnchoredRoot(
            root["round"],
            SumRoot(root["rootHash"], _point(root["sumX"], root["sumY"]), root["count"]),
            tuple(Attestation(one["node"], one["signature"]) for one in attestations),
        )

    def tally(self, poll_id: int) -> Tally | None:
        """Accepted tally of a poll, None before."""
        event = self._event("TallyAccepted", {"pollId": poll_id})
        if event is None:
            return None
        return Tally(tuple(event["args"]["tally"]), event["args"]["blinding"])

    def committee(self, digest: bytes) -> Committee | None:
        """A registered committee with its nodes' URLs, None when there is none."""
        event = self._event("CommitteeRegistered", {"committee": digest})
        if event is None:
            return None
        given = event["args"]
        members = tuple(
            Member(bytes.fromhex(node[2:]), url)
            for node, url in zip(given["nodes"], given["urls"], strict=True)
        )
        return Committee(members, given["t"], given["f"])

    def winners(
        self, poll_id: int, tally: Sequence[int], outcome_rule: bytes, order: Sequence[int]
    ) -> list[bool]:
        """Which slots the contract itself funds under the poll's outcome rule."""
        return list(
            _call(self._contract.functions.winners(poll_id, tally, outcome_rule, order).call)
        )

    def register_committee(
        self, sender: SigningKey, committee: Committee, signatures: Sequence[bytes]
    ) -> Sent:
        """Register a committee with its nodes' `NodeRegistration` signatures."""
        return self._send(
            sender,
            self._contract.functions.registerCommittee(
                [_checksum(member.address) for member in committee.members],
                [member.url for member in committee.members],
                committee.threshold,
                committee.faults,
                list(signatures),
            ),
        )

    def create_poll(
        self,
        sender: SigningKey,
        parameters: PollParameters,
        rule: bytes,
        outcome_rule: bytes,
        description: bytes,
    ) -> tuple[int, Sent]:
        """Create a poll; its id and the transaction."""
        values = tuple(getattr(parameters, field.name) for field in fields(parameters))
        function = self._contract.functions.createPoll(values, rule, outcome_rule, description)
        receipt = self._transact(sender, function)
        (event,) = self._contract.events.PollCreated().process_receipt(receipt)
        return int(event["args"]["pollId"]), _sent(receipt)

    def open_poll(
        self, sender: SigningKey, poll_id: int, keys: Sequence[bytes], signatures: Sequence[bytes]
    ) -> Sent:
        """Pin the nodes' poll keys and open the poll."""
        return self._send(
            sender, self._contract.functions.openPoll(poll_id, list(keys), list(signatures))
        )

    def anchor_root(self, sender: SigningKey, poll_id: int, anchored: AnchoredRoot) -> Sent:
        """Anchor a root with its signatures."""
        root = anchored.root
        x, y = int.from_bytes(root.sum[:32], "big"), int.from_bytes(root.sum[32:], "big")
        return self._send(
            sender,
            self._contract.functions.anchorRoot(
                poll_id,
                (anchored.round, root.hash, x, y, root.count),
                [(one.node, one.signature) for one in anchored.attestations],
            ),
        )

    def accept_tally(self, sender: SigningKey, poll_id: int, tally: Tally) -> Sent:
        """Submit a tally with its opening."""
        return self._send(
            sender,
            self._contract.functions.acceptTally(poll_id, list(tally.values), tally.blinding),
        )

    def _event(self, name: str, arguments: dict[str, Any]) -> EventData | None:
        """The latest such event, searched backwards in steps that every provider allows."""
        last = self.head().number
        while last >= self._deployed_at:
            first = max(self._deployed_at, last - LOG_BLOCKS + 1)
            found = _call(
                lambda first=first, last=last: self._contract.events[name]().get_logs(  # type: ignore[misc]
                    argument_filters=arguments, from_block=first, to_block=last
                )
            )
            if found:
                event: EventData = found[-1]
                return event
            last = first - 1
        return None

    def _send(self, sender: SigningKey, function: Any) -> Sent:
        return _sent(self._transact(sender, function))

    def _transact(self, sender: SigningKey, function: Any) -> TxReceipt:
        return transact(self.web3, sender, function)


def connect(rpc_url: str) -> Web3:
    """A JSON-RPC connection that follows no redirect and gives up after some seconds."""
    return Web3(
        HTTPProvider(
            rpc_url, request_kwargs={"timeout": _REQUEST_TIMEOUT_S, "allow_redirects": False}
        )
    )


def deploy(rpc_url: str, sender: SigningKey) -> tuple[bytes, Sent]:
    """Deploy a PollRegistry; its address and the transaction."""
    web3 = connect(rpc_url)
    built = artifact("PollRegistry")
    contract = web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
    receipt = transact(web3, sender, contract.constructor())
    return bytes.fromhex(str(receipt["contractAddress"])[2:]), _sent(receipt)


def artifact(name: str) -> dict[str, Any]:
    """ABI and bytecode of a compiled contract.

    Raises:
        ChainError: The contracts are not compiled.
    """
    folder = Path(os.environ.get("OSTRAKA_ARTIFACTS", _CHECKOUT / "artifacts"))
    path = folder / "contracts" / f"{name}.sol" / f"{name}.json"
    try:
        loaded: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise ChainError(f"{path} is not there: compile the contracts by `make setup`") from None
    return loaded


def transact(web3: Web3, sender: SigningKey, function: Any) -> TxReceipt:
    """Sign, send and await one transaction; ChainError with the contract's reason if it fails."""
    account = Account.from_key(sender.secret())

    def send() -> TxReceipt:
        transaction = function.build_transaction(
            {
                "from": account.address,
                "nonce": web3.eth.get_transaction_count(account.address, "pending"),
                "chainId": web3.eth.chain_id,
            }
        )
        signed = account.sign_transaction(transaction)
        return web3.eth.wait_for_transaction_receipt(
            web3.eth.send_raw_transaction(signed.raw_transaction), timeout=120
        )

    receipt = _call(send)
    if receipt["status"] != 1:
        raise ChainError(f"transaction {receipt['transactionHash'].to_0x_hex()} reverted")
    return receipt


def _call(action: Callable[[], _T]) -> _T:
    try:
        return action()
    except ContractCustomError as error:
        raise ChainError(f"the contract refuses: {_custom_error(error)}") from error
    except ContractLogicError as error:
        raise ChainError(f"the contract refuses: {error.message}") from error
    except (Web3Exception, OSError, ValueError) as error:
        raise ChainError(f"chain: {type(error).__name__}: {error}") from error


def _custom_error(error: ContractCustomError) -> str:
    """Name and values of a custom error of our contracts, as far as the ABI knows it."""
    data = bytes.fromhex(str(error.data or error.message or "0x")[2:])
    web3 = Web3()
    for entry in artifact("PollRegistry")["abi"]:
        if entry["type"] != "error":
            continue
        types = [given["type"] for given in entry["inputs"]]
        signature = f"{entry['name']}({','.join(types)})"
        if web3.keccak(text=signature)[:4] == data[:4]:
            values = web3.codec.decode(types, data[4:])
            return f"{entry['name']}({', '.join(map(str, values))})"
    return "0x" + data.hex()


def _sent(receipt: TxReceipt) -> Sent:
    return Sent(bytes(receipt["transactionHash"]), receipt["gasUsed"], receipt["blockNumber"])


def _checksum(address: bytes) -> ChecksumAddress:
    return Web3.to_checksum_address("0x" + address.hex())


def _point(x: int, y: int) -> bytes:
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
