"""Send what a watchtower decides: bonds within limits, each transaction once.

Source: docs/protocol.md §11.3; docs/operations.md, "Watch the roots of polls".
"""

from dataclasses import dataclass
from typing import Any

import structlog

from ostraka.chain.contract import Sent
from ostraka.chain.dispute_log import DisputeLog
from ostraka.chain.disputes import (
    NOBODY,
    Challenge,
    ChallengeState,
    DisputedPoll,
    Disputes,
    Docket,
    Payee,
    leaf_challenge,
    omission_challenge,
)
from ostraka.chain.errors import LowOnCoin, NotMinedYet, Refused
from ostraka.chain.sending import Errand, Payer
from ostraka.guard.deciding import Facts
from ostraka.guard.faults import FalseOrder, FalsePadding, FalseSum
from ostraka.guard.moves import (
    AnswerInvalid,
    AnswerLeaf,
    AnswerOmission,
    Close,
    DemandBallot,
    DemandLeaf,
    Expire,
    Move,
    Prove,
    described,
)
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import Domain

log = structlog.get_logger()

_WITHDRAWAL_GAS = 60_000
_WORTH = 4
"""A withdrawal is worth a transaction if it brings so many times the fee."""
_NEXT_FEE = 5, 4
"""The base fee of the next blocks in terms of the newest one's; it grows by an eighth a block."""
_HIGHEST_FEE = 2, 1
"""Highest base fee at which a transaction that is sent now can be mined. A bond that is too small
by then would fail, and could be sent again only once that block is final."""


@dataclass(frozen=True)
class Limits:
    """What a watchtower may spend, and how long it waits for others.

    Attributes:
        max_bond_wei: Of one challenge.
        poll_budget_wei: Bonds of one poll that are open or spent, together.
        delay_s: Longest random delay before a challenge, an answer or an expiry: another
            watchtower may be faster, and its bond is enough.
        answers: Whether it answers challenges.
        challenges: Whether it challenges.
    """

    max_bond_wei: int
    poll_budget_wei: int
    delay_s: float = 30.0
    answers: bool = True
    challenges: bool = True


