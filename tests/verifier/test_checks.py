"""Every numbered check is killed by a mutation of its own; an honest poll passes all of them."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    SECTIONS,
    Board,
    BoardLeaf,
    join_sections,
    split_sections,
)
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.curve import R, load
from ostraka_verifier.encoding import keccak256, unsigned, word
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.evidence import (
    ChainEvidence,
    CoinReceipt,
    DeploymentEvidence,
    ElectorateEvidence,
    Payout,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import (
    GreedyByCategory,
    Majority,
    NoOutcome,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
)
from ostraka_verifier.question import single_choice
from ostraka_verifier.releases import created_address, known_releases
from ostraka_verifier.rpc import Unanswered
from ostraka_verifier.sharing import Share
from ostraka_verifier.snapshot import CensusSource, SourceKind
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.typed_data import recover_key
from tests.support.polls import (
    CLOSES_AT,
    OPENS_AT,
    REGISTRY,
    SyntheticPoll,
    approval_poll,
    tally_digest,
)

CURVE = load("native")
POLL = approval_poll()
BOARD, CHAIN = POLL.finish()
ROUND_POLL = approval_poll(treasury=bytes([42] * 20), seed="round")
ROUND_BOARD, ROUND_CHAIN = ROUND_POLL.finish()
DIVISION_POLL = approval_poll(
    treasury=bytes([42] * 20), seed="division", outcome=Proportional(1000, 4)
)
DIVISION_BOARD, DIVISION_CHAIN = DIVISION_POLL.finish()
SOURCE = CensusSource(SourceKind.VOTES, bytes([9] * 20), 77, 10**18, created_address(REGISTRY, 2))
INVITED_POLL = approval_poll(treasury=bytes([42] * 20), seed="invited", unused_invitations=2)
INVITED_BOARD, INVITED_CHAIN = INVITED_POLL.finish()
Case = tuple[Board, ChainEvidence]


def findings(board: Board, chain: ChainEvidence, poll_id: int = 1) -> dict[str, Any]:
    claimed = Claimed(REGISTRY, poll_id)
    audit = Audit(CURVE, claimed, chain, board.encode(), secrets.randbits)
    return {finding.check: finding for finding in audit.run()}


def failing(board: Board, chain: ChainEvidence) -> set[str]:
    return {
        number
        for number, finding in findings(board, chain).items()
        if finding.verdict is Verdict.FAILS
    }


def with_leaf(number: int, leaf: BoardLeaf, board: Board = BOARD) -> Board:
    leaves = list(board.leaves)
    leaves[number] = leaf
    return replace(board, leaves=tuple(leaves))


def resigned(poll: SyntheticPoll, number: int, ballot: bytes) -> BoardLeaf:
    """Another ballot in a leaf, signed by its voter: only what is wrong with it remains."""
    digest = poll.domain.digest(
        typed_data.BALLOT,
        poll.context,
        ballot[:20],
        int.from_bytes(ballot[20:28], "big"),
        poll.factory.layout.decode(CURVE, ballot).digest,
        bytes(32),
    )
    signature = poll.voter_keys[number].sign(digest)
    return BoardLeaf(ballot, recover_key(digest, signature), bytes(32), signature)


def again(poll: SyntheticPoll) -> Case:
    """The poll finished anew, so that everything after the change is consistent with it."""
    return poll.finish()


def test_an_honest_poll_holds() -> None:
    found = findings(BOARD, CHAIN)
    assert [finding.check for finding in found.values()] == [number for number, _, _ in CHECKS]
    assert {finding.verdict for finding in found.values()} == {Verdict.HOLDS}


def test_an_honest_poll_of_slots_that_are_bits_holds() -> None:
    poll = SyntheticPoll(
        votes=[[1, 0, 0]] * 3 + [[0, 0, 1]] * 2, rule=single_choice(3), outcome=NoOutcome()
    )
    assert {one.verdict for one in findings(*poll.finish()).values()} == {Verdict.HOLDS}


def test_an_honest_poll_with_questions_holds() -> None:
    found = findings(*questions(QUESTION))
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["P5"].detail == "approval"


def test_an_honest_round_holds() -> None:
    found = findings(ROUND_BOARD, ROUND_CHAIN)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert "1 not claimed" in found["D3"].detail


def test_a_round_in_its_own_words_holds() -> None:
    members = {"text": "", "questions": [QUESTION | {"title": "A question"}]}
    assert failing(*in_other_words(**members)) == set()


def test_an_honest_round_with_categories_holds() -> None:
    rule = GreedyByCategory((50, 40, 30, 20), (0, 0, 1, 1), (60, 30), 100, leftover=True)
    poll = approval_poll(treasury=bytes([42] * 20), outcome=rule)
    board, chain = poll.finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.round is not None
    assert not isinstance(chain.round, AuditError)
    unfunded = [n for n, one in enumerate(chain.round.proposals) if not one.funded]
    proposals = list(chain.round.proposals)
    proposals[unfunded[-1]] = replace(proposals[unfunded[-1]], funded=True)
    lie = replace(chain, round=replace(chain.round, proposals=tuple(proposals)))
    assert failing(board, lie) == {"D2"}


@pytest.mark.parametrize(
    "outcome",
    [
        GreedyByCategory((50, 40, 30, 20), (0, 0, 1, 1), (60, 30), 100),
        Plurality(1, 3),
        Proportional(10**30, 4),
        Parts(((2, Majority()), (1, NoOutcome()), (1, Proportional(7, 1)))),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_other_outcomes_hold_and_are_held_to_the_tally(outcome: OutcomeRule) -> None:
    board, chain = approval_poll(outcome=outcome).finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.awards is not None
    for slot, award in enumerate(chain.awards):
        awards = (*chain.awards[:slot], award + 1, *chain.awards[slot + 1 :])
        assert failing(board, replace(chain, awards=awards)) == {"O1"}
    assert failing(board, replace(chain, awards=chain.awards[:-1])) == {"O1"}
    assert failing(board, replace(chain, awards=None)) == {"O1"}


def test_an_undecided_round_is_not_checked() -> None:
    found = findings(*of_round(status=5))
    assert {n for n, one in found.items() if one.verdict is Verdict.NOT_CHECKED} == {"D2", "D3"}


def test_weights_count() -> None:
    poll = approval_poll(weights=[2] * 6 + [2])
    board, chain = poll.finish()
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}
    assert chain.tally is not None
    assert chain.tally.values == tuple(
        2 * sum(vote[slot] for vote in poll.votes) for slot in range(4)
    )


def another_poll() -> Case:
    return replace(BOARD, poll=BOARD.poll[:-1] + b"\2"), CHAIN


def a_parameter() -> Case:
    changed = replace(POLL.parameters, minimum_ballots=2)
    return replace(BOARD, parameters=changed.encode()), CHAIN


def a_parameter_out_of_range() -> Case:
    return replace(BOARD, parameters=BOARD.parameters[:-32] + b"\xff" * 32), CHAIN


def the_description() -> Case:
    return replace(BOARD, description=BOARD.description.replace(b"option 0", b"option X")), CHAIN


def the_outcome_rule() -> Case:
    return replace(BOARD, outcome_rule=BOARD.outcome_rule[:-1] + b"\1"), CHAIN


def a_node_url() -> Case:
    return replace(BOARD, committee=BOARD.committee[:-1] + b"x"), CHAIN


def the_committee_on_chain() -> Case:
    return BOARD, replace(CHAIN, committee=bytes(32))


def a_poll_key_signature() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], signature=keys[0].signature)
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def a_poll_key() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], public_key=keys[0].public_key)
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def a_poll_key_cut_short() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], public_key=keys[1].public_key[:-1])
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def parameters_out_of_bounds() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, minimum_ballots=8)
    return with_parameters(poll)


def of_deployment(**changes: Any) -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    return BOARD, replace(CHAIN, deployment=replace(CHAIN.deployment, **changes))


def with_immutable(contract: str, name: str, value: bytes, code: bytes) -> bytes:
    """The code of a release's contract, deployed with another value."""
    changed = bytearray(code)
    for known in known_releases().codes:
        for place in known.immutables:
            if (known.contract, place.name) == (contract, name):
                changed[place.start : place.start + 32] = value
    assert changed != code
    return bytes(changed)


