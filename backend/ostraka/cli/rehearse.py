"""`ostraka poll rehearse` and `ostraka round rehearse`: a short poll, marked as a rehearsal."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli.amounts import currency_of
from ostraka.cli.client import DEFAULT_GATEWAY, AsJson, GatewayUrl, Token, ask_once
from ostraka.cli.errors import CommandError
from ostraka.cli.invite import read_codes, write_new
from ostraka.cli.output import emit, facts
from ostraka.gateway_client.config import chain_time
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.wire.records import to_hex
from ostraka_verifier.wording import counted

_PLAN = re.compile("[0-9a-f]{16}")
_COLUMNS = ("code", "link", "invitation")

Out = Annotated[Path, typer.Option("--out", help="CSV file for the codes. Only you can read it.")]
Voters = Annotated[int, typer.Option(min=1, max=20, help="Number of throw-away invitations.")]
Registration = Annotated[
    int, typer.Option("--registration-minutes", min=1, max=1440, help="Time to register.")
]
Voting = Annotated[int, typer.Option("--voting-minutes", min=1, max=1440, help="Time to vote.")]
Label = Annotated[str, typer.Option(help="Begins the title, in the voters' language.")]
_WHAT = "TOML or JSON file that describes the {}, or the 16 digits of its plan."


def poll(
    what: Annotated[str, typer.Argument(metavar="FILE|PLAN", help=_WHAT.format("poll"))],
    out: Out,
    voters: Voters = 5,
    registration_minutes: Registration = 10,
    voting_minutes: Voting = 20,
    label: Label = "Rehearsal",
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rehearse a poll: the same questions on the same chain, in minutes and without secrecy.

    The command makes throw-away invitations and saves their codes; the gateway never gets them.
    Pages show a warning, and one ballot suffices. Repeating the command with the same file of codes
    continues an unanswered request.

    Example: ostraka poll rehearse meeting.toml --out rehearsal.csv
    """
    # Slow to import, and nothing else needs them.
    from ostraka.planning.specification import PollSpecification
    from ostraka.planning.specification_file import read_specification

    def read(to: Gateway, file: Path) -> dict[str, Any]:
        return {"poll": read_specification(file, PollSpecification, chain_time(to.get("/config")))}

    times = registration_minutes, voting_minutes
    with Gateway(gateway, token) as to:
        _rehearse(to, _named(to, what, read), out, voters, times, label, gateway, as_json)


def round_(
    what: Annotated[str, typer.Argument(metavar="FILE|PLAN", help=_WHAT.format("round"))],
    out: Out,
    voters: Voters = 5,
    registration_minutes: Registration = 10,
    voting_minutes: Voting = 20,
    label: Label = "Rehearsal",
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rehearse a round's vote: a poll with made-up proposals, in minutes and without secrecy.

    As `poll rehearse`. Nothing is proposed, funded or paid.

    Example: ostraka round rehearse spring.toml --out rehearsal.csv
    """
    from ostraka.planning.specification import RoundSpecification
    from ostraka.planning.specification_file import read_specification

    def read(to: Gateway, file: Path) -> dict[str, Any]:
        now = chain_time(to.get("/config"))
        wanted = read_specification(file, RoundSpecification, now, lambda one: currency_of(to, one))
        return {"round": wanted}

    times = registration_minutes, voting_minutes
    with Gateway(gateway, token) as to:
        _rehearse(to, _named(to, what, read), out, voters, times, label, gateway, as_json)


def _named(
    to: Gateway, what: str, read: Callable[[Gateway, Path], dict[str, Any]]
) -> tuple[dict[str, Any], object]:
    """Return the member that says what is rehearsed, and what identifies it in a repetition."""
    if _PLAN.fullmatch(what):
        return {"plan": what}, what
    file = Path(what)
    return read(to, file), file.read_text(encoding="utf-8")


def _rehearse(
    to: Gateway,
    named: tuple[dict[str, Any], object],
    out: Path,
    voters: int,
    times: tuple[int, int],
    label: str,
    site: str,
    as_json: bool,
) -> None:
    of, identity = named
    keys = _invitations(out, voters, site)
    addresses = [{"address": to_hex(key.address)} for key in keys]
    body = {
        **of,
        "invitations": addresses,
        "label": label,
        "registration_minutes": times[0],
        "voting_minutes": times[1],
    }
    # Times in a file are relative to now, and come to other values in a repetition.
    plan = ask_once(to, "/rehearsals", body, [identity, addresses, label, *times])
    emit(
        as_json,
        plan | {"codes": str(out)},
        facts(
            {
                "Plan": plan["plan"],
                "Codes": f"{counted(len(keys), 'code', 'codes')} saved to {out}.",
                "Register within": counted(times[0], "minute", "minutes"),
            }
        ),
        f"Next: open a link of {out}, or ostraka register CODE --key rehearsal.key",
    )


def _invitations(out: Path, voters: int, site: str) -> list[SigningKey]:
    """Return the invitations of an earlier attempt, or make and save new ones."""
    if out.exists():
        known = [saved.code.invitation for saved in read_codes(out)]
        if len(known) != voters:
            detail = f"{out} has {counted(len(known), 'code', 'codes')}, not {voters}"
            raise CommandError("File exists", detail, "--out")
        return known
    keys = [SigningKey() for _ in range(voters)]
    codes = [(key.secret().hex(), key.address_hex) for key in keys]
    base = site.rstrip("/")
    rows = [(code, f"{base}/register#{code}", address) for code, address in codes]
    write_new(out, _COLUMNS, rows, 0o600)
    return keys
