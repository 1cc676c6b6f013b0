"""The census's sum tree: both engines give what its definition gives, and proofs lead to its root.

Source: docs/protocol.md §6.2.
"""

import os
import threading
import time
from random import Random

import ostraka_verifier_native as native
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostraka_verifier.census_tree import (
    ENTRY_BYTES,
    SIBLING_BYTES,
    CensusRoot,
    path_node,
    prove,
    tree_root,
    verify_proof,
)
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed, Rejected

ENGINES = ("native", "reference")
MOST = 2**128 - 1

edge_weights = st.one_of(
    st.sampled_from([0, 1, 2, 2**64 - 1, 2**64, 2**127 - 1, 2**127, MOST - 1, MOST]),
    st.integers(0, MOST),
)


def packed(weights: list[int], seed: int = 0) -> bytes:
    random = Random(seed)
    return b"".join(random.randbytes(40) + weight.to_bytes(16, "big") for weight in weights)


def entry(entries: bytes, index: int) -> bytes:
    return entries[ENTRY_BYTES * index : ENTRY_BYTES * (index + 1)]


def defined(entries: bytes, first: int, height: int) -> tuple[bytes, int]:
    """Node over the leaves from `first`, by the definition's words: top down, range by range."""
    if first * ENTRY_BYTES >= len(entries):
        return bytes(32), 0
    if height == 0:
        leaf = entry(entries, first)
        return keccak256(b"ostraka/v2/census-leaf", leaf), int.from_bytes(leaf[40:], "big")
    left = defined(entries, first, height - 1)
    right = defined(entries, first + (1 << height - 1), height - 1)
    sums = [side[1].to_bytes(16, "big") for side in (left, right)]
    digest = keccak256(b"ostraka/v2/census-node", left[0], sums[0], right[0], sums[1])
    return digest, left[1] + right[1]


def height_of(count: int) -> int:
    height = 0
    while 1 << height < count:
        height += 1
    return height


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [*range(41), 255, 1023, 1024, 1025, 2047, 2049, 3000, 4097])
def test_root_is_the_defined_one(engine: str, count: int) -> None:
    random = Random(count)
    entries = packed([random.randrange(1, 2**100) for _ in range(count)], count)
    root = tree_root(entries, engine)
    assert (root.hash, root.sum) == defined(entries, 0, height_of(count))
    assert root.count == count


