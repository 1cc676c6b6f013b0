"""What a report states of the money of a round.

Source: docs/protocol.md §17.
"""

from dataclasses import dataclass

from ostraka_verifier.category_names import split_names
from ostraka_verifier.checks import Audit
from ostraka_verifier.evidence import RoundEvidence
from ostraka_verifier.html_report.formats import amount
from ostraka_verifier.html_report.references import Currency, References, answer_or_none
from ostraka_verifier.outcome import GreedyByCategory


@dataclass(frozen=True)
class ProposalFacts:
    """A proposal on which a round decides; `transaction` is that of its payout."""

    title: str
    amount: int
    recipient: bytes
    funded: bool
    paid: bool
    withdrawn: bool
    transaction: bytes | None


@dataclass(frozen=True)
class MoneyFacts:
    """The money of a round, in the smallest unit of its currency.

    Attributes:
        proposals: Funded ones first, in the order of the ballot.
        categories: Names of the categories; empty without names.
    """

    treasury: bytes
    round_id: int
    currency: Currency
    budget: int
    deposited: int
    committed: int
    paid_out: int
    proposals: tuple[ProposalFacts, ...]
    categories: tuple[str, ...]

    @property
    def left(self) -> int:
        """What funded proposals leave of the budget."""
        return max(0, self.budget - self.committed)

    def shown(self, units: int) -> str:
        """Return an amount in whole units of the currency, where its decimals are known."""
        symbol, decimals = self.currency.symbol, self.currency.decimals
        if decimals is None:
            return f"{amount(units, 0, None)} smallest units of {symbol or 'the token'}"
        unnamed = "token units" if self.currency.token else "coins"
        return amount(units, decimals, symbol or unnamed)


def money_of(audit: Audit, references: References) -> MoneyFacts | None:
    """Return the money of an audited poll's round; None without a round that could be read."""
    description = answer_or_none(lambda: audit.description)
    evidence = audit.chain.round
    if description is None or description.round is None or not isinstance(evidence, RoundEvidence):
        return None
    paid = {one.proposal_id: one.transaction for one in evidence.payouts}
    return MoneyFacts(
        treasury=description.round.treasury,
        round_id=description.round.round_id,
        currency=references.currency or Currency(evidence.token, None, None),
        budget=evidence.budget,
        deposited=evidence.deposited,
        committed=evidence.committed,
        paid_out=evidence.paid_out,
        categories=_category_names(audit, evidence),
        proposals=tuple(
            ProposalFacts(
                title=one.title,
                amount=one.amount,
                recipient=one.recipient,
                funded=one.funded,
                paid=one.paid,
                withdrawn=one.withdrawn,
                transaction=paid.get(one.id),
            )
            for one in sorted(evidence.proposals, key=lambda one: not one.funded)
        ),
    )


def _category_names(audit: Audit, evidence: RoundEvidence) -> tuple[str, ...]:
    """Return the names of a round's categories, from the end of its text (§17.1)."""
    rule = answer_or_none(lambda: audit.outcome_rule)
    if not isinstance(rule, GreedyByCategory):
        return ()
    return tuple(split_names(evidence.text, len(rule.category_budgets))[1])
