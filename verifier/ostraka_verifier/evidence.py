"""Where evidence comes from: a JSON-RPC endpoint for the chain, a URL or a file for the board.

Reads and decodes, judges nothing. All chain facts are read at one block, and what payouts changed
at the blocks before and after them. What an endpoint answers that cannot be read is Undecided.

Source: contracts/interfaces/IPollRegistry.sol; Ethereum JSON-RPC; the contract ABI.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census
from ostraka_verifier.encoding import ADDRESS_BYTES, WORD_BYTES, Reader, keccak256, word
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
    Unanswered,
    answered_bytes,
    answers_of_the_endpoint,
    dynamic,
    fetch,
    length,
    no_progress,
    read_quantity,
    read_topic,
)
from ostraka_verifier.snapshot import CensusSource, NobodyListed, read_census
from ostraka_verifier.tally_proof import Tally

_T = TypeVar("_T")

MAX_BOARD_BYTES = 2 * 2**30

_ROOT_TYPE = "(uint32,bytes32,uint256,uint256,uint32)"
_OPENED = keccak256(b"PollOpened(uint256,bytes32[],bytes[])")
_ANCHORED = keccak256(f"RootAnchored(uint256,{_ROOT_TYPE},(uint8,bytes)[])".encode())
_TALLIED = keccak256(b"TallyAccepted(uint256,uint256[],uint256)")
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
_POLL_WORDS = 27
_ROUND_WORDS = 13
_PROPOSAL_WORDS = 8
_MEMBER_ROOT, _SECRET = 6, 21
"""Places among the words of the contract's `RoundParameters`."""
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
    """What the treasury says that it paid.

    Attributes:
        transaction: Hash of the transaction, 32 bytes.
    """

    proposal_id: bytes
    recipient: bytes
    amount: int
    block: int
    transaction: bytes


@dataclass(frozen=True)
class Transfer:
    """What a token's event says that it moved out of the treasury."""

    transaction: bytes
    recipient: bytes
    amount: int


@dataclass(frozen=True)
class CoinReceipt:
    """What an account had before and after a block in which the treasury says it paid coins.

    Attributes:
        before, after: Coins at the block before, and at the block.
        spent: Whether the account could have spent within the block: it has code, or sent a
            transaction.
    """

    recipient: bytes
    block: int
    before: int
    after: int
    spent: bool


@dataclass(frozen=True)
class CodeEvidence:
    """A contract: 20-byte address, and the code that runs there."""

    address: bytes
    code: bytes


@dataclass(frozen=True)
class ElectorateEvidence:
    """Who votes, as the round fixed it at its creation (§17.4).

    Attributes:
        kind: 0 members, 1 fixed, 2 source on chain, 3 invitations.
        root: Of the census or of the invitations; keccak-256 of the source in kind 2.
        source: Canonical JSON of where the census is read, from the round's event; kind 2 only.
    """

    kind: int
    root: bytes
    voters: int
    weight: int
    source: bytes


@dataclass(frozen=True)
class RoundEvidence:
    """What the chain says of one round.

    Attributes:
        registry: Where the treasury looks for its polls.
        code: Code of the treasury.
        rules: The contract that writes the rules of its polls.
        status: As the contract numbers it; `ROUND_DECIDED` once winners are fixed.
        member_root: Census root of those who may propose.
        title, text: As the round's event has them; U+FFFD for what is no UTF-8.
        secret: Whether the round asked for a secret poll.
        token: What it pays in, 20 bytes; zero for the chain's coin.
        proposals: In order of submission.
        payouts: In order of payment.
        moved: What the token's events, or accounts' balances, show of the payouts; or why that
            cannot be read.
    """

    registry: bytes
    code: bytes
    rules: CodeEvidence
    status: int
    poll_id: int
    budget: int
    deposited: int
    committed: int
    paid_out: int
    electorate: ElectorateEvidence
    title: str
    text: str
    member_root: bytes
    secret: bool
    token: bytes
    proposals: tuple[ProposalEvidence, ...]
    payouts: tuple[Payout, ...]
    moved: tuple[Transfer, ...] | tuple[CoinReceipt, ...] | AuditError


