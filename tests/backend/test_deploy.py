"""What deploy/ names exists in the product: commands, options, settings, ports, metrics, files.

Each file was also checked with its own tool: docs/operations.md, "Check these files".
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostraka.demo.chains import CHECKOUT
from ostraka.passphrases import Passphrases
from ostraka.services.serving import LATEST_STOP_S
from ostraka.services.settings import (
    GATEWAY_PASSPHRASES,
    NODE_PASSPHRASES,
    GatewaySettings,
    NodeSettings,
    ServiceSettings,
)
from tests.support.commands import require_command

DEPLOY = CHECKOUT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
NODES = [f"node{number}" for number in range(1, 6)]
OURS = [*NODES, "gateway"]
UNITS = {"node": "ostraka-node@.service", "gateway": "ostraka-gateway.service"}
SETTINGS: dict[str, type[ServiceSettings]] = {"node": NodeSettings, "gateway": GatewaySettings}
PASSPHRASES: dict[str, Passphrases] = {"node": NODE_PASSPHRASES, "gateway": GATEWAY_PASSPHRASES}
METRIC = re.compile(r"\bostraka_[a-z_]+")
LOADED = """
import json, sys
from ostraka.chain.contract import artifact, build_info
from ostraka.gateway.pages import Bundle
from ostraka.services.settings import GatewaySettings
from ostraka.storage.database import Schema, open_database
from ostraka_verifier.releases import known_releases
for name in ("PollRegistry", "BudgetTreasury", "VotingKeys", "MemberRegistry", "TestToken"):
    artifact(name)["abi"], build_info(name)
