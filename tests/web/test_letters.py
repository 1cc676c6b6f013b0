"""A phone reads each letter's own link: the PDF's QR codes, drawn and read by another library."""

import base64
import json
import re
import subprocess
import zlib
from pathlib import Path

from ostraka.cli.letters import LANGUAGES, Letter, letters_pdf
from tests.web.bridge import NODE

SITE = "https://vote.example"
_DECODER = Path(__file__).parent / "support" / "decode_qr.ts"
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_RECTANGLE = re.compile(rb"([0-9.]+) ([0-9.]+) ([0-9.]+) (-?[0-9.]+) re")
_PIXELS_PER_POINT = 3
_QUIET_PIXELS = 40


def rectangles(stream: bytes) -> list[tuple[float, ...]]:
    """Left, top, right and bottom of a page's rectangles, in pixels from the top left one."""
    found = []
    for place in _RECTANGLE.findall(stream):
        x, y, width, height = (float(number) * _PIXELS_PER_POINT for number in place)
        found.append((x, -max(y, y + height), x + width, -min(y, y + height)))
    left, top = (min(one[side] for one in found) - _QUIET_PIXELS for side in (0, 1))
    return [(a - left, b - top, c - left, d - top) for a, b, c, d in found]


def scanned(stream: bytes) -> str:
    """The text of the QR code that a page draws."""
    drawn = rectangles(stream)
    width, height = (int(max(one[side] for one in drawn)) + _QUIET_PIXELS for side in (2, 3))
    grey = bytearray(b"\xff" * width * height)
    for left, top, right, bottom in drawn:
        for y in range(round(top), round(bottom)):
            start = y * width
            grey[start + round(left) : start + round(right)] = bytes(round(right) - round(left))
    picture = {"width": width, "height": height, "grey": base64.b64encode(grey).decode()}
    done = subprocess.run(
        [NODE, _DECODER], input=json.dumps(picture), capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_qr_codes_of_letters_are_their_own_links() -> None:
    # One of the longest codes: the invitation's with the one that replaced it.
    codes = ["0123456789abcdef" * 4, "fedcba9876543210" * 8]
    letters = [Letter(f"Łucja {place}", "Town", code) for place, code in enumerate(codes)]
    pdf = letters_pdf(letters, SITE, LANGUAGES["pl"], "The town")
    pages = []
    for content in _STREAM.findall(pdf):
        try:
            stream = zlib.decompress(content)
        except zlib.error:
            continue
        if _RECTANGLE.search(stream):
            pages.append(stream)
    assert [scanned(page) for page in pages] == [f"{SITE}/register#{code}" for code in codes]
