"""Honest nodes on bad days: damaged disks, absences, a chain that thinks again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ostraka.chain.contract import checksum
from ostraka.chain.published import read_published
from ostraka.gateway.courier import CourierError
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import keccak256, tagged_hash, word
from ostraka_verifier.errors import AuditError
from ostraka_verifier.sharing import Share
from tests.support.town import OUTCOME, RULE, Poll, Town, eventually, vote_for

VOTES = [vote_for(0), vote_for(0, 1), vote_for(1, 2, 3), vote_for(2), vote_for(0, 3)]
EXPECTED = (3, 2, 2, 2)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        yield town


def revive(town: Town, node: int) -> None:
    town.stack.start_node(node)
    town.stack.wait_for_node(node)


def test_a_node_that_missed_settling_still_helps_to_open(
    town: Town,
) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES[:-1])
    shared = poll.factory.share(poll.keys[4].address, VOTES[4], poll.now())
    shares = (*shared.shares[:3], Share((5,) * 4, 5))
    starved = poll.factory.sign(poll.factory.seal(replace(shared, shares=shares)), poll.keys[4])
    answers = [poll.post(node, starved.record.to_json()) for node in (1, 2, 3, 4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422]
    town.stack.kill_node(4)
    poll.close()
    poll.anchor()
    revive(town, 4)
    town.stack.kill_node(1)
    try:
        poll.end_window()
        tally = town.courier.tally(poll.published, town.curve, 60)[0]
        assert tally.values == EXPECTED
    finally:
        revive(town, 1)


def test_flipped_bytes_are_repaired_from_peers(town: Town) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES)
    poll.close()
    for node in (1, 2, 3, 4):
        eventually(
            lambda node=node: bool(poll.get(node).json()["frozen"]),  # type: ignore[misc]
            f"node {node} is frozen",
        )
    promised = poll.get(2, "/inventory").content
    town.stack.kill_node(2)
    database = sqlite3.connect(town.stack.folder / "node-2" / "node.db")
    rows = database.execute(
        "SELECT id, signed, boxes, share_box, voter FROM stored_ballot "
        "WHERE poll_id = ? ORDER BY id",
        (poll.poll_id,),
    ).fetchall()
    assert len(rows) == len(VOTES)
    for (row, signed, boxes, share_box, voter), column in zip(
        rows, ("signed", "boxes", "share_box", "voter", "receipt"), strict=False
    ):
        value = {
            "signed": signed,
            "boxes": boxes,
            "share_box": share_box,
            "voter": voter,
            "receipt": bytes(65),
        }
        changed = bytes([value[column][0] ^ 1]) + value[column][1:]
        database.execute(f"UPDATE stored_ballot SET {column} = ? WHERE id = ?", (changed, row))
    database.commit()
    database.close()
    revive(town, 2)
    assert poll.get(2, "/inventory").content == promised
    town.stack.kill_node(3)
    try:
        assert poll.tally() == EXPECTED
        eventually(lambda: poll.get(2, "/board").status_code == 200, "node 2 serves the board")
    finally:
        revive(town, 3)


def test_a_poll_that_replaces_a_removed_one_is_served(town: Town) -> None:
    chain = town.stack.registry.web3.provider
    snapshot = chain.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    first, _, census = town.create_poll(6)
    for node in (1, 2, 3, 4):
        assert town.give_census(node, first, census.encode()).status_code == 200
    assert chain.make_request("evm_revert", [snapshot])["result"]  # type: ignore[arg-type]

    second, keys, census = town.create_poll(8)
    assert second.poll_id == first.poll_id
    assert second.context != first.context
    # A node that was away meanwhile finds the other poll in its books.
    town.stack.kill_node(4)
    revive(town, 4)

    def opens() -> bool:
        try:
            return town.opens(second, census)
        except CourierError:
            # Until a node has seen the other poll, it still speaks of the first one.
            return False

    eventually(opens, "all nodes sign the poll's keys")
    poll = Poll(town, second, keys, census)
    for node in (1, 2, 3, 4):
        eventually(
            lambda node=node: poll.get(node).json()["status"] == "open",  # type: ignore[misc]
            f"node {node} sees the poll as open",
        )
    poll.vote(VOTES)
    assert poll.tally() == EXPECTED


def test_invalid_utf8_does_not_stop_a_node(town: Town) -> None:
    """Of a stranger's committee."""
    registry = town.stack.registry
    keys = [SigningKey() for _ in range(4)]
    url = b"http://\xff\xfe"
    members = [part for key in keys for part in (word(key.address), keccak256(url))]
    digest = tagged_hash("committee", word(4), word(2), word(1), word(3), *members)
    statement = registry.domain.digest(typed_data.COMMITTEE, digest)
    signatures = [key.sign(statement) for key in keys]
    data = registry.contract.encode_abi(
        "registerCommittee",
        [
            [checksum(key.address) for key in keys],
            ["U" * len(url)] * 4,
            2,
            1,
            signatures,
        ],
    ).replace("55" * len(url), url.hex())
    web3 = registry.web3
    sender = web3.eth.accounts[1]
    sent = web3.eth.send_transaction(
        {"from": sender, "to": registry.contract.address, "data": data}
    )  # type: ignore[typeddict-item]
    receipt = web3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1
    assert bytes(receipt["logs"][0]["topics"][1]) == digest
    poll_id = registry.poll_count() + 1
    other = town.open_poll(6)
    parameters = replace(other.published.parameters, committee=digest)
    description = b'{"title": "Town", "options": ["a", "b", "c", "d"]}'
    parameters = replace(parameters, description=keccak256(description))
    registry.create_poll(
        town.stack.organizer,
        parameters,
        other.census.tree,
        RULE.encode(),
        OUTCOME.encode(),
        description,
    )
    with pytest.raises(AuditError, match="committee"):
        read_published(registry, poll_id + 1)
    poll = town.open_poll(8)
    poll.vote(VOTES)
