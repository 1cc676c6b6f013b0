"""A whole round on geth in real time, to an audit that holds.

    make soak ARGS="geth [VOTERS]"

Builds geth from its Go module into build/geth, once, which takes minutes. The chain makes a block
every second. It writes what the demo reports to build/soak-geth.json.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ostraka.chain.contract import checksum, connect
from ostraka.demo.processes import Processes, free_ports
from ostraka.keys import SigningKey

CHECKOUT = Path(__file__).parents[2]
FILE = CHECKOUT / "data" / "poland_lodz_2020_nad-nerem.pb"
RESULT = CHECKOUT / "build" / "soak-geth.json"
MODULE = "github.com/ethereum/go-ethereum/cmd/geth@v1.16.9"
FOLDER = CHECKOUT / "build" / "geth"
COIN = 100 * 10**18
_START_S = 60


def main(arguments: Sequence[str]) -> int:
    """Run a round of `VOTERS` voters (default 40); returns the demo's exit code."""
    voters = arguments[0] if arguments else "40"
    payer = SigningKey()
    with (
        tempfile.TemporaryDirectory(prefix="ostraka-geth-") as folder,
        running_geth(Path(folder)) as url,
    ):
        give_coin(url, payer.address)
        command = [sys.executable, "-m", "ostraka", "demo", str(FILE), "--exit", "--json"]
        command += ["--voters", voters, "--rpc", url]
        started_monotonic_s = time.monotonic()
        done = subprocess.run(
            command,
            env=os.environ | {"OSTRAKA_SECRET_KEY": payer.secret().hex()},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout)
        if done.stdout:
            taken_s = round(time.monotonic() - started_monotonic_s)
            report = {"client": MODULE, "seconds": taken_s, "demo": json.loads(done.stdout)}
            RESULT.write_text(json.dumps(report, indent=2))
        return done.returncode


@contextmanager
def running_geth(folder: Path) -> Iterator[str]:
    """Run geth as a chain of its own; yields the URL of its JSON-RPC endpoint."""
    (port,) = free_ports(1)
    command = [str(_built()), "--dev", "--dev.period", "1", "--datadir", str(folder)]
    # More than the 11.5 million of a development chain, as on every public one.
    command += ["--dev.gaslimit", "60000000", "--miner.gaslimit", "60000000"]
    command += ["--http", "--http.port", str(port), "--http.api", "eth,net,web3"]
    command += ["--authrpc.port", "0", "--port", "0", "--ipcdisable", "--verbosity", "2"]
    url = f"http://127.0.0.1:{port}"
    with Processes(folder) as processes:
        processes.start("geth", command, {}, CHECKOUT)
        deadline_monotonic_s = time.monotonic() + _START_S
        while not connect(url).is_connected():
            processes.check("geth")
            if time.monotonic() > deadline_monotonic_s:
                raise RuntimeError(f"geth does not answer after {_START_S} s")
            time.sleep(0.2)
        yield url


def _built() -> Path:
    binary = FOLDER / "geth"
    if not binary.exists():
        print(f"building {MODULE}", flush=True)
        environment = os.environ | {"GOBIN": str(FOLDER)}
        subprocess.run(["go", "install", MODULE], env=environment, check=True)
    return binary


def give_coin(url: str, to: bytes) -> None:
    """Send coin from geth's own account, whose key it holds."""
    web3 = connect(url)
    sent: Any = {
        "from": web3.eth.accounts[0],
        "to": checksum(to),
        "value": COIN,
    }
    web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(sent))
