"""Voting from one's own machine: one ballot, on the disk before it leaves, and checked receipts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.sealing import PollKey
from ostraka.voter import casting
from ostraka.voter.casting import prepare, sign
from ostraka.voter.poll import compare
from ostraka.voter.saved_votes import SavedVotes
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.description import Description
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import Member
from ostraka_verifier.question import CrossTabulation, approval
from tests.support.polls import (
    CLOSES_AT,
    OPENS_AT,
    selection_bits,
)
from tests.support.stub_gateway import Answer, StubGateway, answer, refusal
from tests.support.stub_town import BALLOTS, RULE, Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with StubGateway() as stub:
        yield Town(stub, tmp_path)


def test_a_vote_is_saved_with_its_receipts(town: Town) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    result = town.vote(choose="1, 3")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["recorded"], said["cast_at"], len(said["receipts"])) == (True, OPENS_AT + 5, 4)
    assert said["checked"] == "nothing"
    # What left this machine: the poll was read, and the sealed ballot sent.
    assert [name for name, _, _ in town.stub.requests] == [
        "GET /polls/1",
        "GET /config",
        "GET /config",
        f"GET /polls/1/voters/{town.key.address_hex}",
        BALLOTS,
    ]
    (sent,) = town.stub.bodies(BALLOTS)
    assert sorted(sent) == ["ballot", "boxes", "signature"]
    # The shares in the boxes are of what was chosen.
    assert town.slots_sent(3) == [1, 0, 1]
    assert town.file.stat().st_mode & 0o777 == 0o600
    shown = json.loads(town.run("vote", "receipts", str(town.file), "--json").stdout)
    assert [one["recorded"] for one in shown] == [True]
    # Voting again makes a later ballot.
    again = json.loads(town.vote().stdout)
    assert again["cast_at"] == OPENS_AT + 6
    shown = json.loads(town.run("vote", "receipts", str(town.file), "--json").stdout)
    assert [one["ballot_digest"] for one in shown] == [
        said["ballot_digest"],
        again["ballot_digest"],
    ]


def test_a_vote_in_a_crowd_is_sent_again_after_a_pause(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(casting.time, "sleep", pauses.append)

    def crowded(body: bytes) -> Answer:
        if len(pauses) < 2:
            return refusal(ProblemType.QUEUE_FULL, "too many ballots", retry_after_s=2)
        return town.receipts(body)

    town.stub.routes[BALLOTS] = crowded
    result = town.vote()
    assert result.exit_code == 0, result.output
    assert pauses == [2, 2]
    first, *others = town.stub.bodies(BALLOTS)
    assert others == [first, first]


def test_an_unsent_ballot_is_sent_again_unchanged(town: Town) -> None:
    on_disk = []

    def crash(body: bytes) -> Answer:
        # What a crash at this moment would leave behind.
        on_disk.append((json.loads(town.file.read_bytes())["ballots"], json.loads(body)))
        return refusal(ProblemType.NODES_UNREACHABLE, "none", retry_after_s=5)

    town.stub.routes[BALLOTS] = crash
    assert town.vote().exit_code == 3
    ((kept,), sent), *rest = on_disk
    assert not rest
    assert {name: kept[name] for name in sent} == sent
    assert kept["receipts"] == []

    refused = town.vote(choose="1")
    assert refused.exit_code == 1
    assert f"ostraka vote send {town.file}" in json.loads(refused.stderr)["error"]["detail"]
    assert len(town.stub.bodies(BALLOTS)) == 1

    town.stub.routes[BALLOTS] = lambda body: town.receipts(body, range(1, 3))
    few = town.run("vote", "send", str(town.file), "--json")
    assert (few.exit_code, json.loads(few.stdout)["recorded"]) == (3, False)
    assert len(json.loads(few.stdout)["refusals"]) == 2
    town.stub.routes[BALLOTS] = lambda body: town.receipts(body, range(3, 5))
    assert town.run("vote", "send", str(town.file)).exit_code == 0
    bodies = town.stub.bodies(BALLOTS)
    assert bodies == [bodies[0]] * 3
    # Receipts of all attempts are kept.
    (ballot,) = SavedVotes.read(town.file).ballots
    assert set(ballot.receipts) == {1, 2, 3, 4}


def test_again_replaces_an_unfinished_ballot(town: Town) -> None:
    assert town.vote().exit_code == 1
    town.stub.routes[BALLOTS] = town.receipts
    assert town.vote("--again").exit_code == 0
    first, second = SavedVotes.read(town.file).ballots
    assert second.cast_at == first.cast_at + 1
    assert town.vote().exit_code == 0


def test_two_programs_at_once_lose_no_ballot(town: Town) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    here = SavedVotes.open(town.file, town.poll, town.key.address)
    bits = selection_bits(RULE, [1])
    sealed, _ = prepare(here, bits, OPENS_AT + 5), prepare(here, bits, OPENS_AT + 5)
    # While this program asks whether to cast, another one casts.
    elsewhere = json.loads(town.vote().stdout)
    with pytest.raises(Problem, match=r"Ballot superseded: .*cast since this one was sealed"):
        sign(here, town.key, sealed)
    sign(here, town.key, prepare(here, bits, OPENS_AT + 5))
    later = json.loads(town.vote("--again").stdout)
    # And nobody who writes receipts down forgets what was cast since.
    here.write()
    kept = [to_hex(one.digest) for one in SavedVotes.read(town.file).ballots]
    assert (kept[0], kept[2], len(kept)) == (elsewhere["ballot_digest"], later["ballot_digest"], 3)


def test_false_receipts_are_not_counted(town: Town) -> None:
    def of_one_node(body: bytes) -> Answer:
        given = json.loads(town.receipts(body)[2])
        for receipt in given["receipts"]:
            receipt["signature"] = given["receipts"][0]["signature"]
        given["receipts"].append({"node": 5, "signature": given["receipts"][0]["signature"]})
        return answer(200, given)

    town.stub.routes[BALLOTS] = of_one_node
    result = town.vote()
    said = json.loads(result.stdout)
    assert (result.exit_code, said["recorded"], len(said["receipts"])) == (3, False, 1)
    assert {one["node"] for one in said["refusals"]} == {2, 3, 4, 5}
    # Nor do they when they come later.
    path = f"GET /polls/1/receipts/{said['ballot_digest']}"
    town.stub.routes[path] = lambda _: of_one_node(
        json.dumps(town.stub.bodies(BALLOTS)[0]).encode()
    )
    fetched = town.run("vote", "receipts", str(town.file), "--fetch", "--json")
    assert len(json.loads(fetched.stdout)[0]["receipts"]) == 1
    town.stub.routes[path] = lambda _: town.receipts(
        json.dumps(town.stub.bodies(BALLOTS)[0]).encode()
    )
    fetched = town.run("vote", "receipts", str(town.file), "--fetch", "--json")
    assert json.loads(fetched.stdout)[0]["recorded"]
    # Nor in the file.
    content = json.loads(town.file.read_bytes())
    receipts = content["ballots"][0]["receipts"]
    receipts[0]["signature"] = receipts[1]["signature"]
    town.file.write_text(json.dumps(content))
    result = town.run("vote", "receipts", str(town.file))
    assert (result.exit_code, "not of this node" in result.stderr) == (2, True)


def test_no_receipt_is_promised_of_a_node_that_lost_its_database(town: Town) -> None:
    def without_node_4(body: bytes) -> Answer:
        given = json.loads(town.receipts(body, range(1, 4))[2])
        lost = Problem(ProblemType.POLL_NOT_SERVED, "this node lost its database")
        given["refusals"] = [{"node": 4, "problem": lost.to_json()}]
        return answer(200, given)

    command = ("vote", "1", "--key", str(town.folder / "key"), "--file", str(town.file))
    command += ("--choose", "2", "--trust-gateway")
    town.stub.routes[BALLOTS] = without_node_4
    result = town.run(*command)
    assert (result.exit_code, "this node lost its database" in result.output) == (0, True)
    assert "later" not in result.output
    town.stub.routes[BALLOTS] = lambda body: town.receipts(body, range(1, 4))
    result = town.run(*command)
    assert "without a receipt from node 4. To ask for it later" in result.output


def test_refusals_of_nodes_are_shown(town: Town) -> None:
    town.stub.routes[BALLOTS] = refusal(
        ProblemType.CHECK_FAILED, "not in the census", "ballot.voter"
    )
    result = town.run(
        "vote",
        "1",
        "--key",
        str(town.folder / "key"),
        "--choose",
        "1",
        "--trust-gateway",
        "--file",
        str(town.file),
    )
    assert result.exit_code == 1
    assert "ostraka: Check failed: ballot.voter: not in the census" in result.stderr


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        ("", "options chosen: 0, allowed are 1 to 2"),
        ("1,2,3", "options chosen: 3, allowed are 1 to 2"),
        ("4", "option 4 does not exist, there are 3"),
        ("0", "option 0 does not exist, there are 3"),
        ("first", "expected numbers of options"),
        ("-1", "option -1 does not exist, there are 3"),
        ("1;2", "2 answers, expected 1"),
        ("01", "expected numbers of options"),
    ],
)
def test_invalid_choices_are_refused(town: Town, choose: str, reason: str) -> None:
    result = town.vote(choose=choose)
    assert (result.exit_code, reason in result.stderr) == (2, True), result.output
    assert not town.file.exists()


def test_the_choice_is_asked_for(town: Town) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    command = ("vote", "1", "--key", str(town.folder / "key"), "--file", str(town.file))
    result = town.run(*command, "--trust-gateway", entered="1 2\n")
    assert result.exit_code == 0, result.output
    assert "2 option 1" in result.stderr
    assert "a lying gateway could read this vote" in result.stderr
    assert "4; 3 needed" in result.stdout


def test_a_row_and_a_column_are_typed_by_the_numbers_beside_them(town: Town) -> None:
    town.ask(CrossTabulation("Where?", ("north", "south"), ("east", "middle", "west")), [1, 1])
    town.stub.routes[BALLOTS] = town.receipts
    command = ("vote", "1", "--key", str(town.folder / "key"), "--file", str(town.file))
    result = town.run(*command, "--trust-gateway", entered="1,3\n")
    assert result.exit_code == 0, result.output
    shown = result.stderr.splitlines()
    first = shown.index("row 1: north")
    assert shown[first : first + 5] == [
        "row 1: north",
        "row 2: south",
        "column 1: east",
        "column 2: middle",
        "column 3: west",
    ]
    assert town.slots_sent(6) == [0, 0, 1, 0, 0, 0]


def test_options_are_shown_without_control_characters(town: Town) -> None:
    """Titles are anybody's: one could write itself over another, or turn the line around."""
    names = ["\x9b1Aoption 2", "\u202eeno", "\x1b[8mhidden"]
    town.publish(title="\x1b]0;title\x07", options=names)
    town.stub.routes[BALLOTS] = town.receipts
    command = ("vote", "1", "--key", str(town.folder / "key"), "--file", str(town.file))
    result = town.run(*command, "--trust-gateway", entered="1 2\n")
    assert result.exit_code == 0, result.output
    assert not {"\x9b", "\u202e", "\x1b", "\x07"} & set(result.output)
    assert "1  1Aoption 2" in result.stderr


