"""Mutants of the contracts that decide disputes.

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
from typing import NamedTuple

from benchmarks.soak.mutants.results import CHECKOUT, KILLED, NO_MUTANT, SURVIVED, Results
from benchmarks.soak.mutants.sample import sampled

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
TESTS = {
    "contracts/CensusDisputes.sol": CENSUSES,
    "contracts/Disputes.sol": DISPUTES,
    "contracts/BallotCheck.sol": BALLOTS,
    "contracts/libraries/BallotProof.sol": BALLOTS,
    "contracts/libraries/Bonds.sol": ("disputes_bonds", "disputes_limits"),
    "contracts/libraries/ChallengeId.sol": DISPUTES,
    "contracts/libraries/CensusTree.sol": ("census_tree", *CENSUSES),
    "contracts/libraries/DisputeTimes.sol": ("registry_disputes", "registry_creation"),
    "contracts/libraries/Receipts.sol": DISPUTES,
    "contracts/libraries/SumTree.sol": DISPUTES,
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
    (r"\bif \((?=\S)", ("if (!",)),
)
NUMBER = re.compile(r"(?<![\w.\[\]])(\d[\d_]*)(?![\w.])")
STATEMENT = re.compile(
    r"(?m)^[ \t]+(?!return|for|import|using)(?:\w[^;{}]*|--\w[^;{}]*|\+\+\w[^;{}]*);$"
)
DECLARATION = re.compile(
    r"^\s*(?:u?int\d*|bytes\d*|bool|address|mapping|bytes\b|struct|error|event|I?[A-Z]\w*\."
    r"|[A-Z]\w+ )[^=]*[;=]"
)


class Mutant(NamedTuple):
    """One change of one source."""

    source: str
    start: int
    end: int
    text: str
    """What stands there instead."""

    def describe(self) -> str:
        """One line for people: old text, new text, and the line around them."""
        text = (CHECKOUT / self.source).read_text()
        old = " ".join(text[self.start : self.end].split())
        line = text.splitlines()[text.count("\n", 0, self.start)].strip()
        return f"{self.source}: {old} → {self.text or '(nothing)'} in `{line}`"


def main(sample: int | None, seed: str, files: Sequence[str]) -> int:
    """Run the mutants; exit code 1 if too many survive."""
    sources = [path for path in TESTS if not files or path.endswith(tuple(files))]
    mutants = {path: named(list(mutants_of(path))) for path in sources}
    results = Results("contracts")
    with (
        tempfile.TemporaryDirectory(prefix="ostraka-mutants-") as folder,
        Workspace(Path(folder)) as workspace,
    ):
        for path in sources:
            if workspace.compiled(path) == "refused" or not workspace.passes(path):
                print(f"{path}: its tests fail without any mutation")
                return 1
        for name, mutant in sampled(mutants, seed, sample):
            digest = sha256((CHECKOUT / mutant.source).read_bytes()).hexdigest()[:16]
            results.add(name, digest, results.kept(name, digest) or workspace.judge(mutant))
    print(results.summary())
    return 0 if results.enough() else 1


def mutants_of(path: str) -> Iterator[Mutant]:
    """Every mutant of one source, in the order of their places."""
    text = (CHECKOUT / path).read_text()
    code = _code_only(text)
    for pattern, replacements in OPERATORS:
        for match in re.finditer(pattern, code):
            for replacement in replacements:
                yield from _mutant(path, code, match.start(), match.end(), replacement)
    for match in NUMBER.finditer(code):
        value = int(match[1].replace("_", ""))
        yield from _mutant(path, code, match.start(), match.end(), str(value + 1))
    for match in STATEMENT.finditer(code):
        if not DECLARATION.match(match[0]):
            yield from _mutant(path, code, match.start(), match.end(), "")


def named(mutants: Sequence[Mutant]) -> list[tuple[str, Mutant]]:
    """Return mutants with names that differ."""
    seen = Counter[str]()
    found = []
    for mutant in mutants:
        name = mutant.describe()
        seen[name] += 1
        found.append((name if seen[name] == 1 else f"{name} (number {seen[name]})", mutant))
    return found


def _mutant(path: str, code: str, start: int, end: int, text: str) -> Iterator[Mutant]:
    line = code[code.rfind("\n", 0, start) + 1 : code.find("\n", start)]
    if not line.startswith((" ", "\t")):
        return  # Imports and pragmas.
    if text == "if (!":
        # The whole condition is negated, up to its closing parenthesis.
        depth, place = 1, end
        while depth:
            depth += {"(": 1, ")": -1}.get(code[place], 0)
            place += 1
        yield Mutant(path, start, place, f"if (!({code[end : place - 1]}))")
        return
    yield Mutant(path, start, end, text)


def _code_only(text: str) -> str:
    """The source with comments and strings blanked; places stay the same."""
    return re.sub(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"',
        lambda match: (
            re.sub(r"[^\n]", " ", match[0])
            if not match[0].startswith('"')
            else '"' + "s" * (len(match[0]) - 2) + '"'
        ),
        text,
        flags=re.DOTALL,
    )


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
        path.write_text(text[: mutant.start] + mutant.text + text[mutant.end :])
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