@dataclass(frozen=True)
class Step:
    """What became of one move.

    Attributes:
        outcome: "sent", "waiting" (for a block, or a random delay), "overtaken" (somebody else did
            the same), "refused" or "failed".
        bond: In wei; 0 without one.
        transaction: Hash; empty unless it was mined.
    """

    poll: int
    move: str
    outcome: str
    detail: str = ""
    bond: int = 0
    transaction: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Return the form for programs."""
        shown = "0x" + self.transaction.hex() if self.transaction else None
        return {**vars(self), "bond": str(self.bond), "transaction": shown}


class Hands:
    """Sends moves from one account, and answers for a node where it has its key."""

    def __init__(
        self,
        disputes: Disputes,
        events: DisputeLog,
        payer: Payer,
        limits: Limits,
        node_key: SigningKey | None,
    ) -> None:
        """Args:
        node_key: Key of a node; answers to polls of its committees then pay the account back.
        """
        self._disputes = disputes
        self._events = events
        self._payer = payer
        self._limits = limits
        self._node_key = node_key
        self._withdrawn = "0"

    def affordable(self, poll: DisputedPoll, docket: Docket) -> int:
        """Return how many challenges the account may make now, by limits and coin."""
        bond = self._bond(poll)
        if bond > self._limits.max_bond_wei:
            # One is decided, and then refused with the reason.
            return 1
        left = self._limits.poll_budget_wei - spent_by(docket, self._payer.address)
        coins = self._disputes.coins_of(self._payer.address)
        return max(1, min(left, coins) // max(1, bond))

    def _bond(self, poll: DisputedPoll, fee: tuple[int, int] = _NEXT_FEE) -> int:
        times, parts = fee
        return self._disputes.bond_of(poll, self._disputes.base_fee() * times // parts)

    def is_overtaken(self, poll: DisputedPoll, facts: Facts, move: Move) -> bool:
        """Return whether somebody has done it, or it waits for a block."""
        match move:
            case DemandLeaf():
                name = leaf_challenge(poll, facts.view.round, move.index)
                return self._disputes.state_with_pending(name) is not ChallengeState.NONE
            case DemandBallot():
                name = omission_challenge(poll, facts.view.round, move.recorded.ballot)
                return self._disputes.state_with_pending(name) is not ChallengeState.NONE
            case Prove():
                return False
            case _:
                state = self._disputes.state_with_pending(move.challenge.id)
                return state is not ChallengeState.OPEN

    def errand(self, poll: DisputedPoll, facts: Facts, move: Move) -> Errand:
        """Return the sender of a move's only transaction: the same one after a restart."""
        match move:
            case DemandLeaf():
                detail = leaf_challenge(poll, facts.view.round, move.index)
            case DemandBallot():
                detail = omission_challenge(poll, facts.view.round, move.recorded.ballot)
            case Prove():
                detail = keccak256(repr(move.fault).encode())
            case _:
                detail = move.challenge.id
        root = facts.view.root.digest.hex()[:16]
        where = f"{self._disputes.address.hex()[:16]} {poll.registry.hex()[:16]} {poll.poll_id}"
        kind = type(move).__name__
        return self._payer.errand(f"{kind} {where} {root} {detail.hex()[:32]}")

    def send(
        self,
        published: PublishedPoll,
        errand: Errand,
        poll: DisputedPoll,
        facts: Facts,
        move: Move,
    ) -> Step:
        """Send a move's only transaction, or follow it.

        Raises:
            ChainError: It is not mined yet, the account cannot pay, or the contract refuses.
        """
        words, disputes = described(move), self._disputes
        digest, bond = facts.view.root.digest, 0
        match move:
            case Prove(fault):
                sent = self._prove(errand, poll, fault)
            case DemandLeaf() | DemandBallot():
                bond = self._bond(poll)
                objection = None if errand.begun else self._objection(bond, facts.docket)
                if objection is not None:
                    return Step(poll.poll_id, words, "failed", objection, bond)
                if not (isinstance(move, DemandLeaf) and move.is_guess):
                    bond = max(bond, self._ample_bond(poll, facts.docket))
                if isinstance(move, DemandLeaf):
                    sent = disputes.challenge_leaf(errand, poll, digest, move.index, bond)
                else:
                    one = move.recorded
                    sent = disputes.challenge_omission(
                        errand, poll, digest, one.ballot, one.receipts, bond
                    )
            case AnswerLeaf(challenge, index, evidence):
                payee = self._payee(published, challenge)
                sent = disputes.answer_leaf(errand, poll, index, evidence, payee)
            case AnswerOmission(challenge, ballot, index, leaf, siblings):
                payee = self._payee(published, challenge)
                sent = disputes.answer_omission(errand, poll, ballot, index, leaf, siblings, payee)
            case AnswerInvalid(challenge, ballot, content):
                payee = self._payee(published, challenge)
                sent = disputes.answer_invalid_ballot(errand, poll, ballot, content, payee)
            case Expire(challenge):
                sent = disputes.expire(errand, poll, challenge.id)
            case Close(challenge):
                sent = disputes.close(errand, poll, challenge.id)
        return Step(poll.poll_id, words, "sent", "", bond, sent.hash)

    def _prove(
        self, errand: Errand, poll: DisputedPoll, fault: FalseSum | FalsePadding | FalseOrder
    ) -> Sent:
        disputes = self._disputes
        match fault:
            case FalseSum(height, index, stated, children, siblings):
                return disputes.prove_sum(errand, poll, height, index, stated, children, siblings)
            case FalsePadding(height, index, node, siblings):
                return disputes.prove_padding(errand, poll, height, index, node, siblings)
            case FalseOrder(index, leaves, paths):
                return disputes.prove_order(errand, poll, index, leaves, paths)

    def _ample_bond(self, poll: DisputedPoll, docket: Docket) -> int:
        """Return a bond that a rising base fee does not make too small, within the limits."""
        own = self._payer.address
        return min(
            self._bond(poll, _HIGHEST_FEE),
            self._limits.max_bond_wei,
            self._limits.poll_budget_wei - spent_by(docket, own),
            self._disputes.coins_of(own) // 2,
        )

    def _objection(self, bond: int, docket: Docket) -> str | None:
        """Return why a bond must not be paid; None if it may."""
        own = self._payer.address
        if bond > self._limits.max_bond_wei:
            return f"a bond of {bond} wei is needed; the limit is {self._limits.max_bond_wei}"
        spent = spent_by(docket, own)
        if spent + bond > self._limits.poll_budget_wei:
            budget = self._limits.poll_budget_wei
            return f"bonds of {spent} wei are open or spent, {bond} more exceed the budget {budget}"
        coins = self._disputes.coins_of(own)
        if coins < bond:
            return f"account 0x{own.hex()} has {coins} wei; a bond of {bond} wei is needed"
        return None

    def _payee(self, poll: PublishedPoll, challenge: Challenge) -> Payee:
        key = self._node_key
        node = None if key is None else poll.committee.index_of(key.address)
        if key is None or node is None:
            return NOBODY
        domain = Domain(self._disputes.domain.chain_id, self._disputes.address)
        digest = domain.digest(typed_data.ANSWER, challenge.id, self._payer.address)
        return Payee(self._payer.address, node, key.sign(digest))

    def withdraw(self) -> list[Step]:
        """Fetch bonds and payments that are worth a transaction."""
        own = self._payer.address
        credit = self._events.latest_credit(own)
        if credit in ("0", self._withdrawn):
            return []
        errand = self._payer.errand(f"withdraw {self._disputes.address.hex()} {credit}")
        balance = self._disputes.balance_of(own)
        worth = _WORTH * _WITHDRAWAL_GAS * self._disputes.base_fee()
        if errand.settled or balance <= worth:
            self._withdrawn = credit
            return []
        try:
            sent = self._disputes.withdraw(errand)
        except NotMinedYet as error:
            return [Step(0, "withdraw", "waiting", str(error))]
        except (LowOnCoin, Refused) as error:
            return [Step(0, "withdraw", "failed", str(error))]
        log.info("withdrawn", wei=str(balance))
        return [Step(0, "withdraw", "sent", f"{balance} wei", 0, sent.hash)]


def disputed_poll(poll: PublishedPoll) -> DisputedPoll:
    """Return a published poll as disputes name it."""
    identity = poll.identity
    return DisputedPoll(identity.registry, identity.poll_id, poll.parameters, poll.rule.encode())


def spent_by(docket: Docket, account: bytes) -> int:
    """Return the wei in an account's bonds that did not come back: open, or spent by an answer."""
    gone = (ChallengeState.OPEN, ChallengeState.ANSWERED)
    return sum(
        one.bond for one in docket.challenges if one.challenger == account and one.state in gone
    )
