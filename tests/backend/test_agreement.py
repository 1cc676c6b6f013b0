"""Which ballots a node proposes, misses and objects to."""

import pytest

from ostraka.node.agreement import Entry, LeafList, draft, inventory_hash, missing, objection
from ostraka.node.store import BallotVersion
from ostraka_verifier.errors import Malformed

ALICE, BOB = bytes([1] * 20), bytes([2] * 20)
Q_MINUS_F = 3


def version(
    voter: bytes, at: int, name: int, *, receipted: bool = True, share: bool = True
) -> BallotVersion:
    return BallotVersion(voter, at, bytes([name] * 32), receipted, share)


OLD, NEW, BOBS = version(ALICE, 1, 1), version(ALICE, 2, 2), version(BOB, 1, 3)


def entries(*versions: BallotVersion) -> tuple[Entry, ...]:
    return tuple(Entry(one.voter, one.digest) for one in versions)


def test_a_draft_has_each_voters_greatest_ballot_in_order() -> None:
    assert draft(4, [BOBS, OLD, NEW]) == LeafList(4, entries(NEW, BOBS))


def test_equal_cast_times_are_ordered_by_digest() -> None:
    twin = version(ALICE, 2, 9)
    assert draft(0, [twin, NEW]).entries == entries(twin)
    assert draft(0, [NEW, twin]).entries == entries(twin)


def test_a_draft_omits_ballots_without_a_share_here() -> None:
    starved = version(ALICE, 3, 4, receipted=False, share=False)
    assert draft(0, [OLD, starved]).entries == entries(OLD)


def test_missing_ballots_are_neither_included_nor_superseded() -> None:
    versions = [OLD, NEW, BOBS]
    assert missing(entries(NEW), versions) == [BOBS]
    assert missing(entries(OLD, BOBS), versions) == [NEW]
    assert missing(entries(NEW, BOBS), versions) == []
    assert missing((), [version(BOB, 1, 3, receipted=False)]) == []


def counts(*versions: BallotVersion) -> dict[bytes, int]:
    return {one.digest: 4 for one in versions}


def complaint(
    proposal: tuple[Entry, ...], versions: list[BallotVersion], receipts: dict[bytes, int]
) -> str | None:
    return objection(LeafList(0, proposal), versions, receipts, Q_MINUS_F)


def test_a_node_signs_a_list_with_every_candidate() -> None:
    versions = [OLD, NEW, BOBS]
    assert complaint(entries(NEW, BOBS), versions, counts(*versions)) is None


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        (entries(BOBS, NEW), "increasing"),
        (entries(NEW, NEW), "increasing"),
        ((*entries(NEW), Entry(BOB, bytes(32))), "does not have ballot"),
        ((Entry(ALICE, BOBS.digest), *entries(BOBS)), "does not have ballot"),
        (entries(NEW), "neither included nor superseded"),
        (entries(OLD, BOBS), "neither included nor superseded"),
    ],
)
def test_a_node_does_not_sign(proposal: tuple[Entry, ...], reason: str) -> None:
    versions = [OLD, NEW, BOBS]
    found = complaint(proposal, versions, counts(*versions))
    assert found is not None
    assert reason in found


def test_a_node_does_not_sign_for_a_ballot_without_a_good_share() -> None:
    starved = version(BOB, 1, 3, receipted=False, share=False)
    found = complaint(entries(NEW, starved), [NEW, starved], counts(NEW))
    assert found is not None
    assert "no good share" in found


def test_ballots_accepted_by_too_few_nodes_may_be_omitted() -> None:
    receipts = counts(NEW) | {BOBS.digest: Q_MINUS_F - 1}
    assert complaint(entries(NEW), [NEW, BOBS], receipts) is None
    receipts[BOBS.digest] = Q_MINUS_F
    assert complaint(entries(NEW), [NEW, BOBS], receipts) is not None


def test_leaf_lists_have_one_encoding() -> None:
    listed = LeafList(7, entries(NEW, BOBS))
    assert LeafList.decode(listed.encode()) == listed
    for broken in (b"", listed.encode()[:-1], listed.encode() + b"\0", b"\0" * 7):
        with pytest.raises(Malformed):
            LeafList.decode(broken)


def test_an_inventory_is_bound_to_every_entry() -> None:
    rows = [(ALICE, 1, bytes(32)), (BOB, 2, bytes(32))]
    hashes = {
        inventory_hash(rows),
        inventory_hash(rows[:1]),
        inventory_hash(rows[::-1]),
        inventory_hash([rows[0], (BOB, 3, bytes(32))]),
    }
    assert len(hashes) == 4
