"""Comments on proposals and endorsements of them, as members sign them.

The type and the domain differ from those of ballots, so no statement here can pass for one.

Source: docs/protocol.md §15, §17.8. Vectors: tests/vectors/typed_data.json.
"""

import unicodedata
from dataclasses import dataclass

from ostraka_verifier.encoding import keccak256
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

COMMENT = "Comment(bytes32 proposalId,address author,string text,uint64 writtenAt)"
ENDORSEMENT = "Endorsement(bytes32 proposalId,address member,uint8 endorses,uint64 statedAt)"

MAX_TEXT_BYTES = 2000
"""Most bytes of a comment in UTF-8."""
MAX_SKEW_S = 600
"""Most seconds between the time that a statement names and the chain's time."""


@dataclass(frozen=True)
class CommentStatement:
    """A comment before it is signed.

    Attributes:
        proposal: Id of the proposal, 32 bytes.
        author: The member's account, 20 bytes.
        text_hash: Keccak-256 of the text in UTF-8. It is what the signature needs, so that a hidden
            comment's signature can still be checked.
    """

    proposal: bytes
    author: bytes
    text_hash: bytes
    written_at: UnixSeconds

    @classmethod
    def of(
        cls, proposal: bytes, author: bytes, text: str, written_at: UnixSeconds
    ) -> "CommentStatement":
        """Return the statement of a comment with its text."""
        return cls(proposal, author, keccak256(text.encode()), written_at)

    def digest(self, treasury: Domain) -> bytes:
        """Return the 32 bytes that are signed; they identify the comment."""
        head = (self.proposal, self.author)
        return treasury.digest(COMMENT, *head, self.text_hash, self.written_at)


@dataclass(frozen=True)
class EndorsementStatement:
    """An endorsement of a proposal, or its withdrawal, before it is signed.

    Attributes:
        proposal: Id of the proposal, 32 bytes.
        member: The member's account, 20 bytes.
        endorses: False takes an earlier endorsement back.
    """

    proposal: bytes
    member: bytes
    endorses: bool
    stated_at: UnixSeconds

    def digest(self, treasury: Domain) -> bytes:
        """Return the 32 bytes that are signed."""
        head = (self.proposal, self.member)
        return treasury.digest(ENDORSEMENT, *head, int(self.endorses), self.stated_at)


def text_problem(text: str) -> str | None:
    """Return why a text cannot be a comment; None if it can.

    Invisible characters that change the direction of text are refused, as they can show a text
    that differs from the signed one. Line breaks are allowed.
    """
    if not text.strip():
        return "blank"
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_TEXT_BYTES:
        return f"{size} bytes, at most {MAX_TEXT_BYTES}"
    for sign in text:
        if sign not in "\n\u200d\u200c" and unicodedata.category(sign) in ("Cc", "Cf", "Cs"):
            return f"U+{ord(sign):04X} is a control character"
    return None
