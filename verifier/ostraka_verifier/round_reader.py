"""Read what the chain records of a round and its money, over JSON-RPC at one block.

All is read at that block; what payouts changed, at the blocks before and after them.

Source: contracts/interfaces/IBudgetTreasury.sol; the contract ABI.
"""

from collections.abc import Sequence

from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.encoding import ADDRESS_BYTES, WORD_BYTES, Reader, keccak256, word
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import (
    CoinReceipt,
    ElectorateEvidence,
    Payout,
    ProposalEvidence,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.parameters import RoundReference
from ostraka_verifier.rpc import (
    JsonRpc,
    Log,
    Unanswered,
    answered_bytes,
    dynamic,
    length,
    read_quantity,
    read_topic,
    readable_or_error,
)

_ITEM_TYPE = "(address,uint128,uint16,string,string,bytes32)"
_SUBMITTED = keccak256(f"ProposalSubmitted(uint256,bytes32,address,uint16,{_ITEM_TYPE})".encode())
_REVISED = keccak256(f"ProposalRevised(uint256,bytes32,{_ITEM_TYPE})".encode())
_CLAIMED = keccak256(b"PayoutClaimed(uint256,bytes32,address,uint256)")
_TRANSFER = keccak256(b"Transfer(address,address,uint256)")
_ROUND_PARAMETERS_TYPE = (
    "(address,uint128,uint128,uint128,uint16,uint16,bytes32,uint64,uint64,uint32,bytes,bytes,"
    "bytes32,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32,bool)"
)
_ROUND_CREATED = keccak256(
    f"RoundCreated(uint256,address,{_ROUND_PARAMETERS_TYPE},"
    "(uint8,bytes32,uint128,uint32,bytes),string,string)".encode()
)
_ROUND_WORDS = 13
_PROPOSAL_WORDS = 8
_MEMBER_ROOT, _SECRET = 6, 21
"""Places among the words of the contract's `RoundParameters`."""


class RoundReader:
    """Reads the round of one treasury.

    Raises everywhere: Undecided when the endpoint cannot be reached, refuses, or answers what no
    chain would.
    """

    def __init__(self, rpc: JsonRpc, chain_id: int, block: int, reference: RoundReference) -> None:
        """Args:
        block: Everything is read at this block.
        reference: The round.
        """
        self._rpc = rpc
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
        data = self._treasury.call("round(uint256)", self._key)
        view = data[Reader(data, "round()").unsigned(WORD_BYTES, "offset") :]
        fixed = Reader(view, "round()")
        words = [fixed.unsigned(WORD_BYTES, f"word {number}") for number in range(_ROUND_WORDS)]
        parameters = dynamic(view, _ROUND_WORDS, "round().parameters")
        fields = [parameters.take(WORD_BYTES, f"word {number}") for number in range(_SECRET + 1)]
        token = fields[0][-ADDRESS_BYTES:]
        titles: dict[bytes, str] = {}
        for kind, position in ((_SUBMITTED, 1), (_REVISED, 0)):
            for log in self._events(kind):
                item = answered_bytes(log.get("data"), "item")
                titles[read_topic(log, 2)] = _read_title(item, position)
        listed = dynamic(self._treasury.call("proposals(uint256)", self._key), 0, "proposals()")
        proposals = []
        for _ in range(length(listed)):
            one = [listed.take(WORD_BYTES, "proposal") for _ in range(_PROPOSAL_WORDS)]
            withdrawn, funded, paid = (any(flag) for flag in one[5:])
            if one[0] not in titles:
                raise _lacking("ProposalSubmitted", one[0])
            proposals.append(
                ProposalEvidence(
                    one[0],
                    one[2][12:],
                    int.from_bytes(one[3], "big"),
                    int.from_bytes(one[4], "big"),
                    withdrawn,
                    funded,
                    paid,
                    titles[one[0]],
                )
            )
        payouts = tuple(
            Payout(
                read_topic(log, 2),
                read_topic(log, 3)[12:],
                Reader(answered_bytes(log.get("data"), "amount"), "payout").unsigned(32, "amount"),
                read_quantity(log.get("blockNumber"), "eth_getLogs"),
                answered_bytes(log.get("transactionHash"), "eth_getLogs"),
            )
            for log in self._events(_CLAIMED)
        )
        shown = {payout.proposal_id for payout in payouts}
        for proposal in proposals:
            if proposal.paid and proposal.id not in shown:
                raise _lacking("PayoutClaimed", proposal.id)
        source, title, text = self._announced()
        return RoundEvidence(
            registry=self._treasury.address("registry()"),
            code=code,
            rules=self._treasury.part("rules()"),
            status=words[0],
            poll_id=words[2],
            budget=int.from_bytes(fields[1], "big"),
            deposited=words[3],
            committed=words[4],
            paid_out=words[5],
            electorate=ElectorateEvidence(words[9], word(words[10]), words[11], words[12], source),
            title=title,
            text=text,
            member_root=fields[_MEMBER_ROOT],
            secret=any(fields[_SECRET]),
            token=token,
            proposals=tuple(proposals),
            payouts=payouts,
            moved=readable_or_error(lambda: self._moved(token, payouts)),
        )

    def _announced(self) -> tuple[bytes, str, str]:
        """Source of the electorate, title and text, as the round's event has them."""
        logs = self._events(_ROUND_CREATED)
        if not logs:
            raise Unanswered("the RPC endpoint shows no event RoundCreated of the round")
        created = answered_bytes(logs[-1].get("data"), "RoundCreated")
        at = Reader(created[WORD_BYTES:], "RoundCreated").unsigned(WORD_BYTES, "electorate")
        source = dynamic(created[at:], 4, "RoundCreated.electorate.source")
        texts = [dynamic(created, place, "RoundCreated.text") for place in (2, 3)]
        title, text = (one.take(length(one), "text").decode(errors="replace") for one in texts)
        return source.take(length(source), "source"), title, text

    def _moved(
        self, token: bytes, payouts: Sequence[Payout]
    ) -> tuple[Transfer, ...] | tuple[CoinReceipt, ...]:
        """What shows, besides the treasury's own events, that payouts reached their recipients."""
        if any(token):
            return tuple(
                Transfer(
                    answered_bytes(log.get("transactionHash"), "eth_getLogs"),
                    read_topic(log, 2)[12:],
                    Reader(answered_bytes(log.get("data"), "Transfer"), "Transfer").unsigned(
                        WORD_BYTES, "value"
                    ),
                )
                for block in sorted({payout.block for payout in payouts})
                for log in self._rpc.logs(
                    token, (_TRANSFER, word(self._reference.treasury)), block, block
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

    def _events(self, kind: bytes) -> list[Log]:
        """Return all events of a kind of the round, oldest first."""
        return self._treasury.events((kind, self._key))


def _lacking(event: str, proposal_id: bytes) -> Unanswered:
    what = f"{event} of proposal 0x{proposal_id.hex()}"
    return Unanswered(f"the RPC endpoint shows no event {what}: it lacks events")


def _read_title(data: bytes, position: int) -> str:
    """Title of the `Item` whose offset stands at word `position`."""
    start = Reader(data[WORD_BYTES * position :], "item").unsigned(WORD_BYTES, "offset")
    title = dynamic(data[start:], 3, "item.title")
    try:
        return title.take(length(title), "title").decode()
    except UnicodeDecodeError:
        raise Malformed("item.title", "not UTF-8") from None
