"""Relay members' signed proposals, changes and withdrawals to the treasury; claim payouts.

The gateway pays for these transactions, for each member and each proposal up to a quota.
"""

import time
from threading import BoundedSemaphore

from ostraka.chain.contract import ChainError, Refused, Reverted, Sent
from ostraka.chain.errors import NotMinedYet
from ostraka.chain.sending import Errand
from ostraka.chain.treasury import Authorization, Item, RoundStatus, membership
from ostraka.gateway.answers import proposals as answers
from ostraka.gateway.answers.proposals import ToSign
from ostraka.gateway.answers.rounds import Membership, Sibling
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.invited_members import InvitedMembers
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka.wire.typed_json import typed_json
from ostraka.wire.wording import utc_time
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import later

RELAYS_PER_MEMBER = 20
"""Most transactions of one member in one round that the gateway pays."""
PAYOUT_TRIES = 5
"""Most failed payouts of one proposal that the gateway pays."""
PAYOUTS_AT_ONCE = 4
"""Most requests that wait for payouts: anybody may ask, and each request occupies a thread."""
_SIGNING_S = 3600
_TOO_EARLY = "BudgetTreasuryTooEarly"
_NEXT_BLOCK_S = 20
"""Longest wait of a payout for the block after that of the decision."""
_LOOK_S = 0.5
_KEPT_CENSUSES = 8


