"""Mutants of the contracts that decide disputes, and how many of them the fast tests notice.

    make soak ARGS="mutants [--sample N] [--seed S] [FILE…]"

A mutant is one source with one change: an operator, a condition, a constant, or a statement left
out. It is killed when a test fails or takes too long. Without the optimizer a mutant compiles in
seconds; one whose code is that of the original is no mutant and is not counted. FILE is the name of
one of the contracts below, by default all. Every survivor is printed and written to
build/soak-mutants.json. Exit code 1 if less than 95 % were killed.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
RESULT = CHECKOUT / "build" / "soak-mutants.json"
LEAST = 0.95
TIMEOUT_S = 240
"""Of all tests of a mutant; the original takes about 15 s on one free core."""
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
    "contracts/libraries/CensusTree.sol": ("census_tree", *CENSUSES),
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

    def describe(self, original: str) -> str:
        """One line for people: place, old text and new text."""
        line = original.count("\n", 0, self.start) + 1
        old = " ".join(original[self.start : self.end].split())
        whole = original.splitlines()[line - 1].strip()
        return f"{self.source}:{line}: {old!r} → {self.text!r} in `{whole}`"


def main(arguments: Sequence[str]) -> int:
    """Run the mutants; exit code 1 if too many survive."""
    parser = argparse.ArgumentParser(prog="mutants")
    parser.add_argument("--sample", type=int, help="so many mutants instead of all")
    parser.add_argument("--seed", default="ostraka")
    parser.add_argument("files", nargs="*", metavar="FILE")
    chosen = parser.parse_args(arguments)
    sources = [path for path in TESTS if not chosen.files or Path(path).name in chosen.files]
    mutants = [mutant for path in sources for mutant in mutants_of(path)]
    random.Random(chosen.seed).shuffle(mutants)
    mutants = mutants[: chosen.sample]
    with (
        tempfile.TemporaryDirectory(prefix="ostraka-mutants-") as folder,
        Workspace(Path(folder)) as workspace,
    ):
        for path in sources:
            if not workspace.passes(path):
                print(f"{path}: its tests fail without any mutation")
                return 1
        killed, same, survivors = 0, 0, []
        for number, mutant in enumerate(mutants, 1):
            verdict = workspace.judge(mutant)
            killed += verdict == "killed"
            same += verdict == "same code"
            if verdict == "survived":
                survivors.append(mutant.describe((CHECKOUT / mutant.source).read_text()))
                print(f"survived: {survivors[-1]}", flush=True)
            if number % 10 == 0:
                print(f"{number} of {len(mutants)}: {killed} killed, {same} no mutants", flush=True)
    counted = killed + len(survivors)
    share = killed / counted if counted else 0
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({"killed": killed, "counted": counted, "survivors": survivors}, indent=2) + "\n"
    )
    print(f"{killed} of {counted} mutants killed: {share:.1%}; goal {LEAST:.0%}")
    return 0 if share >= LEAST else 1


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
            ["node", str(Path(__file__).parent / "hardhat" / "compile.js"), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.original = self.compiled()
        if self.original is None:
            raise ValueError("the contracts do not compile")
        return self

    def __exit__(self, *_: object) -> None:
        self.compiler.terminate()
        self.compiler.wait()

    def compiled(self) -> str | None:
        """Compile, write the artifacts, and return a digest of all code; None for an error."""
        assert self.compiler.stdin
        assert self.compiler.stdout
        self.compiler.stdin.write("\n")
        self.compiler.stdin.flush()
        return self.compiler.stdout.readline().strip() or None

    def judge(self, mutant: Mutant) -> str:
        """Return killed, survived, same code, or no code."""
        path = self.folder / mutant.source
        text = path.read_text()
        path.write_text(text[: mutant.start] + mutant.text + text[mutant.end :])
        try:
            code = self.compiled()
            if code is None:
                return "no code"
            if code == self.original:
                return "same code"
            return "survived" if self.passes(mutant.source) else "killed"
        finally:
            path.write_text(text)

    def passes(self, source: str) -> bool:
        """Whether every test of a source passes; stops at the first that fails."""
        files = [f"tests/contracts/{name}.test.js" for name in TESTS[source]]
        process = subprocess.Popen(
            [
                "node",
                "--test",
                "--test-concurrency=1",
                "--test-reporter=tap",
                f"--test-skip-pattern={NEEDS_OPTIMIZER}",
                *files,
            ],
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
