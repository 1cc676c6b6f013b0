"""Both verifiers say the same of a voter's file of receipts (V5 to V7)."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.checks import Claimed
from ostraka_verifier.curve import load
from ostraka_verifier.receipt import Receipted
from ostraka_verifier.voter_report import receipt_report
from tests.support.endpoint import BOARD, POLL, Endpoint, serving
from tests.support.polls import REGISTRY

CURVE = load("native")
OWN = POLL.prepared[0].ballot
NUMBERS = ("V5", "V6", "V7")


def cast(encoded: bytes, nodes: range = range(1, 4)) -> dict[str, Any]:
    """A ballot of the file, with receipts of some nodes."""
    bare = Receipted(encoded, {})
    statement = POLL.domain.digest(
        typed_data.RECEIPT, POLL.context, bare.voter, bare.cast_at_unix_s, bare.digest
    )
    signed = [(node, POLL.node_keys[node - 1].sign(statement)) for node in nodes]
    return {
        "ballot": "0x" + encoded.hex(),
        "receipts": [{"node": node, "signature": "0x" + one.hex()} for node, one in signed],
    }


def at(cast_at: int, voter: bytes = OWN.voter) -> bytes:
    """Another ballot of a voter."""
    return POLL.factory.prove(voter, POLL.votes[0], cast_at).ballot.encoded


def file_of(*ballots: dict[str, Any], voter: bytes = OWN.voter, **members: Any) -> bytes:
    content = {"format": "ostraka/votes/v2", "voter": "0x" + voter.hex(), "ballots": list(ballots)}
    return json.dumps(content | members).encode()


def more(given: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A ballot with one more receipt, like its first one but for these members."""
    return given | {"receipts": [*given["receipts"], given["receipts"][0] | members]}


EARLIER, LATER = (lambda: at(OWN.cast_at_unix_s - 1)), (lambda: at(OWN.cast_at_unix_s + 1))
STRANGER = bytes([1] * 20)
FILES: dict[str, Callable[[], bytes]] = {
    "a counted ballot": lambda: file_of(cast(OWN.encoded)),
    "a replaced one before": lambda: file_of(cast(OWN.encoded), cast(EARLIER())),
    "a later one that was not recorded": lambda: file_of(
        cast(LATER(), range(1, 3)), cast(OWN.encoded)
    ),
    "a later one without receipts": lambda: file_of(cast(OWN.encoded), cast(LATER(), range(1, 1))),
    "a later one that was recorded": lambda: file_of(cast(OWN.encoded), cast(LATER())),
    "a counted one that the file lacks": lambda: file_of(cast(EARLIER())),
    "too few receipts": lambda: file_of(cast(OWN.encoded, range(1, 3))),
    "no receipts": lambda: file_of(cast(OWN.encoded, range(1, 1))),
    "a stranger's": lambda: file_of(cast(at(OWN.cast_at_unix_s, STRANGER)), voter=STRANGER),
    "another voter's file": lambda: file_of(cast(OWN.encoded), voter=STRANGER),
    "a false receipt more": lambda: file_of(more(cast(OWN.encoded), node=4)),
    "a node beyond the committee": lambda: file_of(more(cast(OWN.encoded), node=9)),
    "a node below it": lambda: file_of(more(cast(OWN.encoded), node=-1)),
    "a node twice": lambda: file_of(more(cast(OWN.encoded))),
    "a node that is no integer": lambda: file_of(more(cast(OWN.encoded), node=4.0)),
    "a node that is no number": lambda: file_of(more(cast(OWN.encoded), node="4")),
    "a short signature": lambda: file_of(more(cast(OWN.encoded), node=4, signature="0x11")),
    "a ballot of another length": lambda: file_of(cast(OWN.encoded + bytes(1))),
    "a ballot without a time": lambda: file_of(cast(OWN.encoded) | {"ballot": "0x" + "11" * 27}),
    "another format": lambda: file_of(cast(OWN.encoded), format="ostraka/votes/v1"),
    "no ballots": file_of,
    "ballots that are no list": lambda: file_of(ballots={}),
    "no JSON": lambda: b"{",
    "a list": lambda: b"[]",
}


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint does not show the poll's creation, which only the first verifier reads."""
    monkeypatch.setattr("ostraka_verifier.voter_report.read_published", lambda *_: POLL.published)


def by_the_first(endpoint: Endpoint, content: bytes) -> dict[str, tuple[str, str]]:
    report = receipt_report(
        CURVE, endpoint.url, Claimed(REGISTRY, 1), content, f"{endpoint.url}/board"
    )
    found = {one.check: (one.verdict.value, one.item) for one in report.findings}
    return {number: found[number] for number in NUMBERS}


def by_the_second(program: Path, endpoint: Endpoint, file: Path) -> dict[str, tuple[str, str]]:
    command = [str(program), "audit", "--rpc", endpoint.url, "--registry", "0x" + REGISTRY.hex()]
    command += ["--poll", "1", "--board", f"{endpoint.url}/board", "--json"]
    command += ["--receipts", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = json.loads(done.stdout)["checks"]
    return {one["check"]: (one["verdict"], one["item"]) for one in found}


def test_files_get_the_same_verdicts(program: Path, tmp_path: Path) -> None:
    verdicts = set[tuple[str, str]]()
    file = tmp_path / "votes.json"
    with serving() as endpoint:
        for name, made in FILES.items():
            content = made()
            file.write_bytes(content)
            wanted = by_the_first(endpoint, content)
            assert by_the_second(program, endpoint, file) == wanted, name
            verdicts |= {(number, verdict) for number, (verdict, _) in wanted.items()}
    # V6 never fails: a file may lack receipts.
    every = {(number, said) for number in NUMBERS for said in ("holds", "fails", "not checked")}
    assert verdicts == every - {("V6", "fails")}


def test_a_board_that_does_not_give_the_root(program: Path, tmp_path: Path) -> None:
    file = tmp_path / "votes.json"
    file.write_bytes(content := file_of(cast(OWN.encoded)))
    first, *others = BOARD.leaves
    for leaves in ((*others, first), tuple(others), (first, first, *others)):
        with serving() as endpoint:
            endpoint.board = replace(BOARD, leaves=leaves).encode()
            found = by_the_second(program, endpoint, file)
            assert found == by_the_first(endpoint, content)
            assert found["V7"] == ("not checked", "")
