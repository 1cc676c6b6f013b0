"""The numbered checks of an audit, each performed under its number.

Pure: evidence, engine and randomness come in as arguments. A failing check stops only those that
cannot be judged without it.

Source: docs/protocol.md §13. Tests: tests/verifier/test_checks.py kills each check by a mutation.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar, cast

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot, BallotLayout
from ostraka_verifier.board import (
    AnchoredRoot,
    BoardLeaf,
    SignedShare,
    decode_leaves,
    decode_poll_keys,
    decode_shares,
    split_notes,
)
from ostraka_verifier.census import MINIMUM_CLASS, Census, CensusEntry
from ostraka_verifier.commitment import MAX_GENERATORS, CommitmentKey, derive_generator
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import keccak256, parse_json, word
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import (
    ROUND_DECIDED,
    ChainEvidence,
    CodeEvidence,
    CoinReceipt,
    DeploymentEvidence,
    ProposalEvidence,
    RoundEvidence,
    Transfer,
)
from ostraka_verifier.merkle_sum import Leaf, sum_root
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    NoOutcome,
    OutcomeRule,
    Proportional,
    decode_outcome_rule,
    outcome_rule_digest,
)
from ostraka_verifier.parameters import (
    Committee,
    Description,
    PollIdentity,
    PollParameters,
)
from ostraka_verifier.poll_key import check_poll_keys, node_key, node_keys_hash
from ostraka_verifier.proof import ProofShape, Randomness, RejectedProofs, verify_proofs
from ostraka_verifier.redemption import Redemptions, poll_electorate, round_electorate
from ostraka_verifier.releases import (
    MEMBER_REGISTRY,
    Found,
    Releases,
    created_address,
    domain_immutables,
    known_releases,
)
from ostraka_verifier.rpc import Progress, Unanswered, no_progress
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import Share
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, SourceKind
from ostraka_verifier.tally_proof import (
    AggregateCommitments,
    Tally,
    aggregate_share_hash,
    combine,
    verify_opening,
)
from ostraka_verifier.typed_data import Domain, key_address, recover, recover_key

_T = TypeVar("_T")

PROOF_BATCH = 2000
"""Ballots whose proofs are verified together."""
LEAST_PERIOD_S = 3600
"""Floor of a registry's periods below which it is meant for tests."""
MEMBERS_ELECTORATE, FIXED_ELECTORATE, SOURCE_ELECTORATE, INVITED_ELECTORATE = range(4)
"""Kinds of a round's electorate (§17.4)."""


class Verdict(Enum):
    """What a check, or a whole audit, comes to."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes:
        check: Its number.
        claim: What it establishes, in words.
        verdict: Whether it does.
        item: What failed, "" otherwise.
        detail: Why it failed, what is missing, or what was counted.
        assumes: What it holds by somebody's word only, "" for nothing. Completes "holds, assuming".
    """

    check: str
    claim: str
    verdict: Verdict
    item: str = ""
    detail: str = ""
    assumes: str = ""

    def to_json(self) -> dict[str, str]:
        """Stable members."""
        return {
            "check": self.check,
            "claim": self.claim,
            "verdict": self.verdict.value,
            "item": self.item,
            "detail": self.detail,
            "assumes": self.assumes,
        }


@dataclass(frozen=True)
class Held:
    """What a check that holds has to say: what was counted, and what it holds by a word only."""

    detail: str
    assumes: str = ""


@dataclass(frozen=True)
class Claimed:
    """Which poll the auditor asked about."""

    registry: bytes
    poll_id: int