def of_registry(name: str, value: bytes) -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    code = CHAIN.deployment.registry
    return of_deployment(registry=with_immutable("PollRegistry", name, value, code))


def voting_keys_of_another_chain() -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    keys = CHAIN.deployment.voting_keys
    code = with_immutable("VotingKeys", "_cachedChainId", bytes(32), keys.code)
    return of_deployment(voting_keys=replace(keys, code=code))


def voting_keys_elsewhere() -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    keys = CHAIN.deployment.voting_keys
    return of_deployment(voting_keys=replace(keys, address=bytes([9] * 20)))


def of_treasury(name: str, value: bytes) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(code=with_immutable("BudgetTreasury", name, value, ROUND_CHAIN.round.code))


def rules_elsewhere() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(rules=replace(ROUND_CHAIN.round.rules, address=bytes([9] * 20)))


def of_electorate(**changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(electorate=replace(ROUND_CHAIN.round.electorate, **changes))


def invited(**changes: Any) -> Case:
    """A round by invitation, two of them not redeemed; changes are of its electorate."""
    board, chain = INVITED_BOARD, INVITED_CHAIN
    assert isinstance(chain.round, RoundEvidence)
    electorate = replace(chain.round.electorate, **changes)
    return board, replace(chain, round=replace(chain.round, electorate=electorate))


def redemptions_of(poll: SyntheticPoll, number: int, **changes: Any) -> Case:
    board, chain = poll.finish()
    found = poll.redemptions()
    records = list(found.records)
    records[number] = replace(records[number], **changes)
    return replace(board, redemptions=replace(found, records=tuple(records)).encode()), chain


def no_redemptions() -> Case:
    return replace(INVITED_BOARD, redemptions=None), INVITED_CHAIN


def redemptions_cut_short() -> Case:
    assert INVITED_BOARD.redemptions is not None
    return replace(INVITED_BOARD, redemptions=INVITED_BOARD.redemptions[:-1]), INVITED_CHAIN


AT = OPENS_AT - 50


def sourced(at: int = AT, times: tuple[int, int] = (AT, AT + 12), **changes: Any) -> Case:
    """A round whose electorate is a source on chain, with its block by a time."""
    poll = approval_poll(source=SOURCE, treasury=bytes([42] * 20), seed="sourced")
    board, chain = poll.finish()
    assert isinstance(chain.round, RoundEvidence)
    fixed = replace(SOURCE, **changes).at_time(at)
    electorate = ElectorateEvidence(2, keccak256(fixed), 0, 0, fixed)
    round_ = replace(chain.round, electorate=electorate)
    return board, replace(chain, round=round_, census_times=times)


def another_source_than_was_fixed() -> Case:
    board, chain = sourced()
    assert isinstance(chain.round, RoundEvidence)
    electorate = replace(chain.round.electorate, root=bytes(32))
    return board, replace(chain, round=replace(chain.round, electorate=electorate))


def foreign_voting_keys() -> Case:
    return approval_poll(source=replace(SOURCE, keys=bytes([8] * 20))).finish()


def a_shared_key(**members: object) -> Case:
    poll = approval_poll()
    entries = list(poll.census.entries)
    entries[1] = replace(entries[1], signing_key=entries[0].signing_key)
    poll = approval_poll(members=members)
    poll.census = Census(tuple(entries))
    poll.voter_keys[1] = poll.voter_keys[0]
    poll.parameters = replace(poll.parameters, census_root=poll.census.root)
    return with_parameters(poll)


def moved_elsewhere() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    transfers = [one for one in round_moved() if isinstance(one, Transfer)]
    first, *others = transfers
    return of_round(moved=(replace(first, recipient=bytes([77] * 20)), *others))


def round_moved() -> Sequence[Transfer | CoinReceipt]:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    assert not isinstance(ROUND_CHAIN.round.moved, AuditError)
    return ROUND_CHAIN.round.moved


def moved_in_another_transaction() -> Case:
    return of_round(
        moved=tuple(
            replace(one, transaction=bytes([238] * 32))
            for one in round_moved()
            if isinstance(one, Transfer)
        )
    )


def in_coins(growth: int, *, spent: bool = False) -> Case:
    """The round pays in the chain's coin; each recipient's balance grows by so much more."""
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return of_round(
        token=bytes(20),
        moved=tuple(
            CoinReceipt(one.recipient, one.block, 10**18, 10**18 + one.amount + growth, spent)
            for one in ROUND_CHAIN.round.payouts
        ),
    )


OPTIONS = [f"option {slot}" for slot in range(4)]
QUESTION = {"kind": "approval", "title": "Which?", "options": OPTIONS, "at_least": 1, "at_most": 3}


def questions(*asked: object) -> Case:
    """The poll with a description that asks these from the start."""
    return approval_poll(members={"questions": list(asked)}).finish()


def questions_of_other_options() -> Case:
    options = [*OPTIONS[:3], "option X"]
    return questions(QUESTION | {"options": options})


def a_question_nobody_can_answer() -> Case:
    return questions(QUESTION | {"at_most": 5})


def a_generator() -> Case:
    code = bytearray(CHAIN.generators)
    code[100] ^= 1
    return BOARD, replace(CHAIN, generators=bytes(code))


def a_census_key() -> Case:
    entries = list(POLL.census.entries)
    entries[2] = CensusEntry(entries[2].account, bytes([9] * 20), 1)
    return replace(BOARD, census=Census(tuple(entries)).encode()), CHAIN


def the_census_order() -> Case:
    size = 56
    data = BOARD.census
    swapped = data[:4] + data[4 + size : 4 + 2 * size] + data[4 : 4 + size] + data[4 + 2 * size :]
    return replace(BOARD, census=swapped), CHAIN


def the_totals() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, total_weight=8)
    return with_parameters(poll)


