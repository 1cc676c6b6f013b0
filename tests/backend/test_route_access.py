"""Every route of the gateway has the access that is written here; a new route needs a line."""

import importlib
import pkgutil

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from ostraka.gateway import routers
from ostraka.gateway.api import describe_api
from ostraka.gateway.dependencies import Requirement
from ostraka.gateway.roles import Permission, Role

ANY_ORGANIZER = "any organizer"
BY_PERMISSION: dict[str, set[str]] = {
    Permission.ADMINISTER: {
        "GET /organizers",
        "POST /organizers",
        "POST /organizers/{organizer}/revocation",
        "POST /organizers/{organizer}/rotation",
        "PUT /organizers/{organizer}/role",
    },
    Permission.ORGANIZE: {
        "POST /polls",
        "POST /rehearsals",
        "POST /rounds",
        "POST /rounds/{round_id}/funding",
        "POST /rounds/{round_id}/members/{account}/replacement",
        "POST /rounds/{round_id}/refunds",
    },
    Permission.MODERATE: {
        "GET /rounds/{round_id}/comments",
        "POST /comments/{comment}/moderation",
    },
    Permission.READ_LOG: {"GET /audit-log"},
    ANY_ORGANIZER: {"GET /organizer", "POST /sign-out"},
}
ANYBODY = {
    "GET /committees",
    "GET /config",
    "GET /feed.atom",
    "POST /images",
    "GET /images/{sha256}",
    "POST /invitations/redemption",
    "GET /invitations/{address}",
    "GET /plans",
    "GET /plans/{plan}",
    "GET /polls",
    "GET /polls/{poll_id}",
    "POST /polls/{poll_id}/ballots",
    "POST /polls/{poll_id}/ballots:batch",
    "GET /polls/{poll_id}/board",
    "HEAD /polls/{poll_id}/board",
    "GET /polls/{poll_id}/calendar.ics",
    "GET /polls/{poll_id}/census",
    "GET /polls/{poll_id}/disputes",
    "GET /polls/{poll_id}/events",
    "GET /polls/{poll_id}/omitted",
    "POST /polls/{poll_id}/omitted",
    "GET /polls/{poll_id}/progress",
    "GET /polls/{poll_id}/receipts/{digest}",
    "GET /polls/{poll_id}/opened",
    "GET /polls/{poll_id}/opened.csv",
    "GET /polls/{poll_id}/opened.pb",
    "GET /polls/{poll_id}/opened.preflib",
    "GET /polls/{poll_id}/outcome",
    "GET /polls/{poll_id}/results",
    "GET /polls/{poll_id}/results.csv",
    "GET /polls/{poll_id}/results.pb",
    "GET /polls/{poll_id}/voters/{address}",
    "GET /proposals/{proposal}",
    "PUT /proposals/{proposal}",
    "GET /proposals/{proposal}/comments",
    "POST /proposals/{proposal}/comments",
    "PUT /proposals/{proposal}/details",
    "GET /proposals/{proposal}/endorsements",
    "PUT /proposals/{proposal}/endorsements/{member}",
    "POST /proposals/{proposal}/payout",
    "POST /proposals/{proposal}/withdrawal",
    "GET /rounds",
    "GET /rounds/{round_id}",
    "GET /rounds/{round_id}/calendar.ics",
    "GET /rounds/{round_id}/feed.atom",
    "GET /rounds/{round_id}/funders",
    "GET /rounds/{round_id}/members/{account}",
    "GET /rounds/{round_id}/moderation",
    "GET /rounds/{round_id}/proposals",
    "GET /rounds/{round_id}/replacements",
    "POST /rounds/{round_id}/proposals",
    "GET /rounds/{round_id}/talk",
    "POST /sign-in",
    "POST /sign-in/message",
    "GET /statements/{statement}",
    "POST /subscriptions",
    "GET /subscriptions/{subscription}",
    "DELETE /subscriptions/{subscription}",
    "POST /subscriptions/{subscription}/confirmation",
    "POST /subscriptions/{subscription}/unsubscribe",
    "GET /tokens/{token}",
    "POST /typed-data",
}


def permission_in(dependant: Dependant) -> list[str]:
    """What a route requires, directly or through what it depends on."""
    own = dependant.call
    found = [own.permission or ANY_ORGANIZER] if isinstance(own, Requirement) else []
    return found + [one for inner in dependant.dependencies for one in permission_in(inner)]


def routes() -> dict[str, list[str]]:
    """What each route of the API requires, by method and path below /api/v1."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(routers.__path__, f"{routers.__name__}.")
    ]
    return {
        f"{method} {route.path}": permission_in(route.dependant)
        for module in modules
        for route in getattr(module, "router", APIRouter()).routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def test_every_documented_route_is_looked_at() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in describe_api().openapi()["paths"].items()
        for method in methods
    }
    assert described - routes().keys() == {"GET /health", "GET /ready"}


def test_every_route_has_the_access_that_is_written_here() -> None:
    written = {name: [needed] for needed, names in BY_PERMISSION.items() for name in names}
    assert routes() == written | {name: [] for name in ANYBODY}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.ADMINISTRATOR, set(Permission)),
        (Role.ORGANIZER, {Permission.ORGANIZE, Permission.MODERATE, Permission.READ_LOG}),
        (Role.MODERATOR, {Permission.MODERATE}),
        (Role.OBSERVER, {Permission.READ_LOG}),
    ],
)
def test_a_role_allows_only_what_belongs_to_it(role: Role, allowed: set[Permission]) -> None:
    assert role.permissions == allowed
