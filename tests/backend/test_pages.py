"""The gateway's pages: files from memory, under a policy that names what they may talk to."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ostraka.gateway.pages import Bundle, install, origin_of, policy

NODES = ["https://one.example/", "http://127.0.0.1:8101", "https://one.example/again"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Ostraka</title>")
    (tmp_path / "assets" / "main-1.js").write_text("1;" * 1000)
    (tmp_path / ".built").write_text("a stamp")
    return tmp_path


@pytest.fixture
def pages(folder: Path) -> TestClient:
    app = FastAPI()
    bundle = Bundle.read(folder)
    assert bundle
    install(app, bundle, lambda: NODES)
    return TestClient(app)


ROUND_PATHS = ["/rounds/3", "/rounds/3/propose", "/rounds/3/proposals/0xab"]
POLL_PATHS = ["/polls/12", "/polls/12/audit"]


@pytest.mark.parametrize(
    "path", ["/", "/about", "/voting-key", *ROUND_PATHS, *POLL_PATHS, "/register?plan=1"]
)
def test_deep_links_serve_the_client(pages: TestClient, path: str) -> None:
    answer = pages.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert "Ostraka" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_scripts_are_compressed_if_the_client_accepts_it(pages: TestClient) -> None:
    plain = pages.get("/assets/main-1.js", headers={"Accept-Encoding": "identity"})
    packed = pages.get("/assets/main-1.js", headers={"Accept-Encoding": "br, gzip"})
    assert plain.content == packed.content == b"1;" * 1000
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/nothing", "/assets/../../etc/passwd", "/api/v2", "/polls", "/.built"]
)
def test_nothing_else_is_served(pages: TestClient, path: str) -> None:
    assert pages.get(path).status_code == 404


def test_the_policy_is_exact(pages: TestClient) -> None:
    header = pages.get("/").headers["content-security-policy"]
    assert header == (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "font-src 'self'; img-src 'self' data:; "
        "connect-src 'self' http://127.0.0.1:8101 https://one.example; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    named = pages.get("/polls/1/audit?rpc=https://Rpc.example:8545/key?x=1&rpc=https://b.example")
    allowed = named.headers["content-security-policy"]
    assert "https://one.example https://rpc.example:8545;" in allowed


def test_only_the_import_map_is_inline(folder: Path) -> None:
    html = '<title>Ostraka</title><script type="importmap">{"integrity":{}}</script>'
    (folder / "index.html").write_text(html)
    bundle = Bundle.read(folder)
    assert bundle
    # printf '{"integrity":{}}' | openssl dgst -sha256 -binary | base64
    hashed = "'sha256-v1IUEqDyKCfHdg2mkshdZlh1JwxKZIMqsI0JxkeP1Qo='"
    assert f"script-src 'self' {hashed};" in policy(bundle.import_map, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example; script-src *",
        "https://a.example\r\nSet-Cookie: a=b",
        "https://*",
        "data:text/plain,x",
        "javascript:alert(1)",
        "https://[",
        "'unsafe-inline'",
        "",
    ],
)
def test_invalid_urls_are_left_out_of_the_policy(url: str) -> None:
    assert origin_of(url) is None
    assert "connect-src 'self';" in policy("", [url])


def test_credentials_are_left_out_of_headers() -> None:
    assert origin_of("https://me:secret@a.example/x") == "https://a.example"


def test_the_digest_matches_sha256sum(folder: Path) -> None:
    command = "find . -type f ! -name '.*' | LC_ALL=C sort | cut -c3- | xargs sha256sum"
    listed = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True)
    bundle = Bundle.read(folder)
    assert bundle
    assert bundle.digest == hashlib.sha256(listed.stdout).hexdigest()


def test_without_a_build_there_is_no_client(tmp_path: Path) -> None:
    assert Bundle.read(tmp_path) is None
    assert Bundle.read(tmp_path / "missing") is None
