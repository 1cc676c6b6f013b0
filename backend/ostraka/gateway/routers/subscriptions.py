"""Follow a round, poll or proposal by e-mail or webhook: subscribe, confirm, export, delete."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field

from ostraka.gateway.answers import subscriptions as answers
from ostraka.gateway.dependencies import Gateway
from ostraka.gateway.notice_texts import Language
from ostraka.gateway.problem_groups import CHAIN
from ostraka.gateway.subscription_keys import Purpose
from ostraka.planning.fields import Strict
from ostraka.wire.clients import client_of
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["subscriptions"], route_class=StrictRoute)

SubscriptionId = Annotated[
    str, Path(pattern="^[0-9a-f]{32}$", description="Id of the subscription.")
]
ManageToken = Annotated[
    str,
    Header(
        alias="Subscription-Token",
        max_length=100,
        description="The token of the link in each message.",
    ),
]
OneClickToken = Annotated[
    str, Query(max_length=100, description="The token of the header `List-Unsubscribe`.")
]
_OWN = problems(ProblemType.INVALID_REQUEST, ProblemType.NO_SUCH_SUBSCRIPTION)


class Follow(Strict):
    """Whom to send messages about what."""

    channel: Literal["email", "webhook"]
    subject: Annotated[
        str,
        Field(
            pattern="^(round-[1-9][0-9]{0,17}|poll-[1-9][0-9]{0,17}|proposal-0x[0-9a-f]{64})$",
            examples=["round-1"],
        ),
    ]
    """`round-` or `poll-` and its number, or `proposal-` and its id."""
    address: Annotated[str, Field(max_length=2000, examples=["ada@example.org"])]
    """An e-mail address, or the https URL of a webhook on a public host."""
    language: Language = "en"


class Confirmation(Strict):
    """Consent of the address's holder."""

    token: Annotated[str, Field(max_length=100)]
    """From the link that was sent to the address."""


@router.post(
    "/subscriptions",
    status_code=202,
    responses=problems(
        *CHAIN,
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.CHANNEL_OFF,
        ProblemType.SUBSCRIPTION_LIMIT,
        ProblemType.NO_SUCH_ROUND,
        ProblemType.NO_SUCH_POLL,
        ProblemType.NO_SUCH_PROPOSAL,
    ),
)
def follow(request: Request, gateway: Gateway, wanted: Follow) -> answers.Asked:
    """Ask for messages; the address gets a link for confirmation, and nothing before that.

    A webhook gets a POST of the type `confirmation` with its secret and tokens. Messages are signed
    as the Standard Webhooks specification describes. The answer does not reveal whether the address
    has subscribed. A client may ask 20 times an hour; of one address, 5 subscriptions can wait for
    confirmation.
    """
    client = client_of(request.scope)
    return gateway.subscriptions.ask(
        client, wanted.channel, wanted.subject, wanted.address, wanted.language
    )


@router.post(
    "/subscriptions/{subscription}/confirmation",
    responses=problems(
        *CHAIN,
        ProblemType.MALFORMED,
        ProblemType.INVALID_REQUEST,
        ProblemType.NO_SUCH_SUBSCRIPTION,
    ),
)
def confirm(
    gateway: Gateway, subscription: SubscriptionId, wanted: Confirmation
) -> answers.Subscription:
    """Confirm a subscription; from now on it gets messages."""
    return gateway.subscriptions.confirm(subscription, wanted.token)


@router.get("/subscriptions/{subscription}", responses=_OWN)
def export(
    gateway: Gateway, subscription: SubscriptionId, token: ManageToken
) -> answers.Subscription:
    """All data of a subscription, for its subscriber."""
    return gateway.subscriptions.export(subscription, token)


@router.delete("/subscriptions/{subscription}", responses=_OWN)
def delete(gateway: Gateway, subscription: SubscriptionId, token: ManageToken) -> answers.Removed:
    """Delete a subscription with all its data."""
    gateway.subscriptions.remove(subscription, token, Purpose.MANAGE)
    return answers.Removed(removed=True)


@router.post("/subscriptions/{subscription}/unsubscribe", responses=_OWN)
def unsubscribe(
    gateway: Gateway, subscription: SubscriptionId, token: OneClickToken
) -> answers.Removed:
    """Unsubscribe with one click, as mail programs do (RFC 8058); deletes all data."""
    gateway.subscriptions.remove(subscription, token, Purpose.UNSUBSCRIBE)
    return answers.Removed(removed=True)
