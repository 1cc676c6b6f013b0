"""Mutants of the native engine, apart from what decides only how fast it works.

Each is built without link-time optimization in a folder that keeps what did not change. A fork of
this process, which has imported everything else, imports it in place of the installed engine and
runs the tests. The file that killed most mutants of the same source comes first.
"""

import contextlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.soak.mutants.forks import forked
from benchmarks.soak.mutants.results import CHECKOUT, KILLED, NO_MUTANT, SURVIVED, Results, keep
from benchmarks.soak.mutants.sample import sampled
from benchmarks.soak.mutants.text import Change, Language, mutants_of

CRATE = CHECKOUT / "verifier" / "native"
FOLDER = CHECKOUT / "build" / "soak-mutants-rust"
USUAL = FOLDER / "usual.json"
FOR_SPEED = ("floor.rs", "parallel.rs", "pool.rs")
"""Sources that no verdict depends on."""
LIBRARY = "libostraka_verifier_native.so"
MODULE = "ostraka_verifier_native.abi3.so"
SETTINGS = (
    'profile.release.lto="off"',
    "profile.release.codegen-units=256",
    "profile.release.incremental=true",
    "profile.release.package.ostraka-verifier-native.opt-level=1",
)
TESTS = (
    "tests/verifier/test_curve.py",
    "tests/verifier/test_signatures.py",
    "tests/verifier/test_encoding.py",
    "tests/verifier/test_ballot_batch.py",
    "tests/verifier/test_census_tree.py",
    "tests/verifier/test_packed_census.py",
    "tests/verifier/test_leaf_pass.py",
    "tests/verifier/test_proof.py",
    "tests/verifier/shuffle/test_run.py",
    "tests/verifier/shuffle/test_native.py",
    "tests/verifier/test_vectors.py",
    "tests/verifier/checks/test_ballots.py",
    "tests/verifier/checks/test_flips.py",
    "tests/backend/test_keys.py",
    "tests/backend/test_sealing.py",
    "tests/backend/test_repair_shares.py",
)
"""The fastest first."""
FIRST = {
    "ballots.rs": "tests/verifier/test_ballot_batch.py",
    "bisection.rs": "tests/verifier/test_leaf_pass.py",
    "census.rs": "tests/verifier/test_packed_census.py",
    "census_tree.rs": "tests/verifier/test_census_tree.py",
    "ecdsa.rs": "tests/verifier/test_leaf_pass.py",
    "leaf_check.rs": "tests/verifier/test_leaf_pass.py",
    "leaf_part.rs": "tests/verifier/test_leaf_pass.py",
    "least_counts.rs": "tests/verifier/test_packed_census.py",
    "leaves.rs": "tests/verifier/test_leaf_pass.py",
    "rule.rs": "tests/verifier/test_ballot_batch.py",
    "shuffle.rs": "tests/verifier/shuffle/test_native.py",
    "shuffle_prover.rs": "tests/verifier/shuffle/test_native.py",
    "shuffles.rs": "tests/verifier/shuffle/test_native.py",
    "signatures.rs": "tests/verifier/test_signatures.py",
    "sum_tree.rs": "tests/verifier/test_leaf_pass.py",
    "weights.rs": "tests/verifier/test_leaf_pass.py",
}
"""Tests that come first for a source, until others have killed more of its mutants."""
OPTIONS = ("--exitfirst", "--quiet", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0")
OTHER_ENGINE = ("-k", "not reference")
"""Tests whose name says that they use the readable engine run no Rust."""
OURS = ("ostraka", "ostraka_verifier", "ostraka_verifier_native", "tests", "benchmarks")
SLOWER = 5.0
MORE_S = 30.0
"""A mutant is killed whose tests take so many times their processor time, and so much more."""
UNMEASURED_S = 600.0
"""Processor time for a file of tests until it is measured."""


def _conditions(code: str) -> Iterator[Change]:
    for match in re.finditer(r"\bif (?!let\b)([^{};]+) \{", code):
        yield match.start(), match.end(), f"if !({match[1]}) {{"


RUST = Language(
    operators=(
        (r"(?<= )<(?= )", ("<=", ">=")),
        (r"(?<= )>(?= )", (">=", "<=")),
        (r"(?<= )<=(?= )", ("<", ">")),
        (r"(?<= )>=(?= )", (">", "<")),
        (r"(?<= )==(?= )", ("!=",)),
        (r"(?<= )!=(?= )", ("==",)),
        (r"(?<= )&&(?= )", ("||",)),
        (r"(?<= )\|\|(?= )", ("&&",)),
        (r"(?<= )\+(?= )", ("-",)),
        (r"(?<= )-(?= )", ("+",)),
        (r"(?<= )\*(?= )", ("+",)),
        (r"(?<= )/(?= )", ("*",)),
        (r"(?<= )%(?= )", ("/",)),
        (r"(?<= )<<(?= )", (">>",)),
        (r"(?<= )>>(?= )", ("<<",)),
        (r"(?<= )&(?= )", ("|",)),
        (r"(?<= )\|(?= )", ("&",)),
        (r"(?<= )\^(?= )", ("|",)),
        (r"\+=", ("-=",)),
        (r"-=", ("+=",)),
        (r"\.\.=", ("..",)),
        (r"\.min\(", (".max(",)),
        (r"\.max\(", (".min(",)),
        (r"\.all\(", (".any(",)),
        (r"\.any\(", (".all(",)),
        (r"\.is_none\(", (".is_some(",)),
        (r"\.is_some\(", (".is_none(",)),
        (r"\.rev\(\)", ("",)),
        (r"\.filter\(\|[^()]*\)", ("",)),
        (r"\.then_some\(([^()]*)\)", (".then_some(Default::default())",)),
        (r"\btrue\b", ("false",)),
        (r"\bfalse\b", ("true",)),
        (r"\bcontinue\b", ("break",)),
        (r"\bbreak\b", ("continue",)),
        (r"(?<=[ (])!(?=[\w(])", ("",)),
        (r"(?<=[ (])-(?=[\w*(])", ("",)),
    ),
    conditions=_conditions,
    number=r"(?<![\w.'])(\d[\d_]*)(?![\w.])",
    statement=r"(?m)^[ \t]+[a-z_*][^;{}=]*(?:\)|[-+*/%&|^<>]?= [^;{}]*);$",
    declaration=r"^\s*(?:let|return|use|const|static|type|fn)\b",
    kept=r"\s*(?:#|use |mod |pub mod |extern )",
)


def main(sample: int | None, seed: str, files: Sequence[str]) -> int:
    """Run the mutants; exit code 1 if too many survive."""
    paths = sorted(str(path.relative_to(CHECKOUT)) for path in CRATE.glob("src/*.rs"))
    paths = [path for path in paths if not path.endswith(FOR_SPEED)]
    paths = [path for path in paths if not files or path.endswith(tuple(files))]
    results, kills = Results("rust"), defaultdict[str, Counter[str]](Counter)
    for path in paths:
        kills[path][FIRST.get(Path(path).name, TESTS[0])] = 1
    (FOLDER / "modules").mkdir(parents=True, exist_ok=True)
    crate = FOLDER / "crate"
    shutil.rmtree(crate, ignore_errors=True)
    shutil.copytree(CRATE, crate, ignore=shutil.ignore_patterns("target"))
    if not built(crate):
        print("the native engine does not build")
        return 1
    original = digest_of_module()
    os.chdir(CHECKOUT)
    import_beforehand()
    usual = usual_seconds(original)
    if len(usual) < len(TESTS):
        print("the tests of the native engine fail without any mutation")
        return 1
    for mutant in sampled({path: mutants_of(path, RUST) for path in paths}, seed, sample):
        text = (CHECKOUT / mutant.source).read_text("utf-8")
        digest = sha256(text.encode()).hexdigest()[:16]
        verdict = results.kept(mutant.name, digest)
        if verdict is None:
            copy = crate / Path(mutant.source).relative_to("verifier/native")
            copy.write_text(mutant.applied(text), "utf-8")
            if not built(crate) or digest_of_module() == original:
                verdict = NO_MUTANT
            else:
                verdict = judge(kills[mutant.source], usual)
            copy.write_text(text, "utf-8")
        results.add(mutant.name, digest, verdict)
    print(f"{results.table()}\n{results.summary()}")
    return 0 if results.enough() else 1


def judge(kills: Counter[str], usual: Mapping[str, float]) -> str:
    """Return the verdict on the engine that was built last.

    Args:
        kills: How many mutants of its source each file of tests has killed.
        usual: Processor time of each file with the engine as it is.
    """
    first = kills.most_common(1)[0][0]
    for tests in ([first], sorted(set(TESTS) - {first}, key=lambda one: -kills[one])):
        failed = failing(tests, SLOWER * sum(usual[one] for one in tests) + MORE_S)
        if failed is not None:
            kills[failed] += 1
            return KILLED
    return SURVIVED


def built(crate: Path) -> bool:
    """Build the crate as it is, if the compiler accepts it."""
    settings = [part for one in SETTINGS for part in ("--config", one)]
    command = ["cargo", "build", "--release", "--quiet", "--offline", "--locked", *settings]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(FOLDER / "target"), "RUSTFLAGS": ""}
    done = subprocess.run(
        command, cwd=crate, env=environment, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        return False
    # Not over the old file: that of a test that still runs would change below it.
    fresh = FOLDER / "modules" / f"{MODULE}.new"
    shutil.copy(FOLDER / "target" / "release" / LIBRARY, fresh)
    fresh.replace(FOLDER / "modules" / MODULE)
    return True


def digest_of_module() -> str:
    """Digest of the engine that was built last."""
    return sha256((FOLDER / "modules" / MODULE).read_bytes()).hexdigest()


def import_beforehand() -> None:
    """Import what the tests import and is not ours, once for all mutants."""

    def names(writer: int) -> bool:
        pytest.main([*OPTIONS, "--collect-only", *TESTS])
        others = [name for name in sys.modules if name.split(".")[0] not in OURS]
        return bool(os.write(writer, json.dumps(others).encode()))

    for name in json.loads(forked(names, int(UNMEASURED_S))[:-1]):
        # Some are there only for others, under a name that cannot be imported.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def usual_seconds(engine: str) -> dict[str, float]:
    """Return the processor time of each file of tests up to the first that fails.

    Measured once for the same engine and tests.
    """
    kept = json.loads(USUAL.read_text()) if USUAL.exists() else {}
    found = dict[str, float]()
    for name in TESTS:
        digest = sha256(engine.encode() + (CHECKOUT / name).read_bytes()).hexdigest()
        if kept.get(name, {}).get("digest") != digest:
            before = os.times()
            if failing([name], UNMEASURED_S) is not None:
                break
            after = os.times()
            spent = after.children_user - before.children_user
            spent += after.children_system - before.children_system
            kept[name] = {"digest": digest, "seconds": spent}
            keep(USUAL, json.dumps(kept))
        found[name] = kept[name]["seconds"]
    return found


class FirstFailure:
    """Writes the file of a test that fails."""

    def __init__(self, writer: int) -> None:
        self.writer = writer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write it."""
        if report.failed:
            os.write(self.writer, report.nodeid.split("::")[0].encode())


def failing(tests: Sequence[str], seconds: float) -> str | None:
    """Return the file of the first test that fails with the engine that was built last.

    None if all pass. The first file if they end without a result.

    Args:
        seconds: Processor time that they may take.
    """

    def run(writer: int) -> bool:
        sys.path.insert(0, str(FOLDER / "modules"))
        return pytest.main([*OPTIONS, *OTHER_ENGINE, *tests], plugins=[FirstFailure(writer)]) == 0

    answer = forked(run, int(seconds)).decode()
    if answer == "\1":
        return None
    return answer if answer in tests else tests[0]
