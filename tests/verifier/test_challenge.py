"""Openings of challenged ballots: good ones say the vote, each bad one fails its check."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from ostraka_verifier.challenge import Opening, check_opening
from ostraka_verifier.curve import load
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.parameters import Committee, Description, Member, PollIdentity
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rule import BallotRule

CURVE = load()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "openings.json").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def published(shown: dict[str, Any]) -> PublishedPoll:
    members = tuple(Member(bytes([n]) * 20, "https://node.example") for n in range(1, 5))
    return PublishedPoll(
        PollIdentity(int(shown["chain_id"]), unhex(shown["registry"]), int(shown["poll"])),
        unhex(shown["poll_context"]),
        Description.decode(unhex(shown["description"])),
        BallotRule.decode(unhex(shown["rule"])),
        Committee(members, shown["threshold"], 1),
    )


def check(case: dict[str, Any]) -> list[dict[str, Any]]:
    opening = Opening.decode(json.dumps(case["opening"]).encode())
    poll, noted = published(case["poll"]), unhex(case["digest"])
    _, said = check_opening(CURVE, poll, noted, opening, secrets.randbits)
    return [{"question": one.question, "answer": list(one.answer)} for one in said]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_an_opening_says_the_vote(case: dict[str, Any]) -> None:
    assert check(case) == case["says"]
    read = Opening.decode(json.dumps(case["opening"]).encode())
    assert read.to_json() == case["opening"]
    # Whatever prints an opening must not print the vote.
    assert str(read.blinding) not in repr(read)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_bad_opening_fails_its_check(case: dict[str, Any]) -> None:
    expected = Malformed if case["name"] == "a ballot cut short" else Rejected
    with pytest.raises(expected) as failure:
        check(case)
    if isinstance(failure.value, Rejected):
        assert failure.value.check == case["check"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("format", "ostraka/opening/v2"),
        ("chain_id", 31337),
        ("chain_id", "031337"),
        ("registry", "0x12"),
        ("poll", "-1"),
        ("poll_context", "0x00"),
        ("ballot", "12"),
        ("bits", "0 1"),
        ("bits", ""),
        ("bits", "٠١"),
        ("blinding", "0x" + "ff" * 32),
        ("blinding", "0x01"),
        ("more", ""),
    ],
)
def test_a_file_that_is_no_opening_is_named(member: str, value: object) -> None:
    content = VECTORS["cases"][0]["opening"] | {member: value}
    with pytest.raises(AuditError, match=member if member != "more" else "members"):
        Opening.decode(json.dumps(content).encode())
