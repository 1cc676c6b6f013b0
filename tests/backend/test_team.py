"""Organizers: tokens, roles, wallets; who is refused, and that the last administrator stays."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_defunct
from sqlalchemy import Engine
from sqlmodel import Session, select

from ostraka.gateway import sign_in, team
from ostraka.gateway.roles import Role
from ostraka.gateway.sign_in import CHALLENGE_S, SESSION_S, SignIn
from ostraka.gateway.team import FIRST, Team
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import Organizer, OrganizerSession
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.units import UnixSeconds

FIRST_HASH = hashlib.sha256(b"a token").digest()
WALLET = EthAccount.from_key(bytes([7] * 32))
ADDRESS = bytes.fromhex(WALLET.address[2:])
URL = "https://vote.example"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the time of both modules, which starts at 1000."""

    def set_to(moment: int) -> None:
        for module in (team, sign_in):
            monkeypatch.setattr(module, "unix_now", lambda: UnixSeconds(moment))

    set_to(1000)
    return set_to


def problem_in(act: Callable[[], object]) -> ProblemType:
    with pytest.raises(Problem) as raised:
        act()
    return raised.value.kind


def token_of(added: tuple[Organizer, str | None]) -> str:
    assert added[1] is not None
    return added[1]


def test_a_token_is_its_organizers_until_it_is_rotated_or_revoked(engine: Engine) -> None:
    own = Team(engine, FIRST_HASH)
    added, token = own.add("Anna", Role.ORGANIZER, None, None)
    assert token is not None
    actor = own.actor_of(token)
    assert actor is not None
    assert (actor.id, actor.name, actor.role) == (added.id, "Anna", Role.ORGANIZER)
    _, newer = own.rotate(added.id)
    assert own.actor_of(token) is None
    assert own.actor_of(newer) is not None
    own.revoke(added.id)
    assert own.actor_of(newer) is None
    assert problem_in(lambda: own.revoke(added.id)) is ProblemType.NO_SUCH_ORGANIZER
    assert problem_in(lambda: own.rotate(added.id)) is ProblemType.NO_SUCH_ORGANIZER
    # The name is free again.
    own.add("Anna", Role.OBSERVER, None, None)


def test_no_secret_of_a_token_is_stored(engine: Engine, tmp_path: Path) -> None:
    own = Team(engine, FIRST_HASH)
    token = token_of(own.add("Anna", Role.ORGANIZER, None, None))
    engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.rpartition(".")[2].encode() not in content
    assert hashlib.sha256(token.encode()).digest() in content


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("token.", "session."),
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token + "\n",
        lambda token: "token." + "0" * 16 + token[22:],
        lambda token: "",
        lambda token: "token.\x00\ud800",
    ],
)
def test_another_token_is_nobodys(engine: Engine, change: Callable[[str], str]) -> None:
    own = Team(engine, FIRST_HASH)
    token = token_of(own.add("Anna", Role.ORGANIZER, None, None))
    assert own.actor_of(change(token)) is None


def test_the_token_of_the_settings_is_the_first_administrators(engine: Engine) -> None:
    actor = Team(engine, FIRST_HASH).actor_of("a token")
    assert actor is not None
    assert (actor.id, actor.role) == (FIRST, Role.ADMINISTRATOR)
    assert Team(engine, None).actor_of("a token") is None
    assert problem_in(lambda: Team(engine, FIRST_HASH).revoke(FIRST)) is (
        ProblemType.NO_SUCH_ORGANIZER
    )


def test_access_ends_by_itself(engine: Engine, clock: Callable[[int], None]) -> None:
    own = Team(engine, FIRST_HASH)
    token = token_of(own.add("Anna", Role.ORGANIZER, None, UnixSeconds(2000)))
    clock(1999)
    assert own.actor_of(token) is not None
    clock(2000)
    assert own.actor_of(token) is None
    assert problem_in(lambda: own.add("Bert", Role.ORGANIZER, None, UnixSeconds(2000))) is (
        ProblemType.INVALID_REQUEST
    )


def test_names_and_wallets_of_active_organizers_are_unique(engine: Engine) -> None:
    own = Team(engine, FIRST_HASH)
    own.add("Anna", Role.ORGANIZER, ADDRESS, None)
    for name, wallet in (("Anna", None), ("Bert", ADDRESS)):
        assert problem_in(lambda n=name, w=wallet: own.add(n, Role.ORGANIZER, w, None)) is (  # type: ignore[misc]
            ProblemType.ORGANIZER_EXISTS
        )


def test_without_any_administrator_a_gateway_does_not_start(engine: Engine) -> None:
    with pytest.raises(ValueError, match="organizer_token_sha256"):
        Team(engine, None).require_administrator()
    Team(engine, FIRST_HASH).add("Anna", Role.ADMINISTRATOR, None, UnixSeconds(1 << 40))
    with pytest.raises(ValueError, match="without expiry"):
        Team(engine, None).require_administrator()
    Team(engine, FIRST_HASH).add("Bert", Role.ADMINISTRATOR, None, None)
    Team(engine, None).require_administrator()


