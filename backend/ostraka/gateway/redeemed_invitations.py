"""Redeem invitations: bind each to its holder's own key, until the census is fixed."""

from ostraka.gateway.answers import invitations as answers
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.plans import Replacement, specification_of
from ostraka.planning.asked_poll import electorate_of
from ostraka.planning.electorates import invited_census
from ostraka.planning.specification import Invitations
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Rejected
from ostraka_verifier.redemption import Redemption, check_redemption
from ostraka_verifier.signatures import recover


class RedeemedInvitations:
    """Invitations of one gateway's plans."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway

    def invited(self, address: bytes) -> list[answers.Invitation]:
        """Return the plans in which an invitation may be redeemed, the newest first."""
        return [
            answers.Invitation(
                plan=plan.id,
                title=specification_of(plan).title,
                weight=str(invitation.weight),
                electorate=self._invited_electorate(plan).to_json(),
                signing_key=invitation.signing_key and to_hex(invitation.signing_key),
                code=invitation.code and to_hex(invitation.code),
                open=plan.census is None,
            )
            for plan, invitation in self._gateway.plans.invited(address)
        ]

    def redeem(
        self,
        plan: Plan,
        address: bytes,
        signing_key: bytes,
        redemption: Redemption,
        by_code: bytes | None = None,
    ) -> answers.Redemption:
        """Bind an invitation to its holder's key, and return a signed confirmation.

        Args:
            by_code: Signature of the code that replaced the invitation's own, if one did.

        Raises:
            Problem: The plan has no such invitation, it or the key was used before, registration is
                over, or one of the keys did not sign.
        """
        electorate = self._invited_electorate(plan)
        try:
            check_redemption(redemption, address, signing_key, electorate.digest, electorate.domain)
        except Rejected as rejected:
            raise Problem(ProblemType.CHECK_FAILED, rejected.reason, "signature") from rejected
        replacement = self._replacement(plan, address, signing_key, by_code, electorate)
        invitation = self._gateway.plans.redeem(plan, address, signing_key, redemption, replacement)
        statement = electorate.domain.digest(
            typed_data.REDEEMED, electorate.digest, address, signing_key
        )
        return answers.Redemption(
            plan=plan.id,
            invitation=to_hex(address),
            signing_key=to_hex(signing_key),
            weight=str(invitation.weight),
            statement=to_hex(self._gateway.account.sign_statement(statement)),
        )

    def _replacement(
        self,
        plan: Plan,
        address: bytes,
        signing_key: bytes,
        by_code: bytes | None,
        electorate: InvitedElectorate,
    ) -> Replacement | None:
        """Check the signature of the code that replaced an invitation's own."""
        stored = self._gateway.plans.invitation(plan, address)
        if stored is None or stored.code is None or by_code is None:
            return None
        digest = electorate.domain.digest(
            typed_data.REDEMPTION, electorate.digest, stored.code, signing_key
        )
        if recover(digest, by_code) != stored.code:
            detail = "the code that replaced this invitation's did not sign the redemption"
            raise Problem(ProblemType.CHECK_FAILED, detail, "by_code")
        return Replacement(stored.code, by_code)

    def _invited_electorate(self, plan: Plan) -> InvitedElectorate:
        voters = electorate_of(specification_of(plan))
        if not isinstance(voters, Invitations):
            raise Problem(ProblemType.NO_INVITATIONS, "its voters are not invited", "plan")
        contract = self._gateway.registry if plan.nonce else self._gateway.treasury
        if plan.nonce is None and plan.round_id is None:
            raise Problem(ProblemType.NOT_CREATED, "the round is not on chain yet", "plan")
        root = invited_census(voters).root
        return InvitedElectorate(contract.domain, root, plan.round_id, plan.nonce)
