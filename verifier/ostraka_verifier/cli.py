"""`ostraka-verify`: check a poll from chain and board alone."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ostraka_verifier import __version__, curve
from ostraka_verifier.addresses import read_address
from ostraka_verifier.board_source import urls_of
from ostraka_verifier.checks import Audit, Claimed, Verdict
from ostraka_verifier.cli_options import (
    AsJson,
    Board,
    Engine,
    FromBlock,
    PollNumber,
    Quiet,
    Registry,
    Rpc,
    Scheduler,
    Workers,
)
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import HASH_BYTES
from ostraka_verifier.errors import Malformed
from ostraka_verifier.estimate import estimate_of, measured_multiplication_s
from ostraka_verifier.html_report import (
    References,
    Run,
    duration,
    facts_of,
    public_url,
    read_references,
    render,
    report_json,
    without,
)
from ostraka_verifier.report import Report, audit_poll, print_report, verdict_line
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.voter_report import (
    VoterReport,
    challenge_report,
    print_voter_report,
    receipt_report,
)
from ostraka_verifier.wording import counted
from ostraka_verifier.workers import NoWorkers, helped
from ostraka_verifier.workers.earlier import Earlier

EXIT_CODES = {Verdict.HOLDS: 0, Verdict.FAILS: 1, Verdict.NOT_CHECKED: 3}
_MAX_FILE_BYTES = 64 * 2**20

app = typer.Typer(
    rich_markup_mode="markdown",
    name="ostraka-verify",
    help="Check Ostraka polls from chain and board alone, trusting neither nodes nor gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ostraka-verify {__version__}, engine {curve.engine_name()}")
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print version and engine.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Check Ostraka polls from chain and board alone, trusting neither nodes nor gateway."""


