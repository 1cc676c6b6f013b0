"""`ostraka invite` and `ostraka register`: voters without a wallet."""

import csv
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import DEFAULT_GATEWAY, AsJson, GatewayUrl, Token, plan_of
from ostraka.cli.key_options import PASSPHRASES, PlainKey, chosen, opened
from ostraka.cli.output import emit, facts
from ostraka.client.gateway import Gateway, Refusal
from ostraka.client.poll import domain_of
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.wire.invitations import redemption
from ostraka.wire.records import to_hex


def invite(
    plan: Annotated[str, typer.Argument(help="Plan of the round or poll, as `create` prints it.")],
    out: Annotated[Path, typer.Option(help="New CSV file for the codes, readable by you alone.")],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 1,
    weight: Annotated[int, typer.Option(min=1, help="Weight of each one's vote.")] = 1,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make invitations: single-use codes by which voters without a wallet register.

    They are in the file and nowhere else, the gateway keeps only hashes. They can be redeemed until
    the gateway fixes the census: when a poll's registration or a round's proposals close.

    Example: ostraka invite 3f2a9c0d5e6b7a81 --count 200 --out codes.csv
    """
    with Gateway(gateway, token) as to:
        if plan_of(to, plan) is None:
            hint = "expected a plan, as `round create` and `poll create` print it"
            raise typer.BadParameter(hint, param_hint="PLAN")
        # First the file: codes that cannot be kept would be lost.
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            try:
                body = {"count": count, "weight": weight}
                codes = to.post(f"/plans/{plan}/invitations", body, as_organizer=True)["codes"]
            except BaseException:
                out.unlink()
                raise
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("code", "weight"))
            rows.writerows((code, weight) for code in codes)
            file.flush()
            os.fsync(file.fileno())
    answer = {"plan": plan, "count": len(codes), "weight": weight, "file": str(out)}
    emit(as_json, answer, f"{len(codes)} codes are in {out}. Give each to one voter.")


def register(
    code: Annotated[
        str, typer.Argument(help="Your code; - reads it from standard input.", metavar="CODE")
    ],
    key: Annotated[
        Path,
        typer.Option("--key", help="Key file to vote with; made if there is none. Keep it safe."),
    ],
    plain_key: PlainKey = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Register as a voter by an invitation: make a key, and redeem the code for its account.

    With the key file you vote. Its passphrase is asked for, or comes from
    OSTRAKA_KEY_PASSPHRASE_FILE or OSTRAKA_KEY_PASSPHRASE. Saying it again with the same code and
    key does no harm.

    Example: ostraka register 0f9d… --key me.key
    """
    if code == "-":
        code = sys.stdin.readline().strip()
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        signer = SigningKey()
        write_key(key, signer, chosen(key, PASSPHRASES, plain_key, as_json))
    else:
        signer = opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        domain = domain_of(to.get("/config"), "registry")
        signature = signer.sign(redemption(domain, code, signer.address))
        body = {"code": code, "account": signer.address_hex, "signature": to_hex(signature)}
        answer = to.post("/invitations/redemption", body)
        if answer.get("account") != signer.address_hex:
            raise Refusal(0, "Not registered", "the gateway registered another account", "account")
    shown = {
        "Account": signer.address_hex,
        "Weight": answer["weight"],
        "Plan": answer["plan"],
        "Key file": key,
    }
    emit(as_json, {**answer, "key_file": str(key)}, facts(shown))
