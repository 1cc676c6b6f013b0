"""Options and requests shared by the commands that talk to a gateway."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli.errors import CommandError
from ostraka.gateway_client.gateway import Gateway
from ostraka.gateway_client.requests import OpenRequests
from ostraka.wire.addresses import read_address
from ostraka.wire.problems import Problem

DEFAULT_GATEWAY = "http://127.0.0.1:8200"
_PLAN = re.compile("[0-9a-f]{16}")
_NUMBER = re.compile("[1-9][0-9]{0,14}")
_ID = re.compile("0x[0-9a-f]{64}")


def _url(value: str | None) -> str | None:
    if value is not None and not re.match(r"https?://[^/?#\s]+", value):
        raise typer.BadParameter("expected an http(s) URL")
    return value


def _remember(context: typer.Context, value: bool) -> bool:
    # Errors are printed in one place, which needs to know.
    context.find_root().ensure_object(dict)["json"] = value
    return value


def _address(value: str) -> bytes:
    try:
        return read_address(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


GatewayUrl = Annotated[
    str,
    typer.Option("--gateway", envvar="OSTRAKA_GATEWAY", callback=_url, help="URL of the gateway."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="OSTRAKA_ORGANIZER_TOKEN",
        help="The organizer's token. Prefer the environment variable, which process listings "
        "do not show.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", callback=_remember, help="Print JSON, for programs.")
]


def url_option(name: str, text: str, envvar: str | None = None) -> Any:
    """Return an option that takes an http(s) URL."""
    return typer.Option(name, envvar=envvar, callback=_url, help=text)


RpcUrl = Annotated[
    str | None,
    url_option(
        "--rpc",
        "JSON-RPC endpoint of the chain, ideally a node that you run.",
        envvar="OSTRAKA_RPC",
    ),
]
RoundNumber = Annotated[int, typer.Argument(metavar="ROUND", help="Number of the round.", min=1)]
PollName = Annotated[
    str, typer.Argument(metavar="POLL", help="Number of the poll, or id of its plan.")
]
VotesFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="File of ballots and receipts, as written by `vote`.")
]


def address_option(name: str, text: str, envvar: str | None = None) -> Any:
    """Return an option that takes an address and verifies its checksum, if it has one."""
    return typer.Option(name, parser=_address, envvar=envvar, metavar="0x…", help=text)


def hash_of(shown: str) -> Callable[[str], bytes]:
    """Return a parser of an id of 32 bytes.

    Args:
        shown: Where users find the id, for the error.
    """

    def parse(value: str) -> bytes:
        if not _ID.fullmatch(value):
            raise typer.BadParameter(f"expected 0x and 64 hexadecimal digits, as {shown}")
        return bytes.fromhex(value[2:])

    return parse


proposal_id = hash_of("shown by `round proposals`")
"""Parses an argument as the id of a proposal, 32 bytes."""


ProposalId = Annotated[
    bytes,
    typer.Argument(
        metavar="PROPOSAL", parser=proposal_id, help="Id of the proposal, 0x and 64 digits."
    ),
]


def ask_once(gateway: Gateway, path: str, body: object, named: object = None) -> Any:
    """Send an organizer's request. A repeated command does not repeat an unanswered request.

    Args:
        named: As `OpenRequests.post`.
    """
    answer = OpenRequests().post(gateway, path, body, named)
    if answer.again:
        typer.echo("ostraka: continued the earlier request, which had no answer", err=True)
    return answer.content


def named_by(file: Path, wanted: dict[str, Any]) -> list[Any]:
    """Return what identifies a specification when a command is repeated: the contents of its files.

    Times that are relative to now come to other values each time, so they do not count.
    """
    return [file.read_text(encoding="utf-8"), wanted.get("members"), wanted.get("voters")]


def plan_of(gateway: Gateway, name: str) -> Any:
    """Return a plan by its id; None if the name is the number of a poll."""
    if _PLAN.fullmatch(name):
        return gateway.get(f"/plans/{name}")
    if not _NUMBER.fullmatch(name):
        hint = "expected the number of a poll, or the 16 digits of a plan"
        raise typer.BadParameter(hint, param_hint="POLL")
    return None


def waits_for(plan: dict[str, Any] | None) -> str | None:
    """Return what a plan waits for, in words; None for nothing."""
    problem = plan and plan["problem"]
    return str(Problem.from_json(problem)) if problem else None


def poll_number(gateway: Gateway, name: str) -> int:
    """Return the number of a poll, given its number or its plan.

    Raises:
        CommandError: The plan's poll is not on the chain yet.
    """
    plan = plan_of(gateway, name)
    if plan is None:
        return int(name)
    if plan["poll"] is None:
        detail = waits_for(plan) or "registration is still open"
        raise CommandError("Not on the chain yet", detail)
    return int(plan["poll"])
