"""Texts of calendars, feeds and messages, in the languages of the web client.

The client's own texts are in `web/src/messages`; these are read outside of it.
"""

from enum import Enum
from typing import Literal

Language = Literal["en", "de", "es", "pl"]


class NewsKind(Enum):
    """Something that happens in a round or poll."""

    PROPOSALS_OPEN = "proposals_open"
    PROPOSALS_CLOSE = "proposals_close"
    VOTING_OPENS = "voting_opens"
    VOTING_CLOSES = "voting_closes"
    PROPOSAL = "proposal"
    COMMENT = "comment"


_NEWS: dict[Language, dict[NewsKind, str]] = {
    "en": {
        NewsKind.PROPOSALS_OPEN: "{title}: proposals are open",
        NewsKind.PROPOSALS_CLOSE: "{title}: proposals are closed",
        NewsKind.VOTING_OPENS: "{title}: voting is open",
        NewsKind.VOTING_CLOSES: "{title}: voting is closed",
        NewsKind.PROPOSAL: "{title}: new proposal “{detail}”",
        NewsKind.COMMENT: "{title}: new comment on “{detail}”",
    },
    "de": {
        NewsKind.PROPOSALS_OPEN: "{title}: Die Vorschlagsphase hat begonnen",
        NewsKind.PROPOSALS_CLOSE: "{title}: Die Vorschlagsphase ist beendet",
        NewsKind.VOTING_OPENS: "{title}: Die Abstimmung hat begonnen",
        NewsKind.VOTING_CLOSES: "{title}: Die Abstimmung ist beendet",
        NewsKind.PROPOSAL: "{title}: neuer Vorschlag „{detail}“",
        NewsKind.COMMENT: "{title}: neuer Kommentar zu „{detail}“",
    },
    "es": {
        NewsKind.PROPOSALS_OPEN: "{title}: el plazo de propuestas está abierto",
        NewsKind.PROPOSALS_CLOSE: "{title}: el plazo de propuestas está cerrado",
        NewsKind.VOTING_OPENS: "{title}: la votación ha empezado",
        NewsKind.VOTING_CLOSES: "{title}: la votación ha terminado",
        NewsKind.PROPOSAL: "{title}: nueva propuesta «{detail}»",
        NewsKind.COMMENT: "{title}: nuevo comentario sobre «{detail}»",
    },
    "pl": {
        NewsKind.PROPOSALS_OPEN: "{title}: nabór projektów się rozpoczął",
        NewsKind.PROPOSALS_CLOSE: "{title}: nabór projektów się zakończył",
        NewsKind.VOTING_OPENS: "{title}: głosowanie się rozpoczęło",
        NewsKind.VOTING_CLOSES: "{title}: głosowanie się zakończyło",
        NewsKind.PROPOSAL: "{title}: nowy projekt „{detail}”",
        NewsKind.COMMENT: "{title}: nowy komentarz do projektu „{detail}”",
    },
}
_PERIODS: dict[Language, tuple[str, str]] = {
    "en": ("{title}: proposals", "{title}: voting"),
    "de": ("{title}: Vorschläge", "{title}: Abstimmung"),
    "es": ("{title}: propuestas", "{title}: votación"),
    "pl": ("{title}: nabór projektów", "{title}: głosowanie"),
}
_FEEDS: dict[Language, str] = {
    "en": "Rounds and polls",
    "de": "Runden und Abstimmungen",
    "es": "Rondas y votaciones",
    "pl": "Rundy i głosowania",
}


def news_text(language: Language, kind: NewsKind, title: str, detail: str) -> str:
    """Return a line that states what happened.

    Args:
        title: Title of the round or poll.
        detail: Title of the proposal; "" for other kinds.
    """
    return _NEWS[language][kind].format(title=title, detail=detail)


def period_text(language: Language, title: str, *, voting: bool) -> str:
    """Return the name of a period in a calendar: of the vote, or of proposals."""
    return _PERIODS[language][voting].format(title=title)


def feed_title(language: Language) -> str:
    """Return the title of the feed of all rounds and polls."""
    return _FEEDS[language]
