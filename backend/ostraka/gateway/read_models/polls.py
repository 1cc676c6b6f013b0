"""Polls and their voters in the API; nothing about anybody's choice."""

from typing import Any

import structlog

from ostraka.chain.registry import OpenedPoll, PollView, Status
from ostraka.gateway.answers.polls import (
    Poll,
    PollSummary,
    RoundReference,
    VoidReason,
    VoterEntry,
)
from ostraka.gateway.context import REGISTRY, GatewayContext
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.read_models.committees import committee_answer
from ostraka.gateway.read_models.phases import POLL_EVENTS, PollHistory, poll_histories
from ostraka.gateway.read_models.times import times_of
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError, Rejected
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import Question
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

_KEPT_POLLS = 16


class PollReader:
    """Reads polls of one gateway's registry."""

    def __init__(self, gateway: GatewayContext, courier: Courier) -> None:
        self._gateway = gateway
        self._courier = courier
        self._poll_keys: dict[bytes, list[str]] = {}
        self._entries: dict[bytes, dict[bytes, list[CensusEntry]]] = {}

    def all(self) -> list[PollSummary]:
        """Return summaries of all polls of the registry."""
        now = self._gateway.chain_time()
        found = poll_histories(self._gateway.indexer.events(REGISTRY, POLL_EVENTS))
        return [_summary(number, poll, now) for number, poll in found.items()]

    def one(self, poll_id: int) -> Poll:
        """Return a poll with its state and all data that a voter's program needs."""
        poll, view = self._gateway.poll(poll_id)
        opened = self._gateway.opened(poll_id)
        plan = self._gateway.plans.of_poll(poll_id)
        return Poll(
            poll=str(poll_id),
            poll_context=to_hex(poll.context),
            status=view.status.name.lower(),
            title=poll.description.title,
            options=list(poll.description.options),
            questions=[one.to_json() for one in questions_of(poll)],
            parameters=to_hex(poll.parameters.encode()),
            description=to_hex(poll.description.encoded),
            creator=to_hex(view.creator),
            round=_round(poll.description),
            secret=poll.parameters.secret,
            voters=poll.parameters.voters,
            total_weight=str(poll.parameters.total_weight),
            counted=view.root.count if view.anchored_at else None,
            minimum_ballots=poll.parameters.minimum_ballots,
            counting="shuffled" if poll.parameters.is_shuffled else "summed",
            open_minimum=poll.parameters.open_minimum or None,
            opens_at=poll.parameters.opens_at,
            closes_at=poll.parameters.closes_at,
            freezes_at=poll.parameters.freezes_at,
            releasable_at=view.releasable_at or None,
            void_reason=void_reason(view) if view.status is Status.VOID else None,
            rule=to_hex(poll.rule.encode()),
            outcome_rule=to_hex(poll.outcome_rule.encode()),
            committee=committee_answer(poll.committee),
            poll_keys=None if opened is None else self._public_keys(poll, opened),
            served=poll.committee.digest in self._gateway.committees,
            plan=plan.id if plan else None,
        )

    def voters(self, poll_id: int, address: bytes) -> list[VoterEntry]:
        """Return the census entries whose account or signing key is an address.

        Raises:
            Problem: This gateway does not know the poll's census.
        """
        poll, _ = self._gateway.poll(poll_id)
        plan = self._gateway.plans.of_poll(poll_id)
        if plan is None or plan.census is None:
            raise Problem(ProblemType.NOT_FOUND, "this gateway does not know the census", "poll")
        if poll.context not in self._entries:
            entries: dict[bytes, list[CensusEntry]] = {}
            for entry in Census.decode(plan.census).entries:
                for key in {entry.account, entry.signing_key}:
                    entries.setdefault(key, []).append(entry)
            _make_room(self._entries)
            self._entries[poll.context] = entries
        return [
            VoterEntry(
                account=to_hex(entry.account),
                signing_key=to_hex(entry.signing_key),
                weight=str(entry.weight),
            )
            for entry in self._entries[poll.context].get(address, [])
        ]

    def _public_keys(self, poll: PublishedPoll, opened: OpenedPoll) -> list[str] | None:
        """Return the poll keys that are pinned on chain; None while no node shows them."""
        if poll.context not in self._poll_keys:
            try:
                keys = self._courier.public_keys(poll, opened.node_keys)
            except CourierError as error:
                log.warning("no node shows the poll keys", poll=poll.poll_id, problem=str(error))
                return None
            _make_room(self._poll_keys)
            self._poll_keys[poll.context] = [to_hex(key) for key in keys]
        return self._poll_keys[poll.context]


def void_reason(view: PollView) -> VoidReason:
    """Return why a poll became void (docs/protocol.md §4.5)."""
    if not any(view.poll_keys):
        return "unopened"
    if view.anchored_at == 0:
        return "unanchored"
    if view.root.count < view.minimum_ballots:
        return "few-ballots"
    return "contested" if view.contested else "uncounted"


def _summary(number: str, poll: PollHistory, now: UnixSeconds) -> PollSummary:
    arguments = poll.created.arguments
    return PollSummary(
        poll=number,
        poll_context=arguments["pollContext"],
        phase=poll.phase(now),
        voters=poll.voters,
        counted=poll.counted,
        **_described(arguments["description"]),
        **times_of(arguments["parameters"]),
        block=poll.created.block,
    )


def _described(encoded: object) -> dict[str, Any]:
    """Return title and round of a description, which anybody may have written."""
    try:
        description = Description.decode(from_hex(encoded, "description"))
    except AuditError:
        return {"title": None, "round": None}
    return {"title": description.title, "round": _round(description)}


def _round(description: Description) -> RoundReference | None:
    reference = description.round
    if reference is None:
        return None
    return RoundReference(treasury=to_hex(reference.treasury), id=str(reference.round_id))


def _make_room(kept: dict[bytes, Any]) -> None:
    """Delete the oldest entry, so that memory stays bounded."""
    while len(kept) >= _KEPT_POLLS:
        kept.pop(next(iter(kept)), None)


def questions_of(poll: PublishedPoll) -> tuple[Question, ...]:
    """Return the poll's questions; empty if its description does not match its rule."""
    try:
        return poll.description.check_questions(poll.rule)
    except Rejected:
        return ()
