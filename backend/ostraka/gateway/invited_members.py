"""Members of a round who came by invitation: the keys that act for them, and lost keys.

An invitee binds the invitation to a key of their own, once for the vote and for proposals. The
gateway stores this, and brings it to the treasury before the invitee's first proposal, so that only
those who propose cost gas.

Source: docs/protocol.md §6.7, §17.2.
"""

from typing import Any

import structlog

from ostraka.chain.contract import Sent
from ostraka.gateway.context import GatewayContext
from ostraka.storage.gateway_tables import Invitation, Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.census import Census

log = structlog.get_logger()


class InvitedMembers:
    """Members by invitation of one gateway's rounds."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway

    def account(self, plan: Plan, key: bytes) -> bytes | None:
        """Return the invitation that is bound to a key; None if there is none.

        Args:
            plan: A round's, whose members may have come by invitation.
            key: Address, 20 bytes.
        """
        if not invites_members(plan):
            return None
        found = self._gateway.plans.bound_to(plan, key)
        return None if found is None else found.address

    def key(self, plan: Plan, round_id: int, invitation: bytes) -> bytes | None:
        """Return the key that acts for an invitation, 20 bytes.

        Returns:
            The registered key; all zero if the code was replaced and not redeemed since; None if
            nobody redeemed the invitation, so that the key of its code acts, or for an account.

        Raises:
            ChainError: The chain is unreachable.
        """
        if not _are_invited(plan):
            return None
        on_chain = self._gateway.treasury.member_key(round_id, invitation)
        if any(on_chain.signing_key):
            return on_chain.signing_key
        stored = self._stored(plan, invitation)
        if stored is not None and stored.signing_key is not None:
            return stored.signing_key
        return on_chain.signing_key if any(on_chain.code) else None

    def register(
        self, plan: Plan, round_id: int, invitation: bytes, members: Census
    ) -> Sent | None:
        """Bring a redeemed invitation's key to the treasury, unless the treasury has it already.

        Raises:
            ChainError: The chain is unreachable, or the treasury refuses.
        """
        gateway, stored = self._gateway, self._stored(plan, invitation)
        if stored is None or stored.signing_key is None:
            return None
        if any(gateway.treasury.member_key(round_id, invitation).signing_key):
            return None
        signature = stored.by_invitation if stored.code is None else stored.by_code
        if signature is None:
            raise ValueError(f"the invitation {to_hex(invitation)} is bound without a signature")
        key = stored.signing_key
        errand = gateway.errand(f"register {round_id} {to_hex(invitation)} {to_hex(key)}")
        sent = gateway.treasury.register_member(
            errand, round_id, invitation, key, members, signature
        )
        gateway.record(plan, "register member", sent)
        return sent

    def replace(self, round_id: int, invitation: bytes, code: bytes) -> Sent:
        """Replace the code of a redeemed invitation whose key was lost.

        Its key neither proposes nor votes from now on. Whoever has the new code binds another one.

        Args:
            code: Address of the new code, 20 bytes. Repeating the request with it is harmless.

        Raises:
            Problem: The round has no such invitation, nobody redeemed it, or its census is fixed.
            ChainError: The chain is unreachable, or the treasury refuses.
        """
        gateway = self._gateway
        gateway.round(round_id)
        plan = gateway.plans.of_round(round_id)
        if plan is None or plan.members is None or not invites_members(plan):
            detail = "its members were not invited by this gateway"
            raise Problem(ProblemType.NO_INVITATIONS, detail, "round")
        stored = self._stored(plan, invitation)
        if stored is None:
            raise Problem(ProblemType.NO_SUCH_INVITATION, "not of this round", "invitation")
        if plan.census is not None:
            raise Problem(ProblemType.REGISTRATION_CLOSED, "the census is fixed", "invitation")
        errand = gateway.errand(f"replace {round_id} {to_hex(invitation)} {to_hex(code)}")
        if not errand.begun:
            if self.key(plan, round_id, invitation) is None:
                detail = "no one has redeemed it yet; print its letter again instead"
                raise Problem(ProblemType.INVITATION_UNUSED, detail, "invitation")
            self.register(plan, round_id, invitation, Census.decode(plan.members))
            sent = gateway.treasury.replace_member(errand, round_id, invitation, code)
        else:
            sent = gateway.treasury.sent_by(errand)
        gateway.plans.replace(plan, invitation, code)
        gateway.record(plan, "replace member", sent)
        log.info("member replaced", round=round_id, invitation=to_hex(invitation))
        return sent

    def _stored(self, plan: Plan, invitation: bytes) -> Invitation | None:
        return self._gateway.plans.invitation(plan, invitation) if invites_members(plan) else None


def _are_invited(plan: Plan) -> bool:
    members: Any = plan.specification.get("members")
    return plan.is_round and members["kind"] == "invitations"


def invites_members(plan: Plan) -> bool:
    """Return whether a plan's invitations are those of the members who may propose.

    Where a round invites others to vote, redeemed invitations bind voters only, and the keys of the
    members' codes propose.
    """
    if not _are_invited(plan):
        return False
    voters = plan.specification.get("voters")
    return voters is None or voters == plan.specification["members"]
