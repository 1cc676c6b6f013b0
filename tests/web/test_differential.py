"""Two thousand mutated boards: the browser's audit and the verifier's say the same of each.

Verdict, check, item and reason are compared; what is no JSON is explained by each in its own words.
So are polls of which the chain tells otherwise than it should. The mutations are seeded, so a
failure repeats.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from functools import cache
from random import Random
from typing import Any

import pytest

from ostraka_verifier.board import MAGIC, SECTIONS, join_sections, split_sections
from ostraka_verifier.checks import CHECKS, Audit, Claimed, no_board
from ostraka_verifier.commitment import CommitmentKey, derive_generator
from ostraka_verifier.curve import load
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.support.audits import (
    BOARD,
    CHAIN,
    DIVISION_BOARD,
    DIVISION_CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    ROUND_BOARD,
    ROUND_CHAIN,
)
from tests.support.polls import REGISTRY, SyntheticPoll
from tests.web.bridge import Browser

BOARDS = 2000
LEAVES = 200
CHAINS = 400
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


def reframed(random: Random, sections: Sections) -> bytes:
    """Sections out of order, twice, of tags and lengths of any size, or with bytes behind them."""
    framed = [join_sections({tag: content})[len(MAGIC) :] for tag, content in sections.items()]
    at = random.randrange(len(framed))
    kind = random.randrange(5)
    if kind == 0:
        random.shuffle(framed)
    elif kind == 1:
        framed.insert(at, framed[at])
    elif kind == 2:
        framed.append(random.choice((b"\0", b"\x80\0", b"\x80\0" + bytes(7), framed[0])))
    elif kind == 3:
        note = random.choice(((0x8000, 0), (0x8000, 5), (0xFFFF, 1), (0x8000, 1 << 26)))
        framed.append(note[0].to_bytes(2, "big") + note[1].to_bytes(8, "big") + bytes(note[1] % 99))
    else:
        tag = random.choice((0, 12, 13, 14, 0x7FFF)).to_bytes(2, "big")
        size = random.choice((0, 1, 1 << 26, (1 << 53) - 1, 1 << 53, (1 << 64) - 1))
        framed.append(tag + size.to_bytes(8, "big") + b"x" * (size == 1))
    return MAGIC + b"".join(framed)


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
    elif kind == 3:
        return reframed(random, sections)
    else:
        for _ in range(random.choice((1, 1, 1, 2))):
            if sections[tag]:
                sections[tag] = random.choice(_OF_A_SECTION)(random, sections[tag])
    return join_sections(sections)


Said = dict[str, tuple[str, str, str, str]]
"""Of each check: verdict, item, reason, and what it assumes."""


def said(check: str, verdict: str, item: str, detail: str, assumes: str) -> Said:
    if "not JSON" in detail or "not UTF-8" in detail:
        detail = "not JSON"
    return {check: (verdict, item, detail, assumes)}


def findings(board: bytes, chain: ChainEvidence) -> Said:
    try:
        found = Audit(_CURVE, Claimed(REGISTRY, 1), chain, board, secrets.randbits).run(CHECKS)
    except Malformed as error:
        found = no_board(error)
    told: Said = {}
    for one in found:
        told |= said(one.check, one.verdict.value, one.item, one.detail, one.assumes)
    return told


def found_by(browser: Browser, chain: ChainEvidence, boards: Sequence[bytes]) -> list[Said]:
    answers: list[Said] = []
    for found in browser.call("audits", registry=REGISTRY, poll_id=1, chain=chain, boards=boards):
        told: Said = {}
        for one in found:
            told |= said(**{name: one[name] for name in one if name != "claim"})
        answers.append(told)
    return answers


def compare(number: int, wanted: Said, got: Said) -> set[str]:
    """Checks that fail; AssertionError where the two differ."""
    assert wanted.keys() == got.keys()
    differing = {name: (wanted[name], got[name]) for name in wanted if wanted[name] != got[name]}
    assert not differing, f"case {number}: {differing}"
    return {name for name, one in wanted.items() if one[0] == "fails"}


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """The browser works while the verifier does."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(autouse=True)
def kept_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of generators are most of the time of so small an audit."""
    monkeypatch.setattr("ostraka_verifier.checks.audit.CommitmentKey", cache(CommitmentKey))
    monkeypatch.setattr(
        "ostraka_verifier.checks.generators.derive_generator", cache(derive_generator)
    )


@pytest.mark.timeout(900)
def test_mutated_boards_get_one_verdict(browser: Browser, other: ThreadPoolExecutor) -> None:
    random = Random("boards")
    boards = [mutated(random) for _ in range(BOARDS)]
    seen = set[str]()
    for start in range(0, BOARDS, _AT_ONCE):
        batch = boards[start : start + _AT_ONCE]
        asked = other.submit(found_by, browser, _CHAIN, batch)
        expected = [findings(board, _CHAIN) for board in batch]
        for number, (wanted, got) in enumerate(zip(expected, asked.result(), strict=True), start):
            seen |= compare(number, wanted, got)
    # Mutations that reach few checks would show little.
    assert {"P1", "P2", "P3", "P4", "C1", "C4", "B1", "B4", "T2", "T3", "S1"} <= seen


@pytest.mark.timeout(900)
def test_corrupted_signatures_and_proofs_get_one_verdict(
    browser: Browser, other: ThreadPoolExecutor
) -> None:
    """Seven ballots: the browser bisects its batches to name the corrupted ones."""
    random = Random("leaves")
    sections = sections_of(BOARD.encode())
    size = (len(sections[9]) - 4) // 7
    boards = []
    for _ in range(LEAVES):
        leaves = bytearray(sections[9])
        for _ in range(random.choice((1, 1, 2, 3))):
            # Nine scalars of the proof, then public key, hash of boxes, r, s and v.
            before = random.choice((1, 33, 65, random.randint(1, 9 * 32 + 64 + 32 + 65)))
            leaves[4 + size * random.randint(1, 7) - before] ^= 1 << random.randrange(8)
        boards.append(join_sections(sections | {9: bytes(leaves)}))
    asked = other.submit(found_by, browser, CHAIN, boards)
    expected = [findings(board, CHAIN) for board in boards]
    reasons = set[str]()
    for number, (wanted, got) in enumerate(zip(expected, asked.result(), strict=True)):
        reasons |= {wanted[name][2] for name in compare(number, wanted, got)}
    assert {
        "signature: no key gives it",
        "signature: s is in the upper half",
        "not signed by its public key",
        "its public key is not that of the census",
        "an equation fails",
        "rows[0] does not hold",
    } <= reasons


_NUMBERS = (0, 1, 2, 5, 1 << 31, 1 << 40, 1 << 52)
_STATUSES = ("created", "open", "closed", "anchored", "releasable", "tallied", "void")
_MAY_BE_MISSING = ("anchored", "tally", "awards", "round", "census", "census_times")
_MAY_BE_UNREADABLE = ("awards", "round", "census", "census_times", "deployment")


def otherwise(random: Random, value: Any) -> Any:
    """Evidence that differs in one place."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice((value + 1, max(0, value - 1), random.choice(_NUMBERS)))
    if isinstance(value, bytes):
        return flipped(random, value) if value else b"\1"
    if isinstance(value, str):
        return random.choice(_STATUSES) if value in _STATUSES else value + "x"
    if isinstance(value, tuple) and value:
        entries, at = list(value), random.randrange(len(value))
        kind = random.randrange(6)
        if kind == 0:
            del entries[at]
        elif kind == 1:
            entries.insert(random.randrange(len(entries) + 1), entries[at])
        elif kind == 2:
            random.shuffle(entries)
        else:
            entries[at] = otherwise(random, entries[at])
        return tuple(entries)
    if is_dataclass(value) and not isinstance(value, type):
        name = random.choice([field.name for field in fields(value)])
        return replace(value, **{name: otherwise(random, getattr(value, name))})
    return value


