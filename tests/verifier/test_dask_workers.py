"""Audits by two real workers of a Dask cluster, honest, lying and dying."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from distributed import Client, LocalCluster, Worker, WorkerPlugin
from typer.testing import CliRunner

from ostraka_verifier.checks import Verdict
from ostraka_verifier.cli import app
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.workers import NoWorkers, job
from ostraka_verifier.workers.dask_cluster import DaskWorkers
from tests.support.corrupted_boards import corrupted, findings, honest_polls, keep_generators
from tests.support.endpoint import hexed, serving
from tests.support.polls import REGISTRY
from tests.support.workers import NATIVE, Watched, divided, without_assumptions, written

HONEST_CHECK = job.check_chunk


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostraka_verifier.workers.division._SMALLEST", 1)
    keep_generators(monkeypatch.setattr)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


class Patched(WorkerPlugin):  # type: ignore[misc]
    """One worker does something else with what it is given, from its second range on."""

    idempotent = False

    def __init__(self, address: str, what: str) -> None:
        self.address, self.what = address, what
        self.name = what

    def setup(self, worker: Worker) -> None:
        """Replace the check."""
        if worker.address != self.address:
            return
        given = list[int]()

        def check_chunk(*arguments: Any) -> bytes:
            part = HONEST_CHECK(*arguments)
            given.append(1)
            if len(given) == 1:
                return part
            if self.what == "dies":
                os._exit(9)
            if self.what == "mumbles":
                return part[::-1]
            # The last hash of the tree.
            at = len(part) - POINT_BYTES - 1
            return part[:at] + bytes([part[at] ^ 1]) + part[at + 1 :]

        job.check_chunk = check_chunk

    def teardown(self, worker: Worker) -> None:
        """Check honestly again."""
        job.check_chunk = HONEST_CHECK


def addresses(cluster: LocalCluster) -> list[str]:
    return [worker.worker_address for worker in cluster.workers.values()]


def test_the_findings_are_those_of_one_process(cluster: LocalCluster, tmp_path: Path) -> None:
    random, said = Random("dask"), list[str]()
    cases = [(honest.board.encode(), honest.chain) for honest in honest_polls()]
    cases += [corrupted(random) for _ in range(12)]
    with DaskWorkers(cluster.scheduler_address) as crew:
        assert sorted(crew.names) == sorted(addresses(cluster))
        for number, (data, chain) in enumerate(cases):
            found = divided(crew, written(tmp_path, data), chain, said)
            alone = findings(NATIVE, data, chain, "weights")
            assert without_assumptions(found) == without_assumptions(alone), number
            if number < len(honest_polls()):
                assumed = [one.assumes for one in found if one.assumes]
                assert "2 workers (tcp://" in assumed[-1]
    assert not [one for one in said if one.startswith("Worker")]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("lies", "its result was wrong"),
        ("mumbles", "its result cannot be read"),
        ("dies", "it left the cluster"),
    ],
)
def test_a_bad_worker_is_named_and_the_verdict_stands(
    cluster: LocalCluster, tmp_path: Path, what: str, reason: str
) -> None:
    honest, said = honest_polls()[0], list[str]()
    source = written(tmp_path, honest.board.encode())
    bad = addresses(cluster)[0]
    with Client(cluster, set_as_default=False) as client:
        client.register_plugin(Patched(bad, what))
        with DaskWorkers(cluster.scheduler_address) as workers:
            crew = Watched(workers)
            found = divided(crew, source, honest.chain, said)
        assert {one.verdict for one in found} == {Verdict.HOLDS}
        assert crew.dismissed == [bad]
        assert [one for one in said if one.startswith(f"Worker {bad}: ") and reason in one], said
        if what != "dies":
            client.unregister_worker_plugin(what)


def test_the_command_uses_a_cluster(cluster: LocalCluster, tmp_path: Path) -> None:
    with serving() as endpoint:
        source = written(tmp_path, endpoint.board)
        poll = ("--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1")
        command = ("audit", *poll, "--board", source, "--scheduler", cluster.scheduler_address)
        done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "honestly checked" in " ".join(done.stdout.split())


def test_without_the_package_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoWorkers, match=r"pip install 'ostraka-verifier\[cluster\]'"):
        DaskWorkers("tcp://127.0.0.1:9")


def test_without_a_cluster_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostraka_verifier.workers.dask_cluster._CONNECT_S", 0.2)
    with pytest.raises(NoWorkers, match="no Dask scheduler answers"):
        DaskWorkers("tcp://127.0.0.1:9")
