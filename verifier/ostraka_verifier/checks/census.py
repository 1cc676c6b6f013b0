"""Checks C1 to C4: who may vote.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.census import MINIMUM_CLASS
from ostraka_verifier.checks.audit import Audit, readable
from ostraka_verifier.checks.finding import Held
from ostraka_verifier.checks.round import SOURCE_ELECTORATE
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.redemption import poll_electorate, round_electorate
from ostraka_verifier.releases import MEMBER_REGISTRY, created_address
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, SourceKind
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

_UNKNOWN = "the contract {}, whose code this program does not know, reports correctly who may vote"


def check_c1(audit: Audit) -> str:
    """C1: the census is in strict order, in range, and has its root."""
    if audit.census.tree.digest != audit.parameters.census_root:
        raise Rejected("C1", "board.census", "it has a different root than the poll fixes")
    return counted(len(audit.census), "voter", "voters")


def check_c2(audit: Audit) -> str:
    """C2: number of voters and total weight are the parameters'."""
    census, parameters = audit.census, audit.parameters
    if len(census) != parameters.voters:
        raise Rejected(
            "C2",
            "board.census",
            f"{counted(len(census), 'voter', 'voters')}, not {parameters.voters}",
        )
    if census.total_weight != parameters.total_weight:
        raise Rejected("C2", "board.census", f"total weight {census.total_weight}")
    return f"total weight {census.total_weight}"


def check_c3(audit: Audit) -> str:
    """C3: a poll called secret has no weight that too few share, a shuffled one a single weight."""
    identifying = audit.census.identifying_weight()
    audit.parameters.check_weights(audit.census)
    if not audit.parameters.secret:
        return "the poll states that weights may reveal votes"
    if identifying:
        weight, voters = identifying
        reason = f"held by {counted(voters, 'voter', 'voters')}; at least {MINIMUM_CLASS} required"
        raise Rejected("C3", f"weight {weight}", reason)
    return "no weight identifies a voter"


def check_c4(audit: Audit) -> Held:
    """C4: the census is the one that anybody reads again from its source."""
    shared = audit.census.shared_keys()
    if shared.number and not audit.description.shared_keys:
        item = f"signing key 0x{shared.first.hex()}"
        raise Rejected("C4", item, f"it signs for {shared.accounts} accounts")
    source, voters = audit.description.census, len(audit.census)
    if "redemptions" in audit.sections and not isinstance(source, InvitedCensus):
        raise Rejected("C4", "board.redemptions", "present, although nobody was invited")
    if source is None:
        listed = counted(voters, "voter", "voters")
        return Held(
            f"{listed}, listed by hand; {_other_keys(audit)}",
            f"the organizer, who listed {listed} by hand, listed those who may vote",
        )
    if isinstance(source, InvitedCensus):
        return _check_redemptions(audit, source)
    if source.keys not in (None, created_address(audit.claimed.registry, 2)):
        raise Rejected("C4", "description.census.keys", "not the registry's own voting keys")
    read = readable(audit.chain.census)
    if read is None:
        raise Undecided("the source of the census was not read")
    differing = audit.census.first_differing(read)
    if differing is not None:
        raise Rejected("C4", f"voter 0x{differing.account.hex()}", "differs from the source")
    missing = audit.census.first_left_out(read)
    if missing is not None:
        raise Rejected("C4", f"voter 0x{missing.account.hex()}", "in the source, not in the census")
    at = _check_block(audit, source)
    contract = f"0x{source.contract.hex()}"
    keys = "" if source.keys is None else f"; voting keys of 0x{source.keys.hex()}"
    detail = f"{source.kind.value} of {contract} at block {source.block}{at}{keys}"
    known = None
    if source.kind is SourceKind.MEMBERS:
        known = audit.releases.find(MEMBER_REGISTRY, audit.chain.census_code)
    whose = f"the owner of {contract} listed its members" if known else _UNKNOWN.format(contract)
    return Held(f"{detail}; {_other_keys(audit)}", whose)


def _other_keys(audit: Audit) -> str:
    """Count voters whose account does not sign itself, and keys that sign for several."""
    census, shared = audit.census, audit.census.shared_keys().number
    others = f"{census.other_keys()} of {len(census)}"
    said = f"{others} entries sign with a different key than the account's"
    return f"{said}; keys that sign for several accounts: {shared}" if shared else said


def _check_block(audit: Audit, source: CensusSource) -> str:
    """Check that a round's source on chain is read at the right block; return that in words."""
    if audit.description.round is None:
        return ""
    electorate = audit.round.electorate
    if electorate.kind != SOURCE_ELECTORATE:
        return ""
    before, after = readable(audit.chain.census_times) or (0, 0)
    at = _time_of(electorate.source)
    if at is None or source.at_time(at) != electorate.source:
        raise Rejected("C4", "description.census", "a different source than the round fixed")
    if not before <= at < after:
        reason = f"from {before} to {after}, not the latest block at {at}"
        raise Rejected("C4", "description.census.block", reason)
    return f", the latest at {at}"


def _time_of(source: bytes) -> UnixSeconds | None:
    """Return the member `at` of a round's source; None if it is no time."""
    try:
        content = parse_json(source, "electorate.source")
    except Malformed:
        return None
    at = content.get("at") if isinstance(content, dict) else None
    return UnixSeconds(at) if type(at) is int else None


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
        f"{used} of {counted(invitations, 'invitation', 'invitations')} used",
        f"each of {invitations} invitations ({used} used) went to a different person",
    )
