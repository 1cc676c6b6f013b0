"""`ostraka poll veto`: void the outcome that nodes attested for opened ballots."""

from typing import Annotated

import typer

from ostraka.cli.client import AsJson, address_option
from ostraka.cli.errors import CommandError
from ostraka.cli.key_options import PlainKey
from ostraka.cli.output import emit
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SentFolder,
    SignerAccount,
    SignerUrl,
    journaled,
    require_holder,
)
from ostraka.cli.service_options import DeploymentFile, contract_address, read_deployment
from ostraka.wire.records import to_hex


def veto(
    number: Annotated[int, typer.Argument(min=1, metavar="POLL", help="Number of the poll.")],
    rpc: Rpc,
    registry: Annotated[
        bytes | None,
        address_option("--registry", "Address of the PollRegistry. Default: that of --deployment."),
    ] = None,
    deployment: DeploymentFile = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Void the outcome that nodes attested, as its veto holder, while there is time to object.

    For polls that opened ballots decide: the contract takes the nodes' word, and your audit does
    not. Audit the poll first; check O1 says whether the outcome is right. After a veto the poll has
    no outcome, and a round gives all money back. No one can undo this.

    Example: ostraka poll veto 3 --deployment 1.json --rpc $RPC --key holder.key
    """
    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.registry import OutcomeState, Registry

    registry = contract_address(registry, read_deployment(deployment), "--registry", "PollRegistry")
    polls = Registry(rpc, registry)
    signs = Sender(key, plain_key, signer, account).open(as_json)
    seen = polls.outcome(number)
    if seen.state is not OutcomeState.VETOED:
        if seen.state is not OutcomeState.OBJECTABLE:
            raise CommandError("No outcome to veto", _WHY_NOT[seen.state.name])
        require_holder(seen.veto_holder, signs, "veto this outcome")
        with journaled(deployments, ChainIdentity.of(polls.web3), signs) as payer:
            purpose = f"veto outcome of poll {number} of {to_hex(registry)}"
            polls.veto_outcome(payer.errand(purpose), number)
    answer = {"registry": to_hex(registry), "poll": str(number), "outcome": "vetoed"}
    emit(as_json, answer, "Vetoed: the poll has no outcome, and a round gives all money back.")


_WHY_NOT = {
    "NONE": "the poll has no tally yet, or its tally decides it",
    "AWAITED": "nodes have not attested the outcome yet",
    "FINAL": "the time to object is over",
    "MISSED": "nobody attested an outcome in time, so that there is none",
}
