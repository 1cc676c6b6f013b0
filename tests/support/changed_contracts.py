"""Contracts of this checkout with one line changed, compiled as the real ones are."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from ostraka.chain.contract import artifact, connect, transact
from ostraka.demo.chains import CHECKOUT
from ostraka.keys import SigningKey

_NODE = Path(sysconfig.get_path("scripts")) / "node"
_COMPILE = """
const solc = require("solc");
const input = require("node:fs").readFileSync(0, "utf8");
process.stdout.write(solc.compile(input));
"""


class ChangedContract:
    """A contract that differs from the real one in one line.

    Attributes:
        creation_code: What deploys it, without arguments.
        runtime_code: What runs then, with zeros for its immutables.
    """

    def __init__(self, name: str, line: str, instead: str) -> None:
        """Args:
        name: The contract's.
        line: Text that its sources have once.
        instead: What stands there now.
        """
        built = artifact(name)
        path = CHECKOUT / "artifacts" / "build-info" / f"{built['buildInfoId']}.json"
        source = f"project/contracts/{name}.sol"
        wanted: dict[str, Any] = json.loads(path.read_text())["input"]
        # The contract's own file, or one of a contract that it inherits.
        (changed,) = [one for one in wanted["sources"].values() if line in one["content"]]
        assert changed["content"].count(line) == 1, f"{line!r} is not unique"
        changed["content"] = changed["content"].replace(line, instead)
        parts = ["evm.bytecode.object", "evm.deployedBytecode.object"]
        wanted["settings"]["outputSelection"] = {source: {name: parts}}
        done = subprocess.run(
            [_NODE, "-e", _COMPILE],
            input=json.dumps(wanted),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(done.stdout)
        errors = [one for one in answer.get("errors", []) if one["severity"] == "error"]
        assert not errors, errors
        evm = answer["contracts"][source][name]["evm"]
        self.creation_code = bytes.fromhex(evm["bytecode"]["object"])
        self.runtime_code = bytes.fromhex(evm["deployedBytecode"]["object"])
        self._abi = built["abi"]

    def deploy(self, rpc_url: str, sender: SigningKey, *arguments: Any) -> tuple[bytes, int]:
        """Its address and the block of its deployment."""
        web3 = connect(rpc_url)
        contract = web3.eth.contract(abi=self._abi, bytecode=self.creation_code)
        receipt = transact(web3, sender, contract.constructor(*arguments))
        return bytes.fromhex(str(receipt["contractAddress"])[2:]), receipt["blockNumber"]
