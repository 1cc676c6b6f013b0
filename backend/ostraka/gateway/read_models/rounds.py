"""Rounds and their funders in the API."""

from collections.abc import Mapping
from typing import cast

from pydantic import ValidationError

from ostraka.gateway.answers.electorates import RoundSource
from ostraka.gateway.answers.rounds import (
    Funder,
    Replacement,
    Replacements,
    Round,
    RoundElectorate,
    RoundSummary,
)
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.read_models.currencies import Currencies
from ostraka.gateway.read_models.phases import (
    POLL_EVENTS,
    ROUND_EVENTS,
    PollHistory,
    RoundHistory,
    poll_histories,
    round_histories,
)
from ostraka.gateway.read_models.times import block_times, times_of
from ostraka.planning.round_rules import ballot_json, outcome_json, text_and_names
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed
from ostraka_verifier.units import UnixSeconds

PART = 50
"""Replacements in one answer."""


class RoundReader:
    """Reads rounds of one gateway's treasury."""

    def __init__(self, gateway: GatewayContext, currencies: Currencies) -> None:
        self._gateway = gateway
        self._currencies = currencies
        self._time_of = block_times(gateway.treasury)

    def all(self) -> list[RoundSummary]:
        """Return summaries of all rounds of the treasury."""
        indexer, now = self._gateway.indexer, self._gateway.chain_time()
        rounds = round_histories(indexer.events(TREASURY, ROUND_EVENTS))
        polls = poll_histories(indexer.events(REGISTRY, POLL_EVENTS))
        return [
            _summary(number, one, polls.get(one.poll_id or ""), now)
            for number, one in rounds.items()
        ]

    def one(self, round_id: int) -> Round:
        """Return a round with its state."""
        view = self._gateway.round(round_id)
        parameters = view.parameters
        created = self._gateway.event(TREASURY, "RoundCreated", round_id)
        plan = self._gateway.plans.of_round(round_id)
        symbol, decimals = self._currencies.of(parameters.token)
        outcome = outcome_json(parameters.outcome)
        text, names = text_and_names(str(created["text"]), parameters.outcome)
        if outcome["kind"] == "categories":
            outcome["names"] = names
        return Round(
            round=str(round_id),
            status=view.status.name.lower(),
            title=created["title"],
            text=text,
            organizer=to_hex(view.organizer),
            token=to_hex(parameters.token) if any(parameters.token) else None,
            symbol=symbol,
            decimals=decimals,
            budget=str(parameters.budget),
            deposited=str(view.deposited),
            committed=str(view.committed),
            paid_out=str(view.paid_out),
            minimum_amount=str(parameters.minimum_amount),
            maximum_amount=str(parameters.maximum_amount),
            proposals_per_member=parameters.proposals_per_member,
            maximum_proposals=parameters.maximum_proposals,
            proposals=view.proposals,
            standing=view.standing,
            proposals_open_at=parameters.proposals_open_at,
            proposals_close_at=parameters.proposals_close_at,
            voting_opens_at=parameters.voting_opens_at,
            voting_closes_at=parameters.voting_closes_at,
            payout_delay=parameters.payout_delay,
            veto_holder=to_hex(parameters.veto_holder) if any(parameters.veto_holder) else None,
            payouts_open_at=view.payouts_open_at or None,
            claims_end_at=view.claims_end_at or None,
            ballot=ballot_json(parameters.ballot),
            outcome=outcome,
            member_root=to_hex(parameters.member_root),
            electorate=RoundElectorate(
                kind=view.electorate_kind.name.lower(),
                root=to_hex(view.electorate_root),
                voters=view.electorate_voters or None,
                total_weight=str(view.electorate_weight) if view.electorate_voters else None,
                source=_source(created),
            ),
            secret=parameters.secret,
            committee=to_hex(parameters.committee),
            poll=str(view.poll_id) if view.poll_id else None,
            plan=plan.id if plan else None,
        )

    def funders(self, round_id: int) -> list[Funder]:
        """Return a round's funders, in the order of their first payments."""
        view = self._gateway.round(round_id)
        funded: dict[str, int] = {}
        stretches: dict[str, list[tuple[int, int]]] = {}
        refunded: dict[str, int] = {}
        deposited = 0
        events = self._gateway.indexer.events(TREASURY, ["RoundFunded", "Refunded"], str(round_id))
        for event in events:
            funder, arguments = str(event.arguments["funder"]).lower(), event.arguments
            if event.name == "Refunded":
                refunded[funder] = refunded.get(funder, 0) + int(str(arguments["amount"]))
                continue
            start, received = deposited, int(str(arguments["received"]))
            deposited += received
            funded[funder] = funded.get(funder, 0) + received
            own = stretches.setdefault(funder, [])
            if own and own[-1][1] == start:
                start = own.pop()[0]
            own.append((start, deposited))
        # Computed from the index: anybody can fund with one unit from each of many accounts, and
        # asking the chain about each of them would use up the provider's quota.
        shares = {
            funder: sum(view.share(start, end) for start, end in own)
            for funder, own in stretches.items()
        }
        return [
            Funder(
                funder=funder,
                amount=str(amount),
                # The index may be ahead of what the chain was asked for, or behind it.
                refundable=str(max(0, shares[funder] - refunded.get(funder, 0))),
            )
            for funder, amount in funded.items()
        ]

    def replacements(self, round_id: int, before: int | None) -> Replacements:
        """Return a part of the replaced codes of a round's invitations, the newest first.

        Args:
            before: Only those with smaller numbers; None for no limit.
        """
        self._gateway.round(round_id)
        events = self._gateway.indexer.events(TREASURY, ["MemberReplaced"], str(round_id))
        reasons = self._gateway.plans.replacement_reasons(round_id)
        last = len(events) if before is None else min(len(events), before - 1)
        shown = []
        for number in range(last, max(0, last - PART), -1):
            event = events[number - 1]
            given = {
                name: from_hex(event.arguments[name], name)
                for name in ("invitation", "formerKey", "code")
            }
            former = given["formerKey"]
            shown.append(
                Replacement(
                    number=number,
                    at=self._time_of(event.block),
                    block=event.block,
                    transaction=event.transaction,
                    invitation=to_hex(given["invitation"]),
                    former_key=to_hex(former) if any(former) else None,
                    code=to_hex(given["code"]),
                    reason=reasons.get((given["invitation"], given["code"])),
                )
            )
        following = max(0, last - PART) + 1
        return Replacements(
            total=len(events), replacements=shown, next=following if following > 1 else None
        )


