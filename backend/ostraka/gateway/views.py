"""Rounds, proposals, polls and results as the API shows them: nothing about anybody's choice."""

from collections.abc import Mapping
from typing import Any, cast

from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import PollView, Status
from ostraka.chain.treasury import RoundStatus, RoundView
from ostraka.gateway.desk import REGISTRY, TREASURY, Desk
from ostraka.gateway.organizing import Organizing
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.outcome import Greedy, Misfit, Order

Json = dict[str, Any]


class Views:
    """What a gateway shows."""

    def __init__(self, desk: Desk, organizing: Organizing) -> None:
        self._desk = desk
        self._organizing = organizing

    def rounds(self) -> list[Json]:
        """Summaries of all rounds of the treasury."""
        return [
            {
                "round": event.subject,
                "title": event.arguments["title"],
                "organizer": event.arguments["organizer"],
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
        order, misfit = Order(parameters.order), Misfit(parameters.misfit)
        return {
            "round": str(round_id),
            "status": view.status.name.lower(),
            "title": created["title"],
            "text": created["text"],
            "organizer": to_hex(view.organizer),
            "token": to_hex(parameters.token) if any(parameters.token) else None,
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
            "ballot": {
                "kind": parameters.ballot_kind.name.lower(),
                "at_least": parameters.at_least,
                "at_most": parameters.at_most,
            },
            "ranking": {
                "order": order.name.lower(),
                "misfit": misfit.name.lower(),
                "minimum_support": str(parameters.minimum_support),
            },
            "member_root": to_hex(parameters.member_root),
            "committee": to_hex(parameters.committee),
            "poll": str(view.poll_id) if view.poll_id else None,
            "plan": plan.id if plan else None,
        }

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
            withdrawn,
            funded,
            paid,
        ) in self._desk.treasury.read("proposals", round_id):
            texts = items.get(to_hex(bytes(identity)), {"title": "", "text": ""})
            found.append(
                {
                    "proposal": to_hex(bytes(identity)),
                    "slot": None if withdrawn else slot,
                    "proposer": proposer.lower(),
                    "recipient": recipient.lower(),
                    "amount": str(amount),
                    "title": texts["title"],
                    "text": texts["text"],
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
            "committee": _committee(poll),
            "poll_keys": None if opened is None else [to_hex(key) for key in opened.public_keys],
            "served": poll.committee.digest in self._desk.committees,
            "plan": plan.id if plan else None,
        }

    def results(self, poll_id: int) -> Json:
        """Tally, winners and, of a round, payouts; from the chain alone.

        Raises:
            Problem: There is no tally yet, or there will be none.
        """
        poll, view = self._desk.poll(poll_id)
        if view.status is Status.VOID:
            raise Problem(410, "Void", "the poll ended without a result", "poll")
        if view.status is not Status.TALLIED:
            detail = f"the poll is {view.status.name.lower()}"
            raise Problem(409, "Not tallied", detail, "poll", 5)
        accepted = self._event(REGISTRY, "TallyAccepted", poll_id)
        tally = [int(value) for value in cast(list[str], accepted["tally"])]
        options: list[Json] = [
            {"option": name, "votes": str(votes)}
            for name, votes in zip(poll.description.options, tally, strict=True)
        ]
        rule = poll.outcome_rule
        outcome: Json = {"kind": "none"}
        if isinstance(rule, Greedy):
            outcome = {
                "kind": "greedy",
                "budget": str(rule.budget),
                "order": rule.ranked_by.name.lower(),
                "misfit": rule.misfit.name.lower(),
                "minimum_support": str(rule.minimum_support),
                "ranking": rule.order(tally),
            }
            for option, cost, won in zip(options, rule.costs, rule.awards(tally), strict=True):
                option |= {"cost": str(cost), "winner": won == 1}
        return {
            "poll": str(poll_id),
            "title": poll.description.title,
            "voters": poll.parameters.voters,
            "counted": view.root.count,
            "root": to_hex(view.root.hash),
            "outcome": outcome,
            "options": options,
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
        raise Problem(404, "No such proposal", f"no round has {wanted}", "proposal")

    def _payouts(self, poll: PublishedPoll, view: PollView) -> Json | None:
        reference = poll.description.round
        treasury = self._desk.treasury
        if reference is None or reference.treasury != treasury.address:
            return None
        if view.creator != treasury.address:
            return None
        state = treasury.round(reference.round_id)
        return {
            "round": str(reference.round_id),
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

    def _event(self, contract: str, name: str, subject: int) -> Mapping[str, object]:
        events = self._desk.indexer.events(contract, [name], str(subject))
        if not events:
            raise Problem(503, "Not indexed", "the gateway is still catching up", "", 2)
        return events[-1].arguments


def _committee(poll: PublishedPoll) -> Json:
    committee = poll.committee
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