@dataclass(frozen=True)
class DeploymentEvidence:
    """The contracts that judge a poll.

    Attributes:
        registry: Code of the registry.
        generator_table: Address of the table of generators.
        period_floor: Least seconds of a dispute window and of a tally period.
        disputes: Who may reject roots, 20 bytes; zero for nobody.
    """

    registry: bytes
    generator_table: bytes
    voting_keys: CodeEvidence
    poll_rules: CodeEvidence
    period_floor: int
    disputes: bytes


@dataclass(frozen=True)
class ChainEvidence:
    """What the chain says of one poll at one block.

    Attributes:
        block: Number of the block at which everything was read.
        status: Status of the poll by that block's time, as `STATUS_NAMES`.
        generators: Code of the contract's generator table.
        node_keys: Words of the poll keys, as `PollOpened` listed them; empty before.
        anchored: Root with its attestations, None before.
        rejected_rounds: One more than the number of the last round whose root was rejected.
        rejected_at: Chain time of that rejection.
        anchored_at, tallied_at: Block timestamps, 0 before.
        tally: As accepted, None before.
        awards: What the contract awards each slot, None where the poll has no outcome rule; or why
            it does not say, as when the board's outcome rule is not the poll's.
        creator: Account that created the poll.
        creator_is_contract: Whether that account has code.
        creator_is_treasury: Whether that account is a contract that takes polls of this registry.
        deployment: The registry and its parts; or why they cannot be read.
        round: The round that the description names, None where it names none; or why it cannot be
            read, which says nothing against the rest.
        census: The census read again from the source that the description names, None where it
            names none; or why it cannot be read.
        census_code: Code of that source's contract, empty where there is no source.
        census_times: Timestamps of the source's block and of the next one, None where there is no
            source; or why they cannot be read.
    """

    chain_id: int
    block: int
    status: str
    poll_context: bytes
    committee: bytes
    poll_keys_digest: bytes
    root: SumRoot
    tally_digest: bytes
    rejected_rounds: int
    rejected_at: int
    anchored_at: int
    dispute_window_ends_at: int
    tally_deadline: int
    generators: bytes
    node_keys: tuple[bytes, ...]
    anchored: AnchoredRoot | None
    tally: Tally | None
    tallied_at: int
    awards: tuple[int, ...] | AuditError | None
    creator: bytes
    creator_is_contract: bool
    creator_is_treasury: bool
    round: RoundEvidence | AuditError | None
    deployment: DeploymentEvidence | AuditError
    census: Census | AuditError | None
    census_code: bytes
    census_times: tuple[int, int] | AuditError | None


