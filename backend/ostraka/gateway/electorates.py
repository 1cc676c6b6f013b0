"""From what an organizer says of an electorate to a census.

Source: docs/protocol.md §6.
"""

from collections.abc import Mapping

from ostraka.chain.errors import ChainError
from ostraka.gateway.specification import AccountList, Electorate, RegistryMembers, TokenVotes
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.rpc import JsonRpc, Reverted, read_quantity
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from ostraka_verifier.weight_classes import ClassRule, in_classes


def census_of(
    rpc_url: str, electorate: Electorate, invited: Mapping[bytes, int]
) -> tuple[Census, CensusSource | None]:
    """Census of an electorate, and where it was read on chain.

    Args:
        invited: Weight of each account that redeemed an invitation.

    Raises:
        Problem: It makes no census; says why.
        ChainError: The chain is out of reach.
    """
    if isinstance(electorate, AccountList):
        census = census_of_list(electorate, invited)
        if electorate.classes is not None:
            census = _in_classes(census, electorate.classes)
        return census, None
    rpc = JsonRpc(rpc_url)
    try:
        source = _source(rpc, electorate)
        return read_census(rpc, source, rpc.newest_block()), source
    except (Malformed, Rejected, Reverted) as error:
        detail = f"no census comes from {electorate.contract}: {error}"
        raise Problem(422, "No census", detail, "contract") from error
    except Undecided as error:
        # Names the provider: not for everybody to read.
        raise ChainError(f"chain: {error}") from error


def _source(rpc: JsonRpc, electorate: RegistryMembers | TokenVotes) -> CensusSource:
    """The electorate as of the newest block that can be neither taken back nor still change."""
    finalized = rpc.ask("eth_getBlockByNumber", ["finalized", False])
    if not isinstance(finalized, dict):
        raise Undecided("eth_getBlockByNumber: the RPC endpoint shows no finalized block")
    newest = rpc.newest_block()
    block = min(read_quantity(finalized.get("number"), "eth_getBlockByNumber"), newest - 1)
    contract = from_hex(electorate.contract, "contract")
    keys = from_hex(electorate.keys, "keys") if electorate.keys else None
    classes = electorate.classes
    if isinstance(electorate, TokenVotes):
        return CensusSource(SourceKind.VOTES, contract, block, electorate.unit, keys, classes)
    return CensusSource(SourceKind.MEMBERS, contract, block, keys=keys, classes=classes)


def _in_classes(census: Census, rule: ClassRule) -> Census:
    try:
        return in_classes(census, rule)
    except Rejected as rejected:
        raise Problem(409, "No classes", rejected.reason, "classes") from rejected


def census_of_list(electorate: AccountList, invited: Mapping[bytes, int]) -> Census:
    """Census of named accounts and of those who redeemed an invitation, by their own weights.

    Raises:
        Problem: An account occurs twice, or there is none at all.
    """
    entries: dict[bytes, CensusEntry] = {}
    for number, entry in enumerate(electorate.accounts):
        account = from_hex(entry.account, "account")
        if account in entries:
            raise Problem(
                422, "Invalid request", f"{entry.account} occurs twice", f"accounts.{number}"
            )
        signing_key = from_hex(entry.signing_key or entry.account, "signing_key")
        entries[account] = CensusEntry(account, signing_key, entry.weight)
    for account, weight in invited.items():
        # Who is on the list keeps the list's weight, and does not count twice.
        entries.setdefault(account, CensusEntry(account, account, weight))
    if not entries:
        raise Problem(409, "Nobody registered", "the census would be empty", "voters")
    return Census(tuple(entries[account] for account in sorted(entries)))
