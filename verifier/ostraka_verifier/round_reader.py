"""Read what the chain records of a round and its money, over JSON-RPC at one block.

Only balances are read at other blocks: before and after each payout.

Source: contracts/interfaces/IBudgetTreasury.sol; the contract ABI.
"""

from collections.abc import Sequence

from ostraka_verifier.abi import Decoded, Event
from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.contracts import (
    PAYOUT_CLAIMED,
    PROPOSAL_REVISED,
    PROPOSAL_SUBMITTED,
    PROPOSALS,
    ROUND,
    ROUND_CREATED,
    TRANSFER,
)
from ostraka_verifier.description import RoundReference
from ostraka_verifier.encoding import word
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import (
    CoinReceipt,
    ElectorateEvidence,
    Payout,
    ProposalEvidence,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.rpc import (
    JsonRpc,
    Log,
    Unanswered,
    address_in,
    answered_bytes,
    event_data,
    read_quantity,
    read_topic,
    readable_or_error,
)


class RoundReader:
    """Reads the round of one treasury.

    Every method raises Undecided if the endpoint is unreachable, refuses, or gives an invalid
    answer.
    """

    def __init__(self, rpc: JsonRpc, chain_id: int, block: int, reference: RoundReference) -> None:
        """Args:
        block: Everything is read at this block.
        reference: The round.
        """
        self._rpc = rpc
        self._rpc.begins_later(reference.treasury)
        self._chain_id = chain_id
        self._reference = reference
        self._key = word(reference.round_id)
        self._treasury = ContractView(rpc, reference.treasury, block)

    def read(self) -> RoundEvidence:
        """Read the round, its proposals and its payouts."""
        code = self._treasury.code()
        if not code:
            address = f"0x{self._reference.treasury.hex()}"
            raise Unanswered(f"no contract at {address} on chain {self._chain_id}")
        answer = self._treasury.call("round(uint256)", self._key)
        view = ROUND.decode(answer, "round()").struct("view")
        parameters = view.struct("parameters")
        token = parameters.address("token")
        proposals = self._proposals()
        payouts = self._payouts()
        shown = {payout.proposal_id for payout in payouts}
        for proposal in proposals:
            if proposal.paid and proposal.id not in shown:
                raise _lacking("PayoutClaimed", proposal.id)
        created = self._created()
        return RoundEvidence(
            registry=self._treasury.address("registry()"),
            code=code,
            rules=self._treasury.part("rules()"),
            status=view.number("status"),
            poll_id=view.number("pollId"),
            budget=parameters.number("budget"),
            deposited=view.number("deposited"),
            committed=view.number("committed"),
            paid_out=view.number("paidOut"),
            electorate=ElectorateEvidence(
                kind=view.number("electorateKind"),
                root=view.word("electorateRoot"),
                voters=view.number("electorateVoters"),
                weight=view.number("electorateWeight"),
                source=created.struct("electorate").byte_string("source"),
            ),
            title=created.byte_string("title").decode(errors="replace"),
            text=created.byte_string("text").decode(errors="replace"),
            member_root=parameters.word("memberRoot"),
            secret=parameters.flag("secret"),
            token=token,
            proposals=proposals,
            payouts=payouts,
            moved=readable_or_error(lambda: self._moved(token, payouts)),
        )

    def _proposals(self) -> tuple[ProposalEvidence, ...]:
        """Read the proposals in order of submission, each with its newest title."""
        titles: dict[bytes, str] = {}
        for kind in (PROPOSAL_SUBMITTED, PROPOSAL_REVISED):
            for log in self._events(kind):
                titles[read_topic(log, kind.place("proposalId"))] = _title(kind, log)
        answer = self._treasury.call("proposals(uint256)", self._key)
        proposals = []
        for view in PROPOSALS.decode(answer, "proposals()").structs("views"):
            proposal_id = view.word("id")
            if proposal_id not in titles:
                raise _lacking("ProposalSubmitted", proposal_id)
            proposals.append(
                ProposalEvidence(
                    id=proposal_id,
                    recipient=view.address("recipient"),
                    amount=view.number("amount"),
                    category=view.number("category"),
                    withdrawn=view.flag("withdrawn"),
                    funded=view.flag("funded"),
                    paid=view.flag("paid"),
                    title=titles[proposal_id],
                )
            )
        return tuple(proposals)

    def _payouts(self) -> tuple[Payout, ...]:
        """Read what the treasury says that it paid, oldest first."""
        return tuple(
            Payout(
                proposal_id=read_topic(log, PAYOUT_CLAIMED.place("proposalId")),
                recipient=address_in(read_topic(log, PAYOUT_CLAIMED.place("recipient"))),
                amount=PAYOUT_CLAIMED.decode(event_data(log)).number("amount"),
                block=read_quantity(log.get("blockNumber"), "eth_getLogs"),
                transaction=_transaction(log),
            )
            for log in self._events(PAYOUT_CLAIMED)
        )

    def _created(self) -> Decoded:
        """Read the event by which the treasury announced the round."""
        logs = self._events(ROUND_CREATED)
        if not logs:
            raise Unanswered("the RPC endpoint shows no event RoundCreated of the round")
        return ROUND_CREATED.decode(event_data(logs[-1]))

    def _moved(
        self, token: bytes, payouts: Sequence[Payout]
    ) -> tuple[Transfer, ...] | tuple[CoinReceipt, ...]:
        """Read evidence of payouts that does not come from the treasury itself."""
        if any(token):
            return tuple(
                Transfer(
                    _transaction(log),
                    address_in(read_topic(log, TRANSFER.place("to"))),
                    TRANSFER.decode(event_data(log)).number("value"),
                )
                for block in sorted({payout.block for payout in payouts})
                for log in self._rpc.logs(
                    token, TRANSFER.topics(self._reference.treasury), block, block
                )
            )
        return tuple(
            CoinReceipt(
                recipient,
                block,
                self._rpc.balance(recipient, block - 1),
                self._rpc.balance(recipient, block),
                bool(self._rpc.code(recipient, block))
                or self._rpc.transaction_count(recipient, block - 1)
                != self._rpc.transaction_count(recipient, block),
            )
            for recipient, block in sorted({(one.recipient, one.block) for one in payouts})
        )

    def _events(self, kind: Event) -> list[Log]:
        """Return all events of a kind of the round, oldest first."""
        return self._treasury.events(kind.topics(self._key))


def _lacking(event: str, proposal_id: bytes) -> Unanswered:
    what = f"{event} of proposal 0x{proposal_id.hex()}"
    return Unanswered(f"the RPC endpoint shows no event {what}: it lacks events")


def _title(kind: Event, log: Log) -> str:
    """Return the title of the item that an event of a proposal has."""
    title = kind.decode(event_data(log)).struct("item").byte_string("title")
    try:
        return title.decode()
    except UnicodeDecodeError:
        raise Malformed("item.title", "not UTF-8") from None


def _transaction(log: Log) -> bytes:
    return answered_bytes(log.get("transactionHash"), "eth_getLogs")
