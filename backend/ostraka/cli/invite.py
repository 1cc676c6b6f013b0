"""`ostraka invite …`: invitations for people without a wallet."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    RoundNumber,
    Token,
    address_option,
    ask_once,
)
from ostraka.cli.errors import CommandError
from ostraka.cli.output import emit, facts
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitationCode
from ostraka.wire.records import to_hex
from ostraka_verifier.errors import Malformed
from ostraka_verifier.wording import counted


class _MakeByDefault(TyperGroup):
    """`ostraka invite --count …` is short for `ostraka invite make --count …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MakeByDefault,
    help=(
        "Invite people without a wallet; `ostraka invite --count …` is short for `ostraka invite "
        "make --count …`."
    ),
    no_args_is_help=True,
)


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="New CSV file for the codes. Only you can read it.")],
    public: Annotated[
        Path,
        typer.Option("--list", help="New CSV file for the addresses. A round or poll names it."),
    ],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Number of invitations.")] = 1,
    weight: Annotated[int, typer.Option(min=1, help="Weight of each vote.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Make invitations: codes with which people without a wallet register.

    A code is a secret key that this command makes. No gateway ever sees it. The round or poll names
    the list of addresses as `invitations_file`, which fixes who may register. In a round whose
    members are these invitations, each of them proposes and votes. Codes can be redeemed until the
    poll's registration or the round's proposals close. Anybody who has a code can use it. An audit
    assumes that each code went to a different person, and reports this.

    Example: ostraka invite --count 200 --out codes.csv --list invitations.csv
    """
    keys = [SigningKey() for _ in range(count)]
    _write_new(out, ("code", "weight"), ((key.secret().hex(), weight) for key in keys), 0o600)
    _write_new(public, ("address", "weight"), ((key.address_hex, weight) for key in keys), 0o644)
    answer = {"count": count, "weight": weight, "codes": str(out), "list": str(public)}
    emit(
        as_json,
        answer,
        f"{counted(count, 'code', 'codes')} saved to {out}. Give each code to one person.\n"
        f"List of addresses saved to {public}. Name this file as invitations_file.",
    )


@app.command()
def replace(
    number: RoundNumber,
    codes: Annotated[
        Path, typer.Option("--codes", help="File of codes, as saved when they were made.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="CSV file for the new code. Only you can read it.")
    ],
    invitation: Annotated[
        bytes,
        address_option("--invitation", "Address of the invitation, which its person proposes as."),
    ],
    token: Token = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Replace the code of a member who lost the key, or whose code somebody else used.

    The former key can no longer propose, change, withdraw or vote. With the new code the member
    registers another key, and acts for the earlier proposals as well. The treasury logs the
    replacement publicly. It is possible while proposals are open. Repeating the command with the
    same file continues it.

    Example: ostraka invite replace 1 --invitation 0x7099… --codes codes.csv --out new-code.csv
    """
    code = _replacement(out, _code_of(codes, invitation))
    body = {"code": to_hex(_replaced(code).address)}
    with Gateway(gateway, token) as to:
        path = f"/rounds/{number}/members/{to_hex(invitation)}/replacement"
        sent = ask_once(to, path, body)
    shown = {
        "Invitation": to_hex(invitation),
        "New code": f"saved to {out}. Give it to the member.",
        "Transaction": sent["transaction"],
    }
    emit(as_json, {**sent, "invitation": to_hex(invitation), "codes": str(out)}, facts(shown))


def _code_of(path: Path, invitation: bytes) -> SigningKey:
    """Return the key of an invitation from a file of codes."""
    for code in read_codes(path):
        if code.invitation.address == invitation:
            return code.invitation
    raise CommandError("No such invitation", f"{path} has no code of this address", "--invitation")


def _replacement(path: Path, invitation: SigningKey) -> InvitationCode:
    """Return the new code that a file has, or write a file with one."""
    if path.exists():
        known = read_codes(path)
        if len(known) != 1 or known[0].invitation.address != invitation.address:
            raise CommandError("File exists", f"{path} has another code", "--out")
        return known[0]
    code = InvitationCode(invitation, SigningKey())
    _write_new(path, ("code",), [(str(code),)], 0o600)
    return code


def _replaced(code: InvitationCode) -> SigningKey:
    if code.replacement is None:
        raise CommandError("File exists", "it has the code that is to be replaced", "--out")
    return code.replacement


def read_codes(path: Path) -> list[InvitationCode]:
    """Return the codes of a file that `ostraka invite` or the page for organizers saved.

    Raises:
        CommandError: It has no column `code`, or a code is invalid; names the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "code" not in (reader.fieldnames or ()):
            raise CommandError("Not a file of codes", f"{path} has no column code", "--codes")
        codes = []
        for row in reader:
            try:
                codes.append(InvitationCode.read(row["code"] or ""))
            except Malformed as error:
                detail = f"{path}, line {reader.line_num}: {error}"
                raise CommandError("Not a file of codes", detail, "--codes") from None
    return codes


def _write_new(
    path: Path, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]], mode: int
) -> None:
    """Write a CSV file durably. Never overwrite an existing file."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
