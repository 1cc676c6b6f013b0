"""An audit reads its evidence once, and reports what is missing, assumed or invalid."""

import secrets
from dataclasses import replace

import pytest

from ostraka_verifier.board import SECTIONS, join_sections, split_sections
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.releases import Releases, known_releases
from ostraka_verifier.rpc import Unanswered
from tests.support.audits import (
    BOARD,
    CHAIN,
    CURVE,
    INVITED_BOARD,
    INVITED_CHAIN,
    ROUND_BOARD,
    ROUND_CHAIN,
    findings,
    not_checked,
)
from tests.support.polls import REGISTRY, approval_poll


def test_before_the_tally_nothing_fails_and_nothing_is_claimed() -> None:
    board = replace(BOARD, leaves=(), root=None, shares=())
    chain = replace(
        CHAIN,
        status="open",
        root=SumRoot(bytes(32), bytes(64), 0),
        anchored=None,
        anchored_at=0,
        tally=None,
        tally_digest=bytes(32),
        awards=None,
    )
    found = findings(board, chain)
    assert Verdict.FAILS not in {finding.verdict for finding in found.values()}
    for number in ("T1", "T2", "T3", "S1", "S2", "R1", "R2", "R3", "O1"):
        assert found[number].verdict is Verdict.NOT_CHECKED, number


@pytest.mark.parametrize("tag", range(1, 13))
def test_a_section_cut_short_never_passes(tag: int) -> None:
    sections = split_sections(INVITED_BOARD.encode())
    contents = {number: sections[name] for number, name in SECTIONS.items() if name in sections}
    cut = join_sections(contents | {tag: contents[tag][:-1]})
    audit = Audit(CURVE, Claimed(REGISTRY, 1), INVITED_CHAIN, cut, secrets.randbits)
    assert Verdict.FAILS in {finding.verdict for finding in audit.run(CHECKS)}


def test_what_is_only_stated_is_assumed() -> None:
    by_hand = findings(BOARD, CHAIN)["C4"]
    assert by_hand.assumes == (
        "the organizer, who listed 7 voters by hand, listed those who may vote"
    )
    found = findings(INVITED_BOARD, INVITED_CHAIN)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    expected = "each of 9 invitations (7 used) went to a different person"
    assert found["C4"].assumes == expected
    assert "not the round's members" in found["D1"].assumes
    assert found["C4"].to_json()["assumes"] == expected
    assert findings(ROUND_BOARD, ROUND_CHAIN)["D1"].assumes == ""
    treasury = f"the treasury 0x{bytes([42] * 20).hex()} was created with empty accounts"
    assert findings(ROUND_BOARD, ROUND_CHAIN)["D4"].assumes == treasury
    assert findings(BOARD, CHAIN)["D4"].assumes == ""
    assert findings(BOARD, CHAIN)["D1"].assumes == ""
    by_contract = findings(BOARD, replace(CHAIN, creator_is_contract=True))["D1"]
    maker = f"the contract 0x{CHAIN.creator.hex()}, which created the poll"
    assert by_contract.assumes == f"{maker}, pays nothing by its outcome"
    plain = findings(*approval_poll(unused_invitations=0).finish())
    assert {one.verdict for one in plain.values()} == {Verdict.HOLDS}


def test_a_treasury_at_its_creation_code_s_address_needs_no_assumption() -> None:
    codes = known_releases().codes
    standard = Releases(tuple(replace(one, address=bytes([42] * 20)) for one in codes))
    held = findings(ROUND_BOARD, ROUND_CHAIN, releases=standard)["D4"]
    assert (held.verdict, held.assumes) == (Verdict.HOLDS, "")
    elsewhere = Releases(tuple(replace(one, address=bytes([43] * 20)) for one in codes))
    assert findings(ROUND_BOARD, ROUND_CHAIN, releases=elsewhere)["D4"].assumes


def test_a_round_that_cannot_be_read_is_said_once() -> None:
    missing = Unanswered("no contract at 0x… on chain 1")
    left = not_checked(ROUND_BOARD, replace(ROUND_CHAIN, round=missing))
    assert left == {"D1": str(missing), "D2": "as D1", "D3": "as D1", "D4": "as D1"}


def test_missing_events_are_said_to_be_missing() -> None:
    left = not_checked(BOARD, replace(CHAIN, tally=None, awards=None))
    assert "shows no event TallyAccepted" in left["S2"]
    assert {left[number] for number in ("R1", "R2", "R3", "O1")} == {"as S2"}
    left = not_checked(BOARD, replace(CHAIN, anchored=None))
    assert "shows no event RootAnchored" in left["T1"]
    left = not_checked(BOARD, replace(CHAIN, node_keys=()))
    assert "shows no event PollOpened" in left["P4"]


def test_keys_of_a_poll_that_is_not_open_are_not_checked() -> None:
    left = not_checked(BOARD, replace(CHAIN, node_keys=(), poll_keys_digest=bytes(32)))
    assert left == {"P4": "the poll is not open yet"}


def test_bytes_that_are_no_board() -> None:
    data = BOARD.encode()
    for broken in (b"", data[:-1], data + b"\0", b"x" + data[1:], data[:100]):
        with pytest.raises(Malformed):
            Audit(CURVE, Claimed(REGISTRY, 1), CHAIN, broken, secrets.randbits)


class Unweighed:
    """Findings of a native pass that kept no weights, although nothing is wrong with the leaves."""

    count = len(BOARD.leaves)
    malformed = disordered = stranger = unsigned = untimely = None
    unproven: tuple[int, ...] = ()

    def root(self) -> None:
        """No root."""

    def sums(self) -> None:
        """No sums."""


def test_a_native_pass_without_sums_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Audit, "found", Unweighed())
    audit = Audit(CURVE, Claimed(REGISTRY, 1), CHAIN, BOARD.encode(), secrets.randbits)
    with pytest.raises(RuntimeError, match="gives no root"):
        _ = audit.root
    with pytest.raises(RuntimeError, match="gives no sums"):
        _ = audit.sums
