"""The gateway's pages: files from memory, under a policy that names what they may talk to."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ostraka.gateway.brand import Brand, Image
from ostraka.gateway.pages import PAGE_PATHS, Bundle, NoSuchPage, install, origin_of, policy
from ostraka.wire import problem_responses

NODES = ["https://one.example/", "http://127.0.0.1:8101", "https://one.example/again"]


LOGO = Image("logo.svg", b"<svg/>", "image/svg+xml")
BRAND = Brand("Springfield", logo=LOGO, texts={"imprint": "<p>Town hall</p>"})
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def title_of(path: str) -> str:
    if path.startswith(("/rounds/99", "/polls/99")):
        raise NoSuchPage(path)
    return "Trees & benches" if path.startswith("/rounds/") else ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        "<!doctype html><!-- site --><title>Ostraka</title><!-- /site -->"
    )
    (tmp_path / "assets" / "main-1.js").write_text("1;" * 1000)
    (tmp_path / ".built").write_text("a stamp")
    return tmp_path


@pytest.fixture
def pages(folder: Path) -> TestClient:
    app = FastAPI()
    bundle = Bundle.read(folder)
    assert bundle
    problem_responses.install(app)
    install(app, bundle, lambda: NODES, BRAND, "https://vote.example", title_of)
    return TestClient(app)


ROUND_PATHS = [
    "/rounds/3",
    "/rounds/3/propose",
    "/rounds/3/proposals/0xab",
    "/rounds/3/proposals/0xab/edit",
]
POLL_PATHS = ["/polls/12", "/polls/12/audit"]


@pytest.mark.parametrize(
    "path", ["/", "/about", "/voting-key", *ROUND_PATHS, *POLL_PATHS, "/register?plan=1"]
)
def test_deep_links_serve_the_client(pages: TestClient, path: str) -> None:
    answer = pages.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert "Springfield" in answer.text
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


@pytest.mark.parametrize(
    "path", ["/nothing", "/rounds/1/results", "/polls/1/nothing", "/polls/99/audit", "/privacy"]
)
def test_browsers_get_a_page_for_unknown_addresses(pages: TestClient, path: str) -> None:
    answer = pages.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Springfield" in answer.text
    assert "noindex" in answer.text
    assert "connect-src" in answer.headers["content-security-policy"]
    assert "Accept" in answer.headers["vary"]


def test_programs_get_a_problem_for_unknown_addresses(pages: TestClient) -> None:
    for headers, method in (({}, "GET"), (BROWSER, "POST"), ({"Accept": "*/*"}, "GET")):
        answer = pages.request(method, "/nothing", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:ostraka:problem:not-found"


def test_pages_have_titles_and_previews(pages: TestClient) -> None:
    page = pages.get("/rounds/3").text
    assert "<title>Trees &amp; benches – Springfield</title>" in page
    assert '<meta property="og:url" content="https://vote.example/rounds/3" />' in page
    assert '<meta name="logo" content="/brand/logo.svg" />' in page
    assert "noindex" not in page
    assert "noindex" in pages.get("/organize/new").text
    assert "<title>Springfield</title>" in pages.get("/").text
    # What the build contains stays as it was built.
    assert "<title>Ostraka</title>" in pages.get("/index.html").text


def test_the_files_of_the_brand_are_served(pages: TestClient) -> None:
    logo = pages.get("/brand/logo.svg")
    assert (logo.content, logo.headers["content-type"]) == (b"<svg/>", "image/svg+xml")
    assert "script" not in logo.headers["content-security-policy"]
    assert pages.get("/manifest.webmanifest").json()["name"] == "Springfield"
    assert "Disallow: /api/" in pages.get("/robots.txt").text
    assert pages.get("/brand.css").text == ""
    assert pages.get("/imprint").status_code == 200


def test_each_page_asks_for_its_own_scripts_at_once(folder: Path) -> None:
    (folder / "index.html").write_text("<head><script src=/assets/main-1.js></script></head>")
    tag = '<link rel="modulepreload" crossorigin href="/assets/poll-1.js" integrity="sha384-x">'
    (folder / "preloads.json").write_text(json.dumps({"/polls/{number}": [tag], "/about": []}))
    bundle = Bundle.read(folder)
    assert bundle
    app = FastAPI()
    problem_responses.install(app)
    install(app, bundle, lambda: NODES)
    pages = TestClient(app)
    # After the document's script, which follows its import map.
    assert f"</script>  {tag}\n  </head>" in pages.get("/polls/7").text
    for path in ("/", "/about", "/polls/7/results", "/index.html"):
        assert "modulepreload" not in pages.get(path).text
    unknown = pages.get("/polls/7/nothing", headers=BROWSER)
    assert (unknown.status_code, "modulepreload" in unknown.text) == (404, False)


def test_the_build_names_the_scripts_of_every_page() -> None:
    bundle = Bundle.read(Path(__file__).parents[2] / "web" / "dist")
    assert bundle
    for path in (*PAGE_PATHS, "/imprint", "/privacy", "/accessibility"):
        assert b"modulepreload" in bundle.document(path), path


def test_the_policy_is_exact(pages: TestClient) -> None:
    header = pages.get("/").headers["content-security-policy"]
    assert header == (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "font-src 'self'; manifest-src 'self'; img-src 'self' data:; "
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
