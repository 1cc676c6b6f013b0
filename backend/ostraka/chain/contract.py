"""Contracts on chain: connect, deploy, read events, send transactions.

A refusal by a contract is reported with the name and the values of its custom error.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import requests
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import BaseEquals
from eth_typing import ChecksumAddress
from web3 import Web3
from web3._utils.abi import build_strict_registry
from web3.contract import Contract
from web3.exceptions import (
    BlockNotFound,
    ContractCustomError,
    ContractLogicError,
    LogTopicError,
    Web3Exception,
    Web3RPCError,
)
from web3.logs import DISCARD
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import BlockData, EventData, LogReceipt, TxParams, TxReceipt

from ostraka.built_files import built_folder
from ostraka.chain.errors import ChainError as ChainError
from ostraka.chain.errors import NoFinality
from ostraka.chain.errors import Refused as Refused
from ostraka.chain.errors import Reverted as Reverted
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.log_ranges import log_ranges
from ostraka.chain.patience import PatientProvider
from ostraka.chain.provider import final_header
from ostraka.chain.sending import Account, Errand
from ostraka.chain.whole_answers import TooLarge
from ostraka.keys import SigningKey
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

_T = TypeVar("_T")
Sender = SigningKey | Errand
"""The payer: a key for one transaction, or an errand whose transaction a journal keeps."""
_MAX_SHOWN = 200
_WITH_ERRORS = (
    "Disputes",
    "PollRegistry",
    "PollRules",
    "VotingKeys",
    "BudgetTreasury",
    "RoundRules",
    "CensusDisputes",
    "OstrakaGovernor",
    "ProposalPolls",
    "TestToken",
)


@dataclass(frozen=True)
class Head:
    """A block: number, hash and timestamp, and the hash of the block before, if it was read."""

    number: int
    hash: bytes
    timestamp: UnixSeconds
    parent: bytes = b""


@dataclass(frozen=True)
class Sent:
    """A transaction that was mined."""

    hash: bytes
    gas_used: int
    block: int


class DeployedContract:
    """One contract at one address of one chain."""

    name: str
    """Name of its artifact."""

    def __init__(
        self,
        rpc_url: str,
        address: bytes,
        deployment_block: int = 0,
        confirmations: int | None = None,
    ) -> None:
        """Args:
        rpc_url: JSON-RPC endpoint.
        address: 20 bytes.
        deployment_block: Block of its deployment, from which events are read.
        confirmations: How many blocks behind the newest one a block counts as final; by default,
            the chain decides (tag `finalized`).
        """
        self.rpc_url = rpc_url
        self.web3 = connect(rpc_url)
        self.address = address
        self.deployment_block = deployment_block
        self._confirmations = confirmations
        self._ranges = log_ranges(rpc_url)
        self.contract: Contract = self.web3.eth.contract(
            address=checksum(address), abi=artifact(self.name)["abi"]
        )

    @cached_property
    def domain(self) -> Domain:
        """EIP-712 domain of every signature for this contract."""
        return Domain(call(lambda: self.web3.eth.chain_id), self.address)

    def head(self, block: str | int = "latest") -> Head:
        """Return the latest block, the newest final one ("finalized"), or one by number.

        Raises:
            NoFinality: The provider shows no final block.
        """
        found: BlockData | None
        if block == "finalized":
            found = call(lambda: final_header(self.web3, self._confirmations))
            if found is None:
                raise NoFinality("the provider shows no final block (tag `finalized`)")
        else:
            found = call(lambda: self.web3.eth.get_block(block))  # type: ignore[arg-type]
        return Head(
            found["number"],
            bytes(found["hash"]),
            UnixSeconds(found["timestamp"]),
            bytes(found["parentHash"]),
        )

    def block_hash(self, number: int) -> bytes | None:
        """Return the hash of a block; None if the chain has no block with that number."""
        try:
            return self.head(number).hash
        except ChainError as error:
            if isinstance(error.__cause__, BlockNotFound):
                return None
            raise

    def logs(self, first: int, last: int) -> list[EventData]:
        """Return all events of this contract in a range of blocks, in the order of the chain."""

        def fetch(first: int, last: int) -> list[EventData]:
            found = call(
                lambda: self.web3.eth.get_logs(
                    {"address": self.contract.address, "fromBlock": first, "toBlock": last}
                )
            )
            return [event for event in map(self._decoded, found) if event is not None]

        ranges = list(self._ranges.backwards(fetch, first, last))
        return [event for events in reversed(ranges) for event in events]

    def _decoded(self, entry: LogReceipt) -> EventData | None:
        try:
            event: EventData = self._topics[bytes(entry["topics"][0])]().process_log(entry)
            return event
        except (KeyError, IndexError, LogTopicError):
            # The contract's interface does not have this event.
            return None

    @cached_property
    def _topics(self) -> dict[bytes, Any]:
        return {
            bytes.fromhex(self.contract.events[name]().topic[2:]): self.contract.events[name]
            for name in (one["name"] for one in self.contract.abi if one["type"] == "event")
        }

    def read(
        self, function: str, *arguments: Any, block: int | str = "latest", gas: int | None = None
    ) -> Any:
        """Return the result of a view at a block.

        Args:
            gas: Limit for a contract that strangers name; by default the provider's limit.
        """
        bounds: TxParams = {} if gas is None else {"gas": gas}
        return call(
            lambda: self.contract.functions[function](*arguments).call(
                bounds,
                block_identifier=block,  # type: ignore[arg-type]
            )
        )

    def send(self, sender: Sender, function: str, *arguments: Any, value: int = 0) -> Sent:
        """Send one transaction and wait until it is mined."""
        return sent(self.transact(sender, function, *arguments, value=value))

    def transact(self, sender: Sender, function: str, *arguments: Any, value: int = 0) -> TxReceipt:
        """As `send`, but return the whole receipt."""
        return transact(self.web3, sender, self.contract.functions[function](*arguments), value)

    def follow(self, errand: Errand) -> TxReceipt:
        """Return the receipt of a transaction that an errand sent before."""
        return call(lambda: errand.follow(self.web3))

    def sent_by(self, errand: Errand) -> Sent:
        """As `follow`, but return only the parts of the receipt that we keep."""
        return sent(self.follow(errand))

    def event_of(self, receipt: TxReceipt, name: str) -> Any:
        """Return the arguments of this contract's only event of that name in a transaction."""
        (event,) = self.contract.events[name]().process_receipt(receipt, errors=DISCARD)
        return event["args"]

    def latest_event(self, name: str, arguments: dict[str, Any]) -> EventData | None:
        """Return the latest such event; None without any."""
        for found in self._backwards(name, arguments):
            if found:
                return found[-1]
        return None

    def all_events(self, name: str, arguments: dict[str, Any]) -> list[EventData]:
        """Return all such events, oldest first."""
        spans = list(self._backwards(name, arguments))
        return [event for span in reversed(spans) for event in span]

    def _backwards(self, name: str, arguments: dict[str, Any]) -> Iterator[Sequence[EventData]]:
        """Yield events in ranges that the provider allows, the newest range first."""

        def fetch(first: int, last: int) -> Sequence[EventData]:
            found: Sequence[EventData] = call(
                lambda: self.contract.events[name]().get_logs(
                    argument_filters=arguments, from_block=first, to_block=last
                )
            )
            return found

        return self._ranges.backwards(fetch, self.deployment_block, self.head().number)