class Audit:
    """One audit: evidence, and what is read out of it, each thing once.

    A property that cannot be read fails the check under whose number it stands; every other check
    that wants it is then not checked.
    """

    def __init__(
        self,
        curve: Curve,
        claimed: Claimed,
        chain: ChainEvidence,
        board: bytes,
        randomness: Randomness,
        progress: Progress = no_progress,
        releases: Releases | None = None,
    ) -> None:
        """Args:
        board: Bytes of the board.
        randomness: Source of batch weights, as `secrets.randbits`.
        releases: Whose code the contracts may have; by default those that this program knows.

        Raises:
            Malformed: The board has not even the sections of one.
        """
        self.curve = curve
        self.claimed = claimed
        self.chain = chain
        self.sections, self.notes = split_notes(board)
        self.randomness = randomness
        self.progress = progress
        self.releases = known_releases() if releases is None else releases
        self.current = ""
        self._read: dict[str, object] = {}

    def run(self, only: Collection[str] | None = None) -> list[Finding]:
        """Perform every check; findings in the order of the protocol's table.

        Args:
            only: Numbers of the checks wanted; by default all.
        """
        findings = []
        said: dict[str, str] = {}
        for number, claim, check in CHECKS:
            if only is not None and number not in only:
                continue
            self.current = number
            try:
                held = check(self)
            except Undecided as missing:
                detail = str(missing)
                if isinstance(missing, Unanswered) and said.setdefault(detail, number) != number:
                    # What the endpoint did not answer is said once.
                    detail = f"as {said[detail]}"
                findings.append(Finding(number, claim, Verdict.NOT_CHECKED, "", detail))
            except Rejected as failure:
                findings.append(Finding(number, claim, Verdict.FAILS, failure.item, failure.reason))
            except Malformed as failure:
                item, _, reason = str(failure).partition(": ")
                findings.append(Finding(number, claim, Verdict.FAILS, item, reason or item))
            else:
                if isinstance(held, str):
                    held = Held(held)
                findings.append(
                    Finding(number, claim, Verdict.HOLDS, "", held.detail, held.assumes)
                )
        return findings

    @property
    def parameters(self) -> PollParameters:
        """Section 2 (P1)."""
        return self._once(
            "P1", "parameters", lambda: PollParameters.decode(self.sections["parameters"])
        )

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of the poll that was asked about."""
        return Domain(self.chain.chain_id, self.claimed.registry)

    @property
    def rule(self) -> BallotRule:
        """Section 3 (P2)."""
        return self._once("P2", "rule", lambda: BallotRule.decode(self.sections["rule"]))

    @property
    def outcome_rule(self) -> OutcomeRule:
        """Section 4 (P2)."""
        return self._once(
            "P2", "outcome", lambda: decode_outcome_rule(self.sections["outcome_rule"])
        )

    @property
    def description(self) -> Description:
        """Section 5 (P2)."""
        return self._once(
            "P2", "description", lambda: Description.decode(self.sections["description"])
        )

    @property
    def committee(self) -> Committee:
        """Section 6 (P3)."""
        return self._once("P3", "committee", lambda: Committee.decode(self.sections["committee"]))

    @property
    def census(self) -> Census:
        """Section 8 (C1)."""
        return self._once("C1", "census", lambda: Census.decode(self.sections["census"]))

    @property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""
        return BallotLayout(ProofShape(self.rule, self.committee.threshold))

    @property
    def leaves(self) -> tuple[BoardLeaf, ...]:
        """Section 9 (B1)."""
        return self._once(
            "B1", "leaves", lambda: decode_leaves(self.sections["leaves"], self.layout.size)
        )

    @property
    def ballots(self) -> list[Ballot]:
        """Decoded ballots (B1)."""
        return self._once("B1", "ballots", self._decode_ballots)

    @property
    def weights(self) -> list[int]:
        """The census's weight of each ballot (B3)."""
        return self._once(
            "B3", "weights", lambda: [self.entry_of(ballot).weight for ballot in self.ballots]
        )

    @property
    def anchored(self) -> AnchoredRoot:
        """Section 10 (T2)."""
        if self.chain.anchored is None:
            if self.chain.anchored_at:
                raise self._missing_event("RootAnchored")
            raise Undecided("no root is anchored yet")
        return self._once("T2", "root", lambda: AnchoredRoot.decode(self._section("root")))

    @property
    def sums(self) -> AggregateCommitments:
        """Sums that aggregate shares open (B3)."""
        if not self.ballots:
            raise Undecided("no ballot was counted")
        threshold = self.committee.threshold
        return self._once(
            "B3",
            "sums",
            lambda: AggregateCommitments.of(self.curve, self.ballots, self.weights, threshold),
        )

    @property
    def shares(self) -> tuple[SignedShare, ...]:
        """Section 11 (S1); empty where the board has none."""
        if "shares" not in self.sections:
            return ()
        return self._once(
            "S1", "shares", lambda: decode_shares(self.sections["shares"], len(self.rule.slots))
        )

    @property
    def redemptions(self) -> Redemptions:
        """Section 12 (C4)."""
        return self._once(
            "C4",
            "redemptions",
            lambda: Redemptions.decode(self._section("redemptions"), len(self.census)),
        )

    @property
    def key(self) -> CommitmentKey:
        """Generators of the poll's commitments."""
        return self._once("P2", "key", lambda: CommitmentKey(self.curve, self.rule.width))

    @property
    def tally(self) -> Tally:
        """The tally on chain."""
        if self.chain.tally is None:
            if self.chain.status == "tallied":
                raise self._missing_event("TallyAccepted")
            raise Undecided(f"the chain has no tally: the poll is {self.chain.status}")
        return self.chain.tally

    @property
    def node_keys(self) -> tuple[bytes, ...]:
        """Words of the poll keys on chain."""
        if not self.chain.node_keys:
            if any(self.chain.poll_keys_digest):
                raise self._missing_event("PollOpened")
            raise Undecided("the poll is not open yet")
        return self.chain.node_keys

    @property
    def deployment(self) -> DeploymentEvidence:
        """The registry and its parts."""
        return _given(self.chain.deployment)

    @property
    def round(self) -> RoundEvidence:
        """The round that the description names."""
        if self.chain.round is None:
            raise Undecided("the round was not read")
        return _given(self.chain.round)

    def entry_of(self, ballot: Ballot) -> CensusEntry:
        """Census entry of a ballot's voter; Rejected (B3) when there is none."""
        entry = self.census.by_account.get(ballot.voter)
        if entry is None:
            raise Rejected("B3", ballot_name(ballot), "its voter is not in the census")
        return entry

    def require_signer(
        self, check: str, item: str, address: bytes, signature: bytes, digest: bytes
    ) -> None:
        """Rejected under `check` unless `address` signed `digest`."""
        try:
            signer = recover(digest, signature)
        except Malformed as error:
            raise Rejected(check, item, str(error)) from None
        if signer != address:
            raise Rejected(check, item, f"signed by 0x{signer.hex()}, not by 0x{address.hex()}")

    def member(self, check: str, node: int) -> bytes:
        """Address of node `node`; Rejected under `check` when there is none."""
        members = self.committee.members
        if not 1 <= node <= len(members):
            raise Rejected(check, f"node {node}", "not in the committee")
        return members[node - 1].address

    def _section(self, name: str) -> bytes:
        """A section that must be there by now; Malformed when it is not."""
        if name not in self.sections:
            raise Malformed(f"board.{name}: missing")
        return self.sections[name]

    def _missing_event(self, name: str) -> Unanswered:
        return Unanswered(
            f"the poll is {self.chain.status}, but the RPC endpoint shows no event {name} of it:"
            " it lacks events"
        )

    def _decode_ballots(self) -> list[Ballot]:
        return self.layout.decode_many(self.curve, [leaf.ballot for leaf in self.leaves])

    def _once(self, check: str, name: str, read: Callable[[], _T]) -> _T:
        if name not in self._read:
            try:
                self._read[name] = read()
            except Undecided:
                raise
            except AuditError as error:
                self._read[name] = error
        found = self._read[name]
        if isinstance(found, AuditError):
            if check == self.current:
                raise found
            raise Undecided(f"needs {check}")
        return cast(_T, found)


def no_board(error: Malformed) -> list[Finding]:
    """Findings of an audit whose board cannot be cut into sections."""
    item, _, reason = str(error).partition(": ")
    first, *others = CHECKS
    return [
        Finding(*first[:2], Verdict.FAILS, item, reason or item),
        *(
            Finding(number, claim, Verdict.NOT_CHECKED, "", "needs P1")
            for number, claim, _ in others
        ),
    ]


