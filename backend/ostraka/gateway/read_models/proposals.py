"""Proposals in the API."""

from typing import Any, cast

from ostraka.gateway.answers.proposals import Proposal
from ostraka.gateway.context import TREASURY, GatewayContext
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex

Json = dict[str, Any]
_NO_TEXTS: Json = {"title": "", "text": "", "details": "0x" + 64 * "0"}


class ProposalReader:
    """Reads proposals of one gateway's treasury."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway

    def of_round(self, round_id: int) -> list[Proposal]:
        """Return the proposals of a round in order of submission."""
        self._gateway.round(round_id)
        events = self._gateway.indexer.events(
            TREASURY, ["ProposalSubmitted", "ProposalRevised"], str(round_id)
        )
        items = {
            str(event.arguments["proposalId"]): cast(Json, event.arguments["item"])
            for event in events
        }
        documents = self._gateway.attachments.documents(
            from_hex(item["details"], "details") for item in items.values()
        )
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
        ) in self._gateway.treasury.read("proposals", round_id):
            texts = items.get(to_hex(bytes(identity)), _NO_TEXTS)
            found.append(
                Proposal(
                    proposal=to_hex(bytes(identity)),
                    slot=None if withdrawn else slot,
                    proposer=proposer.lower(),
                    recipient=recipient.lower(),
                    amount=str(amount),
                    category=category,
                    title=texts["title"],
                    text=texts["text"],
                    details=texts["details"],
                    details_document=documents.get(from_hex(texts["details"], "details")),
                    withdrawn=withdrawn,
                    funded=funded,
                    paid=paid,
                )
            )
            slot += not withdrawn
        return found

    def one(self, proposal: bytes) -> tuple[int, Proposal]:
        """Return a proposal with its round; Problem if it does not exist."""
        wanted = to_hex(proposal)
        for event in self._gateway.indexer.events(TREASURY, ["ProposalSubmitted"]):
            if event.arguments["proposalId"] == wanted:
                round_id = int(event.subject)
                (found,) = [one for one in self.of_round(round_id) if one.proposal == wanted]
                return round_id, found
        raise Problem(ProblemType.NO_SUCH_PROPOSAL, f"no round has {wanted}", "proposal")
