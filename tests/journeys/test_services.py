"""A node and a gateway as their operator runs them: probes, metrics, logs and an orderly stop."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from ostraka.chain.contract import connect
from ostraka.chain.deployment import ChainIdentity, Deployer, Deployment, Order
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner
from ostraka.cli.main import app
from ostraka.demo.chains import Anvil
from ostraka.demo.processes import free_ports
from ostraka.services.serving import LATEST_STOP_S, STOP_S
from ostraka.wire.health import OLD_HEAD_S
from tests.support.chains import running
from tests.support.faulty_rpc import FaultyRpc
from tests.support.town import eventually

START_S = 60


class Service:
    """One process of `ostraka … run`."""

    def __init__(self, kind: str, folder: Path, rpc: str, record: Path) -> None:
        self.kind = kind
        self.log = folder.parent / f"{folder.name}.log"
        self.port, self.metrics_port = free_ports(2)
        url = f"http://127.0.0.1:{self.port}"
        options = ["--deployment", str(record), "--rpc", rpc, "--plain-key"]
        options += ["--url", url] if kind == "node" else []
        result = CliRunner().invoke(app, [kind, "init", str(folder), *options])
        assert result.exit_code == 0, result.output
        settings = folder / f"{kind}.toml"
        text = re.sub(r"(?m)^port = .*$", f"port = {self.port}", settings.read_text())
        text = re.sub(r"(?m)^# metrics_port = .*$", f"metrics_port = {self.metrics_port}", text)
        settings.write_text(text)
        command = [sys.executable, "-m", "ostraka", kind, "run", "--settings", str(settings)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            eventually(lambda: self.status("/ready") == 200, f"{kind} is ready", START_S)
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def get(self, path: str, port: int = 0, **options: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{port or self.port}{path}"
        return httpx.get(url, trust_env=False, timeout=10, **options)

    def status(self, path: str) -> int:
        """Return the status of an answer; 0 without one."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get(path).status_code
        except httpx.HTTPError:
            return 0

    def metrics(self) -> dict[str, float]:
        """Return every value, by name and labels."""
        answer = self.get("/metrics", self.metrics_port)
        assert answer.status_code == 200, answer.text
        return {
            sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def lines(self) -> list[dict[str, Any]]:
        """Return the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="module")
def rpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(Anvil(), tmp_path_factory.mktemp("chain")) as url:
        yield url


@pytest.fixture(scope="module")
def record(rpc: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    web3 = connect(rpc)
    payer = Payer(KeySigner(Anvil().payer), MemoryJournal())
    deployed: Deployment = Deployer(web3, ChainIdentity.of(web3), payer, Order()).deploy()
    path = tmp_path_factory.mktemp("record") / "31337.json"
    deployed.write(path)
    return path


@pytest.fixture
def service(
    request: pytest.FixtureRequest, rpc: str, record: Path, tmp_path: Path
) -> Iterator[Service]:
    """A service of the kind that the test asks for."""
    # A new block, so that the newest one is young however long the tests before took.
    connect(rpc).provider.make_request("anvil_mine", [1])  # type: ignore[arg-type]
    with Service(request.param, tmp_path / request.param, rpc, record) as service:
        yield service


NODE = pytest.mark.parametrize("service", ["node"], indirect=True)


@pytest.mark.parametrize("kind", ["node", "gateway"])
def test_probes_and_metrics_follow_the_chain(
    kind: str, rpc: str, record: Path, tmp_path: Path
) -> None:
    with FaultyRpc(rpc) as proxy:
        service = Service(kind, tmp_path / kind, proxy.url, record)
    # The provider has gone.
    with service:
        shown = service.metrics()
        assert shown["ostraka_chain_head_block{}"] > 0
        assert shown["ostraka_chain_head_age_seconds{}"] < OLD_HEAD_S
        assert shown['ostraka_chain_log_range_blocks{"provider": "1"}'] > 0
        answered = '{"method": "GET", "route": "/ready", "status": "200"}'
        assert shown[f"ostraka_http_requests_total{answered}"] >= 1
        assert service.get("/metrics").status_code == 404, "on the public port"
        eventually(
            lambda: service.metrics()["ostraka_chain_read_age_seconds{}"] > 5, "it gets old", 30
        )
        warned = service.metrics()['ostraka_log_lines_total{"level": "warning"}']
        assert warned > 0
        assert service.status("/health") == 200


@pytest.mark.parametrize("service", ["gateway"], indirect=True)
def test_a_gateway_s_metrics_show_that_its_account_is_empty(service: Service) -> None:
    shown = service.metrics()
    assert shown["ostraka_gateway_payable_polls{}"] == 0
    assert shown["ostraka_gateway_coins{}"] == 0
    assert shown["ostraka_gateway_leads{}"] == 1
    assert shown['ostraka_gateway_plans{"state": "finished"}'] == 0
    assert "ostraka_chain_finality_lag_blocks{}" in shown


@NODE
def test_a_node_s_metrics_show_its_work(service: Service) -> None:
    shown = service.metrics()
    assert shown['ostraka_node_polls{"phase": "accepting"}'] == 0
    assert shown["ostraka_node_queued_ballots{}"] == 0
    assert shown["ostraka_node_ballots_receipted_total{}"] == 0
    assert "ostraka_chain_finality_lag_blocks{}" in shown


def half_a_request(service: Service) -> socket.socket:
    """Begin a request whose body is not complete."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    path = {"node": "/api/v1/committees", "gateway": "/api/v1/polls/1/ballots"}[service.kind]
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: node\r\nContent-Length: 10\r\n\r\n12345".encode()
    )
    time.sleep(0.5)
    return connection


