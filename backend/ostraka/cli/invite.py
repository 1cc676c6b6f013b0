"""`ostraka invite …`: invitations for people without a wallet."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

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
    url_option,
)
from ostraka.cli.errors import CommandError
from ostraka.cli.letters import LANGUAGES, Letter, letters_pdf
from ostraka.cli.output import emit, facts, note
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.planning.account_file import WrongLines
from ostraka.planning.resident_file import Resident, read_mapping, read_residents, repeated
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


RESIDENT_COLUMNS = ("code", "invitation", "weight", "name", "postal_address")
"""Columns of a file of codes for residents of a spreadsheet."""


@dataclass(frozen=True)
class SavedCode:
    """A line of a file of codes; name and postal address are "" without a spreadsheet."""

    code: InvitationCode
    name: str
    address: str


app = typer.Typer(
    rich_markup_mode="markdown",
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
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Spreadsheet of residents, XLSX or CSV: one invitation for each row."
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Column of name, address or weight in the spreadsheet. A field named again joins "
            "its columns. Default: the column of the field's own name.",
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option(help="Encoding of a CSV file, such as cp1250 or cp1252.")
    ] = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Make invitations: codes with which people without a wallet register.

    A code is a secret key that this command makes. No gateway ever sees it. The round or poll names
    the list of addresses as `invitations_file`, which fixes who may register. In a round whose
    members are these invitations, each of them proposes and votes. Codes can be redeemed until the
    poll's registration or the round's proposals close. Anybody who has a code can use it. An audit
    assumes that each code went to a different person, and reports this.

    With a spreadsheet, the file of codes also has names and postal addresses, for `ostraka invite
    letters`. Only this file has them: the list names no people, and its order does not reveal who
    has which invitation.

    Example: ostraka invite --count 200 --out codes.csv --list invitations.csv

    Example: ostraka invite --from residents.xlsx --map name=Resident --map address=Street --map
    address=Town --out codes.csv --list invitations.csv
    """
    if source is None:
        keys = [SigningKey() for _ in range(count)]
        listed = [(key.address_hex, weight) for key in keys]
        write_new(out, ("code", "weight"), ((key.secret().hex(), weight) for key in keys), 0o600)
    else:
        residents = _residents(source, mapping or [], encoding, as_json)
        count = len(residents)
        keys = [SigningKey() for _ in residents]
        weights = [one.weight or weight for one in residents]
        listed = sorted((key.address_hex, of) for key, of in zip(keys, weights, strict=True))
        rows = zip(keys, weights, residents, strict=True)
        write_new(
            out,
            RESIDENT_COLUMNS,
            (
                (key.secret().hex(), key.address_hex, of, one.name, one.address)
                for key, of, one in rows
            ),
            0o600,
        )
    write_new(public, ("address", "weight"), listed, 0o644)
    answer = {"count": count, "weight": weight, "codes": str(out), "list": str(public)}
    emit(
        as_json,
        answer,
        f"{counted(count, 'code', 'codes')} saved to {out}. Give each code to one person.\n"
        f"List of addresses saved to {public}. Name this file as invitations_file.",
    )


def _residents(path: Path, mapping: list[str], encoding: str, as_json: bool) -> list[Resident]:
    """Return the residents of a spreadsheet; note those who are in it twice."""
    try:
        columns = read_mapping(mapping)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--map") from None
    residents = read_residents(path, columns, encoding)
    for first, one in repeated(residents):
        note(
            as_json,
            f"line {one.line}: the same name and address as line {first.line}; both are invited",
        )
    return residents


