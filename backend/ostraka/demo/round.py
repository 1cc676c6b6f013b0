"""An election as a round of the treasury: members propose, voters decide, the treasury pays."""

import uuid
from collections.abc import Sequence
from typing import Any

from ostraka.chain.treasury import Item
from ostraka.demo.stage import MINIMUM_VOTERS, Stage
from ostraka.formats.election import Election, Option, RoundRules
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka.planning.proposal_details import Place, ProposalDetails, details_hash
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.titles import cleaned
from ostraka_verifier.published import PublishedPoll


class DemoRound:
    """A round of the demo. It pays in a test token whose symbol is the file's currency."""

    def __init__(self, stage: Stage, election: Election, rules: RoundRules) -> None:
        self._stage = stage
        self._election = election
        self._rules = rules
        self._round_id = 0
        with stage.step("token"):
            unit = f" / {10**election.decimals}" if election.decimals else ""
            self._token, _ = stage.stack.deploy_token(
                f"Test {election.currency}{unit}", election.currency, election.budget
            )

    def start(self, gateway: Gateway, keys: Sequence[SigningKey]) -> str:
        """Create the round, and run it until its vote starts. Return its plan."""
        stage, stack = self._stage, self._stage.stack
        with stage.step("create round") as step:
            plan = str(
                gateway.post(
                    "/rounds", self._specification(keys), as_organizer=True, key=str(uuid.uuid4())
                )["plan"]
            )
            step.gas = stage.gas(gateway, plan, "create round")
        self._round_id = int(gateway.get(f"/plans/{plan}")["round"])
        with stage.step("approve and fund") as step:
            amount = {"amount": str(self._election.budget)}
            gateway.post(
                f"/rounds/{self._round_id}/funding",
                amount,
                as_organizer=True,
                key=str(uuid.uuid4()),
            )
            step.gas = stage.gas(gateway, plan, "approve", "fund")
        with stage.step("propose") as step:
            step.gas = self._propose(gateway, keys)
        stack.move_time(gateway.get(f"/rounds/{self._round_id}")["proposals_close_at"])
        with stage.step("start voting and open") as step:
            stage.opened_poll(gateway, plan)
            step.gas = stage.gas(gateway, plan, "start voting", "open poll")
        return plan

    def results(self, gateway: Gateway, plan: str, poll: PublishedPoll) -> dict[str, Any]:
        """Return the poll's results, once the treasury has decided and paid."""
        stage, path = self._stage, f"/rounds/{self._round_id}"
        with stage.step("release, tally and decide") as step:
            stage.wait(gateway, plan, path, lambda seen: seen["status"] == "decided")
            results = stage.wait(
                gateway,
                plan,
                f"/polls/{poll.poll_id}/results",
                lambda seen: dict(seen) if seen["round"]["decided"] else {},
            )
            step.gas = stage.gas(gateway, plan, "tally", "decide")
        with stage.step("pay out") as step:
            step.gas = sum(
                gateway.post(f"/proposals/{one['proposal']}/payout", None)["gas_used"]
                for one in results["round"]["payouts"]
                if one["funded"]
            )
        return results

    def paid(self, results: dict[str, Any]) -> list[int]:
        """Return the balance of each option's recipient, which the treasury cannot misstate."""
        return [
            self._token.balance(from_hex(one["recipient"], "recipient"))
            for one in results["round"]["payouts"]
        ]

    def _specification(self, keys: Sequence[SigningKey]) -> dict[str, Any]:
        """Return the round's specification, as in an organizer's file."""
        election, now = self._election, self._stage.stack.registry.head().timestamp
        costs = [option.cost for option in election.options]
        phase_s = self._stage.phase_s
        return {
            "title": election.title,
            "token": to_hex(self._token.address),
            "budget": str(election.budget),
            "minimum_amount": str(min(costs)),
            "maximum_amount": str(max(costs)),
            # So that a few voters can propose all projects of a large file.
            "proposals_per_member": -(-len(costs) // len(keys)),
            "maximum_proposals": len(costs),
            "proposals_close_at": now + phase_s,
            "voting_opens_at": now + 2 * phase_s,
            "voting_closes_at": now + 3 * phase_s,
            "members": {
                "kind": "list",
                "accounts": [{"account": key.address_hex} for key in keys],
            },
            "ballot": round_rules.ballot_json(self._rules.ballot),
            "outcome": self._outcome(),
            "minimum_ballots": MINIMUM_VOTERS,
            # The treasury lets nodes shuffle for half of the tally period.
            "times": self._stage.times
            | ({"tally_period": 2 * self._stage.shuffle_period_s} if election.is_shuffled else {}),
        }

    def _outcome(self) -> dict[str, Any]:
        outcome, names = round_rules.outcome_json(self._rules.outcome), self._rules.categories
        return {**outcome, "names": list(names)} if names else outcome

    def _propose(self, gateway: Gateway, keys: Sequence[SigningKey]) -> int:
        """Submit proposals and return the gas. The gateway sends them, so members need no coin."""
        treasury, options = self._stage.stack.treasury, self._election.options
        deadline = treasury.round(self._round_id).parameters.proposals_close_at
        gas = 0
        with self._stage.progress("proposals", len(options)) as advance:
            for number, option in enumerate(options):
                key, details = keys[number % len(keys)], details_of(option)
                item = item_of(option, details)
                signed = treasury.authorize_proposal(
                    key, key.address, self._round_id, item, deadline
                )
                sent = gateway.post(
                    f"/rounds/{self._round_id}/proposals",
                    {
                        "item": {
                            "recipient": to_hex(item.recipient),
                            "amount": str(item.amount),
                            "title": item.title,
                            "text": item.text,
                            "category": item.category,
                            "details": to_hex(item.details),
                        },
                        **({"details": details.model_dump(exclude_none=True)} if details else {}),
                        "authorization": {
                            "member": to_hex(signed.member),
                            "nonce": str(signed.nonce),
                            "deadline": signed.deadline,
                            "signature": to_hex(signed.signature),
                        },
                    },
                )
                gas += sent["gas_used"]
                advance()
        return gas


def details_of(option: Option) -> ProposalDetails | None:
    """Return the place of an option; None without one."""
    if option.place is None:
        return None
    latitude, longitude = option.place
    return ProposalDetails(place=Place(latitude=latitude, longitude=longitude))


def item_of(option: Option, details: ProposalDetails | None) -> Item:
    """Return an option as a proposal that is paid to an account of its own."""
    labels = ", ".join(filter(None, (one.strip() for one in option.labels.split(","))))
    text = f"{option.option_id}\n\n{cleaned(labels)}" if labels else option.option_id
    return Item(
        *(SigningKey().address, option.cost, option.name, text, option.category),
        details_hash(details),
    )
