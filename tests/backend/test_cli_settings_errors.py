"""Wrong settings of gateways and nodes: each is named, and no secret is shown."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.cli.main import app
from ostraka.storage.database import Schema, open_database


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RPC_URLS", "http://one", "RPC_URLS: expected a JSON list"),
        ("RPC_URLS", '["one"]', "RPC_URLS_0: expected an http(s) URL"),
        ("URL", "node.example", "URL: expected an http(s) URL"),
        ("PORT", "70000", "PORT: expected less than 65536"),
        ("DEPLOYED_AT", "-1", "DEPLOYED_AT: expected at least 0"),
        ("MINIMUM_BALLOTS", "-1", "MINIMUM_BALLOTS: expected at least 1"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: expected 'DEBUG'"),
        ("COMMITTEES", '["0x11"]', "COMMITTEES_0: expected 0x and 64 hexadecimal digits"),
        ("FELLOW_NODES", '["0x11"]', "FELLOW_NODES_0: expected 0x and 40 hexadecimal digits"),
        (
            "FELLOW_NODES",
            '["0xAbcdef0000000000000000000000000000000011"]',
            "FELLOW_NODES_0: mistyped: its capitals do not fit its digits",
        ),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """Not taken in silence, to match nothing; nor found by a library once the node runs."""
    settings = {
        "KEY_FILE": str(tmp_path / "key"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'node.db'}",
        "RPC_URLS": '["http://127.0.0.1:9"]',
        "REGISTRY": "0x" + "11" * 20,
        "URL": "http://127.0.0.1:9",
        name: value,
    }
    environment = {f"OSTRAKA_NODE_{key}": one for key, one in settings.items()}
    result = CliRunner().invoke(app, ["node", "run"], env=environment)
    assert (result.exit_code, result.output.startswith(f"OSTRAKA_NODE_{said}")) == (2, True), (
        result.output
    )


def test_a_gateways_settings_that_are_not_toml_are_named(tmp_path: Path) -> None:
    for content, said in ((b"\xff", "not UTF-8"), (b"port = ", "not TOML: Invalid value")):
        file = tmp_path / "gateway.toml"
        file.write_bytes(content)
        file.chmod(0o600)
        result = CliRunner().invoke(app, ["gateway", "run", "--settings", str(file)])
        assert result.exit_code == 2
        assert f"gateway.toml: {said}" in result.output


def test_an_unreachable_chain_is_reported_in_our_words() -> None:
    with pytest.raises(ChainError) as raised:
        Registry("http://127.0.0.1:9/v3/SECRET", bytes([1] * 20)).head()
    assert str(raised.value) == "chain: no connection to the RPC endpoint"
    with pytest.raises(ChainError, match="URL is invalid"):
        Registry("http://[::1", bytes([1] * 20)).head()


@pytest.mark.parametrize("scheme", ["nosuch://", "", "postgresql+psycopg://"])
def test_an_unreachable_database_is_reported_without_its_password(scheme: str) -> None:
    with pytest.raises(ValueError, match=r"expected sqlite|Connection refused") as raised:
        open_database(f"{scheme}user:a-password@127.0.0.1:9/polls", Schema.NODE)
    assert "a-password" not in str(raised.value)
