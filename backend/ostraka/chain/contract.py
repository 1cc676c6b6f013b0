"""Contracts on chain: connect, deploy, read events, send transactions.

What a contract refuses comes back with the name and the values of its custom error.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import requests
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.registry import BaseEquals
from eth_typing import ChecksumAddress
from web3 import HTTPProvider, Web3
from web3._utils.abi import build_strict_registry
from web3._utils.rpc_abi import RPC
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
from web3.types import EventData, LogReceipt, TxParams, TxReceipt

from ostraka.chain.errors import ChainError as ChainError
from ostraka.chain.errors import Refused as Refused
from ostraka.chain.errors import Reverted as Reverted
from ostraka.chain.sending import Account, Errand, MemoryJournal
from ostraka.keys import SigningKey
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

_CHECKOUT = Path(__file__).resolve().parents[3]
_T = TypeVar("_T")
Sender = SigningKey | Errand
"""Who pays: a key for one transaction, or the errand that a journal keeps."""
_REQUEST_TIMEOUT_S = 20
_WITH_ERRORS = (
    "PollRegistry",
    "PollRules",
    "VotingKeys",
    "BudgetTreasury",
    "RoundRules",
    "TestToken",
)
LOG_BLOCKS = 10_000
"""Blocks asked for in one `eth_getLogs`; more is refused by many providers."""


@dataclass(frozen=True)
class Head:
    """A block: number, hash and timestamp."""

    number: int
    hash: bytes
    timestamp: UnixSeconds


@dataclass(frozen=True)
class Sent:
    """A transaction that was mined."""

    hash: bytes
    gas_used: int
    block: int


class DeployedContract:
    """One contract at one address of one chain."""

    name: str
    """As its artifact is called."""

    def __init__(self, rpc_url: str, address: bytes, deployment_block: int = 0) -> None:
        """Args:
        rpc_url: JSON-RPC endpoint.
        address: 20 bytes.
        deployment_block: Block of its deployment, where reading of events starts.
        """
        self.rpc_url = rpc_url
        self.web3 = connect(rpc_url)
        self.address = address
        self._deployment_block = deployment_block
        self.contract: Contract = self.web3.eth.contract(
            address=checksum(address), abi=artifact(self.name)["abi"]
        )

    @cached_property
    def domain(self) -> Domain:
        """EIP-712 domain of every signature for this contract."""
        return Domain(call(lambda: self.web3.eth.chain_id), self.address)

    def head(self, block: str | int = "latest") -> Head:
        """The latest block, the "finalized" one, or one by number."""
        found = call(lambda: self.web3.eth.get_block(block))  # type: ignore[arg-type]
        return Head(found["number"], bytes(found["hash"]), UnixSeconds(found["timestamp"]))

    def block_hash(self, number: int) -> bytes | None:
        """Hash of a block, None when the chain has none of that number."""
        try:
            return self.head(number).hash
        except ChainError as error:
            if isinstance(error.__cause__, BlockNotFound):
                return None
            raise

    def logs(self, first: int, last: int) -> list[EventData]:
        """All events of this contract in some blocks, in the order of the chain."""

        def fetch() -> list[EventData]:
            found = self.web3.eth.get_logs(
                {"address": self.contract.address, "fromBlock": first, "toBlock": last}
            )
            return [event for event in map(self._decoded, found) if event is not None]

        return call(fetch)

    def _decoded(self, entry: LogReceipt) -> EventData | None:
        try:
            event: EventData = self._topics[bytes(entry["topics"][0])]().process_log(entry)
            return event
        except (KeyError, IndexError, LogTopicError):
            # An event that this contract's interface does not name.
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
        """What a view answers at a block.

        Args:
            gas: What it may use, of a contract that strangers name; by default the provider's cap.
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
        """As `send`; the whole receipt."""
        return transact(self.web3, sender, self.contract.functions[function](*arguments), value)

    def follow(self, errand: Errand) -> TxReceipt:
        """Receipt of what an errand sent before."""
        return call(lambda: errand.follow(self.web3))

    def sent_by(self, errand: Errand) -> Sent:
        """As `follow`; what we keep of the receipt."""
        return sent(self.follow(errand))

    def event_of(self, receipt: TxReceipt, name: str) -> Any:
        """Arguments of the one such event of a transaction, whatever other contracts say in it."""
        (event,) = self.contract.events[name]().process_receipt(receipt, errors=DISCARD)
        return event["args"]

    def latest_event(self, name: str, arguments: dict[str, Any]) -> EventData | None:
        """The latest such event, None when there is none."""
        for found in self._backwards(name, arguments):
            if found:
                return found[-1]
        return None

    def all_events(self, name: str, arguments: dict[str, Any]) -> list[EventData]:
        """All such events, oldest first."""
        spans = list(self._backwards(name, arguments))
        return [event for span in reversed(spans) for event in span]

    def _backwards(self, name: str, arguments: dict[str, Any]) -> Iterator[Sequence[EventData]]:
        """Events in steps that every provider allows, the newest step first."""
        last = self.head().number
        while last >= self._deployment_block:
            first = max(self._deployment_block, last - LOG_BLOCKS + 1)
            yield call(
                lambda first=first, last=last: self.contract.events[name]().get_logs(  # type: ignore[misc]
                    argument_filters=arguments, from_block=first, to_block=last
                )
            )
            last = first - 1