def the_number_of_voters() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, voters=8)
    return with_parameters(poll)


def with_parameters(poll: SyntheticPoll) -> Case:
    """A poll whose parameters were false from the start: everything else is made for them."""
    poll.context = poll.identity.context(poll.parameters, poll.rule)
    poll.factory._context = poll.context
    poll.prepared = [
        poll.factory.prepare(key, account, bits, CLOSES_AT - 60)
        for key, account, bits in zip(poll.voter_keys, poll.accounts, poll.votes, strict=True)
    ]
    return again(poll)


def an_identifying_weight() -> Case:
    return approval_poll(weights=[1, 1, 1, 1, 1, 1, 1000]).finish()


def with_source() -> Case:
    return approval_poll(source=SOURCE).finish()


def a_voter_left_out_of_the_source() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    return board, replace(chain, census=Census(chain.census.entries[1:]))


def a_voter_of_the_source_left_out() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    more = CensusEntry(bytes([255] * 20), bytes([255] * 20), 1)
    return board, replace(chain, census=Census((*chain.census.entries, more)))


def another_key_in_the_source() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    first, *others = chain.census.entries
    changed = replace(first, signing_key=bytes([7] * 20))
    return board, replace(chain, census=Census((changed, *others)))


def a_point() -> Case:
    leaf = BOARD.leaves[3]
    ballot = bytearray(leaf.ballot)
    ballot[59] ^= 1
    return with_leaf(3, replace(leaf, ballot=bytes(ballot))), CHAIN


def a_byte_too_many() -> Case:
    leaf = BOARD.leaves[6]
    return with_leaf(6, replace(leaf, ballot=leaf.ballot + b"\0")), CHAIN


def a_voter_twice() -> Case:
    leaves = (*BOARD.leaves[:3], BOARD.leaves[2], *BOARD.leaves[4:])
    return replace(BOARD, leaves=leaves), CHAIN


def the_order_of_leaves() -> Case:
    leaves = (BOARD.leaves[1], BOARD.leaves[0], *BOARD.leaves[2:])
    return replace(BOARD, leaves=leaves), CHAIN


def a_stranger() -> Case:
    poll = approval_poll()
    entries = tuple(entry for n, entry in enumerate(poll.census.entries) if n != 4)
    board, chain = poll.finish()
    return replace(board, census=Census(entries).encode()), chain


def a_ballot_signature() -> Case:
    return with_leaf(5, replace(BOARD.leaves[5], signature=BOARD.leaves[4].signature)), CHAIN


def the_boxes_hash() -> Case:
    return with_leaf(5, replace(BOARD.leaves[5], boxes_hash=bytes(32))), CHAIN


def a_cast_time_of(cast_at_unix_s: int) -> Case:
    poll = approval_poll()
    key, bits = poll.voter_keys[2], poll.votes[2]
    poll.prepared[2] = poll.factory.prepare(key, key.address, bits, cast_at_unix_s)
    return again(poll)


def a_proof_scalar() -> Case:
    poll = approval_poll()
    good = poll.prepared[2].ballot.encoded
    last = (int.from_bytes(good[-32:], "big") + 1) % R
    ballot = good[:-32] + unsigned(last, 32)
    return tampered(poll, 2, ballot)


