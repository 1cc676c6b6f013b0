"""The packages of `make packages`: what is inside, and that they work where no checkout is."""

import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from ostraka.gateway.pages import Bundle
from ostraka_verifier import __version__, curve
from ostraka_verifier.proof import verify_proofs
from tests.support.endpoint import BOARD, POLL, serving
from tests.support.polls import OPENS_AT, REGISTRY

ROOT = Path(__file__).parents[1]
CONTRACTS = {"PollRegistry", "BudgetTreasury", "MemberRegistry", "VotingKeys", "GeneratorTable"}
CONTRACTS |= {"PollRules", "RoundRules", "Disputes", "BallotCheck", "TestToken"}
CONTRACTS |= {"CensusDisputes", "OstrakaGovernor", "ProposalPolls"}

SUMS = "SHA256SUMS"
ALONE = {
    *("ostraka-verifier", "cryptography", "cffi", "pycparser"),
    # HTTP of a client.
    *("httpx", "httpcore", "h11", "anyio", "idna", "certifi"),
    # Curves and hashes of the reference engine.
    *("py-ecc", "eth-typing", "eth-utils", "eth-hash", "cytoolz", "toolz", "pycryptodome"),
    *("pydantic", "pydantic-core", "annotated-types", "typing-inspection"),
    # The command line.
    *("typer", "rich", "shellingham", "annotated-doc", "markdown-it-py", "mdurl", "pygments"),
    "typing-extensions",
}
"""Everything that the verifier brings with it: no web framework, database or service."""

Files = dict[str, bytes]

LOOK = """
import json
from pathlib import Path
from ostraka.chain.contract import artifact, build_info
from ostraka.gateway.pages import Bundle
from ostraka.services.settings import GatewaySettings
from ostraka.storage.database import Schema, open_database
from ostraka.wire import api_docs
from ostraka.gateway.pages import Bundle
from ostraka_verifier import __version__, curve
import ostraka

web = GatewaySettings.model_fields["web"].default
open_database(f"sqlite:///{Path.cwd() / 'gateway.db'}", Schema.GATEWAY)
open_database(f"sqlite:///{Path.cwd() / 'node.db'}", Schema.NODE)
print(json.dumps({
    "package": ostraka.__file__,
    "web": str(web),
    "digest": Bundle.read(web).digest,
    "functions": len(artifact("PollRegistry")["abi"]),
    "compiler": build_info("BudgetTreasury")["solcLongVersion"],
    "pages": (api_docs.built_folder("swagger-ui", "none") / "swagger-ui.css").exists(),
    "engine": type(curve.load("native")).__name__,
}))
"""

PREPARE = """
import { readFileSync } from "node:fs";
import {
  ballotBits, fromHex, parseJson, readQuestions, sameThread, SigningKey, systemRandomness,
  toHex, unixSeconds, WorkerClient,
} from "ostraka-voter";

const given = JSON.parse(readFileSync(0, "utf8"));
const bits = given.polls.flatMap(({ questions, votes }) => {
  const text = new TextEncoder().encode(JSON.stringify(questions));
  const read = readQuestions(parseJson(text, "questions"));
  return votes.map(({ vote }) => ballotBits(read, vote).join(" "));
});
const poll = {
  rule: fromHex(given.rule, "rule"),
  context: fromHex(given.context, "context"),
  threshold: given.threshold,
  pollKeys: given.pollKeys.map((key) => fromHex(key, "key")),
};
const { address } = SigningKey.generate(systemRandomness);
const castAtUnixS = unixSeconds(BigInt(given.castAt));
const vote = { poll, voter: address, bits: given.bits.map(BigInt), castAtUnixS };
const worker = new WorkerClient(sameThread);
const sealed = await worker.run("seal", vote);
const failures = await worker.run("verify", { poll, ballots: [sealed.encoded] });
const { encoded, boxes } = sealed;
console.log(JSON.stringify({ bits, failures, ballot: toHex(encoded), boxes: boxes.length }));
"""

TYPED = """
import {
  config, Gateway, poll, pollOfGateway, type Signer, SigningKey, toHex,
} from "ostraka-voter";

export async function titleOf(url: string): Promise<string> {
  const gateway = new Gateway(url);
  const settings = await gateway.get("/config", config);
  const open = pollOfGateway(await gateway.get("/polls/1", poll), settings);
  const signer: Signer = new SigningKey(new Uint8Array(32).fill(1));
  // @ts-expect-error -- a signer's address is bytes
  const wrong: string = signer.address;
  return open.description.title + toHex(signer.address) + wrong;
}
"""


