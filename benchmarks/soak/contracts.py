"""The contracts at length: fuzzing, invariants, coverage, static analysis and proofs.

    make soak ARGS="contracts [PART…]"

Parts, by default all of them:

- fuzz: 10,000 runs of each property and 256 × 256 calls for each invariant, with fresh seeds;
- ballots: the contract and the verifier on 2,000 random ballots of random rules;
- coverage: lines and statements that the tests of the contracts run, at least 98 %;
- slither: static analysis; each finding has its answer in docs/contracts.md;
- halmos: symbolic proofs of what fuzzing checks of sums, padding and order.

Tools that the checkout does not lock are installed, in the versions below, into a temporary folder.
Exit code 1 if a part failed. `mutants` is a programme of its own.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "hardhat"
SLITHER = "slither-analyzer==0.11.6"
HALMOS = "halmos==0.3.3"
FORGE = "@foundry-rs/forge@1.7.1"
LEAST_COVERAGE = 98.0
PROVED = (
    "testFuzz_depthIsTheLeast",
    "testFuzz_paddingIsWhatHasNoLeaf",
    "testFuzz_bondsOnlyGrow",
    "testFuzz_everyFalseSumIsShown",
    "testFuzz_everyFalseOrderIsShown",
    "testFuzz_everyFalsePaddingIsShown",
)
"""Properties of tests/contracts/SumTree.t.sol that the prover decides within minutes."""


def main(arguments: Sequence[str]) -> int:
    """Run the parts; exit code 1 if one of them failed."""
    parts = {
        "fuzz": fuzz,
        "ballots": ballots,
        "coverage": coverage,
        "slither": slither,
        "halmos": halmos,
    }
    unknown = set(arguments) - set(parts)
    if unknown:
        print(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(parts)}")
        return 2
    failed = []
    for name in arguments or parts:
        with tempfile.TemporaryDirectory(prefix=f"ostraka-{name}-") as folder:
            if not parts[name](Path(folder)):
                failed.append(name)
        print(f"{name}: {'FAILED' if name in failed else 'done'}", flush=True)
    return 1 if failed else 0


def fuzz(folder: Path) -> bool:
    """Fuzz and drive the contracts at length."""
    copied(folder)
    seed = f"0x{secrets.token_hex(32)}"
    print(f"seed {seed}")
    configuration = folder / "hardhat.config.js"
    text = configuration.read_text()
    text, changed = re.subn(
        r"fuzz: \{ runs: 1000 \},", f'fuzz: {{ runs: 10_000, seed: "{seed}" }},', text
    )
    text, also = re.subn(r"runs: 64, depth: 64", "runs: 256, depth: 256", text)
    if (changed, also) != (1, 1):
        raise ValueError("hardhat.config.js: its runs have other numbers than this programme knows")
    configuration.write_text(text)
    return run(folder, "npx", "hardhat", "test", "solidity")


def ballots(folder: Path) -> bool:
    """Compare contract and verifier on random ballots."""
    test = "tests/backend/test_ballot_check.py"
    # One test takes all of them: no limit of time.
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", test]
    command.append(f"--basetemp={folder}/pytest")
    return run(CHECKOUT, *command, OSTRAKA_BALLOTS="2000")


def coverage(folder: Path) -> bool:
    """Measure which lines and statements the tests run."""
    copied(folder)
    files = sorted(str(path) for path in (folder / "tests" / "contracts").glob("*.test.js"))
    shutil.copy(SCRIPTS / "keep_coverage.js", folder)
    shutil.copy(SCRIPTS / "report_coverage.js", folder)
    environment = {"HARDHAT_COVERAGE": "true"}
    done = run(folder, "npx", "hardhat", "test", "solidity", "--coverage")
    command = ["node", "--import", f"{folder}/keep_coverage.js", "--test", "--test-concurrency=1"]
    # Instrumented code is larger and uses more gas, so that tests of these fail here.
    run(folder, *command, *files, **environment)
    printed = subprocess.run(
        ["node", "report_coverage.js"],
        cwd=folder,
        env=environment_of(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout
    print(printed)
    total = re.search(r"Total\D+([\d.]+)\D+([\d.]+)", re.sub(r"\x1b\[\d+m", "", printed))
    return done and total is not None and min(map(float, total.groups())) >= LEAST_COVERAGE


def slither(folder: Path) -> bool:
    """Look for findings that docs/contracts.md does not answer."""
    copied(folder, tests=False)
    program = installed(folder, SLITHER)
    result = folder / "findings.json"
    arguments = ["--filter-paths", "node_modules|contracts/testing", "--json", str(result)]
    subprocess.run(
        [program / "slither", ".", *arguments],
        cwd=folder,
        env=environment_of({}),
        stderr=subprocess.DEVNULL,
        check=False,
    )
    findings = json.loads(result.read_text())["results"]["detectors"]
    page = (CHECKOUT / "docs" / "contracts.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|", page, re.MULTILINE)
    answered = {kind: set(re.findall(r"`(\w+)`", where)) for kind, where in rows}
    unanswered = 0
    for one in findings:
        text = one["description"].splitlines()[0]
        if not answered.get(one["check"], set()) & set(re.findall(r"\w+", text.split(" (", 1)[0])):
            unanswered += 1
            print(f"{one['impact']}, {one['check']}: {text}")
    print(f"{len(findings)} findings, {unanswered} without an answer")
    return not unanswered


def halmos(folder: Path) -> bool:
    """Prove properties of the sum tree for all values."""
    copied(folder)
    for test in (folder / "tests" / "contracts").glob("*.t.sol"):
        if test.name != "SumTree.t.sol":
            test.unlink()
    program = installed(folder, HALMOS)
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefix", f"{folder}/forge", FORGE)
    (folder / "foundry.toml").write_text(
        "[profile.default]\n"
        'src = "tests/contracts"\ntest = "tests/contracts"\nlibs = ["node_modules"]\n'
        'remappings = ["@openzeppelin/=node_modules/@openzeppelin/"]\n'
        f'solc = "{SCRIPTS}/solc.js"\nevm_version = "cancun"\noffline = true\n'
        "auto_detect_remappings = false\n"
    )
    path = os.pathsep.join([f"{folder}/forge/node_modules/.bin", os.environ["PATH"]])
    pattern = f"({'|'.join(PROVED)})"
    command = [str(program / "halmos"), "--contract", "SumTreeTest", "--function", pattern]
    command += ["--loop", "40", "--solver-timeout-assertion", "600000"]
    return run(folder, *command, PATH=path)


def copied(folder: Path, *, tests: bool = True) -> None:
    """Copy the contracts, so that nothing that a tool builds comes into the checkout."""
    shutil.copytree(CHECKOUT / "contracts", folder / "contracts")
    for name in ("package.json", "package-lock.json", "hardhat.config.js"):
        shutil.copy(CHECKOUT / name, folder)
    (folder / "node_modules").symlink_to(CHECKOUT / "node_modules")
    if tests:
        for name in ("contracts", "vectors"):
            shutil.copytree(CHECKOUT / "tests" / name, folder / "tests" / name)
        # Its section on the contracts' interface is compared with their code.
        (folder / "docs").mkdir()
        shutil.copy(CHECKOUT / "docs" / "protocol.md", folder / "docs")
        verifier = folder / "verifier" / "ostraka_verifier"
        verifier.mkdir(parents=True)
        shutil.copy(CHECKOUT / "verifier" / "ostraka_verifier" / "releases.json", verifier)
    else:
        (folder / "tests" / "contracts").mkdir(parents=True)


def installed(folder: Path, package: str) -> Path:
    """Install a package of Python into an environment of its own, and return its programs."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = environment / "bin" / "pip"
    subprocess.run([pip, "install", "--quiet", package], check=True)
    return environment / "bin"


def environment_of(changes: dict[str, str]) -> dict[str, str]:
    """Return the environment of a tool."""
    own = {"HARDHAT_DISABLE_TELEMETRY": "true", "OSTRAKA_CHECKOUT": str(CHECKOUT)}
    return {**os.environ, **own, **changes}


def run(folder: Path, *command: str, **environment: str) -> bool:
    """Run a command in a folder; whether it succeeded."""
    return not subprocess.run(
        list(command), cwd=folder, env=environment_of(environment), check=False
    ).returncode
