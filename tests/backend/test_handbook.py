"""What docs/operations.md tells operators to type exists; its SQL deletes what it says."""

import re
import shlex

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from ostraka.demo.chains import CHECKOUT
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import IdempotentRequest, Invitation, Plan, RelayCount, Step
from ostraka.storage.node_tables import (
    AskedRepair,
    LoggedReceipt,
    NodePoll,
    PeerReceipt,
    StoredBallot,
)
from tests.support.commands import require_command

HANDBOOK = (CHECKOUT / "docs/operations.md").read_text()
FINISHED, OTHER = 7, 8


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", HANDBOOK)


def commands() -> list[str]:
    """Return all commands of `ostraka` that operators should type."""
    found = []
    for line in "\n".join(blocks("sh")).replace("\\\n", " ").splitlines():
        command = re.search(r"(?:^|/bin/|compose exec node1 )ostraka (.*)", line)
        if command:
            found.append(shlex.join(shlex.split(command[1], comments=True)))
    return found


def test_the_handbook_names_commands() -> None:
    assert len(commands()) > 15


@pytest.mark.parametrize("command", commands())
def test_every_command_exists(command: str) -> None:
    require_command(shlex.split(command))


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"(?m)^#+ (.*)$", HANDBOOK)
    anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
    for link in re.findall(r"\]\(([^)]+)\)", HANDBOOK):
        path, _, anchor = link.partition("#")
        if path and not path.startswith("http"):
            assert (CHECKOUT / "docs" / path).exists(), link
        elif anchor:
            assert anchor in anchors, link


def run(url: str, schema: Schema, statements: str) -> None:
    engine = open_database(url, schema)
    with engine.begin() as connection:
        for statement in statements.split(";"):
            if statement.strip():
                wanted = {"poll": FINISHED} if ":poll" in statement else {}
                connection.execute(text(statement), wanted)
    engine.dispose()


def test_a_node_forgets_a_finished_poll_and_no_other(url: str) -> None:
    engine = open_database(url, Schema.NODE)
    for_nodes, _ = blocks("sql")
    with Session(engine) as session:
        for poll, destroyed in ((FINISHED, True), (OTHER, False)):
            session.add_all(
                [
                    NodePoll(
                        poll_id=poll,
                        poll_context=bytes([poll]) * 32,
                        census=b"census",
                        public_key=b"key",
                        announcement=b"signed",
                        key_destroyed=destroyed,
                    ),
                    StoredBallot(
                        poll_id=poll,
                        voter=bytes(20),
                        cast_at_unix_s=1,
                        digest=b"digest",
                        signed=b"ballot",
                        boxes=b"",
                    ),
                    PeerReceipt(poll_id=poll, digest=b"digest", node=2, signature=b"signed"),
                    LoggedReceipt(poll_id=poll, position=0, digest=b"digest"),
                    AskedRepair(
                        poll_id=poll,
                        target=1,
                        subject=b"subject",
                        ballot_digest=b"digest",
                        helpers=b"12",
                        attempt=1,
                        repair_hash=b"hash",
                        signature=b"signed",
                    ),
                ]
            )
        session.commit()
    # A poll whose key is not destroyed is left alone, even if somebody names it.
    for poll in (FINISHED, OTHER):
        run(url, Schema.NODE, for_nodes.replace(":poll", str(poll)))
    with Session(engine) as session:
        for table in (NodePoll, StoredBallot, PeerReceipt, LoggedReceipt, AskedRepair):
            assert [row.poll_id for row in session.exec(select(table))] == [OTHER]
    engine.dispose()


def test_a_gateway_forgets_a_finished_plan_and_no_other(url: str) -> None:
    engine = open_database(url, Schema.GATEWAY)
    _, for_gateways = blocks("sql")
    with Session(engine) as session:
        for poll, finished in ((FINISHED, True), (OTHER, False)):
            name = str(poll) * 16
            session.add_all(
                [
                    Plan(
                        id=name,
                        is_round=True,
                        specification={},
                        round_id=poll,
                        poll_id=poll,
                        finished=finished,
                    ),
                    Invitation(plan_id=name, address=bytes([poll]) * 20),
                    Step(plan_id=name, name="open", transaction="0x", gas_used=1, block=1),
                    RelayCount(round_id=poll, member=bytes(20)),
                ]
            )
        session.add(IdempotentRequest(key_hash=b"key", fingerprint=b"request", outcome={"a": 1}))
        session.commit()
    for poll in (FINISHED, OTHER):
        run(url, Schema.GATEWAY, for_gateways.replace(":poll", str(poll)))
    with Session(engine) as session:
        assert [row.poll_id for row in session.exec(select(Plan))] == [OTHER]
        assert [row.round_id for row in session.exec(select(RelayCount))] == [OTHER]
        for table in (Invitation, Step):
            assert [row.plan_id for row in session.exec(select(table))] == [str(OTHER) * 16]
    engine.dispose()
