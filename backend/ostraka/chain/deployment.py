"""Deploy the contracts of this release, step by step.

Every step can be interrupted and repeated: contracts on chain are found at their addresses, and the
payer's journal has the transactions. `Deployment` is the record that operators pass on.

Source: docs/operations.md, "Deploy the contracts"; docs/protocol.md §18.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.types import TxReceipt

from ostraka import __version__
from ostraka.chain.contract import artifact, build_info, call, checksum, transact
from ostraka.chain.errors import ChainError
from ostraka.chain.factory import (
    COMMON_FACTORY,
    FACTORY_CODE,
    FACTORY_INIT_CODE,
    Call,
    created_by_factory,
    creation,
)
from ostraka.chain.sending import Payer
from ostraka.chain.suitability import REGISTRY_GAS
from ostraka.files import replace_file
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.releases import created_address, known_releases

PERIOD_FLOOR_S = 3600
"""Shortest periods of a registry that holds real votes; shorter ones are for tests."""
MINIMUM_BOND_WEI = 10**15
"""Least bond of a challenge, so that one costs something also where gas costs almost nothing."""
GAS = {
    "Disputes": 6_500_000,
    "PollRegistry": REGISTRY_GAS,
    "BudgetTreasury": 9_400_000,
    "MemberRegistry": 450_000,
    "TestToken": 1_900_000,
}
"""Most gas that creating each contract takes; a test checks the figures."""
FACTORY_GAS = 80_000
_WITH_EVENTS = ("PollRegistry", "BudgetTreasury")
_CHILDREN = {
    "Disputes": ("BallotCheck",),
    "PollRegistry": ("GeneratorTable", "VotingKeys", "PollRules"),
    "BudgetTreasury": ("RoundRules",),
}
"""Contracts that another one's constructor creates, in the order of its nonces."""
_CODE_SHOWS_S = 30
_CODE_POLL_S = 0.5

Address = Annotated[str, Field(pattern="^0x[0-9a-f]{40}$")]


