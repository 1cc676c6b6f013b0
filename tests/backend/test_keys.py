"""Keys: signatures, sealed boxes; secrets never show themselves."""

import pytest

from ostraka.keys import SigningKey
from ostraka.sealing import PollKey, Recipient, ballot_info
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import BoxContent, Share, box_bytes
from ostraka_verifier.typed_data import recover


def test_signatures_recover_and_repeat() -> None:
    key, digest = SigningKey(bytes(31) + b"\1"), bytes(range(32))
    assert recover(digest, key.sign(digest)) == key.address
    assert key.sign(digest) == key.sign(digest)
    # The well-known address of secret 1.
    assert key.address_hex == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


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


def test_secrets_do_not_show() -> None:
    signing, poll_key = SigningKey(), PollKey()
    share = Share((123456789,), 987654321)
    shown = repr([signing, poll_key, share])
    for secret in (signing.secret().hex(), poll_key.secret().hex(), "123456789", "987654321"):
        assert secret not in shown
