"""Two thousand mutated boards: the browser's audit and the verifier's say the same of each.

Verdict, check and item are compared. The mutations are seeded, so a failure repeats.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from random import Random

import pytest

from ostraka_verifier import checks
from ostraka_verifier.board import SECTIONS, join_sections, split_sections
from ostraka_verifier.checks import Audit, Claimed
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.support.polls import REGISTRY, SyntheticPoll
from tests.web.bridge import Browser

BOARDS = 2000
_AT_ONCE = 100
_CURVE = load("native")
_POLL = SyntheticPoll(
    [[1, 0], [0, 1]], approval(2, 0, 2), NoOutcome(), secret=False, unused_invitations=1
)
_BOARD, _CHAIN = _POLL.finish()
_OTHER, _ = SyntheticPoll(
    [[1, 1], [0, 0]],
    approval(2, 0, 2),
    NoOutcome(),
    secret=False,
    seed="other",
    unused_invitations=1,
).finish()
Sections = dict[int, bytes]


def sections_of(board: bytes) -> Sections:
    named = split_sections(board)
    return {tag: named[name] for tag, name in SECTIONS.items() if name in named}


HONEST, FOREIGN = sections_of(_BOARD.encode()), sections_of(_OTHER.encode())


def flipped(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def replaced(random: Random, content: bytes) -> bytes:
    """Some bytes become all zeros or all ones, as of a field out of range."""
    size = random.choice((1, 2, 4, 8, 20, 32, 64, 65))
    at = random.randrange(len(content))
    return content[:at] + random.choice((b"\0", b"\xff")) * size + content[at + size :]


def swapped(random: Random, content: bytes) -> bytes:
    """Two stretches of one length change places, as of two entries."""
    size = min(random.choice((20, 32, 56, 64, 65)), len(content) // 2)
    first = random.randrange(len(content) - 2 * size + 1)
    second = random.randrange(first + size, len(content) - size + 1)
    between = content[first + size : second]
    parts = (content[second : second + size], between, content[first : first + size])
    return content[:first] + b"".join(parts) + content[second + size :]


def cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def lengthened(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + random.randbytes(random.choice((1, 32, 64))) + content[at:]


_OF_A_SECTION: tuple[Callable[[Random, bytes], bytes], ...] = (
    *[flipped] * 8,
    *[replaced] * 3,
    *[swapped] * 2,
    cut,
    lengthened,
)


def mutated(random: Random) -> bytes:
    sections = dict(HONEST)
    tag = random.choice(list(sections))
    kind = random.randrange(20)
    if kind == 0:
        del sections[tag]
    elif kind == 1:
        sections[tag] = FOREIGN[tag]
    elif kind == 2:
        # The container itself: magic, tags, lengths.
        return flipped(random, join_sections(sections))
    else:
        for _ in range(random.choice((1, 1, 1, 2))):
            if sections[tag]:
                sections[tag] = random.choice(_OF_A_SECTION)(random, sections[tag])
    return join_sections(sections)


def findings(board: bytes) -> object:
    try:
        audit = Audit(_CURVE, Claimed(REGISTRY, 1), _CHAIN, board, secrets.randbits)
    except Malformed:
        return "Malformed"
    return {one.check: (one.verdict.value, one.item) for one in audit.run()}


@pytest.mark.timeout(900)
def test_mutated_boards_get_one_verdict(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tables of generators are most of the time of so small an audit.
    monkeypatch.setattr(checks, "CommitmentKey", cache(CommitmentKey))
    random = Random("boards")
    boards = [mutated(random) for _ in range(BOARDS)]
    differing = []
    seen = set[str]()
    with ThreadPoolExecutor(1) as other:
        for start in range(0, BOARDS, _AT_ONCE):
            batch = boards[start : start + _AT_ONCE]
            asked = other.submit(
                browser.call, "audits", registry=REGISTRY, poll_id=1, chain=_CHAIN, boards=batch
            )
            expected = [findings(board) for board in batch]
            for number, (wanted, found) in enumerate(zip(expected, asked.result(), strict=True)):
                got = (
                    found
                    if isinstance(found, str)
                    else {one["check"]: (one["verdict"], one["item"]) for one in found}
                )
                if got != wanted:
                    differing.append((start + number, wanted, got))
                if isinstance(wanted, dict):
                    seen |= {check for check, (verdict, _) in wanted.items() if verdict == "fails"}
    for number, wanted, got in differing[:5]:
        if isinstance(wanted, dict) and isinstance(got, dict):
            print(number, {n: (wanted[n], got[n]) for n in wanted if wanted[n] != got[n]})
        else:
            print(number, wanted, got)
    assert not differing, f"{len(differing)} of {BOARDS} boards differ"
    # Mutations that reach few checks would show little.
    assert {"P1", "P2", "P3", "P4", "C1", "C4", "B1", "B4", "T2", "T3", "S1"} <= seen