def _given(evidence: _T | AuditError) -> _T:
    """A part of the evidence that may be an error instead."""
    if isinstance(evidence, AuditError):
        raise evidence
    return evidence


def ballot_name(ballot: Ballot) -> str:
    """How a report names a ballot."""
    return f"ballot 0x{ballot.digest.hex()[:16]}… of voter 0x{ballot.voter.hex()}"


def check_p1(audit: Audit) -> str:
    """P1: the board is of this chain, registry and poll, and gives the context on chain."""
    identity = PollIdentity.decode(audit.sections["poll"])
    asked = PollIdentity(audit.chain.chain_id, audit.claimed.registry, audit.claimed.poll_id)
    if identity != asked:
        raise Rejected("P1", "board.poll", "another chain, registry or poll than asked for")
    audit.parameters.check_known()
    if "extension" in audit.sections:
        raise Rejected("P1", "board.extension", "the parameters ask for none")
    if identity.context(audit.parameters, audit.rule) != audit.chain.poll_context:
        raise Rejected("P1", "board.parameters", "they do not give the poll's context on chain")
    notes = ", ".join(f"section {tag} ({size} bytes)" for tag, size in audit.notes.items())
    unread = f"; read by no check: {notes}" if notes else ""
    return f"context 0x{audit.chain.poll_context.hex()}{unread}"


def check_p2(audit: Audit) -> str:
    """P2: rules and description have their digests; the rule is valid with the total weight."""
    parameters, rule = audit.parameters, audit.rule
    digests = (
        ("board.rule", rule.digest, parameters.rule),
        (
            "board.outcome_rule",
            outcome_rule_digest(audit.outcome_rule.encode()),
            parameters.outcome_rule,
        ),
        ("board.description", audit.description.digest, parameters.description),
    )
    for item, computed, fixed in digests:
        if computed != fixed:
            raise Rejected("P2", item, "not what the poll's parameters fix")
    rule.check_weight(parameters.total_weight)
    audit.outcome_rule.check_slots(len(rule.slots))
    if len(audit.description.options) != len(rule.slots):
        raise Rejected("P2", "board.description", "it does not name one option for each slot")
    return f"{len(rule.slots)} options, {rule.bits} bits, {len(rule.rows)} rows"


def check_p3(audit: Audit) -> str:
    """P3: the committee obeys its bounds and has its digest."""
    committee = audit.committee
    if not committee.digest == audit.parameters.committee == audit.chain.committee:
        raise Rejected("P3", "board.committee", "not the committee that the poll fixes")
    n, t = len(committee.members), committee.threshold
    return f"{n} nodes; fewer than {t} learn nothing; {committee.faults} may fail"


def check_p4(audit: Audit) -> str:
    """P4: poll keys are valid, distinct, signed by all nodes, and pinned on chain."""
    announced = decode_poll_keys(audit.sections["poll_keys"])
    on_chain = audit.node_keys
    keys = [one.public_key for one in announced]
    words = tuple(node_key(one) for one in keys)
    pinned = node_keys_hash(words)
    if words != on_chain or pinned != audit.chain.poll_keys_digest:
        raise Rejected("P4", "board.poll_keys", "not those pinned on chain")
    if len(keys) != len(audit.committee.members):
        raise Rejected("P4", "board.poll_keys", "not one for each node")
    check_poll_keys(keys)
    digest = audit.domain.digest(typed_data.POLL_KEYS, audit.chain.poll_context, pinned)
    for number, one in enumerate(announced, start=1):
        item = f"poll key of node {number}"
        audit.require_signer("P4", item, audit.member("P4", number), one.signature, digest)
    return f"{len(keys)} poll keys"


def check_p5(audit: Audit) -> str:
    """P5: the description's questions, where it has any, make exactly the poll's rule."""
    questions = audit.description.check_questions(audit.rule)
    if not questions:
        return "the description has no questions"
    return ", ".join(question.kind for question in questions)


def check_p6(audit: Audit) -> str:
    """P6: the parameters keep the bounds of §4.1."""
    audit.parameters.check_bounds()
    periods = (audit.parameters.dispute_window, audit.parameters.tally_period)
    return f"dispute window {periods[0]} s, then {periods[1]} s for the tally"


def check_g1(audit: Audit) -> str:
    """G1: the contract's generators are derived as specified."""
    table = b"".join(derive_generator(index) for index in range(MAX_GENERATORS + 1))
    if audit.chain.generators != b"\0" + table:
        raise Rejected("G1", "generator table", "not the points of §2.7")
    return f"{MAX_GENERATORS + 1} points derived again"


def check_g2(audit: Audit) -> Held:
    """G2: registry, rules, table and voting keys are contracts of a known release."""
    deployment, registry = audit.deployment, audit.claimed.registry
    found = _release_of(audit, "PollRegistry", CodeEvidence(registry, deployment.registry))
    parts = {
        "generatorTable": created_address(registry, 1),
        "votingKeys": created_address(registry, 2),
        "pollRules": created_address(registry, 3),
    }
    named = {
        "generatorTable": deployment.generator_table,
        "votingKeys": deployment.voting_keys.address,
        "pollRules": deployment.poll_rules.address,
    }
    expected = {name: word(address) for name, address in parts.items()}
    chain_id = audit.chain.chain_id
    _require_immutables("PollRegistry", found, domain_immutables(chain_id, registry) | expected)
    for name, address in named.items():
        if address != parts[name]:
            raise Rejected("G2", name, "not the contract that the registry made")
    fixed = {"periodFloor": word(deployment.period_floor), "disputes": word(deployment.disputes)}
    _require_immutables("PollRegistry", found, fixed)
    table = CodeEvidence(deployment.generator_table, audit.chain.generators)
    for contract, part in (("PollRules", deployment.poll_rules), ("GeneratorTable", table)):
        _same_release(contract, _release_of(audit, contract, part), found)
    keys = _release_of(audit, "VotingKeys", deployment.voting_keys)
    _same_release("VotingKeys", keys, found)
    _require_immutables(
        "VotingKeys", keys, domain_immutables(chain_id, deployment.voting_keys.address)
    )
    floor = deployment.period_floor
    said = f"release {found.release}; periods of at least {floor} s"
    if floor < LEAST_PERIOD_S:
        said += ", less than an hour: a test deployment"
    if not any(deployment.disputes):
        return Held(said)
    disputes = f"0x{deployment.disputes.hex()}"
    return Held(
        f"{said}; {disputes} may reject roots and void polls",
        f"the contract {disputes} rejects none but false roots",
    )