def run(*command: object, at: Path, given: str | None = None, code: int = 0) -> str:
    """Output of a program that knows nothing of the checkout."""
    kept = {
        name: os.environ[name]
        for name in os.environ
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "OSTRAKA_"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=at,
        env={**kept, "COLUMNS": "100"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of the packages by name, built from this checkout."""
    folder = tmp_path_factory.mktemp("packages")
    run(sys.executable, "scripts/packages.py", folder, at=ROOT)
    return {re.split(r"-\d", path.name)[0]: path for path in folder.iterdir() if path.name != SUMS}


def files_of(path: Path) -> Files:
    """Content of each file of a wheel or an npm package."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as package:
        members = [one for one in package.getmembers() if one.isfile()]
        return {one.name: package.extractfile(one).read() for one in members}  # type: ignore[union-attr]


def tracked(folder: str) -> set[str]:
    """Python files and data that git has of a folder."""
    listed = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name for name in listed.stdout.split() if not name.endswith(".mako")}


def under(files: Files, folder: str) -> set[str]:
    return {name.removeprefix(folder) for name in files if name.startswith(folder)}


@pytest.mark.timeout(1200)
def test_packages_hold_what_they_need_and_nothing_else(packages: dict[str, Path]) -> None:
    assert set(packages) == {
        "ostraka",
        "ostraka_verifier",
        "ostraka_verifier_native",
        "ostraka-voter",
    }
    contents = {name: files_of(path) for name, path in packages.items()}

    whole = contents["ostraka"]
    built = "ostraka/built/"
    code = {name for name in under(whole, "ostraka/") if not name.startswith("built/")}
    assert {f"backend/ostraka/{name}" for name in code} == tracked("backend")
    assert {name.split("/")[0] for name in whole} == {"ostraka", "ostraka-0.1.0.dist-info"}
    pages = ROOT / "web" / "dist"
    assert under(whole, f"{built}web/") == {
        str(path.relative_to(pages))
        for path in pages.glob("**/*")
        if path.is_file() and path.name != ".built"
    }
    assert whole[f"{built}web/index.html"] == (pages / "index.html").read_bytes()
    artifacts = under(whole, f"{built}artifacts/")
    assert {Path(name).stem for name in artifacts} >= CONTRACTS
    assert not [name for name in artifacts if "TestWallet" in name or name.endswith(".ts")]
    assert "swagger-ui.css" in under(whole, f"{built}swagger-ui/")
    assert any("versions/" in name for name in under(whole, "ostraka/storage/migrations/"))

    verifier = contents["ostraka_verifier"]
    names = {name for name in verifier if not name.startswith("ostraka_verifier-")}
    assert {f"verifier/{name}" for name in names} == tracked("verifier/ostraka_verifier")
    assert "ostraka_verifier/releases.json" in names
    native = under(contents["ostraka_verifier_native"], "ostraka_verifier_native/")
    assert native == {"__init__.py", "__init__.pyi", "ostraka_verifier_native.abi3.so", "py.typed"}

    npm = contents["ostraka-voter"]
    assert {name for name in npm if not name.startswith("package/lib/")} == {
        f"package/{name}" for name in ("package.json", "README.md", "LICENSE")
    }
    assert {Path(name).suffix for name in under(npm, "package/lib/")} == {".js", ".ts", ".json"}
    sums = (packages["ostraka"].parent / SUMS).read_text().splitlines()
    client = Bundle.read(pages)
    assert client is not None
    assert sums[0] == f"# web client (web_bundle in a gateway's /api/v1/config): {client.digest}"
    hashes = {path.name: sha256(path.read_bytes()).hexdigest() for path in packages.values()}
    assert sums[1:] == [f"{found}  {name}" for name, found in sorted(hashes.items())]
    for name, files in contents.items():
        here = [str(ROOT).encode(), f"{Path.home()}/".encode()]
        for file, content in files.items():
            assert not any(path in content for path in here), (name, file)
            assert "/tests/" not in f"/{file}", (name, file)


@pytest.mark.timeout(1200)
def test_wheels_work_in_an_environment_of_their_own(
    packages: dict[str, Path], tmp_path: Path
) -> None:
    home, place = tmp_path / "environment", tmp_path / "work"
    place.mkdir(mode=0o700)
    uv = ROOT / ".venv" / "bin" / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, home, at=place)
    wheels = [path for path in packages.values() if path.suffix == ".whl"]
    locked = ("--constraint", ROOT / "requirements" / "development.txt")
    run(uv, "pip", "install", "--quiet", "--python", home, *locked, *wheels, at=place)
    assert "Private voting" in run(home / "bin" / "ostraka", "--help", at=place)
    verify = home / "bin" / "ostraka-verify"
    assert "trusting neither" in run(verify, "--help", at=place)

    looked = json.loads(run(home / "bin" / "python", "-c", LOOK, at=place))
    assert looked["package"].startswith(str(home))
    assert looked["web"].startswith(str(home))
    assert (looked["pages"], looked["engine"]) == (True, "Native")
    assert looked["functions"] > 10

    (place / "board").write_bytes(BOARD.encode())
    with serving() as endpoint:
        told = run(
            *(verify, "audit", "--rpc", endpoint.url, "--registry", f"0x{REGISTRY.hex()}"),
            *("--poll", 1, "--board", "board", "--quiet", "--json"),
            at=place,
        )
        assert json.loads(told)["verdict"] == "holds"
        (place / "board").write_bytes(BOARD.encode()[:-1] + b"\1")
        run(
            *(verify, "audit", "--rpc", endpoint.url, "--registry", f"0x{REGISTRY.hex()}"),
            *("--poll", 1, "--board", "board", "--quiet"),
            at=place,
            code=1,
        )