class RelayedProposals:
    """Relays members' signed requests with one gateway's account."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._members: dict[str, Census] = {}
        self._invited = InvitedMembers(gateway)
        self._payouts = BoundedSemaphore(PAYOUTS_AT_ONCE)

    def signing_key(self, round_id: int, account: bytes) -> bytes | None:
        """Return the key that signs for a member, 20 bytes; None if the account is no member.

        For a member by invitation, it is the key that the invitation is bound to; all zero if its
        code was replaced and not redeemed since.
        """
        plan, members = self._plan(round_id)
        entry = members.by_account.get(account)
        if entry is None:
            return None
        return self._invited.key(plan, round_id, account) or entry.signing_key

    def _plan(self, round_id: int) -> tuple[Plan, Census]:
        self._gateway.round(round_id)
        plan = self._gateway.plans.of_round(round_id)
        if plan is None or plan.members is None:
            detail = "this gateway did not create the round, and does not know its members"
            raise Problem(ProblemType.MEMBERS_UNKNOWN, detail, "round")
        # Reading many members takes long.
        if plan.id not in self._members:
            while len(self._members) >= _KEPT_CENSUSES:
                self._members.pop(next(iter(self._members)), None)
            self._members[plan.id] = Census.decode(plan.members)
        return plan, self._members[plan.id]

    def member(self, round_id: int, account: bytes) -> Membership:
        """Return a member's membership with its proof; Problem if it is not a member.

        Args:
            account: The member's account, or the key that is bound to a member's invitation.
        """
        plan, members = self._plan(round_id)
        if account not in members.by_account:
            account = self._invited.account(plan, account) or account
        try:
            key, weight, index, root_hash, total, count, siblings = membership(members, account)
        except ValueError as error:
            raise Problem(ProblemType.NO_SUCH_MEMBER, str(error), "account") from None
        registered = self._invited.key(plan, round_id, account)
        return Membership(
            account=to_hex(account),
            signing_key=key.lower(),
            registered_key=registered and to_hex(registered),
            weight=str(weight),
            index=index,
            root_hash=to_hex(root_hash),
            total_weight=str(total),
            count=count,
            siblings=[Sibling(hash=to_hex(one), sum=str(weight)) for one, weight in siblings],
        )

    def to_sign(self, kind: str, member: bytes, subject: int | bytes, item: Item | None) -> ToSign:
        """Return nonce, deadline and EIP-712 statement that a member signs.

        Args:
            kind: `proposal`, `revision` or `withdrawal`.
            subject: The round, or the proposal.
        """
        treasury = self._gateway.treasury
        nonce = treasury.nonce(member)
        if isinstance(subject, int):
            deadline = self._gateway.round(subject).parameters.proposals_close_at
            head: tuple[int | bytes, ...] = (subject, member)
        else:
            deadline = later(self._gateway.registry.head().timestamp, _SIGNING_S)
            head = (subject,)
        types = {
            "proposal": typed_data.PROPOSAL,
            "revision": typed_data.REVISION,
            "withdrawal": typed_data.WITHDRAWAL,
        }
        words = item.words() if item else ()
        return ToSign(
            authorization=answers.Authorization(
                member=to_hex(member), nonce=str(nonce), deadline=deadline
            ),
            typed_data=typed_json(treasury.domain, types[kind], *head, *words, nonce, deadline),
        )

    def propose(self, round_id: int, item: Item, signed: Authorization) -> tuple[bytes, Sent]:
        """Send a member's signed proposal."""
        gateway, head = self._gateway, (round_id, signed.member, *item.words())
        errand, members = self._authorized(round_id, signed, typed_data.PROPOSAL, *head)
        return gateway.treasury.propose(errand, round_id, item, members, signed)

    def revise(self, round_id: int, proposal: bytes, item: Item, signed: Authorization) -> Sent:
        """Send a member's signed change of a proposal."""
        gateway, head = self._gateway, (proposal, *item.words())
        errand, members = self._authorized(round_id, signed, typed_data.REVISION, *head)
        return gateway.treasury.revise_for(errand, proposal, item, members, signed)

    def withdraw(self, round_id: int, proposal: bytes, signed: Authorization) -> Sent:
        """Send a member's signed withdrawal of a proposal."""
        gateway = self._gateway
        errand, members = self._authorized(round_id, signed, typed_data.WITHDRAWAL, proposal)
        return gateway.treasury.withdraw_for(errand, proposal, members, signed)

    def _authorized(
        self, round_id: int, signed: Authorization, kind: str, *head: int | bytes | str
    ) -> tuple[Errand, Census]:
        """Check a member's request; return the sender of its transaction and the round's members.

        The signed statement identifies the transaction, so that a repeated request sends no second
        one. The treasury checks the signature, too; this check keeps strangers from using up what
        the gateway pays.
        """
        plan, members = self._plan(round_id)
        key = self.signing_key(round_id, signed.member)
        if key is None:
            detail = f"{to_hex(signed.member)} is not a member of this round"
            raise Problem(ProblemType.NOT_A_MEMBER, detail, "authorization.member")
        digest = self._gateway.treasury.domain.digest(kind, *head, signed.nonce, signed.deadline)
        if recover(digest, signed.signature) != key:
            detail = "not of this request by the member's signing key"
            raise Problem(ProblemType.CHECK_FAILED, detail, "authorization.signature")
        errand = self._gateway.errand(f"relay {digest.hex()}")
        if errand.begun:
            return errand, members
        nonce = self._gateway.treasury.nonce(signed.member)
        if signed.nonce != nonce:
            # A replayed signature copied from the chain must not consume the member's quota.
            detail = f"{signed.nonce} is not the member's next nonce, {nonce}"
            raise Problem(ProblemType.NONCE_USED, detail, "authorization.nonce")
        self._gateway.plans.count_relay(round_id, signed.member, RELAYS_PER_MEMBER)
        # Before the first proposal, the treasury learns the key that an invitee chose.
        self._invited.register(plan, round_id, signed.member, members)
        return errand, members

    def claim(self, round_id: int, proposal_id: bytes) -> Sent:
        """Send the transaction that pays a funded proposal to its recipient.

        Raises:
            Problem: The recipient refused too many payouts, or too many requests are waiting for
                payouts.
        """
        if not self._payouts.acquire(blocking=False):
            detail = "other payouts are being sent; ask again in a few seconds"
            raise Problem(ProblemType.BUSY, detail, "", 2)
        try:
            return self._claim(round_id, proposal_id)
        finally:
            self._payouts.release()

    def _claim(self, round_id: int, proposal_id: bytes) -> Sent:
        gateway, errand = self._gateway, self._payout(proposal_id)
        if errand.begun:
            return gateway.treasury.sent_by(errand)
        self._require_open_payouts(round_id)
        # A recipient that accepts the payment in the gas estimate and refuses it when mined would
        # make the gateway pay endlessly.
        gateway.plans.count_relay(round_id, proposal_id, PAYOUT_TRIES)
        try:
            return self._claim_later(errand, proposal_id)
        except (Reverted, NotMinedYet):
            raise
        except ChainError:
            if not errand.begun:
                gateway.plans.forget_relay(round_id, proposal_id)
            raise

    def _require_open_payouts(self, round_id: int) -> None:
        """Problem before payouts open, and after a veto."""
        view = self._gateway.round(round_id)
        if view.status is RoundStatus.VETOED:
            raise Problem(ProblemType.NOTHING_TO_PAY, "the payouts were vetoed", "proposal")
        if self._gateway.registry.head().timestamp < view.payouts_open_at:
            detail = f"payouts open at {utc_time(view.payouts_open_at)}"
            raise Problem(ProblemType.NOTHING_TO_PAY, detail, "proposal")

    def _claim_later(self, errand: Errand, proposal_id: bytes) -> Sent:
        """Claim once there is a block after that of the round's decision."""
        deadline_monotonic_s = time.monotonic() + _NEXT_BLOCK_S
        while True:
            try:
                return self._gateway.treasury.claim(errand, proposal_id)
            except Refused as error:
                if error.name != _TOO_EARLY or time.monotonic() > deadline_monotonic_s:
                    raise
            time.sleep(_LOOK_S)

    def paying(self, proposal_id: bytes) -> bool:
        """Whether this gateway sent a proposal's payout, mined or not."""
        return self._payout(proposal_id).begun

    def _payout(self, proposal_id: bytes) -> Errand:
        return self._gateway.errand(f"pay {to_hex(proposal_id)}")
