"""Check that a poll's census matches its description and its round.

Source: docs/protocol.md §6.5, §6.7, §17.4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.chain.treasury import ElectorateKind, Treasury
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census, census_bytes
from ostraka_verifier.description import RoundReference
from ostraka_verifier.encoding import keccak256, parse_json, word
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.redemption import Redemptions, poll_electorate, round_electorate
from ostraka_verifier.rpc import JsonRpc, Reverted
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, read_census
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

_T = TypeVar("_T")


@dataclass(frozen=True)
class RoundElectorate:
    """A round's electorate, as its treasury fixed it at the round's creation.

    Attributes:
        poll_id: Poll that the treasury created for the round; 0 before.
        root: Census root of members, voters or invitations; hash of `source` for a source on chain.
        source: Canonical JSON of the census's source; empty for other kinds.
        title, text: Texts that the poll must have.
    """

    kind: ElectorateKind
    poll_id: int
    root: bytes
    source: bytes = b""
    title: str = ""
    text: str = ""


class ElectorateReader(Protocol):
    """Data from the chain for the checks; all methods raise ChainError if it is unreachable."""

    def takes_polls(self, account: bytes) -> bool:
        """Whether an account is a treasury of this registry."""

    def is_contract(self, account: bytes) -> bool:
        """Whether an account has code."""

    def may_upload(self, governor: bytes, poll_id: int, account: bytes) -> bool:
        """Whether a contract says that an account posted the census of its poll (§18.10)."""

    def round(self, reference: RoundReference) -> RoundElectorate:
        """Return a round's electorate."""

    def voting_keys(self) -> bytes:
        """Return the registry's contract `VotingKeys`."""

    def census(self, source: CensusSource) -> Census:
        """Return the census of a source; AuditError if it gives none."""

    def timestamp(self, block: int) -> UnixSeconds:
        """Return the Unix time of a block in seconds; AuditError if it does not exist."""


class ChainElectorates:
    """Reads electorates from one provider."""

    def __init__(self, registry: Registry, rpc_url: str) -> None:
        self._registry = registry
        self._rpc_url = rpc_url
        self._rpc = JsonRpc(rpc_url)

    def takes_polls(self, account: bytes) -> bool:
        """As `ElectorateReader` says."""
        if not self.is_contract(account):
            return False
        block = self._ask(self._rpc.newest_block)
        try:
            answer = self._ask(lambda: self._rpc.call(account, "registry()", b"", block))
        except Reverted:
            # It is another contract, such as a wallet.
            return False
        return answer[12:32] == self._registry.address

    def is_contract(self, account: bytes) -> bool:
        """As `ElectorateReader` says."""
        block = self._ask(self._rpc.newest_block)
        return bool(self._ask(lambda: self._rpc.code(account, block)))

    def may_upload(self, governor: bytes, poll_id: int, account: bytes) -> bool:
        """As `ElectorateReader` says."""
        block = self._ask(self._rpc.newest_block)
        arguments = word(poll_id) + word(account)
        try:
            answer = self._ask(
                lambda: self._rpc.call(governor, "mayUpload(uint256,address)", arguments, block)
            )
        except Reverted:
            # It is another contract, such as a wallet.
            return False
        return answer[:32] == word(1)

    def round(self, reference: RoundReference) -> RoundElectorate:
        """As `ElectorateReader` says."""
        treasury = Treasury(self._rpc_url, reference.treasury)
        view = treasury.round(reference.round_id)
        announced = treasury.announced(reference.round_id)
        if announced is None:
            raise ChainError("the provider does not show the round's event yet")
        return RoundElectorate(
            view.electorate_kind,
            view.poll_id,
            view.electorate_root,
            announced.source,
            announced.title,
            announced.text,
        )

    def voting_keys(self) -> bytes:
        """As `ElectorateReader` says."""
        return self._registry.voting_keys()

    def census(self, source: CensusSource) -> Census:
        """As `ElectorateReader` says."""
        return self._ask(lambda: read_census(self._rpc, source, self._rpc.newest_block()))

    def timestamp(self, block: int) -> UnixSeconds:
        """As `ElectorateReader` says."""
        return self._ask(lambda: self._rpc.timestamp(block))

    @staticmethod
    def _ask(question: Callable[[], _T]) -> _T:
        try:
            return question()
        except Reverted:
            raise
        except Undecided as error:
            # A ChainError's text names the provider, and is not shown to clients.
            raise ChainError(f"chain: {error}") from error


def split_upload(poll: PublishedPoll, data: bytes) -> tuple[bytes, bytes | None]:
    """Split an upload into the census and, for invited voters, the redemptions.

    Args:
        data: The census as canonical bytes, followed by section 12 of the board if there is one.

    Raises:
        Problem: They have the wrong lengths for the poll.
    """
    check_size(poll, len(data))
    size = census_bytes(poll.parameters.voters)
    return data[:size], data[size:] or None


