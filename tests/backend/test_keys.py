"""Keys: signatures, sealed boxes; secrets never show themselves."""

from ostraka.keys import SigningKey
from ostraka.sealing import PollKey
from ostraka_verifier.sharing import Share
from ostraka_verifier.signatures import recover


def test_signatures_recover_and_repeat() -> None:
    key, digest = SigningKey(bytes(31) + b"\1"), bytes(range(32))
    assert recover(digest, key.sign(digest)) == key.address
    assert key.sign(digest) == key.sign(digest)
    # The well-known address of secret 1.
    assert key.address_hex == "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_secrets_are_not_shown() -> None:
    signing, poll_key = SigningKey(), PollKey()
    share = Share((123456789,), 987654321)
    shown = repr([signing, poll_key, share])
    for secret in (signing.secret().hex(), poll_key.secret().hex(), "123456789", "987654321"):
        assert secret not in shown