def _summary(
    number: str, one: RoundHistory, poll: PollHistory | None, now: UnixSeconds
) -> RoundSummary:
    arguments = one.created.arguments
    token = from_hex(one.parameters["token"], "token")
    electorate = cast(Mapping[str, str], arguments["electorate"])
    return RoundSummary(
        round=number,
        title=arguments["title"],
        phase=one.phase(now, poll),
        organizer=arguments["organizer"],
        token=to_hex(token) if any(token) else None,
        budget=one.parameters["budget"],
        deposited=str(one.deposited),
        committed=None if one.committed is None else str(one.committed),
        paid_out=str(one.paid_out),
        standing=len(one.standing),
        voters=poll.voters if poll else int(electorate["voters"]) or None,
        counted=poll.counted if poll else None,
        poll=one.poll_id,
        **times_of(arguments["parameters"]),
        block=one.created.block,
    )


def _source(created: Mapping[str, object]) -> RoundSource | None:
    """Return the source of a round's voters on chain; None if they come from elsewhere.

    Also None if the source is unreadable: anybody can create a round, with any bytes.
    """
    electorate = created["electorate"]
    encoded = electorate["source"] if isinstance(electorate, Mapping) else "0x"
    source = from_hex(encoded, "electorate.source")
    if not source:
        return None
    try:
        return RoundSource.model_validate(parse_json(source, "source"))
    except (Malformed, ValidationError):
        return None
