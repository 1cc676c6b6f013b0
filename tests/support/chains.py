"""A chain alone, as a process of a test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostraka.chain.contract import connect
from ostraka.demo.chains import LocalChain
from ostraka.demo.processes import Processes, free_ports

_START_S = 60


@contextmanager
def running(chain: LocalChain, folder: Path) -> Iterator[str]:
    """Start a chain and yield the URL of its JSON-RPC endpoint."""
    with Processes(folder) as processes:
        url = chain.start(processes, free_ports(1)[0])
        web3 = connect(url)
        deadline = time.monotonic() + _START_S
        while not web3.is_connected():
            processes.check("chain")
            assert time.monotonic() < deadline, "the chain does not answer"
            time.sleep(0.1)
        yield url
