"""Read what the chain records of a poll, over JSON-RPC at one block. This module judges nothing.

Invalid answers of an endpoint are Undecided: they do not count against the poll.

Source: contracts/interfaces/IPollRegistry.sol; the contract ABI.
"""

from collections.abc import Sequence

from ostraka_verifier.abi import Decoded, Event
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census import Census
from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.contracts import (
    AWARDS,
    OUTCOME,
    POLL_OPENED,
    POLL_VIEW,
    ROOT_ANCHORED,
    TALLY_ACCEPTED,
)
from ostraka_verifier.description import RoundReference
from ostraka_verifier.encoding import WORD_BYTES, word
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import (
    OUTCOME_MISSED,
    STATUS_NAMES,
    ChainEvidence,
    CodeEvidence,
    DeploymentEvidence,
    DisputesEvidence,
    OutcomeEvidence,
)
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import BallotOutcome, NoOutcome, OutcomeRule
from ostraka_verifier.round_reader import RoundReader
from ostraka_verifier.rpc import (
    JsonRpc,
    Progress,
    Reverted,
    Unanswered,
    answered_bytes,
    answers_of_the_endpoint,
    no_progress,
    read_quantity,
    readable_or_error,
)
from ostraka_verifier.snapshot import CensusSource, NobodyListed, read_census
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.units import Seconds, UnixSeconds


