"""Code of every contract that an audit checks, by release, for verifiers to compare with a chain.

    python scripts/releases.py [--check]

Writes verifier/ostraka_verifier/releases.json from the compiled contracts, or checks that its entry
of this version is current. Entries of other versions stay as they are. The second verifier's
program contains a copy, verifier/second/release/releases.json. The format:

    {RELEASE: {CONTRACT: {"codeHash": "0x…", "codeLength": n, "immutables": {NAME: [offset, …]}
                          [, "address": "0x…"]}}}

RELEASE is the package's version and CONTRACT the contract's name. `codeHash` is keccak-256 of the
`codeLength` bytes of runtime code (`eth_getCode`) with every immutable set to zero. An immutable
takes 32 bytes at each of its offsets, with the value right-aligned: numbers and addresses as words.
NAME is the name in the source, also in OpenZeppelin's: `_cachedThis`, `_cachedChainId` and
`_cachedDomainSeparator` are the contract's address, its chain and its EIP-712 domain separator;
`_hashedName`, `_hashedVersion`, `_name` and `_version` are the domain's. A verifier must also check
the values of immutables that follow from address and chain. The code of a GeneratorTable is its
table (docs/protocol.md §2.7): the hash covers all of it, without masks. `address` is where the
standard deployment has the contract: `Disputes(10**15)`, `PollRegistry(3600, disputes)` and its
`BudgetTreasury`, all made by CREATE2 with salt 0 through the factory at
0x4e59b44847b379578588920ca78fbf26c0b4956c.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ostraka import __version__
from ostraka.chain.deployment import standard_addresses
from ostraka_verifier.commitment import MAX_GENERATORS, derive_generator
from ostraka_verifier.encoding import keccak256

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
RELEASES = ROOT / "verifier/ostraka_verifier/releases.json"
COPY = ROOT / "verifier/second/release/releases.json"
IMMUTABLE_BYTES = 32


def release() -> dict[str, Any]:
    """Return the entry of every contract directly in contracts/, by name."""
    sources = sorted((ROOT / "contracts").glob("*.sol"))
    entries = {source.stem: _contract(source.stem) for source in sources}
    for name, address in standard_addresses().items():
        entries[name]["address"] = "0x" + address.hex()
    return entries


def _contract(name: str) -> dict[str, Any]:
    built = _read(ARTIFACTS / f"contracts/{name}.sol/{name}.json")
    if name == "GeneratorTable":
        # The constructor returns the table instead of the compiler's code: STOP, H, G_1, …
        points = b"".join(map(derive_generator, range(MAX_GENERATORS + 1)))
        return _entry(b"\0" + points, {})
    # The compiler leaves zeros in place of immutables.
    code = bytes.fromhex(built["deployedBytecode"][2:])
    references = built["immutableReferences"]
    names = _immutable_names(built["buildInfoId"]) if references else {}
    immutables: dict[str, list[int]] = {}
    for identity, places in references.items():
        variable = names[int(identity)]
        if variable in immutables:
            raise ValueError(f"{name}: two immutables are called {variable}")
        for place in places:
            start = place["start"]
            if place["length"] != IMMUTABLE_BYTES or any(code[start : start + IMMUTABLE_BYTES]):
                raise ValueError(f"{name}.{variable}: no empty word at {start}")
        immutables[variable] = sorted(place["start"] for place in places)
    return _entry(code, dict(sorted(immutables.items())))


def _entry(code: bytes, immutables: dict[str, list[int]]) -> dict[str, Any]:
    return {
        "codeHash": "0x" + keccak256(code).hex(),
        "codeLength": len(code),
        "immutables": immutables,
    }


def _immutable_names(build: str) -> dict[int, str]:
    """Return the name of each immutable of a build, by its id in the syntax trees."""
    names: dict[int, str] = {}
    pending: list[Any] = [
        source["ast"]
        for source in _read(ARTIFACTS / f"build-info/{build}.output.json")["output"][
            "sources"
        ].values()
    ]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            if node.get("mutability") == "immutable":
                names[node["id"]] = node["name"]
            pending += node.values()
    return names


def _read(file: Path) -> Any:
    if not file.is_file():
        raise SystemExit(f"{file} is missing: run `make setup` to compile the contracts")
    return json.loads(file.read_text())


def main() -> int:
    """Return exit code 1 if one of the files differs from the compiled contracts."""
    if sys.argv[1:] not in ([], ["--check"]):
        print("usage: scripts/releases.py [--check]", file=sys.stderr)
        return 2
    known = json.loads(RELEASES.read_text()) if RELEASES.is_file() else {}
    text = json.dumps(known | {__version__: release()}, indent=2) + "\n"
    for file in (RELEASES, COPY):
        if not sys.argv[1:]:
            file.write_text(text)
        elif not file.is_file() or file.read_text() != text:
            print(f"{file} differs from the compiled contracts: run make releases", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
