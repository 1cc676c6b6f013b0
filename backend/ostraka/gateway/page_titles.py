"""Titles of the pages that belong to a round or a poll, from the index."""

import re

from ostraka.gateway.context import REGISTRY, TREASURY
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.pages import NoSuchPage
from ostraka.wire.records import from_hex
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError

_PAGE = re.compile(r"/(rounds|polls)/([^/]*)(?:/.*)?")
_NUMBER = re.compile("[1-9][0-9]{0,17}")


class PageTitles:
    """Titles of rounds and polls of one gateway."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer

    def __call__(self, path: str) -> str:
        """Return the title of the round or poll of a page; "" for other pages.

        Raises:
            NoSuchPage: There is no such round or poll, or it is not indexed yet.
        """
        found = _PAGE.fullmatch(path)
        if found is None:
            return ""
        kind, number = found.groups()
        if not _NUMBER.fullmatch(number):
            raise NoSuchPage(path)
        contract, name = (
            (TREASURY, "RoundCreated") if kind == "rounds" else (REGISTRY, "PollCreated")
        )
        events = self._indexer.events(contract, [name], number)
        if not events:
            raise NoSuchPage(path)
        created = events[-1].arguments
        if kind == "rounds":
            return str(created["title"])
        try:
            return Description.decode(from_hex(created["description"], "description")).title
        except AuditError:
            return ""
