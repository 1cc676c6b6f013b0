"""Whether a poll's census is what its description and its round say that it is.

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
from ostraka_verifier.encoding import keccak256, parse_json
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.parameters import RoundReference
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.redemption import Redemptions, poll_electorate, round_electorate
from ostraka_verifier.rpc import JsonRpc, Reverted
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, read_census
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

_T = TypeVar("_T")


@dataclass(frozen=True)
class RoundElectorate:
    """Who votes in a round, as its treasury fixed it at the round's creation.

    Attributes:
        poll_id: Of the poll that the treasury made for the round; 0 before.
        root: Census root of members, voters or invitations; hash of `source` for a source on chain.
        source: Canonical JSON of where the census is read; empty for other kinds.
        title, text: In whose words the poll must ask.
    """

    kind: ElectorateKind
    poll_id: int
    root: bytes
    source: bytes = b""
    title: str = ""
    text: str = ""


class ElectorateReader(Protocol):
    """What the checks read from the chain; all raise ChainError when it is out of reach."""

    def takes_polls(self, account: bytes) -> bool:
        """Whether an account is a treasury of this registry."""

    def round(self, reference: RoundReference) -> RoundElectorate:
        """Who votes in a round."""

    def voting_keys(self) -> bytes:
        """The one contract of voting keys of this registry."""

    def census(self, source: CensusSource) -> Census:
        """The census of a source; AuditError where it gives none."""

    def timestamp(self, block: int) -> UnixSeconds:
        """When a block was made; AuditError where there is none."""


class ChainElectorates:
    """Reads electorates from one provider."""

    def __init__(self, registry: Registry, rpc_url: str) -> None:
        self._registry = registry
        self._rpc_url = rpc_url
        self._rpc = JsonRpc(rpc_url)

    def takes_polls(self, account: bytes) -> bool:
        """As `ElectorateReader` says."""
        block = self._ask(self._rpc.newest_block)
        if not self._ask(lambda: self._rpc.code(account, block)):
            return False
        try:
            answer = self._ask(lambda: self._rpc.call(account, "registry()", b"", block))
        except Reverted:
            # Another contract, such as a wallet.
            return False
        return answer[12:32] == self._registry.address

    def round(self, reference: RoundReference) -> RoundElectorate:
        """As `ElectorateReader` says."""
        treasury = Treasury(self._rpc_url, reference.treasury)
        view = treasury.round(reference.round_id)
        announced = treasury.announced(reference.round_id)
        if announced is None:
            raise ChainError("the provider does not show yet how the round was announced")
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
            # Names the provider: not for everybody to read.
            raise ChainError(f"chain: {error}") from error


def split_upload(poll: PublishedPoll, data: bytes) -> tuple[bytes, bytes | None]:
    """A poll's census, and the redemptions where its voters are invited.

    Args:
        data: The census as canonical bytes, then section 12 of the board where there is one.

    Raises:
        Problem: They have not the lengths that the poll gives them.
    """
    check_size(poll, len(data))
    size = census_bytes(poll.parameters.voters)
    return data[:size], data[size:] or None


def check_size(poll: PublishedPoll, size: int) -> None:
    """Problem when so many bytes cannot be a poll's census with all that belongs to it."""
    voters = poll.parameters.voters
    if isinstance(poll.description.census, InvitedCensus):
        if size <= census_bytes(voters):
            detail = f"{size} bytes are no census of {voters} voters with their redemptions"
            raise Problem(ProblemType.POLL_REJECTED, detail, "body")
    elif size != census_bytes(voters):
        detail = f"{size} bytes are no census of {voters} voters"
        raise Problem(ProblemType.POLL_REJECTED, detail, "body")


def electorate_objection(
    poll: PublishedPoll,
    creator: bytes,
    census: Census,
    redemptions: bytes | None,
    chain: ElectorateReader,
) -> str | None:
    """Why a census is not the poll's electorate, in words; None when it is.

    Args:
        census: Of the poll's own root.
        redemptions: Section 12 of the board.

    Raises:
        ChainError: The chain cannot be reached.
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
    if census.shared_keys() and not poll.description.shared_keys:
        return "one key signs for several voters, and the description does not say so"
    origin, reference = poll.description.census, poll.description.round
    if reference is None and chain.takes_polls(creator):
        return "a treasury made the poll, and its description names no round"
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
        return "the treasury that its description names did not make it"
    fixed = chain.round(reference)
    if not fixed.poll_id:
        # It made this poll and says so at once: the provider is behind.
        raise ChainError("the provider does not show yet that the round has a poll")
    if fixed.poll_id != poll.poll_id:
        return f"its round decides by another poll, {fixed.poll_id}"
    poll.description.check_words(fixed.title, fixed.text)
    origin = poll.description.census
    match fixed.kind:
        case ElectorateKind.MEMBERS | ElectorateKind.FIXED:
            if poll.parameters.census_root != fixed.root:
                return "its census is not the one that its round fixed"
        case ElectorateKind.SOURCE:
            if not isinstance(origin, CensusSource):
                return "its round reads the census on chain, and its description names no source"
            return _source_objection(origin, fixed, chain)
        case ElectorateKind.INVITATIONS:
            if not isinstance(origin, InvitedCensus) or origin.root != fixed.root:
                return "its description does not name the invitations that its round fixed"
    return None


def _source_objection(
    origin: CensusSource, fixed: RoundElectorate, chain: ElectorateReader
) -> str | None:
    """Why a source is not its round's: the latest block until a time, and all else equal."""
    if keccak256(fixed.source) != fixed.root:
        raise Malformed("round", "its source has another hash than the one that it fixed")
    content = parse_json(fixed.source, "round.source")
    given = content.get("at") if isinstance(content, dict) else None
    if type(given) is not int:
        raise Malformed("round.source.at", "not a time")
    at = UnixSeconds(given)
    # Byte for byte, as C4 compares them.
    if origin.at_time(at) != fixed.source:
        return "its census comes from another source than the one that its round fixed"
    if not chain.timestamp(origin.block) <= at < chain.timestamp(origin.block + 1):
        return f"block {origin.block} is not the latest until {at}, which its round fixed"
    return None


def _check_redemptions(
    poll: PublishedPoll, census: Census, origin: InvitedCensus, data: bytes
) -> None:
    """Every voter is invited, and holds the key bound to the invitation; AuditError otherwise."""
    chain_id, registry = poll.identity.chain_id, poll.identity.registry
    reference = poll.description.round
    if (reference is None) != (origin.nonce is not None):
        raise Malformed("description.census.nonce", "there exactly where a poll is of no round")
    if reference is not None:
        electorate = round_electorate(chain_id, reference.treasury, reference.round_id, origin.root)
        domain = Domain(chain_id, reference.treasury)
    else:
        electorate = poll_electorate(chain_id, registry, origin.nonce or b"", origin.root)
        domain = Domain(chain_id, registry)
    redemptions = Redemptions.decode(data, len(census))
    redemptions.check(census, origin.root, electorate, domain)