def _release_of(audit: Audit, contract: str, at: CodeEvidence) -> Found:
    found = audit.releases.find(contract, at.code)
    if found is None:
        raise Undecided(
            f"the code at 0x{at.address.hex()} is not that of {contract} in any release that this"
            " program knows"
        )
    return found


def _same_release(contract: str, part: Found, whole: Found) -> None:
    if part.release != whole.release:
        raise Undecided(f"{contract} is of release {part.release}, not of {whole.release}")


def _require_immutables(contract: str, found: Found, expected: Mapping[str, bytes]) -> None:
    differing = found.differing(expected)
    if differing is not None:
        check = "D4" if contract == "BudgetTreasury" else "G2"
        raise Rejected(check, f"{contract}.{differing}", "another value than the deployment gives")


def check_c1(audit: Audit) -> str:
    """C1: the census is in strict order, in range, and has its root."""
    if audit.census.tree_by(audit.curve.name).digest != audit.parameters.census_root:
        raise Rejected("C1", "board.census", "it has another root than the poll fixes")
    return f"{len(audit.census)} voters"


def check_c2(audit: Audit) -> str:
    """C2: number of voters and total weight are the parameters'."""
    census, parameters = audit.census, audit.parameters
    if len(census) != parameters.voters:
        raise Rejected("C2", "board.census", f"{len(census)} voters, not {parameters.voters}")
    if census.total_weight != parameters.total_weight:
        raise Rejected("C2", "board.census", f"total weight {census.total_weight}")
    return f"total weight {census.total_weight}"


def check_c3(audit: Audit) -> str:
    """C3: a poll called secret has no weight that too few share."""
    identifying = audit.census.identifying_weights()
    if not audit.parameters.secret:
        return "the poll states that weights may reveal votes"
    if identifying:
        weight, voters = identifying[0]
        reason = f"shared by {voters} voters, fewer than {MINIMUM_CLASS}"
        raise Rejected("C3", f"weight {weight}", reason)
    return "no weight identifies a voter"


def check_c4(audit: Audit) -> Held:
    """C4: the census is the one that anybody reads again from its source."""
    shared = audit.census.shared_keys()
    if shared and not audit.description.shared_keys:
        key, accounts = next(iter(shared.items()))
        raise Rejected("C4", f"signing key 0x{key.hex()}", f"it signs for {accounts} accounts")
    source, voters = audit.description.census, len(audit.census)
    if "redemptions" in audit.sections and not isinstance(source, InvitedCensus):
        raise Rejected("C4", "board.redemptions", "there, though nobody was invited")
    if source is None:
        return Held(
            f"{voters} voters, listed by hand; {_other_keys(audit)}",
            f"the organizer, who listed {voters} voters by hand, listed those who may vote",
        )
    if isinstance(source, InvitedCensus):
        return _check_redemptions(audit, source)
    if source.keys not in (None, created_address(audit.claimed.registry, 2)):
        raise Rejected("C4", "description.census.keys", "not the registry's own voting keys")
    read = _given(audit.chain.census)
    if read is None:
        raise Undecided("the source of the census was not read")
    for entry in audit.census.entries:
        if read.by_account.get(entry.account) != entry:
            raise Rejected("C4", f"voter 0x{entry.account.hex()}", "not so in the source")
    if len(read) != voters:
        missing = next(
            entry.account for entry in read.entries if entry.account not in audit.census.by_account
        )
        raise Rejected("C4", f"voter 0x{missing.hex()}", "in the source, not in the census")
    at = _check_block(audit, source)
    contract = f"0x{source.contract.hex()}"
    keys = "" if source.keys is None else f"; voting keys of 0x{source.keys.hex()}"
    detail = f"{source.kind.value} of {contract} at block {source.block}{at}{keys}"
    known = None
    if source.kind is SourceKind.MEMBERS:
        known = audit.releases.find(MEMBER_REGISTRY, audit.chain.census_code)
    whose = f"the owner of {contract} listed its members" if known else _UNKNOWN.format(contract)
    return Held(f"{detail}; {_other_keys(audit)}", whose)


_UNKNOWN = "the contract {}, whose code this program does not know, tells truly who may vote"


def _other_keys(audit: Audit) -> str:
    """How many voters let another key sign, and how many keys sign for several."""
    entries, shared = audit.census.entries, len(audit.census.shared_keys())
    others = sum(entry.signing_key != entry.account for entry in entries)
    said = f"{others} of {len(entries)} entries sign with another key than the account's"
    return f"{said}; keys that sign for several accounts: {shared}" if shared else said


def _check_block(audit: Audit, source: CensusSource) -> str:
    """In a round whose electorate is a source on chain, it is that source at the right block."""
    if audit.description.round is None:
        return ""
    electorate = audit.round.electorate
    if electorate.kind != SOURCE_ELECTORATE:
        return ""
    before, after = _given(audit.chain.census_times) or (0, 0)
    at = _time_of(electorate.source)
    if at is None or source.at_time(at) != electorate.source:
        raise Rejected("C4", "description.census", "another source than the round fixed")
    if not before <= at < after:
        reason = f"from {before} to {after}, not the latest block at {at}"
        raise Rejected("C4", "description.census.block", reason)
    return f", the latest at {at}"


def _time_of(source: bytes) -> int | None:
    """The member `at` of a round's source; None where it is none."""
    try:
        content = parse_json(source, "electorate.source")
    except Malformed:
        return None
    at = content.get("at") if isinstance(content, dict) else None
    return at if type(at) is int else None