def connect(rpc_url: str) -> Web3:
    """Return a JSON-RPC connection that follows no redirects and has a timeout."""
    web3 = Web3(PatientProvider(rpc_url))
    # Blocks of proof-of-authority chains have signatures in a field that is otherwise 32 bytes.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    registry = build_strict_registry()
    registry.unregister("string")
    registry.register(
        BaseEquals("string"),  # type: ignore[no-untyped-call]
        TextStringEncoder,
        _ForgivingStringDecoder,
        label="string",
    )
    web3.codec = ABICodec(registry)
    return web3


class _ForgivingStringDecoder(StringDecoder):
    """Decoder that replaces invalid UTF-8 by U+FFFD (docs/protocol.md §17.4).

    Contracts accept any bytes as text; one invalid text must not make all the others unreadable.
    """

    def __init__(self) -> None:
        super().__init__("replace")  # type: ignore[no-untyped-call]


def deploy(rpc_url: str, sender: Sender, name: str, *arguments: Any) -> tuple[bytes, Sent]:
    """Deploy a contract; return its address and the transaction."""
    web3 = connect(rpc_url)
    built = artifact(name)
    contract = web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
    receipt = transact(web3, sender, contract.constructor(*arguments))
    return bytes.fromhex(str(receipt["contractAddress"])[2:]), sent(receipt)


