"""`round check` and `poll check`: what is wrong with a file, before anything is created."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from ostraka.cli.amounts import currency_of
from ostraka.cli.errors import REFUSED
from ostraka.cli.output import emit, facts, note
from ostraka.cli.warnings import show
from ostraka.clock import unix_now
from ostraka.gateway_client.gateway import Gateway, Unreachable
from ostraka.planning.account_file import WrongLines
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

if TYPE_CHECKING:
    from ostraka.planning.specification import PollSpecification, RoundSpecification

_Wanted = TypeVar("_Wanted", "RoundSpecification", "PollSpecification")


def check(file: Path, kind: "type[_Wanted]", gateway: str, as_json: bool) -> None:
    """Check a file; end with an error if nodes refuse what it asks for.

    Args:
        gateway: URL of a gateway, which is asked about the token and the contracts that the file
            names. If it does not answer, they are not checked.

    Raises:
        WrongLines: The file is invalid; names every problem with its member.
    """
    # Slow to import, and nothing else needs them.
    from ostraka.planning.asked_poll import census_so_far, planned_poll
    from ostraka.planning.feasibility import impossibilities
    from ostraka.planning.leaks import leak_warnings
    from ostraka.planning.specification_file import read_specification

    now = unix_now()
    wanted = kind.model_validate(read_specification(file, kind, now))
    try:
        rule = wanted.check()
        census = census_so_far(None, wanted)
        if census is not None:
            rule.check_weight(census.total_weight)
        _refuse(file, impossibilities(wanted, census, rule, now))
    except (Malformed, Rejected) as error:
        _refuse(file, [(error.item, error.reason)])
    except Problem as error:
        _refuse(file, [(error.field, error.detail)])
    on_chain = _check_on_chain(file, wanted, now, gateway, as_json)
    found = [one.to_json() for one in leak_warnings(planned_poll("this one", wanted, census))]
    answer = {
        "title": wanted.title,
        "bits": rule.bits,
        "slots": len(rule.slots),
        "voters": None if census is None else len(census),
        "total_weight": None if census is None else str(census.total_weight),
        "checked_on_chain": on_chain,
        "warnings": found,
    }
    shown = {
        "Title": wanted.title,
        "Ballot": f"{counted(rule.bits, 'bit', 'bits')}, "
        f"{counted(len(rule.slots), 'slot', 'slots')}",
        "Voters": "not known yet" if census is None else len(census),
        "Total weight": answer["total_weight"],
    }
    emit(as_json, answer, facts(shown))
    show(as_json, found)
    if any(one["refused"] for one in found):
        raise typer.Exit(REFUSED)


def _refuse(file: Path, impossible: Iterable[tuple[str, str]]) -> None:
    lines = [(str(file), field, reason) for field, reason in impossible]
    if lines:
        raise WrongLines([": ".join(filter(None, line)) for line in lines])


def _check_on_chain(
    file: Path,
    wanted: "RoundSpecification | PollSpecification",
    now_unix_s: UnixSeconds,
    gateway: str,
    as_json: bool,
) -> bool:
    """Check units of amounts and contracts; return whether nothing is left to check.

    Raises:
        WrongLines: A member is wrong; names every one.
    """
    from ostraka.planning.specification import RoundSpecification
    from ostraka.planning.specification_file import read_specification

    is_round, contracts = isinstance(wanted, RoundSpecification), list(_contracts(wanted))
    if not is_round and not contracts:
        return True
    try:
        with Gateway(gateway) as to:
            _refuse(file, _wrong_contracts(to, contracts))
            if is_round:
                kind = RoundSpecification
                read_specification(file, kind, now_unix_s, lambda token: currency_of(to, token))
    except (Unreachable, Problem) as error:
        if isinstance(error, Problem) and error.kind is not ProblemType.CHAIN_UNREACHABLE:
            raise
        note(as_json, f"Not checked on the chain, neither contracts nor units: {error}")
        return False
    return True


def _contracts(wanted: "RoundSpecification | PollSpecification") -> Iterator[tuple[str, str, str]]:
    """Yield the member, the address and the needed function of each contract."""
    from ostraka.planning.electorates import needed_function
    from ostraka.planning.specification import RegistryMembers, RoundSpecification, TokenVotes

    electorates: dict[str, Any] = {"voters": wanted.voters}
    if isinstance(wanted, RoundSpecification):
        electorates = {"members": wanted.members, **electorates}
        if wanted.token:
            yield "token", wanted.token, "balanceOf"
    for name, one in electorates.items():
        if isinstance(one, RegistryMembers | TokenVotes):
            yield f"{name}.contract", one.contract, needed_function(one)


def _wrong_contracts(
    to: Gateway, contracts: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield members whose account is not the contract that it should be, with the reason."""
    from ostraka.planning.electorates import refuse_other_contract

    for field, address, function in contracts:
        functions = to.get(f"/tokens/{address}")["functions"]
        try:
            refuse_other_contract(address, field, function, functions)
        except Problem as problem:
            yield problem.field, problem.detail
