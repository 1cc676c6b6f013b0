"""A node that lost its store signs nothing that could contradict what it signed before.

The rule before was a new, empty store. With it, the node signs a second root in the same round, and
an inventory without ballots for which it gave receipts: proof that it lies.
"""

import ast
import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ostraka.node
from ostraka.files import make_private_folder
from ostraka.node.finality import FinalizedRoot
from ostraka.node.identity import begin_rebuild, end_rebuild
from ostraka.node.late_polls import LatePolls
from ostraka.node.phases import Anchoring, Announced, Releasing, Settling, resume
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.poll_service import PollService
from ostraka.node.rebuild import (
    MARGIN_S,
    Outcome,
    Rebuild,
    latest,
    may_be_final,
    may_have_ballots,
)
from ostraka.node.receipts import Receipt
from ostraka.node.store import NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.units import UnixSeconds
from tests.support.node_polls import (
    ME,
    at,
    node_row,
    observation,
    served_poll,
    settling_service,
)
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import POLL, Village


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def rebuilt(poll: SyntheticPoll, folder: Path, *, late: bool = False) -> PollService:
    """The node after a rebuild, with ballots of its peers."""
    served = served_poll(poll, folder)
    row = node_row(poll, rebuilt=True, may_have_stated_final=late)
    served.rebuilt, served.may_have_stated_final = row.rebuilt, row.may_have_stated_final
    service = PollService(served, resume(served, row, observation(poll)), observation(poll))
    records = [prepared.record for prepared in poll.prepared[:2]]
    asyncio.run(service.accepting.ingest(records))
    at(service, poll.parameters.freezes_at)
    return service


def test_by_the_old_rule_it_contradicts_itself(poll: SyntheticPoll, tmp_path: Path) -> None:
    for name in ("before", "lost"):
        make_private_folder(tmp_path / name)
    before, first = settling_service(poll, tmp_path / "before", ballots=3)
    lost, second = settling_service(poll, tmp_path / "lost", ballots=2)
    assert before.settling._draft(0) != lost.settling._draft(0)
    for service in (before, lost):
        root, signature = service.settling._sign_root(service.settling._draft(0))
        service.served.require_root_signature(poll.node_keys[ME - 1].address, signature, 0, root)
    assert first.inventory_signature != second.inventory_signature


def test_it_signs_no_statement_about_ballots(poll: SyntheticPoll, tmp_path: Path) -> None:
    service = rebuilt(poll, tmp_path)
    phase = service.phase
    assert isinstance(phase, Settling)
    assert phase.inventory_signature is None
    versions = service.served.store.versions(poll.published.poll_id)
    assert [(one.receipted, one.has_share) for one in versions] == [(False, True)] * 2
    proposal = service.settling._draft(0)
    attempts = [
        lambda: service.settling._sign_root(proposal),
        lambda: service.settling.answer_draft(phase, proposal.encode()),
        lambda: asyncio.run(
            service.settling.answer_proposal(phase, proposal.encode(), poll.node_keys[0].address)
        ),
        service.progress.inventory_signature,
        lambda: service.served.sign_receipt(*versions_key(service)),
        lambda: service.served.sign(typed_data.LACKING, poll.context, 9, bytes(32)),
    ]
    for attempt in attempts:
        with pytest.raises(Problem) as caught:
            attempt()
        assert caught.value.kind is ProblemType.POLL_NOT_SERVED
    outcome = service.progress.accepting()
    assert isinstance(outcome, Problem)
    assert outcome.kind is ProblemType.POLL_NOT_SERVED


def versions_key(service: PollService) -> tuple[bytes, int, bytes]:
    version = service.served.store.versions(service.served.poll_id)[0]
    return version.voter, version.cast_at_unix_s, version.digest


@pytest.mark.parametrize("late", [False, True])
def test_it_states_a_final_only_where_it_cannot_have_stated_one(
    poll: SyntheticPoll, tmp_path: Path, late: bool
) -> None:
    service = rebuilt(poll, tmp_path, late=late)
    phase = service.phase
    assert isinstance(phase, Settling)
    digests = [entry.digest for entry in service.settling._draft(0).entries]
    root, _ = service.served.root(digests)
    releasing = phase.anchored(Anchoring(0, root)).releasable(FinalizedRoot(root), digests)
    assert isinstance(releasing, Releasing)
    if not late:
        releasing.sign_final(FinalizedRoot(root))
        assert releasing.own_final() is not None
        return
    with pytest.raises(Problem, match="lost its database"):
        releasing.sign_final(FinalizedRoot(root))
    assert releasing.own_final() is None


