"""Openings of challenged ballots: good ones say the vote, each bad one fails its check."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from ostraka_verifier.challenge import Opening, check_opening
from ostraka_verifier.curve import load
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.parameters import Committee, Member, PollIdentity
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import SingleChoice, disambiguate
from ostraka_verifier.rule import BallotRule
from tests.support.polls import OPENS_AT, SyntheticPoll, approval_poll

CURVE = load()
# No opening rests on parameters or on the outcome rule.
OTHER = approval_poll()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "openings.json").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def published(shown: dict[str, Any]) -> PublishedPoll:
    members = tuple(Member(bytes([n]) * 20, "https://node.example") for n in range(1, 5))
    return PublishedPoll(
        PollIdentity(int(shown["chain_id"]), unhex(shown["registry"]), int(shown["poll"])),
        unhex(shown["poll_context"]),
        OTHER.parameters,
        BallotRule.decode(unhex(shown["rule"])),
        OTHER.outcome,
        Description.decode(unhex(shown["description"])),
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
        ("format", "ostraka/opening/v1"),
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


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["Trees", "Park"], ["Trees", "Park"]),
        (["Trees", "Park", "Trees"], ["#1 Trees", "#2 Park", "#3 Trees"]),
        (["Trees", "Trees "], ["#1 Trees", "#2 Trees "]),
        (["Trees", "Tr\u200bees"], ["#1 Trees", "#2 Tr\u200bees"]),
        (["Cafe\u0301", "Caf\u00e9"], ["#1 Cafe\u0301", "#2 Caf\u00e9"]),
        (["Trees", "Trees", "#1 Trees"], ["#1 Trees", "#2 Trees", "#3 #1 Trees"]),
    ],
)
def test_options_that_look_alike_are_distinguished(labels: list[str], shown: list[str]) -> None:
    assert list(disambiguate(labels)) == shown


def test_a_ballot_for_a_copied_title_reads_otherwise() -> None:
    rule = SingleChoice("Which?", ("Trees", "Trees")).rule
    poll = SyntheticPoll(
        [[1, 0], [0, 1]], rule, NoOutcome(), members={"options": ["Trees", "Trees"]}
    )
    said = []
    for key, bits in zip(poll.voter_keys, poll.votes, strict=True):
        made = poll.factory.prove(key.address, bits, OPENS_AT)
        opening = Opening(
            poll.identity, poll.context, made.ballot.encoded, made.bits, made.blinding
        )
        found = check_opening(CURVE, poll.published, opening.digest, opening, secrets.randbits)
        said.append(found[1])
    assert said[0] != said[1]
