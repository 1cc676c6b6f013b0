"""A transcript gives no challenge of zero; for others see tests/vectors/transcript.json."""

import pytest

from ostraka_verifier.curve import R
from ostraka_verifier.errors import Malformed
from ostraka_verifier.transcript import Transcript


@pytest.mark.parametrize("hashed", [0, R])
def test_a_challenge_of_zero_is_refused(hashed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = Transcript("ballot", bytes(32))
    monkeypatch.setattr(
        "ostraka_verifier.transcript.tagged_hash", lambda *_: hashed.to_bytes(32, "big")
    )
    with pytest.raises(Malformed, match="challenge: zero"):
        transcript.challenge()
