"""One flipped byte anywhere is named and rejected. `make soak ARGS=flips` tries thousands."""

from itertools import islice
from random import Random

from ostraka_verifier.curve import load
from tests.support.flips import Evidence, audited, flips, rejected
from tests.support.polls import approval_poll

FLIPS = 150


def test_a_flipped_byte_is_named_and_rejected() -> None:
    curve = load("native")
    evidence = Evidence.of(approval_poll())
    honest = audited(curve, evidence)
    assert not rejected(honest)
    for flip in islice(flips(evidence, Random(15)), FLIPS):
        found = audited(curve, flip.evidence)
        assert found != honest, flip.place
        assert rejected(found) or flip.only_named, flip.place
