"""Files and folders that only their owner may read, regardless of the umask.

Every write and the file's name in its folder are on the disk before the function returns.
"""

import os
import shlex
from io import FileIO
from pathlib import Path

_OTHERS = 0o077


def private(path: str | Path, flags: int) -> int:
    """Opener for `open` that creates files with mode 600."""
    return os.open(path, flags, 0o600)


def make_private_folder(path: Path) -> None:
    """Make a folder of mode 700; an existing folder must already have that mode.

    Raises:
        ValueError: The folder exists, and others may read it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_private(path)


def require_private(path: Path) -> None:
    """Refuse a file or folder that other users may read or change.

    Raises:
        ValueError: Others may, or it belongs to another user; names the command that fixes it.
        OSError: It does not exist.
    """
    found = path.stat()
    kind, mode = ("folder", 700) if path.is_dir() else ("file", 600)
    name = shlex.quote(str(path))
    if found.st_mode & _OTHERS:
        raise ValueError(f"{path}: others may read this {kind}; run: chmod {mode} {name}")
    if found.st_uid not in (os.geteuid(), 0):
        raise ValueError(
            f"{path}: this {kind} belongs to another user; run: chown {os.geteuid()} {name}"
        )


def create_private(path: Path) -> None:
    """Make an empty file of mode 600, unless it exists."""
    os.close(private(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC))


def write_new(path: Path, data: bytes) -> None:
    """Write a new file of mode 600.

    Raises:
        FileExistsError: The file exists; it is not changed.
    """
    with open(path, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically by a new one of mode 600."""
    unfinished = unfinished_of(path)
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def replace_secret(path: Path, data: bytes) -> None:
    """Replace a file as `replace_file` does, and overwrite the old content with zeros.

    Follows a symbolic link.

    Raises:
        OSError: The file does not exist, or cannot be overwritten.
    """
    path = path.resolve()
    with path.open("r+b", buffering=0) as old:
        replace_file(path, data)
        _overwrite(old)


def unfinished_of(path: Path) -> Path:
    """Return the path of the temporary file of `replace_file`."""
    return path.with_name(path.name + ".new")


def erase(path: Path) -> None:
    """Overwrite a file with zeros and remove it; do nothing if it does not exist.

    Raises:
        OSError: It cannot be overwritten or removed.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            _overwrite(file)
        path.unlink()
    except FileNotFoundError:
        pass
    sync_folder(path.parent)


def _overwrite(file: FileIO) -> None:
    left = os.fstat(file.fileno()).st_size
    while left:
        left -= file.write(bytes(left))
    os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
