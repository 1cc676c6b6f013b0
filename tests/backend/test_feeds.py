"""Calendars and feeds: read by other programs' parsers, and saying what happened and when."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from icalendar import Calendar
from sqlmodel import Session

from ostraka.gateway.feeds import Feeds
from ostraka.gateway.news import News
from ostraka.gateway.notice_texts import Language, NewsKind, feed_title, news_text, period_text
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import IndexedEvent
from ostraka_verifier.units import UnixSeconds
from tests.support.polls import approval_poll
from tests.support.talk_town import ROUND, TalkTown

LANGUAGES: tuple[Language, ...] = ("en", "de", "es", "pl")
TITLE = "Wiosna <&> “2026”"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkTown]:
    folder: Path = tmp_path_factory.mktemp("feeds")
    folder.chmod(0o700)
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    town = TalkTown(approval_poll(), engine)
    now = town.now
    times = {
        "proposalsOpenAt": now - 100,
        "proposalsCloseAt": now + 100,
        "votingOpensAt": now + 200,
        "votingClosesAt": now + 300,
    }
    parameters = {name: str(value) for name, value in times.items()}
    poll_times = {"opensAt": str(now - 50), "closesAt": str(now - 10)}
    organizer = "0x" + "ab" * 20
    rows = [
        (
            "treasury",
            "RoundCreated",
            str(ROUND),
            {"title": TITLE, "organizer": organizer} | {"parameters": parameters},
        ),
        (
            "registry",
            "PollCreated",
            "3",
            {"pollContext": "0x" + "01" * 32} | {"description": "0x00", "parameters": poll_times},
        ),
    ]
    with Session(engine) as session:
        for place, (contract, name, subject, arguments) in enumerate(rows):
            event = IndexedEvent(
                block=2,
                log_index=place,
                contract=contract,
                name=name,
                subject=subject,
                arguments=arguments,
                transaction="0x",
            )
            session.add(event)
        session.commit()
    yield town
    engine.dispose()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rounds_calendar_has_its_periods(town: TalkTown, language: Language) -> None:
    answer = town.api.get(f"/api/v1/rounds/{ROUND}/calendar.ics?lang={language}")
    assert answer.headers["content-type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    proposals, voting = calendar.walk("VEVENT")
    assert str(proposals["SUMMARY"]) == period_text(language, TITLE, voting=False)
    assert str(voting["SUMMARY"]) == period_text(language, TITLE, voting=True)
    assert voting["DTSTART"].dt == datetime.fromtimestamp(town.now + 200, UTC)
    assert voting["DTEND"].dt == datetime.fromtimestamp(town.now + 300, UTC)
    assert proposals["UID"] != voting["UID"]
    # A second download changes the events instead of adding others.
    again = Calendar.from_ical(town.api.get(f"/api/v1/rounds/{ROUND}/calendar.ics").content)
    assert [one["UID"] for one in again.walk("VEVENT")] == [proposals["UID"], voting["UID"]]
    # Without a public address there is no link.
    assert "URL" not in voting


def test_a_polls_calendar_has_its_vote(town: TalkTown) -> None:
    calendar = Calendar.from_ical(town.api.get("/api/v1/polls/3/calendar.ics").content)
    (voting,) = calendar.walk("VEVENT")
    # Its description is unreadable: anybody can create a poll.
    assert str(voting["SUMMARY"]) == "#3: voting"


@pytest.mark.parametrize("path", ["rounds/9/calendar.ics", "rounds/9/feed.atom"])
def test_unknown_rounds_have_no_files(town: TalkTown, path: str) -> None:
    assert town.api.get(f"/api/v1/{path}").status_code == 404
    assert town.api.get("/api/v1/polls/9/calendar.ics").status_code == 404


def test_a_rounds_feed_has_what_happened(town: TalkTown) -> None:
    answer = town.api.get(f"/api/v1/rounds/{ROUND}/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    read = feedparser.parse(answer.content)
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == TITLE
    titles = [one.title for one in read.entries]
    assert titles == [
        news_text("en", NewsKind.PROPOSAL, TITLE, "A bench"),
        news_text("en", NewsKind.PROPOSALS_OPEN, TITLE, ""),
    ]
    assert len({one.id for one in read.entries} | {read.feed.id}) == 3
    assert read.feed.updated == read.entries[0].updated


def test_the_feed_of_everything_has_rounds_and_polls(town: TalkTown) -> None:
    answer = town.api.get("/api/v1/feed.atom?lang=pl")
    read = feedparser.parse(answer.content)
    assert read.feed.title == feed_title("pl")
    titles = [one.title for one in read.entries]
    assert news_text("pl", NewsKind.VOTING_CLOSES, "#3", "") in titles
    assert news_text("pl", NewsKind.PROPOSALS_OPEN, TITLE, "") in titles
    assert news_text("pl", NewsKind.VOTING_OPENS, TITLE, "") not in titles
    assert [one.updated for one in read.entries] == sorted(
        (one.updated for one in read.entries), reverse=True
    )


def test_feeds_have_all_that_the_standard_requires() -> None:
    """RFC 4287, section 4.1, for feeds with hostile titles and for those without entries."""
    news = News(
        NewsKind.PROPOSAL, "round-1", "a\0b", UnixSeconds(9), "/rounds/1", "0x", "<b>\ud7ff"
    )
    feeds = Feeds("1:0xab", "https://vote.example")
    for given in ([news], []):
        made = ElementTree.fromstring(feeds.atom("feed", "A & B", "/", given, "de"))
        for part in (made, *made.findall(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert len(part.findall(f"{ATOM}{name}")) == 1, name
            (link,) = part.findall(f"{ATOM}link")
            assert link.get("href", "").startswith("https://vote.example/")
        assert made.find(f"{ATOM}author/{ATOM}name") is not None
        updated = made.findtext(f"{ATOM}updated", "")
        assert datetime.fromisoformat(updated).tzinfo is not None