def _check_redemptions(audit: Audit, invited: InvitedCensus) -> Held:
    reference, chain_id = audit.description.round, audit.chain.chain_id
    if (reference is None) == (invited.nonce is None):
        raise Rejected("C4", "description.census.nonce", "only polls without a round have one")
    if reference is not None:
        electorate = round_electorate(
            chain_id, reference.treasury, reference.round_id, invited.root
        )
        domain = Domain(chain_id, reference.treasury)
    else:
        electorate = poll_electorate(
            chain_id, audit.claimed.registry, invited.nonce or b"", invited.root
        )
        domain = audit.domain
    redemptions = audit.redemptions
    redemptions.check(audit.census, invited.root, electorate, domain)
    used, invitations = len(audit.census), len(redemptions.invited)
    return Held(
        f"{used} of {invitations} invitations used",
        f"each of {invitations} invitations ({used} used) went to a person of its own",
    )


def check_b1(audit: Audit) -> str:
    """B1: every ballot decodes canonically."""
    return f"{len(audit.ballots)} ballots of {audit.layout.size} bytes"


def check_b2(audit: Audit) -> str:
    """B2: leaves are strictly increasing by voter."""
    previous = b""
    for ballot in audit.ballots:
        if ballot.voter <= previous:
            raise Rejected("B2", ballot_name(ballot), "its voter does not follow in strict order")
        previous = ballot.voter
    return "one ballot a voter"


def check_b3(audit: Audit) -> str:
    """B3: every voter is in the census."""
    return f"{len(audit.weights)} voters"


def check_b4(audit: Audit) -> str:
    """B4: every ballot is signed by its voter's signing key."""
    total = len(audit.ballots)
    for number, (ballot, leaf) in enumerate(zip(audit.ballots, audit.leaves, strict=True)):
        entry = audit.census.by_account.get(ballot.voter)
        if entry is None:
            raise Undecided("needs B3")
        digest = audit.domain.digest(
            typed_data.BALLOT,
            audit.chain.poll_context,
            ballot.voter,
            ballot.cast_at_unix_s,
            ballot.digest,
            leaf.boxes_hash,
        )
        item = f"leaf {number}, {ballot_name(ballot)}"
        if key_address(leaf.public_key) != entry.signing_key:
            raise Rejected("B4", item, "its public key is not that of the census")
        try:
            # Also refuses coordinates of no point: recovery gives only points.
            if recover_key(digest, leaf.signature) != leaf.public_key:
                raise Rejected("B4", item, "not signed by its public key")
        except Malformed as error:
            raise Rejected("B4", item, str(error)) from None
        if number % PROOF_BATCH == 0:
            audit.progress(number, 2 * total)
    return f"{total} signatures"


def check_b5(audit: Audit) -> str:
    """B5: every cast time lies within the voting period."""
    parameters = audit.parameters
    for ballot in audit.ballots:
        if not parameters.opens_at <= ballot.cast_at_unix_s < parameters.closes_at:
            raise Rejected("B5", ballot_name(ballot), f"cast at {ballot.cast_at_unix_s}")
    return f"from {parameters.opens_at} to {parameters.closes_at}"


def check_b6(audit: Audit) -> str:
    """B6: every ballot's rows and equations hold."""
    ballots = audit.ballots
    failed, reasons = list[str](), list[str]()
    for start in range(0, len(ballots), PROOF_BATCH):
        batch = ballots[start : start + PROOF_BATCH]
        try:
            verify_proofs(
                audit.curve,
                audit.key.generators,
                audit.layout.shape,
                audit.chain.poll_context,
                [ballot.proof for ballot in batch],
                audit.randomness,
            )
        except RejectedProofs as error:
            failed += [ballot_name(batch[number]) for number, _ in error.failures]
            reasons.append(error.reason)
        audit.progress(len(ballots) + start + len(batch), 2 * len(ballots))
    if failed:
        raise Rejected("B6", ", ".join(failed), reasons[0])
    return f"{len(ballots)} proofs"


def check_t1(audit: Audit) -> str:
    """T1: the sum tree over the leaves gives root hash, sum and count."""
    claimed = audit.anchored.root
    leaves = [
        Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
        for ballot, weight in zip(audit.ballots, audit.weights, strict=True)
    ]
    values = audit.curve.concat([ballot.sharing[0] for ballot in audit.ballots])
    try:
        computed = sum_root(audit.curve, leaves, values)
    except Rejected:
        raise Undecided("needs B2") from None
    for name in ("count", "sum", "hash"):
        if getattr(computed, name) != getattr(claimed, name):
            raise Rejected("T1", f"root.{name}", "not that of the ballots on the board")
    return f"root 0x{computed.hash.hex()} over {computed.count} ballots"


def check_t2(audit: Audit) -> str:
    """T2: that root is the one anchored on chain."""
    anchored, onchain = audit.anchored, audit.chain.anchored
    if onchain is None or anchored.root != audit.chain.root or anchored.root != onchain.root:
        raise Rejected("T2", "board.root", "not the root anchored on chain")
    if anchored.round != onchain.round:
        raise Rejected("T2", "board.root", "anchored in another round")
    return f"anchored in round {anchored.round}"


def check_t3(audit: Audit) -> str:
    """T3: at least `q` nodes of the committee signed the root."""
    anchored = audit.anchored
    root = anchored.root
    digest = audit.domain.digest(
        typed_data.ROOT,
        audit.chain.poll_context,
        anchored.round,
        root.hash,
        root.sum[:32],
        root.sum[32:],
        root.count,
    )
    good, bad = list[int](), list[str]()
    for one in anchored.attestations:
        try:
            signer = audit.member("T3", one.node)
            audit.require_signer("T3", f"node {one.node}", signer, one.signature, digest)
        except Rejected as failure:
            bad.append(f"{failure.item}: {failure.reason}")
        else:
            good.append(one.node)
    ignored = "".join(f"; not counted: {one}" for one in bad)
    quorum = audit.committee.quorum
    if len(good) < quorum:
        reason = f"{len(good)} good signatures, {quorum} needed{ignored}"
        raise Rejected("T3", "board.root", reason)
    return f"nodes {', '.join(map(str, good))}{ignored}"


