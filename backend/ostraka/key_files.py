"""Files of signing keys: encrypted under a passphrase, or plain if explicitly allowed.

A file is JSON of the format `ostraka/key/v2`: Argon2id derives a key from the passphrase, and
XSalsa20-Poly1305 (libsodium's SecretBox) encrypts the 32 secret bytes. The file also has the
address unencrypted, and the decrypted key must match it. Files exported by the browser
(`ostraka/key/v1`, PBKDF2 and AES-GCM, as browsers have no Argon2id) can be read, too. A plain file
is 64 hexadecimal digits.

Source: docs/operations.md, "Keys, passphrases and files".
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Any

from Crypto.Cipher import AES
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as LibraryError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from ostraka.files import make_private_folder, replace_secret, require_private, write_new
from ostraka.keys import SigningKey
from ostraka.passphrases import Passphrases
from ostraka.randomness import system
from ostraka_verifier.encoding import ADDRESS_BYTES, parse_json
from ostraka_verifier.errors import Malformed

FORMAT = "ostraka/key/v2"
_KDF, _CIPHER = "argon2id", "xsalsa20-poly1305"
_BROWSER_FORMAT = "ostraka/key/v1"
_BROWSER_KDF, _BROWSER_CIPHER = "PBKDF2-SHA256", "AES-256-GCM"
_MAX_ITERATIONS = 10_000_000
_TAG_BYTES = 16
_SECRET_BYTES = 32
_MAX_FILE_BYTES = 4096


@dataclass(frozen=True)
class Cost:
    """Cost of one guess at a passphrase.

    Attributes:
        operations: Passes of Argon2id over the memory, from 1.
        memory_bytes: From 8 KiB.
    """

    operations: int
    memory_bytes: int


COST = Cost(argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
"""Half a second and 256 MiB, once at the start of a program."""
_MOST = Cost(16, 1 << 30)
"""Limits of the cost in a file, so that no file exhausts the machine that opens it."""


def create_key(path: Path, passphrase: str | None) -> SigningKey:
    """Create a signing key in a new file of mode 600, in a folder of mode 700.

    Args:
        passphrase: Protects the key; None writes it plain.

    Raises:
        FileExistsError: The file exists.
        ValueError: Others may read the folder.
    """
    key = SigningKey()
    make_private_folder(path.parent)
    write_key(path, key, passphrase)
    return key


def write_key(path: Path, key: SigningKey, passphrase: str | None, cost: Cost = COST) -> None:
    """Store a key in a new file of mode 600.

    Args:
        passphrase: Protects the key; None writes it plain.

    Raises:
        FileExistsError: The file exists; a key is never overwritten.
    """
    write_new(path, _encoded(key, passphrase, cost))


def rewrite_key(path: Path, key: SigningKey, passphrase: str | None, cost: Cost = COST) -> None:
    """Encrypt the key of a file under another passphrase, or write it plain.

    The old content is overwritten, as it may have been plain.
    """
    replace_secret(path, _encoded(key, passphrase, cost))


def read_key(
    path: Path,
    passphrases: Passphrases,
    *,
    plain: bool = False,
    warn: Callable[[str], None] | None = None,
) -> SigningKey:
    """Read the key of a file.

    Args:
        passphrases: Source of its passphrase, asked only if the file needs one.
        plain: Whether a plain file is allowed.
        warn: Called with a warning about a plain file.

    Raises:
        ValueError: Others may read the file, it is damaged or plain, or the passphrase is wrong.
        OSError: The file cannot be read.
    """
    require_private(path)
    with path.open("rb") as file:
        data = file.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise ValueError(f"{path}: too long for a key file")
    if not data.lstrip().startswith(b"{"):
        key = _plain_key(path, data)
        if not plain:
            raise ValueError(
                f"{path}: no passphrase protects this key; add one with `ostraka key "
                f"passphrase {path}`, or allow the plain file with {passphrases.plain_option}"
            )
        if warn is not None:
            warn(plain_warning(path))
        return key
    try:
        content = parse_json(data, "key")
        open_secret = _reader(content)
        address = _bytes(content, "address", ADDRESS_BYTES)
    except Malformed as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        secret = open_secret(passphrases.of(path))
    except (CryptoError, _WrongTag):
        raise ValueError(f"{path}: wrong passphrase, or the file was changed") from None
    key = SigningKey(secret)
    if key.address != address:
        raise ValueError(f"{path}: key.address: does not match the key")
    return key


def plain_warning(path: Path) -> str:
    """Return the warning about a plain key file."""
    return (
        f"{path} has a key without a passphrase: anybody with a copy, from a backup or a disk, can "
        "sign with it"
    )


class _WrongTag(Exception):
    """The authentication tag of a box does not match."""


def _encoded(key: SigningKey, passphrase: str | None, cost: Cost) -> bytes:
    if passphrase is None:
        return f"{key.secret().hex()}\n".encode()
    salt, nonce = system.bytes(argon2id.SALTBYTES), system.bytes(SecretBox.NONCE_SIZE)
    sealed = SecretBox(_derived(passphrase, salt, cost)).encrypt(key.secret(), nonce)
    content = {
        "format": FORMAT,
        "address": key.address_hex,
        "kdf": _KDF,
        "operations": cost.operations,
        "memory_bytes": cost.memory_bytes,
        "salt": f"0x{salt.hex()}",
        "cipher": _CIPHER,
        "nonce": f"0x{nonce.hex()}",
        "ciphertext": f"0x{sealed.ciphertext.hex()}",
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def _derived(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    try:
        derived: bytes = argon2id.kdf(
            SecretBox.KEY_SIZE,
            passphrase.encode(),
            salt,
            opslimit=cost.operations,
            memlimit=cost.memory_bytes,
        )
    except LibraryError:
        mebibytes = cost.memory_bytes >> 20
        raise ValueError(f"key file: Argon2id needs {mebibytes} MiB of memory") from None
    return derived


def _plain_key(path: Path, data: bytes) -> SigningKey:
    try:
        secret = bytes.fromhex(data.decode("ascii").strip().removeprefix("0x"))
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path}: expected a key file, or 64 hexadecimal digits")
    return SigningKey(secret)


def _reader(content: Any) -> Callable[[str], bytes]:
    """Return the function that decrypts a file's key with a passphrase.

    Raises:
        Malformed: It is not a key file.
    """
    named = content.get("format") if isinstance(content, dict) else None
    if named == FORMAT:
        return _own_reader(content)
    if named == _BROWSER_FORMAT:
        return _browser_reader(content)
    raise Malformed("key.format", f"expected {FORMAT}")


def _own_reader(content: dict[str, Any]) -> Callable[[str], bytes]:
    _require_members(content, {"operations", "memory_bytes"}, _KDF, _CIPHER)
    cost = Cost(
        _whole(content, "operations", argon2id.OPSLIMIT_MIN, _MOST.operations),
        _whole(content, "memory_bytes", argon2id.MEMLIMIT_MIN, _MOST.memory_bytes),
    )
    salt = _bytes(content, "salt", argon2id.SALTBYTES)
    nonce = _bytes(content, "nonce", SecretBox.NONCE_SIZE)
    box = _bytes(content, "ciphertext", _SECRET_BYTES + SecretBox.MACBYTES)

    def opened(passphrase: str) -> bytes:
        secret: bytes = SecretBox(_derived(passphrase, salt, cost)).decrypt(box, nonce)
        return secret

    return opened


def _browser_reader(content: dict[str, Any]) -> Callable[[str], bytes]:
    """Read the format of web/src/client/key_file.ts, which also authenticates the address."""
    _require_members(content, {"iterations"}, _BROWSER_KDF, _BROWSER_CIPHER)
    iterations = _whole(content, "iterations", 1, _MAX_ITERATIONS)
    salt, nonce = _bytes(content, "salt", 16), _bytes(content, "nonce", 12)
    box = _bytes(content, "ciphertext", _SECRET_BYTES + _TAG_BYTES)
    address = _bytes(content, "address", ADDRESS_BYTES)

    def opened(passphrase: str) -> bytes:
        derived = pbkdf2_hmac("sha256", passphrase.encode(), salt, iterations)
        cipher = AES.new(derived, AES.MODE_GCM, nonce=nonce)
        cipher.update(address)
        try:
            return cipher.decrypt_and_verify(box[:_SECRET_BYTES], box[_SECRET_BYTES:])
        except ValueError:
            raise _WrongTag from None

    return opened


def _require_members(content: dict[str, Any], more: set[str], kdf: str, cipher: str) -> None:
    members = {"format", "address", "kdf", "salt", "cipher", "nonce", "ciphertext"} | more
    for name in sorted(members - content.keys()):
        raise Malformed(f"key.{name}", "missing")
    for name in sorted(content.keys() - members):
        raise Malformed(f"key.{name[:40]}", "unknown member")
    for name, expected in (("kdf", kdf), ("cipher", cipher)):
        if content[name] != expected:
            raise Malformed(f"key.{name}", f"expected {expected}")


def _whole(content: dict[str, Any], name: str, least: int, most: int) -> int:
    value = content[name]
    if type(value) is not int or not least <= value <= most:
        raise Malformed(f"key.{name}", f"expected a whole number from {least} to {most}")
    return value


def _bytes(content: dict[str, Any], name: str, size: int) -> bytes:
    text = content.get(name)
    if not isinstance(text, str) or not re.fullmatch(f"0x[0-9a-f]{{{2 * size}}}", text):
        raise Malformed(f"key.{name}", f"expected 0x-hex of {size} bytes")
    return bytes.fromhex(text[2:])
