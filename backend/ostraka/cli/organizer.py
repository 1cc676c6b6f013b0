"""`ostraka organizer …`: who organizes at a gateway, and what they did."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli.client import DEFAULT_GATEWAY, AsJson, GatewayUrl, Token, address_option
from ostraka.cli.errors import REFUSED, CommandError
from ostraka.cli.output import emit, facts, table, when
from ostraka.files import write_new
from ostraka.gateway_client.gateway import Gateway
from ostraka.wire.audit_entries import MEMBERS, flaw_in
from ostraka.wire.records import to_hex
from ostraka_verifier.wording import counted

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Who organizes at a gateway, with which role, and the audit log of what they did.",
    no_args_is_help=True,
)

OrganizerId = Annotated[
    str, typer.Argument(metavar="ORGANIZER", help="Id or name, as shown by `organizer list`.")
]
_HEAD = re.compile("([1-9][0-9]{0,17}):(0x[0-9a-f]{64})")
_PAGE = 500
_S_PER_DAY = 86_400


@app.command()
def whoami(
    gateway: GatewayUrl = DEFAULT_GATEWAY, token: Token = None, as_json: AsJson = False
) -> None:
    """Show to whom the token belongs, and what its role allows.

    Example: ostraka organizer whoami
    """
    with Gateway(gateway, token) as to:
        found = to.get("/organizer", as_organizer=True)
    shown = {"Name": found["name"], "Role": found["role"], "Id": found["id"]}
    allowed = ", ".join(found["permissions"])
    emit(as_json, found, facts(shown | {"Allows": allowed, "Gateway pays from": found["account"]}))


@app.command("list")
def list_(
    gateway: GatewayUrl = DEFAULT_GATEWAY, token: Token = None, as_json: AsJson = False
) -> None:
    """List current and former organizers.

    Example: ostraka organizer list
    """
    with Gateway(gateway, token) as to:
        found = to.get("/organizers", as_organizer=True)
    columns = ("Id", "Name", "Role", "Access", "Signs in by")
    rows = [(one["id"], one["name"], one["role"], _access(one), _sign_in(one)) for one in found]
    emit(as_json, found, table(columns, rows))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name that the list and the audit log show.")],
    role: Annotated[
        str,
        typer.Option(
            help="administrator (everything), organizer (plans and money), moderator (comments "
            "only) or observer (reads the log)."
        ),
    ],
    wallet: Annotated[
        bytes | None,
        address_option("--wallet", "Wallet to sign in with in the browser, in place of a token."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help="End the access after this many days.")
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Add an organizer, and show the new token. The token is shown only once.

    Example: ostraka organizer add "Anna Nowak" --role organizer --days 90
    """
    wanted: dict[str, Any] = {"name": name, "role": role}
    with Gateway(gateway, token) as to:
        if wallet is not None:
            wanted["wallet"] = to_hex(wallet)
        if days is not None:
            from ostraka.clock import unix_now

            wanted["expires_at"] = unix_now() + days * _S_PER_DAY
        made = to.post("/organizers", wanted, as_organizer=True)
    _show_new(as_json, made)


