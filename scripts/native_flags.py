"""Print the compiler flags of the native engine: none of this machine's paths gets into it.

    python scripts/native_flags.py

Set-up and packages build with the same flags, so that cargo builds each crate once for both.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def flags() -> str:
    """Return the value of RUSTFLAGS."""
    cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return f"--remap-path-prefix={cargo}=cargo --remap-path-prefix={ROOT}=ostraka"


if __name__ == "__main__":
    print(flags())
