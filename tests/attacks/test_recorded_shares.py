"""Breaking one of two schemes opens none of the recorded sealed shares (§1.2, §7.3).

The attacker has every box that a voter sent, and later gets all secrets of one half of the nodes'
keys: by a quantum computer those of X25519, or by a break of ML-KEM those of that. It opens boxes
by a few lines of its own, which work where it has both halves; a box sealed to one half alone opens
by that half.
"""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ostraka.sealing import PollKey, ballot_info
from ostraka_verifier.sharing import BoxContent
from tests.support.polls import SyntheticPoll, approval_poll

X_WING = 0x647A
ML_KEM_ENC = 1088
LABEL = b"\\.//^\\"


class Broken:
    """What the attacker has of a node's poll key; None where that half holds."""

    def __init__(self, key: PollKey, *, ml_kem: bool, x25519: bool) -> None:
        expanded = hashlib.shake_256(key.secret()).digest(96)
        self.ml_kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]) if ml_kem else None
        self.x25519 = X25519PrivateKey.from_private_bytes(expanded[64:]) if x25519 else None
        self.public_x25519 = key.public_key[-32:]

    def open(self, box: bytes, info: bytes) -> bytes:
        """Plaintext of a box; InvalidTag where what is missing had to be guessed."""
        lattice, point = box[:ML_KEM_ENC], box[ML_KEM_ENC : ML_KEM_ENC + 32]
        # A half that is not broken leaves nothing better than a guess.
        from_lattice = self.ml_kem.decapsulate(lattice) if self.ml_kem else bytes(32)
        from_curve = bytes(32)
        if self.x25519:
            from_curve = self.x25519.exchange(X25519PublicKey.from_public_bytes(point))
        parts = from_lattice + from_curve + point + self.public_x25519 + LABEL
        return opened(hashlib.sha3_256(parts).digest(), box[ML_KEM_ENC + 32 :], info)


def opened(shared: bytes, ciphertext: bytes, info: bytes) -> bytes:
    """What HPKE's base mode hides behind a shared secret (RFC 9180 §5.1)."""
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (X_WING, 1, 3))

    def extract(salt: bytes, label: bytes, content: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + content, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labelled + b"\x01", "sha256")[:size]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    key, nonce = expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def recorded(poll: SyntheticPoll) -> list[tuple[PollKey, bytes, bytes]]:
    """Every box on its way to a node: its key, the box, and what the box is for."""
    return [
        (key, prepared.boxes[node - 1], ballot_info(poll.context, node))
        for prepared in poll.prepared
        for node, key in enumerate(poll.poll_keys, start=1)
    ]


@pytest.mark.parametrize("ml_kem", [False, True])
def test_a_box_sealed_to_one_half_opens_by_breaking_it(poll: SyntheticPoll, ml_kem: bool) -> None:
    """The old rule was X25519 alone."""
    kem = KEM.MLKEM768 if ml_kem else KEM.X25519
    suite = Suite(kem, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    for key, box, info in recorded(poll)[:4]:
        broken = Broken(key, ml_kem=ml_kem, x25519=not ml_kem)
        half = broken.ml_kem or broken.x25519
        assert half is not None
        share = key.open(box, info)
        weak = suite.encrypt(share, half.public_key(), info=info)
        assert suite.decrypt(weak, half, info=info) == share


def test_with_both_halves_the_attacker_reads_every_share(poll: SyntheticPoll) -> None:
    """Else the attack would show nothing."""
    for key, box, info in recorded(poll):
        content = Broken(key, ml_kem=True, x25519=True).open(box, info)
        assert content == key.open(box, info)
        assert BoxContent.decode(content, len(poll.rule.slots)).poll_context == poll.context


@pytest.mark.parametrize("ml_kem", [False, True])
def test_one_half_opens_nothing(poll: SyntheticPoll, ml_kem: bool) -> None:
    for key, box, info in recorded(poll):
        with pytest.raises(InvalidTag):
            Broken(key, ml_kem=ml_kem, x25519=not ml_kem).open(box, info)