def check_t4(audit: Audit) -> str:
    """T4: the root was anchored in time, over enough ballots."""
    onchain, parameters = audit.chain.anchored, audit.parameters
    if onchain is None:
        _ = audit.anchored  # says why
        raise Undecided("no root is anchored yet")
    at, rejected = audit.chain.anchored_at, audit.chain.rejected_rounds
    clock = parameters.settling(rejected, audit.chain.rejected_at)
    if at < parameters.freezes_at:
        raise Rejected("T4", "root", f"anchored at {at}, before {parameters.freezes_at}")
    if not clock.starts_at <= at < clock.deadline:
        reason = f"anchored at {at}, not from {clock.starts_at} to {clock.deadline}"
        raise Rejected("T4", "root", reason)
    if not rejected <= onchain.round < parameters.max_rounds:
        reason = f"round {onchain.round}, not from {rejected} to {parameters.max_rounds - 1}"
        raise Rejected("T4", "root.round", reason)
    if audit.chain.tally is not None and onchain.root.count < parameters.minimum_ballots:
        reason = f"{onchain.root.count} ballots were tallied, at least {parameters.minimum_ballots}"
        raise Rejected("T4", "root.count", reason)
    return f"anchored at {at}, in round {onchain.round}"


def check_s1(audit: Audit) -> str:
    """S1: every aggregate share on the board is signed and good."""
    if not audit.shares:
        raise Undecided("the board has no aggregate share")
    for signed in audit.shares:
        item = f"aggregate share of node {signed.node}"
        digest = audit.domain.digest(
            typed_data.AGGREGATE_SHARE,
            audit.chain.poll_context,
            audit.anchored.root.digest,
            signed.node,
            aggregate_share_hash(signed.share),
        )
        audit.require_signer("S1", item, audit.member("S1", signed.node), signed.signature, digest)
        audit.sums.verify_share(audit.curve, audit.key, signed.node, signed.share)
    return f"nodes {', '.join(str(signed.node) for signed in audit.shares)}"


def check_s2(audit: Audit) -> str:
    """S2: at least `t` good shares give the tally on chain."""
    tally = audit.tally
    if not audit.shares:
        raise Rejected("S2", "board.shares", "none, though the chain has a tally")
    good: dict[int, Share] = {}
    for signed in audit.shares:
        try:
            audit.sums.verify_share(audit.curve, audit.key, signed.node, signed.share)
        except Rejected:
            continue
        good[signed.node] = signed.share
    if combine(good, audit.committee.threshold) != tally:
        raise Rejected("S2", "tally", "the aggregate shares give another one")
    return f"{len(good)} good shares, {audit.committee.threshold} needed"


def check_r1(audit: Audit) -> str:
    """R1: tally and blinding on chain open the anchored sum and have the stored digest."""
    tally = audit.tally
    largest = audit.parameters.total_weight * audit.rule.max_slot_value
    if len(tally.values) != len(audit.rule.slots):
        raise Rejected("R1", "tally", f"{len(tally.values)} entries")
    encoded = b"".join(word(value) for value in (32, len(tally.values), *tally.values))
    if keccak256(encoded) != audit.chain.tally_digest:
        raise Rejected("R1", "tally digest", "stored for another tally")
    try:
        verify_opening(audit.key, audit.chain.root.sum, tally, largest)
    except Rejected as error:
        # An excess is R2's to say; here it would hide whether the opening is right.
        if error.check != "R2":
            raise
        raise Undecided("needs R2") from None
    return "opens the anchored sum"


def check_r2(audit: Audit) -> str:
    """R2: no slot exceeds the total weight times the largest slot value."""
    largest = audit.parameters.total_weight * audit.rule.max_slot_value
    for slot, votes in enumerate(audit.tally.values):
        if votes > largest:
            raise Rejected("R2", f"tally[{slot}]", f"{votes} votes, at most {largest} possible")
    return f"at most {largest} possible"


def check_r3(audit: Audit) -> str:
    """R3: the tally was accepted from the dispute window's end on, before its deadline."""
    tally = audit.tally
    at = audit.chain.tallied_at
    start, end = audit.chain.dispute_window_ends_at, audit.chain.tally_deadline
    if not start <= at < end:
        raise Rejected("R3", "tally", f"accepted at {at}, not in {start} … {end - 1}")
    return f"{len(tally.values)} results accepted at {at}"


def check_o1(audit: Audit) -> str:
    """O1: the outcome recomputed from the tally is the one that the contract gives."""
    rule, tally = audit.outcome_rule, audit.tally
    if isinstance(rule, NoOutcome):
        return "the tally is the result"
    try:
        awards = rule.awards(tally.values)
    except Rejected:
        raise Undecided("needs R1") from None
    given = _given(audit.chain.awards)
    if given is None or list(given) != awards:
        raise Rejected("O1", "outcome", "the contract gives another one")
    return f"{sum(map(bool, awards))} of {len(awards)} options awarded"


