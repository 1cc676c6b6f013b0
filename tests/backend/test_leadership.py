"""One of several gateways leads, and another takes over: on SQLite and on PostgreSQL."""

from ostraka.storage.database import Schema, open_database
from ostraka.storage.leadership import Leadership


def test_one_program_leads_and_another_takes_over(url: str) -> None:
    engines = [open_database(url, Schema.GATEWAY) for _ in range(2)]
    first, second = (Leadership(engine) for engine in engines)
    assert first.held()
    assert not second.held()
    assert first.held()
    first.release()
    engines[0].dispose()
    assert second.held()
    second.release()
    engines[1].dispose()