class ChainReader:
    """Reads one PollRegistry over JSON-RPC at one block.

    Every method raises Undecided if the endpoint is unreachable, refuses, or gives an invalid
    answer.
    """

    def __init__(
        self,
        rpc_url: str,
        registry: bytes,
        block: int | None = None,
        from_block: int = 0,
        reading: Progress = no_progress,
    ) -> None:
        """Args:
        registry: 20-byte address.
        block: Read at this block; by default at the latest one.
        from_block: First block whose events are requested, of contracts that are not older.
        reading: Told how many blocks of events are read.
        """
        self._rpc = JsonRpc(rpc_url, from_block, reading)
        self._rpc.begins_later(registry)
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
        """Read everything about one poll.

        Args:
            outcome_rule: The board's outcome rule, to ask the contract for its outcome; None if it
                cannot be read.
            encoded_rule: Its canonical bytes.
            reference: The round that the poll's description names.
            source: The source of the census that the description names.
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
        answer = self._registry.call("poll(uint256)", word(poll_id))
        view = POLL_VIEW.decode_whole(answer, "poll()")
        status = view.number("status")
        if status >= len(STATUS_NAMES):
            raise Malformed("poll().status", f"{status} is unknown")
        if status == 0:
            raise Undecided(f"the registry has no poll {poll_id} at block {self.block}")
        opened = self._event(POLL_OPENED, poll_id)
        anchored = self._event(ROOT_ANCHORED, poll_id) if view.number("anchoredAt") else None
        tallied = self._event(TALLY_ACCEPTED, poll_id)
        tally = _read_tally(tallied[0]) if tallied else None
        table = self._registry.address("generatorTable()")
        creator = view.address("creator")
        creator_is_contract = bool(self._rpc.code(creator, self.block))
        awards: tuple[int, ...] | AuditError | None = None
        attested: OutcomeEvidence | AuditError | None = None
        if tally is not None and isinstance(outcome_rule, BallotOutcome):
            attested = readable_or_error(lambda: self._outcome(poll_id))
        elif tally is not None and not isinstance(outcome_rule, NoOutcome):
            awards = self._awards_or_why_not(poll_id, tally, outcome_rule, encoded_rule)
        return ChainEvidence(
            chain_id=self.chain_id,
            block=self.block,
            status=STATUS_NAMES[status],
            poll_context=view.word("pollContext"),
            committee=view.word("committee"),
            poll_keys_digest=view.word("pollKeys"),
            root=_sum_root(view.struct("root")),
            tally_digest=view.word("tallyDigest"),
            rejected_rounds=view.number("rejectedRounds"),
            rejected_at=view.moment("rejectedAt"),
            anchored_at=view.moment("anchoredAt"),
            dispute_window_ends_at=view.moment("releasableAt"),
            tally_deadline=view.moment("tallyDeadline"),
            generators=self._rpc.code(table, self.block),
            node_keys=POLL_OPENED.decode(opened[0]).words("nodeKeys") if opened else (),
            anchored=_read_anchored(anchored[0]) if anchored else None,
            tally=tally,
            tallied_at=self._rpc.timestamp(tallied[1]) if tallied else UnixSeconds(0),
            awards=awards,
            outcome=attested,
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
            period_floor=Seconds(int.from_bytes(self._registry.word("periodFloor()"), "big")),
            disputes=self._disputes(self._registry.address("disputes()")),
        )

    def _disputes(self, address: bytes) -> DisputesEvidence | None:
        if not any(address):
            return None
        contract = ContractView(self._rpc, address, self.block)
        try:
            check = contract.part("ballotCheck()")
        except (Malformed, Reverted):
            # Another contract, or an account without code.
            check = None
        return DisputesEvidence(CodeEvidence(address, contract.code()), check)

    def _census(self, source: CensusSource) -> Census:
        try:
            return read_census(self._rpc, source, self.block)
        except NobodyListed as error:
            contract = f"0x{source.contract.hex()}"
            raise Unanswered(
                f"{contract} lists nobody, or the RPC endpoint lacks its events"
            ) from error

    def _times(self, source: CensusSource) -> tuple[UnixSeconds, UnixSeconds]:
        if source.block >= self.block:
            raise Undecided(f"block {source.block} of the census is not in the past")
        return self._rpc.timestamp(source.block), self._rpc.timestamp(source.block + 1)

    def _takes_polls(self, contract: bytes) -> bool:
        try:
            registry = ContractView(self._rpc, contract, self.block).address("registry()")
        except Reverted:
            # Another contract, such as a wallet, refuses unknown calls. An endpoint that does not
            # answer proves nothing: a treasury must not pass for a wallet.
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
            # Checks P2 and R1 report this.
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
        awards = AWARDS.decode(answer, "awards()").numbers("awards")
        if len(awards) != len(tally.values):
            raise Malformed("awards()", f"{len(awards)} entries")
        return awards

    def _outcome(self, poll_id: int) -> OutcomeEvidence:
        answer = self._registry.call("outcome(uint256)", word(poll_id))
        seen = OUTCOME.decode(answer, "outcome()").struct("seen")
        state = seen.number("state")
        if state > OUTCOME_MISSED:
            raise Malformed("outcome().state", f"{state} is unknown")
        return OutcomeEvidence(state, seen.word("ballotsHash"), seen.numbers("awards"))

    def _event(self, kind: Event, poll_id: int) -> tuple[bytes, int] | None:
        """Return the data and block of the newest event of a kind, or None."""
        logs = self._registry.newest_events(kind.topics(poll_id))
        if not logs:
            return None
        block = read_quantity(logs[-1].get("blockNumber"), "eth_getLogs")
        return answered_bytes(logs[-1].get("data"), "eth_getLogs"), block


def _read_anchored(data: bytes) -> AnchoredRoot:
    event = ROOT_ANCHORED.decode(data)
    root = event.struct("root")
    attestations = (
        Attestation(one.number("node"), one.byte_string("signature"))
        for one in event.structs("attestations")
    )
    return AnchoredRoot(root.number("round"), _sum_root(root), tuple(attestations))


def _sum_root(root: Decoded) -> SumRoot:
    return SumRoot(
        root.word("rootHash"), root.word("sumX") + root.word("sumY"), root.number("count")
    )


def _read_tally(data: bytes) -> Tally:
    event = TALLY_ACCEPTED.decode(data)
    return Tally(event.numbers("tally"), event.number("blinding"))


def _dynamic_words(values: Sequence[int]) -> bytes:
    return word(len(values)) + b"".join(word(value) for value in values)