def check_d1(audit: Audit) -> Held:
    """D1: the round that the description names decides by this poll about these options."""
    reference, treasury = audit.description.round, audit.chain.creator
    if reference is None:
        if audit.chain.creator_is_treasury:
            raise Rejected("D1", "description", "it names no round, but a treasury made the poll")
        if audit.chain.creator_is_contract:
            # A wallet, or a treasury that does not say that it is one.
            return Held(_PLAIN_POLL, f"the contract 0x{treasury.hex()}, {_PAYS_NOTHING}")
        return Held(_PLAIN_POLL)
    if reference.treasury != treasury:
        raise Rejected("D1", "round", f"the poll was created by 0x{treasury.hex()}")
    found = _Round(reference.round_id, audit.round)
    rule, options, evidence = audit.outcome_rule, audit.description.options, found.evidence
    if (evidence.registry, evidence.poll_id) != (audit.claimed.registry, audit.claimed.poll_id):
        raise Rejected("D1", "round", f"it decides by another poll, {evidence.poll_id}")
    if not isinstance(rule, Greedy | GreedyByCategory | Proportional):
        raise Rejected("D1", "outcome", "a round's poll funds or divides")
    # In a proportional round proposals have no amounts before the decision, and awards after it.
    costs = None if isinstance(rule, Proportional) else rule.costs
    budget = rule.amount if isinstance(rule, Proportional) else rule.budget
    if budget != evidence.budget:
        raise Rejected("D1", "budget", f"{budget} in the poll, {evidence.budget} in the round")
    slots = rule.contenders if isinstance(rule, Proportional) else len(rule.costs)
    if len(found.standing) != len(options) or len(options) != slots:
        raise Rejected("D1", "options", f"{len(found.standing)} proposals, {len(options)} options")
    for slot, proposal in enumerate(found.standing):
        if proposal.title != options[slot]:
            raise Rejected("D1", f"options[{slot}]", "the proposal has another title")
        if costs is not None and proposal.amount != costs[slot]:
            raise Rejected("D1", f"costs[{slot}]", "the proposal asks for another amount")
        if isinstance(rule, GreedyByCategory) and proposal.category != rule.categories[slot]:
            raise Rejected("D1", f"categories[{slot}]", "the proposal names another category")
    audit.description.check_words(evidence.title, evidence.text)
    said, assumes = _check_electorate(audit, evidence)
    return Held(f"round {found.round_id} of treasury 0x{treasury.hex()}; {said}", assumes)


def _check_electorate(audit: Audit, evidence: RoundEvidence) -> tuple[str, str]:
    """Those vote whom the round fixed before anybody gave money: in words, and what is assumed."""
    parameters, fixed = audit.parameters, evidence.electorate
    if parameters.secret != evidence.secret:
        asked = "secret" if evidence.secret else "not secret"
        raise Rejected("D1", "secret", f"the round asked for a poll that is {asked}")
    if fixed.kind in (MEMBERS_ELECTORATE, FIXED_ELECTORATE):
        if parameters.census_root != fixed.root:
            raise Rejected("D1", "electorate", "the poll has another census than the round fixed")
        if fixed.root == evidence.member_root:
            return "its members vote", ""
        if fixed.kind == MEMBERS_ELECTORATE:
            raise Rejected("D1", "electorate", "the round calls others its members")
        return "voters fixed with the round", _NOT_THE_MEMBERS
    if fixed.kind == SOURCE_ELECTORATE:
        if keccak256(fixed.source) != fixed.root:
            raise Rejected("D1", "electorate", "the event shows another source than was fixed")
        if not isinstance(audit.description.census, CensusSource):
            raise Rejected("D1", "electorate", "the round fixed a source on chain")
        return "voters are read on chain", _NOT_THE_MEMBERS
    if fixed.kind != INVITED_ELECTORATE:
        raise Undecided(
            f"the round has an electorate of kind {fixed.kind}, unknown to this program"
        )
    invited = audit.description.census
    if not isinstance(invited, InvitedCensus) or invited.root != fixed.root:
        raise Rejected("D1", "electorate", "the round fixed other invitations")
    if parameters.voters > fixed.voters:
        raise Rejected("D1", "electorate", f"{parameters.voters} voters, {fixed.voters} invited")
    if parameters.total_weight > fixed.weight:
        raise Rejected("D1", "electorate", f"weight {parameters.total_weight} of {fixed.weight}")
    return "voters are invited", _NOT_THE_MEMBERS


_NOT_THE_MEMBERS = "voters who are not the round's members are those whom its funders expected"


def check_d2(audit: Audit) -> str:
    """D2: the treasury funds the winners recomputed from the tally, and nothing else."""
    found = _round(audit)
    if found is None:
        return _PLAIN_POLL
    rule, tally, evidence = audit.outcome_rule, audit.tally, found.evidence
    if evidence.status not in ROUND_DECIDED:
        raise Undecided("the round is not decided yet")
    if not isinstance(rule, Greedy | GreedyByCategory | Proportional):
        raise Undecided("needs D1")
    try:
        awards = rule.awards(tally.values)
    except Rejected:
        raise Undecided("needs D1") from None
    if [proposal.funded for proposal in found.standing] != [award > 0 for award in awards]:
        raise Rejected("D2", "winners", "the treasury funds others")
    if isinstance(rule, Proportional):
        for slot, (proposal, award) in enumerate(zip(found.standing, awards, strict=True)):
            if proposal.amount != award:
                raise Rejected("D2", f"award[{slot}]", f"{proposal.amount}, expected {award}")
    for proposal in evidence.proposals:
        if proposal.withdrawn and proposal.funded:
            raise Rejected("D2", f"proposal 0x{proposal.id.hex()}", "withdrawn and funded")
    committed = sum(proposal.amount for proposal in found.standing if proposal.funded)
    if evidence.committed != committed or committed > evidence.budget:
        raise Rejected("D2", "committed", f"{evidence.committed}, the winners cost {committed}")
    return f"{sum(proposal.funded for proposal in found.standing)} proposals for {committed}"


def check_d3(audit: Audit) -> str:
    """D3: each payout went once to the recipient of a funded proposal, in its amount."""
    found = _round(audit)
    if found is None:
        return _PLAIN_POLL
    evidence = found.evidence
    if evidence.status not in ROUND_DECIDED:
        raise Undecided("the round is not decided yet")
    proposals = {proposal.id: proposal for proposal in evidence.proposals}
    paid = set[bytes]()
    for payout in evidence.payouts:
        name, proposal = f"payout 0x{payout.proposal_id.hex()}", proposals.get(payout.proposal_id)
        if proposal is None or not proposal.funded:
            raise Rejected("D3", name, "not a funded proposal")
        if payout.proposal_id in paid:
            raise Rejected("D3", name, "paid twice")
        if (payout.recipient, payout.amount) != (proposal.recipient, proposal.amount):
            raise Rejected("D3", name, "another recipient or amount than proposed")
        paid.add(payout.proposal_id)
    for proposal in evidence.proposals:
        if proposal.paid != (proposal.id in paid):
            raise Rejected("D3", f"proposal 0x{proposal.id.hex()}", "its payout is not recorded")
    total = sum(payout.amount for payout in evidence.payouts)
    if evidence.paid_out != total or total > evidence.deposited:
        raise Rejected("D3", "paid out", f"{evidence.paid_out}, the payouts come to {total}")
    _check_moved(evidence)
    unpaid = sum(proposal.funded and not proposal.paid for proposal in evidence.proposals)
    return f"{len(paid)} paid, {total} in all; {unpaid} not claimed"


