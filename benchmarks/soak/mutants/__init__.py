"""Mutants of code that decides about results, and how many of them the fast tests notice.

    make soak ARGS="mutants [contracts|python|rust] [--sample N] [--seed S] [FILE…]"

A mutant is one source with one change: an operator, a condition, a constant, or a statement left
out. It is killed when a test fails or takes too long.

- contracts: the contracts that decide disputes, against the tests of the contracts;
- python: the verifier's modules that check and decode, against the tests that run the changed line;
- rust: the native engine, against the tests that use it.

FILE is the end of a source's path; by default all sources of the kind. A sample takes of each
source in proportion to its size. Verdicts are kept in build/soak-mutants-KIND.json, so that a run
continues where another ended. survivors.toml lists survivors that no test can kill, with the
reason. Exit code 1 if less than 95 % of the others were killed.
"""

import argparse
import importlib
import os
import tempfile
from collections.abc import Sequence

KINDS = ("contracts", "python", "rust")


def main(arguments: Sequence[str]) -> int:
    """Run the mutants of some kinds; exit code 1 if too many survive."""
    parser = argparse.ArgumentParser(prog="mutants")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--sample", type=int, help="so many mutants instead of all")
    parser.add_argument("--seed", default="ostraka")
    parser.add_argument("files", nargs="*", metavar="FILE")
    chosen = parser.parse_intermixed_args(arguments)
    programme = importlib.import_module(f"{__name__}.{chosen.kind}")
    # Not pytest's usual folder: each of many runs takes it away from a PostgreSQL of other tests.
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        return int(programme.main(chosen.sample, chosen.seed, chosen.files))
