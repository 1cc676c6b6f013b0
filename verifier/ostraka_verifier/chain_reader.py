"""Read what the chain records of a poll, over JSON-RPC at one block. Judges nothing.

What an endpoint answers that cannot be read is Undecided.

Source: contracts/interfaces/IPollRegistry.sol; the contract ABI.
"""

from collections.abc import Sequence

from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census
from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.encoding import WORD_BYTES, Reader, keccak256, word
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import STATUS_NAMES, ChainEvidence, DeploymentEvidence
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome, OutcomeRule
from ostraka_verifier.parameters import RoundReference
from ostraka_verifier.round_reader import RoundReader
from ostraka_verifier.rpc import (
    JsonRpc,
    Reverted,
    Unanswered,
    answered_bytes,
    answers_of_the_endpoint,
    dynamic,
    length,
    read_quantity,
    readable_or_error,
)
from ostraka_verifier.snapshot import CensusSource, NobodyListed, read_census
from ostraka_verifier.tally_proof import Tally

_ROOT_TYPE = "(uint32,bytes32,uint256,uint256,uint32)"
_OPENED = keccak256(b"PollOpened(uint256,bytes32[],bytes[])")
_ANCHORED = keccak256(f"RootAnchored(uint256,{_ROOT_TYPE},(uint8,bytes)[])".encode())
_TALLIED = keccak256(b"TallyAccepted(uint256,uint256[],uint256)")
_POLL_WORDS = 27


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
        self._address = registry
        self.chain_id = self._rpc.chain_id()
        self.block = self._rpc.newest_block() if block is None else block
        self._registry = ContractView(self._rpc, registry, self.block)

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
        code = self._registry.code()
        if not code:
            raise Unanswered(f"no contract at 0x{self._address.hex()} on chain {self.chain_id}")
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
        view = Reader(self._registry.call("poll(uint256)", word(poll_id)), "poll()")
        words = [view.take(WORD_BYTES, f"word {number}") for number in range(_POLL_WORDS)]
        view.end()
        numbers = [int.from_bytes(one, "big") for one in words]
        if numbers[0] >= len(STATUS_NAMES):
            raise Malformed("poll()", f"status {numbers[0]}")
        if numbers[0] == 0:
            raise Undecided(f"the registry has no poll {poll_id} at block {self.block}")
        root = SumRoot(words[19], words[20] + words[21], numbers[22])
        opened = self._event(_OPENED, poll_id)
        anchored = self._event(_ANCHORED, poll_id) if numbers[13] else None
        tallied = self._event(_TALLIED, poll_id)
        tally = _read_tally(tallied[0]) if tallied else None
        table = self._registry.address("generatorTable()")
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
            round=readable_or_error(
                lambda: RoundReader(self._rpc, self.chain_id, self.block, reference).read()
            )
            if reference
            else None,
            deployment=readable_or_error(lambda: self._deployment(code, table)),
            census=readable_or_error(lambda: self._census(source)) if source else None,
            census_code=self._rpc.code(source.contract, self.block) if source else b"",
            census_times=readable_or_error(lambda: self._times(source)) if source else None,
        )

    def _deployment(self, code: bytes, table: bytes) -> DeploymentEvidence:
        return DeploymentEvidence(
            registry=code,
            generator_table=table,
            voting_keys=self._registry.part("votingKeys()"),
            poll_rules=self._registry.part("pollRules()"),
            period_floor=int.from_bytes(self._registry.word("periodFloor()"), "big"),
            disputes=self._registry.address("disputes()"),
        )

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
            registry = ContractView(self._rpc, contract, self.block).address("registry()")
        except Reverted:
            # Another contract, such as a wallet: it refuses what it does not know. An endpoint that
            # does not answer says nothing: a treasury must not pass for a wallet.
            return False
        return registry == self._address

    def _awards_or_why_not(
        self, poll_id: int, tally: Tally, rule: OutcomeRule | None, encoded_rule: bytes
    ) -> tuple[int, ...] | AuditError | None:
        if rule is None:
            return Undecided("needs P2")
        return readable_or_error(lambda: self._awards(poll_id, tally, rule, encoded_rule))

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
        answer = self._registry.call("awards(uint256,uint256[],bytes,uint16[])", arguments)
        listed = dynamic(answer, 0, "awards()")
        count = length(listed)
        if count != len(tally.values):
            raise Malformed("awards()", f"{count} entries")
        return tuple(listed.unsigned(WORD_BYTES, "entry") for _ in range(count))

    def _event(self, kind: bytes, poll_id: int) -> tuple[bytes, int] | None:
        """Data and block of the latest event of a kind."""
        logs = self._registry.newest_events((kind, word(poll_id)))
        if not logs:
            return None
        block = read_quantity(logs[-1].get("blockNumber"), "eth_getLogs")
        return answered_bytes(logs[-1].get("data"), "eth_getLogs"), block


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


def _dynamic_words(values: Sequence[int]) -> bytes:
    return word(len(values)) + b"".join(word(value) for value in values)
