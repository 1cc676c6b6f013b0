"""Calendars and feeds of rounds and polls."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from ostraka.gateway.dependencies import Gateway, PollNumber, RoundNumber
from ostraka.gateway.feeds import ATOM_TYPE, CALENDAR_TYPE
from ostraka.gateway.notice_texts import Language, feed_title
from ostraka.gateway.problem_groups import CHAIN, POLL, ROUND
from ostraka.wire.openapi import content, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["feeds"], route_class=StrictRoute)

InLanguage = Annotated[Language, Query(alias="lang", description="Language of the texts.")]
_CALENDAR = content(CALENDAR_TYPE, "iCalendar (RFC 5545).", text=True)
_FEED = content(ATOM_TYPE, "Atom (RFC 4287), newest entry first.", text=True)


@router.get(
    "/rounds/{round_id}/calendar.ics",
    response_class=Response,
    responses=_CALENDAR | problems(ROUND),
)
def round_calendar(gateway: Gateway, round_id: RoundNumber, lang: InLanguage = "en") -> Response:
    """A calendar of a round's periods of proposals and of the vote."""
    now = gateway.context.registry.head().timestamp
    made = gateway.feeds.calendar(gateway.news.round(round_id), now, lang)
    return _file(made, f"round-{round_id}.ics")


@router.get(
    "/polls/{poll_id}/calendar.ics",
    response_class=Response,
    responses=_CALENDAR | problems(POLL),
)
def poll_calendar(gateway: Gateway, poll_id: PollNumber, lang: InLanguage = "en") -> Response:
    """A calendar of a poll's vote."""
    now = gateway.context.registry.head().timestamp
    made = gateway.feeds.calendar(gateway.news.poll(poll_id), now, lang)
    return _file(made, f"poll-{poll_id}.ics")


@router.get(
    "/feed.atom",
    response_class=Response,
    responses=_FEED | problems(ProblemType.INVALID_REQUEST, *CHAIN),
)
def feed(gateway: Gateway, lang: InLanguage = "en") -> Response:
    """A feed of all rounds, with their proposals, and of polls without a round."""
    news = gateway.news.all()
    made = gateway.feeds.atom("feed", feed_title(lang), "/", news, lang)
    return Response(made, media_type=ATOM_TYPE)


@router.get(
    "/rounds/{round_id}/feed.atom", response_class=Response, responses=_FEED | problems(ROUND)
)
def round_feed(gateway: Gateway, round_id: RoundNumber, lang: InLanguage = "en") -> Response:
    """A feed of a round: its periods and new proposals."""
    summary, news = gateway.news.round(round_id), gateway.news.of_round(round_id)
    path = f"/rounds/{round_id}"
    made = gateway.feeds.atom(f"feed-of-round-{round_id}", summary.title, path, news, lang)
    return Response(made, media_type=ATOM_TYPE)


def _file(made: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type=CALENDAR_TYPE, headers=headers)
