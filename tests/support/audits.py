"""Audits of synthetic polls, honest and changed, for the tests of the numbered checks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ostraka_verifier.board import SECTIONS, Board, join_sections, split_sections
from ostraka_verifier.checks import CHECKS, Audit, Check, Claimed, Verdict
from ostraka_verifier.checks.audit import Held
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Rejected
from ostraka_verifier.evidence import ChainEvidence, ElectorateEvidence, RoundEvidence
from ostraka_verifier.outcome import EqualShares, Proportional
from ostraka_verifier.releases import Releases, created_address, known_releases
from ostraka_verifier.snapshot import CensusSource, SourceKind
from tests.support.polls import (
    CLOSES_AT,
    OPENS_AT,
    REGISTRY,
    SHUFFLED,
    SyntheticPoll,
    approval_poll,
)

CURVE = load("native")
POLL = approval_poll()
BOARD, CHAIN = POLL.finish()
BOARD_SECTIONS = split_sections(BOARD.encode())
ROUND_POLL = approval_poll(treasury=bytes([42] * 20), seed="round")
ROUND_BOARD, ROUND_CHAIN = ROUND_POLL.finish()
DIVISION_POLL = approval_poll(
    treasury=bytes([42] * 20), seed="division", outcome=Proportional(1000, 4)
)
DIVISION_BOARD, DIVISION_CHAIN = DIVISION_POLL.finish()
SHARES_POLL = approval_poll(
    seed="shares",
    treasury=bytes([42] * 20),
    outcome=EqualShares(costs=(50, 40, 30, 20), budget=100, objection_time=60),
    times=SHUFFLED,
)
SHARES_BOARD, SHARES_CHAIN = SHARES_POLL.finish()
SOURCE = CensusSource(SourceKind.VOTES, bytes([9] * 20), 77, 10**18, created_address(REGISTRY, 2))
INVITED_POLL = approval_poll(treasury=bytes([42] * 20), seed="invited", unused_invitations=2)
INVITED_BOARD, INVITED_CHAIN = INVITED_POLL.finish()
AT = OPENS_AT - 50
OPTIONS = [f"option {slot}" for slot in range(4)]
QUESTION = {"kind": "approval", "title": "Which?", "options": OPTIONS, "at_least": 1, "at_most": 3}
Case = tuple[Board, ChainEvidence]
Mutations = list[tuple[Callable[[], Case], set[str]]]
"""Changes of an honest poll, each with the numbers of exactly those checks that it makes fail."""


def findings(
    board: "Board | Raw", chain: ChainEvidence, poll_id: int = 1, releases: Releases | None = None
) -> dict[str, Any]:
    claimed = Claimed(REGISTRY, poll_id)
    audit = Audit(CURVE, claimed, chain, board.encode(), secrets.randbits, releases=releases)
    return {finding.check: finding for finding in audit.run(list(map(under_its_number, CHECKS)))}


def under_its_number(check: Check) -> Check:
    """The check, which may refuse under no other number than its own."""

    def perform(audit: Audit) -> str | Held:
        try:
            return check.perform(audit)
        except Rejected as failure:
            if failure.check != check.number:
                raise AssertionError(f"{check.number} refuses under {failure.check}") from failure
            raise

    return check._replace(perform=perform)


def failing(board: Board, chain: ChainEvidence) -> set[str]:
    return {
        number
        for number, finding in findings(board, chain).items()
        if finding.verdict is Verdict.FAILS
    }


def with_immutable(contract: str, name: str, value: bytes, code: bytes) -> bytes:
    """The code of a release's contract, deployed with another value."""
    changed = bytearray(code)
    for known in known_releases().codes:
        for place in known.immutables:
            if (known.contract, place.name) == (contract, name):
                changed[place.start : place.start + 32] = value
    assert changed != code
    return bytes(changed)


def with_one_place_changed(contract: str, code: bytes) -> bytes:
    """The code of a release's contract, with one immutable that has two values."""
    known = next(one for one in known_releases().codes if one.contract == contract)
    names = [place.name for place in known.immutables]
    place = next(one for one in known.immutables if names.count(one.name) > 1)
    changed = bytearray(code)
    changed[place.start + 31] ^= 1
    return bytes(changed)


def sourced(at: int = AT, times: tuple[int, int] = (AT, AT + 12), **changes: Any) -> Case:
    """A round whose electorate is a source on chain, with its block by a time."""
    poll = approval_poll(source=SOURCE, treasury=bytes([42] * 20), seed="sourced")
    board, chain = poll.finish()
    assert isinstance(chain.round, RoundEvidence)
    fixed = replace(SOURCE, **changes).at_time(at)
    electorate = ElectorateEvidence(2, keccak256(fixed), 0, 0, fixed)
    round_ = replace(chain.round, electorate=electorate)
    return board, replace(chain, round=round_, census_times=times)


def with_parameters(poll: SyntheticPoll) -> Case:
    """A poll whose parameters were false from the start: everything else is made for them."""
    poll.context = poll.identity.context(poll.parameters, poll.rule)
    poll.factory._context = poll.context
    poll.prepared = [
        poll.factory.prepare(key, account, bits, CLOSES_AT - 60)
        for key, account, bits in zip(poll.voter_keys, poll.accounts, poll.votes, strict=True)
    ]
    return poll.finish()


def of_round(**changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return ROUND_BOARD, replace(ROUND_CHAIN, round=replace(ROUND_CHAIN.round, **changes))


def section_of(tag: int, content: bytes) -> Callable[[], Case]:
    """The honest board with another section."""

    def made() -> Case:
        sections = {
            number: BOARD_SECTIONS[name]
            for number, name in SECTIONS.items()
            if name in BOARD_SECTIONS
        }
        return Raw(join_sections(sections | {tag: content})), CHAIN  # type: ignore[return-value]

    made.__name__ = f"section_{tag}"
    return made


@dataclass(frozen=True)
class Raw:
    """Bytes where a board is expected."""

    data: bytes

    def encode(self) -> bytes:
        return self.data


def not_checked(board: Board, chain: ChainEvidence) -> dict[str, str]:
    """What is not checked, and why; nothing may fail."""
    found = findings(board, chain)
    assert Verdict.FAILS not in {one.verdict for one in found.values()}
    return {n: one.detail for n, one in found.items() if one.verdict is Verdict.NOT_CHECKED}


def name_of(value: object) -> str:
    return value.__name__ if callable(value) else "-".join(sorted(value))  # type: ignore[attr-defined,call-overload,no-any-return]
