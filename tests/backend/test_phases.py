"""Phases of a poll at a node: which follow which, what each holds, and where a restart begins."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.chain.registry import Status
from ostraka.node.finality import FinalizedRoot, PollEnd
from ostraka.node.phases import (
    Accepting,
    Anchored,
    Anchoring,
    Announced,
    Destroyed,
    Phase,
    Releasing,
    Settling,
    resume,
)
from ostraka.node.poll_secrets import LostSecret
from ostraka.node.poll_service import PollService, Sighting
from ostraka.storage.node_tables import SignedRoot
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.merkle_sum import SumRoot
from tests.support.node_polls import (
    accepting_service,
    at,
    in_phase,
    move,
    node_row,
    observation,
    served_poll,
    settling_service,
)
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.type_checker import wrong_lines
from tests.support.village import ScriptedRegistry

ROOT = SumRoot(b"\1" * 32, b"\2" * 64, 7)
OTHER = replace(ROOT, count=6)
SIGNED = bytes(65)
FREEZES = approval_poll().parameters.freezes_at

# --- What typechecks ---------------------------------------------------------------------------

_IMPORTS = """
from ostraka.node.admission import BoxAdmission
from ostraka.node.finality import FinalizedRoot, PollEnd
from ostraka.node.key_agreement import KeyAgreement
from ostraka.node.phases import (
    Accepting, Anchored, Anchoring, Announced, Destroyed, HeldSecret, Releasing, Settling
)
from ostraka.node.release import Release
from ostraka.node.settling import SettlingRounds
"""
_VALUES = (
    "announced: Announced, accepting: Accepting, settling: Settling, anchored: Anchored, "
    "releasing: Releasing, destroyed: Destroyed, anchoring: Anchoring, final: FinalizedRoot, "
    "end: PollEnd, leaves: list[bytes], keys: KeyAgreement, rounds: SettlingRounds, "
    "release: Release"
)
SOUND = {
    "Destroyed": "announced.opened().freeze().anchored(anchoring)"
    ".releasable(final, leaves).destroy(end)",
    "Settling": "settling.anchored(anchoring).rejected()",
    "Announced": "accepting.taken_back()",
    "HeldSecret": "releasing.secret",
    "set[int]": "settling.inventories",
    "BoxAdmission": "releasing.admission",
    "bytes": "keys.answer(announced, b'', b'')",
}
SKIPPED = {
    "freezing without opening": "announced.freeze()",
    "anchoring without freezing": "accepting.anchored(anchoring)",
    "releasing without anchoring": "settling.releasable(final, leaves)",
    "releasing a root that is not final": "anchored.releasable(anchoring, leaves)",
    "releasing without leaves": "anchored.releasable(final)",
    "a Final of a root that may be rejected": "anchored.sign_final(final)",
    "a share while settling": "settling.release_share(final)",
    "a share before the release": "anchored.release_share(final)",
    "rejecting a final root": "releasing.rejected()",
    "accepting again after freezing": "settling.taken_back()",
    "destroying without a final end": "releasing.destroy()",
    "destroying at a final root": "releasing.destroy(final)",
    "a secret after destruction": "destroyed.secret",
    "opening boxes after destruction": "destroyed.admission.share",
    "inventories while accepting": "accepting.inventories",
    "an inventory while accepting": "accepting.inventory_signature",
    "an anchored root while settling": "settling.anchoring",
    "inventories while releasing": "releasing.inventories",
    "answering challenges of an open poll": "keys.answer(accepting, b'', b'')",
    "signing a root while accepting": "rounds.answer_proposal(accepting, b'', b'')",
    "signing a root beside a final one": "rounds.answer_proposal(releasing, b'', b'')",
    "helping before freezing": "rounds.answer_draft(accepting, b'')",
    "a Final while settling": "release.state_final(settling, final)",
}


def test_a_skipped_phase_does_not_typecheck(tmp_path: Path) -> None:
    lines = [*_IMPORTS.splitlines(), f"def sound({_VALUES}) -> None:"]
    for number, (kind, expression) in enumerate(SOUND.items()):
        lines.append(f"    v{number}: {kind} = {expression}")
    lines.append(f"def skipped({_VALUES}) -> None:")
    first = len(lines) + 1
    lines += [f"    print({expression})" for expression in SKIPPED.values()]
    wrong = wrong_lines("\n".join(lines) + "\n", tmp_path)
    refused = {name: wrong.pop(first + number, None) for number, name in enumerate(SKIPPED)}
    assert [name for name, error in refused.items() if error is None] == []
    # What a node does in the right order is sound: the errors come from the order alone.
    assert wrong == {}


# --- Where a restart begins --------------------------------------------------------------------

SHOWN: dict[str, Any] = {"anchored_at": 5, "root": ROOT}


@pytest.mark.parametrize(
    ("status", "view", "row", "phase"),
    [
        (Status.CREATED, {}, {}, Announced),
        (Status.OPEN, {}, {}, Accepting),
        (Status.CLOSED, {}, {}, Accepting),
        (Status.VOID, {}, {}, Accepting),
        # It was down when the others froze: the first tick takes it on from here.
        (Status.ANCHORED, SHOWN, {}, Accepting),
        (Status.CLOSED, {}, {"inventory_signature": SIGNED}, Settling),
        # The chain took the closing back: no receipt is signed after an inventory.
        (Status.OPEN, {}, {"inventory_signature": SIGNED}, Settling),
        (Status.VOID, {}, {"inventory_signature": SIGNED}, Settling),
        (Status.ANCHORED, SHOWN, {"inventory_signature": SIGNED}, Anchored),
        (Status.RELEASABLE, SHOWN, {"inventory_signature": SIGNED}, Anchored),
        (Status.TALLIED, SHOWN, {"inventory_signature": SIGNED}, Anchored),
        (Status.VOID, SHOWN, {"inventory_signature": SIGNED}, Anchored),
        (Status.TALLIED, SHOWN, {"inventory_signature": SIGNED, "key_destroyed": True}, Destroyed),
        (Status.VOID, {}, {"key_destroyed": True}, Destroyed),
        (Status.CREATED, {}, {"rebuilt": True}, Announced),
        (Status.OPEN, {}, {"rebuilt": True}, Settling),
    ],
)
def test_a_restart_finds_the_phase_from_disk_and_chain(
    status: Status,
    view: dict[str, Any],
    row: dict[str, Any],
    phase: type[Phase],
    tmp_path: Path,
) -> None:
    poll = approval_poll()
    served = served_poll(poll, tmp_path)
    found = resume(served, node_row(poll, **row), observation(poll, status=status, **view))
    assert type(found) is phase
    if isinstance(found, Anchored | Destroyed):
        assert found.anchoring == (Anchoring(0, ROOT) if view else None)
    if isinstance(found, Settling | Anchored | Destroyed):
        assert found.inventory_signature == row.get("inventory_signature")


def test_a_restart_needs_the_secret_until_it_is_destroyed(tmp_path: Path) -> None:
    poll = approval_poll()
    served = served_poll(poll, tmp_path)
    served.secrets.destroy(poll.context)
    with pytest.raises(LostSecret, match="is gone"):
        resume(served, node_row(poll), observation(poll))
    destroyed = node_row(poll, key_destroyed=True)
    assert isinstance(resume(served, destroyed, observation(poll)), Destroyed)


# --- Transitions -------------------------------------------------------------------------------


@pytest.fixture
def poll() -> SyntheticPoll:
    return approval_poll()


def releasing(settling: Settling) -> Releasing:
    leaves = [bytes(32)] * ROOT.count
    return settling.anchored(Anchoring(0, ROOT)).releasable(FinalizedRoot(ROOT), leaves)


def test_after_destruction_no_part_of_the_service_holds_the_secret(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    service, settling = settling_service(poll, tmp_path, ballots=2)
    secret = weakref.ref(settling.secret)
    del settling
    move(service, lambda: releasing(in_phase(service, Settling)))
    assert secret() is not None
    move(service, lambda: in_phase(service, Releasing).destroy(PollEnd(Status.TALLIED)))
    gc.collect()
    assert secret() is None
    assert in_phase(service, Destroyed).anchoring == Anchoring(0, ROOT)
    assert all(not one.boxes for one in service.served.store.ballots_after(1, 0, 9))


def test_only_the_final_root_is_released(poll: SyntheticPoll, tmp_path: Path) -> None:
    service, settling = settling_service(poll, tmp_path)
    anchored = settling.anchored(Anchoring(0, ROOT))
    leaves = [bytes(32)] * ROOT.count
    for final, given in ((OTHER, leaves), (ROOT, leaves[1:])):
        with pytest.raises(ValueError, match="a different root than the anchored one"):
            anchored.releasable(FinalizedRoot(final), given)
    phase = anchored.releasable(FinalizedRoot(ROOT), leaves)
    for forbidden in (phase.sign_final, phase.release_share):
        with pytest.raises(ValueError, match="another root is final"):
            forbidden(FinalizedRoot(OTHER))
    phase.sign_final(FinalizedRoot(ROOT))
    with pytest.raises(ValueError, match="too few Final statements"):
        phase.release_share(FinalizedRoot(ROOT))
    assert service.release.shares() == []


def test_each_phase_refuses_requests_that_do_not_fit_it(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    service = accepting_service(poll, tmp_path)
    progress = service.progress

    def refusal(ask: Callable[[], object]) -> ProblemType:
        with pytest.raises(Problem) as caught:
            ask()
        return caught.value.kind

    assert refusal(progress.announced) is ProblemType.TOO_LATE
    assert refusal(progress.frozen) is ProblemType.NOT_FROZEN
    assert refusal(progress.settling) is ProblemType.NOT_FROZEN
    assert refusal(progress.inventory_signature) is ProblemType.NOT_FROZEN
    assert refusal(progress.anchoring) is ProblemType.NOT_SETTLED
    assert isinstance(progress.accepting(), Accepting)
    at(service, FREEZES)
    assert receipt_refusal(service) is ProblemType.POLL_CLOSED
    progress.observed = observation(poll, status=Status.CREATED)
    assert receipt_refusal(service) is ProblemType.POLL_NOT_OPEN
    settling = move(service, in_phase(service, Accepting).freeze)
    progress.observed = observation(poll)
    assert receipt_refusal(service) is ProblemType.POLL_CLOSED
    assert progress.settling() is progress.frozen() is settling
    phase = move(service, lambda: releasing(settling))
    assert refusal(progress.settling) is ProblemType.WRONG_ROUND
    assert progress.anchoring() == Anchoring(0, ROOT)
    move(service, lambda: phase.destroy(PollEnd(Status.TALLIED)))
    assert refusal(progress.frozen) is refusal(progress.settling) is ProblemType.POLL_OVER
    assert progress.inventory_signature() == settling.inventory_signature
    assert receipt_refusal(service) is ProblemType.POLL_CLOSED


def receipt_refusal(service: PollService) -> ProblemType | None:
    answer = service.progress.accepting()
    return answer.kind if isinstance(answer, Problem) else None


# --- What a tick does --------------------------------------------------------------------------


class Chain(ScriptedRegistry):
    """One provider, whose finalized block is its newest."""

    def tick(self, service: PollService) -> Sighting:
        """Let a node see the newest block, and do what is due."""
        service.see(self.head())
        return asyncio.run(service.tick())


def scripted(poll: SyntheticPoll, folder: Path) -> tuple[Chain, PollService]:
    """A node without any peers that answer."""
    chain, service = Chain(poll), accepting_service(poll, folder)
    served: Any = service.served
    served.registries = [chain]
    chain.show(status=Status.OPEN)
    return chain, service


def anchor(chain: Chain, service: PollService) -> SumRoot:
    """A root of no ballot that the node signed, on chain."""
    root, _ = service.served.root([])
    signed = SignedRoot(poll_id=1, round=0, root_digest=root.digest, leaves=b"", signature=b"")
    service.served.store.sign_root(signed)
    chain.show(status=Status.ANCHORED, anchored_at=chain.now, root=root)
    return root


def test_a_tick_leads_from_opening_to_destruction(poll: SyntheticPoll, tmp_path: Path) -> None:
    chain, service = scripted(poll, tmp_path)
    chain.tick(service)
    assert isinstance(service.phase, Accepting)
    chain.show(status=Status.CLOSED)
    chain.now = FREEZES - 1
    chain.tick(service)
    assert isinstance(service.phase, Accepting)
    chain.now = FREEZES
    chain.tick(service)
    assert isinstance(service.phase, Settling)
    anchor(chain, service)
    chain.tick(service)
    assert isinstance(service.phase, Anchored)
    chain.show(status=Status.RELEASABLE)
    chain.tick(service)
    assert isinstance(service.phase, Releasing)
    chain.show(status=Status.TALLIED, tally_deadline=chain.now)
    chain.tick(service)
    # No share without a quorum of Finals: the key stays until the tally's deadline.
    assert isinstance(service.phase, Releasing)
    assert service.release.shares() == []
    chain.now += 1
    chain.tick(service)
    assert isinstance(service.phase, Destroyed)


def test_a_node_that_was_down_goes_through_every_phase(poll: SyntheticPoll, tmp_path: Path) -> None:
    chain, service = scripted(poll, tmp_path)
    chain.now = FREEZES
    anchor(chain, service)
    chain.show(status=Status.RELEASABLE)
    chain.tick(service)
    phase = in_phase(service, Releasing)
    (row,) = service.served.store.polls()
    assert row.inventory_signature == phase.inventory_signature


def test_a_rejected_root_leads_back_to_settling(poll: SyntheticPoll, tmp_path: Path) -> None:
    chain, service = scripted(poll, tmp_path)
    chain.now = FREEZES
    anchor(chain, service)
    chain.tick(service)
    anchored = in_phase(service, Anchored)
    anchored.inventories.add(3)
    chain.show(
        status=Status.CLOSED,
        anchored_at=0,
        root=SumRoot(bytes(32), bytes(64), 0),
        rejected_rounds=1,
        rejected_at=chain.now,
    )
    chain.tick(service)
    assert in_phase(service, Settling).inventories == {3}
    # Another root in its place, and the node saw neither the rejection nor the settling.
    anchor(chain, service)
    chain.tick(service)
    chain.show(root=OTHER, round=2)
    chain.tick(service)
    assert in_phase(service, Anchored).anchoring == Anchoring(2, OTHER)


def test_a_contested_root_is_not_released(poll: SyntheticPoll, tmp_path: Path) -> None:
    chain, service = scripted(poll, tmp_path)
    chain.now = FREEZES
    anchor(chain, service)
    chain.show(status=Status.RELEASABLE, contested=True)
    chain.tick(service)
    assert isinstance(service.phase, Anchored)


def test_before_finality_a_reorganization_undoes_the_opening(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    chain, service = scripted(poll, tmp_path)
    chain.show(status=Status.CREATED, poll_keys=bytes(32))
    chain.tick(service)
    assert isinstance(service.phase, Announced)
    chain.show(status=Status.OPEN)
    chain.tick(service)
    assert isinstance(service.phase, Accepting)
    chain.show(status=Status.NONE)
    assert chain.tick(service) is Sighting.NO_POLL
    assert service.progress.observed.view.status is Status.OPEN
    assert service.progress.observed.head == Head(chain.block, chain.head().hash, chain.now)
    chain.show(status=Status.OPEN, poll_context=bytes(32))
    assert chain.tick(service) is Sighting.ANOTHER_POLL


@pytest.mark.parametrize("kind", [Announced, Accepting, Settling, Anchored, Releasing])
def test_a_void_poll_is_destroyed_from_every_phase(
    kind: type[Phase], poll: SyntheticPoll, tmp_path: Path
) -> None:
    chain, service = scripted(poll, tmp_path)
    if kind is Announced:
        chain.show(status=Status.CREATED)
    if kind in (Settling, Anchored, Releasing):
        chain.now = FREEZES
        chain.show(status=Status.CLOSED)
    if kind in (Anchored, Releasing):
        anchor(chain, service)
    if kind is Releasing:
        chain.show(status=Status.RELEASABLE)
    chain.tick(service)
    assert type(service.phase) is kind
    chain.show(status=Status.VOID)
    doubtful: Any = service.served
    doubtful.registries = [chain, Chain(poll)]
    chain.tick(service)
    assert not isinstance(service.phase, Announced | Destroyed)
    doubtful.registries = [chain]
    # Finality is asked for again at the next block.
    chain.block += 1
    chain.tick(service)
    assert isinstance(service.phase, Destroyed)