def test_only_time_tells_whether_a_root_can_be_final(poll: SyntheticPoll) -> None:
    published = poll.published
    end = published.parameters.freezes_at + published.parameters.dispute_window
    head = replace(observation(poll).head, timestamp=end - MARGIN_S - 1)
    # The machine's own clock is far behind the synthetic poll's.
    assert not may_be_final(published, latest([head]))
    later = replace(head, timestamp=end - MARGIN_S)
    assert may_be_final(published, latest([head, later]))
    assert not may_have_ballots(published, published.parameters.opens_at - MARGIN_S - 1)
    assert may_have_ballots(published, published.parameters.opens_at - MARGIN_S)


@pytest.mark.parametrize("known", [False, True])
def test_a_view_from_before_the_opening_makes_it_forget_nothing(
    poll: SyntheticPoll, tmp_path: Path, known: bool
) -> None:
    """A provider lags behind, or a reorganization undoes the opening: the poll seems not open, so
    the rebuild leaves it out, and its creator sends the census again.

    By the old rule, which trusted this view, the node then accepts other ballots than before.
    """
    later_than = poll.parameters.opens_at

    async def run() -> None:
        async with Village(poll, tmp_path).run(seeded=True) as village:
            key = poll.node_keys[ME - 1]
            secrets = PollSecrets(tmp_path / f"secrets-{ME}", key)
            store = NodeStore(open_database(f"sqlite:///{tmp_path / 'again.db'}", Schema.NODE))
            begin_rebuild(store, secrets)
            registries: list[Any] = [village.registry]
            rebuild = Rebuild(
                poll.curve, store, secrets, registries, key, village.electorates, village.client
            )
            assert (await rebuild.poll(POLL)).outcome is Outcome.NOT_OPEN
            end_rebuild(store, secrets, later_than if known else UnixSeconds(0))
            node = village.node(ME, seeded=False)
            node._store = store
            node._late = LatePolls(rebuild, store, secrets, registries)
            village.nodes[ME] = node
            await village.tick()
            await node.take_census(POLL, village.census_header(), poll.census.encode())
            # The keys can be agreed on as before: the poll may really not be open.
            service = node.poll(POLL)
            assert isinstance(service.phase, Announced)
            # Looked at again, as its secret had no row before, it is not started twice.
            await node._look_at(POLL)
            assert node.poll(POLL) is service
            village.open_seeded()
            await village.tick(3)
            record = poll.prepared[0].record
            answer = await node.poll(POLL).accepting.submit(record, "")
            village.registry.close()
            await village.tick(2)
            phase = node.poll(POLL).phase
            assert isinstance(phase, Settling)
            if not known:
                assert isinstance(answer, Receipt)
                assert phase.inventory_signature is not None
                return
            assert isinstance(answer, Problem)
            assert phase.inventory_signature is None
            # The next start of the node changes nothing.
            row = store.poll(POLL, poll.context)
            assert row is not None
            assert row.rebuilt
            again = resume(node.poll(POLL).served, row, node.poll(POLL).progress.observed)
            assert isinstance(again, Settling)

    asyncio.run(run())


def test_all_statements_about_a_poll_are_signed_in_one_place() -> None:
    """Elsewhere, nothing would hold back the statements that a rebuilt node does not sign."""
    signing = set()
    for path in Path(ostraka.node.__path__[0]).glob("**/*.py"):
        for one in ast.walk(ast.parse(path.read_text())):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
                owner = ast.unparse(one.func.value).rpartition(".")[2].lstrip("_")
                if one.func.attr == "sign" and owner not in {
                    "served",
                    "_served",
                    "state",
                    "_state",
                }:
                    signing.add((path.name, ast.unparse(one.func)))
    assert signing == {
        ("announcing.py", "key.sign"),
        ("served_poll.py", "self.key.sign"),
        # The refusals are in ServedPoll.sign itself.
        ("served_poll.py", "self.sign"),
        # A committee's statement, not a poll's.
        ("service.py", "self.key.sign"),
    }
