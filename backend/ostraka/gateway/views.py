"""Rounds, proposals, polls and results as the API shows them: nothing about anybody's choice."""

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, cast

import structlog

from ostraka.chain.errors import ChainError
from ostraka.chain.registry import OpenedPoll, PollView, Status
from ostraka.chain.treasury import RoundStatus, RoundView, Token
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.desk import REGISTRY, TREASURY, Desk
from ostraka.gateway.organizing import Organizing
from ostraka.planning.round_rules import ballot_json, outcome_json
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.errors import AuditError, Rejected
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Majority,
    NoOutcome,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
)
from ostraka_verifier.parameters import Committee, Description
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.question import Question
from ostraka_verifier.statistics import poll_statistics

log = structlog.get_logger()

Json = dict[str, Any]
_KEPT_POLLS = 16
_NO_TEXTS: Json = {"title": "", "text": "", "details": "0x" + 64 * "0"}
_TOKEN_GAS = 300_000
"""What a token may use to say its symbol: anybody may ask about any contract."""


class Views:
    """What a gateway shows."""

    def __init__(self, desk: Desk, organizing: Organizing, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier
        self._poll_keys: dict[bytes, list[str]] = {}
        self._entries: dict[bytes, dict[bytes, list[CensusEntry]]] = {}
        self._organizing = organizing
        self._currencies: dict[bytes, tuple[str | None, int]] = {}

    def committees(self) -> list[Json]:
        """Committees whose nodes the gateway talks to, the default first."""
        found = (self._desk.registry.committee(digest) for digest in self._desk.committees)
        return [_committee(one) for one in found if one is not None]

    def token(self, address: bytes) -> Json:
        """How a token counts its amounts."""
        symbol, decimals = self._money(address)
        return {"symbol": symbol, "decimals": decimals}

    def rounds(self) -> list[Json]:
        """Summaries of all rounds of the treasury."""
        return [
            {
                "round": event.subject,
                "title": event.arguments["title"],
                "organizer": event.arguments["organizer"],
                **_times(event.arguments["parameters"]),
                "block": event.block,
            }
            for event in self._desk.indexer.events(TREASURY, ["RoundCreated"])
        ]

    def round(self, round_id: int) -> Json:
        """A round with its state."""
        view: RoundView = self._organizing.round(round_id)
        parameters = view.parameters
        created = self._event(TREASURY, "RoundCreated", round_id)
        plan = self._desk.plans.of_round(round_id)
        symbol, decimals = self._money(parameters.token)
        return {
            "round": str(round_id),
            "status": view.status.name.lower(),
            "title": created["title"],
            "text": created["text"],
            "organizer": to_hex(view.organizer),
            "token": to_hex(parameters.token) if any(parameters.token) else None,
            "symbol": symbol,
            "decimals": decimals,
            "budget": str(parameters.budget),
            "deposited": str(view.deposited),
            "committed": str(view.committed),
            "paid_out": str(view.paid_out),
            "minimum_amount": str(parameters.minimum_amount),
            "maximum_amount": str(parameters.maximum_amount),
            "proposals_per_member": parameters.proposals_per_member,
            "maximum_proposals": parameters.maximum_proposals,
            "proposals": view.proposals,
            "standing": view.standing,
            "proposals_open_at": parameters.proposals_open_at,
            "proposals_close_at": parameters.proposals_close_at,
            "voting_opens_at": parameters.voting_opens_at,
            "voting_closes_at": parameters.voting_closes_at,
            "claims_end_at": view.claims_end_at or None,
            "ballot": ballot_json(parameters.ballot),
            "outcome": outcome_json(parameters.outcome),
            "member_root": to_hex(parameters.member_root),
            "electorate": {
                "kind": view.electorate_kind.name.lower(),
                "root": to_hex(view.electorate_root),
                "voters": view.electorate_voters or None,
                "total_weight": str(view.electorate_weight) if view.electorate_voters else None,
                "source": _source(created),
            },
            "secret": parameters.secret,
            "committee": to_hex(parameters.committee),
            "poll": str(view.poll_id) if view.poll_id else None,
            "plan": plan.id if plan else None,
        }

    def funders(self, round_id: int) -> list[Json]:
        """Who funded a round, in the order in which they first did."""
        view: RoundView = self._organizing.round(round_id)
        funded: dict[str, int] = {}
        refunded: dict[str, int] = {}
        events = self._desk.indexer.events(TREASURY, ["RoundFunded", "Refunded"], str(round_id))
        for event in events:
            funder, arguments = str(event.arguments["funder"]).lower(), event.arguments
            books, member = (
                (funded, "received") if event.name == "RoundFunded" else (refunded, "amount")
            )
            books[funder] = books.get(funder, 0) + int(str(arguments[member]))
        # Computed here: anybody can fund with one unit each from many accounts, and to ask the
        # chain about each of them would use up the provider's quota.
        free = view.free
        return [
            {
                "funder": funder,
                "amount": str(amount),
                "refundable": str(
                    max(0, amount * free // view.deposited - refunded.get(funder, 0))
                    if view.deposited
                    else 0
                ),
            }
            for funder, amount in funded.items()
        ]

    def proposals(self, round_id: int) -> list[Json]:
        """Proposals of a round in order of submission."""
        self._organizing.round(round_id)
        events = self._desk.indexer.events(
            TREASURY, ["ProposalSubmitted", "ProposalRevised"], str(round_id)
        )
        items = {
            str(event.arguments["proposalId"]): cast(Json, event.arguments["item"])
            for event in events
        }
        found, slot = [], 0
        for (
            identity,
            proposer,
            recipient,
            amount,
            category,
            withdrawn,
            funded,
            paid,
        ) in self._desk.treasury.read("proposals", round_id):
            texts = items.get(to_hex(bytes(identity)), _NO_TEXTS)
            found.append(
                {
                    "proposal": to_hex(bytes(identity)),
                    "slot": None if withdrawn else slot,
                    "proposer": proposer.lower(),
                    "recipient": recipient.lower(),
                    "amount": str(amount),
                    "category": category,
                    "title": texts["title"],
                    "text": texts["text"],
                    "details": texts["details"],
                    "withdrawn": withdrawn,
                    "funded": funded,
                    "paid": paid,
                }
            )
            slot += not withdrawn
        return found

    def polls(self) -> list[Json]:
        """Summaries of all polls of the registry."""
        return [
            {
                "poll": event.subject,
                "poll_context": event.arguments["pollContext"],
                **_described(event.arguments["description"]),
                **_times(event.arguments["parameters"]),
                "block": event.block,
            }
            for event in self._desk.indexer.events(REGISTRY, ["PollCreated"])
        ]

    def poll(self, poll_id: int) -> Json:
        """A poll with its state and all that a voter's program needs."""
        poll, view = self._desk.poll(poll_id)
        opened = self._desk.opened(poll_id)
        plan = self._desk.plans.of_poll(poll_id)
        reference = poll.description.round
        return {
            "poll": str(poll_id),
            "poll_context": to_hex(poll.context),
            "status": view.status.name.lower(),
            "title": poll.description.title,
            "options": list(poll.description.options),
            "questions": [one.to_json() for one in _questions(poll)],
            "parameters": to_hex(poll.parameters.encode()),
            "description": to_hex(poll.description.encoded),
            "creator": to_hex(view.creator),
            "round": reference
            and {"treasury": to_hex(reference.treasury), "id": str(reference.round_id)},
            "secret": poll.parameters.secret,
            "voters": poll.parameters.voters,
            "total_weight": str(poll.parameters.total_weight),
            "minimum_ballots": poll.parameters.minimum_ballots,
            "opens_at": poll.parameters.opens_at,
            "closes_at": poll.parameters.closes_at,
            "freezes_at": poll.parameters.freezes_at,
            "releasable_at": view.releasable_at or None,
            "rule": to_hex(poll.rule.encode()),
            "outcome_rule": to_hex(poll.outcome_rule.encode()),
            "committee": _committee(poll.committee),
            "poll_keys": None if opened is None else self._public_keys(poll, opened),
            "served": poll.committee.digest in self._desk.committees,
            "plan": plan.id if plan else None,
        }

    def voters(self, poll_id: int, address: bytes) -> list[Json]:
        """Census entries whose account, or whose signing key, is an address.

        Raises:
            Problem: This gateway does not know the poll's census.
        """
        poll, _ = self._desk.poll(poll_id)
        plan = self._desk.plans.of_poll(poll_id)
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
            {
                "account": to_hex(entry.account),
                "signing_key": to_hex(entry.signing_key),
                "weight": str(entry.weight),
            }
            for entry in self._entries[poll.context].get(address, [])
        ]

    def _public_keys(self, poll: PublishedPoll, opened: OpenedPoll) -> list[str] | None:
        """Poll keys behind the words on chain, None while no node shows them."""
        if poll.context not in self._poll_keys:
            try:
                keys = self._courier.public_keys(poll, opened.node_keys)
            except CourierError as error:
                log.warning("no node shows the poll keys", poll=poll.poll_id, problem=str(error))
                return None
            _make_room(self._poll_keys)
            self._poll_keys[poll.context] = [to_hex(key) for key in keys]
        return self._poll_keys[poll.context]

    def results(self, poll_id: int) -> Json:
        """Tally, winners and, of a round, payouts; from the chain alone.

        Raises:
            Problem: There is no tally yet, or there will be none.
        """
        poll, view = self._desk.poll(poll_id)
        if view.status is Status.VOID:
            raise Problem(ProblemType.POLL_VOID, "the poll ended without a result", "poll")
        if view.status is not Status.TALLIED:
            detail = f"the poll is {view.status.name.lower()}"
            raise Problem(ProblemType.NOT_TALLIED, detail, "poll", 5)
        accepted = self._event(REGISTRY, "TallyAccepted", poll_id)
        tally = [int(value) for value in cast(list[str], accepted["tally"])]
        rule = poll.outcome_rule
        awards = None if isinstance(rule, NoOutcome) else rule.awards(tally)
        options: list[Json] = [
            {
                "option": name,
                "votes": str(votes),
                "award": None if awards is None else str(awards[slot]),
            }
            for slot, (name, votes) in enumerate(zip(poll.description.options, tally, strict=True))
        ]
        questions = _questions(poll)
        return {
            "poll": str(poll_id),
            "chain_id": poll.identity.chain_id,
            "registry": to_hex(poll.identity.registry),
            "title": poll.description.title,
            "opens_at": poll.parameters.opens_at,
            "closes_at": poll.parameters.closes_at,
            "voters": poll.parameters.voters,
            "total_weight": str(poll.parameters.total_weight),
            "counted": view.root.count,
            "root": to_hex(view.root.hash),
            "questions": [one.to_json() for one in questions],
            "outcome": outcome_rule_json(rule),
            "options": options,
            "statistics": [one.to_json() for one in poll_statistics(questions, tally)]
            if questions
            else [],
            "round": self._payouts(poll, view),
        }

    def proposals_of(self, proposal: bytes) -> tuple[int, Json]:
        """A proposal with the round that it belongs to; Problem when there is none."""
        wanted = to_hex(proposal)
        for event in self._desk.indexer.events(TREASURY, ["ProposalSubmitted"]):
            if event.arguments["proposalId"] == wanted:
                round_id = int(event.subject)
                (found,) = [one for one in self.proposals(round_id) if one["proposal"] == wanted]
                return round_id, found
        raise Problem(ProblemType.NO_SUCH_PROPOSAL, f"no round has {wanted}", "proposal")

    def _payouts(self, poll: PublishedPoll, view: PollView) -> Json | None:
        reference = poll.description.round
        treasury = self._desk.treasury
        if reference is None or reference.treasury != treasury.address:
            return None
        if view.creator != treasury.address:
            return None
        state = treasury.round(reference.round_id)
        symbol, decimals = self._money(state.parameters.token)
        return {
            "round": str(reference.round_id),
            "token": to_hex(state.parameters.token) if any(state.parameters.token) else None,
            "symbol": symbol,
            "decimals": decimals,
            "status": state.status.name.lower(),
            "decided": state.status in (RoundStatus.DECIDED, RoundStatus.EXPIRED),
            "payouts": [
                {
                    "proposal": one["proposal"],
                    "title": one["title"],
                    "recipient": one["recipient"],
                    "amount": one["amount"],
                    "funded": one["funded"],
                    "paid": one["paid"],
                }
                for one in self.proposals(reference.round_id)
                if not one["withdrawn"]
            ],
        }

    def _money(self, token: bytes) -> tuple[str | None, int]:
        """A token's symbol and decimals as it says itself; none and 0 where it does not.

        Of the chain's own coin nobody says.
        """
        if not any(token):
            return None, 0
        if token in self._currencies:
            return self._currencies[token]
        contract = Token(self._desk.rpc_url, token)
        try:
            named = str(contract.read("symbol", gas=_TOKEN_GAS))
            symbol = "".join(sign for sign in named if sign.isalnum())
            said = symbol[:16] or None, int(contract.read("decimals", gas=_TOKEN_GAS))
        except ChainError:
            return None, 0
        self._currencies[token] = said
        return said

    def _event(self, contract: str, name: str, subject: int) -> Mapping[str, object]:
        events = self._desk.indexer.events(contract, [name], str(subject))
        if not events:
            raise Problem(ProblemType.NOT_INDEXED, "the gateway is still catching up", "", 2)
        return events[-1].arguments


_TIMES = {
    "proposalsOpenAt": "proposals_open_at",
    "proposalsCloseAt": "proposals_close_at",
    "votingOpensAt": "voting_opens_at",
    "votingClosesAt": "voting_closes_at",
    "opensAt": "opens_at",
    "closesAt": "closes_at",
}


def _times(parameters: object) -> Json:
    """Times among the parameters that an event carries."""
    given = cast(Mapping[str, str], parameters)
    return {shown: int(given[name]) for name, shown in _TIMES.items() if name in given}


def _described(encoded: object) -> Json:
    """Title and round of a description; anybody may have written it."""
    try:
        description = Description.decode(from_hex(encoded, "description"))
    except AuditError:
        return {"title": None, "round": None}
    reference = description.round
    return {
        "title": description.title,
        "round": reference
        and {"treasury": to_hex(reference.treasury), "id": str(reference.round_id)},
    }


def _make_room(kept: dict[bytes, Any]) -> None:
    """Forget what was kept first, so that memory stays bounded."""
    while len(kept) >= _KEPT_POLLS:
        kept.pop(next(iter(kept)), None)


def _source(created: Mapping[str, object]) -> Any:
    """Where a round's voters are read on chain, None where they are not."""
    electorate = created["electorate"]
    encoded = electorate["source"] if isinstance(electorate, Mapping) else "0x"
    source = from_hex(encoded, "electorate.source")
    return json.loads(source) if source else None


def _committee(committee: Committee) -> Json:
    return {
        "digest": to_hex(committee.digest),
        "threshold": committee.threshold,
        "faults": committee.faults,
        "quorum": committee.quorum,
        "nodes": [
            {"node": number, "address": to_hex(member.address), "url": member.url}
            for number, member in enumerate(committee.members, start=1)
        ],
    }


def _questions(poll: PublishedPoll) -> tuple[Question, ...]:
    """What the poll asks; nothing where its description does not make its rule."""
    try:
        return poll.description.check_questions(poll.rule)
    except Rejected:
        return ()


_OUTCOMES: dict[type[OutcomeRule], str] = {
    NoOutcome: "none",
    Greedy: "greedy",
    Majority: "majority",
    Plurality: "plurality",
    GreedyByCategory: "categories",
    Proportional: "proportional",
    Parts: "parts",
}


def outcome_rule_json(rule: OutcomeRule) -> Json:
    """An outcome rule with its parameters; integers in decimal."""
    members = {field.name: _plain(getattr(rule, field.name)) for field in fields(rule)}  # type: ignore[arg-type]
    return {"kind": _OUTCOMES[type(rule)], **members}


def _plain(value: object) -> object:
    if isinstance(value, OutcomeRule):
        return outcome_rule_json(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool) else str(value)
