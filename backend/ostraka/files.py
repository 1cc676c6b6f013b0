"""Files and folders that nobody but their owner may read, whatever the umask says.

Every write here is on the disk, with its name in the folder, before the function returns.
"""

import os
import shlex
from io import FileIO
from pathlib import Path

_OTHERS = 0o077


def private(path: str | Path, flags: int) -> int:
    """Opener of files that only their owner reads, for `open`."""
    return os.open(path, flags, 0o600)


def make_private_folder(path: Path) -> None:
    """Make a folder of mode 700; one that is there already must have it.

    Raises:
        ValueError: There is one, and others may look into it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_private(path)


def require_private(path: Path) -> None:
    """Refuse a file or folder that somebody else may read or change.

    Raises:
        ValueError: Others may, or it belongs to another user; says what to run.
        OSError: It is not there.
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
    """Make an empty file of mode 600, unless there is a file already."""
    os.close(private(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC))


def write_new(path: Path, data: bytes) -> None:
    """Write a new file of mode 600.

    Raises:
        FileExistsError: There is a file already; it is left alone.
    """
    with open(path, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file of mode 600 in the place of what was there, at no moment half of it."""
    unfinished = unfinished_of(path)
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def replace_secret(path: Path, data: bytes) -> None:
    """As `replace_file`, and overwrite what was there; of a link, the file that it names.

    Raises:
        OSError: There is none, or it cannot be overwritten.
    """
    path = path.resolve()
    with path.open("r+b", buffering=0) as old:
        replace_file(path, data)
        _overwrite(old)


def unfinished_of(path: Path) -> Path:
    """Where `replace_file` writes before the new file takes its place."""
    return path.with_name(path.name + ".new")


def erase(path: Path) -> None:
    """Overwrite a file with zeros and remove it; nothing when there is none.

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
    """Put the names in a folder on the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
