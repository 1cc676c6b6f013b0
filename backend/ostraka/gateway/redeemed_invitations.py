"""Redeem invitations: bind each to its holder's own key, until the census is fixed."""

from ostraka.gateway.answers import invitations as answers
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.plans import specification_of
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
                open=plan.census is None,
            )
            for plan, invitation in self._gateway.plans.invited(address)
        ]

    def redeem(
        self, plan: Plan, address: bytes, signing_key: bytes, redemption: Redemption
    ) -> answers.Redemption:
        """Bind an invitation to its holder's key, and return a signed confirmation.

        Raises:
            Problem: The plan has no such invitation, it or the key was used before, registration is
                over, or one of the keys did not sign.
        """
        electorate = self._invited_electorate(plan)
        try:
            check_redemption(redemption, address, signing_key, electorate.digest, electorate.domain)
        except Rejected as rejected:
            raise Problem(ProblemType.CHECK_FAILED, rejected.reason, "signature") from rejected
        invitation = self._gateway.plans.redeem(plan, address, signing_key, redemption)
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

    def _invited_electorate(self, plan: Plan) -> InvitedElectorate:
        voters = electorate_of(specification_of(plan))
        if not isinstance(voters, Invitations):
            raise Problem(ProblemType.NO_INVITATIONS, "its voters are not invited", "plan")
        contract = self._gateway.registry if plan.nonce else self._gateway.treasury
        if plan.nonce is None and plan.round_id is None:
            raise Problem(ProblemType.NOT_CREATED, "the round is not on chain yet", "plan")
        root = invited_census(voters).root
        return InvitedElectorate(contract.domain, root, plan.round_id, plan.nonce)
