"""Descriptions of polls, as organizers make them.

Source: docs/protocol.md §4.4, §17.4.
"""

import json
from collections.abc import Mapping, Sequence

from ostraka.chain.round_rules import question_of
from ostraka.chain.treasury import Treasury


def round_description(
    treasury: Treasury, round_id: int, source: Mapping[str, object] | None = None
) -> bytes:
    """Description of a round's poll: one option for each standing proposal, in order.

    Args:
        source: Where the census was read on chain, None where the organizer gave it.
    """
    title, text = treasury.texts(round_id)
    standing = [one.item for one in treasury.proposals(round_id) if not one.withdrawn]
    options = [item.title for item in standing]
    reference = {"treasury": "0x" + treasury.address.hex(), "id": round_id}
    more: dict[str, object] = {"round": reference}
    parameters = treasury.round(round_id).parameters
    question = question_of(
        parameters.ballot,
        title,
        [(item.title, item.amount) for item in standing],
        parameters.budget,
    )
    if question is not None:
        more["questions"] = [question.to_json()]
    return description(title, text, options, source, more)


def description(
    title: str,
    text: str,
    options: Sequence[str],
    source: Mapping[str, object] | None,
    more: Mapping[str, object],
) -> bytes:
    """Description of any poll, as JSON in UTF-8."""
    content = {"title": title, "text": text, "options": list(options), **more}
    if source is not None:
        content["census"] = dict(source)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
