"""Pictures of proposals: upload one, and show it by its hash."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from ostraka.gateway.answers.proposals import UploadedImage
from ostraka.gateway.dependencies import Body, Gateway
from ostraka.wire.clients import client_of
from ostraka.wire.openapi import binary_body, content, problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["proposals"], route_class=StrictRoute)

ImageHash = Annotated[
    str, Path(pattern="^0x[0-9a-f]{64}$", description="SHA-256 of the picture's file.")
]
_WEBP = "image/webp"
_HEADERS = {
    # The address names the content, which can never change.
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@router.post(
    "/images",
    status_code=201,
    responses=problems(
        ProblemType.TOO_LARGE,
        ProblemType.INVALID_REQUEST,
        ProblemType.IMAGE_INVALID,
        ProblemType.UPLOAD_LIMIT,
        ProblemType.BUSY,
    ),
    openapi_extra=binary_body("A JPEG, PNG or WebP file of at most 8 MiB and 40 million pixels."),
)
def upload_image(request: Request, gateway: Gateway, body: Body) -> UploadedImage:
    """Upload a picture for a proposal.

    The gateway decodes it and encodes its pixels as WebP, within 1280 × 960 pixels and without
    metadata. A proposal's details name the hash of that file. A picture that no details name is
    deleted after a day.
    """
    image = gateway.context.attachments.upload(client_of(request.scope), body)
    return UploadedImage(sha256=to_hex(image.sha256), width=image.width, height=image.height)


@router.get(
    "/images/{sha256}",
    response_class=Response,
    responses=content(_WEBP, "The picture.")
    | problems(ProblemType.INVALID_REQUEST, ProblemType.NOT_FOUND),
)
def show_image(gateway: Gateway, sha256: ImageHash) -> Response:
    """A picture, by the SHA-256 of its file."""
    found = gateway.context.attachments.image(from_hex(sha256, "sha256"))
    return Response(found, media_type=_WEBP, headers=_HEADERS)