class CreatedContract(BaseModel):
    """One contract, with what source verification needs.

    Attributes:
        address: 0x-hex.
        creator: Factory, contract or account that created it.
        block: In which it was created.
        transaction: That created it; None if it was there before.
        constructor_arguments: ABI-encoded, 0x-hex.
        source: File and name, as the compiler was given them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address
    creator: Address
    block: int = Field(ge=0)
    transaction: str | None = Field(pattern="^0x[0-9a-f]{64}$")
    constructor_arguments: str = Field(pattern="^0x([0-9a-f]{2})*$")
    source: str


class Deployment(BaseModel):
    """The contracts of one chain; `deployments/CHAIN_ID.json` holds it.

    Attributes:
        genesis: Hash of block 0; it differs between test chains of the same id.
        deployment_block: Block of the earliest contract: reading of events starts there.
        period_floor_s: Least number of seconds of the registry's periods.
        compiler: Version, as block explorers name it.
        contracts: By name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["ostraka/deployment/v1"] = "ostraka/deployment/v1"
    chain_id: int = Field(ge=1)
    genesis: str = Field(pattern="^0x[0-9a-f]{64}$")
    release: str
    deployment_block: int = Field(ge=0)
    period_floor_s: int = Field(ge=1)
    compiler: str
    contracts: dict[str, CreatedContract]

    def address(self, name: str) -> bytes:
        """Return the address of a contract, 20 bytes.

        Raises:
            ValueError: It was not deployed.
        """
        if name not in self.contracts:
            raise ValueError(f"deployment on chain {self.chain_id}: has no {name}")
        return _bytes(self.contracts[name].address)

    def is_of(self, chain: "ChainIdentity") -> bool:
        """Return whether these contracts are on this chain, and not on an earlier test chain."""
        return (self.chain_id, self.genesis) == (chain.id, _hex(chain.genesis))

    def write(self, path: Path) -> None:
        """Replace the record in a file."""
        replace_file(path, self.model_dump_json(indent=2).encode() + b"\n")
        # Everybody may know it.
        path.chmod(0o644)

    @classmethod
    def read(cls, path: Path) -> "Deployment":
        """Read the record in a file.

        Raises:
            ValueError: It is no such record; names the file and the member.
            OSError: It cannot be read.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{path}: {place or 'record'}: {first['msg']}") from None


@dataclass(frozen=True)
class ChainIdentity:
    """A chain: its id (EIP-155), and the hash of block 0, 32 bytes."""

    id: int
    genesis: bytes

    @classmethod
    def of(cls, web3: Web3) -> "ChainIdentity":
        """Ask a chain.

        Raises:
            ChainError: It cannot be reached.
        """
        return call(lambda: cls(web3.eth.chain_id, bytes(web3.eth.get_block(0)["hash"])))


@dataclass(frozen=True)
class TokenOrder:
    """A token without value, for trials; the payer gets the whole supply."""

    name: str
    symbol: str
    supply: int


@dataclass(frozen=True)
class Order:
    """What to deploy.

    Attributes:
        period_floor_s: As the registry's constructor takes it.
        minimum_bond_wei: As the constructor of the disputes takes it.
        dao_uri: URI of the DAO's description (ERC-4824), which the treasury states; "" for none.
        members_owner: Who keeps a MemberRegistry, 20 bytes; None deploys none.
        token: A test token; None deploys none.
    """

    period_floor_s: int = PERIOD_FLOOR_S
    minimum_bond_wei: int = MINIMUM_BOND_WEI
    dao_uri: str = ""
    members_owner: bytes | None = None
    token: TokenOrder | None = None

    def by_factory(self, factory: bytes) -> list[tuple[str, tuple[object, ...]]]:
        """Return names and arguments of the factory's contracts, in the order of creation.

        Each contract is fixed in those after it: the disputes in the registry, and the registry in
        the treasury.
        """
        disputes = (self.minimum_bond_wei,)
        registry = (self.period_floor_s, checksum(_address(factory, "Disputes", disputes)))
        treasury = (checksum(_address(factory, "PollRegistry", registry)), self.dao_uri)
        members = self.members_owner
        return [
            ("Disputes", disputes),
            ("PollRegistry", registry),
            ("BudgetTreasury", treasury),
            *([] if members is None else [("MemberRegistry", (checksum(members),))]),
        ]

    def includes(self, name: str) -> bool:
        """Return whether a contract is part of the order."""
        if name == "MemberRegistry":
            return self.members_owner is not None
        return name != "TestToken" or self.token is not None


@dataclass
class Deployer:
    """Deploys on one chain.

    Attributes:
        chain: Which chain this is.
        payer: Pays, and remembers what it sent.
        order: What to deploy.
        known: An earlier record; one of another chain does not count.
        done: Called with the record so far and the name of each contract once it is on chain.
    """

    web3: Web3
    chain: ChainIdentity
    payer: Payer
    order: Order
    known: Deployment | None = None
    done: Callable[[Deployment, str], None] = lambda record, name: None
    _created: dict[str, CreatedContract] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.known is not None and self.known.is_of(self.chain):
            self._created.update(self.known.contracts)

    def deploy(self) -> Deployment:
        """Deploy everything in an order that is not on chain yet.

        Raises:
            ChainError: The chain cannot be reached, or refuses. A repeated call continues.
        """
        factory = self._factory()
        for name, arguments in self.order.by_factory(factory):
            self._by_factory(factory, name, arguments)
            for nonce, child in enumerate(_CHILDREN.get(name, ()), start=1):
                self._child(name, nonce, child)
        if self.order.token is not None:
            self._test_token(self.order.token)
        return self._record_so_far()

    def _record_so_far(self) -> Deployment:
        read = [self._created[name] for name in _WITH_EVENTS if name in self._created]
        return Deployment(
            chain_id=self.chain.id,
            genesis=_hex(self.chain.genesis),
            release=__version__,
            deployment_block=min((one.block for one in read), default=0),
            period_floor_s=self.order.period_floor_s,
            compiler=f"v{build_info('PollRegistry')['solcLongVersion']}",
            contracts=dict(self._created),
        )

    def owed_gas(self) -> int:
        """Return the gas that an order still needs; 0 if everything is on chain."""
        factory = self._known_factory()
        if factory is None:
            return FACTORY_GAS + sum(gas for name, gas in GAS.items() if self.order.includes(name))
        owed = 0
        for name, arguments in self.order.by_factory(factory):
            if not self._code(_address(factory, name, arguments)):
                owed += GAS[name]
        if self.order.token is not None and self._known_token() is None:
            owed += GAS["TestToken"]
        return owed

    def _known_factory(self) -> bytes | None:
        """Return the common factory, or one that was deployed before; None without either."""
        known = self._created.get("Factory")
        candidates = [COMMON_FACTORY, *([] if known is None else [_bytes(known.address)])]
        for address in candidates:
            if self._code(address) == FACTORY_CODE:
                return address
        return None

    def _known_token(self) -> bytes | None:
        known = self._created.get("TestToken")
        if known is None or not self._code(_bytes(known.address)):
            return None
        return _bytes(known.address)

    def _factory(self) -> bytes:
        """Return the factory's address. Deploy one if the chain lacks it."""
        known = self._known_factory()
        if known is not None:
            return known
        address, receipt = self._sent("Factory", Call(self.web3, None, FACTORY_INIT_CODE))
        self._record("Factory", address, self.payer.address, receipt, b"", "")
        self.done(self._record_so_far(), "Factory")
        return address

    def _by_factory(self, factory: bytes, name: str, arguments: tuple[object, ...]) -> None:
        code, encoded = _creation_code(name, arguments)
        address = created_by_factory(factory, code + encoded)
        there = self._code(address)
        if there:
            self._require_release(name, address, there)
            known = self._created.get(name)
            if known is None or known.address != _hex(address):
                block = self._creation_block(name, address)
                self._created[name] = CreatedContract(
                    address=_hex(address),
                    creator=_hex(factory),
                    block=block,
                    transaction=None,
                    constructor_arguments=_hex(encoded),
                    source=_source(name),
                )
        else:
            transaction = creation(self.web3, factory, code + encoded)
            _, receipt = self._sent(name, transaction, address)
            self._record(name, address, factory, receipt, encoded, _source(name))
        self.done(self._record_so_far(), name)

    def _test_token(self, token: TokenOrder) -> None:
        """Deploy without the factory: the constructor gives the supply to its sender."""
        name = "TestToken"
        address = self._known_token()
        if address is None:
            code, encoded = _creation_code(name, (token.name, token.symbol, token.supply))
            address, receipt = self._sent(name, Call(self.web3, None, code + encoded))
            self._record(name, address, self.payer.address, receipt, encoded, _source(name))
        self.done(self._record_so_far(), name)

    def _child(self, parent: str, nonce: int, name: str) -> None:
        """Record a contract that another one's constructor created."""
        creator = _bytes(self._created[parent].address)
        address = created_address(creator, nonce)
        self._require_release(name, address, self._code_of(address))
        self._created[name] = self._created[parent].model_copy(
            update={
                "address": _hex(address),
                "creator": _hex(creator),
                "constructor_arguments": "0x",
                "source": _source(name),
            }
        )
        self.done(self._record_so_far(), name)

    def _sent(
        self, name: str, transaction: Call, expected: bytes | None = None
    ) -> tuple[bytes, TxReceipt]:
        # One purpose for each creation code: other arguments make another contract.
        purpose = f"create {name} {keccak256(transaction.data).hex()[:16]}"
        receipt = transact(self.web3, self.payer.errand(purpose), transaction)
        address = expected or _bytes(str(receipt["contractAddress"]))
        code = self._code_of(address)
        if name == "Factory":
            if code != FACTORY_CODE:
                raise ChainError(f"the factory at {_hex(address)} has other code than it should")
        else:
            self._require_release(name, address, code)
        return address, receipt

    def _code(self, address: bytes) -> bytes:
        return bytes(call(lambda: self.web3.eth.get_code(checksum(address))))

    def _code_of(self, address: bytes) -> bytes:
        """Return the code of a created contract. Wait for replicas that lag behind."""
        deadline = time.monotonic() + _CODE_SHOWS_S
        while True:
            code = self._code(address)
            if code or time.monotonic() > deadline:
                return code
            time.sleep(_CODE_POLL_S)

    @staticmethod
    def _require_release(name: str, address: bytes, code: bytes) -> None:
        if name == "TestToken":
            return
        if not code:
            raise ChainError(f"{name}: the chain shows no code at {_hex(address)}")
        if known_releases().find(name, code) is None:
            raise ChainError(
                f"{name}: the code at {_hex(address)} is of no known release; compile the contracts"
                " of this release by `make setup`"
            )

    def _creation_block(self, name: str, address: bytes) -> int:
        """Return the block that created a contract, by bisection."""

        def there(block: int) -> bool:
            return bool(self.web3.eth.get_code(checksum(address), block))

        def search() -> int:
            low, high = -1, int(self.web3.eth.block_number)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if there(middle) else (middle, high)
            return high

        try:
            return call(search)
        except ChainError as error:
            if not isinstance(error.__cause__, Web3RPCError):
                raise
            raise ChainError(
                f"{name} is at {_hex(address)} already, and this provider does not keep the state "
                "of old blocks, by which its block could be found; use an archive provider once"
            ) from error

    def _record(
        self,
        name: str,
        address: bytes,
        creator: bytes,
        receipt: TxReceipt,
        arguments: bytes,
        source: str,
    ) -> None:
        self._created[name] = CreatedContract(
            address=_hex(address),
            creator=_hex(creator),
            block=receipt["blockNumber"],
            transaction=receipt["transactionHash"].to_0x_hex(),
            constructor_arguments=_hex(arguments),
            source=source,
        )


