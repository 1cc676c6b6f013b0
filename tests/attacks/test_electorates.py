"""A node gives no key to a poll whose electorate is not what was promised (§6.5, §6.7, §17.4).

The attacker creates polls over censuses of its own liking; version 1 compared the census with the
poll's own root alone, which each of these passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ostraka.chain.errors import ChainError
from ostraka.chain.treasury import ElectorateKind
from ostraka.keys import SigningKey
from ostraka.node.electorate import RoundElectorate, split_upload
from ostraka.node.policy import Policy
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.description import Description, RoundReference
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Rejected
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.redemption import (
    Redemption,
    Redemptions,
    check_redemption,
    invitations,
    poll_electorate,
    round_electorate,
)
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, SourceKind
from ostraka_verifier.typed_data import Domain
from tests.support.polls import CHAIN_ID, REGISTRY, SHUFFLED, SyntheticPoll, approval_poll
from tests.support.village import ScriptedElectorates

TREASURY = bytes([0x44]) * 20
ROUND = RoundReference(TREASURY, 7)
TITLE, TEXT = "A question", "What it is about."
CREATOR = bytes([0x55]) * 20
NONCE = bytes([9]) * 32
ROUND_JSON = {"treasury": "0x" + TREASURY.hex(), "id": 7}
SOURCE = CensusSource(SourceKind.MEMBERS, bytes([0x66]) * 20, 500)


def keys(count: int, seed: int = 1) -> list[SigningKey]:
    made = [SigningKey(bytes([seed, number + 1]) * 16) for number in range(count)]
    return sorted(made, key=lambda key: key.address)


def census_of(entries: Sequence[tuple[bytes, bytes]], weight: int = 1) -> Census:
    return Census(tuple(CensusEntry(account, key, weight) for account, key in sorted(entries)))


ORDINARY = census_of([(key.address, key.address) for key in keys(6)])


@dataclass
class Case:
    """A poll as its creator publishes it."""

    census: Census = ORDINARY
    creator: bytes = CREATOR
    members: dict[str, object] = field(default_factory=dict)
    redemptions: bytes | None = None
    chain: ScriptedElectorates = field(default_factory=ScriptedElectorates)
    changes: dict[str, object] = field(default_factory=dict)

    @property
    def poll(self) -> PublishedPoll:
        base: SyntheticPoll = approval_poll(members=self.members)
        parameters = replace(
            base.parameters,
            census_root=self.census.root,
            voters=len(self.census),
            total_weight=self.census.total_weight,
            **self.changes,  # type: ignore[arg-type]
        )
        return PublishedPoll(
            base.identity,
            base.context,
            parameters,
            base.rule,
            base.outcome,
            Description.decode(base.description),
            base.committee,
        )

    def objection(self) -> str | None:
        policy, poll = Policy(minimum_ballots=1), self.poll
        # All that version 1 compared.
        assert poll.parameters.census_root == self.census.root
        return policy.objection(poll, self.creator, self.census, self.redemptions, self.chain)


def of_round(kind: ElectorateKind, root: bytes, source: bytes = b"", **members: object) -> Case:
    case = Case(creator=TREASURY, members={"round": ROUND_JSON} | members)
    case.chain.treasuries.add(TREASURY)
    case.chain.rounds[ROUND] = RoundElectorate(kind, 1, root, source, TITLE, TEXT)
    return case


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (
            {"title": "Which should get no money?"},
            "the title of the poll or of a question differs from the round's",
        ),
        ({"text": "Vote for what you dislike."}, "the poll's text differs from the round's"),
        (
            {
                "questions": [
                    {
                        "kind": "approval",
                        "title": "Which should get no money?",
                        "options": [f"option {slot}" for slot in range(4)],
                        "at_least": 0,
                        "at_most": 2,
                    }
                ]
            },
            "the title of the poll or of a question differs from the round's",
        ),
    ],
    ids=["title", "text", "question"],
)
def test_a_rounds_poll_asks_in_the_rounds_own_words(members: dict[str, Any], reason: str) -> None:
    """Else its organizer could ask for the losers and have the treasury pay them."""
    kind = ElectorateKind.MEMBERS
    assert of_round(kind, ORDINARY.root).objection() is None
    assert of_round(kind, ORDINARY.root, text=TEXT).objection() is None
    assert reason in (of_round(kind, ORDINARY.root, **members).objection() or "")


def test_a_list_of_accounts_may_have_no_other_members() -> None:
    assert Case().objection() is None


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"counting": 2}, "P1"),
        ({"counting": 1}, "P6"),
        ({"open_minimum": 5}, "P6"),
        ({"extension": bytes([1]) * 32}, "P1"),
        ({"response_time": 60}, "P6"),
        ({"max_dispute_delay": 60}, "P6"),
        ({"response_time": 60, "max_dispute_delay": 239}, "P6"),
        ({"dispute_window": 0}, "P6"),
        ({"minimum_ballots": 7}, "P6"),
        ({"closes_at": 1}, "P6"),
    ],
)
def test_parameters_out_of_range_are_refused(changes: dict[str, object], check: str) -> None:
    assert (Case(changes=changes).objection() or "").startswith(check)


def test_opened_ballots_of_different_weights_would_name_their_voters() -> None:
    """The contract sees only the total, which may be what equal weights give."""
    opens = {**SHUFFLED, "secret": False}
    assert Case(changes=opens).objection() is None
    weighed = zip(ORDINARY.entries, [2, 2, 2, 2, 1, 3], strict=True)
    census = Census(tuple(replace(entry, weight=weight) for entry, weight in weighed))
    said = Case(census, changes=opens).objection() or ""
    assert said.startswith("C3: weights 2 and 1")
    assert "voters of equal weight" in said


def test_one_key_for_several_voters_only_if_the_poll_allows_it() -> None:
    one = keys(1)[0].address
    shared = census_of([(key.address, one) for key in keys(6)])
    assert "several voters" in (Case(shared).objection() or "")
    assert Case(shared, members={"shared_keys": True}).objection() is None


def test_a_source_on_chain_is_read_again() -> None:
    case = Case(members={"census": SOURCE.to_json()})
    case.chain.censuses[SOURCE] = case.census
    assert case.objection() is None
    case.chain.censuses[SOURCE] = census_of([(key.address, key.address) for key in keys(7)])
    assert "another census" in (case.objection() or "")


def test_keys_of_an_attackers_contract_are_refused() -> None:
    """Which would name the attacker's keys for everybody."""
    for keys_contract, refused in ((bytes([0x99]) * 20, True), (ScriptedElectorates().keys, False)):
        source = replace(SOURCE, keys=keys_contract)
        case = Case(members={"census": source.to_json()})
        case.chain.censuses[source] = case.census
        assert bool(case.objection()) is refused