def told_otherwise(random: Random, chain: ChainEvidence) -> ChainEvidence:
    for _ in range(random.choice((1, 1, 2))):
        kind = random.randrange(10)
        if kind == 0:
            missing: dict[str, Any] = {random.choice(_MAY_BE_MISSING): None}
            chain = replace(chain, **missing)
        elif kind == 1:
            errors = (
                Malformed("answer", "too short"),
                Undecided("no answer"),
                Rejected("C3", "census", "too few voters"),
            )
            why = random.choice(errors)
            unreadable: dict[str, Any] = {random.choice(_MAY_BE_UNREADABLE): why}
            chain = replace(chain, **unreadable)
        elif kind < 6 and not isinstance(chain.round, AuditError):
            chain = replace(chain, round=otherwise(random, chain.round))
        else:
            chain = otherwise(random, chain)
    return chain


@pytest.mark.timeout(900)
def test_whatever_a_chain_says_gets_one_verdict(
    browser: Browser, other: ThreadPoolExecutor
) -> None:
    random = Random("chains")
    polls = (
        (ROUND_BOARD.encode(), ROUND_CHAIN),
        (DIVISION_BOARD.encode(), DIVISION_CHAIN),
        (INVITED_BOARD.encode(), INVITED_CHAIN),
    )
    seen = set[str]()
    for number in range(CHAINS):
        board, honest = random.choice(polls)
        chain = told_otherwise(random, honest)
        asked: Future[list[Said]] = other.submit(found_by, browser, chain, [board])
        wanted = findings(board, chain)
        seen |= compare(number, wanted, asked.result()[0])
    assert {"P1", "P4", "G1", "G2", "T2", "T4", "R1", "R3", "O1", "D1", "D2", "D3", "D4"} <= seen


