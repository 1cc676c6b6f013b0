"""Mutants of the native engine, apart from what decides only how fast it works.

Each is built without link-time optimization in a folder that keeps what did not change, and is
imported in place of the installed engine by the tests that use it. Tests that killed another mutant
of the same source come first.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from benchmarks.soak.mutants.results import CHECKOUT, KILLED, NO_MUTANT, SURVIVED, Results
from benchmarks.soak.mutants.sample import sampled
from benchmarks.soak.mutants.text import Change, Language, mutants_of

CRATE = CHECKOUT / "verifier" / "native"
FOLDER = CHECKOUT / "build" / "soak-mutants-rust"
FOR_SPEED = ("floor.rs", "parallel.rs", "pool.rs")
"""Sources that no verdict depends on."""
LIBRARY = "libostraka_verifier_native.so"
MODULE = "ostraka_verifier_native.abi3.so"
SETTINGS = (
    'profile.release.lto="off"',
    "profile.release.codegen-units=16",
    "profile.release.incremental=true",
    "profile.release.opt-level=1",
    'profile.release.package."*".opt-level=3',
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
    "tests/verifier/test_vectors.py",
    "tests/verifier/checks/test_ballots.py",
    "tests/verifier/checks/test_flips.py",
    "tests/backend/test_keys.py",
    "tests/backend/test_sealing.py",
    "tests/backend/test_repair_shares.py",
)
"""The fastest first."""
TIMEOUT_S = 900
TEST_TIMEOUT_S = 120
"""The slowest test takes 20 s on a busy machine."""
FAILED = re.compile(r"(?m)^(?:FAILED|ERROR) ([^ :]+\.py)")


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
    (FOLDER / "modules").mkdir(parents=True, exist_ok=True)
    crate = FOLDER / "crate"
    shutil.rmtree(crate, ignore_errors=True)
    shutil.copytree(CRATE, crate, ignore=shutil.ignore_patterns("target"))
    if not built(crate):
        print("the native engine does not build")
        return 1
    original = digest_of_module()
    if failing(TESTS):
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
                of_source = kills[mutant.source]
                failed = failing([name for name, _ in of_source.most_common()])
                failed = failed or failing([name for name in TESTS if name not in of_source])
                of_source.update(failed & set(TESTS))
                verdict = KILLED if failed else SURVIVED
            copy.write_text(text, "utf-8")
        results.add(mutant.name, digest, verdict)
    print(f"{results.table()}\n{results.summary()}")
    return 0 if results.enough() else 1


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


def failing(tests: Sequence[str]) -> set[str]:
    """Return the file of the first test that fails with the engine that was built last.

    Empty if all pass. Something else than a file if they take too long, or end without a result.
    """
    if not tests:
        return set()
    options = ["--exitfirst", "--quiet", "-rfE", f"--timeout={TEST_TIMEOUT_S}"]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(FOLDER / "modules")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"too long"}
    if not done.returncode:
        return set()
    return set(FAILED.findall(done.stdout)) or {f"exit code {done.returncode}"}