@given(st.lists(edge_weights, max_size=40), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_engines_agree_on_edge_weights(weights: list[int], seed: int) -> None:
    entries = packed(weights, seed)
    if sum(weights) > MOST:
        for engine in ENGINES:
            with pytest.raises(Rejected, match=r"C1: census: weights add up to 2\^128 or more"):
                tree_root(entries, engine)
        return
    roots = [tree_root(entries, engine) for engine in ENGINES]
    assert roots[0] == roots[1]
    assert roots[0].sum == sum(weights)


@pytest.mark.parametrize("engine", ENGINES)
def test_sums_reach_the_last_number_and_never_wrap(engine: str) -> None:
    # Within a part that one thread takes, between two such parts, and with what wraps to little.
    for place in (1, 1023, 1024, 2999):
        weights = [MOST] + [0] * 2999
        assert tree_root(packed(weights), engine).sum == MOST
        for more in (1, MOST):
            weights[place] = more
            with pytest.raises(Rejected, match="2\\^128 or more"):
                tree_root(packed(weights), engine)
            with pytest.raises(Rejected, match="2\\^128 or more"):
                prove(packed(weights), 5, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_order_matters(engine: str) -> None:
    entries = packed([7, 7, 7])
    swapped = entry(entries, 1) + entry(entries, 0) + entry(entries, 2)
    assert tree_root(entries, engine).hash != tree_root(swapped, engine).hash


def test_digest_binds_hash_sum_and_count() -> None:
    assert tree_root(b"") == CensusRoot(bytes(32), 0, 0)
    root = tree_root(packed([3, 4]))
    assert root.digest == keccak256(
        b"ostraka/v2/census-root", root.hash, (7).to_bytes(16, "big"), (2).to_bytes(4, "big")
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("surplus", [-55, -1, 1, 55])
def test_length_is_checked(engine: str, surplus: int) -> None:
    entries = (packed([1, 2]) + bytes(ENTRY_BYTES))[: 2 * ENTRY_BYTES + surplus]
    for call in (lambda: tree_root(entries, engine), lambda: prove(entries, 0, engine)):
        with pytest.raises(
            Malformed, match=f"census: length {len(entries)} is not a multiple of 56"
        ):
            call()


def test_a_path_leads_from_a_leaf_to_the_top_and_through_its_siblings() -> None:
    entries = packed([1, 2, 3, 4, 5])
    root = tree_root(entries)
    paths = []
    for index in range(5):
        proof = prove(entries, index)
        paths.append([path_node(index, entry(entries, index), proof, one) for one in range(4)])
        assert paths[index][3] == root.hash + root.sum.to_bytes(16, "big")
        assert paths[index][0][32:] == (index + 1).to_bytes(16, "big")
    # What is beside one path is on another.
    assert prove(entries, 2) == paths[3][0] + paths[0][1] + paths[4][2]


def test_extension_refuses_by_itself() -> None:
    with pytest.raises(ValueError, match="census: length 55 is not a multiple of 56"):
        native.census_tree_root(bytes(55))
    with pytest.raises(OverflowError, match="2\\^128 or more"):
        native.census_tree_root(packed([MOST, 1]))
    for wrong in (bytearray(56), "x" * 56, None):
        with pytest.raises(TypeError):
            native.census_tree_root(wrong)  # type: ignore[arg-type]


def test_engine_is_chosen_as_for_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    work = native.census_tree_root
    monkeypatch.setattr(native, "census_tree_root", lambda data: (calls.append(1), work(data))[1])
    monkeypatch.delenv("OSTRAKA_CURVE", raising=False)
    tree_root(packed([1]))
    assert calls == [1]
    tree_root(packed([1]), "reference")
    prove(packed([1, 2]), 0, "reference")
    monkeypatch.setenv("OSTRAKA_CURVE", "reference")
    tree_root(packed([1]))
    assert calls == [1]
    with pytest.raises(ValueError, match="no curve engine 'other'"):
        tree_root(packed([1]), "other")


def test_interpreter_is_free_meanwhile() -> None:
    """A thread that only counts continues while a large root is computed."""
    entries = bytes(ENTRY_BYTES) * 400_000
    done, steps = threading.Event(), 0

    def compute() -> None:
        tree_root(entries, "native")
        done.set()

    # With the lock held, this thread would be asleep until the root is there.
    worker = threading.Thread(target=compute)
    worker.start()
    while not done.is_set():
        time.sleep(0.001)
        steps += 1
    worker.join()
    assert steps > 5


def test_root_after_a_fork() -> None:
    """A process that forked after a first root computes its own."""
    entries = packed([1] * 3000)
    expected = tree_root(entries, "native")
    child = os.fork()
    if child == 0:
        os._exit(0 if tree_root(entries, "native") == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 17, 33])
def test_every_entry_is_proved(engine: str, count: int) -> None:
    entries = packed([number + 1 for number in range(count)], count)
    root = tree_root(entries, engine)
    for index in range(count):
        proof = prove(entries, index, engine)
        assert len(proof) == SIBLING_BYTES * height_of(count)
        verify_proof(root.digest, root, index, entry(entries, index), proof)
    for outside in (-1, count):
        with pytest.raises(IndexError, match=f"no entry {outside} among {count}"):
            prove(entries, outside, engine)


@pytest.mark.parametrize("count", [1025, 3000])
def test_proofs_of_a_larger_census(count: int) -> None:
    entries = packed([number + 1 for number in range(count)])
    root = tree_root(entries)
    for index in (0, 1, 1023, 1024, count - 1):
        proof = prove(entries, index, "native")
        assert proof == prove(entries, index, "reference")
        verify_proof(root.digest, root, index, entry(entries, index), proof)


def test_any_changed_bit_of_a_proof_is_refused() -> None:
    entries = packed([5, 6, 7, 8, 9])
    root, index = tree_root(entries), 4
    proof = prove(entries, index)
    mine = entry(entries, index)
    for place in range(len(proof)):
        changed = bytes([*proof[:place], proof[place] ^ 1, *proof[place + 1 :]])
        with pytest.raises(Rejected):
            verify_proof(root.digest, root, index, mine, changed)
    for place in range(ENTRY_BYTES):
        other = bytes([*mine[:place], mine[place] ^ 1, *mine[place + 1 :]])
        with pytest.raises(Rejected, match="do not lead to the root"):
            verify_proof(root.digest, root, index, other, proof)


def test_fields_of_a_proof_are_checked() -> None:
    entries = packed([5, 6, 7])
    root, proof, mine = tree_root(entries), prove(entries, 1), entry(entries, 1)

    def refused(kind: type[Exception], reason: str, **changed: object) -> None:
        fields = {
            "census_root": root.digest,
            "root": root,
            "index": 1,
            "entry": mine,
            "proof": proof,
        }
        with pytest.raises(kind, match=reason):
            verify_proof(**{**fields, **changed})  # type: ignore[arg-type]

    refused(Malformed, "census_root: 31 bytes, not 32", census_root=root.digest[1:])
    refused(Malformed, "root.hash: 33 bytes", root=CensusRoot(root.hash + b"\0", 18, 3))
    refused(Malformed, "entry: 55 bytes", entry=mine[1:])
    refused(Malformed, "siblings: 95 bytes, not 96", proof=proof[1:])
    for total in (-1, 2**128):
        refused(Rejected, "total weight outside", root=CensusRoot(root.hash, total, 3))
    for count in (-1, 2**32):
        refused(Rejected, "number of voters outside", root=CensusRoot(root.hash, 18, count))
    refused(Rejected, "opens another census root", census_root=bytes(32))
    refused(Rejected, "opens another census root", root=CensusRoot(root.hash, 17, 3))
    for index in (-1, 3, 4, 2**64):
        refused(Rejected, "the census has 3 entries", index=index)
    for index in (0, 2):
        refused(Rejected, "do not lead to the root", index=index)


def test_a_voter_without_weight_is_refused_even_where_nobody_has_any() -> None:
    entries = packed([0, 0])
    root = tree_root(entries)
    with pytest.raises(Rejected, match="weight is 0"):
        verify_proof(root.digest, root, 1, entry(entries, 1), prove(entries, 1))
