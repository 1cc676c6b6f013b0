"""What organizers of rounds make from chain data."""

import json

from ostraka.chain.treasury import Treasury


def round_description(treasury: Treasury, round_id: int) -> bytes:
    """Description of a round's poll: one option for each standing proposal, in order (§17.4)."""
    title, text = treasury.texts(round_id)
    content = {
        "title": title,
        "text": text,
        "options": [
            proposal.item.title
            for proposal in treasury.proposals(round_id)
            if not proposal.withdrawn
        ],
        "round": {"treasury": "0x" + treasury.address.hex(), "id": round_id},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
