"""Names of fields that are nearly known, failures in plain words, and texts in all languages."""

import re
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from ostraka.cli.letters import LANGUAGES as LETTERS
from ostraka.gateway.message_texts import confirmation_text, message_text
from ostraka.gateway.notice_texts import Language, NewsKind, news_text
from ostraka.wire.wording import close_to, of_file
from ostraka_verifier.rpc import no_answer


def test_errors_of_servers_and_files_name_none_of_our_tools() -> None:
    assert no_answer(httpx.ConnectError("x")) == "no connection"
    assert no_answer(httpx.ReadTimeout("x")) == "no answer in time"
    assert no_answer(httpx.RemoteProtocolError("x")) == "the connection was lost"
    with pytest.raises(OSError) as raised:
        Path("/nowhere/at/all").read_text()
    assert of_file(raised.value) == "/nowhere/at/all: No such file or directory"


def test_misspelt_names_get_a_suggestion() -> None:
    known = ("accounts_file", "max_length")
    assert close_to("account_file", known) == "accounts_file"
    assert close_to("Max-Length", known) == "max_length"
    assert close_to("max_length", known) == close_to("colour", known) == ""


@pytest.mark.parametrize(
    ("language", "quotes"), [("en", "“”"), ("de", "„“"), ("es", "«»"), ("pl", "„”")]
)
def test_letters_and_messages_are_alike_in_all_languages(language: Language, quotes: str) -> None:
    letter = [getattr(LETTERS[language], field.name) for field in fields(LETTERS[language])]
    assert "".join(letter).count("{name}") == 1
    news = [news_text(language, kind, "TITLE", "DETAIL") for kind in NewsKind]
    with_detail = {NewsKind.PROPOSAL, NewsKind.COMMENT}
    for kind, line in zip(NewsKind, news, strict=True):
        assert "TITLE" in line
        assert ("DETAIL" in line) == (kind in with_detail)
    subject, confirm = confirmation_text(language, "TITLE", "LINK", 24)
    assert "TITLE" in subject
    assert "TITLE" in confirm
    assert "LINK" in confirm
    assert " 24 " in confirm
    message = message_text(language, "LINE", "LINK", "MANAGE")
    assert re.findall("LINE|LINK|MANAGE", message) == ["LINE", "LINK", "MANAGE"]
    for text in (*letter, *news, subject, confirm, message):
        assert re.fullmatch(f"({quotes})*", re.sub("[^“”„«»\"']", "", text)), text
        # Another form of address than the web client's.
        assert not re.search(
            r"  |\b(prosimy|proszę|państw\w+|du|dein\w*)\b", text, re.IGNORECASE
        ), text
