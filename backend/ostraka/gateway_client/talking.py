"""Members comment on proposals and endorse them at a gateway; anybody checks their signatures.

Source: docs/protocol.md §15, §17.8.
"""

from collections.abc import Iterator
from typing import Any

from ostraka.gateway_client.config import chain_time, domain_of
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.talk import CommentStatement, EndorsementStatement
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds


class Speaker:
    """A member with a signing key."""

    def __init__(self, gateway: Gateway, key: SigningKey, account: bytes) -> None:
        self._gateway = gateway
        self._key = key
        self._account = account

    def comment(self, proposal: bytes, text: str) -> Any:
        """Sign a comment; return it as the gateway stored it."""
        config = self._gateway.get("/config")
        now = chain_time(config)
        statement = CommentStatement.of(proposal, self._account, text, now)
        body = {
            "author": to_hex(self._account),
            "text": text,
            "written_at": now,
            "signature": self._sign(statement, config),
        }
        return self._gateway.post(f"/proposals/{to_hex(proposal)}/comments", body)

    def endorse(self, proposal: bytes, endorses: bool) -> Any:
        """Sign an endorsement, or that it is taken back; return it as the gateway stored it."""
        config = self._gateway.get("/config")
        now = chain_time(config)
        statement = EndorsementStatement(proposal, self._account, endorses, now)
        body = {
            "endorses": endorses,
            "stated_at": now,
            "signature": self._sign(statement, config),
        }
        member = to_hex(self._account)
        return self._gateway.put(f"/proposals/{to_hex(proposal)}/endorsements/{member}", body)

    def _sign(self, statement: CommentStatement | EndorsementStatement, config: Any) -> str:
        return to_hex(self._key.sign(statement.digest(domain_of(config, "treasury"))))


def all_parts(gateway: Gateway, path: str, name: str) -> Iterator[Any]:
    """Return all entries of a list that a gateway answers in parts.

    Args:
        name: Name of the member that contains the entries.

    Raises:
        Malformed: An answer has another form, or the parts do not end.
    """
    after: Any = None
    while True:
        part = gateway.get(path if after is None else f"{path}?after={after}")
        try:
            yield from part[name]
            following = part["next"]
        except (KeyError, TypeError) as error:
            raise Malformed("answer", repr(error)) from error
        if following is None:
            return
        if after is not None and not _advances(after, following):
            raise Malformed("answer", "its parts do not end")
        after = following


def _advances(before: Any, after: Any) -> bool:
    return type(before) is type(after) and bool(before < after)


def is_signed_comment(shown: Any, proposal: bytes, treasury: Domain) -> bool:
    """Whether a comment's key signed the text that is shown, or its hash while it is hidden."""
    try:
        text_hash = from_hex(shown["text_hash"], "text_hash")
        text = shown["text"]
        if text is not None and keccak256(str(text).encode()) != text_hash:
            return False
        statement = CommentStatement(
            proposal,
            from_hex(shown["author"], "author"),
            text_hash,
            UnixSeconds(int(shown["written_at"])),
        )
        return _signed(shown, statement.digest(treasury))
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("comment", repr(error)) from error


def is_signed_endorsement(shown: Any, proposal: bytes, treasury: Domain) -> bool:
    """Whether an endorsement's key signed it."""
    try:
        statement = EndorsementStatement(
            proposal,
            from_hex(shown["member"], "member"),
            bool(shown["endorses"]),
            UnixSeconds(int(shown["stated_at"])),
        )
        return _signed(shown, statement.digest(treasury))
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("endorsement", repr(error)) from error


def _signed(shown: Any, digest: bytes) -> bool:
    key = from_hex(shown["signing_key"], "signing_key")
    try:
        return recover(digest, from_hex(shown["signature"], "signature")) == key
    except Malformed:
        return False
