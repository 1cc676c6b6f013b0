"""`ostraka talk …`: members comment on proposals and endorse them; organizers moderate."""

from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    ProposalId,
    RoundNumber,
    Token,
    address_option,
    hash_of,
)
from ostraka.cli.key_options import KeyFile, PlainKey, opened
from ostraka.cli.output import emit, facts, table, when
from ostraka.gateway_client.config import domain_of
from ostraka.gateway_client.gateway import Gateway
from ostraka.gateway_client.talking import (
    Speaker,
    all_parts,
    is_signed_comment,
    is_signed_endorsement,
)
from ostraka.wire.records import to_hex
from ostraka.wire.talk import text_problem

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Comment on proposals and endorse them while proposals are open. Hide comments.",
    no_args_is_help=True,
)

Account = Annotated[
    bytes | None,
    address_option("--account", "Your account, if the key is not the account's own."),
]
CommentId = Annotated[
    bytes,
    typer.Argument(
        metavar="COMMENT",
        parser=hash_of("shown by `talk show`"),
        help="Id of the comment, 0x and 64 digits.",
    ),
]
Reason = Annotated[str, typer.Option(help="Reason. Everyone can read it in the log.")]


@app.command()
def show(
    proposal: ProposalId, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Show comments and endorsements of a proposal, and check their signatures.

    Example: ostraka talk show 0x5d1c…
    """
    path = f"/proposals/{to_hex(proposal)}"
    with Gateway(gateway) as to:
        treasury = domain_of(to.get("/config"), "treasury")
        comments = list(all_parts(to, f"{path}/comments", "comments"))
        endorsements = list(all_parts(to, f"{path}/endorsements", "endorsements"))
    for one in comments:
        one["signature_holds"] = is_signed_comment(one, proposal, treasury)
    for one in endorsements:
        one["signature_holds"] = is_signed_endorsement(one, proposal, treasury)
    said = [
        (
            when(one["written_at"]),
            one["author"],
            one["text"] if one["text"] is not None else f"(hidden: {one['hidden']['reason']})",
            one["signature_holds"],
            one["comment"],
        )
        for one in comments
    ]
    endorsed = [
        (when(one["stated_at"]), one["member"], one["signature_holds"]) for one in endorsements
    ]
    emit(
        as_json,
        {"comments": comments, "endorsements": endorsements},
        table(("Time", "Author", "Comment", "Signature holds", "Id"), said, "Comments"),
        table(("Time", "Member", "Signature holds"), endorsed, "Endorsements"),
    )


@app.command()
def comment(
    proposal: ProposalId,
    text: Annotated[str, typer.Option(help="The comment, at most 2,000 bytes.")],
    key: KeyFile,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Comment on a proposal. The comment and your account are public and stay public.

    Example: ostraka talk comment 0x5d1c… --key me.key --text "Please add a ramp."
    """
    problem = text_problem(text)
    if problem:
        raise typer.BadParameter(problem, param_hint="--text")
    with Gateway(gateway) as to:
        stored = _speaker(to, key, plain_key, account, as_json).comment(proposal, text)
    emit(as_json, stored, facts({"Comment": stored["comment"]}))


@app.command()
def endorse(
    proposal: ProposalId,
    key: KeyFile,
    undo: Annotated[bool, typer.Option("--undo", help="Withdraw your endorsement.")] = False,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Endorse a proposal, or withdraw the endorsement. It is public; your ballot stays secret.

    Example: ostraka talk endorse 0x5d1c… --key me.key
    """
    with Gateway(gateway) as to:
        stored = _speaker(to, key, plain_key, account, as_json).endorse(proposal, not undo)
    emit(as_json, stored, facts({"Member": stored["member"], "Endorses": stored["endorses"]}))


@app.command()
def log(
    number: RoundNumber, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Show the public log of moderation in a round.

    Example: ostraka talk log 1
    """
    with Gateway(gateway) as to:
        entries = list(all_parts(to, f"/rounds/{number}/moderation", "entries"))
    rows = [
        (
            when(one["decided_at"]),
            "hidden" if one["hidden"] else "shown again",
            one["reason"],
            one["moderator"],
            one["comment"],
        )
        for one in entries
    ]
    columns = ("Time", "Decision", "Reason", "Moderator", "Comment")
    emit(as_json, entries, table(columns, rows))


@app.command()
def hide(
    identity: CommentId,
    reason: Reason,
    token: Token = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Hide the text of a comment. Its entry stays, with the reason.

    Example: ostraka talk hide 0x77ab… --reason "It names a private address."
    """
    _moderate(gateway, token, identity, True, reason, as_json)


@app.command()
def unhide(
    identity: CommentId,
    reason: Reason,
    token: Token = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show a hidden comment again.

    Example: ostraka talk unhide 0x77ab… --reason "The author agrees."
    """
    _moderate(gateway, token, identity, False, reason, as_json)


def _moderate(
    gateway: str, token: str | None, identity: bytes, hidden: bool, reason: str, as_json: bool
) -> None:
    with Gateway(gateway, token) as to:
        body = {"hidden": hidden, "reason": reason}
        entry = to.post(f"/comments/{to_hex(identity)}/moderation", body, as_organizer=True)
    emit(as_json, entry, facts({"Comment": entry["comment"], "Hidden": entry["hidden"]}))


def _speaker(
    to: Gateway, key: Path, plain_key: bool, account: bytes | None, as_json: bool
) -> Speaker:
    signer = opened(key, plain_key, as_json)
    return Speaker(to, signer, account or signer.address)