@pytest.mark.timeout(1200)
def test_the_verifier_installs_alone(packages: dict[str, Path], tmp_path: Path) -> None:
    home, place = tmp_path / "environment", tmp_path / "work"
    place.mkdir(mode=0o700)
    uv = ROOT / ".venv" / "bin" / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, home, at=place)
    locked = ("--constraint", ROOT / "requirements" / "development.txt")
    wheel = packages["ostraka_verifier"]
    run(uv, "pip", "install", "--quiet", "--python", home, *locked, wheel, at=place)
    installed = run(uv, "pip", "list", "--quiet", "--python", home, "--format", "json", at=place)
    assert {one["name"] for one in json.loads(installed)} == ALONE
    verify = home / "bin" / "ostraka-verify"
    version = run(verify, "--version", at=place)
    assert version == f"ostraka-verify {__version__}, engine reference\n"

    (place / "board").write_bytes(BOARD.encode())
    with serving() as endpoint:
        chain = ("--rpc", endpoint.url, "--registry", f"0x{REGISTRY.hex()}", "--poll", 1)
        files = ("--output", "report.html", "--json", "report.json")
        run(verify, "report", *chain, "--board", "board", *files, "--quiet", at=place)
        native = ("--engine", "native")
        run(verify, "audit", *chain, "--board", "board", *native, at=place, code=2)
    report = json.loads((place / "report.json").read_text())
    assert (report["verdict"], report["report"]["program"]["engine"]) == ("holds", "reference")
    assert "The result is the correct count" in (place / "report.html").read_text()


@pytest.mark.timeout(1200)
def test_the_npm_package_prepares_ballots(packages: dict[str, Path], tmp_path: Path) -> None:
    node, npm = (ROOT / ".venv" / "bin" / name for name in ("node", "npm"))
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    quiet = ("--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
    run(npm, "install", *quiet, packages["ostraka-voter"], at=tmp_path)
    (tmp_path / "prepare.js").write_text(PREPARE)
    polls = json.loads((ROOT / "tests" / "vectors" / "votes.json").read_text())["polls"]
    shape = POLL.factory.layout.shape
    given = {
        "polls": polls,
        "rule": f"0x{POLL.rule.encode().hex()}",
        "context": f"0x{POLL.context.hex()}",
        "threshold": shape.threshold,
        "pollKeys": [f"0x{key.public_key.hex()}" for key in POLL.poll_keys],
        "bits": [str(bit) for bit in POLL.votes[1]],
        "castAt": OPENS_AT + 7,
    }
    made = json.loads(run(node, "prepare.js", at=tmp_path, given=json.dumps(given)))
    assert made["bits"] == [vote["bits"] for one in polls for vote in one["votes"]]
    assert (made["failures"], made["boxes"]) == ([], len(POLL.poll_keys))
    engine = curve.load(None)
    ballot = POLL.factory.layout.decode(engine, bytes.fromhex(made["ballot"][2:]))
    generators = POLL.factory.key.generators
    verify_proofs(engine, generators, shape, POLL.context, [ballot.proof], secrets.randbits)

    (tmp_path / "typed.ts").write_text(TYPED)
    tsc = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    options = ("--noEmit", "--strict", "--target", "es2022", "--module", "nodenext")
    run(node, tsc, *options, "--lib", "es2024,dom", "typed.ts", at=tmp_path)
