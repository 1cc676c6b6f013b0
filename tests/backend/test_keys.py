"""Keys: signatures, sealed boxes; secrets never show themselves."""

import pytest

from ostraka.keys import PollKey, SigningKey, seal
from ostraka.wire.peer_auth import authenticate, sign_request
from ostraka_verifier.errors import Malformed
from ostraka_verifier.sharing import BoxContent, Share, box_bytes
from ostraka_verifier.typed_data import recover


def test_signatures_recover_and_repeat() -> None:
    key, digest = SigningKey(bytes(31) + b"\1"), bytes(range(32))
    assert recover(digest, key.sign(digest)) == key.address
    assert key.sign(digest) == key.sign(digest)
    # The well-known address of secret 1.
    assert key.address_hex == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_boxes_open_for_their_node_only() -> None:
    key, other = PollKey(), PollKey()
    share = Share(tuple(range(8)), 9)
    content = BoxContent(bytes(32), bytes(20), bytes([7] * 32), share)
    box = seal(key.public_key, content.encode())
    assert len(box) == box_bytes(8)
    assert BoxContent.decode(key.open(box), 8) == content
    with pytest.raises(Malformed):
        other.open(box)
    with pytest.raises(Malformed):
        key.open(box[:-1] + bytes([box[-1] ^ 1]))
    with pytest.raises(Malformed, match="low order"):
        seal(bytes(32), b"x")


def test_secrets_do_not_show() -> None:
    signing, poll_key = SigningKey(), PollKey()
    share = Share((123456789,), 987654321)
    shown = repr([signing, poll_key, share])
    for secret in (signing.secret().hex(), poll_key.secret().hex(), "123456789", "987654321"):
        assert secret not in shown


def test_peer_requests_are_bound_to_everything_about_them() -> None:
    key = SigningKey()
    header = sign_request(key, "POST", "/a", b"body", 1000)
    assert authenticate(header, "POST", "/a", b"body", 1030) == key.address
    for method, path, body, now in (
        ("GET", "/a", b"body", 1000),
        ("POST", "/b", b"body", 1000),
        ("POST", "/a", b"other", 1000),
        ("POST", "/a", b"body", 1061),
        ("POST", "/a", b"body", 939),
    ):
        with pytest.raises(Malformed):
            authenticate(header, method, path, body, now)
    address, sent_at, signature = header.split(".")
    for broken in ("", "a.b", f"{'00' * 20}.{sent_at}.{signature}", f"{address}.-5.{signature}"):
        with pytest.raises(Malformed):
            authenticate(broken, "POST", "/a", b"body", 1000)