@pytest.mark.parametrize("kind", [ElectorateKind.MEMBERS, ElectorateKind.FIXED])
def test_a_round_fixes_its_voters(kind: ElectorateKind) -> None:
    assert of_round(kind, ORDINARY.root).objection() is None
    assert "fixed by its round" in (of_round(kind, bytes(32)).objection() or "")


def test_rounds_of_other_polls_are_refused() -> None:
    case = of_round(ElectorateKind.FIXED, ORDINARY.root)
    assert "did not create it" in (replace(case, creator=CREATOR).objection() or "")
    case.chain.rounds[ROUND] = replace(case.chain.rounds[ROUND], poll_id=2)
    assert "its round has another poll, 2" in (case.objection() or "")
    # A provider that is behind says nothing against the poll: it is asked again.
    case.chain.rounds[ROUND] = replace(case.chain.rounds[ROUND], poll_id=0)
    with pytest.raises(ChainError, match="does not show yet"):
        case.objection()
    # A treasury that says nothing of its round.
    silent = Case(creator=TREASURY, chain=case.chain)
    assert "names no round" in (silent.objection() or "")
    # A contract that calls itself a treasury, of another registry.
    false = of_round(ElectorateKind.FIXED, ORDINARY.root)
    false.chain.treasuries.clear()
    assert "did not create it" in (false.objection() or "")


FORM = b'{"at":%d,"contract":"0x%s","kind":"members"}'


def sourced(at: int, source: CensusSource = SOURCE, form: bytes = FORM) -> Case:
    fixed = form % (at, SOURCE.contract.hex().encode())
    case = of_round(ElectorateKind.SOURCE, keccak256(fixed), fixed, census=source.to_json())
    case.chain.censuses[source] = case.census
    case.chain.timestamps = {499: 900, 500: 1000, 501: 1012, 502: 1024}
    return case


def test_a_round_fixes_the_source_and_its_block() -> None:
    for at in (1000, 1011):
        assert sourced(at).objection() is None
    # A later or an earlier block has whom the attacker likes.
    for at in (999, 1012, 5000):
        assert "is not the latest until" in (sourced(at).objection() or "")
    # The same in other words: C4 compares bytes, and would fail the poll that nodes let pass.
    for form in (FORM.replace(b",", b", "), b'{"kind":"members","at":%d,"contract":"0x%s"}'):
        assert "does not come from the source" in (sourced(1000, form=form).objection() or "")
    other = replace(SOURCE, contract=bytes([0x67]) * 20)
    assert "does not come from the source" in (sourced(1000, other).objection() or "")
    case = sourced(1000)
    case.chain.rounds[ROUND] = replace(case.chain.rounds[ROUND], source=b"{}")
    assert "does not match the fixed hash" in (case.objection() or "")
    case = of_round(ElectorateKind.SOURCE, bytes(32), b"{}")
    assert "names no source" in (case.objection() or "")


