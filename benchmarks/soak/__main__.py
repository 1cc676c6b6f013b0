"""Run one long programme by name: `make soak ARGS=NAME`.

    python -m benchmarks.soak NAME [ARGUMENT…]

A programme is a module of this package with `main(arguments)`, which returns the exit code.
"""

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> int:
    """Exit code of the programme; 2 when there is none of that name."""
    present = sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.name != "__main__"
    )
    name, *arguments = sys.argv[1:] or [""]
    if name not in present:
        wanted = f"no programme {name!r}" if name else "name a programme"
        print(f"{wanted}; there are: {', '.join(present) or 'none yet'}", file=sys.stderr)
        return 2
    return int(importlib.import_module(f"benchmarks.soak.{name}").main(arguments))


if __name__ == "__main__":
    sys.exit(main())
