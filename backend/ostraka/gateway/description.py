"""Build the descriptions of polls from specifications.

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
    """Build the description of a round's poll: one option for each open proposal, in order.

    Args:
        source: Source of the census on chain; None if the organizer listed it.
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
    # Many long titles must not prevent the vote. The text is on chain, and options and rule alone
    # define the question.
    return description(title, text, options, source, more, ("text", "questions"))


def poll_description(
    wanted: PollSpecification,
    plan_id: str,
    source: Mapping[str, object] | None = None,
    shared_keys: bool = False,
) -> bytes:
    """Build the description of a poll without a round; Problem if it would be too long.

    Args:
        source: As for `round_description`.
        shared_keys: As for `round_description`.
    """
    questions = wanted.asked
    more: dict[str, object] = {
        "questions": [one.to_json() for one in questions],
        "plan": plan_id,
    }
    if wanted.rehearsal:
        more["rehearsal"] = True
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
    """Build the description of any poll, as JSON in UTF-8.

    Args:
        spared: Members that are removed, one after another, if it would be too long.

    Raises:
        Problem: It is too long even without them.
    """
    content = {"title": title, "text": text, "options": list(options), **more}
    if source is not None:
        content["census"] = dict(source)
    for name in (None, *spared):
        content.pop(name or "", None)
        encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        if len(encoded) <= MAX_BYTES:
            return encoded
    detail = f"title, text and questions have {len(encoded)} bytes; at most {MAX_BYTES} are allowed"
    raise Problem(ProblemType.DESCRIPTION_TOO_LONG, detail, "questions")