def test_missing_checks_are_stated(town: Town) -> None:
    result = town.vote(trust=False)
    assert result.exit_code == 2
    assert "--trust-gateway" in result.stderr
    assert not town.stub.requests


@pytest.mark.parametrize(
    ("now", "changes", "kind", "detail"),
    [
        (OPENS_AT - 1, {}, ProblemType.POLL_NOT_OPEN, "voting opens at 2027-01-15 08:00:00 UTC"),
        (CLOSES_AT, {}, ProblemType.POLL_CLOSED, "voting closed at"),
        (OPENS_AT, {"status": "created"}, ProblemType.POLL_NOT_OPEN, "poll 1 is created"),
        (CLOSES_AT, {"status": "closed"}, ProblemType.POLL_CLOSED, "poll 1 is closed"),
        (CLOSES_AT, {"status": "tallied"}, ProblemType.POLL_CLOSED, "poll 1 is tallied"),
        (CLOSES_AT, {"status": "void"}, ProblemType.POLL_VOID, "poll 1 is void"),
    ],
)
def test_polls_that_are_not_open_are_refused(
    town: Town, now: int, changes: dict[str, Any], kind: ProblemType, detail: str
) -> None:
    town.show(now, **changes)
    result = town.vote()
    assert result.exit_code == 1
    error = json.loads(result.stderr)["error"]
    assert (error["type"], error["title"]) == (kind.uri, kind.title)
    assert error["detail"].startswith(detail)
    assert not town.file.exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"poll_keys": []}, "not one for each node"),
        ({"rule": "0x00"}, "rule"),
        ({"committee": None}, "not described as a poll"),
        ({"parameters": "0x00"}, "parameters"),
        ({"parameters": 5}, "parameters"),
    ],
)
def test_polls_that_a_gateway_describes_wrongly_are_refused(
    town: Town, changes: dict[str, Any], reason: str
) -> None:
    town.show(OPENS_AT, **changes)
    result = town.vote()
    assert (result.exit_code, reason in result.stderr) == (1, True), result.output
    assert not town.file.exists()