def an_over_vote() -> Case:
    """A ballot for all four of at most three, in an otherwise consistent poll."""
    poll = approval_poll()
    shared = poll.factory.prove(
        poll.voter_keys[2].address, [1, 1, 1, 1, 0, 0], POLL.parameters.opens_at
    )
    poll.prepared[2] = poll.factory.sign(poll.factory.seal(shared), poll.voter_keys[2])
    return again(poll)


def tampered(poll: SyntheticPoll, number: int, ballot: bytes) -> Case:
    """A changed ballot that its voter signed and the nodes anchored."""
    board, chain = poll.finish()
    poll.prepared[number] = replace(
        poll.prepared[number], ballot=poll.factory.layout.decode(CURVE, ballot)
    )
    root = poll.root()
    anchored = poll.attest(root, range(1, 4))
    shares = tuple(poll.sign_share(one.node, one.share, root) for one in board.shares)
    board = replace(board, root=anchored, shares=shares)
    leaf = resigned(poll, number, ballot)
    return with_leaf(number, leaf, board), replace(chain, root=root, anchored=anchored)


def the_root_on_board_and_chain(**fields: Any) -> Case:
    """A root of something else, signed by a quorum and anchored."""
    root = replace(POLL.root(), **fields)
    anchored = POLL.attest(root, range(1, 4))
    shares = tuple(POLL.sign_share(one.node, one.share, root) for one in BOARD.shares)
    return replace(BOARD, root=anchored, shares=shares), replace(
        CHAIN, root=root, anchored=anchored
    )


def padding() -> Case:
    """A tree in which an empty place carries a ballot's commitment."""
    value = POLL.prepared[0].ballot.sharing[0]
    total = CURVE.decode(POLL.root().sum)
    return the_root_on_board_and_chain(sum=CURVE.add(total, value).encode())


def the_root_of_the_chain() -> Case:
    other = replace(POLL.root(), hash=bytes([7] * 32))
    return BOARD, replace(CHAIN, root=other, anchored=POLL.attest(other, range(1, 4)))


def the_round() -> Case:
    return replace(BOARD, root=POLL.attest(POLL.root(), range(1, 4), 3)), CHAIN


def too_few_attestations() -> Case:
    return replace(BOARD, root=POLL.attest(POLL.root(), [1, 2])), CHAIN


def an_attestation() -> Case:
    assert BOARD.root is not None
    first, second, third = BOARD.root.attestations
    forged = replace(second, signature=first.signature)
    return replace(BOARD, root=replace(BOARD.root, attestations=(first, forged, third))), CHAIN


def an_attestation_of_nobody() -> Case:
    assert BOARD.root is not None
    first, second, third = BOARD.root.attestations
    stranger = replace(third, node=9)
    return replace(BOARD, root=replace(BOARD.root, attestations=(first, second, stranger))), CHAIN


def an_aggregate_share() -> Case:
    signed = BOARD.shares[1]
    lie = Share((signed.share.values[0] + 1, *signed.share.values[1:]), signed.share.blinding)
    forged = POLL.sign_share(signed.node, lie, POLL.root())
    return replace(BOARD, shares=(BOARD.shares[0], forged, BOARD.shares[2])), CHAIN


def a_share_signature() -> Case:
    first, second, third = BOARD.shares
    forged = replace(second, signature=first.signature)
    return replace(BOARD, shares=(first, forged, third)), CHAIN


def too_few_shares() -> Case:
    return replace(BOARD, shares=BOARD.shares[:1]), CHAIN


def honest_tally() -> Tally:
    assert CHAIN.tally is not None
    return CHAIN.tally


def the_tally() -> Case:
    tally = honest_tally()
    lie = Tally((tally.values[0] + 1, *tally.values[1:]), tally.blinding)
    awards = tuple(POLL.outcome.awards(lie.values))
    return BOARD, replace(CHAIN, tally=lie, tally_digest=tally_digest(lie), awards=awards)


def the_tally_digest() -> Case:
    return BOARD, replace(CHAIN, tally_digest=bytes(32))


def more_votes_than_there_are() -> Case:
    """An opening with impossible votes, which only somebody who knows discrete logs could make."""
    tally = honest_tally()
    lie = Tally((8, *tally.values[1:]), tally.blinding)
    return BOARD, replace(
        CHAIN,
        tally=lie,
        tally_digest=tally_digest(lie),
        awards=tuple(POLL.outcome.awards(lie.values)),
    )


def too_early() -> Case:
    return BOARD, replace(CHAIN, tallied_at=CHAIN.dispute_window_ends_at - 1)


def too_late() -> Case:
    return BOARD, replace(CHAIN, tallied_at=CHAIN.tally_deadline)


def the_outcome() -> Case:
    assert CHAIN.awards is not None
    return BOARD, replace(CHAIN, awards=tuple(1 - one for one in CHAIN.awards))


