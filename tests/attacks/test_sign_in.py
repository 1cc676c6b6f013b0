"""Sign-in by wallet: strangers block nobody; only messages of the gateway open a session."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from sqlalchemy import Engine
from sqlmodel import Session, select

from ostraka.gateway import sign_in
from ostraka.gateway.roles import Role
from ostraka.gateway.sign_in import CHALLENGE_S, NewSession, SignIn
from ostraka.gateway.team import Team
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import SignInChallenge
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.units import UnixSeconds

WALLET = Account.from_key(bytes([7] * 32))
ADDRESS = bytes.fromhex(WALLET.address[2:])
URL = "https://vote.example"


def signed(message: str) -> bytes:
    return bytes(WALLET.sign_message(encode_defunct(text=message)).signature)


def door(engine: Engine, url: str = URL) -> SignIn:
    """One of the gateways on a database."""
    return SignIn(Team(engine, None), url, 31337, lambda *_: False)


def refusal(gateway: SignIn, message: str) -> str:
    """Why a message is refused that the organizer's wallet signed."""
    with pytest.raises(Problem) as refused:
        gateway.open(message, signed(message))
    assert refused.value.kind is ProblemType.SIGN_IN_FAILED
    return refused.value.detail


def database(url: str) -> Engine:
    engine = open_database(url, Schema.GATEWAY)
    Team(engine, None).add("Anna", Role.ORGANIZER, ADDRESS, None)
    return engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database(f"sqlite:///{tmp_path / 'gateway.db'}")


def used(engine: Engine) -> int:
    with Session(engine) as session:
        return len(session.exec(select(SignInChallenge)).all())


def test_strangers_who_ask_for_messages_block_nobody(engine: Engine) -> None:
    """They know the wallet's address. Nothing that they ask for or send is stored."""
    gateway = door(engine)
    stranger = bytes([1]) * 65
    for _ in range(200):
        message = gateway.challenge(ADDRESS).message
        with pytest.raises(Problem, match="not this wallet's"):
            gateway.open(message, stranger)
    assert used(engine) == 0
    own = gateway.challenge(ADDRESS).message
    assert gateway.open(own, signed(own)).actor.name == "Anna"
    assert used(engine) == 1


FORGERIES: dict[str, Callable[[str], str]] = {
    "another domain": lambda text: text.replace("vote.example wants", "evil.example wants"),
    "another page": lambda text: text.replace("URI: https://vote", "URI: https://evil"),
    "another chain": lambda text: text.replace("Chain ID: 31337", "Chain ID: 1"),
    "a later time": lambda text: re.sub(r"At: \d{4}", "At: 2099", text),
    "no time": lambda text: re.sub(r"At: \d{4}-\d\d", "At: 2026-99", text),
    "a later end": lambda text: re.sub(r"Time: \d{4}", "Time: 2099", text),
    "another salt": lambda text: re.sub("Nonce: .{8}", "Nonce: 00000000", text),
    "another MAC": lambda text: re.sub("(Nonce: .{56}).{8}", r"\g<1>00000000", text),
    "no MAC": lambda text: re.sub("(Nonce: .{32}).{32}", r"\g<1>", text),
    "more text": lambda text: text + "\nResources:\n- https://evil.example",
    "other words": lambda text: text.replace("Sign in as", "Pay as"),
    "a lone surrogate": lambda text: text + "\ud800",
    "an address in lower case": lambda text: text.replace(WALLET.address, WALLET.address.lower()),
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_a_message_that_the_gateway_did_not_write_opens_nothing(
    engine: Engine, forged: Callable[[str], str]
) -> None:
    """Even if the organizer's own wallet signed it."""
    gateway = door(engine)
    honest = gateway.challenge(ADDRESS).message
    changed = forged(honest)
    assert changed != honest
    signature = signed(changed.encode(errors="replace").decode())
    with pytest.raises(Problem) as refused:
        gateway.open(changed, signature)
    assert refused.value.kind is ProblemType.SIGN_IN_FAILED
    assert used(engine) == 0


def test_a_message_of_another_gateway_opens_nothing(engine: Engine, tmp_path: Path) -> None:
    """One with the same name and another key, as a stranger could run one."""
    other = database(f"sqlite:///{tmp_path / 'other.db'}")
    assert "used or has expired" in refusal(door(engine), door(other).challenge(ADDRESS).message)


def test_gateways_on_one_database_know_each_others_messages(engine: Engine) -> None:
    message = door(engine).challenge(ADDRESS).message
    assert door(engine).open(message, signed(message)).actor.name == "Anna"


def test_a_message_opens_one_session(url: str) -> None:
    """Also if it arrives at several gateways at once."""
    engine = database(url)
    gateways = [door(engine) for _ in range(4)]
    message = gateways[0].challenge(ADDRESS).message

    def tried(gateway: SignIn) -> NewSession | None:
        try:
            return gateway.open(message, signed(message))
        except Problem:
            return None

    with ThreadPoolExecutor(len(gateways)) as threads:
        opened = list(threads.map(tried, gateways))
    assert sum(one is not None for one in opened) == 1
    assert "used or has expired" in refusal(gateways[0], message)


def test_a_message_ends_after_five_minutes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = door(engine)
    now = [1_800_000_000]
    monkeypatch.setattr(sign_in, "unix_now", lambda: UnixSeconds(now[0]))
    early, late = (gateway.challenge(ADDRESS).message for _ in range(2))
    now[0] += CHALLENGE_S - 1
    gateway.open(early, signed(early))
    now[0] += 1
    assert "used or has expired" in refusal(gateway, late)
    # What is used is forgotten once it could not be used again anyway.
    another = gateway.challenge(ADDRESS).message
    gateway.open(another, signed(another))
    assert used(engine) == 1
    assert "used or has expired" in refusal(gateway, early)
