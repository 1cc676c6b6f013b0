"""What belongs to proposals and is not on the chain: details and pictures, by their hashes.

Details are stored once a proposal names their hash. Anybody may upload a picture before; it is
deleted unless stored details name it within a day. So strangers cannot fill the database for long.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore

from sqlalchemy import Engine, delete, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.clock import utc_now
from ostraka.gateway.hourly_limit import WINDOW_S, HourlyLimit
from ostraka.gateway.images import EncodedImage, encode_image
from ostraka.planning.proposal_details import ProposalDetails
from ostraka.storage.gateway_tables import ProposalDocument, ProposalImage
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex
from ostraka_verifier.encoding import keccak256

UNNAMED_BYTES = 256 * 2**20
"""Most bytes of pictures that no details name."""
ALL_BYTES = 4 * 2**30
"""Most bytes of all pictures."""
CLIENT_UPLOADS = 30
"""Most pictures that one client may upload in an hour."""
_UNNAMED_FOR = timedelta(days=1)
_ENCODING_AT_ONCE = 2
"""Decoding a picture takes up to 160 MB for a second."""


class UploadLimit:
    """Counts each client's uploads in a window of an hour, and how many are encoded at once."""

    def __init__(self) -> None:
        self._uploads = HourlyLimit()
        self._encoding = BoundedSemaphore(_ENCODING_AT_ONCE)

    @contextmanager
    def slot(self, client: str) -> Iterator[None]:
        """Count an upload and wait for nothing: Problem if there are too many."""
        if not self._encoding.acquire(blocking=False):
            raise Problem(ProblemType.BUSY, "other pictures are being read", "body", 2)
        try:
            wait_s = self._uploads.take(client, CLIENT_UPLOADS)
            if wait_s:
                detail = f"at most {CLIENT_UPLOADS} pictures an hour"
                raise Problem(ProblemType.UPLOAD_LIMIT, detail, "body", wait_s)
            yield
        finally:
            self._encoding.release()


class Attachments:
    """Details and pictures of one gateway's proposals."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._limit = UploadLimit()

    def upload(self, client: str, uploaded: bytes) -> EncodedImage:
        """Encode and store a picture that somebody uploaded.

        Args:
            client: For whom the upload counts.

        Raises:
            Problem: It cannot be decoded, or there are too many pictures.
        """
        with self._limit.slot(client):
            image = encode_image(uploaded)
            self._store(image)
        return image

    def _store(self, image: EncodedImage) -> None:
        size = func.coalesce(func.sum(ProposalImage.size), 0)
        with Session(self._engine) as session:
            session.execute(
                delete(ProposalImage).where(
                    col(ProposalImage.named).is_(False),
                    col(ProposalImage.uploaded_at) < utc_now() - _UNNAMED_FOR,
                )
            )
            if session.get(ProposalImage, image.sha256) is None:
                unnamed = session.exec(
                    select(size).where(col(ProposalImage.named).is_(False))
                ).one()
                everything = session.exec(select(size)).one()
                added = len(image.content)
                if unnamed + added > UNNAMED_BYTES or everything + added > ALL_BYTES:
                    detail = "this gateway has no space for further pictures now"
                    raise Problem(ProblemType.UPLOAD_LIMIT, detail, "body", WINDOW_S)
                session.add(ProposalImage(sha256=image.sha256, content=image.content, size=added))
            _commit(session)

    def image(self, sha256: bytes) -> bytes:
        """Return a picture; Problem if there is none with this hash."""
        with Session(self._engine) as session:
            found = session.get(ProposalImage, sha256)
        if found is None:
            raise Problem(ProblemType.NOT_FOUND, "this gateway has no such picture", "sha256")
        return found.content

    def require_image(self, details: ProposalDetails) -> None:
        """Problem if details name a picture that this gateway does not have."""
        if details.image is not None:
            try:
                self.image(from_hex(details.image.sha256, "sha256"))
            except Problem as problem:
                detail = "upload the picture first"
                raise Problem(
                    ProblemType.INVALID_REQUEST, detail, "details.image.sha256"
                ) from problem

    def add_details(self, details: ProposalDetails) -> None:
        """Store the details of a proposal, and keep the picture that they name."""
        encoded = details.encode()
        with Session(self._engine) as session:
            if details.image is not None:
                image = session.get(ProposalImage, from_hex(details.image.sha256, "sha256"))
                if image is not None and not image.named:
                    image.named = True
                    session.add(image)
            if session.get(ProposalDocument, keccak256(encoded)) is None:
                session.add(ProposalDocument(hash=keccak256(encoded), content=encoded))
            _commit(session)

    def documents(self, hashes: Iterable[bytes]) -> dict[bytes, str]:
        """Return the details that are stored, by their hashes, as canonical JSON."""
        wanted = [one for one in set(hashes) if any(one)]
        with Session(self._engine) as session:
            found = session.exec(
                select(ProposalDocument).where(col(ProposalDocument.hash).in_(wanted))
            )
            return {one.hash: one.content.decode("ascii") for one in found}


def _commit(session: Session) -> None:
    """Commit; another gateway on the same database may just have stored the same."""
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