def _check_moved(evidence: RoundEvidence) -> None:
    """Besides the treasury's word: the token's events, or the recipients' balances."""
    moved = _given(evidence.moved)
    owed = Counter[tuple[bytes, bytes, int]]()
    for one in evidence.payouts:
        owed[one.transaction, one.recipient, one.amount] += 1
    if any(evidence.token):
        seen = Counter(
            (one.transaction, one.recipient, one.amount)
            for one in moved
            if isinstance(one, Transfer)
        )
        for missing in owed - seen:
            recipient = missing[1]
            if any(key[:2] == missing[:2] for key in seen - owed):
                # As tokens do that keep a fee; what arrived is not the treasury's to say.
                raise Undecided(f"the token moved another amount to 0x{recipient.hex()}")
            raise Rejected(
                "D3",
                f"payout of {missing[2]} to 0x{recipient.hex()}",
                "the token moved no such amount",
            )
        return
    receipts = {(one.recipient, one.block): one for one in moved if isinstance(one, CoinReceipt)}
    coins = Counter[tuple[bytes, int]]()
    for one in evidence.payouts:
        coins[one.recipient, one.block] += one.amount
    for (recipient, block), amount in coins.items():
        name, receipt = f"payout to 0x{recipient.hex()}", receipts.get((recipient, block))
        if receipt is None:
            raise Undecided(f"balances of 0x{recipient.hex()} were not read")
        if receipt.after - receipt.before >= amount:
            continue
        grown = f"its balance changed by {receipt.after - receipt.before} in block {block}"
        if receipt.spent:
            # What an account spends within the block hides what it was given.
            raise Undecided(f"{name} of {amount}: {grown}, and it may have spent there")
        raise Rejected("D3", name, f"{grown}, {amount} were due")


def check_d4(audit: Audit) -> str | Held:
    """D4: treasury and its rules are contracts of a known release."""
    reference = audit.description.round
    if reference is None:
        return _PLAIN_POLL
    evidence, treasury = audit.round, reference.treasury
    found = _release_of(audit, "BudgetTreasury", CodeEvidence(treasury, evidence.code))
    if evidence.registry != audit.claimed.registry:
        raise Rejected("D4", "treasury", f"its registry is 0x{evidence.registry.hex()}")
    rules = created_address(treasury, 1)
    expected = {"registry": word(audit.claimed.registry), "rules": word(rules)}
    expected |= domain_immutables(audit.chain.chain_id, treasury)
    _require_immutables("BudgetTreasury", found, expected)
    if evidence.rules.address != rules:
        raise Rejected("D4", "rules", "not the contract that the treasury made")
    _same_release("RoundRules", _release_of(audit, "RoundRules", evidence.rules), found)
    # Code that runs does not show what a constructor of somebody's own wrote into storage before.
    return Held(
        f"treasury 0x{treasury.hex()} of release {found.release}",
        f"the treasury 0x{treasury.hex()} was made with empty books",
    )


_PLAIN_POLL = "this poll is not part of a budget round"
_PAYS_NOTHING = "which made the poll, pays nothing by its outcome"


@dataclass(frozen=True)
class _Round:
    round_id: int
    evidence: RoundEvidence

    @property
    def standing(self) -> list[ProposalEvidence]:
        return [proposal for proposal in self.evidence.proposals if not proposal.withdrawn]


def _round(audit: Audit) -> _Round | None:
    reference = audit.description.round
    if reference is None:
        return None
    return _Round(reference.round_id, audit.round)


CHECKS: Sequence[tuple[str, str, Callable[[Audit], str | Held]]] = (
    ("P1", "the board is of this poll, with its context on chain", check_p1),
    ("P2", "rules and description are those that the poll fixes", check_p2),
    ("P3", "the committee obeys its bounds", check_p3),
    ("P4", "poll keys are valid, signed by every node, and pinned on chain", check_p4),
    ("P5", "the questions make the ballot rule", check_p5),
    ("P6", "the parameters keep their bounds", check_p6),
    ("G1", "the contract's generators are derived as specified", check_g1),
    ("G2", "the registry is of a known release", check_g2),
    ("C1", "the census is in order and has its root", check_c1),
    ("C2", "voters and weights add up", check_c2),
    ("C3", "no weight in a secret poll identifies a voter", check_c3),
    ("C4", "the census is what its source says", check_c4),
    ("B1", "every ballot is canonical", check_b1),
    ("B2", "no voter is counted twice", check_b2),
    ("B3", "every voter is in the census", check_b3),
    ("B4", "every ballot is signed by its voter", check_b4),
    ("B5", "every ballot was cast in time", check_b5),
    ("B6", "every ballot obeys the rule", check_b6),
    ("T1", "the root is that of the ballots", check_t1),
    ("T2", "the root is anchored on chain", check_t2),
    ("T3", "enough nodes signed the root", check_t3),
    ("T4", "the root was anchored in time", check_t4),
    ("S1", "every aggregate share is good", check_s1),
    ("S2", "the shares give the tally", check_s2),
    ("R1", "the tally opens the anchored sum", check_r1),
    ("R2", "no option has more votes than there are", check_r2),
    ("R3", "nothing was opened before the dispute window ended", check_r3),
    ("O1", "the outcome follows from the tally", check_o1),
    ("D1", "the poll decides about the round's proposals", check_d1),
    ("D2", "the treasury funds the winners", check_d2),
    ("D3", "payouts went to the winners, once", check_d3),
    ("D4", "the treasury is of a known release", check_d4),
)