def of_round(**changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    return ROUND_BOARD, replace(ROUND_CHAIN, round=replace(ROUND_CHAIN.round, **changes))


def of_proposal(place: int, **changes: Any) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    proposals = list(ROUND_CHAIN.round.proposals)
    proposals[place] = replace(proposals[place], **changes)
    return of_round(proposals=tuple(proposals))


def of_division(place: int | None = None, **changes: Any) -> Case:
    """A round that divides 1,000 by votes; changes are of a proposal, or of the round itself."""
    assert isinstance(DIVISION_CHAIN.round, RoundEvidence)
    round_ = DIVISION_CHAIN.round
    if place is not None:
        proposals = list(round_.proposals)
        proposals[place] = replace(proposals[place], **changes)
        changes = {"proposals": tuple(proposals)}
    return DIVISION_BOARD, replace(DIVISION_CHAIN, round=replace(round_, **changes))


def of_categories(**changes: Any) -> Case:
    """A round with two categories; the first proposal changed."""
    outcome = GreedyByCategory((50, 40, 30, 20), (0, 1, 1, 0), (70, 50), 100)
    board, chain = approval_poll(
        treasury=bytes([42] * 20), seed="categories", outcome=outcome
    ).finish()
    assert isinstance(chain.round, RoundEvidence)
    first, *others = chain.round.proposals
    proposals = (replace(first, **changes), *others)
    return board, replace(chain, round=replace(chain.round, proposals=proposals))


def of_payouts(change: Callable[[list[Payout]], list[Payout]], paid_out: int = 0) -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    payouts = tuple(change(list(ROUND_CHAIN.round.payouts)))
    return of_round(payouts=payouts, paid_out=paid_out or sum(one.amount for one in payouts))


def a_round_kept_quiet() -> Case:
    return BOARD, replace(CHAIN, creator_is_treasury=True)


def in_other_words(**members: object) -> Case:
    """The round's poll, with a description that says something else."""
    return approval_poll(treasury=bytes([42] * 20), seed="round", members=members).finish()


def another_title() -> Case:
    return in_other_words(title="Which should get no money?")


def another_question() -> Case:
    return in_other_words(questions=[QUESTION | {"title": "Which should get no money?"}])


def another_text() -> Case:
    return in_other_words(text="Choose what you reject.")


def a_poll_of_somebody_else() -> Case:
    return ROUND_BOARD, replace(ROUND_CHAIN, creator=bytes([1] * 20))


def the_withdrawn_one_stands() -> Case:
    return of_proposal(1, withdrawn=False)


def another_winner() -> Case:
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    places = [n for n, one in enumerate(ROUND_CHAIN.round.proposals) if not one.funded]
    return of_proposal(places[-1], funded=True)


def a_withdrawn_winner() -> Case:
    return of_proposal(1, funded=True)


def paid_twice(payouts: list[Payout]) -> list[Payout]:
    return [*payouts, payouts[0]]


def paid_to_another(payouts: list[Payout]) -> list[Payout]:
    return [replace(payouts[0], recipient=bytes([77] * 20)), *payouts[1:]]


def paid_too_much(payouts: list[Payout]) -> list[Payout]:
    return [replace(payouts[0], amount=payouts[0].amount + 1), *payouts[1:]]


def paid_for_nothing(payouts: list[Payout]) -> list[Payout]:
    return [*payouts, Payout(bytes([99] * 32), bytes([99] * 20), 1, 950, bytes([99] * 32))]


def a_root(**changes: Any) -> Case:
    return BOARD, replace(CHAIN, **changes)


def a_root_of_round(number: int) -> Case:
    anchored = POLL.attest(POLL.root(), range(1, 4), number)
    return replace(BOARD, root=anchored), replace(CHAIN, anchored=anchored)


def too_few_ballots() -> Case:
    """Two of seven voted, though the poll wanted three."""
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, minimum_ballots=3)
    with_parameters(poll)
    del poll.prepared[2:]
    return poll.finish()


def no_shares() -> Case:
    return replace(BOARD, shares=()), CHAIN


def no_root() -> Case:
    return replace(BOARD, root=None), CHAIN


def section_of(tag: int, content: bytes) -> Callable[[], Case]:
    """The honest board with another section."""

    def made() -> Case:
        sections = {
            number: BOARD_SECTIONS[name]
            for number, name in SECTIONS.items()
            if name in BOARD_SECTIONS
        }
        return Raw(join_sections(sections | {tag: content})), CHAIN  # type: ignore[return-value]

    made.__name__ = f"section_{tag}"
    return made


@dataclass(frozen=True)
class Raw:
    """Bytes where a board is expected."""

    data: bytes

    def encode(self) -> bytes:
        return self.data


BOARD_SECTIONS = split_sections(BOARD.encode())
FREEZES_AT = POLL.parameters.freezes_at
DEADLINE = POLL.parameters.settling().deadline