@app.command()
def letters(
    codes: Annotated[
        Path,
        typer.Argument(metavar="CODES", help="File of codes, as saved when they were made."),
    ],
    out: Annotated[Path, typer.Option(help="New PDF file. Only you can read it.")],
    site: Annotated[str, url_option("--site", "Address at which residents open the client.")],
    language: Annotated[
        str, typer.Option(help="Language of the letters: de, en, es or pl.")
    ] = "en",
    sender: Annotated[str, typer.Option(help="Sender; | separates its lines.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write letters for printing: a page for each invitation, with its code, link and QR code.

    Names and postal addresses come from the file of codes. The letters suit envelopes with a window
    (DIN 5008, form B). Everything stays on this machine.

    Example: ostraka invite letters codes.csv --site https://vote.example --out letters.pdf
    """
    if language not in LANGUAGES:
        raise typer.BadParameter("possible are de, en, es and pl", param_hint="--language")
    wanted = [Letter(one.name, one.address, str(one.code)) for one in read_codes(codes)]
    content = letters_pdf(
        wanted, site.rstrip("/"), LANGUAGES[language], "\n".join(sender.split("|"))
    )
    with _new(out, 0o600) as file:
        file.write(content)
    answer = {"letters": len(wanted), "file": str(out)}
    emit(as_json, answer, f"{counted(len(wanted), 'letter', 'letters')} saved to {out}.")


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
    reason: Annotated[
        str, typer.Option(help="Shown publicly: lost-key, stolen-code or other.")
    ] = "lost-key",
    token: Token = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Replace the code of a member who lost the key, or whose code somebody else used.

    The former key can no longer propose, change, withdraw or vote. With the new code the member
    registers another key, and acts for the earlier proposals as well. The treasury logs the
    replacement publicly. It is possible while proposals are open. Repeating the command with the
    same file continues it. A code that was used before is refused: name a new file.

    Example: ostraka invite replace 1 --invitation 0x7099… --codes codes.csv --out new-code.csv
    """
    code = _replacement(out, _code_of(codes, invitation))
    body = {"code": to_hex(_replaced(code).address), "reason": reason}
    with Gateway(gateway, token) as to:
        path = f"/rounds/{number}/members/{to_hex(invitation)}/replacement"
        sent = ask_once(to, path, body)
    shown = {
        "Invitation": to_hex(invitation),
        "New code": f"saved to {out}. Give it to the member.",
        "Transaction": sent["transaction"],
    }
    emit(as_json, {**sent, "invitation": to_hex(invitation), "codes": str(out)}, facts(shown))


def _code_of(path: Path, invitation: bytes) -> SavedCode:
    """Return the line of an invitation in a file of codes."""
    for saved in read_codes(path):
        if saved.code.invitation.address == invitation:
            return saved
    raise CommandError("No such invitation", f"{path} has no code of this address", "--invitation")


def _replacement(path: Path, saved: SavedCode) -> InvitationCode:
    """Return the new code that a file has, or write a file with one."""
    invitation = saved.code.invitation
    if path.exists():
        known = read_codes(path)
        if len(known) != 1 or known[0].code.invitation.address != invitation.address:
            raise CommandError("File exists", f"{path} has another code", "--out")
        return known[0].code
    code = InvitationCode(invitation, SigningKey())
    row = (str(code), invitation.address_hex, "", saved.name, saved.address)
    write_new(path, RESIDENT_COLUMNS, [row], 0o600)
    return code


def _replaced(code: InvitationCode) -> SigningKey:
    if code.replacement is None:
        raise CommandError("File exists", "it has the code that is to be replaced", "--out")
    return code.replacement


def read_codes(path: Path) -> list[SavedCode]:
    """Return the codes of a file that `ostraka invite` or the page for organizers saved.

    Raises:
        WrongLines: It has no column `code`, or a code is invalid; names the line.
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "code" not in (reader.fieldnames or ()):
            raise WrongLines([f"{path}: no column 'code'; expected a file of codes"])
        codes, problems = [], []
        for row in reader:
            try:
                code = InvitationCode.read(row["code"] or "")
            except Malformed as error:
                problems.append(f"{path}: line {reader.line_num}: {error}")
                continue
            codes.append(SavedCode(code, row.get("name") or "", row.get("postal_address") or ""))
    if problems or not codes:
        raise WrongLines(problems or [f"{path}: names no codes"])
    return codes


@contextmanager
def _new(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file, written durably. Never overwrite an existing file."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_new(
    path: Path, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]], mode: int
) -> None:
    """Write a new CSV file, durably.

    Raises:
        FileExistsError: The file exists; it is not changed.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    with _new(path, mode) as file:
        file.write(text.getvalue().encode())