def test_a_gateways_poll_that_differs_from_the_chain_is_refused(town: Town) -> None:
    poll = town.poll
    compare(poll, replace(poll))
    committee = poll.committee
    members = (Member(committee.members[0].address, "http://elsewhere"), *committee.members[1:])
    spy = PollKey().public_key
    for changed, name in (
        (replace(poll, context=bytes(32)), "poll_context"),
        (replace(poll, poll_keys=(spy, *poll.poll_keys[1:])), "poll_keys"),
        (replace(poll, committee=replace(committee, members=members)), "committee"),
        (replace(poll, rule=approval(3, 0, 2)), "rule"),
        (
            replace(poll, parameters=replace(poll.parameters, closes_at=CLOSES_AT + 1)),
            "parameters",
        ),
        (
            replace(poll, description=Description.decode(poll.description.encoded + b" ")),
            "description",
        ),
        (replace(poll, identity=replace(poll.identity, registry=bytes(20))), "registry"),
    ):
        with pytest.raises(Rejected) as raised:
            compare(changed, poll)
        assert raised.value.item == name


def test_a_gateways_earlier_answer_is_checked_again(town: Town) -> None:
    """A vote on trust, then one checked on chain: the new ballot is sealed to the true keys."""
    spied = replace(town.poll, poll_keys=(PollKey().public_key, *town.poll.poll_keys[1:]))
    town.show(OPENS_AT + 5, poll_keys=spied.to_json()["poll_keys"])
    town.stub.routes[BALLOTS] = town.receipts
    assert json.loads(town.vote().stdout)["recorded"]
    assert SavedVotes.read(town.file).poll == spied
    votes = SavedVotes.open(town.file, town.poll, town.key.address)
    assert votes.poll == town.poll
    assert set(votes.ballots[0].receipts) == {1, 2, 3, 4}


