"""Poll secrets of a node: one file for each poll, outside the database, erased with the poll's key.

Databases are copied, backed up and replicated, and may keep deleted data; a poll's secret must not
outlive the poll. So the database has only public keys, and a folder has a file with each poll's
secret, encrypted under a key derived from the node's signing key and the poll. A passphrase of the
signing key therefore also protects these files. A node that lost a poll's file never makes another
secret for the poll: voters have sealed their shares to the lost one.

Source: docs/protocol.md §4.3, §12.
"""

import json
import re
from hashlib import blake2b
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from ostraka.files import erase, make_private_folder, replace_file, require_private, unfinished_of
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, strict_json, to_hex
from ostraka_verifier.errors import Malformed

FORMAT = "ostraka/poll-secret/v2"
STORE_FILE = "store"
"""Name of the file that names the node's store."""
_PURPOSE = b"ostraka/v2/poll-secret"


class LostSecret(ValueError):
    """A poll's secret is missing or cannot be decrypted: this node cannot serve the poll."""


class PollSecrets:
    """The secrets of a node's polls, each a byte string of any length."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        """Args:
            folder: Created if it does not exist; other users must not be able to read it.
            key: The node's signing key.

        Raises:
            ValueError: Others may read the folder or a file in it.
        """
        make_private_folder(folder)
        for file in folder.iterdir():
            require_private(file)
        self.node = key.address
        """Address of the node's signing key."""
        self._folder = folder
        self._master = key.secret()
        for unfinished in folder.glob("*.new"):
            # The node stopped before it announced a key of this secret.
            erase(unfinished)

    def keep(self, poll_context: bytes, secret: bytes) -> bytes:
        """Save a poll's secret to the disk, before anything derived from it is announced.

        Returns the secret to use: an existing one is never replaced.

        Raises:
            LostSecret: A secret exists, and cannot be decrypted.
        """
        path = self._path(poll_context)
        if path.exists():
            return self.read(poll_context)
        content = {
            "format": FORMAT,
            "poll_context": to_hex(poll_context),
            "box": to_hex(self._box(poll_context).encrypt(secret)),
        }
        replace_file(path, json.dumps(content, indent=1).encode())
        return secret

    def read(self, poll_context: bytes) -> bytes:
        """Return a poll's secret.

        Raises:
            LostSecret: It is missing or cannot be decrypted; names the file.
        """
        path = self._path(poll_context)
        try:
            content = strict_json(path.read_bytes())
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise LostSecret(f"{path}: not a file of a poll's secret")
            box = from_hex(content.get("box"), "box")
            secret: bytes = self._box(poll_context).decrypt(box)
        except FileNotFoundError:
            raise LostSecret(f"{path}: this poll's secret is gone") from None
        except CryptoError:
            raise LostSecret(f"{path}: of another poll or node, or damaged") from None
        except Malformed as error:
            raise LostSecret(f"{path}: {error}") from None
        return secret

    def destroy(self, poll_context: bytes) -> None:
        """Overwrite and remove a poll's secret; do nothing if it does not exist.

        Copies that the file system or the disk keeps are out of this program's control; see
        docs/operations.md.
        """
        path = self._path(poll_context)
        erase(unfinished_of(path))
        erase(path)

    def contexts(self) -> list[bytes]:
        """Return the contexts of the polls of which there is a secret, readable or not."""
        stems = sorted(path.stem for path in self._folder.glob("*.json"))
        return [bytes.fromhex(stem) for stem in stems if re.fullmatch("[0-9a-f]{64}", stem)]

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder

    def used_store(self) -> tuple[bytes, int] | None:
        """Return identity and generation of the store that this node used last; None if none.

        Raises:
            ValueError: The file is damaged.
        """
        path = self._folder / STORE_FILE
        try:
            identity, generation = path.read_text("ascii").split()
            return bytes.fromhex(identity), int(generation)
        except FileNotFoundError:
            return None
        except ValueError:
            raise ValueError(f"{path}: damaged; remove it if this node never ran") from None

    def remember_store(self, identity: bytes, generation: int) -> None:
        """Note on the disk which store the node uses, and its generation."""
        replace_file(self._folder / STORE_FILE, f"{identity.hex()} {generation}\n".encode())

    def _path(self, poll_context: bytes) -> Path:
        return self._folder / f"{poll_context.hex()}.json"

    def _box(self, poll_context: bytes) -> SecretBox:
        """Return the box of a poll's key, so that no file passes for another poll's."""
        derived = blake2b(_PURPOSE + poll_context, key=self._master, digest_size=SecretBox.KEY_SIZE)
        return SecretBox(derived.digest())

    def __repr__(self) -> str:
        return f"PollSecrets({str(self._folder)!r})"
