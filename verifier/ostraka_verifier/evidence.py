"""Where evidence comes from: a JSON-RPC endpoint for the chain, a URL or a file for the board.

Reads and decodes, judges nothing. All chain facts are read at one block.

Source: contracts/interfaces/IPollRegistry.sol; Ethereum JSON-RPC; the contract ABI.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census
from ostraka_verifier.encoding import WORD_BYTES, Reader, keccak256, word
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome, OutcomeRule
from ostraka_verifier.parameters import RoundReference
from ostraka_verifier.rpc import (
    TIMEOUT,
    JsonRpc,
    Log,
    Progress,
    Reverted,
    dynamic,
    fetch,
    length,
    no_progress,
    read_bytes,
    read_quantity,
    read_topic,
)
from ostraka_verifier.snapshot import CensusSource, read_census
from ostraka_verifier.tally_proof import Tally

MAX_BOARD_BYTES = 2 * 2**30

_ROOT_TYPE = "(uint32,bytes32,uint256,uint256,uint32)"
_OPENED = keccak256(b"PollOpened(uint256,bytes32[],bytes[])")
_ANCHORED = keccak256(f"RootAnchored(uint256,{_ROOT_TYPE},(uint8,bytes)[])".encode())
_TALLIED = keccak256(b"TallyAccepted(uint256,uint256[],uint256)")
_ITEM_TYPE = "(address,uint128,uint16,string,string)"
_SUBMITTED = keccak256(f"ProposalSubmitted(uint256,bytes32,address,uint16,{_ITEM_TYPE})".encode())
_REVISED = keccak256(f"ProposalRevised(uint256,bytes32,{_ITEM_TYPE})".encode())
_CLAIMED = keccak256(b"PayoutClaimed(uint256,bytes32,address,uint256)")
_POLL_WORDS = 24
_ROUND_WORDS = 9
_PROPOSAL_WORDS = 8
ROUND_DECIDED = (6, 7)
"""Statuses of a round whose winners are fixed: decided, and expired after that."""
STATUS_NAMES = (
    "none",
    "created",
    "open",
    "closed",
    "anchored",
    "releasable",
    "tallied",
    "void",
)


@dataclass(frozen=True)
class ProposalEvidence:
    """A proposal as the treasury has it, with the title that its latest event gives."""

    id: bytes
    recipient: bytes
    amount: int
    category: int
    withdrawn: bool
    funded: bool
    paid: bool
    title: str


@dataclass(frozen=True)
class Payout:
    """What the treasury says that it paid."""

    proposal_id: bytes
    recipient: bytes
    amount: int


@dataclass(frozen=True)
class RoundEvidence:
    """What the chain says of one round.

    Attributes:
        registry: Where the treasury looks for its polls.
        status: As the contract numbers it; `ROUND_DECIDED` once winners are fixed.
        proposals: In order of submission.
        payouts: In order of payment.
    """

    registry: bytes
    status: int
    poll_id: int
    budget: int
    deposited: int
    committed: int
    paid_out: int
    proposals: tuple[ProposalEvidence, ...]
    payouts: tuple[Payout, ...]


@dataclass(frozen=True)
class ChainEvidence:
    """What the chain says of one poll at one block.

    Attributes:
        block: Number of the block at which everything was read.
        status: Status of the poll by that block's time, as `STATUS_NAMES`.
        generators: Code of the contract's generator table.
        node_keys: Words of the poll keys, as `PollOpened` listed them; empty before.
        anchored: Root with its attestations, None before.
        anchored_at, tallied_at: Block timestamps, 0 before.
        tally: As accepted, None before.
        awards: What the contract awards each slot, None where the poll has no outcome rule; or why
            it does not say, as when the board's outcome rule is not the poll's.
        creator: Account that created the poll.
        creator_is_treasury: Whether that account is a contract that takes polls of this registry.
        round: The round that the description names, None where it names none; or why it cannot be
            read, which says nothing against the rest.
        census: The census read again from the source that the description names, None where it
            names none; or why it cannot be read.
    """

    chain_id: int
    block: int
    status: str
    poll_context: bytes
    committee: bytes
    poll_keys_digest: bytes
    root: SumRoot
    tally_digest: bytes
    dispute_window_ends_at: int
    tally_deadline: int
    generators: bytes
    node_keys: tuple[bytes, ...]
    anchored: AnchoredRoot | None
    tally: Tally | None
    tallied_at: int
    awards: tuple[int, ...] | AuditError | None
    creator: bytes
    creator_is_treasury: bool
    round: RoundEvidence | AuditError | None
    census: Census | AuditError | None


class ChainReader:
    """Reads one PollRegistry over JSON-RPC at one block.

    Raises everywhere: Undecided when the endpoint is out of reach or refuses, Malformed when it
    answers what no chain would.
    """

    def __init__(self, rpc_url: str, registry: bytes, block: int | None = None) -> None:
        """Args:
        registry: 20-byte address.
        block: Read at this block; by default at the latest one.
        """
        self._rpc = JsonRpc(rpc_url)
        self._registry = registry
        self.chain_id = self._rpc.chain_id()
        self.block = self._rpc.newest_block() if block is None else block

    def read(
        self,
        poll_id: int,
        outcome_rule: OutcomeRule,
        encoded_rule: bytes,
        reference: RoundReference | None,
        source: CensusSource | None,
    ) -> ChainEvidence:
        """Everything about one poll.

        Args:
            outcome_rule: The poll's, as the board has it, to ask the contract for its outcome.
            encoded_rule: Its canonical bytes.
            reference: The round that the poll's description names.
            source: Where the description says that the census comes from.
        """
        view = Reader(self._call("poll(uint256)", word(poll_id)), "poll()")
        words = [view.take(WORD_BYTES, f"word {number}") for number in range(_POLL_WORDS)]
        view.end()
        numbers = [int.from_bytes(one, "big") for one in words]
        if numbers[0] >= len(STATUS_NAMES):
            raise Malformed(f"poll(): status {numbers[0]}")
        if numbers[0] == 0:
            raise Undecided(f"the registry has no poll {poll_id} at block {self.block}")
        root = SumRoot(words[19], words[20] + words[21], numbers[22])
        opened = self._event(_OPENED, poll_id)
        anchored = self._event(_ANCHORED, poll_id)
        tallied = self._event(_TALLIED, poll_id)
        tally = _read_tally(tallied[0]) if tallied else None
        table = self._call("generatorTable()", b"")[12:32]
        awards: tuple[int, ...] | AuditError | None = None
        if tally is not None and not isinstance(outcome_rule, NoOutcome):
            try:
                awards = self._awards(poll_id, tally, outcome_rule, encoded_rule)
            except AuditError as error:
                awards = error
        return ChainEvidence(
            chain_id=self.chain_id,
            block=self.block,
            status=STATUS_NAMES[numbers[0]],
            poll_context=words[1],
            committee=words[2],
            poll_keys_digest=words[17],
            root=root,
            tally_digest=words[23],
            dispute_window_ends_at=numbers[14],
            tally_deadline=numbers[15],
            generators=self._rpc.code(table, self.block),
            node_keys=_read_node_keys(opened[0]) if opened else (),
            anchored=_read_anchored(anchored[0]) if anchored else None,
            tally=tally,
            tallied_at=self._rpc.timestamp(tallied[1]) if tallied else 0,
            awards=awards,
            creator=words[3][12:],
            creator_is_treasury=self._takes_polls(words[3][12:]),
            round=self._round_or_why_not(reference) if reference else None,
            census=self._census_or_why_not(source) if source else None,
        )

    def _takes_polls(self, account: bytes) -> bool:
        if not self._rpc.code(account, self.block):
            return False
        try:
            answer = self._call("registry()", b"", account)
        except Reverted:
            # Another contract, such as a wallet: it refuses what it does not know. An endpoint that
            # does not answer says nothing: a treasury must not pass for a wallet.
            return False
        return answer[12:32] == self._registry

    def _round_or_why_not(self, reference: RoundReference) -> RoundEvidence | AuditError:
        try:
            return self._round(reference)
        except AuditError as error:
            return error

    def _census_or_why_not(self, source: CensusSource) -> Census | AuditError:
        try:
            return read_census(self._rpc, source, self.block)
        except AuditError as error:
            return error

    def _round(self, reference: RoundReference) -> RoundEvidence:
        treasury, key = reference.treasury, word(reference.round_id)
        data = self._call("round(uint256)", key, treasury)
        view = data[Reader(data, "round()").unsigned(WORD_BYTES, "offset") :]
        fixed = Reader(view, "round()")
        words = [fixed.unsigned(WORD_BYTES, f"word {number}") for number in range(_ROUND_WORDS)]
        parameters = dynamic(view, _ROUND_WORDS, "round().parameters")
        parameters.take(WORD_BYTES, "token")
        titles: dict[bytes, str] = {}
        for kind, position in ((_SUBMITTED, 1), (_REVISED, 0)):
            for log in self._round_logs(kind, reference):
                item = read_bytes(log.get("data"), "item")
                titles[read_topic(log, 2)] = _read_title(item, position)
        listed = dynamic(self._call("proposals(uint256)", key, treasury), 0, "proposals()")
        proposals = []
        for _ in range(length(listed)):
            fields = [listed.take(WORD_BYTES, "proposal") for _ in range(_PROPOSAL_WORDS)]
            withdrawn, funded, paid = (any(one) for one in fields[5:])
            proposals.append(
                ProposalEvidence(
                    fields[0],
                    fields[2][12:],
                    int.from_bytes(fields[3], "big"),
                    int.from_bytes(fields[4], "big"),
                    withdrawn,
                    funded,
                    paid,
                    titles.get(fields[0], ""),
                )
            )
        payouts = tuple(
            Payout(
                read_topic(log, 2),
                read_topic(log, 3)[12:],
                Reader(read_bytes(log.get("data"), "amount"), "payout").unsigned(32, "amount"),
            )
            for log in self._round_logs(_CLAIMED, reference)
        )
        return RoundEvidence(
            registry=self._call("registry()", b"", treasury)[12:32],
            status=words[0],
            poll_id=words[2],
            budget=parameters.unsigned(WORD_BYTES, "budget"),
            deposited=words[3],
            committed=words[4],
            paid_out=words[5],
            proposals=tuple(proposals),
            payouts=payouts,
        )

    def _round_logs(self, kind: bytes, reference: RoundReference) -> list[Log]:
        """All events of a kind of one round, oldest first."""
        return self._rpc.logs(reference.treasury, (kind, word(reference.round_id)), self.block)

    def _awards(
        self, poll_id: int, tally: Tally, rule: OutcomeRule, encoded_rule: bytes
    ) -> tuple[int, ...] | None:
        try:
            rule.check_slots(len(tally.values))
        except Rejected:
            # Judged by checks P2 and R1.
            return None
        slots = _dynamic_words(tally.values)
        order = _dynamic_words(rule.order(tally.values))
        padded = encoded_rule.ljust(-(-len(encoded_rule) // WORD_BYTES) * WORD_BYTES, b"\0")
        encoded = word(len(encoded_rule)) + padded
        at_slots = 4 * WORD_BYTES
        at_rule = at_slots + len(slots)
        at_order = at_rule + len(encoded)
        head = b"".join(word(value) for value in (poll_id, at_slots, at_rule, at_order))
        answer = Reader(
            self._call("awards(uint256,uint256[],bytes,uint16[])", head + slots + encoded + order),
            "awards()",
        )
        answer.unsigned(WORD_BYTES, "offset")
        count = answer.unsigned(WORD_BYTES, "length")
        if count != len(tally.values):
            raise Malformed(f"awards(): {count} entries")
        awards = tuple(answer.unsigned(WORD_BYTES, "entry") for _ in range(count))
        answer.end()
        return awards

    def _event(self, kind: bytes, poll_id: int) -> tuple[bytes, int] | None:
        """Data and block of the latest event of a kind."""
        logs = self._rpc.latest_logs(self._registry, (kind, word(poll_id)), self.block)
        if not logs:
            return None
        block = read_quantity(logs[-1].get("blockNumber"), "eth_getLogs")
        return read_bytes(logs[-1].get("data"), "eth_getLogs"), block

    def _call(self, signature: str, arguments: bytes, address: bytes | None = None) -> bytes:
        return self._rpc.call(address or self._registry, signature, arguments, self.block)


def read_board(source: str, progress: Progress = no_progress) -> bytes:
    """Bytes of a board from an `http(s)://` URL or a file; Undecided when out of reach."""
    if source.startswith(("http://", "https://")):
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
            return fetch(client, "GET", source, MAX_BOARD_BYTES, progress)
    try:
        if Path(source).stat().st_size > MAX_BOARD_BYTES:
            raise Undecided(f"{source}: more than {MAX_BOARD_BYTES} bytes")
        return Path(source).read_bytes()
    except OSError as error:
        raise Undecided(f"{source}: {error.strerror}") from error


def _read_node_keys(data: bytes) -> tuple[bytes, ...]:
    tail = dynamic(data, 0, "PollOpened.nodeKeys")
    return tuple(tail.take(WORD_BYTES, "key") for _ in range(length(tail)))


def _read_anchored(data: bytes) -> AnchoredRoot:
    reader = Reader(data, "RootAnchored")
    number = reader.unsigned(WORD_BYTES, "round")
    root = SumRoot(
        reader.take(WORD_BYTES, "rootHash"),
        reader.take(2 * WORD_BYTES, "sum"),
        reader.unsigned(WORD_BYTES, "count"),
    )
    offset = reader.unsigned(WORD_BYTES, "attestations")
    listed = data[offset + WORD_BYTES :]
    attestations = []
    for position in range(length(Reader(data[offset:], "RootAnchored.attestations"))):
        start = Reader(listed[WORD_BYTES * position :], "attestation").unsigned(WORD_BYTES, "at")
        one = Reader(listed[start:], "attestation")
        node = one.unsigned(WORD_BYTES, "node")
        one.unsigned(WORD_BYTES, "offset")
        attestations.append(Attestation(node, one.take(length(one), "signature")))
    return AnchoredRoot(number, root, tuple(attestations))


def _read_tally(data: bytes) -> Tally:
    blinding = Reader(data[WORD_BYTES:], "TallyAccepted").unsigned(WORD_BYTES, "blinding")
    tail = dynamic(data, 0, "TallyAccepted.tally")
    values = tuple(tail.unsigned(WORD_BYTES, "votes") for _ in range(length(tail)))
    return Tally(values, blinding)


def _read_title(data: bytes, position: int) -> str:
    """Title of the `Item` whose offset stands at word `position`."""
    start = Reader(data[WORD_BYTES * position :], "item").unsigned(WORD_BYTES, "offset")
    title = dynamic(data[start:], 3, "item.title")
    try:
        return title.take(length(title), "title").decode()
    except UnicodeDecodeError:
        raise Malformed("item.title: not UTF-8") from None


def _dynamic_words(values: Sequence[int]) -> bytes:
    return word(len(values)) + b"".join(word(value) for value in values)
