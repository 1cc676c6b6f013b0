"""Pictures for previews of links: drawn in the client's font, kept, small, and without a state."""

import io
from pathlib import Path

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from ostraka.gateway.brand import Brand
from ostraka.gateway.pages import Bundle, install
from ostraka.gateway.preview_picture import (
    MAX_BYTES,
    SIZE,
    PreviewPictures,
    fonts_of,
    picture_path,
)
from ostraka.wire import problem_responses
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.units import UnixSeconds

FONTS = Path(__file__).parents[2] / "node_modules/@fontsource-variable/public-sans/files"
FILES = {
    f"assets/public-sans-{part}-wght-normal-Ab1.woff2": (
        FONTS / f"public-sans-{part}-wght-normal.woff2"
    ).read_bytes()
    for part in ("latin", "latin-ext")
}
DAY_S = 86_400
TITLES = {1: "Budżet obywatelski: zieleń", 2: "W" * 150, 3: "Δημοψήφισμα", 4: "A word " * 60}


def vote_of(kind: str, number: int) -> tuple[str, UnixSeconds, UnixSeconds]:
    """Of rounds 1 to 4; nothing else exists."""
    if number not in TITLES:
        raise Problem(ProblemType.NO_SUCH_ROUND, "no such round", "round")
    opens_at = UnixSeconds(1_800_000_000)
    return TITLES[number], opens_at, UnixSeconds(opens_at + 7 * DAY_S)


@pytest.fixture
def pictures() -> PreviewPictures:
    fonts = fonts_of(FILES)
    assert fonts is not None
    return PreviewPictures(fonts, Brand("Łódź", accents=("#0b5d3b", "#8ce0b5")), vote_of)


def pixels(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    assert (picture.format, picture.size) == ("PNG", SIZE)
    return picture.convert("RGB")


@pytest.mark.parametrize("number", TITLES)
def test_pictures_are_small_and_keep_a_margin(pictures: PreviewPictures, number: int) -> None:
    content = pictures.of("rounds", number)
    assert len(content) < MAX_BYTES
    picture = pixels(content)
    assert picture.getpixel((10, 300)) == (0x0B, 0x5D, 0x3B)
    # Nothing is cut at the right and at the bottom.
    ground = picture.getpixel((1199, 629))
    assert picture.crop((1130, 0, 1200, 630)).getcolors() == [(70 * 630, ground)]
    assert picture.crop((30, 580, 1200, 630)).getcolors() == [(1170 * 50, ground)]


def test_titles_with_other_letters_are_left_out(pictures: PreviewPictures) -> None:
    area = (80, 160, 1130, 500)
    assert len(pixels(pictures.of("polls", 3)).crop(area).getcolors() or ()) == 1
    assert len(pixels(pictures.of("polls", 1)).crop(area).getcolors() or ()) > 1


def test_a_picture_is_drawn_once(pictures: PreviewPictures) -> None:
    assert pictures.of("rounds", 1) is pictures.of("polls", 1)
    assert pictures.of_site() is pictures.of_site() is not pictures.of("rounds", 1)


def test_clients_without_fonts_have_no_pictures() -> None:
    assert fonts_of({"index.html": b"", "assets/main-1.js": b""}) is None


def test_pages_name_their_pictures(pictures: PreviewPictures, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!-- site --><!-- /site -->")
    app, bundle = FastAPI(), Bundle.read(tmp_path)
    assert bundle
    problem_responses.install(app)
    install(app, bundle, lambda: (), Brand(), "https://vote.example", pictures=pictures)
    pages = TestClient(app)
    for page, picture in (
        ("/", "/preview.png"),
        ("/about", "/preview.png"),
        ("/rounds/1", "/rounds/1/preview.png"),
        ("/polls/1/results", "/polls/1/preview.png"),
    ):
        assert picture_path(page) == picture
        named = f'<meta property="og:image" content="https://vote.example{picture}" />'
        assert named in pages.get(page).text
        answer = pages.get(picture)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert "max-age=86400" in answer.headers["cache-control"]
        assert pixels(answer.content)
    assert pages.get("/rounds/9/preview.png").status_code == 404
    assert pages.get("/rounds/x/preview.png").status_code == 404
