"""Turn an organizer's description of an electorate into a census.

Source: docs/protocol.md §6, §17.4.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from ostraka.chain.errors import ChainError
from ostraka.planning.specification import (
    AccountList,
    Electorate,
    Invitations,
    RegistryMembers,
    TokenVotes,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import WORD_BYTES, keccak256, word
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.redemption import invitations
from ostraka_verifier.rpc import JsonRpc, Reverted, answered_bytes, read_quantity
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.weight_classes import in_classes

_T = TypeVar("_T")


FUNCTIONS = {
    "balanceOf": "an ERC-20 token",
    "getVotes": "a token with votes (ERC-5805)",
    "weightOf": "a member registry",
}
"""Functions of an account that answer one word, and what a contract that has one is."""
_FUNCTION_GAS = 1_000_000
"""Gas limit of such an answer, because anybody may ask about any contract."""


@dataclass(frozen=True)
class Electorates:
    """Reads electorates from the chain.

    Attributes:
        rpc_url: JSON-RPC endpoint.
        voting_keys: The deployment's contract of voting keys, 20 bytes.
        confirmations: How many blocks behind the newest one a block counts as final; by default,
            the chain decides (tag `finalized`).
    """

    rpc_url: str
    voting_keys: bytes
    confirmations: int | None = None

    def census(self, electorate: Electorate) -> tuple[Census, CensusSource | None]:
        """Return the current members of an electorate, and where on chain they were read.

        For invitations these are the invitations themselves, each with its own signing key.

        Raises:
            Problem: It gives no census; states the reason.
            ChainError: The chain cannot be reached.
        """
        if isinstance(electorate, AccountList):
            return census_of_list(electorate), None
        if isinstance(electorate, Invitations):
            return invited_census(electorate), None
        return self._read(electorate, self._final)

    def census_at(
        self, electorate: RegistryMembers | TokenVotes, unix_s: UnixSeconds
    ) -> tuple[Census, CensusSource]:
        """Return the members of an electorate on chain at the latest block not after a time.

        Raises:
            Problem: It gives no census, or that block can still change; states the reason.
            ChainError: The chain cannot be reached.
        """
        return self._read(electorate, lambda rpc: block_at(rpc, self._final(rpc), unix_s))

    def require_contract(self, electorate: RegistryMembers | TokenVotes) -> None:
        """Refuse a contract from which no census can ever be read.

        Raises:
            Problem: There is no contract, or it has no such votes or members.
            ChainError: The chain cannot be reached.
        """
        refuse_other_contract(
            *(electorate.contract, "contract", needed_function(electorate)),
            self.functions(from_hex(electorate.contract, "contract")),
        )

    def require_token(self, token: str) -> None:
        """Refuse a token of a round that is no ERC-20 token.

        Raises:
            Problem: There is no contract, or it has no balances.
            ChainError: The chain cannot be reached.
        """
        functions = self.functions(from_hex(token, "token"))
        refuse_other_contract(token, "token", "balanceOf", functions)

    def functions(self, contract: bytes) -> tuple[str, ...] | None:
        """Return which of `FUNCTIONS` an account answers; None if it is no contract.

        Raises:
            ChainError: The chain cannot be reached.
        """
        rpc = JsonRpc(self.rpc_url)
        try:
            block = rpc.newest_block()
            if not rpc.code(contract, block):
                return None
            return tuple(name for name in FUNCTIONS if _answers(rpc, contract, name, block))
        except Undecided as error:
            raise ChainError(f"chain: {error}") from error

    def _read(
        self, electorate: RegistryMembers | TokenVotes, block_of: Callable[[JsonRpc], int]
    ) -> tuple[Census, CensusSource]:
        rpc = JsonRpc(self.rpc_url)
        try:
            source, newest = self.source(electorate, block_of(rpc)), rpc.newest_block()
            if not rpc.code(source.contract, newest):
                detail = f"there is no contract at {electorate.contract}"
                raise Problem(ProblemType.NO_CENSUS, detail, "contract")
            return read_census(rpc, source, newest), source
        except (Malformed, Rejected, Reverted) as error:
            detail = f"no census comes from {electorate.contract}: {error}"
            raise Problem(ProblemType.NO_CENSUS, detail, "contract") from error
        except Undecided as error:
            # A ChainError's text names the provider, and is not shown to clients.
            raise ChainError(f"chain: {error}") from error

    def _final(self, rpc: JsonRpc) -> int:
        """Return the newest final block that is not the newest of all."""
        if self.confirmations is not None:
            return max(0, rpc.newest_block() - self.confirmations)
        finalized = rpc.ask("eth_getBlockByNumber", ["finalized", False])
        if not isinstance(finalized, dict):
            raise Undecided("eth_getBlockByNumber: the RPC endpoint shows no finalized block")
        number = read_quantity(finalized.get("number"), "eth_getBlockByNumber")
        return min(number, rpc.newest_block() - 1)

    def source(self, electorate: RegistryMembers | TokenVotes, block: int) -> CensusSource:
        """Return the census source of an electorate on chain at a block."""
        contract = from_hex(electorate.contract, "contract")
        keys = self.voting_keys if electorate.voting_keys else None
        classes = electorate.classes
        if isinstance(electorate, TokenVotes):
            return CensusSource(SourceKind.VOTES, contract, block, electorate.unit, keys, classes)
        return CensusSource(SourceKind.MEMBERS, contract, block, keys=keys, classes=classes)

    def source_rule(self, electorate: RegistryMembers | TokenVotes, unix_s: UnixSeconds) -> bytes:
        """Return the canonical JSON that fixes a round's electorate before its block exists.

        Args:
            unix_s: The latest block not after this time counts.
        """
        return self.source(electorate, 0).at_time(unix_s)


def needed_function(electorate: RegistryMembers | TokenVotes) -> str:
    """Return which of `FUNCTIONS` the contract of an electorate needs."""
    return "weightOf" if isinstance(electorate, RegistryMembers) else "getVotes"


def refuse_other_contract(
    address: str, field: str, needed: str, functions: Collection[str] | None
) -> None:
    """Refuse an account that does not have the function that it needs.

    Args:
        functions: Functions of the account; None if it is no contract.

    Raises:
        Problem: It does not have it; names the field.
    """
    kind = ProblemType.INVALID_REQUEST if needed == "balanceOf" else ProblemType.NO_CENSUS
    if functions is None:
        raise Problem(kind, f"there is no contract at {address}", field)
    if needed not in functions:
        detail = f"{address} is not {FUNCTIONS[needed]}: it has no {needed}(address)"
        raise Problem(kind, detail, field)


def _answers(rpc: JsonRpc, contract: bytes, name: str, block: int) -> bool:
    """Return whether a contract answers one word about an account that nobody has."""
    data = keccak256(f"{name}(address)".encode())[:4] + word(1)
    request = {"to": to_hex(contract), "data": to_hex(data), "gas": hex(_FUNCTION_GAS)}
    try:
        answer = rpc.ask("eth_call", [request, hex(block)])
        return len(answered_bytes(answer, name)) == WORD_BYTES
    except Reverted:
        return False
    except Undecided as error:
        # Some endpoints do not call this a revert.
        if "gas" in str(error):
            return False
        raise


def block_at(rpc: JsonRpc, final: int, unix_s: UnixSeconds) -> int:
    """Return the latest block not after a time, once no later block can take its place.

    Args:
        final: A block after that time.

    Raises:
        Undecided: It is not, or the chain is younger.
    """
    high = final
    if rpc.timestamp(high) <= unix_s:
        raise Undecided("the block of the census is not final yet")
    low = 0
    if rpc.timestamp(low) > unix_s:
        raise Undecided("the chain is younger than the census")
    # Timestamps never decrease, so a binary search works.
    while high - low > 1:
        middle = (low + high) // 2
        if rpc.timestamp(middle) <= unix_s:
            low = middle
        else:
            high = middle
    return low


def census_of_list(electorate: AccountList) -> Census:
    """Return the census of listed accounts.

    Raises:
        Problem: An account occurs twice, or the list is empty.
    """
    entries: dict[bytes, CensusEntry] = {}
    for number, entry in enumerate(electorate.accounts):
        account = from_hex(entry.account, "account")
        if account in entries:
            raise Problem(
                ProblemType.INVALID_REQUEST, f"{entry.account} occurs twice", f"accounts.{number}"
            )
        signing_key = from_hex(entry.signing_key or entry.account, "signing_key")
        entries[account] = CensusEntry(account, signing_key, entry.weight)
    if not entries:
        raise Problem(ProblemType.EMPTY_ELECTORATE, "the census would be empty", "voters")
    census = _census([entries[account] for account in sorted(entries)])
    if electorate.classes is None:
        return census
    try:
        return in_classes(census, electorate.classes)
    except Rejected as rejected:
        raise Problem(ProblemType.NO_CLASSES, rejected.reason, "classes") from rejected


def invited_census(electorate: Invitations) -> Census:
    """Return the tree of invitations.

    Raises:
        Problem: An invitation occurs twice.
    """
    weights = sorted(
        (from_hex(one.address, "address"), one.weight) for one in electorate.invitations
    )
    for previous, (address, _) in pairwise(weights):
        if previous[0] == address:
            detail = f"0x{address.hex()} occurs twice"
            raise Problem(ProblemType.INVALID_REQUEST, detail, "invitations")
    return _made(lambda: invitations(weights))


def _census(entries: list[CensusEntry]) -> Census:
    return _made(lambda: Census(tuple(entries)))


def _made(make: Callable[[], _T]) -> _T:
    try:
        return make()
    except Rejected as rejected:
        raise Problem(ProblemType.NO_CENSUS, rejected.reason, "voters") from rejected
