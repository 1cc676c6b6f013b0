"""Poll keys and their lists against the shared vectors: which are refused, and why."""

import json
from pathlib import Path

import pytest

from ostraka.sealing import Recipient
from ostraka.wire.poll_keys import PollKeyList
from ostraka_verifier.errors import Malformed
from ostraka_verifier.poll_key import check_poll_key

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "poll_keys.json").read_text())


def _key_reason(name: str) -> str:
    """Why a key of the vectors is refused."""
    if (name.startswith("u of p") and name != "u of p - 1") or name in ("u plus p", "top bit set"):
        return "not canonical"
    if name.startswith("u of"):
        return "of low order"
    return "coefficient of 3329 or more" if "coefficient" in name else "bytes, expected 1216"


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: str(case["name"]))
def test_vectors_of_refused_keys_are_refused(case: dict[str, str]) -> None:
    public_key = bytes.fromhex(case["public_key"][2:])
    for check in (check_poll_key, Recipient):
        with pytest.raises(Malformed, match=_key_reason(case["name"])):
            check(public_key)


def test_vectors_of_good_keys_are_accepted() -> None:
    for case in VECTORS["keys"]:
        public_key = bytes.fromhex(case["public_key"][2:])
        assert check_poll_key(public_key).hex() == case["cleared"][2:]


def test_vectors_of_refused_lists_are_refused() -> None:
    for case in VECTORS["refused_lists"]:
        keys = PollKeyList(tuple(bytes.fromhex(key[2:]) for key in case["public_keys"]))
        with pytest.raises(Malformed):
            keys.check()
