"""The brand of a gateway: settings that are refused, and what pages say of it."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from ostraka.demo.chains import CHECKOUT
from ostraka.gateway.brand import OSTRAKA, Brand, Image
from ostraka.gateway.page_head import head_of, head_problem, written
from ostraka.services.brand_settings import MAX_IMAGE_BYTES, BrandSettings, html_of
from ostraka.services.contrast import DARK, LIGHT, MINIMUM, contrast_problem

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'
TOKENS = (CHECKOUT / "web" / "src" / "style" / "tokens.css").read_text()


def reason(**settings: object) -> str:
    """Return why settings are refused."""
    with pytest.raises(ValidationError) as raised:
        BrandSettings.model_validate(settings)
    (problem,) = raised.value.errors()
    return str(problem["msg"])


def token(name: str) -> tuple[str, str]:
    """Return a colour of the style sheet on light and on dark grounds."""
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", TOKENS)
    assert found, name
    return found[1], found[2]


def test_contrast_is_checked_with_the_colours_of_the_style_sheet() -> None:
    for number, theme in enumerate((LIGHT, DARK)):
        assert theme.grounds == {name: token(name)[number] for name in theme.grounds}
        assert theme.on_accent == token("on-accent")[number]
    mixes = re.findall(r"color-mix\(in srgb, var\(--accent\) (\d+)%, (#\w+)\)", TOKENS)
    assert [(base, int(share) / 100) for share, base in mixes] == [LIGHT.tinted, DARK.tinted]
    own = re.search(r"var\(--brand-light, (#\w+)\), var\(--brand-dark, (#\w+)\)", TOKENS)
    assert own
    assert own.groups() == OSTRAKA.theme_colors
    assert contrast_problem(own[1], LIGHT) is contrast_problem(own[2], DARK) is None


@pytest.mark.parametrize(
    ("accent", "dark", "said"),
    [
        ("#777777", "#9cc6fa", "accent: #777777 has a contrast of 3."),
        ("#1b4f8f", "#1b4f8f", "accent_dark: #1b4f8f has a contrast of 1."),
        ("#1b4f8f", "pink", "accent_dark: expected a colour such as #1b4f8f"),
        ("#1b4f8f", None, "accent and accent_dark: set both, or none"),
    ],
)
def test_colours_that_are_hard_to_read_are_refused(
    accent: str, dark: str | None, said: str
) -> None:
    assert said in reason(accent=accent, accent_dark=dark)


def test_the_least_contrast_counts() -> None:
    # 4.54:1 with white, as WebAIM's checker also says, and less with darker grounds.
    assert "a contrast of 3.95:1 with the light theme's sunken" in str(
        contrast_problem("#767676", LIGHT)
    )
    assert f"text needs {MINIMUM}:1, so choose a darker colour" in str(
        contrast_problem("#767676", LIGHT)
    )


def test_files_that_are_no_pictures_or_texts_are_refused(tmp_path: Path) -> None:
    for name, content, said in (
        ("logo.svg", b"<html><svg></svg></html>", "neither an SVG nor a PNG file"),
        ("logo.gif", b"GIF89a", "neither an SVG nor a PNG file"),
        ("logo.png", PNG + bytes(MAX_IMAGE_BYTES), "larger than 256 KiB"),
    ):
        (tmp_path / name).write_bytes(content)
        assert said in reason(logo=tmp_path / name)
    assert "No such file" in reason(logo=tmp_path / "none.png")
    (tmp_path / "privacy.md").write_bytes(b"\xff")
    assert "not UTF-8" in reason(privacy=str(tmp_path / "privacy.md"))
    assert "ends in .md or .txt" in reason(imprint="imprint.html")
    assert "an e-mail address" in reason(contact="call us")
    assert "an e-mail address" in reason(contact="mailto:votes@town.example")
    assert "changes the direction of text" in reason(name="Town\u202e")
    assert "Extra inputs" in reason(colour="#1b4f8f")


def test_a_brand_is_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    (tmp_path / "icon.png").write_bytes(PNG)
    (tmp_path / "imprint.txt").write_text("Town hall\nMain Street 1\n\n<b>*here*</b>")
    brand = BrandSettings(
        name="Springfield",
        logo=tmp_path / "logo.svg",
        icon=tmp_path / "icon.png",
        accent="#0B5D3B",
        accent_dark="#8ce0b5",
        contact="votes@town.example",
        imprint=str(tmp_path / "imprint.txt"),
        privacy="https://town.example/privacy",
    ).brand()
    assert brand.images == [
        Image("logo.svg", SVG, "image/svg+xml"),
        Image("icon.png", PNG, "image/png"),
    ]
    assert brand.style_sheet == ":root{--brand-light:#0b5d3b;--brand-dark:#8ce0b5}\n"
    assert brand.contact == "mailto:votes@town.example"
    assert brand.links == {"imprint": "/imprint", "privacy": "https://town.example/privacy"}
    assert brand.texts["imprint"] == (
        "<p>Town hall<br>\nMain Street 1</p>\n<p>&lt;b&gt;*here*&lt;/b&gt;</p>\n"
    )
    manifest = json.loads(brand.manifest)
    assert (manifest["name"], manifest["theme_color"]) == ("Springfield", "#0b5d3b")
    assert [one["src"] for one in manifest["icons"]] == ["/brand/icon.png"]


def test_markdown_contains_no_code(tmp_path: Path) -> None:
    path = tmp_path / "privacy.md"
    path.write_text(
        "# Data\n\n<script>alert(1)</script>\n\n[here](javascript:alert(1)) "
        "[there](https://town.example)\n\n![picture](https://tracker.example/1.png)\n"
    )
    html = html_of(path)
    assert "<h2>Data</h2>" in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert '<a href="https://town.example">there</a>' in html
    # The policy allows no pictures of other origins.
    assert "<img" not in html


def test_only_descriptions_stand_between_the_marks() -> None:
    document = b"<head><!-- site --><title>x</title><!-- /site --></head>"
    brand = Brand(name='A "town" <b>', accents=("#0b5d3b", "#8ce0b5"))
    head = head_of(brand, "https://vote.example", "/rounds/1", "Trees\n& <i>", indexed=False)
    page = written(document, head)
    assert head_problem(page) is None
    assert b"<title>Trees &amp; &lt;i&gt; \xe2\x80\x93 A &quot;town&quot; &lt;b&gt;</title>" in page
    assert b'<meta property="og:url" content="https://vote.example/rounds/1" />' in page
    assert b'<meta name="robots" content="noindex" />' in page
    for smuggled in (
        '<meta name="referrer" content="unsafe-url" />',
        '<meta http-equiv="refresh" content="0;url=https://evil.example" />',
        '<script src="/assets/other.js"></script>',
        '<link rel="stylesheet" href="/other.css" />',
        '<link rel="icon" href="//evil.example/x" />',
    ):
        assert head_problem(written(document, f"\n{smuggled}\n")) == smuggled


def test_previews_have_a_picture_of_the_brand_or_none() -> None:
    logo = Image("logo.svg", SVG, "image/svg+xml")
    head = head_of(Brand(logo=logo), "https://vote.example", "/", "", indexed=True)
    assert "og:image" not in head
    assert 'content="https://vote.example/icon-512.png"' in head_of(
        OSTRAKA, "https://vote.example", "/", "", indexed=True
    )
    assert "og:url" not in head_of(OSTRAKA, "", "/", "", indexed=True)