MUTATIONS: list[tuple[Callable[[], Case], set[str]]] = [
    (another_poll, {"P1"}),
    (a_parameter, {"P1"}),
    (a_parameter_out_of_range, {"P1"}),
    (the_description, {"P2"}),
    (the_outcome_rule, {"P2", "O1"}),
    (a_node_url, {"P3"}),
    (the_committee_on_chain, {"P3"}),
    (a_poll_key_signature, {"P4"}),
    (a_poll_key, {"P4"}),
    (a_poll_key_cut_short, {"P4"}),
    (parameters_out_of_bounds, {"P6", "T4"}),
    (questions, {"P5"}),
    (lambda: questions(QUESTION | {"at_most": 2}), {"P5"}),
    (lambda: questions(QUESTION, QUESTION), {"P5"}),
    (lambda: questions(QUESTION | {"kind": "guess"}), {"P5"}),
    (lambda: questions(QUESTION | {"hidden": 1}), {"P5"}),
    (questions_of_other_options, {"P5"}),
    (a_question_nobody_can_answer, {"P5"}),
    (a_generator, {"G1"}),
    (lambda: of_registry("generatorTable", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("votingKeys", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("pollRules", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("_cachedChainId", word(1)), {"G2"}),
    (lambda: of_registry("_cachedThis", word(1)), {"G2"}),
    (lambda: of_registry("_cachedDomainSeparator", word(1)), {"G2"}),
    (lambda: of_registry("_hashedVersion", word(1)), {"G2"}),
    (lambda: of_registry("_name", word(1)), {"G2"}),
    (lambda: of_deployment(period_floor=0), {"G2"}),
    (lambda: of_deployment(disputes=bytes([1] * 20)), {"G2"}),
    (lambda: of_deployment(generator_table=bytes([1] * 20)), {"G2"}),
    (voting_keys_elsewhere, {"G2"}),
    (voting_keys_of_another_chain, {"G2"}),
    (a_census_key, {"C1", "B4"}),
    (the_census_order, {"C1"}),
    (the_totals, {"C2"}),
    (the_number_of_voters, {"C2", "P6"}),
    (an_identifying_weight, {"C3"}),
    (a_voter_left_out_of_the_source, {"C4"}),
    (a_voter_of_the_source_left_out, {"C4"}),
    (another_key_in_the_source, {"C4"}),
    (foreign_voting_keys, {"C4"}),
    (a_shared_key, {"C4"}),
    (lambda: sourced(unit=2), {"C4"}),
    (lambda: sourced(times=(AT - 12, AT)), {"C4"}),
    (lambda: sourced(times=(AT + 1, AT + 12)), {"C4"}),
    (another_source_than_was_fixed, {"D1"}),
    (no_redemptions, {"C4"}),
    (redemptions_cut_short, {"C4"}),
    (lambda: redemptions_of(INVITED_POLL, 3, by_invitation=bytes(65)), {"C4"}),
    (lambda: redemptions_of(INVITED_POLL, 3, by_signing_key=bytes(65)), {"C4"}),
    (lambda: invited(root=bytes([1] * 32)), {"D1"}),
    (lambda: invited(voters=6), {"D1"}),
    (lambda: invited(weight=6), {"D1"}),
    (lambda: invited(kind=1), {"D1"}),
    (lambda: invited(kind=2, root=keccak256(b""), source=b""), {"D1"}),
    (a_point, {"B1"}),
    (a_byte_too_many, {"B1"}),
    (a_voter_twice, {"B2", "S1", "S2"}),
    (the_order_of_leaves, {"B2"}),
    (a_stranger, {"C1", "C2", "B3"}),
    (a_ballot_signature, {"B4"}),
    (the_boxes_hash, {"B4"}),
    (lambda: a_cast_time_of(CLOSES_AT), {"B5"}),
    (lambda: a_cast_time_of(POLL.parameters.opens_at - 1), {"B5"}),
    (a_proof_scalar, {"B6"}),
    (an_over_vote, {"B6"}),
    (lambda: the_root_on_board_and_chain(hash=bytes([1] * 32)), {"T1"}),
    (lambda: the_root_on_board_and_chain(count=8), {"T1"}),
    (padding, {"T1", "R1"}),
    (the_root_of_the_chain, {"T2"}),
    (the_round, {"T2"}),
    (too_few_attestations, {"T3"}),
    (an_attestation, {"T3"}),
    (an_attestation_of_nobody, {"T3"}),
    (lambda: a_root(anchored_at=FREEZES_AT - 1), {"T4"}),
    (lambda: a_root(anchored_at=DEADLINE), {"T4"}),
    (lambda: a_root(rejected_rounds=1, rejected_at=CLOSES_AT + 50), {"T4"}),
    (lambda: a_root_of_round(10), {"T4"}),
    (too_few_ballots, {"T4"}),
    (no_root, {"T2"}),
    (an_aggregate_share, {"S1"}),
    (a_share_signature, {"S1"}),
    (too_few_shares, {"S2"}),
    (no_shares, {"S2"}),
    (section_of(1, b""), {"P1"}),
    (section_of(2, b""), {"P1"}),
    (section_of(3, b""), {"P2"}),
    (section_of(4, b""), {"P2"}),
    (section_of(5, b"{"), {"P2"}),
    (section_of(6, b""), {"P3"}),
    (section_of(7, b"x"), {"P4"}),
    (section_of(8, b""), {"C1"}),
    (section_of(9, b""), {"B1"}),
    (section_of(10, b""), {"T2"}),
    (section_of(11, b"\0"), {"S1"}),
    (the_tally, {"S2", "R1"}),
    (the_tally_digest, {"R1"}),
    (more_votes_than_there_are, {"S2", "R2"}),
    (too_early, {"R3"}),
    (too_late, {"R3"}),
    (the_outcome, {"O1"}),
    (a_round_kept_quiet, {"D1"}),
    (another_title, {"D1"}),
    (another_question, {"D1"}),
    (another_text, {"D1"}),
    (a_poll_of_somebody_else, {"D1"}),
    (lambda: of_round(registry=bytes(20)), {"D1", "D4"}),
    (lambda: of_round(poll_id=2), {"D1"}),
    (lambda: of_round(budget=10**9), {"D1"}),
    (lambda: of_proposal(0, title="another"), {"D1"}),
    (lambda: of_proposal(3, amount=10**9), {"D1"}),
    (the_withdrawn_one_stands, {"D1", "D2"}),
    (another_winner, {"D2"}),
    (a_withdrawn_winner, {"D2"}),
    (lambda: of_round(committed=1), {"D2"}),
    (lambda: of_categories(category=1), {"D1"}),
    (lambda: of_division(budget=1001), {"D1"}),
    (lambda: of_division(2, title="another"), {"D1"}),
    (lambda: of_division(3, amount=1), {"D2", "D3"}),
    (lambda: of_division(committed=999), {"D2"}),
    (lambda: of_payouts(paid_twice), {"D3"}),
    (lambda: of_payouts(paid_to_another), {"D3"}),
    (lambda: of_payouts(paid_too_much), {"D3"}),
    (lambda: of_payouts(paid_for_nothing), {"D3"}),
    (lambda: of_payouts(lambda payouts: payouts[1:], paid_out=1), {"D3"}),
    (lambda: of_round(paid_out=1), {"D3"}),
    (lambda: of_round(deposited=0), {"D3"}),
    (moved_elsewhere, {"D3"}),
    (moved_in_another_transaction, {"D3"}),
    (lambda: of_round(moved=()), {"D3"}),
    (lambda: in_coins(-1), {"D3"}),
    (lambda: of_round(secret=False), {"D1"}),
    (lambda: of_electorate(root=bytes(32)), {"D1"}),
    (lambda: of_electorate(kind=1, root=bytes(32)), {"D1"}),
    (lambda: of_round(member_root=bytes(32)), {"D1"}),
    (lambda: of_treasury("registry", word(1)), {"D4"}),
    (lambda: of_treasury("rules", word(1)), {"D4"}),
    (lambda: of_treasury("_cachedThis", word(1)), {"D4"}),
    (rules_elsewhere, {"D4"}),
]


def name_of(value: object) -> str:
    return value.__name__ if callable(value) else "-".join(sorted(value))  # type: ignore[attr-defined,call-overload,no-any-return]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_round_with_categories_holds() -> None:
    assert failing(*of_categories()) == set()


def test_a_round_that_divides_holds() -> None:
    assert failing(*of_division()) == set()
    detail = findings(*of_division())["D2"].detail
    assert detail == "4 proposals for 1000"


def test_a_census_is_compared_with_its_source() -> None:
    board, chain = with_source()
    assert failing(board, chain) == set()
    assert "77" in findings(board, chain)["C4"].detail
    unread = replace(chain, census=Undecided("no archive"))
    assert findings(board, unread)["C4"].verdict is Verdict.NOT_CHECKED


def test_every_check_has_a_mutation() -> None:
    killed = {number for _, expected in MUTATIONS for number in expected}
    assert killed == {number for number, _, _ in CHECKS}


def test_a_finding_names_what_failed() -> None:
    board, chain = an_aggregate_share()
    finding = findings(board, chain)["S1"]
    assert "node 2" in finding.item
    board, chain = an_over_vote()
    finding = findings(board, chain)["B6"]
    assert POLL.voter_keys[2].address.hex() in finding.item


def test_before_the_tally_nothing_fails_and_nothing_is_claimed() -> None:
    board = replace(BOARD, leaves=(), root=None, shares=())
    chain = replace(
        CHAIN,
        status="open",
        root=SumRoot(bytes(32), bytes(64), 0),
        anchored=None,
        anchored_at=0,
        tally=None,
        tally_digest=bytes(32),
        awards=None,
    )
    found = findings(board, chain)
    assert Verdict.FAILS not in {finding.verdict for finding in found.values()}
    for number in ("T1", "T2", "T3", "S1", "S2", "R1", "R2", "R3", "O1"):
        assert found[number].verdict is Verdict.NOT_CHECKED, number


@pytest.mark.parametrize("tag", range(1, 13))
def test_a_section_cut_short_never_passes(tag: int) -> None:
    sections = split_sections(INVITED_BOARD.encode())
    contents = {number: sections[name] for number, name in SECTIONS.items() if name in sections}
    cut = join_sections(contents | {tag: contents[tag][:-1]})
    audit = Audit(CURVE, Claimed(REGISTRY, 1), INVITED_CHAIN, cut, secrets.randbits)
    assert Verdict.FAILS in {finding.verdict for finding in audit.run()}


def not_checked(board: Board, chain: ChainEvidence) -> dict[str, str]:
    """What is not checked, and why; nothing may fail."""
    found = findings(board, chain)
    assert Verdict.FAILS not in {one.verdict for one in found.values()}
    return {n: one.detail for n, one in found.items() if one.verdict is Verdict.NOT_CHECKED}


def test_unknown_code_is_not_checked() -> None:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    deployment = CHAIN.deployment
    for changes in (
        {"registry": deployment.registry + b"\0"},
        {"registry": b"\xfe" + deployment.registry[1:]},
        {"voting_keys": replace(deployment.voting_keys, code=b"\0")},
        {"poll_rules": replace(deployment.poll_rules, code=b"")},
    ):
        left = not_checked(*of_deployment(**changes))
        assert set(left) == {"G2"}
        assert "in any release that this program knows" in left["G2"]
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    code = ROUND_CHAIN.round.code
    assert set(not_checked(*of_round(code=code[:-1] + b"\1"))) == {"D4"}
    rules = ROUND_CHAIN.round.rules
    assert set(not_checked(*of_round(rules=replace(rules, code=code)))) == {"D4"}


def test_an_immutable_that_a_release_does_not_name_is_not_passed_over() -> None:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    found = known_releases().find("PollRegistry", CHAIN.deployment.registry)
    assert found is not None
    assert found.differing({"periodFloor": found.immutables["periodFloor"]}) is None
    assert found.differing({"renamed": bytes(32)}) == "renamed"


def test_the_floor_of_a_test_deployment_is_said() -> None:
    assert "600 s, less than an hour: a test deployment" in findings(BOARD, CHAIN)["G2"].detail
    hour = of_registry("periodFloor", word(3600))
    assert isinstance(hour[1].deployment, DeploymentEvidence)
    chain = replace(hour[1], deployment=replace(hour[1].deployment, period_floor=3600))
    assert "test" not in findings(BOARD, chain)["G2"].detail


def test_disputes_are_an_assumption() -> None:
    board, chain = of_registry("disputes", word(bytes([7] * 20)))
    assert isinstance(chain.deployment, DeploymentEvidence)
    chain = replace(chain, deployment=replace(chain.deployment, disputes=bytes([7] * 20)))
    found = findings(board, chain)["G2"]
    assert found.verdict is Verdict.HOLDS
    assert bytes([7] * 20).hex() in found.assumes


def test_a_false_signature_beside_enough_good_ones_is_named() -> None:
    assert BOARD.root is not None
    stranger = replace(BOARD.root.attestations[0], node=9)
    forged = replace(BOARD.root.attestations[0], node=4)
    for more, said in ((stranger, "node 9: not in the committee"), (forged, "node 4: signed by")):
        attestations = (*BOARD.root.attestations, more)
        board = replace(BOARD, root=replace(BOARD.root, attestations=attestations))
        found = findings(board, CHAIN)
        assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
        assert said in found["T3"].detail


def test_what_is_only_stated_is_assumed() -> None:
    by_hand = findings(BOARD, CHAIN)["C4"]
    assert by_hand.assumes == (
        "the organizer, who listed 7 voters by hand, listed those who may vote"
    )
    found = findings(INVITED_BOARD, INVITED_CHAIN)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    expected = "each of 9 invitations (7 used) went to a person of its own"
    assert found["C4"].assumes == expected
    assert "not the round's members" in found["D1"].assumes
    assert found["C4"].to_json()["assumes"] == expected
    assert findings(ROUND_BOARD, ROUND_CHAIN)["D1"].assumes == ""
    treasury = f"the treasury 0x{bytes([42] * 20).hex()} was made with empty books"
    assert findings(ROUND_BOARD, ROUND_CHAIN)["D4"].assumes == treasury
    assert findings(BOARD, CHAIN)["D4"].assumes == ""
    assert findings(BOARD, CHAIN)["D1"].assumes == ""
    by_contract = findings(BOARD, replace(CHAIN, creator_is_contract=True))["D1"]
    maker = f"the contract 0x{CHAIN.creator.hex()}, which made the poll"
    assert by_contract.assumes == f"{maker}, pays nothing by its outcome"
    plain = findings(*approval_poll(unused_invitations=0).finish())
    assert {one.verdict for one in plain.values()} == {Verdict.HOLDS}


def test_a_member_contract_is_known_or_assumed() -> None:
    source = replace(SOURCE, kind=SourceKind.MEMBERS, unit=1)
    board, chain = approval_poll(source=source).finish()
    known = findings(board, chain)["C4"]
    assert "the owner of" in known.assumes
    assert "0 of 7 entries sign with another key" in known.detail
    assert source.keys is not None
    assert source.keys.hex() in known.detail
    assert source.contract.hex() in known.detail
    unknown = findings(board, replace(chain, census_code=b"\1"))["C4"]
    assert unknown.verdict is Verdict.HOLDS
    assert "whose code this program does not know" in unknown.assumes


def test_one_key_for_several_accounts_only_where_the_poll_says_so() -> None:
    board, chain = a_shared_key(shared_keys=True)
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}


def test_a_round_read_on_chain_holds() -> None:
    for at in (AT, AT + 11):
        found = findings(*sourced(at))
        assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
        assert f"the latest at {at}" in found["C4"].detail
    board, chain = sourced()
    left = not_checked(board, replace(chain, census_times=Undecided("no such block")))
    assert left == {"C4": "no such block"}


def test_an_electorate_of_an_unknown_kind_is_not_checked() -> None:
    assert set(not_checked(*of_electorate(kind=4))) == {"D1"}


def test_what_an_endpoint_cannot_show_of_coins_is_not_checked() -> None:
    for board, chain in (in_coins(0), in_coins(5)):
        assert failing(board, chain) == set()
        assert not not_checked(board, chain)
    assert "may have spent there" in not_checked(*in_coins(-1, spent=True))["D3"]
    unread = of_round(token=bytes(20), moved=Unanswered("pruned"))
    assert not_checked(*unread) == {"D3": "pruned"}


def test_a_token_that_keeps_a_fee_is_not_checked() -> None:
    first, *others = (one for one in round_moved() if isinstance(one, Transfer))
    less = of_round(moved=(replace(first, amount=first.amount - 1), *others))
    assert set(not_checked(*less)) == {"D3"}


def test_a_round_that_cannot_be_read_is_said_once() -> None:
    missing = Unanswered("no contract at 0x… on chain 1")
    left = not_checked(ROUND_BOARD, replace(ROUND_CHAIN, round=missing))
    assert left == {"D1": str(missing), "D2": "as D1", "D3": "as D1", "D4": "as D1"}


def test_missing_events_are_said_to_be_missing() -> None:
    left = not_checked(BOARD, replace(CHAIN, tally=None, awards=None))
    assert "shows no event TallyAccepted" in left["S2"]
    assert {left[number] for number in ("R1", "R2", "R3", "O1")} == {"as S2"}
    left = not_checked(BOARD, replace(CHAIN, anchored=None))
    assert "shows no event RootAnchored" in left["T1"]
    left = not_checked(BOARD, replace(CHAIN, node_keys=()))
    assert "shows no event PollOpened" in left["P4"]


def test_a_rejected_root_restarts_the_clock() -> None:
    anchored = POLL.attest(POLL.root(), range(1, 4), 1)
    chain = replace(
        CHAIN,
        anchored=anchored,
        rejected_rounds=1,
        rejected_at=CLOSES_AT + 500,
        anchored_at=CLOSES_AT + 1039,
    )
    board = replace(BOARD, root=anchored)
    assert failing(board, chain) == set()
    assert failing(board, replace(chain, anchored_at=CLOSES_AT + 1040)) == {"T4"}
    assert failing(board, replace(chain, anchored_at=CLOSES_AT + 499)) == {"T4"}


def test_bytes_that_are_no_board() -> None:
    data = BOARD.encode()
    for broken in (b"", data[:-1], data + b"\0", b"x" + data[1:], data[:100]):
        with pytest.raises(Malformed):
            Audit(CURVE, Claimed(REGISTRY, 1), CHAIN, broken, secrets.randbits)
