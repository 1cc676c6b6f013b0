"""Checks D1 to D4: the round of a treasury whose money the poll decides about.

Source: docs/protocol.md §13.
"""

from collections import Counter
from dataclasses import dataclass

from ostraka_verifier.checks.audit import Audit, readable
from ostraka_verifier.checks.finding import Held
from ostraka_verifier.checks.generators import release_of, require_immutables, require_same_release
from ostraka_verifier.checks.outcome import recomputed
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.evidence import (
    OUTCOME_LOST,
    ROUND_DECIDED,
    ROUND_VETOED,
    ROUND_VOID,
    CodeEvidence,
    CoinReceipt,
    ProposalEvidence,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.outcome import FundingRule, GreedyByCategory, Proportional
from ostraka_verifier.releases import created_address, domain_immutables
from ostraka_verifier.snapshot import CensusSource, InvitedCensus
from ostraka_verifier.wording import counted

MEMBERS_ELECTORATE, FIXED_ELECTORATE, SOURCE_ELECTORATE, INVITED_ELECTORATE = range(4)
"""Kinds of a round's electorate (§17.4)."""


PLAIN_POLL = "this poll is not part of a budget round"
"""Detail of the checks about money, where there is none."""

_PAYS_NOTHING = "which created the poll, pays nothing by its outcome"

_NOT_THE_MEMBERS = (
    "the voters, who are not the round's members, are those that its funders expected"
)


def check_d1(audit: Audit) -> Held:
    """D1: the round that the description names decides by this poll about these options."""
    reference, treasury = audit.description.round, audit.chain.creator
    if reference is None:
        if audit.chain.creator_is_treasury:
            raise Rejected(
                "D1", "description", "it names no round, but a treasury created the poll"
            )
        if audit.chain.creator_is_contract:
            # A wallet, or a treasury that pretends to be another contract.
            return Held(PLAIN_POLL, f"the contract 0x{treasury.hex()}, {_PAYS_NOTHING}")
        return Held(PLAIN_POLL)
    if reference.treasury != treasury:
        raise Rejected("D1", "round", f"the poll was created by 0x{treasury.hex()}")
    found = _Round(reference.round_id, audit.round)
    rule, options, evidence = audit.outcome_rule, audit.description.options, found.evidence
    if (evidence.registry, evidence.poll_id) != (audit.claimed.registry, audit.claimed.poll_id):
        raise Rejected("D1", "round", f"it decides by a different poll, {evidence.poll_id}")
    if not isinstance(rule, FundingRule):
        raise Rejected("D1", "outcome", "the rule of a round's poll must fund or divide")
    # In a proportional round proposals have no amounts before the decision, and awards after it.
    costs = None if isinstance(rule, Proportional) else rule.costs
    budget = rule.amount if isinstance(rule, Proportional) else rule.budget
    if budget != evidence.budget:
        raise Rejected("D1", "budget", f"{budget} in the poll, {evidence.budget} in the round")
    slots = rule.contenders if isinstance(rule, Proportional) else len(rule.costs)
    if len(found.standing) != len(options) or len(options) != slots:
        proposals = counted(len(found.standing), "proposal", "proposals")
        shown = counted(len(options), "option", "options")
        raise Rejected("D1", "options", f"{proposals}, {shown}")
    for slot, proposal in enumerate(found.standing):
        if proposal.title != options[slot]:
            raise Rejected("D1", f"options[{slot}]", "the proposal has another title")
        if costs is not None and proposal.amount != costs[slot]:
            raise Rejected("D1", f"costs[{slot}]", "the proposal asks for another amount")
        if isinstance(rule, GreedyByCategory) and proposal.category != rule.categories[slot]:
            raise Rejected("D1", f"categories[{slot}]", "the proposal names another category")
    audit.description.check_words(evidence.title, evidence.text)
    said, assumes = _check_electorate(audit, evidence)
    return Held(f"round {found.round_id} of treasury 0x{treasury.hex()}; {said}", assumes)


def _check_electorate(audit: Audit, evidence: RoundEvidence) -> tuple[str, str]:
    """Check the round's electorate; return who votes, and what that assumes."""
    parameters, fixed = audit.parameters, evidence.electorate
    if parameters.secret != evidence.secret:
        asked = "secret" if evidence.secret else "not secret"
        raise Rejected("D1", "secret", f"the round asked for a poll that is {asked}")
    if fixed.kind in (MEMBERS_ELECTORATE, FIXED_ELECTORATE):
        if parameters.census_root != fixed.root:
            raise Rejected(
                "D1", "electorate", "the poll has a different census than the round fixed"
            )
        if fixed.root == evidence.member_root:
            return "its members vote", ""
        if fixed.kind == MEMBERS_ELECTORATE:
            raise Rejected("D1", "electorate", "the round has other members")
        return "voters fixed with the round", _NOT_THE_MEMBERS
    if fixed.kind == SOURCE_ELECTORATE:
        if keccak256(fixed.source) != fixed.root:
            raise Rejected("D1", "electorate", "the event shows a different source than was fixed")
        if not isinstance(audit.description.census, CensusSource):
            raise Rejected("D1", "electorate", "the round fixed a source on chain")
        return "voters are read on chain", _NOT_THE_MEMBERS
    if fixed.kind != INVITED_ELECTORATE:
        raise Undecided(
            f"the round has an electorate of kind {fixed.kind}, unknown to this program"
        )
    invited = audit.description.census
    if not isinstance(invited, InvitedCensus) or invited.root != fixed.root:
        raise Rejected("D1", "electorate", "the round fixed other invitations")
    if parameters.voters > fixed.voters:
        voters = counted(parameters.voters, "voter", "voters")
        raise Rejected("D1", "electorate", f"{voters}, {fixed.voters} invited")
    if parameters.total_weight > fixed.weight:
        raise Rejected("D1", "electorate", f"weight {parameters.total_weight} of {fixed.weight}")
    return "voters are invited", _NOT_THE_MEMBERS


def check_d2(audit: Audit) -> str:
    """D2: the treasury funds the winners recomputed from the tally, and nothing else."""
    found = _round(audit)
    if found is None:
        return PLAIN_POLL
    rule, evidence = audit.outcome_rule, found.evidence
    _ = audit.tally
    if _is_void(audit, evidence):
        if evidence.committed or any(proposal.funded for proposal in evidence.proposals):
            raise Rejected("D2", "committed", f"{evidence.committed}, though the round is void")
        return "the round is void; nothing is funded"
    if not isinstance(rule, FundingRule):
        raise Undecided("needs D1")
    awards = recomputed(audit, "D1")
    if [proposal.funded for proposal in found.standing] != [award > 0 for award in awards]:
        raise Rejected("D2", "winners", "the treasury funds other proposals")
    if isinstance(rule, Proportional):
        for slot, (proposal, award) in enumerate(zip(found.standing, awards, strict=True)):
            if proposal.amount != award:
                raise Rejected("D2", f"award[{slot}]", f"{proposal.amount}, expected {award}")
    for proposal in evidence.proposals:
        if proposal.withdrawn and proposal.funded:
            raise Rejected("D2", f"proposal 0x{proposal.id.hex()}", "withdrawn and funded")
    committed = sum(proposal.amount for proposal in found.standing if proposal.funded)
    if evidence.committed != committed or committed > evidence.budget:
        raise Rejected("D2", "committed", f"{evidence.committed}, the winners cost {committed}")
    funded = sum(proposal.funded for proposal in found.standing)
    return f"{counted(funded, 'proposal', 'proposals')} for {committed}"


def check_d3(audit: Audit) -> str:
    """D3: each payout went once to the recipient of a funded proposal, in its amount."""
    found = _round(audit)
    if found is None:
        return PLAIN_POLL
    evidence = found.evidence
    is_void = _is_void(audit, evidence)
    proposals = {proposal.id: proposal for proposal in evidence.proposals}
    paid = set[bytes]()
    for payout in evidence.payouts:
        name, proposal = f"payout 0x{payout.proposal_id.hex()}", proposals.get(payout.proposal_id)
        if proposal is None or not proposal.funded:
            raise Rejected("D3", name, "not a funded proposal")
        if payout.proposal_id in paid:
            raise Rejected("D3", name, "paid twice")
        if (payout.recipient, payout.amount) != (proposal.recipient, proposal.amount):
            raise Rejected("D3", name, "a different recipient or amount than proposed")
        paid.add(payout.proposal_id)
    for proposal in evidence.proposals:
        if proposal.paid != (proposal.id in paid):
            raise Rejected("D3", f"proposal 0x{proposal.id.hex()}", "its payout is not recorded")
    total = sum(payout.amount for payout in evidence.payouts)
    if evidence.paid_out != total or total > evidence.deposited:
        raise Rejected("D3", "paid out", f"{evidence.paid_out}, the payouts come to {total}")
    _check_moved(evidence)
    if evidence.status == ROUND_VETOED:
        if paid:
            raise Rejected("D3", "paid out", f"{total}, though the payouts were vetoed")
        return "the payouts were vetoed; nothing was paid"
    if is_void:
        if paid:
            raise Rejected("D3", "paid out", f"{total}, though the round is void")
        return "the round is void; nothing was paid"
    unpaid = sum(proposal.funded and not proposal.paid for proposal in evidence.proposals)
    return f"{len(paid)} paid, {total} in all; {unpaid} not claimed"


def _is_void(audit: Audit, evidence: RoundEvidence) -> bool:
    """Return whether a round pays nobody, because the outcome of its opened ballots was lost.

    Raises:
        Undecided: It is neither void for that reason nor decided.
    """
    if evidence.status in ROUND_DECIDED:
        return False
    outcome = audit.chain.outcome
    if (
        evidence.status == ROUND_VOID
        and outcome is not None
        and readable(outcome).state in OUTCOME_LOST
    ):
        return True
    raise Undecided("the round is not decided yet")


def _check_moved(evidence: RoundEvidence) -> None:
    """Check payouts by the token's events or the recipients' balances."""
    moved = readable(evidence.moved)
    owed = Counter[tuple[bytes, bytes, int]]()
    for one in evidence.payouts:
        owed[one.transaction, one.recipient, one.amount] += 1
    if any(evidence.token):
        seen = Counter(
            (one.transaction, one.recipient, one.amount)
            for one in moved
            if isinstance(one, Transfer)
        )
        for missing in owed - seen:
            recipient = missing[1]
            if any(key[:2] == missing[:2] for key in seen - owed):
                # Some tokens keep a fee. The treasury does not decide how much arrives.
                raise Undecided(f"the token moved another amount to 0x{recipient.hex()}")
            raise Rejected(
                "D3",
                f"payout of {missing[2]} to 0x{recipient.hex()}",
                "the token moved no such amount",
            )
        return
    receipts = {(one.recipient, one.block): one for one in moved if isinstance(one, CoinReceipt)}
    coins = Counter[tuple[bytes, int]]()
    for one in evidence.payouts:
        coins[one.recipient, one.block] += one.amount
    for (recipient, block), amount in coins.items():
        name, receipt = f"payout to 0x{recipient.hex()}", receipts.get((recipient, block))
        if receipt is None:
            raise Undecided(f"balances of 0x{recipient.hex()} were not read")
        if receipt.after - receipt.before >= amount:
            continue
        grown = f"its balance changed by {receipt.after - receipt.before} in block {block}"
        if receipt.spent:
            # Spending within the block hides what the account received.
            raise Undecided(f"{name} of {amount}: {grown}, and it may have spent there")
        raise Rejected("D3", name, f"{grown}, {amount} were due")


def check_d4(audit: Audit) -> str | Held:
    """D4: treasury and its rules are contracts of a known release."""
    reference = audit.description.round
    if reference is None:
        return PLAIN_POLL
    evidence, treasury = audit.round, reference.treasury
    found = release_of(audit, "BudgetTreasury", CodeEvidence(treasury, evidence.code))
    if evidence.registry != audit.claimed.registry:
        raise Rejected("D4", "treasury", f"its registry is 0x{evidence.registry.hex()}")
    rules = created_address(treasury, 1)
    expected = {"registry": word(audit.claimed.registry), "rules": word(rules)}
    expected["_firstChainId"] = word(audit.chain.chain_id)
    expected |= domain_immutables(audit.chain.chain_id, treasury)
    require_immutables("BudgetTreasury", found, expected)
    if evidence.rules.address != rules:
        raise Rejected("D4", "rules", "not the contract that the treasury created")
    require_same_release("RoundRules", release_of(audit, "RoundRules", evidence.rules), found)
    detail = f"treasury 0x{treasury.hex()} of release {found.release}"
    if treasury == found.address:
        return f"{detail}, at the address that its creation code gives"
    # The code does not show what a changed constructor wrote into storage.
    return Held(
        detail,
        f"the treasury 0x{treasury.hex()} was created with empty accounts",
    )


@dataclass(frozen=True)
class _Round:
    round_id: int
    evidence: RoundEvidence

    @property
    def standing(self) -> list[ProposalEvidence]:
        return [proposal for proposal in self.evidence.proposals if not proposal.withdrawn]


def _round(audit: Audit) -> _Round | None:
    reference = audit.description.round
    if reference is None:
        return None
    return _Round(reference.round_id, audit.round)