@cache
def artifact(name: str) -> dict[str, Any]:
    """Return ABI and bytecode of a compiled contract.

    Raises:
        ChainError: The contracts are not compiled.
    """
    folder = _artifacts() / "contracts"
    for path in folder.glob(f"**/{name}.sol/{name}.json"):
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded
    raise ChainError(f"{folder} has no {name}: compile the contracts with `make setup`")


def build_info(name: str) -> dict[str, Any]:
    """What the compiler was given for a contract: version, settings and sources.

    Raises:
        ChainError: The contracts are not compiled.
    """
    loaded: dict[str, Any] = json.loads(
        (_artifacts() / "build-info" / f"{artifact(name)['buildInfoId']}.json").read_text()
    )
    return loaded


def _artifacts() -> Path:
    return Path(os.environ.get("OSTRAKA_ARTIFACTS") or built_folder("artifacts", "artifacts"))


def transact(web3: Web3, sender: Sender, function: Any, value: int = 0) -> TxReceipt:
    """Return the receipt of one transaction; it is sent unless the errand sent it before.

    Raises:
        ChainError: As `Errand.transact`, with the contract's reason for a refusal.
    """
    if isinstance(sender, SigningKey):
        sender = Account(sender, MemoryJournal()).errand("this transaction")
    return call(lambda: sender.transact(web3, function, value))


def call(action: Callable[[], _T]) -> _T:
    """Return the result of `action`; every error of web3 becomes a ChainError.

    Raises:
        ChainError: The chain is unreachable, or a contract refused; states the reason.
    """
    try:
        return action()
    except ContractCustomError as error:
        raise _refused(error) from error
    except ContractLogicError as error:
        raise Refused(f"the contract refuses: {error.message}") from error
    except (Web3Exception, OSError, ValueError) as error:
        raise ChainError(f"chain: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return why a provider failed, in our own wording."""
    match error:
        case requests.HTTPError() if error.response is not None:
            return f"the RPC endpoint answered with status {error.response.status_code}"
        case requests.Timeout():
            return "no answer from the RPC endpoint in time"
        case requests.ConnectionError():
            return "no connection to the RPC endpoint"
        case TooLarge():
            return "the RPC endpoint's answer is too long"
        case requests.RequestException() if isinstance(error, ValueError):
            return "the RPC endpoint's URL is invalid, or it does not answer in JSON"
        case requests.RequestException():
            return "the connection to the RPC endpoint was lost"
        case UnicodeError():
            return "the RPC endpoint's URL is invalid"
        case Web3RPCError():
            said = (error.rpc_response or {}).get("error")
            return (
                str(said["message"]) if isinstance(said, dict) and "message" in said else str(error)
            )
    return str(error)


def _shown_value(name: str, value: object) -> str:
    """Return an error's value with its name; a string, which names a parameter, alone."""
    if isinstance(value, str) and not value.startswith("0x"):
        return value
    return f"{name} 0x{value.hex()}" if isinstance(value, bytes) else f"{name} {value}"


def _refused(error: ContractCustomError) -> Refused:
    """Return the refusal with the custom error's name and values, if our contracts declare it."""
    shown = str(error.data or error.message or "0x")
    try:
        data = bytes.fromhex(shown.removeprefix("0x"))
    except ValueError:
        # Providers answer in their own ways.
        return Refused(f"the contract refuses: {shown[:_MAX_SHOWN]}")
    web3 = Web3()
    for contract in _WITH_ERRORS:
        for entry in artifact(contract)["abi"]:
            if entry["type"] != "error":
                continue
            types = [given["type"] for given in entry["inputs"]]
            name = entry["name"]
            if web3.keccak(text=f"{name}({','.join(types)})")[:4] == data[:4]:
                try:
                    values = web3.codec.decode(types, data[4:])
                except DecodingError:
                    break
                named = zip((given["name"] for given in entry["inputs"]), values, strict=True)
                shown = f"{name}({', '.join(_shown_value(*one) for one in named)})"
                return Refused(f"the contract refuses: {shown}", name, values)
    return Refused(f"the contract refuses: 0x{data.hex()}")


def sent(receipt: TxReceipt) -> Sent:
    """Return the parts of a receipt that we keep."""
    return Sent(bytes(receipt["transactionHash"]), receipt["gasUsed"], receipt["blockNumber"])


def checksum(address: bytes) -> ChecksumAddress:
    """Return an address with checksum, as web3 takes it."""
    return Web3.to_checksum_address("0x" + address.hex())


def camel(name: str) -> str:
    """Return a snake_case name in Solidity's spelling."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