@app.command()
def audit(
    rpc: Rpc,
    registry: Registry,
    poll: PollNumber,
    board: Board,
    from_block: FromBlock = 0,
    engine: Engine = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check everything about one poll, by numbered checks.

    Exit codes: 0 all checks hold, 1 a check fails, 2 wrong usage, 3 a check could not be made.

    Example: ostraka-verify audit --rpc http://127.0.0.1:8545 --registry 0x5FbD… --poll 1
    --board https://node.example/api/v1/polls/1/board
    """
    crew = (workers, scheduler)
    audited = _audit(rpc, registry, poll, board, from_block, engine, quiet, crew)
    if json_:
        _print_json(audited.to_json())
    else:
        print_report(audited, Console())
    raise typer.Exit(EXIT_CODES[audited.verdict])


@app.command()
def diff(
    state: Annotated[
        Path,
        typer.Argument(
            help="File of an earlier `diff` of this poll. The first one makes it, and each later"
            " one writes it again. Keep it where only you can write.",
            dir_okay=False,
        ),
    ],
    rpc: Rpc,
    registry: Registry,
    poll: PollNumber,
    board: Board,
    from_block: FromBlock = 0,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Audit a poll again, and check only those ballots that changed since an earlier audit.

    All other checks are made in full. Ballots behind one that was added or removed count as
    changed. Exit codes are those of `audit`.

    Example: ostraka-verify diff poll-1.state --rpc http://127.0.0.1:8545 --registry 0x5FbD…
    --poll 1 --board https://node.example/api/v1/polls/1/board
    """
    try:
        earlier = Earlier(state, board)
        crew = (None, None)
        audited = _audit(rpc, registry, poll, board, from_block, "native", quiet, crew, earlier)
        earlier.save()
    except Malformed as error:
        raise typer.BadParameter(str(error), param_hint="STATE") from None
    except OSError as error:
        raise typer.BadParameter(f"{state}: {error.strerror}", param_hint="STATE") from None
    if json_:
        _print_json(audited.to_json())
    else:
        print_report(audited, Console())
        typer.echo(earlier.said)
    raise typer.Exit(EXIT_CODES[audited.verdict])


@app.command()
def report(
    rpc: Rpc,
    registry: Registry,
    poll: PollNumber,
    board: Board,
    output: Annotated[
        Path | None,
        typer.Option(help="HTML file to write, which a browser opens and prints.", dir_okay=False),
    ] = None,
    json_: Annotated[
        Path | None,
        typer.Option("--json", help="JSON file to write, for programs.", dir_okay=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    from_block: FromBlock = 0,
    engine: Engine = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Audit a poll, and write a report that anyone can read.

    The HTML file contains everything that it needs, and can be opened, printed and archived. The
    address of your RPC endpoint appears in it without what may be a key or a password.

    Exit codes are those of `audit`.

    Example: ostraka-verify report --rpc http://127.0.0.1:8545 --registry 0x5FbD… --poll 1
    --board https://node.example/api/v1/polls/1/board --output report.html
    """
    written = {"--output": output, "--json": json_}
    files = {option: path for option, path in written.items() if path is not None}
    if not files:
        raise typer.BadParameter("name a file to write", param_hint="--output or --json")
    if len({path.absolute() for path in files.values()}) < len(files):
        raise typer.BadParameter("the same file as --output", param_hint="--json")
    for option, path in files.items():
        _require_new(path, option, force)
    crew = (workers, scheduler)
    audited = _audit(rpc, registry, poll, board, from_block, engine, quiet, crew, hashed=True)
    # Errors quote the URLs that they are about.
    audited = without(audited, _public_urls(rpc, board))
    references = References()
    if audited.evidence is not None:
        references = read_references(rpc, from_block, audited.evidence)
    command = ["ostraka-verify", "report", "--rpc", public_url(rpc, keep_path=False)]
    command += ["--registry", registry, "--poll", str(poll), "--board", _public_board(board)]
    command += ["--from-block", str(from_block)] if from_block else []
    command += ["--engine", engine] if engine else []
    command += ["--workers", str(workers)] if workers else []
    command += ["--scheduler", scheduler] if scheduler else []
    for option, path in files.items():
        command += [option, path.name]
    run = Run(
        version=__version__,
        engine=curve.chosen(),
        # The clock of ostraka is in another package.
        made_at=UnixSeconds(int(time.time())),  # noqa: TID251
        rpc=public_url(rpc, keep_path=False),
        board=_public_board(board),
        command=tuple(command),
    )
    facts = facts_of(audited, references, run)
    if output is not None:
        _write(output, render(facts), "--output", force)
    if json_ is not None:
        content = json.dumps(report_json(audited, facts), ensure_ascii=False, indent=2)
        _write(json_, content + "\n", "--json", force)
    Console().print(verdict_line(audited.verdict, audited.assumes))
    for path in files.values():
        typer.echo(f"Written: {path}")
    raise typer.Exit(EXIT_CODES[audited.verdict])


@app.command()
def challenge(
    opening: Annotated[Path, typer.Argument(help="File of the opened ballot.", dir_okay=False)],
    digest: Annotated[
        str, typer.Option(help="Number of the ballot that you noted before the challenge, 0x-hex.")
    ],
    rpc: Rpc,
    registry: Registry,
    poll: PollNumber,
    from_block: FromBlock = 0,
    engine: Engine = None,
    json_: AsJson = False,
) -> None:
    """Check what a challenged ballot contains, on a different machine than the one that made it.

    The voting page shows a ballot's number before you decide to cast or to challenge it. Note that
    number, challenge the ballot, and save it. Then compare the vote that is printed here with your
    choice, and the account with yours. An opened ballot is no longer secret and is never cast.

    Exit codes: 0 the ballot contains what is printed, 1 a check fails, 2 wrong usage, 3 a check
    could not be made.

    Example: ostraka-verify challenge opening.json --digest 0x12ab… --rpc http://127.0.0.1:8545
    --registry 0x5FbD… --poll 1
    """
    # First, because addresses contain hashes.
    curve_used = _engine(engine)
    noted = _bytes(digest, HASH_BYTES, "--digest")
    claimed = Claimed(_address(registry), poll)
    content = _content(opening)
    report = challenge_report(curve_used, _rpc(rpc), claimed, noted, content, from_block)
    _print_voter_report(report, json_)


@app.command()
def receipt(
    votes: Annotated[
        Path,
        typer.Argument(
            help="File of ballots and receipts, as saved by the page or the command line.",
            dir_okay=False,
        ),
    ],
    rpc: Rpc,
    registry: Registry,
    poll: PollNumber,
    board: Annotated[
        str | None,
        typer.Option(
            help="The poll's board, once the poll is counted: a URL of any node, or a file."
        ),
    ] = None,
    from_block: FromBlock = 0,
    engine: Engine = None,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check a voter's receipts against the chain, and with --board that the ballot was counted.

    The account that is printed must be yours, because receipts of other voters' ballots hold, too.

    Exit codes: 0 all checks hold, 1 a check fails, 2 wrong usage, 3 a check could not be made.

    Example: ostraka-verify receipt votes.json --rpc http://127.0.0.1:8545 --registry 0x5FbD…
    --poll 1 --board https://node.example/api/v1/polls/1/board
    """
    curve_used = _engine(engine)
    claimed = Claimed(_address(registry), poll)
    content = _content(votes)
    _require_board(board)
    with _progress(quiet, "board") as (progress,):
        report = receipt_report(
            curve_used, _rpc(rpc), claimed, content, board, progress, from_block
        )
    _print_voter_report(report, json_)


def main() -> None:
    """Entry point."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _audit(
    rpc: str,
    registry: str,
    poll: int,
    board: str,
    from_block: int,
    engine: str | None,
    quiet: bool,
    crew: tuple[int | None, str | None],
    earlier: Earlier | None = None,
    *,
    hashed: bool = False,
) -> Report:
    """Audit a poll with the options of the command line.

    Args:
        crew: Number of own processes, and address of a Dask scheduler, to check the ballots.
        earlier: What is known of the ballots.
    """
    # First, because addresses contain hashes.
    curve_used = _engine(engine)
    claimed = Claimed(_address(registry), poll)
    _require_board(board)
    announce = _announce if curve_used.name == "reference" and not quiet else _ignore
    if None not in crew:
        raise typer.BadParameter("not together with --workers", param_hint="--scheduler")
    option = "--scheduler" if crew[0] is None else "--workers"
    if crew != (None, None) and curve_used.name == "reference":
        raise typer.BadParameter("needs the native engine", param_hint=option)
    try:
        with (
            helped(*crew, board, _warn) as workers,
            _progress(
                quiet, "blocks of events read", "shuffled ballots checked", "ballots checked"
            ) as (reading, opening, checking),
        ):
            return audit_poll(
                *(curve_used, _rpc(rpc), claimed, board, checking, from_block, reading, announce),
                hashed=hashed,
                workers=earlier or workers,
                opening=opening,
            )
    except NoWorkers as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _announce(audit: Audit) -> None:
    """Print how long the reference engine will take."""
    estimate = estimate_of(audit, measured_multiplication_s(audit.curve))
    if estimate is not None:
        ballots = counted(estimate.ballots, "ballot", "ballots")
        each_ms = round(1000 * estimate.each_s)
        typer.echo(
            f"The reference engine checks {ballots} in about {duration(estimate.total_s)}"
            f" ({each_ms} ms for each ballot).",
            err=True,
        )


def _warn(message: str) -> None:
    typer.echo(message, err=True)


def _ignore(_: Audit) -> None:
    return


def _public_board(source: str) -> str:
    """Return URLs without passwords, or the name of a file without its folder."""
    if not source.startswith(("http://", "https://")):
        return Path(source).name
    return ",".join(public_url(url, keep_path=True) for url in urls_of(source))


def _public_urls(rpc: str, board: str) -> dict[str, str]:
    """Return the public form of each URL, and of the board's file."""
    of_file = not board.startswith(("http://", "https://"))
    sources = [board] if of_file else urls_of(board)
    shown = {source: _public_board(source) for source in sources}
    return {rpc: public_url(rpc, keep_path=False), **shown}


def _require_new(path: Path, option: str, force: bool) -> None:
    """Refuse a file that would be overwritten, or that has no folder, before anything is asked."""
    if path.exists() and not force:
        raise _exists(path, option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"{path.parent}: not a folder", param_hint=option)


def _exists(path: Path, option: str) -> typer.BadParameter:
    return typer.BadParameter(f"{path} exists; --force overwrites it", param_hint=option)


def _write(path: Path, text: str, option: str, force: bool) -> None:
    """Write a file whole or not at all."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _exists(path, option) from None
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from None


def _engine(name: str | None) -> Curve:
    try:
        curve.choose(name)
        return curve.load(name)
    except (RuntimeError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from None


def _rpc(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("expected an http(s) URL", param_hint="--rpc")
    return url


def _require_board(source: str | None) -> None:
    """Refuse a board that is neither a URL nor a file, before anything is asked or checked."""
    if source is None or source.startswith(("http://", "https://")) or Path(source).is_file():
        return
    raise typer.BadParameter(f"neither an http(s) URL nor a file: {source}", param_hint="--board")


def _address(text: str) -> bytes:
    try:
        return read_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--registry") from None


def _bytes(text: str, size: int, option: str) -> bytes:
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != size:
        expected = f"expected 0x and {2 * size} hexadecimal digits"
        raise typer.BadParameter(expected, param_hint=option)
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise typer.BadParameter(f"{path}: more than {_MAX_FILE_BYTES} bytes")
    return content


@contextmanager
def _progress(quiet: bool, *what: str) -> Iterator[list[Callable[[int, int], None]]]:
    """Show a progress bar for each thing that has begun; yields the functions that update them."""
    bars = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=Console(stderr=True), disable=quiet, transient=True) as progress:

        def bar(description: str, visible: bool) -> Callable[[int, int], None]:
            task = progress.add_task(description, total=None, visible=visible)
            return lambda done, total: progress.update(
                task, completed=done, total=total or None, visible=True
            )

        # The last one shows that something is going on.
        yield [bar(one, one == what[-1]) for one in what]


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _print_voter_report(report: VoterReport, as_json: bool) -> None:
    if as_json:
        _print_json(report.to_json())
    else:
        print_voter_report(report, Console())
    raise typer.Exit(EXIT_CODES[report.verdict])
