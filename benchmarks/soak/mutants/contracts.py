"""Mutants of the contracts that decide disputes, or take the nodes' word for an outcome.

Without the optimizer a mutant compiles in seconds: one process keeps the compiler and compiles only
what imports the mutant. The files of tests run one after another, first the one that killed most
mutants of the same source, until a test fails. A mutant whose code is that of the original is not
counted.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from benchmarks.soak.mutants.results import CHECKOUT, KILLED, NO_MUTANT, SURVIVED, Results
from benchmarks.soak.mutants.sample import sampled
from benchmarks.soak.mutants.text import Change, Language, Mutant, mutants_of

COMPILER = CHECKOUT / "benchmarks" / "soak" / "hardhat" / "compile.js"
TIMEOUT_S = 240
"""Of one file of tests; on the original it takes some 5 s on one free core."""
DISPUTES = ("disputes_hostile", "disputes_bonds", "disputes", "disputes_limits")
BALLOTS = ("vectors", "disputes")
REGISTRY = (
    "registry_status",
    "registry_disputes",
    "registry_opening",
    "registry_anchoring",
    "registry_tally",
)
CENSUSES = ("census_disputes", "census_challenges")
OUTCOMES = ("attested_outcomes", "treasury_outcomes", "round_rules", "outcome_encoding")
TESTS = {
    "contracts/CensusDisputes.sol": CENSUSES,
    "contracts/Disputes.sol": DISPUTES,
    "contracts/BallotCheck.sol": BALLOTS,
    "contracts/libraries/BallotProof.sol": BALLOTS,
    "contracts/libraries/Bonds.sol": ("disputes_bonds", "disputes_limits"),
    "contracts/libraries/CensusTree.sol": ("census_tree", *CENSUSES),
    "contracts/libraries/DisputeTimes.sol": ("registry_disputes", "registry_creation"),
    "contracts/libraries/Receipts.sol": DISPUTES,
    "contracts/libraries/SumTree.sol": DISPUTES,
    "contracts/libraries/BallotOutcome.sol": OUTCOMES,
    "contracts/libraries/RoundOutcome.sol": OUTCOMES[1:3],
    "contracts/PollRegistry.sol": (
        "attested_outcomes",
        "registry_creation",
        "registry_committee",
        *REGISTRY,
    ),
    "contracts/registry/PollOutcomes.sol": OUTCOMES[:2],
    "contracts/registry/PollStates.sol": REGISTRY,
}
"""Tests of each contract, the fastest first."""

NEEDS_OPTIMIZER = "^(polls say how long disputes may last|gas of posting)"
"""Deploys a contract whose creation code is too large without the optimizer, or measures gas."""
CONFIGURATION = """
import { defineConfig } from "hardhat/config";
// Code that is not optimized is larger than a real chain allows, and uses more gas.
const network = {
  type: "edr-simulated",
  allowUnlimitedContractSize: true,
  hardfork: "prague",
  blockGasLimit: 100_000_000,
};
export default defineConfig({ solidity: "0.8.37", networks: { default: network } });
"""

OPERATORS = (
    (r"(?<![<>=!])<(?![<=])", ("<=", ">")),
    (r"(?<![<>=!-])>(?![>=])", (">=", "<")),
    (r"<=", ("<", ">")),
    (r"(?<![<>])>=", (">", "<")),
    (r"==", ("!=",)),
    (r"!=", ("==",)),
    (r"&&", ("||",)),
    (r"\|\|", ("&&",)),
    (r"(?<!\+)\+(?![+=])", ("-",)),
    (r"(?<=\s)-(?=\s)", ("+",)),
    (r"(?<=\s)\*(?=\s)", ("/",)),
    (r"(?<=\s)/(?=\s)", ("*",)),
    (r"(?<=\s)%(?=\s)", ("/",)),
    (r"<<(?!=)", (">>",)),
    (r">>(?!=)", ("<<",)),
    (r"\+=", ("-=",)),
    (r"-=", ("+=",)),
    (r"\+\+(?=\w)", ("--",)),
    (r"--(?=\w)", ("++",)),
    (r"\btrue\b", ("false",)),
    (r"\bfalse\b", ("true",)),
    (r"\bMath\.min\b", ("Math.max",)),
    (r"\bMath\.max\b", ("Math.min",)),
    (r"\blt\(", ("gt(",)),
    (r"\bslt\(", ("sgt(",)),
    (r"\beq\(", ("xor(",)),
    (r"\band\(", ("or(",)),
    (r"\bor\(", ("and(",)),
    (r"\badd\(", ("sub(",)),
    (r"\bsub\(", ("add(",)),
    (r"\bmulmod\(", ("addmod(",)),
    (r"\baddmod\(", ("mulmod(",)),
)


def _conditions(code: str) -> Iterator[Change]:
    """Negate each condition, up to its closing parenthesis."""
    for match in re.finditer(r"\bif \((?=\S)", code):
        depth, place = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(code[place], 0)
            place += 1
        yield match.start(), place, f"if (!({code[match.end() : place - 1]}))"


SOLIDITY = Language(
    operators=OPERATORS,
    conditions=_conditions,
    number=r"(?<![\w.\[\]])(\d[\d_]*)(?![\w.])",
    statement=r"(?m)^[ \t]+(?!return|for|import|using)(?:\w[^;{}]*|--\w[^;{}]*|\+\+\w[^;{}]*);$",
    declaration=(
        r"^\s*(?:u?int\d*|bytes\d*|bool|address|mapping|bytes\b|struct|error|event|I?[A-Z]\w*\."
        r"|[A-Z]\w+ )[^=]*[;=]"
    ),
    # Imports and pragmas.
    kept=r"\S",
)


def main(sample: int | None, seed: str, files: Sequence[str]) -> int:
    """Run the mutants; exit code 1 if too many survive."""
    sources = [path for path in TESTS if not files or path.endswith(tuple(files))]
    mutants = {path: mutants_of(path, SOLIDITY) for path in sources}
    results = Results("contracts")
    with (
        tempfile.TemporaryDirectory(prefix="ostraka-mutants-") as folder,
        Workspace(Path(folder)) as workspace,
    ):
        for path in sources:
            workspace.compiled(path)
        for test in sorted({test for path in sources for test in TESTS[path]}):
            if not workspace.file_passes(test):
                print(f"{test} fails without any mutation")
                return 1
        for mutant in sampled(mutants, seed, sample):
            digest = sha256((CHECKOUT / mutant.source).read_bytes()).hexdigest()[:16]
            verdict = results.kept(mutant.name, digest) or workspace.judge(mutant)
            results.add(mutant.name, digest, verdict)
    print(f"{results.table()}\n{results.summary()}")
    return 0 if results.enough() else 1


class Workspace:
    """A copy of contracts and tests whose artifacts one compiler process writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> "Workspace":
        shutil.copytree(CHECKOUT / "contracts", self.folder / "contracts")
        shutil.copytree(CHECKOUT / "tests" / "contracts", self.folder / "tests" / "contracts")
        shutil.copytree(CHECKOUT / "tests" / "vectors", self.folder / "tests" / "vectors")
        shutil.copy(CHECKOUT / "package.json", self.folder)
        (self.folder / "hardhat.config.js").write_text(CONFIGURATION)
        (self.folder / "node_modules").symlink_to(CHECKOUT / "node_modules")
        self.compiler = subprocess.Popen(
            ["node", str(COMPILER), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.kills: Counter[tuple[str, str]] = Counter()
        if self.compiled("") == "refused":
            raise ValueError("the contracts do not compile")
        return self

    def __exit__(self, *_: object) -> None:
        self.compiler.terminate()
        self.compiler.wait()

    def compiled(self, source: str) -> str:
        """Compile what imports a source, "" for everything: same, changed or refused."""
        assert self.compiler.stdin
        assert self.compiler.stdout
        self.compiler.stdin.write(f"{source}\n")
        self.compiler.stdin.flush()
        return self.compiler.stdout.readline().strip() or "refused"

    def judge(self, mutant: Mutant) -> str:
        """Return the verdict on a mutant."""
        path = self.folder / mutant.source
        text = path.read_text()
        path.write_text(mutant.applied(text))
        try:
            if self.compiled(mutant.source) != "changed":
                return NO_MUTANT
            return SURVIVED if self.passes(mutant.source) else KILLED
        finally:
            path.write_text(text)

    def passes(self, source: str) -> bool:
        """Whether every test of a source passes; stops at the first that fails."""
        for test in sorted(TESTS[source], key=lambda test: -self.kills[source, test]):
            if not self.file_passes(test):
                self.kills[source, test] += 1
                return False
        return True

    def file_passes(self, test: str) -> bool:
        """Whether every test of a file passes; stops at the first that fails."""
        options = [f"--test-skip-pattern={NEEDS_OPTIMIZER}", "--test-reporter=tap"]
        process = subprocess.Popen(
            # Without `--test` the file runs in this process.
            ["node", *options, f"tests/contracts/{test}.test.js"],
            cwd=self.folder,
            env={**os.environ, "HARDHAT_DISABLE_TELEMETRY": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        timer = _killed_after(process, TIMEOUT_S)
        try:
            assert process.stdout
            for line in process.stdout:
                if line.lstrip().startswith("not ok"):
                    return False
            return process.wait() == 0
        finally:
            timer.cancel()
            _kill(process)


def _killed_after(process: "subprocess.Popen[str]", seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, _kill, [process])
    timer.start()
    return timer


def _kill(process: "subprocess.Popen[str]") -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()
