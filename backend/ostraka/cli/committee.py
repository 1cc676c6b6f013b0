"""`ostraka committee …`: agree on the nodes that tally, and register them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ostraka.cli.client import AsJson
from ostraka.cli.errors import CommandError, reading
from ostraka.cli.key_options import PASSPHRASES, PlainKey
from ostraka.cli.output import emit, facts, note, table
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SentFolder,
    SignerAccount,
    SignerUrl,
    journaled,
)
from ostraka.files import replace_file
from ostraka.gateway_client.gateway import Gateway, Unreachable
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex

if TYPE_CHECKING:
    from ostraka.planning.committee_file import CommitteeProposal

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Agree on the nodes of a committee and register it.",
    no_args_is_help=True,
)

ProposalFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Proposal, as written by `committee propose`.")
]


@app.command()
def propose(
    node: Annotated[
        list[str], typer.Option(help="URL of a node; repeat the option, node 1 first.")
    ],
    threshold: Annotated[
        int | None,
        typer.Option(
            "--threshold",
            "-t",
            help="Secrecy: fewer than this many nodes together learn nothing. By default as many "
            "as the nodes allow.",
        ),
    ] = None,
    faults: Annotated[
        int | None,
        typer.Option(
            "--faults", "-f", help="Nodes that may be dead or lying. By default a third at most."
        ),
    ] = None,
    shuffles: Annotated[
        bool,
        typer.Option(
            "--shuffles",
            help="For polls that open every ballot without its voter's name; they need a lower "
            "threshold.",
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("committee.json"),
    as_json: AsJson = False,
) -> None:
    """Ask running nodes who they are, and write a proposal that their operators sign.

    All nodes must serve the same registry on the same chain. With n nodes, n ≥ t + 2f, n ≥ 3f + 1
    and f < t; five nodes usually take t = 3 and f = 1. Polls that open every ballot need at most
    seven nodes and n − f ≥ 2t − 1: with --shuffles, four and five nodes take t = 2 and f = 1, and
    seven take t = 3 and f = 2.

    Example: ostraka committee propose --node https://n1.example --node … -t 3 -f 1
    """
    # Slow to import.
    from ostraka.planning.committee_file import (
        CommitteeProposal,
        usual_faults,
        usual_threshold,
    )
    from ostraka_verifier.parameters import Committee, Member, shuffle_objection
    from ostraka_verifier.typed_data import Domain

    if out.exists():
        raise CommandError("File exists", "name another file, or remove this one", str(out))
    configs = [_config(url) for url in node]
    domains = {
        Domain(config["chain_id"], from_hex(config["registry"], "registry")) for config in configs
    }
    if len(domains) > 1:
        places = ", ".join(
            f"{config['url']}: registry {config['registry']} on chain {config['chain_id']}"
            for config in configs
        )
        raise CommandError("Different registries", places)
    members = tuple(Member(from_hex(one["node"], "node"), one["url"]) for one in configs)
    for asked, config in zip(node, configs, strict=True):
        if asked.rstrip("/") != config["url"].rstrip("/"):
            note(as_json, f"{asked} names itself {config['url']}, which is what is registered")
    if faults is None:
        faults = usual_faults(len(members))
    if threshold is None:
        threshold = usual_threshold(len(members), faults, shuffles=shuffles)
    committee = Committee(members, threshold, faults)
    objection = shuffle_objection(committee) if shuffles else None
    if objection is not None:
        raise CommandError("Cannot shuffle", objection)
    proposal = CommitteeProposal(domains.pop(), committee)
    replace_file(out, proposal.encode())
    out.chmod(0o644)
    _show(proposal, out, as_json)
    note(
        as_json,
        f'Each operator checks the file, adds "{to_hex(proposal.committee.digest)}" to '
        f"`committees` in node.toml, and restarts the node. Then: ostraka committee sign {out}",
    )


@app.command()
def sign(
    file: ProposalFile,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", help="Sign with this node's key file, offline. Without it, ask the nodes."
        ),
    ] = None,
    plain_key: PlainKey = False,
    as_json: AsJson = False,
) -> None:
    """Sign a proposal with one node's key, or collect signatures from the nodes over HTTP.

    Check the nodes, their URLs, t and f first: a signature says that your node tallies with these
    nodes, on these terms. Over HTTP, a node signs only what its operator allowed in `committees` or
    `fellow_nodes`. Nodes that have signed already are not asked again.

    Example: ostraka committee sign committee.json --key /srv/ostraka/key
    """
    from ostraka.planning.committee_file import CommitteeProposal

    with reading(file):
        proposal = CommitteeProposal.read(file)
    refused: list[tuple[str, str]] = []
    if key is not None:
        from ostraka.key_files import read_key

        signer = read_key(key, PASSPHRASES, plain=plain_key)
        proposal.add(signer.address, signer.sign(proposal.statement))
    else:
        refused = _collect(proposal)
    replace_file(file, proposal.encode())
    file.chmod(0o644)
    _show(proposal, file, as_json, dict(refused))
    if refused:
        raise CommandError("Not signed by all", "; ".join(f"{url}: {why}" for url, why in refused))


@app.command()
def register(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Proposal with all signatures, or several copies to merge."
        ),
    ],
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Register a committee that all of its nodes signed. Anyone may, with one transaction.

    A committee that is registered already is not registered again.

    Example: ostraka committee register committee.json --rpc https://rpc.example --key me.key
    """
    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.registry import Registry
    from ostraka.planning.committee_file import CommitteeProposal

    with reading(files[0]):
        proposal = CommitteeProposal.read(files[0])
    for file in files[1:]:
        with reading(file):
            proposal.merge(CommitteeProposal.read(file))
    missing = proposal.unsigned
    if missing:
        urls = ", ".join(member.url for member in missing)
        raise CommandError("Signatures missing", urls)
    registry = Registry(rpc, proposal.domain.registry)
    if registry.domain.chain_id != proposal.domain.chain_id:
        detail = f"the proposal is for chain {proposal.domain.chain_id}"
        raise CommandError("Another chain", f"{detail}, and --rpc is of {registry.domain.chain_id}")
    digest = proposal.committee.digest
    transaction = None
    if not registry.has_committee(digest):
        signs = Sender(key, plain_key, signer, account).open(as_json)
        with journaled(deployments, ChainIdentity.of(registry.web3), signs) as payer:
            sent = registry.register_committee(
                payer.errand(f"register committee {digest.hex()}"),
                proposal.committee,
                [proposal.signatures[one.address] for one in proposal.committee.members],
            )
        transaction = to_hex(sent.hash)
    emit(
        as_json,
        {"committee": to_hex(digest), "transaction": transaction},
        facts(
            {
                "Committee": to_hex(digest),
                "Transaction": transaction or "none: it was registered before",
            }
        ),
        "Name it in `committees` of gateway.toml.",
    )


