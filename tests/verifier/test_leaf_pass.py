"""The native pass over leaves says the same as the readable checks, and its parts join."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.board import BoardLeaf, record_bytes, split_sections
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.commitment import generators
from ostraka_verifier.content import Within
from ostraka_verifier.curve import LeafPart, LeafTerms, R, load
from ostraka_verifier.curve.native import Native, NativeLeafCheck
from ostraka_verifier.encoding import tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.packed_census import CensusBlocks, PackedCensus
from ostraka_verifier.signatures import key_address, recover_key
from tests.support.corrupted_boards import (
    Honest,
    N,
    Readable,
    corrupted,
    findings,
    honest_polls,
    keep_generators,
    with_other_sections,
)
from tests.support.polls import REGISTRY
from tests.verifier.checks import test_ballots, test_tree

NATIVE, READABLE = Native(2), Readable(1)
CORRUPTIONS = 300
"""Corruptions here; `make soak ARGS=corruptions` does 10,000."""
OTHER_SECTIONS = 150
BY_REFERENCE = 4
P = 2**256 - 2**32 - 977


@pytest.fixture(autouse=True)
def kept_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_generators(monkeypatch.setattr)


def test_corrupted_boards_get_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random("corrupted")
    failed = Counter[str]()
    for number in range(CORRUPTIONS):
        board, chain = corrupted(random)
        monkeypatch.setattr("ostraka_verifier.board_leaves.CHUNK_RECORDS", random.randint(1, 7))
        natively = findings(NATIVE, board, chain, f"weights {number}")
        assert natively == findings(READABLE, board, chain, f"weights {number}"), number
        failed.update(one.check for one in natively if one.verdict is Verdict.FAILS)
    # Corruptions that reach few checks would show little.
    assert min(failed[check] for check in ("B1", "B2", "B3", "B4", "B5", "B6", "T1")) >= 5


def test_boards_with_other_sections_get_the_same_findings() -> None:
    random = Random("other sections")
    failed = Counter[str]()
    for number in range(OTHER_SECTIONS):
        board, chain = with_other_sections(random)
        natively = findings(NATIVE, board, chain, "weights")
        assert natively == findings(READABLE, board, chain, "weights"), number
        failed.update(one.check for one in natively if one.verdict is Verdict.FAILS)
    assert min(failed[check] for check in ("P1", "P2", "P3", "C1", "B1", "T1", "S1")) >= 5


def test_without_a_census_nobody_is_a_voter() -> None:
    """Even of a board without ballots, whose root needs no weight."""
    honest = honest_polls()[0]
    board = replace(honest.board, census=bytes(4), leaves=()).encode()
    said = {one.check: one for one in findings(NATIVE, board, honest.chain, "weights")}
    assert said["C1"].verdict is Verdict.FAILS
    for check in ("B3", "B4", "T1"):
        assert said[check].verdict is Verdict.NOT_CHECKED
        assert said[check].detail == "needs C1"


def test_mutations_get_the_same_findings() -> None:
    for number, (mutate, _) in enumerate([*test_ballots.MUTATIONS, *test_tree.MUTATIONS]):
        board, chain = mutate()
        encoded = board.encode()
        natively = findings(NATIVE, encoded, chain, "a")
        assert natively == findings(READABLE, encoded, chain, "b"), number


def test_the_reference_engine_says_the_same() -> None:
    random = Random("reference")
    reference = load("reference")
    for number in range(BY_REFERENCE):
        board, chain = corrupted(random)
        natively = findings(NATIVE, board, chain, f"weights {number}")
        assert natively == findings(reference, board, chain, f"weights {number}")


def blocks(entries: bytes) -> CensusBlocks:
    return PackedCensus(Within.all_of(unsigned(len(entries) // 56, 4) + entries)).blocks


def leaf_check(honest: Honest, **terms: object) -> NativeLeafCheck:
    poll = honest.poll
    census = blocks(b"".join(entry.encode() for entry in poll.census.entries))
    period = poll.parameters.opens_at, poll.parameters.closes_at
    given = LeafTerms(poll.domain.separator, census, period, secrets.token_bytes(32))
    check = NATIVE.leaf_check(
        poll.rule.encode(),
        poll.threshold,
        poll.context,
        generators(NATIVE, poll.rule.width),
        replace(given, **terms),  # type: ignore[arg-type]
    )
    return check


def records_of(honest: Honest, leaves: Sequence[BoardLeaf] | None = None) -> bytes:
    board = honest.board if leaves is None else replace(honest.board, leaves=tuple(leaves))
    return split_sections(board.encode())["leaves"][4:]


def said(part: LeafPart) -> tuple[object, ...]:
    """All that a part says, for comparison."""
    sums = part.sums()
    return part.encode(), part.root() if part.first == 0 else None, sums and sums.encode()


@pytest.mark.parametrize("number", range(3))
def test_parts_join_in_any_grouping(number: int) -> None:
    honest = honest_polls()[number]
    check, records = leaf_check(honest), records_of(honest)
    size, count = check.record_bytes, len(honest.board.leaves)
    assert size == record_bytes(honest.poll.factory.layout.size)

    def part(first: int, end: int) -> LeafPart:
        made = check.check(first, records[first * size : end * size])
        again = type(made).decode(made.encode())  # type: ignore[attr-defined]
        assert said(again) == said(made)
        return again  # type: ignore[no-any-return]

    whole = part(0, count)
    assert whole.root() == (honest.poll.root().hash, honest.poll.root().sum)
    for one in range(count + 1):
        for two in range(one, count + 1):
            left, middle, right = part(0, one), part(one, two), part(two, count)
            assert said(left.join(middle).join(right)) == said(whole)
            assert said(left.join(middle.join(right))) == said(whole)


def test_faults_are_found_wherever_chunks_end() -> None:
    honest = honest_polls()[0]
    leaves = list(honest.board.leaves)
    leaves[2], leaves[3] = leaves[3], leaves[2]
    check, records = leaf_check(honest), records_of(honest, leaves)
    size = check.record_bytes
    for end in range(len(leaves)):
        part = check.check(0, records[: end * size]).join(check.check(end, records[end * size :]))
        assert (part.disordered, part.unproven, part.unsigned) == (3, [], None)
    with pytest.raises(ValueError, match="not the next leaves"):
        check.check(0, records).join(check.check(0, records))


def test_without_a_census_nothing_is_weighed() -> None:
    honest = honest_polls()[0]
    part = leaf_check(honest, census=None, opens_to_closes=None).check(0, records_of(honest))
    assert (part.root(), part.sums()) == (None, None)
    assert (part.stranger, part.unsigned, part.untimely, part.unproven) == (None, None, None, [])


def test_bytes_that_are_no_part_are_refused() -> None:
    honest = honest_polls()[0]
    part = leaf_check(honest).check(0, records_of(honest))
    decode: Callable[[bytes], LeafPart] = type(part).decode  # type: ignore[attr-defined]
    good = part.encode()
    assert said(decode(good)) == said(part)
    # Two numbers, five places and no further ones come before the voters.
    place = 8 * 8
    assert good[place] == 1
    without_voters = good[:place] + b"\0" + good[place + 41 :]
    elsewhere = good[:7] + b"\1" + good[8:]
    bad_ones = (b"", good[:-1], good + b"\0", elsewhere, without_voters, b"\xff" * len(good))
    for bad in bad_ones:
        with pytest.raises(ValueError, match="not a part"):
            decode(bad)


@pytest.mark.parametrize("first", [0, 3])
def test_failing_places_of_a_part_are_its_own_and_ascend(first: int) -> None:
    honest = honest_polls()[0]
    check, records = leaf_check(honest), records_of(honest)
    part = check.check(first, records[first * check.record_bytes :])
    decode: Callable[[bytes], LeafPart] = type(part).decode  # type: ignore[attr-defined]
    good = part.encode()

    def failing_at(*places: int) -> bytes:
        numbers = [len(places), *places]
        return good[:56] + b"".join(unsigned(one, 8) for one in numbers) + good[64:]

    end = first + part.count
    assert decode(failing_at(first, end - 1)).unproven == [first, end - 1]
    for places in ((end - 1, end - 1), (end - 1, first), (end,), (first - 1 if first else end,)):
        with pytest.raises(ValueError, match="not a part"):
            decode(failing_at(*places))


def test_the_first_of_many_bad_leaves_are_named() -> None:
    """Over several blocks of leaves, and where parts join."""
    honest = honest_polls()[0]
    check, leaf = leaf_check(honest), honest.board.leaves[0]
    last = (int.from_bytes(leaf.ballot[-32:]) + 1) % R
    unproven = records_of(honest, [replace(leaf, ballot=leaf.ballot[:-32] + unsigned(last, 32))])
    malformed = records_of(honest, [replace(leaf, ballot=leaf.ballot[:-32] + b"\xff" * 32)])
    part = check.check(0, unproven * 30)
    assert part.unproven == list(range(21))
    assert check.check(0, unproven * 3).join(check.check(3, unproven * 30)).unproven == [*range(21)]
    records = [records_of(honest, [leaf])] * 300
    records[5] = records[140] = records[290] = malformed
    assert check.check(1000, b"".join(records)).malformed == 1005


def test_a_board_has_fewer_leaves_than_its_count_can_say() -> None:
    honest = honest_polls()[0]
    check, records = leaf_check(honest), records_of(honest)
    count = len(honest.board.leaves)
    assert check.check(2**32 - 1 - count, records).count == count
    with pytest.raises(ValueError, match="fewer than 2"):
        check.check(2**32 - count, records)


def test_other_arguments_are_refused() -> None:
    honest = honest_polls()[0]
    check, records = leaf_check(honest), records_of(honest)
    with pytest.raises(ValueError, match="not a multiple"):
        check.check(0, records[:-1])
    with pytest.raises(ValueError, match="fewer than 2"):
        check.check(2**32 - 1, records)
    packed = b"".join(entry.encode() for entry in honest.poll.census.entries)
    for census in (packed[56:112] + packed[:56], packed[:56] * 2):
        with pytest.raises(ValueError, match="is out of order or bounds"):
            check.engine.check(0, records, census)
    with pytest.raises(ValueError, match="length 55 is not a multiple of 56"):
        check.engine.check(0, records, packed[:55])
    with pytest.raises(ValueError, match="not a multiple"):
        check.engine.voters(records[:-1])


def of(r: int, s: int, v: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def batch_accepts(honest: Honest, leaf: BoardLeaf) -> bool:
    """Whether the pass takes the signature of one leaf, whose key the census has."""
    entry = honest.poll.census.entries[0]
    signer = key_address(leaf.public_key)
    census = blocks(entry.account + signer + (1).to_bytes(16, "big"))
    part = leaf_check(honest, census=census).check(0, records_of(honest, [leaf]))
    assert (part.malformed, part.stranger, part.unproven) == (None, None, [])
    return part.unsigned is None


def statement(honest: Honest, leaf: BoardLeaf) -> bytes:
    """What the signing key of a leaf signs."""
    poll, ballot = honest.poll, leaf.ballot
    members = ballot[:20], int.from_bytes(ballot[20:28], "big"), tagged_hash("ballot", ballot)
    return poll.domain.digest(typed_data.BALLOT, poll.context, *members, leaf.boxes_hash)


def recovery_accepts(honest: Honest, leaf: BoardLeaf) -> bool:
    """What both implementations of recovery say."""
    digest, answers = statement(honest, leaf), set[bool]()
    for engine in ("native", "reference"):
        try:
            answers.add(recover_key(digest, leaf.signature, engine) == leaf.public_key)
        except Malformed:
            answers.add(False)
    (answer,) = answers
    return answer


def test_the_batch_takes_what_recovery_takes() -> None:
    """At every edge; the key is the one that recovery gives, where it gives one."""
    honest = honest_polls()[0]
    good = honest.board.leaves[0]
    r, s = (int.from_bytes(good.signature[start : start + 32], "big") for start in (0, 32))
    v, poll, digest = good.signature[64], honest.poll, statement(honest, good)
    without_point = next(x for x in range(1, 40) if pow(x**3 + 7, (P - 1) // 2, P) != 1)
    numbers = [0, 1, 2, N // 2 - 1, N // 2, N // 2 + 1, N - 1, N, N + 2, 2**256 - 1]
    cases = {(r, s, one) for one in (0, 1, 26, 27, 28, 29, 30, 31, 255)}
    cases |= {(one, s, parity) for one in [*numbers, r, without_point] for parity in (27, 28)}
    cases |= {(r, one, parity) for one in [*numbers, N - s] for parity in (27, 28)}
    cases |= {((r + N) % 2**256, s, one) for one in (27, 28, 29, 30)}
    taken = 0
    for numbers_and_v in sorted(cases):
        signature = of(*numbers_and_v)
        keys = {good.public_key, poll.node_keys[0].public_key, bytes(64), b"\xff" * 64}
        keys.add(good.public_key[:63] + bytes([good.public_key[63] ^ 1]))
        with suppress(Malformed):
            keys.add(recover_key(digest, signature, "reference"))
        for key in keys:
            leaf = replace(good, public_key=key, signature=signature)
            accepted = recovery_accepts(honest, leaf)
            assert batch_accepts(honest, leaf) == accepted, (numbers_and_v, key.hex())
            taken += accepted
    assert taken > 10
    assert batch_accepts(honest, replace(good, signature=of(r, s, v)))


def test_errors_of_two_signatures_do_not_cancel() -> None:
    """With weights that their makers can foresee, they would: the errors are opposite."""
    honest = honest_polls()[0]
    nonces, keys, numbers = (11, 13), (5, 7), list[tuple[int, int, int]]()
    for leaf, nonce, secret in zip(honest.board.leaves, nonces, keys, strict=False):
        z = int.from_bytes(statement(honest, leaf), "big")
        point = signing_key(nonce).public_key
        r, y = (int.from_bytes(point[start : start + 32], "big") for start in (0, 32))
        numbers.append((r, 27 + y % 2, (z + r * secret) % N))
    (first, second), s = numbers, 0
    error = other_s = N
    while other_s > N // 2:
        s += 1
        error = (nonces[0] - first[2] * pow(s, -1, N)) % N
        other_s = second[2] * pow(nonces[1] + error, -1, N) % N
    assert error
    assert (error + nonces[1] - second[2] * pow(other_s, -1, N)) % N == 0
    leaves, census = list[BoardLeaf](), list[bytes]()
    for number, (leaf, one_s) in enumerate(zip(honest.board.leaves, (s, other_s), strict=False)):
        key = signing_key(keys[number])
        r, v, _ = numbers[number]
        leaves.append(replace(leaf, public_key=key.public_key, signature=of(r, one_s, v)))
        census.append(leaf.ballot[:20] + key.address + (1).to_bytes(16, "big"))
    check = leaf_check(honest, census=blocks(b"".join(census)))
    assert check.check(0, records_of(honest, leaves)).unsigned == 0
    signed = [
        replace(leaf, signature=signing_key(secret).sign(statement(honest, leaf)))
        for leaf, secret in zip(leaves, keys, strict=True)
    ]
    assert check.check(0, records_of(honest, signed)).unsigned is None
    mixed = [signed[0], leaves[1]]
    assert check.check(0, records_of(honest, mixed)).unsigned == 1


def signing_key(secret: int) -> SigningKey:
    return SigningKey(secret.to_bytes(32, "big"))


def test_a_pass_that_refuses_more_than_the_readable_check_is_a_bug() -> None:
    honest = honest_polls()[1]
    audit = Audit(
        NATIVE, Claimed(REGISTRY, 1), honest.chain, honest.board.encode(), secrets.randbits
    )

    class Lying:
        """Findings that refuse an honest leaf."""

        unsigned = 2
        stranger = malformed = disordered = untimely = None
        unproven = (3,)
        count = len(honest.board.leaves)

    audit._read["found"] = Lying()
    for number in ("B4", "B6"):
        (check,) = [one for one in CHECKS if one.number == number]
        with pytest.raises(RuntimeError, match="only the native engine refuses leaf"):
            audit.run([check])