def test_more_proposals_than_the_outcome_has_are_other_winners(browser: Browser) -> None:
    """By the rule before, the browser compared as many as the outcome has."""
    chain = INVITED_CHAIN
    assert chain.round is not None
    assert not isinstance(chain.round, AuditError)
    first = chain.round.proposals[-1]
    more = replace(first, id=bytes([77] * 32), funded=False, paid=False)
    longer = replace(chain, round=replace(chain.round, proposals=(*chain.round.proposals, more)))
    wanted = findings(INVITED_BOARD.encode(), longer)
    assert wanted["D2"][:2] == ("fails", "winners")
    compare(0, wanted, found_by(browser, longer, [INVITED_BOARD.encode()])[0])


def test_every_false_proof_is_named_whatever_batch_it_is_in(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verifier's batches are other ones than the browser's."""
    monkeypatch.setattr("ostraka_verifier.checks.ballots.PROOF_BATCH", 2)
    sections = sections_of(ROUND_BOARD.encode())
    leaves = split_sections(ROUND_BOARD.encode())["leaves"]
    size = (len(leaves) - 4) // 7
    broken = bytearray(leaves)
    for leaf in (0, 5):
        # The last response of a ballot stands before key, hash of boxes and signature.
        broken[4 + (leaf + 1) * size - 161 - 1] ^= 1
    board = join_sections(sections | {9: bytes(broken)})
    wanted = findings(board, ROUND_CHAIN)
    assert wanted["B6"][1].count("of voter") == 2
    compare(0, wanted, found_by(browser, ROUND_CHAIN, [board])[0])


@pytest.mark.parametrize(("tag", "check"), [(12, "C4"), (13, "P1")])
def test_a_section_that_nothing_asks_for_is_refused(browser: Browser, tag: int, check: str) -> None:
    """By the rule before, any bytes passed there."""
    board = join_sections(sections_of(ROUND_BOARD.encode()) | {tag: b"whatever"})
    wanted = findings(board, ROUND_CHAIN)
    assert {name for name, one in wanted.items() if one[0] != "holds"} == {check}
    compare(0, wanted, found_by(browser, ROUND_CHAIN, [board])[0])


def test_notes_are_named_and_read_by_no_check(browser: Browser) -> None:
    board = join_sections(sections_of(ROUND_BOARD.encode()) | {0x8000: b"hello", 0xFFFF: b""})
    wanted = findings(board, ROUND_CHAIN)
    assert {one[0] for one in wanted.values()} == {"holds"}
    assert wanted["P1"][2].endswith(
        "; read by no check: section 32768 (5 bytes), section 65535 (0 bytes)"
    )
    compare(0, wanted, found_by(browser, ROUND_CHAIN, [board])[0])


def test_a_huge_description_fails_its_check_and_takes_no_time(browser: Browser) -> None:
    """By the rule before, the browser's audit broke off, and the verifier's took a minute."""
    huge = b'{"title":"' + b"\\n" * 8_000_000 + b'","options":[]}'
    board = join_sections(sections_of(ROUND_BOARD.encode()) | {5: huge})
    wanted = findings(board, ROUND_CHAIN)
    assert wanted["P2"][:3] == ("fails", "description", f"{len(huge)} bytes, at most 65536")
    compare(0, wanted, found_by(browser, ROUND_CHAIN, [board])[0])
    assert browser.cpu_ms < 5_000
