"""Run simulations: `python -m tests.simulator SEED [LAST]`."""

import sys
import time

from tests.simulator.simulation import machines, simulate


def main() -> int:
    """Exit code 1 if a seed breaks a promise."""
    first = int(sys.argv[1])
    last = int(sys.argv[2]) if len(sys.argv) > 2 else first
    broken = 0
    with machines() as on:
        for seed in range(first, last + 1):
            started = time.process_time()
            outcome = simulate(seed, on)
            took_ms = 1000 * (time.process_time() - started)
            status = outcome.status.name if outcome.status else "unfinished"
            if outcome.broken or first == last:
                print(outcome.report(100_000 if first == last else 60))
            answers = outcome.counts["answer"]
            print(
                f"seed {seed}: {status} at {outcome.ended_s:.0f} s, {answers} answers, "
                f"{took_ms:.0f} ms, {outcome.trace_hash[:12]}"
                + (" BROKEN" if outcome.broken else "")
            )
            broken += bool(outcome.broken)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
