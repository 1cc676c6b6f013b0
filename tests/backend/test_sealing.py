"""Sealed boxes open for their node and purpose only."""

import pytest

from ostraka.sealing import PollKey, Recipient, ballot_info
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import BoxContent, Share, box_bytes


def test_boxes_open_for_their_node_and_purpose_only() -> None:
    key, other = PollKey(), PollKey()
    share = Share(tuple(range(8)), 9)
    content = BoxContent(bytes(32), bytes(20), bytes([7] * 32), share)
    info = ballot_info(bytes(32), 1)
    box = Recipient(key.public_key).seal(content.encode(), info)
    assert len(box) == box_bytes(8)
    assert BoxContent.decode(key.open(box, info), 8) == content
    with pytest.raises(Malformed):
        other.open(box, info)
    with pytest.raises(Malformed):
        key.open(box[:-1] + bytes([box[-1] ^ 1]), info)
    with pytest.raises(Malformed):
        key.open(box, ballot_info(bytes(32), 2))
    with pytest.raises(Malformed, match="low order"):
        Recipient(key.public_key[:-32] + bytes(32))
