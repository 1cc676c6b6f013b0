"""Files of pictures, as members upload them."""

import io
from typing import Any

from PIL import Image


def picture_file(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """A file of a format of Pillow, of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, (200, 30, 90)).save(written, kind, **options)
    return written.getvalue()
