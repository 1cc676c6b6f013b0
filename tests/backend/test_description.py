"""Descriptions fit what the registry takes, whatever titles proposers think of."""

import json

import pytest

from ostraka.gateway.description import MAX_BYTES, description, poll_description
from ostraka.planning.specification import PollSpecification
from ostraka.wire.problems import Problem
from ostraka_verifier.description import Description
from ostraka_verifier.errors import Malformed

REFERENCE = {"treasury": "0x" + "11" * 20, "id": 2**63 - 1}
SOURCE = {"kind": "votes", "contract": "0x" + "22" * 20, "block": 2**63 - 1, "unit": "9" * 39}
SPARED = ("text", "questions")


def described(options: list[str], text: str) -> dict[str, object]:
    question = {"kind": "approval", "title": "T" * 150, "options": options}
    more = {"round": REFERENCE, "questions": [question]}
    encoded = description(
        '"' * 150, text, options, SOURCE | {"keys": "0x" + "33" * 20}, more, SPARED
    )
    assert len(encoded) <= MAX_BYTES
    content: dict[str, object] = json.loads(encoded)
    return content


def test_many_long_titles_do_not_prevent_the_vote() -> None:
    """200 proposals, the most that a round takes, of 150 bytes that JSON makes longest."""
    short = described(["Bench", "Tree"], "why")
    assert {"text", "questions"} < set(short)
    longer = described(["x" * 150] * 180, "y" * 16_384)
    assert "text" not in longer
    assert "questions" in longer
    longest = described(['"' * 150] * 200, "\0" * 16_384)
    assert not {"text", "questions"} & set(longest)
    assert longest["round"] == REFERENCE
    assert len(Description.decode(json.dumps(longest).encode()).options) == 200


def test_a_poll_too_long_to_describe_is_refused() -> None:
    options = [f"{number:03}" + "x" * 200 for number in range(320)]
    wanted = PollSpecification.model_validate(
        {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": options}],
            "closes_at": 2_000_000_000,
            "voters": {"kind": "list"},
        }
    )
    with pytest.raises(Problem, match="at most 65536 are allowed"):
        poll_description(wanted, "0" * 16)


def test_the_longest_description_is_read() -> None:
    content = {"title": "T", "options": ["a", "b"], "text": ""}
    content["text"] = "x" * (65536 - len(json.dumps(content)))
    longest = json.dumps(content).encode()
    assert Description.decode(longest).title == "T"
    with pytest.raises(Malformed, match="65537 bytes, at most 65536"):
        Description.decode(longest + b" ")
