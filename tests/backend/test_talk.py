"""Comments and endorsements: who may, when, what is refused, and what moderators can do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ostraka.chain.treasury import MemberKey, RoundStatus
from ostraka.gateway import talk, talk_store
from ostraka.gateway_client.talking import is_signed_comment, is_signed_endorsement
from ostraka.keys import SigningKey
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex
from ostraka.wire.talk import MAX_SKEW_S, MAX_TEXT_BYTES, text_problem
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.talk_town import (
    DELEGATE,
    DELEGATING,
    MEMBERS,
    PROPOSAL,
    ROUND,
    TOKEN,
    TalkTown,
    reported,
)

ANNA, BEN, CARLA = MEMBERS


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


@contextmanager
def town_on(url: str, poll: SyntheticPoll) -> Iterator[TalkTown]:
    engine = open_database(url, Schema.GATEWAY)
    yield TalkTown(poll, engine)
    engine.dispose()


@pytest.fixture
def town(poll: SyntheticPoll, tmp_path: Path) -> Iterator[TalkTown]:
    with town_on(f"sqlite:///{tmp_path / 'gateway.db'}", poll) as town:
        yield town


@pytest.fixture
def each_town(poll: SyntheticPoll, url: str) -> Iterator[TalkTown]:
    """A town on SQLite, and another one on PostgreSQL."""
    with town_on(url, poll) as town:
        yield town


def test_members_comment_and_anybody_checks_the_signatures(town: TalkTown) -> None:
    first = town.comment(ANNA, "Ławka?\nYes.").json()
    assert first["author"] == first["signing_key"] == ANNA.address_hex
    assert town.comment(DELEGATE, "For my association.", account=DELEGATING).status_code == 201
    shown = town.comments()
    assert (shown["open"], shown["total"], shown["next"]) == (True, 2, None)
    assert (shown["round"], shown["closes_at"]) == (str(ROUND), 2_000_000_000)
    assert [one["text"] for one in shown["comments"]] == ["Ławka?\nYes.", "For my association."]
    assert shown["comments"][1]["author"] == to_hex(DELEGATING)
    assert shown["comments"][1]["signing_key"] == DELEGATE.address_hex
    domain = town.treasury.domain
    for one in shown["comments"]:
        assert is_signed_comment(one, PROPOSAL, domain)
        assert not is_signed_comment(one | {"text": "No."}, PROPOSAL, domain)
        assert not is_signed_comment(one | {"author": BEN.address_hex}, PROPOSAL, domain)
        assert not is_signed_comment(one, bytes(32), domain)


def test_strangers_and_other_keys_are_refused(town: TalkTown) -> None:
    stranger = SigningKey()
    assert reported(town.comment(stranger, "Hi")) == (ProblemType.NOT_A_MEMBER, "author")
    refused = town.comment(stranger, "Hi", account=ANNA.address)
    assert reported(refused) == (ProblemType.CHECK_FAILED, "signature")
    # The account has a signing key, and that one counts.
    body = town.signed_comment(ANNA, "Hi") | {"text": "Ho"}
    assert reported(town.send_comment(body)) == (ProblemType.CHECK_FAILED, "signature")
    assert reported(town.endorse(stranger)) == (ProblemType.NOT_A_MEMBER, "member")
    assert town.comments()["total"] == 0


def test_the_key_of_an_invitation_speaks_for_its_member(town: TalkTown) -> None:
    plans, key = town.context.plans, SigningKey()
    plan = plans.of_round(ROUND)
    assert plan is not None
    invited = {"kind": "invitations", "invitations": [{"address": ANNA.address_hex}]}
    plan.specification = plan.specification | {"members": invited}
    plans.save(plan)
    bound = MemberKey(code=bytes(20), signing_key=key.address)
    town.treasury.member_key = lambda *_: bound  # type: ignore[attr-defined]
    said = town.comment(key, "Hi", account=ANNA.address)
    assert said.status_code == 201, said.text
    assert (said.json()["author"], said.json()["signing_key"]) == (
        ANNA.address_hex,
        key.address_hex,
    )
    # The code itself, which came by letter, speaks no more.
    assert reported(town.comment(ANNA, "Ho")) == (ProblemType.CHECK_FAILED, "signature")
    assert reported(town.endorse(ANNA)) == (ProblemType.CHECK_FAILED, "signature")


def test_a_statement_counts_once(each_town: TalkTown) -> None:
    town = each_town
    body = town.signed_comment(ANNA, "Hi")
    assert town.send_comment(body).status_code == 201
    assert reported(town.send_comment(body)) == (ProblemType.NONCE_USED, "signature")
    assert town.endorse(ANNA).status_code == 200
    assert town.endorse(ANNA, endorses=False, skew_s=1).status_code == 200
    # Whoever saw the first statement cannot use it again.
    assert reported(town.endorse(ANNA)) == (ProblemType.NONCE_USED, "stated_at")
    assert town.get(f"/proposals/{to_hex(PROPOSAL)}/endorsements")["total"] == 0


@pytest.mark.parametrize("skew_s", [-MAX_SKEW_S - 1, MAX_SKEW_S + 1])
def test_old_statements_and_those_of_the_future_are_refused(town: TalkTown, skew_s: int) -> None:
    assert reported(town.comment(ANNA, "Hi", skew_s=skew_s)) == (
        ProblemType.CHECK_FAILED,
        "written_at",
    )
    assert reported(town.endorse(ANNA, skew_s=skew_s)) == (ProblemType.CHECK_FAILED, "stated_at")


@pytest.mark.parametrize(
    "status", [RoundStatus.ANNOUNCED, RoundStatus.READY, RoundStatus.VOTING, RoundStatus.DECIDED]
)
def test_talk_is_open_only_while_proposals_are(town: TalkTown, status: RoundStatus) -> None:
    assert town.comment(ANNA, "In time.").status_code == 201
    town.treasury.state.status = status
    assert reported(town.comment(ANNA, "Late.")) == (ProblemType.TALK_CLOSED, "proposal")
    assert reported(town.endorse(ANNA)) == (ProblemType.TALK_CLOSED, "proposal")
    shown = town.comments()
    assert (shown["open"], shown["total"]) == (False, 1)


def test_withdrawn_proposals_get_no_comments(town: TalkTown) -> None:
    town.treasury.withdrawn = True
    assert reported(town.comment(ANNA, "Why?")) == (ProblemType.TALK_CLOSED, "proposal")
    assert town.comments()["open"] is False


def test_comments_of_a_member_are_limited(town: TalkTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk_store, "COMMENTS_PER_MEMBER", 2)
    for number in range(2):
        assert town.comment(ANNA, f"Number {number}").status_code == 201
    assert reported(town.comment(ANNA, "Number 2")) == (ProblemType.TOO_MANY_COMMENTS, "author")
    assert town.comment(BEN, "Mine").status_code == 201


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "blank"),
        (" \n ", "blank"),
        ("ł" * (MAX_TEXT_BYTES // 2) + "a", "2001 bytes, at most 2000"),
        ("a\u202eb", "U+202E is a control character"),
        ("a\0", "U+0000 is a control character"),
        ("a\ud800", "U+D800 is a control character"),
        ("ł" * (MAX_TEXT_BYTES // 2), None),
        ("🏳️\u200d🌈\nline", None),
    ],
)
def test_texts_of_comments(text: str, problem: str | None) -> None:
    assert text_problem(text) == problem


def test_texts_that_cannot_be_shown_are_refused(town: TalkTown) -> None:
    assert reported(town.comment(ANNA, "a\u202eb")) == (ProblemType.INVALID_REQUEST, "text")


def test_comments_come_in_parts(each_town: TalkTown, monkeypatch: pytest.MonkeyPatch) -> None:
    town = each_town
    monkeypatch.setattr(talk, "PART", 2)
    for number in range(3):
        town.comment(ANNA, f"Number {number}")
        town.endorse(MEMBERS[number])
    first = town.comments()
    assert (first["total"], len(first["comments"])) == (3, 2)
    path = f"/proposals/{to_hex(PROPOSAL)}"
    rest = town.get(f"{path}/comments?after={first['next']}")
    assert ([one["text"] for one in rest["comments"]], rest["next"]) == (["Number 2"], None)
    endorsed = town.get(f"{path}/endorsements")
    others = town.get(f"{path}/endorsements?after={endorsed['next']}")
    everybody = [*endorsed["endorsements"], *others["endorsements"]]
    assert [one["member"] for one in everybody] == sorted(key.address_hex for key in MEMBERS)
    own = town.get(f"{path}/endorsements?member={BEN.address_hex}")["endorsements"]
    assert [one["member"] for one in own] == [BEN.address_hex]
    domain = town.treasury.domain
    assert all(is_signed_endorsement(one, PROPOSAL, domain) for one in everybody)
    assert not is_signed_endorsement(everybody[0] | {"endorses": False}, PROPOSAL, domain)
    counted = town.get(f"/rounds/{ROUND}/talk")
    assert counted == [{"proposal": to_hex(PROPOSAL), "comments": 3, "endorsements": 3}]


def test_hidden_comments_stay_as_entries_with_a_public_reason(town: TalkTown) -> None:
    text = "An address and a name."
    comment = town.comment(ANNA, text).json()["comment"]
    assert reported(town.moderate(comment, True, token="x"))[0] is ProblemType.NOT_ORGANIZER
    assert town.moderate(comment, True, "Personal data.").status_code == 201
    (shown,) = town.comments()["comments"]
    assert shown["text"] is None
    assert text not in str(shown)
    assert shown["hidden"]["reason"] == "Personal data."
    assert shown["hidden"]["moderator"] == "First administrator"
    assert shown["hidden"]["decided_at"] == town.now
    assert is_signed_comment(shown, PROPOSAL, town.treasury.domain)
    # Closed rounds can be moderated, too.
    town.treasury.state.status = RoundStatus.VOTING
    again = town.moderate(comment, True)
    assert reported(again) == (ProblemType.INVALID_REQUEST, "hidden")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    (seen,) = town.get(f"/rounds/{ROUND}/comments", **bearer)["comments"]
    assert seen["text"] == text
    assert seen["hidden"] is not None
    assert town.moderate(comment, False, "The author agrees.").status_code == 201
    (shown,) = town.comments()["comments"]
    assert (shown["text"], shown["hidden"]) == (text, None)
    log = town.get(f"/rounds/{ROUND}/moderation")
    assert [(one["hidden"], one["reason"], one["comment"]) for one in log["entries"]] == [
        (True, "Personal data.", comment),
        (False, "The author agrees.", comment),
    ]
    assert reported(town.moderate("0x" + "00" * 32, True))[0] is ProblemType.NO_SUCH_COMMENT
    assert reported(town.moderate(comment, True, " ")) == (
        ProblemType.INVALID_REQUEST,
        "body.reason",
    )


def test_only_organizers_read_hidden_texts(town: TalkTown) -> None:
    refused = town.api.get(f"/api/v1/rounds/{ROUND}/comments")
    assert reported(refused)[0] is ProblemType.NOT_ORGANIZER