def check_size(poll: PublishedPoll, size: int) -> None:
    """Raise a Problem if a poll's upload cannot have this size."""
    voters = poll.parameters.voters
    if isinstance(poll.description.census, InvitedCensus):
        if size <= census_bytes(voters):
            detail = f"{size} bytes cannot be a census of {voters} voters with their redemptions"
            raise Problem(ProblemType.POLL_REJECTED, detail, "body")
    elif size != census_bytes(voters):
        detail = f"{size} bytes cannot be a census of {voters} voters"
        raise Problem(ProblemType.POLL_REJECTED, detail, "body")


def electorate_objection(
    poll: PublishedPoll,
    creator: bytes,
    census: Census,
    redemptions: bytes | None,
    chain: ElectorateReader,
) -> str | None:
    """Return in words why a census is not the poll's electorate; None if it is.

    Args:
        census: A census with the poll's root.
        redemptions: Section 12 of the board.

    Raises:
        ChainError: The chain is unreachable.
    """
    try:
        return _objection(poll, creator, census, redemptions, chain)
    except AuditError as error:
        return str(error)


def _objection(
    poll: PublishedPoll,
    creator: bytes,
    census: Census,
    redemptions: bytes | None,
    chain: ElectorateReader,
) -> str | None:
    if census.shared_keys().number and not poll.description.shared_keys:
        return "one key signs for several voters, and the description does not allow it"
    origin, reference = poll.description.census, poll.description.round
    if reference is None and chain.takes_polls(creator):
        return "a treasury created the poll, and its description names no round"
    if reference is not None:
        objection = _round_objection(poll, creator, reference, chain)
        if objection:
            return objection
    if isinstance(origin, CensusSource):
        if origin.keys not in (None, chain.voting_keys()):
            return "its voting keys are not those of this registry"
        if chain.census(origin) != census:
            return "its source on chain gives another census"
    if isinstance(origin, InvitedCensus):
        _check_redemptions(poll, census, origin, redemptions or b"")
    return None


def _round_objection(
    poll: PublishedPoll, creator: bytes, reference: RoundReference, chain: ElectorateReader
) -> str | None:
    if reference.treasury != creator or not chain.takes_polls(creator):
        return "the treasury that its description names did not create it"
    fixed = chain.round(reference)
    if not fixed.poll_id:
        # The treasury records its poll at once, so the provider lags behind.
        raise ChainError("the provider does not show yet that the round has a poll")
    if fixed.poll_id != poll.poll_id:
        return f"its round has another poll, {fixed.poll_id}"
    poll.description.check_words(fixed.title, fixed.text)
    origin = poll.description.census
    match fixed.kind:
        case ElectorateKind.MEMBERS | ElectorateKind.FIXED:
            if poll.parameters.census_root != fixed.root:
                return "its census is not the one fixed by its round"
        case ElectorateKind.SOURCE:
            if not isinstance(origin, CensusSource):
                return "its round reads the census on chain, and its description names no source"
            return _source_objection(origin, fixed, chain)
        case ElectorateKind.INVITATIONS:
            if not isinstance(origin, InvitedCensus) or origin.root != fixed.root:
                return "its description does not name the invitations fixed by its round"
    return None


def _source_objection(
    origin: CensusSource, fixed: RoundElectorate, chain: ElectorateReader
) -> str | None:
    """Return why a source is not the round's at its latest block; None if it is."""
    if keccak256(fixed.source) != fixed.root:
        raise Malformed("round", "its source does not match the fixed hash")
    content = parse_json(fixed.source, "round.source")
    given = content.get("at") if isinstance(content, dict) else None
    if type(given) is not int:
        raise Malformed("round.source.at", "not a time")
    at = UnixSeconds(given)
    # Byte for byte, as C4 compares them.
    if origin.at_time(at) != fixed.source:
        return "its census does not come from the source fixed by its round"
    if not chain.timestamp(origin.block) <= at < chain.timestamp(origin.block + 1):
        return f"block {origin.block} is not the latest until {at}, the time fixed by its round"
    return None


def _check_redemptions(
    poll: PublishedPoll, census: Census, origin: InvitedCensus, data: bytes
) -> None:
    """Check that every voter redeemed an invitation with the voter's key; AuditError otherwise."""
    chain_id, registry = poll.identity.chain_id, poll.identity.registry
    reference = poll.description.round
    if (reference is None) != (origin.nonce is not None):
        raise Malformed("description.census.nonce", "required only for polls without a round")
    if reference is not None:
        electorate = round_electorate(chain_id, reference.treasury, reference.round_id, origin.root)
        domain = Domain(chain_id, reference.treasury)
    else:
        electorate = poll_electorate(chain_id, registry, origin.nonce or b"", origin.root)
        domain = Domain(chain_id, registry)
    redemptions = Redemptions.decode(data, len(census))
    redemptions.check(census, origin.root, electorate, domain)
