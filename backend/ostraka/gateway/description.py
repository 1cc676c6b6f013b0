"""Descriptions of polls, as organizers make them.

Source: docs/protocol.md §4.4, §17.4.
"""

import json
from collections.abc import Mapping, Sequence

from ostraka.chain.treasury import Treasury
from ostraka.planning.round_rules import question_of
from ostraka.planning.specification import PollSpecification
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.question import poll_labels

MAX_BYTES = 65_536


def round_description(
    treasury: Treasury,
    round_id: int,
    source: Mapping[str, object] | None = None,
    shared_keys: bool = False,
) -> bytes:
    """Description of a round's poll: one option for each standing proposal, in order.

    Args:
        source: Where the census comes from, None where the organizer listed it.
        shared_keys: Whether one signing key may sign for several accounts.

    Raises:
        Problem: The provider does not show the round's event yet.
    """
    announced = treasury.announced(round_id)
    if announced is None:
        raise Problem(
            ProblemType.NOT_INDEXED, "the chain does not show how the round was announced"
        )
    title, text = announced.title, announced.text
    standing = [one.item for one in treasury.proposals(round_id) if not one.withdrawn]
    options = [item.title for item in standing]
    reference = {"treasury": "0x" + treasury.address.hex(), "id": round_id}
    parameters = treasury.round(round_id).parameters
    question = question_of(
        parameters.ballot,
        title,
        [(item.title, item.amount) for item in standing],
        parameters.budget,
    )
    more: dict[str, object] = {"round": reference, "questions": [question.to_json()]}
    if shared_keys:
        more["shared_keys"] = True
    # Many long titles must keep nobody from voting: the text stands on chain, and options and rule
    # alone say what is asked.
    return description(title, text, options, source, more, ("text", "questions"))


def poll_description(
    wanted: PollSpecification,
    plan_id: str,
    source: Mapping[str, object] | None = None,
    shared_keys: bool = False,
) -> bytes:
    """Description of a poll without a round; Problem when it would be too long.

    Args:
        source: As of `round_description`.
        shared_keys: As of `round_description`.
    """
    questions = wanted.asked
    more: dict[str, object] = {
        "questions": [one.to_json() for one in questions],
        "plan": plan_id,
    }
    if shared_keys:
        more["shared_keys"] = True
    return description(wanted.title, wanted.text, poll_labels(questions), source, more)


def description(
    title: str,
    text: str,
    options: Sequence[str],
    source: Mapping[str, object] | None,
    more: Mapping[str, object],
    spared: Sequence[str] = (),
) -> bytes:
    """Description of any poll, as JSON in UTF-8.

    Args:
        spared: Members that are left out, one after another, where it would be too long.

    Raises:
        Problem: It is too long all the same.
    """
    content = {"title": title, "text": text, "options": list(options), **more}
    if source is not None:
        content["census"] = dict(source)
    for name in (None, *spared):
        content.pop(name or "", None)
        encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        if len(encoded) <= MAX_BYTES:
            return encoded
    detail = f"title, text and questions make {len(encoded)} bytes, at most {MAX_BYTES} are allowed"
    raise Problem(ProblemType.DESCRIPTION_TOO_LONG, detail, "questions")