assert Bundle.read(GatewaySettings.model_fields["web"].default) is not None
known_releases()
open_database(f"sqlite:///{sys.argv[1]}", Schema.NODE).dispose()
own = [module.__file__ for name, module in sys.modules.items() if name.startswith("ostraka")]
print(json.dumps([file for file in own if file]))
"""


def kind_of(service: str) -> str:
    return service.rstrip("12345")


def port_of(kind: str) -> int:
    default: int = SETTINGS[kind].model_fields["port"].default
    return default


@pytest.mark.parametrize("service", OURS)
def test_a_service_of_the_compose_file_exists(service: str) -> None:
    described, kind = SERVICES[service], kind_of(service)
    require_command(described["command"])
    assert described["command"][-1] == f"/srv/ostraka/{kind}.toml"
    environment = dict(described["environment"])
    assert environment.pop("CREDENTIALS_DIRECTORY") == "/run/secrets"
    health = environment.pop("HEALTH_URL", f"http://127.0.0.1:{port_of('node')}/health")
    assert health == f"http://127.0.0.1:{port_of(kind)}/health"
    prefix = f"OSTRAKA_{kind.upper()}_"
    for name, value in environment.items():
        assert name.startswith(prefix)
        assert name.removeprefix(prefix).lower() in SETTINGS[kind].model_fields
        assert isinstance(value, str), f"{name}: YAML may change what is not quoted"
    (secret,) = described["secrets"]
    assert secret["target"] == PASSPHRASES[kind].credential
    assert secret["source"] in COMPOSE["secrets"]
    assert described["volumes"] == [f"{service}:/srv/ostraka"]
    assert service in COMPOSE["volumes"]
    assert "ports" not in described, "only Caddy is public"
    assert int(described["stop_grace_period"].rstrip("s")) > LATEST_STOP_S


def test_the_settings_of_the_compose_file_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    address, digest = "0x" + "11" * 20, "0x" + "22" * 32
    rest = {
        "node": {
            "key_file": "key",
            "database_url": "sqlite:///node.db",
            "rpc_urls": ["http://rpc.example"],
            "registry": address,
            "url": "https://node1.example",
        },
        "gateway": {
            "key_file": "key",
            "rpc_url": "http://rpc.example",
            "registry": address,
            "treasury": address,
            "organizer_token_sha256": digest[2:],
        },
    }
    caddy = SERVICES["caddy"]["networks"]["inside"]["ipv4_address"]
    for service in ("node1", "gateway"):
        kind = kind_of(service)
        for name, value in SERVICES[service]["environment"].items():
            monkeypatch.setenv(name, value)
        settings = SETTINGS[kind](**rest[kind])  # type: ignore[arg-type]
        assert [str(network) for network in settings.trusted_proxies] == [f"{caddy}/32"]
        target = f"{service}:{settings.metrics_port}"
        assert target in targets()[kind]


def targets() -> dict[str, list[str]]:
    """Return what Prometheus reads, by job."""
    read = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    return {
        job["job_name"]: [target for one in job["static_configs"] for target in one["targets"]]
        for job in read["scrape_configs"]
    }


def test_prometheus_reads_every_service() -> None:
    assert len(targets()["node"]) == len(NODES)
    names = [target.split(":")[0] for job in targets().values() for target in job]
    assert names == OURS


def test_caddy_leads_to_every_service() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    sites = dict(
        re.findall(r"(?m)^(\S*\{\$DOMAIN\}) \{\n\timport service\n\treverse_proxy (\S+)", text)
    )
    wanted = {"{$DOMAIN}": f"gateway:{port_of('gateway')}"}
    wanted |= {f"{node}.{{$DOMAIN}}": f"{node}:{port_of('node')}" for node in NODES}
    assert sites == wanted
    aliases = SERVICES["caddy"]["networks"]["inside"]["aliases"]
    assert {one.replace("${DOMAIN:?}", "{$DOMAIN}") for one in aliases} == sites.keys()
    assert text.count("header_up X-Request-ID") == len(sites)
    assert "log" not in re.findall(r"(?m)^\s*(\w+)", text), "it would tie voters to requests"


def test_the_example_of_the_environment_is_complete() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    given = set(re.findall(r"(?m)^(\w+)=", (DEPLOY / "example.env").read_text()))
    assert asked == given


def test_files_that_containers_see_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists()
            else:
                assert source in COMPOSE["volumes"]
    assert (CHECKOUT / SERVICES["node1"]["build"]["dockerfile"]).is_file()


def shown_metrics() -> set[str]:
    """Return the names of all metrics that services show."""
    sources = (CHECKOUT / "backend/ostraka/services").glob("*.py")
    return {name for one in sources for name in re.findall(r'"(ostraka_[a-z_]+)"', one.read_text())}


def known_metrics() -> set[str]:
    """Return the names of all metrics, with the suffixes of their samples."""
    return {name + suffix for name in shown_metrics() for suffix in ("", "_total", "_bucket")}


def test_alerts_name_metrics_and_labels_that_exist() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    named = {name for rule in rules for name in METRIC.findall(rule["expr"])}
    assert named
    assert named <= known_metrics()
    handbook = (CHECKOUT / "docs/operations.md").read_text()
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
        assert f"`{rule['alert']}`" in handbook, "an alert that says nothing about what to do"


def test_the_handbook_lists_every_metric_and_setting() -> None:
    handbook = (CHECKOUT / "docs/operations.md").read_text()
    listed = set(METRIC.findall(handbook)) - {"ostraka_verifier"}
    shown = shown_metrics()
    assert shown <= {name.removesuffix("_total") for name in listed}
    assert listed <= known_metrics(), listed - known_metrics()
    for settings in SETTINGS.values():
        for name in settings.model_fields:
            assert f"`{name}`" in handbook, name


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_of_systemd_runs_the_service(kind: str) -> None:
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "systemd" / UNITS[kind])
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    assert program == "/opt/ostraka/.venv/bin/ostraka"
    require_command(words)
    credential, path = service["LoadCredentialEncrypted"].split(":")
    assert credential == PASSPHRASES[kind].credential
    assert path.startswith("/etc/ostraka/")
    folder = service["StateDirectory"]
    assert words[-1] == f"%S/{folder}/{kind}.toml"
    assert (service["UMask"], service["LimitCORE"], service["StateDirectoryMode"]) == (
        "0077",
        "0",
        "0700",
    )
    assert int(service["TimeoutStopSec"]) > LATEST_STOP_S


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_image_runs_as_nobody_in_particular_and_checks_itself() -> None:
    names = [name for name, _ in instructions()]
    last = len(names) - 1 - names[::-1].index("FROM")
    final = dict(instructions()[last:])
    assert final["USER"] == "ostraka"
    assert json.loads(final["ENTRYPOINT"]) == ["ostraka"]
    assert f"HEALTH_URL=http://127.0.0.1:{port_of('node')}/health" in final["ENV"]
    assert "os.environ['HEALTH_URL']" in final["HEALTHCHECK"]
    assert "RUN" in names[:last]
    assert ("RUN", "make setup") in instructions()


def test_what_the_image_copies_is_enough(tmp_path: Path) -> None:
    """The product runs from exactly those folders, and opens files of no other one."""
    folders = [
        (source.removeprefix("/opt/ostraka/"), target)
        for name, text in instructions()
        if name == "COPY" and "--from=build" in text
        for source, target in [text.split()[1:]]
    ]
    assert (".venv", ".venv") in folders
    for source, target in folders:
        assert source == target
        if source != ".venv":
            shutil.copytree(CHECKOUT / source, tmp_path / target)
    paths = os.pathsep.join(str(tmp_path / one) for one in ("backend", "verifier"))
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(state / "node.db")],
        capture_output=True,
        text=True,
        cwd=state,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    files = [Path(file) for file in json.loads(done.stdout)]
    outside = [file for file in files if tmp_path not in file.parents]
    # The native engine is installed in the virtual environment.
    assert all("ostraka_verifier_native" in str(file) for file in outside), outside