def test_the_last_administrator_stays_even_if_two_revoke_each_other(url: str) -> None:
    engine = open_database(url, Schema.GATEWAY)
    own = Team(engine, None)
    own.add("Until", Role.ADMINISTRATOR, None, UnixSeconds(1 << 40))
    for turn in range(5):
        names = [own.add(f"{turn} {n}", Role.ADMINISTRATOR, None, None)[0].id for n in range(2)]
        for old in own.all():
            if old.id not in names and old.expires_at_unix_s is None and not old.revoked_at_unix_s:
                own.revoke(old.id)

        def try_to_revoke(name: str) -> str:
            try:
                own.revoke(name)
            except Problem as problem:
                return problem.kind.code
            return "revoked"

        with ThreadPoolExecutor(2) as threads:
            results = sorted(threads.map(try_to_revoke, names))
        assert results == [ProblemType.LAST_ADMINISTRATOR.code, "revoked"]


def test_the_last_administrator_keeps_the_role(engine: Engine) -> None:
    own = Team(engine, None)
    only, _ = own.add("Anna", Role.ADMINISTRATOR, None, None)
    own.add("Until", Role.ADMINISTRATOR, None, UnixSeconds(1 << 40))
    assert problem_in(lambda: own.change_role(only.id, Role.ORGANIZER)) is (
        ProblemType.LAST_ADMINISTRATOR
    )
    own.change_role(only.id, Role.ADMINISTRATOR)
    other, _ = own.add("Bert", Role.OBSERVER, None, None)
    own.change_role(other.id, Role.ADMINISTRATOR)
    assert own.change_role(only.id, Role.MODERATOR).role == "moderator"
    assert problem_in(lambda: own.revoke(other.id)) is ProblemType.LAST_ADMINISTRATOR
    assert [one.role for one in own.all() if one.name == "Bert"] == ["administrator"]
    # With the token of the settings there is another administrator.
    Team(engine, FIRST_HASH).change_role(other.id, Role.OBSERVER)


class Door:
    """Sign-in at a gateway with one organizer who has a wallet."""

    def __init__(self, engine: Engine, accepts: bool = False) -> None:
        self.engine = engine
        self.team = Team(engine, FIRST_HASH)
        self.organizer, _ = self.team.add("Anna", Role.ORGANIZER, ADDRESS, None)
        self.sign_in = SignIn(self.team, URL, 31337, lambda *_: accepts)

    def signature(self, message: str, key: Any = WALLET) -> bytes:
        return bytes(key.sign_message(encode_defunct(text=message)).signature)

    def refused(self, message: str, signature: bytes) -> bool:
        return problem_in(lambda: self.sign_in.open(message, signature)) is (
            ProblemType.SIGN_IN_FAILED
        )


def test_a_wallet_signs_in_once_with_a_message_of_the_standard_form(
    engine: Engine, clock: Callable[[int], None]
) -> None:
    door = Door(engine)
    message = door.sign_in.challenge(ADDRESS).message
    lines = message.split("\n")
    assert lines[:2] == [
        "vote.example wants you to sign in with your Ethereum account:",
        WALLET.address,
    ]
    assert lines[5:8] == [f"URI: {URL}/organize", "Version: 1", "Chain ID: 31337"]
    assert lines[9:] == [
        "Issued At: 1970-01-01T00:16:40Z",
        "Expiration Time: 1970-01-01T00:21:40Z",
    ]
    opened = door.sign_in.open(message, door.signature(message))
    actor = door.team.actor_of(opened.token)
    assert actor is not None
    assert (actor.name, actor.role) == ("Anna", Role.ORGANIZER)
    assert door.refused(message, door.signature(message))
    clock(1000 + SESSION_S)
    assert door.team.actor_of(opened.token) is None


def test_messages_of_others_open_no_session(engine: Engine, clock: Callable[[int], None]) -> None:
    door = Door(engine)
    message = door.sign_in.challenge(ADDRESS).message
    stranger = EthAccount.from_key(bytes([8] * 32))
    assert door.refused(message, door.signature(message, stranger))
    elsewhere = message.replace("vote.example", "evil.example")
    assert door.refused(elsewhere, door.signature(elsewhere))
    assert door.refused(message, b"\x00" * 65)
    unknown = door.sign_in.challenge(bytes.fromhex(stranger.address[2:])).message
    assert door.refused(unknown, door.signature(unknown, stranger))
    clock(1000 + CHALLENGE_S)
    assert door.refused(message, door.signature(message))


def test_a_contract_wallet_signs_in_if_its_contract_accepts(
    engine: Engine, clock: Callable[[int], None]
) -> None:
    door = Door(engine, accepts=True)
    message = door.sign_in.challenge(ADDRESS).message
    assert door.team.actor_of(door.sign_in.open(message, b"any form").token) is not None


def test_revoking_and_signing_out_end_sessions(
    engine: Engine, clock: Callable[[int], None]
) -> None:
    door = Door(engine)

    def opened() -> str:
        message = door.sign_in.challenge(ADDRESS).message
        return door.sign_in.open(message, door.signature(message)).token

    first, second = opened(), opened()
    assert door.sign_in.close(first)
    assert not door.sign_in.close(first)
    assert door.team.actor_of(first) is None
    assert door.team.actor_of(second) is not None
    unused = door.sign_in.challenge(ADDRESS).message
    door.team.revoke(door.organizer.id)
    assert door.team.actor_of(second) is None
    assert door.refused(unused, door.signature(unused))
    with Session(engine) as session:
        assert not session.exec(select(OrganizerSession)).all()


def test_without_a_public_url_nobody_signs_in_by_wallet(engine: Engine) -> None:
    door = SignIn(Team(engine, FIRST_HASH), "", 31337, lambda *_: False)
    assert problem_in(lambda: door.challenge(ADDRESS)) is ProblemType.SIGN_IN_UNAVAILABLE
