#!/usr/bin/env bash
# SQLAlchemy 2.1.9 gives a connection back to its pool with an open transaction when COMMIT fails.
#
# SQLite checks a deferred foreign key at COMMIT. If it is violated, COMMIT fails and the transaction
# stays open, so that the program can mend it or roll back (https://www.sqlite.org/foreignkeys.html).
# After Connection.commit() or Session.commit() has raised IntegrityError, closing the connection or
# session rolls nothing back, and the pool's reset does not either. The next user of the pool gets the
# same connection and reads a row as stored that was never committed, and that no other connection
# sees. With engine.begin() the transaction is rolled back, as expected. Output seen on 2026-11-29 with
# Python 3.11:
#   engine.begin: the pool shows 0 rows, in a transaction: False; the file has 0
#   Connection.commit: the pool shows 1 rows, in a transaction: True; the file has 0
#   Session.commit: the pool shows 1 rows, in a transaction: True; the file has 0
# Exits non-zero when the library behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    sqlalchemy==2.1.9 typing-extensions==4.16.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sqlite3
import sys
from pathlib import Path

from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

# Poll 7 does not exist.
WRITE = text("INSERT INTO ballot VALUES (1, 7)")


def by_begin(engine):
    with engine.begin() as connection:
        connection.execute(WRITE)


def by_connection(engine):
    with engine.connect() as connection:
        connection.execute(WRITE)
        connection.commit()


def by_session(engine):
    with Session(engine) as session:
        session.execute(WRITE)
        session.commit()


def after(write, file):
    """Return what the pool's next user sees, and what is stored, after a commit that fails."""
    engine = create_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE poll (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text(
                "CREATE TABLE ballot (id INTEGER PRIMARY KEY,"
                " poll INTEGER REFERENCES poll (id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    try:
        write(engine)
    except IntegrityError:
        pass
    else:
        raise AssertionError("the commit did not fail")
    with engine.connect() as connection:
        open_before = connection.connection.in_transaction
        shown = connection.scalar(text("SELECT count(*) FROM ballot"))
    engine.dispose()
    with sqlite3.connect(file) as other:
        (stored,) = other.execute("SELECT count(*) FROM ballot").fetchone()
    return shown, open_before, stored


cases = [
    ("engine.begin", by_begin, (0, False, 0)),
    ("Connection.commit", by_connection, (1, True, 0)),
    ("Session.commit", by_session, (1, True, 0)),
]
changed = False
for number, (name, write, expected) in enumerate(cases):
    found = after(write, Path(sys.argv[1]) / f"{number}.db")
    shown, in_transaction, stored = found
    print(
        f"{name}: the pool shows {shown} rows, in a transaction: {in_transaction}; "
        f"the file has {stored}"
    )
    changed |= found != expected
sys.exit(changed)
PYTHON
