"""The web client builds to the same bytes anywhere, and a gateway's client can be compared."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import uvicorn
from fastapi import FastAPI

from ostraka.demo.processes import free_ports
from ostraka.gateway.pages import Bundle, install

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "client_hash.py"
SOURCES = ("package.json", "package-lock.json", "web", "verifier/ostraka_verifier/releases.json")


def built(client: Path = ROOT / "web" / "dist") -> Bundle:
    bundle = Bundle.read(client)
    assert bundle is not None
    return bundle


def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


def test_another_folder_another_day_and_another_zone_give_the_same_client(tmp_path: Path) -> None:
    copy = tmp_path / "a copy" / "of it"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *SOURCES],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
        # Another day.
        os.utime(copy / name, (1_000_000_000, 1_000_000_000))
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    vite = copy / "node_modules" / "vite" / "bin" / "vite.js"
    subprocess.run(
        [ROOT / ".venv" / "bin" / "node", vite, "build", "web", "--logLevel", "error"],
        cwd=copy,
        check=True,
        env={**os.environ, "TZ": "Pacific/Auckland", "LC_ALL": "C", "HOME": str(tmp_path)},
    )
    again = built(copy / "web" / "dist")
    # A difference also means that set-up does not build the client when its sources change.
    assert {name: file.content for name, file in again.files.items()} == {
        name: file.content for name, file in built().files.items()
    }
    done = compare()
    assert (done.returncode, done.stdout) == (0, f"{again.digest}\n")


@contextmanager
def serving(client: Path) -> Iterator[str]:
    """What a gateway serves of a client, over real HTTP."""
    bundle = built(client)
    app = FastAPI()
    install(app, bundle, lambda: [])
    app.get("/api/v1/config")(lambda: {"web_bundle": bundle.digest})
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_gateway_is_compared_by_its_files(tmp_path: Path) -> None:
    with serving(ROOT / "web" / "dist") as url:
        same = compare(url)
    assert (same.returncode, f"{url} serves this client" in same.stdout) == (0, True), same.stderr
    changed = tmp_path / "dist"
    shutil.copytree(ROOT / "web" / "dist", changed)
    with (changed / "icon.svg").open("a") as icon:
        icon.write("<!-- -->")
    with serving(changed) as url:
        different = compare(url)
    assert different.returncode == 1
    assert f"{url}/icon.svg differs (status 200)" in different.stdout
    assert f"{url} states {built(changed).digest}" in different.stdout
    assert different.stdout.count(" differs ") == 1
    page = (changed / "index.html").read_text()
    (changed / "index.html").write_text(page.replace("<body>", "<body hidden>"))
    with serving(changed) as url:
        assert f"{url}/ differs (status 200)" in compare(url).stdout
    gone = compare(url)
    assert (gone.returncode, "Traceback" in gone.stderr) == (3, False)
