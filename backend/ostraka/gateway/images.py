"""Pictures of proposals: decoded from what somebody uploaded, and encoded again.

Only the encoded picture is stored and served, so nothing that an uploader hid in the file reaches
readers: no metadata such as the place where it was taken, no other format that a browser might run.
Readers check it against the hash that the proposal's details name (docs/protocol.md §17.2).
"""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

MAX_UPLOAD_BYTES = 8 * 2**20
MAX_PIXELS = 40_000_000
"""Most pixels of an uploaded picture: a small file can decode into gigabytes."""
MAX_WIDTH, MAX_HEIGHT = 1280, 960
"""Size within which a picture is encoded again, in pixels."""
MAX_STORED_BYTES = 512 * 2**10
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (80, 65, 50, 35)


@dataclass(frozen=True)
class EncodedImage:
    """A WebP picture.

    Attributes:
        width: In pixels, as `height`.
    """

    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> bytes:
        """Hash of the content, 32 bytes."""
        return hashlib.sha256(self.content).digest()


def encode_image(uploaded: bytes) -> EncodedImage:
    """Decode a JPEG, PNG or WebP picture and encode its pixels as WebP.

    Args:
        uploaded: At most `MAX_UPLOAD_BYTES`.

    Raises:
        Problem: It is too large, no picture of these formats, or damaged.
    """
    if len(uploaded) > MAX_UPLOAD_BYTES:
        raise Problem(
            ProblemType.TOO_LARGE, f"a picture has at most {MAX_UPLOAD_BYTES} bytes", "body"
        )
    try:
        with warnings.catch_warnings():
            # Pillow only warns about a picture that is large, and refuses a huge one.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(uploaded), formats=_FORMATS) as opened:
                _require_few_pixels(opened)
                # A JPEG is decoded at about the size that is needed.
                opened.draft("RGB", (MAX_WIDTH, MAX_HEIGHT))
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((MAX_WIDTH, MAX_HEIGHT))
                pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        detail = "this is no JPEG, PNG or WebP picture that can be decoded"
        raise Problem(ProblemType.IMAGE_INVALID, detail, "body") from error
    return _webp(pixels)


def _require_few_pixels(opened: Image.Image) -> None:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Problem:
    detail = f"a picture has at most {MAX_PIXELS // 1_000_000} million pixels"
    return Problem(ProblemType.IMAGE_INVALID, detail, "body")


def _webp(pixels: Image.Image) -> EncodedImage:
    """Encode without metadata, at the best quality that fits."""
    # A new picture: `save` would take over the old one's colour profile and other data.
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)
    for quality in _QUALITIES:
        written = io.BytesIO()
        clean.save(written, "WEBP", quality=quality, method=4)
        content = written.getvalue()
        if len(content) <= MAX_STORED_BYTES:
            return EncodedImage(content, *clean.size)
    detail = f"the picture has too much detail to fit {MAX_STORED_BYTES} bytes"
    raise Problem(ProblemType.IMAGE_INVALID, detail, "body")
