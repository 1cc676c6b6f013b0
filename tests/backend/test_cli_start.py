"""The command line starts without the libraries that only services and chains need."""

import subprocess
import sys

SLOW = {"fastapi", "sqlalchemy", "sqlmodel", "web3", "eth_account", "pydantic_settings", "uvicorn"}


def test_starting_loads_no_library_of_services_or_chains() -> None:
    program = "import sys, ostraka.cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert SLOW.isdisjoint(done.stdout.split())
