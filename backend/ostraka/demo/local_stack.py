"""A complete Ostraka on one machine: a chain, the contracts, and nodes as processes.

The demo and the tests in tests/journeys use it. Every part is the real one.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from ostraka.chain.contract import Sent, checksum, connect, deploy
from ostraka.chain.deployment import MINIMUM_BOND_WEI
from ostraka.chain.registry import Registry
from ostraka.chain.treasury import Token, Treasury
from ostraka.demo.chains import CHECKOUT, Hardhat, LocalChain
from ostraka.demo.processes import Processes, free_ports
from ostraka.files import make_private_folder
from ostraka.key_files import create_key, read_key, write_key
from ostraka.keys import SigningKey
from ostraka.services.settings import NODE_PASSPHRASES
from ostraka_verifier.units import UnixSeconds

PERIOD_FLOOR_S = 1
"""Least periods of this stack's registry. An audit reports it as a test deployment."""
_START_S = 60

MAX_GATEWAYS = 2


class LocalStack:
    """Chain and nodes that run as long as the context lasts."""

    def __init__(self, folder: Path, nodes: int, chain: LocalChain | None = None) -> None:
        """Args:
        folder: Folder for keys, databases and logs.
        nodes: Number of tallying nodes.
        chain: Default: Hardhat.
        """
        self.folder = folder
        self.chain = chain or Hardhat()
        self.organizer = self.chain.payer
        self.confirmations: int | None = None
        """Depth at which services take a block as final; None leaves it to the chain."""
        self.guard = "off"
        """The setting `guard` of gateways and nodes that are started from now on."""
        self.organizer_token = secrets.token_urlsafe(24)
        self._processes = Processes(folder)
        chain_port, *ports = free_ports(1 + MAX_GATEWAYS + nodes)
        self._gateway_ports, self._ports = ports[:MAX_GATEWAYS], ports[MAX_GATEWAYS:]
        self.rpc_url: str
        self._chain_port = chain_port
        self._node_addresses: list[str] = []
        self._databases: Mapping[int, str] = {}
        self.disputes: bytes
        self.registry: Registry
        self.treasury: Treasury
        self.voting_keys: bytes
        self.deployment: Sent
        self.treasury_deployment: Sent

    @property
    def node_urls(self) -> list[str]:
        """URLs of the nodes, node 1 first."""
        return [f"http://127.0.0.1:{port}" for port in self._ports]

    def start_chain(self) -> None:
        """Start the chain and deploy disputes, registry and treasury."""
        self.rpc_url = self.chain.start(self._processes, self._chain_port)
        web3 = connect(self.rpc_url)
        self._await("chain", web3.is_connected)
        self.disputes, _ = deploy(self.rpc_url, self.organizer, "Disputes", MINIMUM_BOND_WEI)
        address, self.deployment = deploy(
            self.rpc_url, self.organizer, "PollRegistry", PERIOD_FLOOR_S, checksum(self.disputes)
        )
        self.registry = Registry(self.rpc_url, address, self.deployment.block)
        address, self.treasury_deployment = deploy(
            self.rpc_url, self.organizer, "BudgetTreasury", checksum(self.registry.address), ""
        )
        self.treasury = Treasury(self.rpc_url, address, self.treasury_deployment.block)
        self.voting_keys = self.registry.voting_keys()

    @property
    def gateway_url(self) -> str:
        """URL of the first gateway."""
        return self.gateway_urls[0]

    @property
    def gateway_urls(self) -> list[str]:
        """URLs of the gateways."""
        return [f"http://127.0.0.1:{port}" for port in self._gateway_ports]

    def start_gateway(
        self,
        committees: Sequence[bytes],
        number: int = 1,
        database_url: str = "",
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Start a gateway that pays from the organizer's account.

        Args:
            number: Number of the gateway, from 1.
            database_url: Database that several gateways share; default: an SQLite file.
            more: Further settings, by their names in capitals.
        """
        folder = self.folder / f"gateway-{number}"
        if not (folder / "key").exists():
            make_private_folder(folder)
            write_key(folder / "key", self.organizer, None)
        settings = {
            "KEY_FILE": str(folder / "key"),
            # The chain ends with this process. A passphrase would cost memory and time at every
            # start.
            "PLAIN_KEY": "true",
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'gateway.db'}",
            "RPC_URL": self.rpc_url,
            "PUBLIC_RPC_URL": self.rpc_url,
            "PUBLIC_URL": self.gateway_urls[number - 1],
            "REGISTRY": "0x" + self.registry.address.hex(),
            "TREASURY": "0x" + self.treasury.address.hex(),
            "DEPLOYED_AT": str(self.deployment.block),
            "COMMITTEES": json.dumps(["0x" + digest.hex() for digest in committees]),
            "ORGANIZER_TOKEN_SHA256": hashlib.sha256(self.organizer_token.encode()).hexdigest(),
            "PORT": str(self._gateway_ports[number - 1]),
            "GUARD": self.guard,
            **self._finality(),
            **(more or {}),
        }
        self._processes.start_ostraka(
            f"gateway-{number}",
            ["gateway", "run"],
            {f"OSTRAKA_GATEWAY_{name}": value for name, value in settings.items()},
            CHECKOUT,
        )
        self._await(f"gateway-{number}", lambda: _serves(self.gateway_urls[number - 1]))

    def node_keys(self) -> list[SigningKey]:
        """Return the nodes' signing keys, node 1 first: what their operators together have."""
        return [
            read_key(self.folder / f"node-{number}" / "key", NODE_PASSPHRASES, plain=True)
            for number in range(1, len(self._ports) + 1)
        ]

    def kill_gateway(self, number: int = 1) -> None:
        """Kill a gateway, like a crash."""
        self._processes.kill(f"gateway-{number}")

    def deploy_token(self, name: str, symbol: str, supply: int) -> tuple[Token, Sent]:
        """Deploy a test token. The organizer owns the whole supply."""
        address, sent = deploy(self.rpc_url, self.organizer, "TestToken", name, symbol, supply)
        return Token(self.rpc_url, address, sent.block), sent

    def start_nodes(self, databases: Mapping[int, str] | None = None) -> None:
        """Start all nodes, each with a key and database of its own.

        Args:
            databases: URLs of databases by node; default: an SQLite file for each.
        """
        for number in range(1, len(self._ports) + 1):
            key = create_key(self.folder / f"node-{number}" / "key", None)
            self._node_addresses.append(key.address_hex)
        self._databases = dict(databases or {})
        for number in range(1, len(self._ports) + 1):
            self.start_node(number)
        for number, url in enumerate(self.node_urls, start=1):
            self._await(f"node-{number}", lambda url=url: _answers(url))  # type: ignore[misc]

    def node_environment(
        self, number: int, database_url: str = "", port: int = 0
    ) -> dict[str, str]:
        """Return the settings of node `number` as environment variables.

        Args:
            database_url: Default: the database that `start_nodes` got, or an SQLite file.
            port: Where it listens, as behind a proxy; default: where its URL points.
        """
        folder = self.folder / f"node-{number}"
        database_url = database_url or self._databases.get(number, "")
        settings = {
            "KEY_FILE": str(folder / "key"),
            "PLAIN_KEY": "true",
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'node.db'}",
            "RPC_URLS": json.dumps([self.rpc_url]),
            "REGISTRY": "0x" + self.registry.address.hex(),
            "DEPLOYED_AT": str(self.deployment.block),
            "URL": self.node_urls[number - 1],
            "FELLOW_NODES": json.dumps(self._node_addresses),
            "PORT": str(port or self._ports[number - 1]),
            "GUARD": self.guard,
            **self._finality(),
        }
        return {f"OSTRAKA_NODE_{name}": value for name, value in settings.items()}

    def start_node(self, number: int, database_url: str = "", port: int = 0) -> None:
        """Start node `number`, also after it was killed.

        Args:
            port: As for `node_environment`.
        """
        self._processes.start_ostraka(
            f"node-{number}",
            ["node", "run"],
            self.node_environment(number, database_url, port),
            CHECKOUT,
        )

    def kill_node(self, number: int) -> None:
        """Kill node `number`, like a crash."""
        self._processes.kill(f"node-{number}")

    def pause_chain(self) -> None:
        """Pause the chain: its provider accepts connections and sends nothing."""
        self._processes.pause("chain")

    def resume_chain(self) -> None:
        """Resume the paused chain."""
        self._processes.resume("chain")

    def pause_node(self, number: int) -> None:
        """Pause node `number`: it accepts connections and sends nothing."""
        self._processes.pause(f"node-{number}")

    def resume_node(self, number: int) -> None:
        """Resume a paused node."""
        self._processes.resume(f"node-{number}")

    def wait_for_node(self, number: int) -> None:
        """Wait until node `number` answers."""
        self._await(f"node-{number}", lambda: _answers(self.node_urls[number - 1]))

    def stop(self) -> None:
        """Stop everything."""
        self._processes.stop()

    def move_time(self, unix_s: UnixSeconds) -> None:
        """Return once chain time has reached `unix_s`, which a test chain skips."""
        self.chain.move_time(self.registry.web3, unix_s)

    def _finality(self) -> dict[str, str]:
        return {} if self.confirmations is None else {"CONFIRMATIONS": str(self.confirmations)}

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        deadline_monotonic_s = time.monotonic() + _START_S
        while not ready():
            self._processes.check(name)
            if time.monotonic() > deadline_monotonic_s:
                raise RuntimeError(f"{name} does not answer after {_START_S} s")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _answers(url: str) -> bool:
    """Return whether a node answers and has read the chain."""
    config = _config(url)
    return config is not None and config["head"] is not None


def _serves(url: str) -> bool:
    """Return whether a gateway answers and has indexed the chain."""
    config = _config(url)
    return config is not None and config["indexed_to"] >= config["head"]["number"]


def _config(url: str) -> Any:
    try:
        answer = httpx.get(f"{url}/api/v1/config", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code == 200 else None
