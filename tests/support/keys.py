"""Key files of the tests: plain, as those of the local stack are."""

from pathlib import Path

from ostraka.key_files import read_key
from ostraka.keys import SigningKey
from ostraka.passphrases import Passphrases


def plain_key(path: Path) -> SigningKey:
    """Key out of a plain file."""
    return read_key(path, Passphrases("OSTRAKA_TEST_PASSPHRASE", "nothing"), plain=True)
