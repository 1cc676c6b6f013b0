"""Details of proposals and their pictures: canonical bytes, re-encoding, limits, storage."""

import io
import json
from datetime import timedelta

import pytest
from PIL import Image
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session

from ostraka.clock import utc_now
from ostraka.gateway import attachments as limits
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.images import MAX_HEIGHT, MAX_STORED_BYTES, MAX_WIDTH, encode_image
from ostraka.planning.proposal_details import ProposalDetails, details_hash, place_of
from ostraka.storage.gateway_tables import ProposalImage
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed
from tests.support.pictures import picture_file

HASH = "0x" + "ab" * 32
PLACE = {"latitude": 52229676, "longitude": 21012229, "label": "Łazienki"}


def test_details_have_canonical_bytes() -> None:
    details = ProposalDetails.model_validate(
        {"place": PLACE, "image": {"sha256": HASH, "alt": "é"}}
    )
    assert details.encode() == (
        b'{"image":{"alt":"\\u00e9","sha256":"' + HASH.encode() + b'"},"place":'
        b'{"label":"\\u0141azienki","latitude":52229676,"longitude":21012229}}'
    )
    assert details.digest() == keccak256(details.encode())
    assert json.loads(details.encode())["place"] == PLACE
    assert details_hash(None) == bytes(32)


def test_empty_details_have_no_bytes() -> None:
    with pytest.raises(Malformed, match="neither a place nor an image"):
        ProposalDetails().encode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"place": PLACE | {"latitude": 90_000_001}}, "place.latitude"),
        ({"place": PLACE | {"longitude": -180_000_001}}, "place.longitude"),
        ({"place": PLACE | {"latitude": 52.2}}, "place.latitude"),
        ({"place": PLACE | {"label": "\u202e"}}, "place.label"),
        ({"image": {"sha256": "0xab", "alt": "a"}}, "image.sha256"),
        ({"image": {"sha256": HASH}}, "image.alt"),
        ({"image": {"sha256": HASH, "alt": " "}}, "image.alt"),
        ({"video": {}}, "video"),
    ],
)
def test_wrong_details_are_refused_by_name(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ProposalDetails.model_validate(wrong)
    assert ".".join(map(str, raised.value.errors()[0]["loc"])) == field


@pytest.mark.parametrize("typed", ["52.229676,21.012229", " 52.229676 , 21.012229 "])
def test_a_place_is_read_in_degrees(typed: str) -> None:
    place = place_of(typed)
    assert (place.latitude, place.longitude) == (52229676, 21012229)


@pytest.mark.parametrize("typed", ["", "52", "52,x", "NaN,0", "91,0", "1_0,0", "1,2,3"])
def test_what_is_no_place_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        place_of(typed)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_again(kind: str) -> None:
    image = encode_image(picture_file(kind))
    with Image.open(io.BytesIO(image.content)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (60, 40))
    assert (image.width, image.height) == (60, 40)
    assert encode_image(picture_file(kind)).sha256 == image.sha256


def test_a_large_picture_is_made_smaller() -> None:
    image = encode_image(picture_file("JPEG", (4000, 1000)))
    assert image.width == MAX_WIDTH
    assert image.height <= MAX_HEIGHT
    assert len(image.content) <= MAX_STORED_BYTES


def test_metadata_is_left_out_and_the_picture_turned_upright() -> None:
    exif = Image.Exif()
    # Orientation: turned by 90°. The camera's maker stands for everything private.
    exif[0x0112], exif[0x010F] = 6, "A private camera"
    image = encode_image(
        picture_file("JPEG", (60, 40), exif=exif, comment=b"secret", icc_profile=b"x" * 9)
    )
    assert (image.width, image.height) == (40, 60)
    with Image.open(io.BytesIO(image.content)) as shown:
        assert not shown.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & shown.info.keys()
    assert b"private" not in image.content


@pytest.mark.parametrize(
    "uploaded",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture_file("GIF"), picture_file()[:200]],
)
def test_what_is_no_picture_is_refused(uploaded: bytes) -> None:
    with pytest.raises(Problem) as raised:
        encode_image(uploaded)
    assert raised.value.kind is ProblemType.IMAGE_INVALID


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    written = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(written, "PNG")
    assert len(written.getvalue()) < 200_000
    with pytest.raises(Problem, match="million pixels"):
        encode_image(written.getvalue())


def test_details_keep_the_picture_that_they_name(engine: Engine) -> None:
    attachments = Attachments(engine)
    kept, left = (attachments.upload("a", picture_file(size=(side, 9))) for side in (20, 30))
    details = ProposalDetails.model_validate({"image": {"sha256": to_hex(kept.sha256), "alt": "A"}})
    attachments.add_details(details)
    with Session(engine) as session:
        for row in (session.get_one(ProposalImage, one.sha256) for one in (kept, left)):
            row.uploaded_at = utc_now() - timedelta(days=2)
            session.add(row)
        session.commit()
    attachments.upload("a", picture_file(size=(40, 9)))
    assert attachments.image(kept.sha256) == kept.content
    with pytest.raises(Problem, match="no such picture"):
        attachments.image(left.sha256)
    assert attachments.documents([details.digest(), bytes(32)]) == {
        details.digest(): details.encode().decode()
    }


def test_a_picture_must_be_uploaded_before_details_name_it(engine: Engine) -> None:
    details = ProposalDetails.model_validate({"image": {"sha256": HASH, "alt": "A"}})
    with pytest.raises(Problem) as raised:
        Attachments(engine).require_image(details)
    assert raised.value.field == "details.image.sha256"


def test_a_client_may_upload_a_number_of_pictures(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CLIENT_UPLOADS", 2)
    attachments = Attachments(engine)
    for side in (10, 11):
        attachments.upload("a", picture_file(size=(side, 9)))
    with pytest.raises(Problem) as raised:
        attachments.upload("a", picture_file())
    assert raised.value.kind is ProblemType.UPLOAD_LIMIT
    attachments.upload("another", picture_file())


def test_pictures_that_nobody_names_take_only_some_space(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachments = Attachments(engine)
    first = attachments.upload("a", picture_file())
    monkeypatch.setattr(limits, "UNNAMED_BYTES", len(first.content))
    # The same picture takes no further space.
    attachments.upload("a", picture_file())
    with pytest.raises(Problem, match="no space"):
        attachments.upload("a", picture_file(size=(61, 40)))
