"""One flipped byte anywhere is named and rejected. `make soak ARGS=flips` tries thousands."""

from itertools import islice
from random import Random

from ostraka_verifier.curve import load
from tests.support.flips import Evidence, audited, flips, rejected
from tests.support.polls import approval_poll
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

FLIPS, OPENED_FLIPS = 150, 100


def test_a_flipped_byte_of_opened_ballots_is_rejected() -> None:
    """Every byte of section 14 matters: it has no more signatures than are needed."""
    curve, random = load("native"), Random(16)
    board, chain = ShuffledPoll.of(shuffled_approval_poll()).finish()
    data, section = board.encode(), board.opened
    assert section is not None
    start = data.rindex(section)
    assert not rejected(audited(curve, Evidence(data, chain)))
    for _ in range(OPENED_FLIPS):
        place = random.randrange(start, start + len(section))
        changed = bytearray(data)
        changed[place] ^= random.randrange(1, 256)
        assert rejected(audited(curve, Evidence(bytes(changed), chain))), place - start


def test_a_flipped_byte_is_named_and_rejected() -> None:
    curve = load("native")
    evidence = Evidence.of(approval_poll())
    honest = audited(curve, evidence)
    assert not rejected(honest)
    for flip in islice(flips(evidence, Random(15)), FLIPS):
        found = audited(curve, flip.evidence)
        assert found != honest, flip.place
        assert rejected(found) or flip.only_named, flip.place
