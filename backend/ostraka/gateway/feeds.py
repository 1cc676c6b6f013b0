"""Calendars (iCalendar) and feeds (Atom) of rounds and polls.

Source: RFC 5545; RFC 4287.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from icalendar import Calendar, Event

from ostraka.gateway.news import News, Period, Schedule
from ostraka.gateway.notice_texts import Language, NewsKind, news_text, period_text
from ostraka_verifier.units import UnixSeconds

CALENDAR_TYPE, ATOM_TYPE = "text/calendar", "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_PRODUCT = "-//Ostraka//Gateway//EN"
# The XML standard has no form for these, not even an escaped one.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ElementTree.register_namespace("", _ATOM)


class Feeds:
    """Writes calendars and feeds of one deployment."""

    def __init__(self, deployment: str, public_url: str) -> None:
        """Args:
        deployment: Identifies chain and treasury, in letters, digits and colons.
        public_url: Address at which people reach the gateway; "" if it is unknown.
        """
        self._deployment = deployment
        self._public_url = public_url

    def calendar(self, schedule: Schedule, now: UnixSeconds, language: Language) -> bytes:
        """Return a calendar of the periods of a round or poll."""
        calendar = Calendar()
        calendar.add("version", "2.0")
        calendar.add("prodid", _PRODUCT)
        calendar.add("method", "PUBLISH")
        calendar.add("name", schedule.title)
        for period in schedule.periods:
            calendar.add_component(self._event(schedule, period, now, language))
        return bytes(calendar.to_ical())

    def atom(
        self, name: str, title: str, path: str, news: Sequence[News], language: Language
    ) -> bytes:
        """Return an Atom feed.

        Args:
            name: Identifies the feed within the deployment.
            path: Path of the page that it is about.
            news: Newest first.
        """
        feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"xml:lang": language})
        _add(feed, "id", self._urn(name))
        _add(feed, "title", title)
        # A feed without entries has never been changed.
        _add(feed, "updated", _moment(news[0].at if news else UnixSeconds(0)))
        _add(_add(feed, "author"), "name", "Ostraka")
        _add(feed, "link", href=self._public_url + path, rel="alternate", type="text/html")
        for one in news:
            entry = _add(feed, "entry")
            _add(entry, "id", self._urn(one.name))
            _add(entry, "title", news_text(language, one.kind, one.title, one.detail))
            _add(entry, "updated", _moment(one.at))
            href = self._public_url + one.path
            _add(entry, "link", href=href, rel="alternate", type="text/html")
        return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))

    def _event(
        self, schedule: Schedule, period: Period, now: UnixSeconds, language: Language
    ) -> Event:
        voting = period.opening is NewsKind.VOTING_OPENS
        event = Event()
        event.add("uid", self._urn(f"{schedule.subject}:{'voting' if voting else 'proposals'}"))
        event.add("dtstamp", datetime.fromtimestamp(now, UTC))
        event.add("dtstart", datetime.fromtimestamp(period.opens_at, UTC))
        event.add("dtend", datetime.fromtimestamp(period.closes_at, UTC))
        event.add("summary", period_text(language, schedule.title, voting=voting))
        # Nobody is busy the whole time.
        event.add("transp", "TRANSPARENT")
        if self._public_url:
            event.add("url", self._public_url + schedule.path)
        return event

    def _urn(self, name: str) -> str:
        return f"urn:ostraka:{self._deployment}:{name}"


def _add(
    parent: ElementTree.Element, name: str, text: str = "", **attributes: str
) -> ElementTree.Element:
    added = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    added.text = _NOT_XML.sub("\ufffd", text) or None
    return added


def _moment(at: UnixSeconds) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
