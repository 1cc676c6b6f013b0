"""Send what a watchtower decides: bonds within limits, each transaction once.

Nothing waits for a block: the next transaction takes the next nonce. What waits is read from the
journal, and counts against every limit.

Source: docs/protocol.md §11.3; docs/operations.md, "Watch the roots of polls".
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from ostraka.chain.contract import Sent
from ostraka.chain.dispute_log import DisputeLog
from ostraka.chain.disputes import (
    BONDS_DOUBLE_AFTER,
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
from ostraka.chain.registry import PollView
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
from ostraka.guard.pending import Fate, Pending
from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

_MORE_ATTEMPTS = 3
"""How often a move without a bond is sent again before the block in which it reverted is final."""
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
            the same), "refused" (by the contract, before it is sent or in its block) or "failed".
        bond: In wei; 0 without one.
        transaction: Hash of what was sent; a replacement at a higher fee has another one.
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
        self._pending = Pending(disputes, payer)
        self._sent: dict[str, Step] = {}

    def look(self) -> list[Step]:
        """Send again what waits for a block, and return what its block refused since the last look.

        Raises:
            ChainError: The chain is out of reach.
        """
        self._pending.update()
        refused = []
        for purpose, step in list(self._sent.items()):
            # One that was given up had reverted, or another one took its nonce.
            outgoing = self._payer.errand(purpose).outgoing
            fate = Fate.REVERTED if outgoing is None else self._pending.fate(outgoing)
            if fate is Fate.WAITING:
                continue
            del self._sent[purpose]
            if fate is Fate.REVERTED:
                refused.append(replace(step, outcome="refused", detail="reverted in its block"))
        return refused

    @property
    def is_full(self) -> bool:
        """Whether no more may be sent before a block comes."""
        return self._pending.is_full

    @property
    def waits(self) -> bool:
        """Whether something that was sent waits for a block."""
        return bool(self._sent)

    def pending(
        self, poll: DisputedPoll, docket: Docket, view: PollView, now: UnixSeconds
    ) -> tuple[Challenge, ...]:
        """Return the account's challenges of a root that wait for a block."""
        return self._pending.challenges(poll, docket, view, now)

    def affordable(self, poll: DisputedPoll, facts: Facts) -> int:
        """Return how many challenges the account may make now, by limits and coin."""
        bond = self._bond(poll, facts)
        if bond > self._limits.max_bond_wei:
            # One is decided, and then refused with the reason.
            return 1
        left = self._limits.poll_budget_wei - self._spent(poll, facts)
        return max(1, min(left, self._coins()) // max(1, bond))

    def _bond(self, poll: DisputedPoll, facts: Facts, fee: tuple[int, int] = _NEXT_FEE) -> int:
        """Return the bond of the next challenge, after those that wait for a block."""
        times, parts = fee
        bond = self._disputes.bond_of(poll, self._disputes.base_fee() * times // parts)
        opened = len(facts.docket.of_round(facts.view.round).challenges)
        then = opened + len(self._unseen(poll, facts))
        return bond << (then // BONDS_DOUBLE_AFTER - opened // BONDS_DOUBLE_AFTER)

    def _spent(self, poll: DisputedPoll, facts: Facts) -> int:
        """Return the wei in the account's bonds about a poll, with those that wait for a block."""
        waiting = sum(one.bond for one in self._unseen(poll, facts))
        return spent_by(facts.docket, self._payer.address) + waiting

    def _unseen(self, poll: DisputedPoll, facts: Facts) -> tuple[Challenge, ...]:
        """Return the challenges that wait for a block now, with those sent since the decision."""
        return self._pending.challenges(poll, facts.docket, facts.view, facts.now_unix_s)

    def _coins(self) -> int:
        """Return the account's coin that nothing which waits for a block can take, in wei."""
        return max(0, self._disputes.coins_of(self._payer.address) - self._pending.most_wei)

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
        """Return the sender of a move's transaction: the same one after a restart.

        It has no other, with one exception. A reorganization may put an answer into a block before
        the challenge. If what takes no bond reverted, it is sent again at once: its time may be
        over before that block is final, and it costs a fee at most. A bond could be taken twice.
        """
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
        purpose = f"{kind} {where} {root} {detail.hex()[:32]}"
        errand = self._payer.errand(purpose, waits=False)
        if isinstance(move, DemandLeaf | DemandBallot):
            return errand
        for attempt in range(2, 2 + _MORE_ATTEMPTS):
            outgoing = errand.outgoing
            if outgoing is None or self._pending.fate(outgoing) is not Fate.REVERTED:
                break
            errand = self._payer.errand(f"{purpose}, attempt {attempt}", waits=False)
        return errand

    def send(
        self,
        published: PublishedPoll,
        errand: Errand,
        poll: DisputedPoll,
        facts: Facts,
        move: Move,
    ) -> Step:
        """Send a move's only transaction, and do not wait for a block.

        Raises:
            ChainError: It was sent before and is not mined yet, the account cannot pay, or the
                contract refuses.
        """
        words, bond = described(move), 0
        if isinstance(move, DemandLeaf | DemandBallot):
            bond = self._bond(poll, facts)
            objection = None if errand.begun else self._objection(bond, poll, facts)
            if objection is not None:
                return Step(poll.poll_id, words, "failed", objection, bond)
            if not (isinstance(move, DemandLeaf) and move.is_guess):
                bond = max(bond, self._ample_bond(poll, facts))
        if errand.begun:
            sent = self._transact(published, errand, poll, facts, move, bond)
            return Step(poll.poll_id, words, "waiting", f"it is in block {sent.block}")
        with suppress(NotMinedYet):
            self._transact(published, errand, poll, facts, move, bond)
        return self._noted(errand, Step(poll.poll_id, words, "sent", "", bond))

    def _noted(self, errand: Errand, step: Step) -> Step:
        """Count a transaction that was sent, and return its step with the hash."""
        outgoing = errand.outgoing
        if outgoing is None:
            return step
        self._pending.add(outgoing)
        sent = replace(step, transaction=outgoing.versions[-1].hash)
        self._sent[outgoing.purpose] = sent
        return sent

    def _transact(
        self,
        published: PublishedPoll,
        errand: Errand,
        poll: DisputedPoll,
        facts: Facts,
        move: Move,
        bond: int,
    ) -> Sent:
        disputes, digest = self._disputes, facts.view.root.digest
        match move:
            case Prove(fault):
                return self._prove(errand, poll, fault)
            case DemandLeaf(index):
                return disputes.challenge_leaf(errand, poll, digest, index, bond)
            case DemandBallot(one):
                return disputes.challenge_omission(
                    errand, poll, digest, one.ballot, one.receipts, bond
                )
            case AnswerLeaf(challenge, index, evidence):
                payee = self._payee(published, challenge)
                return disputes.answer_leaf(errand, poll, index, evidence, payee)
            case AnswerOmission(challenge, ballot, index, leaf, siblings):
                payee = self._payee(published, challenge)
                return disputes.answer_omission(errand, poll, ballot, index, leaf, siblings, payee)
            case AnswerInvalid(challenge, ballot, content):
                payee = self._payee(published, challenge)
                return disputes.answer_invalid_ballot(errand, poll, ballot, content, payee)
            case Expire(challenge):
                return disputes.expire(errand, poll, challenge.id)
            case Close(challenge):
                return disputes.close(errand, poll, challenge.id)

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

    def _ample_bond(self, poll: DisputedPoll, facts: Facts) -> int:
        """Return a bond that a rising base fee does not make too small, within the limits."""
        return min(
            self._bond(poll, facts, _HIGHEST_FEE),
            self._limits.max_bond_wei,
            self._limits.poll_budget_wei - self._spent(poll, facts),
            self._coins() // 2,
        )

    def _objection(self, bond: int, poll: DisputedPoll, facts: Facts) -> str | None:
        """Return why a bond must not be paid; None if it may."""
        own = self._payer.address
        if bond > self._limits.max_bond_wei:
            return f"a bond of {bond} wei is needed; the limit is {self._limits.max_bond_wei}"
        spent = self._spent(poll, facts)
        if spent + bond > self._limits.poll_budget_wei:
            budget = self._limits.poll_budget_wei
            return f"bonds of {spent} wei are open or spent, {bond} more exceed the budget {budget}"
        coins = self._coins()
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
        purpose = f"withdraw {self._disputes.address.hex()}"
        if self._pending.waits(purpose):
            # Another one would find nothing left.
            return []
        errand = self._payer.errand(f"{purpose} {credit}", waits=False)
        balance = self._disputes.balance_of(own)
        worth = _WORTH * _WITHDRAWAL_GAS * self._disputes.base_fee()
        if errand.begun or balance <= worth:
            self._withdrawn = credit
            return []
        try:
            with suppress(NotMinedYet):
                self._disputes.withdraw(errand)
        except (LowOnCoin, Refused) as error:
            return [Step(0, "withdraw", "failed", str(error))]
        log.info("withdrawal", wei=str(balance))
        return [self._noted(errand, Step(0, "withdraw", "sent", f"{balance} wei"))]


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