INVITED = keys(8, seed=2)
TREE = invitations([(key.address, 1) for key in INVITED])


def invited(
    signers: Sequence[tuple[SigningKey, SigningKey]],
    *,
    in_round: bool = False,
    domain: Domain,
    **members: object,
) -> Case:
    """A poll whose voters are invitations, each with a key bound to it."""
    electorate = (
        round_electorate(CHAIN_ID, TREASURY, 7, TREE.root)
        if in_round
        else poll_electorate(CHAIN_ID, REGISTRY, NONCE, TREE.root)
    )
    records = []
    for invitation, key in sorted(signers, key=lambda pair: pair[0].address):
        digest = domain.digest(typed_data.REDEMPTION, electorate, invitation.address, key.address)
        records.append(Redemption(invitation.sign(digest), key.sign(digest)))
    origin = InvitedCensus(TREE.root, None if in_round else NONCE).to_json()
    case = (
        of_round(ElectorateKind.INVITATIONS, TREE.root, b"", census=origin, **members)
        if in_round
        else Case(members={"census": origin} | members)
    )
    case.census = census_of([(one.address, key.address) for one, key in signers])
    case.redemptions = Redemptions(TREE, tuple(records)).encode()
    return case


OWN = keys(6, seed=3)


def test_invited_voters_hold_the_keys_bound_to_their_invitations() -> None:
    pairs = list(zip(INVITED, OWN, strict=False))
    registry, treasury = Domain(CHAIN_ID, REGISTRY), Domain(CHAIN_ID, TREASURY)
    assert invited(pairs, domain=registry).objection() is None
    assert invited(pairs, in_round=True, domain=treasury).objection() is None
    # Redeemed for a poll, used in a round; and the other way round.
    for in_round, domain in ((True, registry), (False, treasury)):
        case = invited(pairs, in_round=in_round, domain=domain)
        assert "did not sign the redemption" in (case.objection() or "")
    # The organizer enters keys of its own for invitations that others redeemed.
    good = invited(pairs, domain=registry)
    mine = keys(6, seed=4)
    stolen = census_of(
        [(one.address, key.address) for one, key in zip(INVITED, mine, strict=False)]
    )
    assert "did not sign" in (replace(good, census=stolen).objection() or "")
    # Somebody who was never invited.
    stranger = keys(1, seed=5)[0]
    uninvited = invited([*pairs[:5], (stranger, OWN[5])], domain=registry)
    assert "not an invitation" in (uninvited.objection() or "")
    # Another tree of invitations than the one that was fixed.
    case = invited(pairs, in_round=True, domain=treasury)
    case.chain.rounds[ROUND] = replace(case.chain.rounds[ROUND], root=bytes(32))
    assert "invitations fixed by its round" in (case.objection() or "")
    for data in (None, b"", good.redemptions[:-1] if good.redemptions else b""):
        assert "redemptions" in (replace(good, redemptions=data).objection() or "")


@pytest.mark.parametrize("in_round", [False, True])
def test_a_key_that_redeems_two_invitations_has_one_vote(in_round: bool) -> None:
    """Both keys signed, and the description lets keys be shared; it stays one voter's key."""
    domain = Domain(CHAIN_ID, TREASURY if in_round else REGISTRY)
    twice = [*zip(INVITED[:5], OWN, strict=False), (INVITED[5], OWN[0])]
    case = invited(twice, in_round=in_round, domain=domain, shared_keys=True)
    # Every single redemption is good, and the census is the one that the poll fixes.
    redemptions = Redemptions.decode(case.redemptions or b"", len(case.census))
    electorate = (
        round_electorate(CHAIN_ID, TREASURY, 7, TREE.root)
        if in_round
        else poll_electorate(CHAIN_ID, REGISTRY, NONCE, TREE.root)
    )
    for entry, record in zip(case.census.entries, redemptions.records, strict=True):
        check_redemption(record, entry.account, entry.signing_key, electorate, domain)
    assert case.poll.parameters.census_root == case.census.root
    assert "its key redeemed another invitation as well" in (case.objection() or "")


def test_an_upload_must_have_the_polls_lengths() -> None:
    pairs = list(zip(INVITED, OWN, strict=False))
    case = invited(pairs, domain=Domain(CHAIN_ID, REGISTRY))
    census, redemptions = case.census.encode(), case.redemptions or b""
    assert split_upload(case.poll, census + redemptions) == (census, redemptions)
    with pytest.raises(Problem, match="with their redemptions"):
        split_upload(case.poll, census)
    ordinary = Case().poll
    data = Case().census.encode()
    assert split_upload(ordinary, data) == (data, None)
    for wrong in (data + b"\0", data[:-1], b""):
        with pytest.raises(Problem, match="cannot be a census of"):
            split_upload(ordinary, wrong)
    with pytest.raises(Rejected, match="C1"):
        Census.decode(data[:4] + data[60:116] * 6)