class ChainReader:
    """Reads one PollRegistry over JSON-RPC at one block.

    Raises everywhere: Undecided when the endpoint cannot be reached, refuses, or answers what no
    chain would.
    """

    def __init__(
        self, rpc_url: str, registry: bytes, block: int | None = None, from_block: int = 0
    ) -> None:
        """Args:
        registry: 20-byte address.
        block: Read at this block; by default at the latest one.
        from_block: Events before it are not asked for, of contracts that are not older.
        """
        self._rpc = JsonRpc(rpc_url, from_block)
        self._registry = registry
        self.chain_id = self._rpc.chain_id()
        self.block = self._rpc.newest_block() if block is None else block

    def read(
        self,
        poll_id: int,
        outcome_rule: OutcomeRule | None,
        encoded_rule: bytes,
        reference: RoundReference | None,
        source: CensusSource | None,
    ) -> ChainEvidence:
        """Everything about one poll.

        Args:
            outcome_rule: The poll's, as the board has it, to ask the contract for its outcome; None
                where the board's cannot be read.
            encoded_rule: Its canonical bytes.
            reference: The round that the poll's description names.
            source: Where the description says that the census comes from.
        """
        code = self._rpc.code(self._registry, self.block)
        if not code:
            raise Unanswered(f"no contract at 0x{self._registry.hex()} on chain {self.chain_id}")
        with answers_of_the_endpoint():
            return self._read(poll_id, code, outcome_rule, encoded_rule, reference, source)

    def _read(
        self,
        poll_id: int,
        code: bytes,
        outcome_rule: OutcomeRule | None,
        encoded_rule: bytes,
        reference: RoundReference | None,
        source: CensusSource | None,
    ) -> ChainEvidence:
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
        anchored = self._event(_ANCHORED, poll_id) if numbers[13] else None
        tallied = self._event(_TALLIED, poll_id)
        tally = _read_tally(tallied[0]) if tallied else None
        table = self._call("generatorTable()", b"")[12:32]
        creator = words[3][12:]
        creator_is_contract = bool(self._rpc.code(creator, self.block))
        awards: tuple[int, ...] | AuditError | None = None
        if tally is not None and not isinstance(outcome_rule, NoOutcome):
            awards = self._awards_or_why_not(poll_id, tally, outcome_rule, encoded_rule)
        return ChainEvidence(
            chain_id=self.chain_id,
            block=self.block,
            status=STATUS_NAMES[numbers[0]],
            poll_context=words[1],
            committee=words[2],
            poll_keys_digest=words[17],
            root=root,
            tally_digest=words[23],
            rejected_rounds=numbers[24],
            rejected_at=numbers[25],
            anchored_at=numbers[13],
            dispute_window_ends_at=numbers[14],
            tally_deadline=numbers[15],
            generators=self._rpc.code(table, self.block),
            node_keys=_read_node_keys(opened[0]) if opened else (),
            anchored=_read_anchored(anchored[0]) if anchored else None,
            tally=tally,
            tallied_at=self._rpc.timestamp(tallied[1]) if tallied else 0,
            awards=awards,
            creator=creator,
            creator_is_contract=creator_is_contract,
            creator_is_treasury=creator_is_contract and self._takes_polls(creator),
            round=_or_why_not(lambda: self._round(reference)) if reference else None,
            deployment=_or_why_not(lambda: self._deployment(code, table)),
            census=_or_why_not(lambda: self._census(source)) if source else None,
            census_code=self._rpc.code(source.contract, self.block) if source else b"",
            census_times=_or_why_not(lambda: self._times(source)) if source else None,
        )

    def _deployment(self, code: bytes, table: bytes) -> DeploymentEvidence:
        disputes = self._call("disputes()", b"")[12:32]
        floor = Reader(self._call("periodFloor()", b""), "periodFloor()")
        return DeploymentEvidence(
            registry=code,
            generator_table=table,
            voting_keys=self._part("votingKeys()", self._registry),
            poll_rules=self._part("pollRules()", self._registry),
            period_floor=floor.unsigned(WORD_BYTES, "seconds"),
            disputes=disputes,
        )

    def _part(self, getter: str, address: bytes) -> CodeEvidence:
        """A contract that another names."""
        named = Reader(self._call(getter, b"", address), getter)
        part = named.take(WORD_BYTES, "address")[-ADDRESS_BYTES:]
        return CodeEvidence(part, self._rpc.code(part, self.block))

    def _census(self, source: CensusSource) -> Census:
        try:
            return read_census(self._rpc, source, self.block)
        except NobodyListed as error:
            contract = f"0x{source.contract.hex()}"
            raise Unanswered(
                f"{contract} lists nobody, or the RPC endpoint lacks its events"
            ) from error

    def _times(self, source: CensusSource) -> tuple[int, int]:
        if source.block >= self.block:
            raise Undecided(f"block {source.block} of the census is not in the past")
        return self._rpc.timestamp(source.block), self._rpc.timestamp(source.block + 1)

    def _takes_polls(self, contract: bytes) -> bool:
        try:
            answer = self._call("registry()", b"", contract)
        except Reverted:
            # Another contract, such as a wallet: it refuses what it does not know. An endpoint that
            # does not answer says nothing: a treasury must not pass for a wallet.
            return False
        return answer[12:32] == self._registry

    def _round(self, reference: RoundReference) -> RoundEvidence:
        treasury, key = reference.treasury, word(reference.round_id)
        code = self._rpc.code(treasury, self.block)
        if not code:
            raise Unanswered(f"no contract at 0x{treasury.hex()} on chain {self.chain_id}")
        data = self._call("round(uint256)", key, treasury)
        view = data[Reader(data, "round()").unsigned(WORD_BYTES, "offset") :]
        fixed = Reader(view, "round()")
        words = [fixed.unsigned(WORD_BYTES, f"word {number}") for number in range(_ROUND_WORDS)]
        parameters = dynamic(view, _ROUND_WORDS, "round().parameters")
        fields = [parameters.take(WORD_BYTES, f"word {number}") for number in range(_SECRET + 1)]
        token = fields[0][-ADDRESS_BYTES:]
        titles: dict[bytes, str] = {}
        for kind, position in ((_SUBMITTED, 1), (_REVISED, 0)):
            for log in self._round_logs(kind, reference):
                item = answered_bytes(log.get("data"), "item")
                titles[read_topic(log, 2)] = _read_title(item, position)
        listed = dynamic(self._call("proposals(uint256)", key, treasury), 0, "proposals()")
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
            for log in self._round_logs(_CLAIMED, reference)
        )
        shown = {payout.proposal_id for payout in payouts}
        for proposal in proposals:
            if proposal.paid and proposal.id not in shown:
                raise _lacking("PayoutClaimed", proposal.id)
        source, title, text = self._announced(reference)
        return RoundEvidence(
            registry=self._call("registry()", b"", treasury)[12:32],
            code=code,
            rules=self._part("rules()", treasury),
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
            moved=_or_why_not(lambda: self._moved(treasury, token, payouts)),
        )

    def _announced(self, reference: RoundReference) -> tuple[bytes, str, str]:
        """Source of the electorate, title and text, as the round's event has them."""
        logs = self._round_logs(_ROUND_CREATED, reference)
        if not logs:
            raise Unanswered("the RPC endpoint shows no event RoundCreated of the round")
        created = answered_bytes(logs[-1].get("data"), "RoundCreated")
        at = Reader(created[WORD_BYTES:], "RoundCreated").unsigned(WORD_BYTES, "electorate")
        source = dynamic(created[at:], 4, "RoundCreated.electorate.source")
        texts = [dynamic(created, place, "RoundCreated.text") for place in (2, 3)]
        title, text = (one.take(length(one), "text").decode(errors="replace") for one in texts)
        return source.take(length(source), "source"), title, text

    def _moved(
        self, treasury: bytes, token: bytes, payouts: Sequence[Payout]
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
                for log in self._rpc.logs(token, (_TRANSFER, word(treasury)), block, block)
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

    def _round_logs(self, kind: bytes, reference: RoundReference) -> list[Log]:
        """All events of a kind of one round, oldest first."""
        return self._rpc.logs(reference.treasury, (kind, word(reference.round_id)), self.block)

    def _awards_or_why_not(
        self, poll_id: int, tally: Tally, rule: OutcomeRule | None, encoded_rule: bytes
    ) -> tuple[int, ...] | AuditError | None:
        if rule is None:
            return Undecided("needs P2")
        return _or_why_not(lambda: self._awards(poll_id, tally, rule, encoded_rule))

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
        arguments = head + slots + encoded + order
        answer = self._call("awards(uint256,uint256[],bytes,uint16[])", arguments)
        listed = dynamic(answer, 0, "awards()")
        count = length(listed)
        if count != len(tally.values):
            raise Malformed(f"awards(): {count} entries")
        return tuple(listed.unsigned(WORD_BYTES, "entry") for _ in range(count))

    def _event(self, kind: bytes, poll_id: int) -> tuple[bytes, int] | None:
        """Data and block of the latest event of a kind."""
        logs = self._rpc.latest_logs(self._registry, (kind, word(poll_id)), self.block)
        if not logs:
            return None
        block = read_quantity(logs[-1].get("blockNumber"), "eth_getLogs")
        return answered_bytes(logs[-1].get("data"), "eth_getLogs"), block

    def _call(self, signature: str, arguments: bytes, address: bytes | None = None) -> bytes:
        return self._rpc.call(address or self._registry, signature, arguments, self.block)


def _lacking(event: str, proposal_id: bytes) -> Unanswered:
    what = f"{event} of proposal 0x{proposal_id.hex()}"
    return Unanswered(f"the RPC endpoint shows no event {what}: it lacks events")


def _or_why_not(read: Callable[[], _T]) -> _T | AuditError:
    """A part of the evidence; what is missing of it says nothing against the rest."""
    try:
        with answers_of_the_endpoint():
            return read()
    except AuditError as error:
        return error


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
