"""One flipped byte in each of many random places of an audit's evidence: named and rejected.

    make soak ARGS="flips [NUMBER] [SEED]"

Changes 10,000 places unless told otherwise, in turns of board, chain record and aggregate shares of
one poll, each in a fresh copy. Prints every place whose change passes, and whatever an audit raises
other than its own errors. Exit code 1 if there is one. A signature beyond the quorum and a
contract's code need only be named in the report.
"""

import sys
import traceback
from collections.abc import Sequence
from itertools import islice
from random import Random

from tests.support.flips import Evidence, audited, flips, rejected
from tests.support.polls import approval_poll

from ostraka_verifier.curve import load

FLIPS = 10_000
_TELL_EVERY = 500


def main(arguments: Sequence[str]) -> int:
    """Flip this number of bytes by this seed; exit code 1 if one passes."""
    number = int(arguments[0]) if arguments else FLIPS
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    curve, evidence = load("native"), Evidence.of(approval_poll())
    honest = audited(curve, evidence)
    if rejected(honest):
        raise RuntimeError("the audit of the honest evidence does not hold")
    only_named, wrong = 0, 0
    for done, flip in enumerate(islice(flips(evidence, Random(seed)), number), 1):
        try:
            found = audited(curve, flip.evidence)
        except Exception:
            wrong += 1
            print(f"{flip.place}: the audit crashed", file=sys.stderr)
            traceback.print_exc()
            continue
        if not rejected(found):
            only_named += 1
            if found == honest or not flip.only_named:
                wrong += 1
                print(f"{flip.place}: the audit holds", file=sys.stderr)
        if done % _TELL_EVERY == 0:
            print(f"{done} of {number}: {wrong} wrong, {only_named} only named", flush=True)
    print(f"{number} flipped bytes by seed {seed}: {wrong} wrong, {only_named} only named")
    return 1 if wrong else 0