def standard_addresses() -> dict[str, bytes]:
    """Return the addresses of the factory's contracts where nothing departs from the defaults."""
    return {
        name: _address(COMMON_FACTORY, name, arguments)
        for name, arguments in Order().by_factory(COMMON_FACTORY)
    }


def standard_input() -> str:
    """Return the compiler's standard JSON input of all contracts, for source verification."""
    # Contracts that did not change are of an earlier run of the compiler.
    inputs = [build_info(name)["input"] for name, _ in Order().by_factory(COMMON_FACTORY)]
    sources = {path: source for one in inputs for path, source in one["sources"].items()}
    return json.dumps(inputs[0] | {"sources": sources}, indent=1)


def _creation_code(name: str, arguments: tuple[object, ...]) -> tuple[bytes, bytes]:
    """Return a contract's creation code and, separately, its encoded arguments."""
    built = artifact(name)
    contract = Web3().eth.contract(abi=built["abi"], bytecode=built["bytecode"])
    code = bytes.fromhex(built["bytecode"][2:])
    whole = bytes.fromhex(contract.constructor(*arguments).data_in_transaction[2:])
    return code, whole[len(code) :]


def _address(factory: bytes, name: str, arguments: tuple[object, ...]) -> bytes:
    return created_by_factory(factory, b"".join(_creation_code(name, arguments)))


def _source(name: str) -> str:
    return f"{artifact(name)['inputSourceName']}:{name}"


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