@app.command()
def role(
    organizer: OrganizerId,
    to_role: Annotated[
        str,
        typer.Argument(metavar="ROLE", help="administrator, organizer, moderator or observer."),
    ],
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give an organizer another role. Token, wallet and sessions stay, with the new rights.

    Example: ostraka organizer role "Anna Nowak" moderator
    """
    with Gateway(gateway, token) as to:
        name = _id_of(to, organizer)
        changed = to.put(f"/organizers/{name}/role", {"role": to_role}, as_organizer=True)
    emit(as_json, changed, f"{changed['name']} is {changed['role']} now.")


@app.command()
def rotate(
    organizer: OrganizerId,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Replace an organizer's token, and show the new one. The old one ends at once.

    Example: ostraka organizer rotate "Anna Nowak"
    """
    with Gateway(gateway, token) as to:
        name = _id_of(to, organizer)
        made = to.post(f"/organizers/{name}/rotation", None, as_organizer=True)
    _show_new(as_json, made)


@app.command()
def revoke(
    organizer: OrganizerId,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """End an organizer's access at once: token, wallet and sessions.

    Example: ostraka organizer revoke "Anna Nowak"
    """
    with Gateway(gateway, token) as to:
        name = _id_of(to, organizer)
        ended = to.post(f"/organizers/{name}/revocation", None, as_organizer=True)
    emit(as_json, ended, f"{ended['name']} has no access any more.")


@app.command()
def log(
    limit: Annotated[int, typer.Option(min=1, max=_PAGE, help="Number of entries.")] = 50,
    before: Annotated[
        int | None, typer.Option(min=1, help="Only entries with smaller numbers.")
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what organizers did or tried to do, newest first.

    Example: ostraka organizer log --json
    """
    page = "" if before is None else f"&before={before}"
    with Gateway(gateway, token) as to:
        found = to.get(f"/audit-log?limit={limit}{page}", as_organizer=True)
    columns = ("Number", "Time", "Organizer", "Role", "Action", "Target", "Result")
    rows = [
        (
            str(one["number"]),
            when(one["at"]) or "",
            *(one[member] for member in ("name", "role", "action", "target", "result")),
        )
        for one in found["entries"]
    ]
    emit(as_json, found, table(columns, rows))


@app.command()
def export(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="New JSON file. Only you can read it.")
    ],
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Save the whole audit log. `organizer verify --file` checks the file without the gateway.

    Example: ostraka organizer export audit-log.json
    """
    with Gateway(gateway, token) as to:
        entries = _whole_log(to)
    write_new(out, json.dumps({"entries": entries}, indent=1).encode())
    answer = {"entries": len(entries), "file": str(out)}
    emit(as_json, answer, f"{counted(len(entries), 'entry', 'entries')} saved to {out}.")


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:HASH", help="What an earlier `verify` printed."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Log that `organizer export` or the web page saved, to check instead.",
        ),
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Check that no entry of the audit log was changed, removed or inserted.

    Note the printed NUMBER:HASH outside of the gateway. With it as --head, a later check also
    notices a log that was cut off or written anew.

    Example: ostraka organizer verify --head 12:0x…
    """
    noted = None if head is None else _HEAD.fullmatch(head)
    if head is not None and noted is None:
        raise typer.BadParameter("expected NUMBER:HASH, as printed by `organizer verify`")
    if file is None:
        with Gateway(gateway, token) as to:
            entries = _whole_log(to)
    else:
        entries = _saved_log(file)
    flaw = flaw_in(entries)
    if flaw is None and noted is not None:
        flaw = _flaw_since(entries, int(noted[1]), noted[2])
    newest = f"{entries[-1]['number']}:{entries[-1]['hash']}" if entries else None
    answer = {"entries": len(entries), "flaw": flaw, "head": newest}
    if flaw is not None:
        if not as_json:
            raise CommandError("The audit log was changed", flaw)
        emit(as_json, answer)
        raise typer.Exit(REFUSED)
    emit(
        as_json,
        answer,
        f"{counted(len(entries), 'entry', 'entries')}, none changed.",
        facts({"Note for the next time": newest}),
    )


def _flaw_since(entries: Sequence[dict[str, Any]], number: int, noted: str) -> str | None:
    if len(entries) < number:
        return f"entry {number} is missing: the log ends with entry {len(entries)}"
    if entries[number - 1]["hash"] != noted:
        return f"entry {number} has another hash than noted: the log was written anew"
    return None


def _whole_log(gateway: Gateway) -> list[dict[str, Any]]:
    """Return all entries, the earliest first."""
    entries: list[dict[str, Any]] = []
    page = ""
    while True:
        found = gateway.get(f"/audit-log?limit={_PAGE}{page}", as_organizer=True)
        entries += found["entries"]
        if found["before"] is None:
            return entries[::-1]
        page = f"&before={found['before']}"


def _saved_log(path: Path) -> list[dict[str, Any]]:
    """Return the entries of an exported log, the earliest first.

    Raises:
        CommandError: The file is no such log.
        OSError: It cannot be read.
    """
    members = {
        **dict.fromkeys(MEMBERS, str),
        "number": int,
        "at": int,
        "previous": str,
        "hash": str,
    }
    title = "Not an audit log"
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise CommandError(title, f"{path}: {error}", "--file") from error
    entries = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise CommandError(title, f"{path}: entries: expected a list", "--file")
    for place, one in enumerate(entries, start=1):
        for member, kind in members.items():
            if not isinstance(one, dict) or type(one.get(member)) is not kind:
                expected = "a text" if kind is str else "a number"
                detail = f"{path}: entries[{place}].{member}: expected {expected}"
                raise CommandError(title, detail, "--file")
    return sorted(entries, key=lambda one: int(one["number"]))


def _id_of(gateway: Gateway, name: str) -> str:
    """Return the id of the organizer with an id, or of the active one with a name."""
    found = gateway.get("/organizers", as_organizer=True)
    for one in found:
        if name == one["id"] or (name == one["name"] and one["revoked_at"] is None):
            return str(one["id"])
    raise CommandError("No such organizer", f"{name}: no active organizer has this id or name")


def _show_new(as_json: bool, made: dict[str, Any]) -> None:
    added = made["organizer"]
    shown = {
        "Organizer": added["name"],
        "Role": added["role"],
        "Id": added["id"],
        "Access ends": when(added["expires_at"]),
        "Wallet": added["wallet"],
        "Token (shown only now)": made["token"],
    }
    emit(as_json, made, facts(shown))


def _access(one: dict[str, Any]) -> str:
    if one["revoked_at"] is not None:
        return f"revoked {when(one['revoked_at'])}"
    if one["expires_at"] is not None:
        return f"{'until' if one['active'] else 'expired'} {when(one['expires_at'])}"
    return "yes"


def _sign_in(one: dict[str, Any]) -> str:
    ways = ["token"] if one["has_token"] else []
    return ", ".join([*ways, *([one["wallet"]] if one["wallet"] else [])])