def connect(rpc_url: str) -> Web3:
    """A JSON-RPC connection that follows no redirect and gives up after some seconds."""
    web3 = Web3(
        HTTPProvider(
            rpc_url,
            request_kwargs={"timeout": _REQUEST_TIMEOUT_S, "allow_redirects": False},
            # The library asks for it twice with every call, and a chain has but one.
            cache_allowed_requests=True,
            cacheable_requests={RPC.eth_chainId},
        )
    )
    # Whoever sends must know of every answer: a second one would be about the first.
    retrying = cast(HTTPProvider, web3.provider).exception_retry_configuration
    if retrying is not None:
        retrying.method_allowlist = [
            name for name in retrying.method_allowlist if name != RPC.eth_sendRawTransaction
        ]
    # Blocks of proof-of-authority chains carry signatures in a field that is else 32 bytes long.
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
    """Contracts take any bytes for a text; one that is no UTF-8 must not hide all the others.

    What cannot be read is U+FFFD (docs/protocol.md §17.4).
    """

    def __init__(self) -> None:
        super().__init__("replace")  # type: ignore[no-untyped-call]


def deploy(rpc_url: str, sender: Sender, name: str, *arguments: Any) -> tuple[bytes, Sent]:
    """Deploy a contract; its address and the transaction."""
    web3 = connect(rpc_url)
    built = artifact(name)
    contract = web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
    receipt = transact(web3, sender, contract.constructor(*arguments))
    return bytes.fromhex(str(receipt["contractAddress"])[2:]), sent(receipt)


@cache
def artifact(name: str) -> dict[str, Any]:
    """ABI and bytecode of a compiled contract.

    Raises:
        ChainError: The contracts are not compiled.
    """
    folder = Path(os.environ.get("OSTRAKA_ARTIFACTS", _CHECKOUT / "artifacts")) / "contracts"
    for path in folder.glob(f"**/{name}.sol/{name}.json"):
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded
    raise ChainError(f"{folder} has no {name}: compile the contracts by `make setup`")


def transact(web3: Web3, sender: Sender, function: Any, value: int = 0) -> TxReceipt:
    """The receipt of one transaction, which is sent unless the sender's errand sent it before.

    Raises:
        ChainError: As `Errand.transact`, with the contract's reason where it refuses.
    """
    if isinstance(sender, SigningKey):
        sender = Account(sender, MemoryJournal()).errand("this transaction")
    return call(lambda: sender.transact(web3, function, value))


def call(action: Callable[[], _T]) -> _T:
    """What `action` gives; ChainError in place of every error of web3.

    Raises:
        ChainError: The chain cannot be reached, or a contract refused; says why.
    """
    try:
        return action()
    except ContractCustomError as error:
        raise Refused(f"the contract refuses: {_custom_error(error)}") from error
    except ContractLogicError as error:
        raise Refused(f"the contract refuses: {error.message}") from error
    except (Web3Exception, OSError, ValueError) as error:
        raise ChainError(f"chain: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Why a provider gave no answer, or what it said, without the words of our libraries."""
    match error:
        case requests.HTTPError() if error.response is not None:
            return f"the RPC endpoint answers with status {error.response.status_code}"
        case requests.Timeout():
            return "no answer of the RPC endpoint in time"
        case requests.ConnectionError():
            return "no connection to the RPC endpoint"
        case requests.RequestException() if isinstance(error, ValueError):
            return "the RPC endpoint has no address of a server, or answers no JSON"
        case requests.RequestException():
            return "the connection to the RPC endpoint broke off"
        case UnicodeError():
            return "the RPC endpoint has no address of a server"
        case Web3RPCError():
            said = (error.rpc_response or {}).get("error")
            return (
                str(said["message"]) if isinstance(said, dict) and "message" in said else str(error)
            )
    return str(error)


def _custom_error(error: ContractCustomError) -> str:
    """Name and values of a custom error of our contracts, as far as their ABIs know it."""
    data = bytes.fromhex(str(error.data or error.message or "0x")[2:])
    web3 = Web3()
    for contract in _WITH_ERRORS:
        for entry in artifact(contract)["abi"]:
            if entry["type"] != "error":
                continue
            types = [given["type"] for given in entry["inputs"]]
            signature = f"{entry['name']}({','.join(types)})"
            if web3.keccak(text=signature)[:4] == data[:4]:
                values = web3.codec.decode(types, data[4:])
                return f"{entry['name']}({', '.join(map(str, values))})"
    return "0x" + data.hex()


def sent(receipt: TxReceipt) -> Sent:
    """What we keep of a receipt."""
    return Sent(bytes(receipt["transactionHash"]), receipt["gasUsed"], receipt["blockNumber"])


def checksum(address: bytes) -> ChecksumAddress:
    """Address as web3 wants it."""
    return Web3.to_checksum_address("0x" + address.hex())


def camel(name: str) -> str:
    """Solidity's spelling of a snake_case name."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
