"""Take the pictures of docs/tour.md: every page of a demo, and the states of the browser journeys.

    python scripts/tour.py [URL]

Without the URL of a running demo, one is started. The pages are taken at two widths, light and
dark. A state's picture is build/browser/NAME-light-1280.png, which `pytest tests/browser` leaves; a
state without a new picture keeps its old one. All pictures are WebP, which Chromium makes, and
together at most 6 MB.
"""

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.lighthouse import demo  # noqa: E402 - benchmarks is no installed package

TOUR, README = ROOT / "docs" / "tour.md", ROOT / "README.md"
IMAGES, TAKEN = ROOT / "docs" / "images", ROOT / "build" / "browser"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = {
    "home": "/",
    "round-open": "/rounds/2",
    "round-decided": "/rounds/1",
    "proposal": "/rounds/2/proposals/{proposal}",
    "propose": "/rounds/2/propose",
    "round-log": "/rounds/2/log",
    "ballot": "/polls/2",
    "poll-counted": "/polls/1",
    "results": "/polls/1/results",
    "audit": "/polls/1/audit",
    "certificate": "/polls/1/certificate",
    "check": "/polls/1/check",
    "key": "/key",
    "voting-key": "/voting-key",
    "register": "/register",
    "about": "/about",
    "organize": "/organize",
    "missing": "/nothing",
}
"""Path of each page on the services of a demo; `{proposal}` is its open round's first proposal."""
WIDTHS = (375, 1280)
THEMES = ("light", "dark")
TALLEST = 1800
"""Pixels of a page's picture at most; what follows is left out."""
QUALITY = 60
STATE_SCALE = 0.6
"""Of a state's picture, of which there are many."""
STATE_TALLEST = 2400
MOST_BYTES = 6_000_000
SETTLED_MS = 1500
_STATE = re.compile(r"images/([a-z-]+)\.webp")
_TO_WEBP = """
async ([png, scale, tallest, quality]) => {
  const image = new Image();
  image.src = png;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = Math.min(image.height * scale, tallest);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, image.height * scale);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}
"""


def main(arguments: list[str]) -> int:
    """Take all pictures; returns 1 if they are too large together."""
    path = shutil.which("chromium")
    if path is None or len(arguments) > 1:
        print("chromium is not on PATH" if path is None else __doc__, file=sys.stderr)
        return 2
    site = nullcontext(arguments[0].rstrip("/")) if arguments else demo()
    with sync_playwright() as playwright, site as url:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for name, picture in pages(browser, url):
            write(IMAGES / "pages" / f"{name}.webp", picture)
        page = browser.new_page()
        for name in sorted(set(_STATE.findall(TOUR.read_text() + README.read_text()))):
            taken = TAKEN / f"{name}-light-1280.png"
            if taken.exists():
                write(IMAGES / f"{name}.webp", webp(page, taken.read_bytes()))
            else:
                print(f"no new picture of {name}")
        browser.close()
    size = sum(one.stat().st_size for one in IMAGES.rglob("*.webp"))
    print(f"{size / 1e6:.1f} MB of at most {MOST_BYTES / 1e6:.0f}")
    return 0 if size <= MOST_BYTES else 1


def pages(browser: Browser, url: str) -> Iterator[tuple[str, bytes]]:
    """Yield a name and a picture for each page, width and theme."""
    proposal = httpx.get(f"{url}/api/v1/rounds/2/proposals").json()[0]["proposal"]
    for width in WIDTHS:
        for theme in THEMES:
            context = browser.new_context(
                base_url=url,
                viewport={"width": width, "height": 800},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
                locale="en",
            )
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(path.format(proposal=proposal))
                page.locator("#app h1").wait_for()
                expect(page.locator(".loading")).to_have_count(0)
                page.wait_for_timeout(SETTLED_MS)
                yield f"{name}-{width}-{theme}", picture(page, width)
            context.close()


def picture(page: Page, width: int) -> bytes:
    """Return a picture of a page, at most `TALLEST` pixels high."""
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    session = page.context.new_cdp_session(page)
    taken = session.send(
        "Page.captureScreenshot",
        {
            "format": "webp",
            "quality": QUALITY,
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
        },
    )
    session.detach()
    return base64.b64decode(taken["data"])


def webp(page: Page, png: bytes) -> bytes:
    """Return a PNG picture of a state as WebP, smaller and at most `STATE_TALLEST` pixels high."""
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return base64.b64decode(
        page.evaluate(_TO_WEBP, [source, STATE_SCALE, STATE_TALLEST, QUALITY / 100])
    )


def write(path: Path, content: bytes) -> None:
    """Write a file, in a folder that may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
