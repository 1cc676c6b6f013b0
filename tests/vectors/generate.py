"""Writes all shared test vectors, or checks that they are current.

    python -m tests.vectors.generate [--check]

Each negative case breaks one thing and says which class of error it must give.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ostraka_verifier.commitment import MAX_GENERATORS, derive_generator
from ostraka_verifier.transcript import Transcript
from tests.vectors.cases import Cases, hexed
from tests.vectors.generate_audit_log import audit_log
from tests.vectors.generate_ballot import ballots
from tests.vectors.generate_ballot_outcomes import ballot_outcomes
from tests.vectors.generate_board import boards
from tests.vectors.generate_census import censuses, sum_trees
from tests.vectors.generate_classes import classes
from tests.vectors.generate_curve import write_curve
from tests.vectors.generate_json import hostile_json
from tests.vectors.generate_keys import poll_keys, redemptions, sealing
from tests.vectors.generate_opened import opened_sections
from tests.vectors.generate_outcome import outcomes
from tests.vectors.generate_question import openings, question_ballots, questions, votes
from tests.vectors.generate_receipt_log import receipt_logs
from tests.vectors.generate_rule import constructors, rules, slack
from tests.vectors.generate_shuffle import shuffles
from tests.vectors.generate_signatures import signatures
from tests.vectors.generate_typed_data import typed_statements

FOLDER = Path(__file__).parent


def generators() -> Cases:
    """`H, G_1 … G_320`."""
    return {"points": [hexed(derive_generator(index)) for index in range(MAX_GENERATORS + 1)]}


def transcript() -> Cases:
    """Challenges of small transcripts."""
    context = bytes(range(32))
    cases = []
    for purpose, messages in (
        ("ballot", []),
        ("ballot", [("a", b"")]),
        ("ballot", [("ab", b"c")]),
        ("ballot", [("a", b"bc")]),
        ("ballot", [("a", b"b"), ("", b"c")]),
        ("other", [("ab", b"c")]),
    ):
        state = Transcript(purpose, context)
        for label, message in messages:
            state.absorb(label, message)
        cases.append(
            {
                "purpose": purpose,
                "poll_context": hexed(context),
                "messages": [[label, hexed(message)] for label, message in messages],
                "challenge": str(state.challenge()),
            }
        )
    return {"cases": cases}


WRITERS: dict[str, Callable[[], Cases]] = {
    "generators": generators,
    "transcript": transcript,
    "typed_data": typed_statements,
    "receipt_log": receipt_logs,
    "signatures": signatures,
    "rule": rules,
    "slack": slack,
    "constructors": constructors,
    "ballot": ballots,
    "census": censuses,
    "weight_classes": classes,
    "merkle_sum": sum_trees,
    "outcome": outcomes,
    "ballot_outcomes": ballot_outcomes,
    "questions": questions,
    "votes": votes,
    "question_ballots": question_ballots,
    "openings": openings,
    "board": boards,
    "opened": opened_sections,
    "shuffle": shuffles,
    "poll_keys": poll_keys,
    "sealing": sealing,
    "redemptions": redemptions,
    "json": hostile_json,
    # Not of the protocol: other verifiers do not read it.
    "gateway/audit_log": audit_log,
}


def write(folder: Path) -> None:
    """Write every file of vectors into `folder`."""
    write_curve(folder)
    for name, make in WRITERS.items():
        text = json.dumps(make(), indent=1, ensure_ascii=False)
        path = folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Write the vectors, or with `--check` compare them with what stands in the tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    if not parser.parse_args().check:
        write(FOLDER)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        fresh = {path.relative_to(folder): path for path in Path(folder).rglob("*.json")}
        stale = [
            name
            for name, path in sorted(fresh.items())
            if not (FOLDER / name).exists() or (FOLDER / name).read_bytes() != path.read_bytes()
        ]
    for name in stale:
        print(f"tests/vectors/{name} is not current: make vectors")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
