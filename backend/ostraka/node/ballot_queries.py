"""Statements about stored ballots that work with both databases."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, Insert, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped
from sqlmodel import col

from ostraka.storage.node_tables import StoredBallot

_PARAMETERS = 500
"""Databases limit the number of parameters of a statement."""


def adding_ballots(dialect: str) -> Insert:
    """Return the statement of `NodeStore.add_ballots`, which both databases spell alike."""
    insert = sqlite.insert(StoredBallot) if dialect == "sqlite" else postgresql.insert(StoredBallot)
    stored, new = StoredBallot.__table__.columns, insert.excluded  # type: ignore[attr-defined]
    promised = stored.receipt.is_(None) & new.receipt.is_not(None)
    return insert.on_conflict_do_update(
        index_elements=["poll_id", "digest"],
        set_={
            "signed": new.signed,
            "boxes": new.boxes,
            "share_box": new.share_box,
            "receipt": func.coalesce(stored.receipt, new.receipt),
        },
        where=(stored.signed == b"") | promised,
    )


def of_poll(poll_id: int) -> ColumnElement[bool]:
    return col(StoredBallot.poll_id) == poll_id


def of_digests(digests: Iterable[bytes]) -> Iterator[ColumnElement[bool]]:
    """Conditions that select ballots by digest, each with few enough parameters."""
    return chunks(digests, col(StoredBallot.digest))


def chunks(wanted: Iterable[bytes], column: Mapped[bytes]) -> Iterator[ColumnElement[bool]]:
    values = list(wanted)
    for start in range(0, len(values), _PARAMETERS):
        yield column.in_(values[start : start + _PARAMETERS])
