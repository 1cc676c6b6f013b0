"""Replaced codes of members: which codes are refused, and what the public list shows."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from ostraka.chain.contract import Sent
from ostraka.chain.sending import Account
from ostraka.chain.treasury import MemberKey
from ostraka.gateway.context import TREASURY, GatewayContext
from ostraka.gateway.invited_members import InvitedMembers, Reason
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plans import Plans
from ostraka.keys import SigningKey
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.census import Census, CensusEntry
from tests.support.polls import approval_poll
from tests.support.talk_town import ROUND, TalkTown, spring_round

ADA, BEN = (SigningKey(bytes([number] * 32)) for number in (21, 22))
FIRST, SECOND = bytes([1] * 20), bytes([2] * 20)


class Chain:
    """A treasury that replaces as the contract does, with its index."""

    def __init__(self) -> None:
        self.members: dict[bytes, MemberKey] = {}
        self.replaced: list[dict[str, str]] = []

    def redeem(self, invitation: bytes, code: bytes, key: bytes) -> None:
        self.members[invitation] = MemberKey(code, key)

    def member_key(self, _: int, invitation: bytes) -> MemberKey:
        return self.members.get(invitation, MemberKey(bytes(20), bytes(20)))

    def replace_member(self, _sender: object, _: int, invitation: bytes, code: bytes) -> Sent:
        self.members[invitation] = MemberKey(code, bytes(20))
        self.replaced.append({"invitation": to_hex(invitation), "code": to_hex(code)})
        return Sent(bytes(30) + len(self.replaced).to_bytes(2, "big"), 1, 1)

    def sent_by(self, _errand: object) -> Sent:
        raise AssertionError("nothing was sent under this name")

    def follow(self) -> None:
        """Nothing to read."""

    def events(self, contract: str, names: list[str], subject: str) -> list[Any]:
        assert (contract, names, subject) == (TREASURY, ["MemberReplaced"], str(ROUND))
        return [SimpleNamespace(arguments=one) for one in self.replaced]


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def members(engine: Engine, chain: Chain) -> InvitedMembers:
    plans = Plans(engine)
    invited = sorted((ADA, BEN), key=lambda key: key.address)
    census = Census(tuple(CensusEntry(key.address, key.address, 1) for key in invited))
    addresses = [{"address": key.address_hex} for key in invited]
    wanted = spring_round({"kind": "invitations", "invitations": addresses})
    plan = plans.add(wanted, census.encode())
    plan.round_id = ROUND
    plans.save(plan)
    gateway = SimpleNamespace(
        plans=plans,
        treasury=chain,
        indexer=chain,
        errand=Account(SigningKey(), DatabaseJournal(engine)).errand,
        round=lambda _: None,
        record=plans.record,
    )
    return InvitedMembers(cast(GatewayContext, gateway))


def refusal(members: InvitedMembers, invitation: bytes, code: bytes) -> tuple[ProblemType, str]:
    with pytest.raises(Problem) as refused:
        members.replace(ROUND, invitation, code)
    return refused.value.kind, refused.value.field


def test_a_code_that_was_used_before_replaces_nothing(
    members: InvitedMembers, chain: Chain
) -> None:
    """The contract itself takes an older code, whose former key anybody could then bring back."""
    assert refusal(members, ADA.address, FIRST) == (ProblemType.INVITATION_UNUSED, "invitation")
    for invitation in (ADA, BEN):
        chain.redeem(invitation.address, invitation.address, SigningKey().address)
    # Whoever has another invitation has its code.
    for one in (ADA, BEN):
        assert refusal(members, ADA.address, one.address) == (ProblemType.CODE_USED, "code")
    members.replace(ROUND, ADA.address, FIRST)
    chain.redeem(ADA.address, FIRST, SigningKey().address)
    assert refusal(members, BEN.address, FIRST) == (ProblemType.CODE_USED, "code")
    members.replace(ROUND, ADA.address, SECOND)
    chain.redeem(ADA.address, SECOND, SigningKey().address)
    before = list(chain.replaced)
    assert refusal(members, ADA.address, FIRST) == (ProblemType.CODE_USED, "code")
    assert chain.replaced == before


def test_a_reason_is_kept_with_its_code(
    members: InvitedMembers, chain: Chain, engine: Engine
) -> None:
    chain.redeem(ADA.address, ADA.address, SigningKey().address)
    members.replace(ROUND, ADA.address, FIRST, Reason.STOLEN_CODE)
    chain.redeem(ADA.address, FIRST, SigningKey().address)
    members.replace(ROUND, ADA.address, SECOND)
    reasons = Plans(engine).replacement_reasons(ROUND)
    assert reasons == {(ADA.address, FIRST): "stolen-code"}


def test_the_public_list_shows_what_the_chain_has_in_parts(engine: Engine) -> None:
    town = TalkTown(approval_poll(), engine)
    keys = [to_hex(bytes([0x30 + number] * 20)) for number in range(60)]
    for number, code in enumerate(keys):
        replaced: dict[str, object] = {
            "roundId": str(ROUND),
            "invitation": ADA.address_hex,
            # The key of the first code; no key redeemed the others.
            "formerKey": BEN.address_hex if number == 0 else to_hex(bytes(20)),
            "code": code,
        }
        town.index(TREASURY, "MemberReplaced", str(ROUND), replaced)
    town.context.plans.note_replacement(
        ROUND, ADA.address, bytes.fromhex(keys[59][2:]), Reason.LOST_KEY
    )
    path = f"/rounds/{ROUND}/replacements"
    newest = town.get(path)
    assert newest["total"] == 60
    assert [one["number"] for one in newest["replacements"]] == list(range(60, 10, -1))
    first = newest["replacements"][0]
    assert (first["code"], first["former_key"], first["reason"]) == (keys[59], None, "lost-key")
    assert first["at"] == town.treasury.proposed_at
    assert newest["replacements"][1]["reason"] is None
    oldest = town.get(f"{path}?before={newest['next']}")
    assert [one["number"] for one in oldest["replacements"]] == list(range(10, 0, -1))
    assert oldest["replacements"][-1]["former_key"] == BEN.address_hex
    assert oldest["next"] is None
    missing = town.api.get(f"/api/v1/rounds/{ROUND + 1}/replacements")
    assert missing.status_code == ProblemType.NO_SUCH_ROUND.status