def test_a_gateway_cannot_swap_nodes_under_the_polls_own_digests(town: Town) -> None:
    committee = town.poll.committee
    swapped = (committee.members[1], committee.members[0], *committee.members[2:])
    lied = replace(town.poll, committee=replace(committee, members=swapped))
    town.show(OPENS_AT + 5, committee=lied.to_json()["committee"])
    result = town.vote()
    assert (result.exit_code, "P1: committee" in result.stderr) == (1, True)


def test_invalid_files_of_votes_are_refused(town: Town) -> None:
    town.stub.routes[BALLOTS] = town.receipts
    assert town.vote().exit_code == 0
    good = json.loads(town.file.read_bytes())
    with pytest.raises(Malformed, match="another voter or poll"):
        SavedVotes.open(town.file, town.poll, bytes(20))
    with pytest.raises(Malformed, match="another voter or poll"):
        SavedVotes.open(town.file, replace(town.poll, context=bytes(32)), town.key.address)
    for change in (
        {"format": "ostraka/votes/v1"},
        {"voter": "0x1"},
        {"poll": {}},
        {"ballots": [{}]},
        {"ballots": [good["ballots"][0] | {"ballot": "0x00"}]},
    ):
        town.file.write_text(json.dumps(good | change))
        result = town.run("vote", "send", str(town.file))
        assert (result.exit_code, "not a file of votes" in result.stderr) == (2, True), change
    town.file.write_text(json.dumps(good)[:-5])
    assert town.run("vote", "receipts", str(town.file)).exit_code == 2
    assert town.run("vote", "receipts", str(town.folder / "none")).exit_code == 2
    assert len(town.stub.bodies(BALLOTS)) == 1
