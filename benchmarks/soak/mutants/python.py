"""Mutants of the verifier's modules that check and decode.

The tests are collected once. A first pass records which lines of the verifier each test runs, and
how long it takes. Each mutant then gets a fork of this process, which puts the mutant's code into
the functions as they are and runs the tests of the changed line, the fastest first. What is changed
outside of functions gets a fork that imports everything again. A survivor of the first way is tried
the second way, too.
"""

import gc
import importlib.abc
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import _lru_cache_wrapper, partial
from hashlib import sha256
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from benchmarks.soak.mutants.forks import forked
from benchmarks.soak.mutants.results import (
    CHECKOUT,
    KILLED,
    NO_MUTANT,
    SURVIVED,
    Results,
    keep,
)
from benchmarks.soak.mutants.sample import sampled
from benchmarks.soak.mutants.syntax import Mutant, Source

VERIFIER = CHECKOUT / "verifier" / "ostraka_verifier"
PATTERNS = (
    "checks/*.py",
    "question/*.py",
    "outcome/*.py",
    "shuffle/*.py",
    *(
        f"{name}.py"
        for name in (
            "abi",
            "ballot",
            "ballot_batch",
            "board",
            "board_leaves",
            "board_opened",
            "census",
            "census_tree",
            "challenge",
            "commitment",
            "content",
            "description",
            "encoding",
            "merkle_sum",
            "packed_census",
            "parameters",
            "poll_key",
            "proof",
            "receipt",
            "redemption",
            "releases",
            "rule",
            "settling_clock",
            "sharing",
            "signatures",
            "snapshot",
            "tally_proof",
            "transcript",
            "typed_data",
            "uncompressed",
            "units",
            "weight_classes",
        )
    ),
)
TESTS = (
    "tests/verifier",
    "tests/backend/test_description.py",
    "tests/backend/test_kernel.py",
    "tests/backend/test_leaks.py",
    "tests/backend/test_poll_keys.py",
    "tests/backend/test_published.py",
    "tests/backend/test_repair_shares.py",
    "tests/backend/test_typed_choice.py",
)
OPTIONS = ("--quiet", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0")
LONGEST_TEST_S = 5.0
"""Slower tests are left out."""
LONGEST_RUN_S = 15.0
"""Tests of a mutant take no longer, undisturbed: the module's own, then the fastest."""
SLOWER = 5.0
"""A mutant whose tests take so many times longer is killed."""
TRACE = CHECKOUT / "build" / "soak-mutants-trace.json"


def main(sample: int | None, seed: str, files: Sequence[str]) -> int:
    """Run the mutants; exit code 1 if too many survive."""
    paths = sorted(path for pattern in PATTERNS for path in VERIFIER.glob(pattern))
    sources = {}
    for path in paths:
        name = str(path.relative_to(CHECKOUT))
        if path.name != "__init__.py" and (not files or name.endswith(tuple(files))):
            sources[name] = Source(name, str(path), path.read_text("utf-8"))
    driver = Driver(sources, sample, seed)
    os.chdir(CHECKOUT)
    if pytest.main([*OPTIONS, "--capture=no", *TESTS], plugins=[driver]):
        return 1
    print(f"{driver.results.table()}\n{driver.results.summary()}")
    return 0 if driver.results.enough() else 1


Trace = dict[str, tuple[float, dict[str, list[int]]]]


class Driver:
    """Runs mutants where pytest would run the tests that it collected."""

    def __init__(self, sources: Mapping[str, Source], sample: int | None, seed: str) -> None:
        self.results = Results("python")
        self.sources = sources
        self.sample = sample
        self.seed = seed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all mutants."""
        if session.testsfailed:
            raise session.Failed("the tests cannot be collected")
        self.items = {item.nodeid: item for item in session.items}
        # Looked for once, as there are very many objects.
        self.functions: dict[str, list[FunctionType]] = {}
        self.caches = []
        for one in gc.get_objects():
            if isinstance(one, FunctionType):
                self.functions.setdefault(one.__code__.co_filename, []).append(one)
            elif isinstance(one, _lru_cache_wrapper):
                self.caches.append(one)
        # Collecting garbage in a fork would copy the whole memory.
        gc.disable()
        gc.freeze()
        self.trace = self.traced()
        mutants = {name: list(one.mutants()) for name, one in self.sources.items()}
        for mutant in sampled(mutants, self.seed, self.sample):
            source = self.sources[mutant.source]
            digest = sha256(Path(source.path).read_bytes()).hexdigest()[:16]
            verdict = self.results.kept(mutant.name, digest) or self.judge(mutant, source)
            self.results.add(mutant.name, digest, verdict)
        return True

    def judge(self, mutant: Mutant, source: Source) -> str:
        """Return the verdict on a mutant."""
        code = source.code(mutant)
        if code is None:
            return NO_MUTANT
        chosen = self.tests_of(mutant)
        if mutant.function and self.fails(chosen, lambda: self.warm(source, code, chosen)):
            return KILLED
        killed = self.fails(chosen, lambda: again(source, code, chosen), more_s=30.0)
        return KILLED if killed else SURVIVED

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the changed line; outside of functions, any of the module."""
        chosen = []
        for test, (seconds, lines) in self.trace.items():
            ran = lines.get(mutant.source, ())
            if mutant.line in ran or (ran and not mutant.function):
                chosen.append((seconds, test))
        # First those of the module's own file, or of the one that is named like it.
        own = f"/test_{Path(mutant.source).stem}.py::"
        chosen.sort(key=lambda one: (own not in one[1], one))
        total, within = 0.0, []
        for seconds, test in chosen:
            total += seconds
            if total > LONGEST_RUN_S:
                break
            within.append(test)
        return within

    def fails(self, chosen: Sequence[str], work: Callable[[], bool], more_s: float = 5.0) -> bool:
        """Whether a fork in which `work` runs the tests fails or takes too long."""
        usual = sum(self.trace[test][0] for test in chosen)
        return forked(lambda _: work(), int(SLOWER * usual + more_s)) != b"\1"

    def warm(self, source: Source, code: CodeType, chosen: Sequence[str]) -> bool:
        """Put a mutant into the functions as they are, and run the tests."""
        codes = dict(_codes(code))
        for function in self.functions.get(source.path, ()):
            here = function.__code__
            function.__code__ = codes.get((here.co_qualname, here.co_firstlineno), here)
        self.forget()
        return all(passes(self.items[test]) for test in chosen)

    def forget(self) -> None:
        """Clear what functions keep of earlier calls."""
        for one in self.caches:
            one.cache_clear()

    def traced(self) -> Trace:
        """Return for each test that passes: seconds, and lines of each source that it runs."""
        digests = {item.path: _digest(item.path) for item in self.items.values()}
        common = _digest(VERIFIER)
        kept = json.loads(TRACE.read_text()) if TRACE.exists() else {}
        found: dict[str, Any] = {}
        for number, (name, item) in enumerate(self.items.items(), 1):
            digest = f"{common} {digests[item.path]}"
            if kept.get(name, {}).get("digest") == digest:
                found[name] = kept[name]
                continue
            answer = forked(partial(self.write_trace, item), 120)
            # A test that fails here without any mutation runs no line.
            seconds, lines = json.loads(answer[:-1]) if answer.endswith(b"\1") else (0.0, {})
            found[name] = {"digest": digest, "seconds": seconds, "lines": lines}
            if number % 50 == 0:
                print(f"{number} of {len(self.items)} tests traced", flush=True)
                keep(TRACE, json.dumps(kept | found))
        keep(TRACE, json.dumps(found))
        used = {
            name: (one["seconds"], one["lines"])
            for name, one in found.items()
            if one["lines"] and one["seconds"] <= LONGEST_TEST_S
        }
        total = sum(seconds for seconds, _ in used.values())
        print(f"{len(used)} tests run the verifier, {total:.0f} s in all", flush=True)
        return used

    def write_trace(self, item: pytest.Item, writer: int) -> bool:
        """Write seconds and lines of a test; whether it passes."""
        lines: dict[str, set[int]] = {}
        places = {str(path): str(path.relative_to(CHECKOUT)) for path in VERIFIER.rglob("*.py")}

        def enter(frame: FrameType, event: str, _: object) -> Any:
            name = places.get(frame.f_code.co_filename)
            if name is None:
                return None
            ran = lines.setdefault(name, set())

            def step(frame: FrameType, event: str, _: object) -> Any:
                if event == "line":
                    ran.add(frame.f_lineno)
                return step

            return step

        self.forget()
        started = time.process_time()
        sys.settrace(enter)
        passed = passes(item)
        sys.settrace(None)
        seconds = time.process_time() - started
        content = [seconds, {name: sorted(ran) for name, ran in lines.items()}]
        os.write(writer, json.dumps(content).encode())
        return passed


def passes(item: pytest.Item) -> bool:
    """Run a test; whether it passes."""
    return not any(report.failed for report in runtestprotocol(item, log=False))


class Chosen:
    """Collects some tests only, in a given order, and stops at the first that fails."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not chosen."""
        items[:] = [item for item in items if item.nodeid in self.order]
        items.sort(key=lambda item: self.order[item.nodeid])


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a mutant in place of its source."""

    def __init__(self, source: Source, code: CodeType) -> None:
        parts = Path(source.path).relative_to(VERIFIER.parent).with_suffix("").parts
        self.name = ".".join(parts)
        self.path = source.path
        self.code = code

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Find the mutant's module only."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def create_module(self, spec: Any) -> None:
        """Leave that to Python."""

    def exec_module(self, module: Any) -> None:
        """Run the mutant's code."""
        exec(self.code, module.__dict__)


def again(source: Source, code: CodeType, chosen: Sequence[str]) -> bool:
    """Import everything of ours again, with a mutant, and run the tests; whether all pass."""
    for name in list(sys.modules):
        if name.split(".")[0] in {"ostraka", "ostraka_verifier", "tests"}:
            del sys.modules[name]
    sys.meta_path.insert(0, Changed(source, code))
    files = list(dict.fromkeys(test.split("::")[0] for test in chosen))
    options = [*OPTIONS, "--exitfirst", *files]
    return not chosen or pytest.main(options, plugins=[Chosen(chosen)]) == 0


def _digest(*paths: Path) -> str:
    """Digest of Python files, and of those in folders."""
    digest = sha256()
    for path in paths:
        for one in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(one.read_bytes())
    return digest.hexdigest()[:16]


def _codes(code: CodeType) -> Iterable[tuple[tuple[str, int], CodeType]]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield (one.co_qualname, one.co_firstlineno), one
            yield from _codes(one)
