"""Section 14 of boards (§16): a run, its signatures and the opened ballots."""

from collections.abc import Iterator
from typing import Any

from ostraka.keys import SigningKey
from ostraka_verifier.board import Attestation
from ostraka_verifier.board_opened import OpenedShape, encode_opened
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.shuffle import combine_shares
from tests.support.randomness import SeededRandomness
from tests.support.shuffles import SharedBallots, make_run
from tests.vectors.cases import Cases, hexed

_VOTES = ([1, 0], [0, 300])


def opened_sections() -> Cases:
    """Sections with slots of one and of two bytes, and what breaks one."""
    return {"sections": [_section(_VOTES[:1], 3, 1), _section(_VOTES, 4, 2)]}


def _section(votes: Any, nodes: int, slot_bytes: int) -> dict[str, Any]:
    ballots = SharedBallots(votes, nodes, 2, SeededRandomness(f"opened {nodes}"))
    made = make_run(ballots)
    openings = combine_shares(dict(enumerate(made.shares, start=1)), 2)
    key = SigningKey(bytes(31) + b"\7")
    signatures = [Attestation(node, key.sign(made.states[-1].hash)) for node in (1, 3)]
    shape = OpenedShape(2, len(votes), len(votes[0]), slot_bytes)
    data = encode_opened(shape, made.record, signatures, openings)
    return {
        "threshold": shape.threshold,
        "ballots": shape.ballots,
        "slots": shape.slots,
        "slot_bytes": shape.slot_bytes,
        "section": hexed(data),
        "turn": made.record.turn,
        "groups": [list(step.group) for step in made.steps],
        "last_state": hexed(made.states[-1].hash),
        "signatures": [{"node": one.node, "signature": hexed(one.signature)} for one in signatures],
        "openings": [
            {"slots": list(one.values), "blinding": str(one.blinding)} for one in openings
        ],
        "refused": [
            {"name": name, "section": hexed(wrong), "expect": "Malformed"}
            for name, wrong in _refused(data, shape, len(made.steps))
        ],
    }


def _refused(data: bytes, shape: OpenedShape, steps: int) -> Iterator[tuple[str, bytes]]:
    signed = 5 + steps * shape.step_bytes
    yield "empty", b""
    yield "the head alone", data[:5]
    yield "one byte short", data[:-1]
    yield "one byte over", data + b"\0"
    yield "a step more", data[:4] + bytes([steps + 1]) + data[5:]
    yield "255 steps", data[:4] + b"\xff" + data[5:]
    yield "a signature more", data[:signed] + b"\3" + data[signed + 1 :]
    yield "node 0", data[: signed + 1] + b"\0" + data[signed + 2 :]
    second = signed + 1 + 66
    yield "a node twice", data[:second] + b"\1" + data[second + 1 :]
    blinding = int.from_bytes(data[-32:], "big")
    yield "a blinding plus r", data[:-32] + unsigned(blinding + R, 32)
