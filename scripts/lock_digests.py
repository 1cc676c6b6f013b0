"""Digests of the requirements and of their locks, which show offline that they belong together.

`write FILE NAME…` records the digests after locking, and `check FILE NAME…` compares them. Names
are those of files beside FILE, without `.in` and `.txt`.
"""

import hashlib
import json
import sys
from pathlib import Path


def digests_of(folder: Path, names: list[str]) -> dict[str, str]:
    """Return the SHA-256 of each name's `.in` and `.txt`, in hexadecimal."""
    files = [folder / (name + suffix) for name in names for suffix in (".in", ".txt")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> int:
    """Return exit code 1 if a file changed since it was locked."""
    action, name_of_record, *names = sys.argv[1:]
    record = Path(name_of_record)
    found = digests_of(record.parent, names)
    if action == "write":
        record.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    recorded = json.loads(record.read_text())
    changed = sorted(file for file in found if found[file] != recorded.get(file))
    for file in changed:
        print(f"{record.parent / file} changed since it was locked: run make lock", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