def _config(url: str) -> dict[str, Any]:
    with Gateway(url) as node:
        config: dict[str, Any] = node.get("/config")
    if "node" not in config:
        raise CommandError("Not a node", "its answer to /api/v1/config names no node", url)
    return config


def _collect(proposal: "CommitteeProposal") -> list[tuple[str, str]]:
    """Ask every node that has not signed. Return URL and reason of those that refuse."""
    refused = []
    for member in proposal.unsigned:
        try:
            with Gateway(member.url) as node:
                answer = node.post_bytes("/committees", proposal.committee.encode())
            proposal.add(member.address, from_hex(answer["signature"], "signature"))
        except (Problem, Unreachable, ValueError) as error:
            # Some reasons name the node themselves.
            refused.append((member.url, str(error).removeprefix(f"{member.url} is ")))
    return refused


def _show(
    proposal: "CommitteeProposal", file: Path, as_json: bool, refused: dict[str, str] | None = None
) -> None:
    from ostraka_verifier.parameters import shuffle_objection

    committee = proposal.committee
    objection = shuffle_objection(committee)
    answer = {
        "file": str(file),
        "committee": to_hex(committee.digest),
        "shuffles": objection is None,
        "unsigned": [member.url for member in proposal.unsigned],
        "refused": refused or {},
    }
    summary = facts(
        {
            "Committee": to_hex(committee.digest),
            "Secret unless this many nodes collude": committee.threshold,
            "Nodes that may fail": committee.faults,
            "Quorum": committee.quorum,
            "Can open every ballot": objection is None,
            "Registry": f"{to_hex(proposal.domain.registry)} on chain {proposal.domain.chain_id}",
        }
    )
    emit(as_json, answer, summary, _nodes(proposal))


def _nodes(proposal: "CommitteeProposal") -> Table:
    rows: Sequence[tuple[object, ...]] = [
        (number, member.url, to_hex(member.address), member.address in proposal.signatures)
        for number, member in enumerate(proposal.committee.members, start=1)
    ]
    return table(("Node", "URL", "Address", "Signed"), rows)
