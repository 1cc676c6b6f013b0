"""Committees in the API."""

from ostraka.gateway.answers import committees as answers
from ostraka.gateway.context import GatewayContext
from ostraka.wire.records import to_hex
from ostraka_verifier.parameters import Committee


def committees_of(gateway: GatewayContext) -> list[answers.Committee]:
    """Return the committees that the gateway serves, the default first."""
    found = (gateway.registry.committee(digest) for digest in gateway.committees)
    return [committee_answer(one) for one in found if one is not None]


def committee_answer(committee: Committee) -> answers.Committee:
    """Return a committee with its nodes."""
    return answers.Committee(
        digest=to_hex(committee.digest),
        threshold=committee.threshold,
        faults=committee.faults,
        quorum=committee.quorum,
        nodes=[
            answers.CommitteeNode(node=number, address=to_hex(member.address), url=member.url)
            for number, member in enumerate(committee.members, start=1)
        ],
    )
