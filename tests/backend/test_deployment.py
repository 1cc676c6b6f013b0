"""`ostraka chain …` on real clients: deploy, repeat, continue, refuse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ostraka.chain.contract import artifact, checksum, connect
from ostraka.chain.deployment import (
    FACTORY_GAS,
    GAS,
    ChainIdentity,
    Deployer,
    Deployment,
    Order,
    TokenOrder,
)
from ostraka.chain.factory import COMMON_FACTORY, FACTORY_CODE, FACTORY_INIT_CODE
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.journal_file import FileJournal
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner, RemoteSigner
from ostraka.cli.main import app
from ostraka.demo.chains import Anvil, Hardhat
from ostraka.keys import SigningKey
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.releases import known_releases
from tests.support.chains import running

SECRET = Anvil().payer.secret().hex()
OWNER = "0x" + Anvil().payer.address.hex()


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(Anvil(), tmp_path_factory.mktemp("anvil")) as url:
        yield url


@pytest.fixture(scope="module")
def hardhat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(Hardhat(), tmp_path_factory.mktemp("hardhat")) as url:
        yield url


@pytest.fixture(params=["anvil", "hardhat"])
def rpc(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def chain(*command: str, secret: str | None = SECRET) -> Result:
    environment = {"OSTRAKA_SECRET_KEY": secret, "COLUMNS": "200"}
    return CliRunner().invoke(app, ["chain", *command], env=environment)


def deployed(rpc: str, folder: Path, *options: str, secret: str | None = SECRET) -> dict[str, Any]:
    arguments = ["deploy", "--rpc", rpc, "--deployments", str(folder), "--json", *options]
    result = chain(*arguments, secret=secret)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def sent(rpc: str, answer: dict[str, Any], name: str) -> Any:
    return connect(rpc).eth.get_transaction_receipt(answer["contracts"][name]["transaction"])


def test_the_factory_is_the_published_one() -> None:
    assert keccak256(FACTORY_CODE).hex() == (
        "2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"
    )
    assert FACTORY_INIT_CODE.endswith(FACTORY_CODE)


def test_a_deployment_takes_no_more_gas_than_stated(rpc: str, tmp_path: Path) -> None:
    options = ("--members-owner", OWNER, "--test-token", "Gas:GAS:1")
    answer = deployed(rpc, tmp_path, "--period-floor-s", "7", *options)
    for name, most in {**GAS, "Factory": FACTORY_GAS}.items():
        if answer["contracts"].get(name, {}).get("transaction"):
            used = sent(rpc, answer, name)["gasUsed"]
            assert 0.8 * most < used <= most, name


def test_a_second_run_sends_nothing(rpc: str, tmp_path: Path) -> None:
    first = deployed(rpc, tmp_path, "--test-token", "Trial:TRY:1000")
    count = connect(rpc).eth.get_transaction_count(Anvil().payer.address)  # type: ignore[arg-type]
    assert deployed(rpc, tmp_path, "--test-token", "Trial:TRY:1000") == first
    assert connect(rpc).eth.get_transaction_count(Anvil().payer.address) == count  # type: ignore[arg-type]


def test_without_its_record_a_deployment_is_found_again(anvil: str, tmp_path: Path) -> None:
    first = deployed(anvil, tmp_path / "one", "--period-floor-s", "8")
    # Anybody's: another account, without coin, needs none.
    other = deployed(
        anvil, tmp_path / "two", "--period-floor-s", "8", secret=SigningKey().secret().hex()
    )
    for name, one in first["contracts"].items():
        there = other["contracts"][name]
        assert (there["address"], there["block"]) == (one["address"], one["block"])
    assert other["deployment_block"] == first["deployment_block"]


def test_an_interrupted_deployment_continues(rpc: str, tmp_path: Path) -> None:
    web3 = connect(rpc)
    order = Order(9, token=TokenOrder("Half", "HLF", 5))
    chain_ = ChainIdentity.of(web3)
    signer = KeySigner(Anvil().payer)

    class Stopped(Exception):
        pass

    record = tmp_path / "record"

    def stop(so_far: Deployment, name: str) -> None:
        so_far.write(record)
        if name == "PollRules":
            raise Stopped

    path = tmp_path / "journal"
    with FileJournal(path) as journal, pytest.raises(Stopped):
        Deployer(web3, chain_, Payer(signer, journal), order, None, stop).deploy()
    before = web3.eth.get_transaction_count(Anvil().payer.address)  # type: ignore[arg-type]
    known = Deployment.read(record)
    with FileJournal(path) as journal:
        deployer = Deployer(web3, chain_, Payer(signer, journal), order, known)
        assert deployer.owed_gas() == GAS["BudgetTreasury"] + GAS["TestToken"]
        found = deployer.deploy()
    after = web3.eth.get_transaction_count(Anvil().payer.address)  # type: ignore[arg-type]
    assert after == before + 2
    assert set(found.contracts) >= {"PollRegistry", "BudgetTreasury", "RoundRules", "TestToken"}


def test_a_sent_transaction_is_not_sent_again_after_a_crash(anvil: str, tmp_path: Path) -> None:
    web3, order = connect(anvil), Order(10)
    chain_ = ChainIdentity.of(web3)
    signer = KeySigner(Anvil().payer)

    class Crash(BaseException):
        pass

    class Crashing(FileJournal):
        def add(self, outgoing: Any) -> bool:
            super().add(outgoing)
            web3.eth.send_raw_transaction(outgoing.versions[0].raw)
            raise Crash

    path = tmp_path / "journal"
    with Crashing(path) as journal, pytest.raises(Crash):
        Deployer(web3, chain_, Payer(signer, journal), order).deploy()
    before = web3.eth.get_transaction_count(Anvil().payer.address, "pending")  # type: ignore[arg-type]
    with FileJournal(path) as journal:
        Deployer(web3, chain_, Payer(signer, journal), order).deploy()
    # The treasury's alone.
    assert web3.eth.get_transaction_count(Anvil().payer.address) == before + 1  # type: ignore[arg-type]


def test_two_deployments_at_once_are_refused(tmp_path: Path) -> None:
    with (
        FileJournal(tmp_path / "journal"),
        pytest.raises(ValueError, match="another program"),
        FileJournal(tmp_path / "journal"),
    ):
        pass


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text('{"format": "ostraka/journal/v2"}\n{}\n')
    with pytest.raises(ValueError, match="damaged"), FileJournal(tmp_path / "journal"):
        pass


def test_a_record_of_another_chain_does_not_count(anvil: str, tmp_path: Path) -> None:
    web3 = connect(anvil)
    payer = Payer(KeySigner(Anvil().payer), MemoryJournal())
    chain_ = ChainIdentity.of(web3)
    found = Deployer(web3, chain_, payer, Order(11)).deploy()
    elsewhere = found.model_copy(update={"genesis": "0x" + 64 * "0"})
    again = Deployer(web3, chain_, payer, Order(11), elsewhere).deploy()
    assert again.contracts["PollRegistry"].transaction is None


def test_replacing_the_record_of_an_earlier_chain_is_announced(anvil: str, tmp_path: Path) -> None:
    options = ("deploy", "--rpc", anvil, "--deployments", str(tmp_path), "--period-floor-s", "11")
    assert "will be replaced" not in chain(*options).stderr
    record = tmp_path / "31337.json"
    earlier = Deployment.read(record).model_copy(update={"genesis": "0x" + 64 * "0"})
    earlier.write(record)
    result = chain(*options)
    assert f"{record} is of an earlier chain with this id, and will be replaced" in result.stderr
    assert Deployment.read(record).genesis != earlier.genesis


def test_the_record_has_what_source_verification_needs(anvil: str, tmp_path: Path) -> None:
    answer = deployed(anvil, tmp_path)
    chain("sources", "--out", str(tmp_path / "input.json"))
    sources = json.loads((tmp_path / "input.json").read_text())["sources"]
    record = Deployment.read(tmp_path / "31337.json")
    for name, one in answer["contracts"].items():
        file, contract = one["source"].rsplit(":", 1)
        assert (file in sources, contract) == (True, name)
    registry = connect(anvil).eth.contract(
        abi=artifact("PollRegistry")["abi"], bytecode=artifact("PollRegistry")["bytecode"]
    )
    disputes = checksum(record.address("Disputes"))
    encoded = registry.constructor(3600, disputes).data_in_transaction
    assert encoded.endswith(answer["contracts"]["PollRegistry"]["constructor_arguments"][2:])
    assert answer["compiler"].startswith("v0.8.37+commit.")
    # An audit of a treasury there assumes nothing about its constructor (check D4).
    for contract in ("Disputes", "PollRegistry", "BudgetTreasury"):
        known = [one.address for one in known_releases().codes if one.contract == contract]
        assert record.address(contract) in known
    assert answer["contracts"]["PollRegistry"]["creator"] == "0x" + COMMON_FACTORY.hex()
    assert record.address("VotingKeys").hex() == answer["contracts"]["VotingKeys"]["address"][2:]


def test_an_empty_account_is_refused_before_anything_is_sent(anvil: str, tmp_path: Path) -> None:
    options = ("--rpc", anvil, "--deployments", str(tmp_path), "--period-floor-s", "12")
    result = chain("deploy", *options, secret=SigningKey().secret().hex())
    assert result.exit_code == 1
    assert "has 0 coins, and the deployment costs about" in result.stderr
    assert not (tmp_path / "31337.json").exists()


def test_an_external_signer_pays(anvil: str, tmp_path: Path) -> None:
    account = connect(anvil).eth.accounts[3]
    signer = ("--signer", anvil, "--account", account)
    answer = deployed(anvil, tmp_path, "--period-floor-s", "13", *signer, secret=None)
    assert sent(anvil, answer, "PollRegistry")["from"] == account


def test_a_signer_that_signs_something_else_is_refused(anvil: str) -> None:
    from ostraka.chain.errors import ChainError

    web3 = connect(anvil)
    account = bytes.fromhex(web3.eth.accounts[4][2:])
    fields = {
        "type": 2,
        "nonce": 0,
        "to": "0x" + 40 * "0",
        "value": 1,
        "data": "0x",
        "chainId": 31337,
        "gas": 21_000,
        "maxFeePerGas": 2,
        "maxPriorityFeePerGas": 1,
    }
    signer = RemoteSigner(web3, account)
    assert signer.sign_transaction(fields)[0] == keccak256(signer.sign_transaction(fields)[1])

    class Other(RemoteSigner):
        """Asks for one transaction and gets another, as from a signer with rules of its own."""

        def sign_transaction(self, fields: Any) -> tuple[bytes, bytes]:
            _, raw = super().sign_transaction({**fields, "value": 2})
            self._require_asked(raw, fields)
            raise AssertionError("not noticed")

    with pytest.raises(ChainError, match="a different value"):
        Other(web3, account).sign_transaction(fields)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "name a key file, or set OSTRAKA_SECRET_KEY"),
        (["--signer", "http://127.0.0.1:1"], "--signer needs --account"),
        (["--account", OWNER], "needs --signer"),
        (["--test-token", "Trial"], "expected NAME:SYMBOL:SUPPLY"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: list[str], reason: str, tmp_path: Path
) -> None:
    result = chain(
        "deploy",
        "--rpc",
        "http://127.0.0.1:1",
        "--deployments",
        str(tmp_path),
        *options,
        secret=None,
    )
    assert result.exit_code == 2
    assert reason in result.stderr


def test_an_unreachable_signer_is_named_in_one_line(tmp_path: Path) -> None:
    options = ("--rpc", "http://127.0.0.1:9", "--deployments", str(tmp_path))
    signer = ("--signer", "http://127.0.0.1:9", "--account", OWNER)
    result = chain("deploy", *options, *signer, secret=None)
    assert result.exit_code == 3
    assert result.stderr == "ostraka: chain: no connection to the RPC endpoint\n"