@pytest.mark.parametrize(
    ("service", "number"),
    [("node", signal.SIGTERM), ("gateway", signal.SIGTERM), ("node", signal.SIGINT)],
    indirect=["service"],
)
def test_a_request_under_way_is_answered_before_the_stop(
    service: Service, number: signal.Signals
) -> None:
    with half_a_request(service) as connection:
        service.process.send_signal(number)
        time.sleep(1)
        assert service.process.poll() is None
        with pytest.raises(httpx.HTTPError):
            service.get("/health")
        connection.sendall(b"67890")
        assert connection.recv(4096).startswith(b"HTTP/1.1 4")
    assert service.process.wait(STOP_S) == 0
    events = [line["event"] for line in service.lines()]
    assert events[-1] == "stopped"
    assert "listening" in events[: events.index("stopping")]
    # SQLite empties its log when the last connection is closed in order.
    assert not list(service.log.parent.glob("*/*.db-wal"))


@NODE
def test_a_request_that_never_ends_does_not_prevent_the_stop(service: Service) -> None:
    with half_a_request(service):
        service.process.terminate()
        assert service.process.wait(STOP_S + 5) == 0


def test_a_provider_that_hangs_does_not_prevent_the_stop(
    rpc: str, record: Path, tmp_path: Path
) -> None:
    """Nor does it keep the metrics from Prometheus, which would count the node as down."""
    with FaultyRpc(rpc) as proxy:
        service = Service("node", tmp_path / "node", proxy.url, record)
    port = int(proxy.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)) as silent, service:
        connection, _ = silent.accept()
        with connection:
            started = time.monotonic()
            assert service.metrics()["ostraka_chain_head_block{}"] > 0
            assert time.monotonic() - started < 8
            service.process.terminate()
            assert service.process.wait(LATEST_STOP_S + 3) == 0


@NODE
def test_a_second_signal_stops_at_once(service: Service) -> None:
    with half_a_request(service):
        service.process.terminate()
        time.sleep(0.5)
        service.process.terminate()
        assert service.process.wait(4) == 0


@NODE
def test_every_line_of_the_log_is_json_and_names_no_client(service: Service) -> None:
    service.get("/ready", headers={"X-Request-ID": "somebody-elses-name"})
    service.process.terminate()
    service.process.wait(STOP_S)
    lines = service.lines()
    assert {"timestamp", "level", "event"} <= lines[0].keys()
    assert "127.0.0.1" not in json.dumps([line for line in lines if line["event"] == "request"])
