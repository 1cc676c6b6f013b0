"""Members sign their proposals; a gateway sends them and pays.

Source: docs/protocol.md §15, §17.3.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ostraka.gateway_client.config import domain_of
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.planning.proposal_details import Picture, ProposalDetails
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import HASH_BYTES, keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class Wanted:
    """Content of a proposal: 20-byte recipient, amount in the token's smallest unit.

    The amount is 0 in a proportional round; the category is 0 in a round without categories.
    """

    recipient: bytes
    amount: int
    title: str
    text: str
    category: int = 0
    details: bytes = bytes(HASH_BYTES)
    document: ProposalDetails | None = None
    """The details with that hash; None without any, or if only their hash is known."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON that the gateway takes."""
        return {
            "recipient": to_hex(self.recipient),
            "amount": str(self.amount),
            "title": self.title,
            "text": self.text,
            "category": self.category,
            "details": to_hex(self.details),
        }

    def words(self) -> tuple[bytes, int, int, str, str, bytes]:
        """Return the values that the EIP-712 types hash."""
        return self.recipient, self.amount, self.category, self.title, self.text, self.details


class Member:
    """A member of rounds, with a signing key."""

    def __init__(self, gateway: Gateway, key: SigningKey, account: bytes) -> None:
        self._gateway = gateway
        self._key = key
        self._account = account

    def propose(self, round_id: int, wanted: Wanted) -> Any:
        """Submit a proposal; return the gateway's answer with its id."""
        asked = {"kind": "proposal", "round": round_id, "item": wanted.to_json()}
        head = (round_id, self._account, *wanted.words())
        signed = self._authorization(asked, typed_data.PROPOSAL, *head)
        body = {"item": wanted.to_json(), "authorization": signed, **_document(wanted)}
        return self._gateway.post(f"/rounds/{round_id}/proposals", body)

    def revise(self, proposal: bytes, wanted: Wanted) -> Any:
        """Change a proposal."""
        identity = to_hex(proposal)
        asked = {"kind": "revision", "proposal": identity, "item": wanted.to_json()}
        signed = self._authorization(asked, typed_data.REVISION, proposal, *wanted.words())
        body = {"item": wanted.to_json(), "authorization": signed, **_document(wanted)}
        return self._gateway.put(f"/proposals/{identity}", body)

    def withdraw(self, proposal: bytes) -> Any:
        """Withdraw a proposal."""
        identity = to_hex(proposal)
        asked = {"kind": "withdrawal", "proposal": identity}
        signed = self._authorization(asked, typed_data.WITHDRAWAL, proposal)
        return self._gateway.post(f"/proposals/{identity}/withdrawal", {"authorization": signed})

    def _authorization(
        self, asked: dict[str, Any], kind: str, *head: int | bytes | str
    ) -> dict[str, Any]:
        """Sign a statement with the nonce and deadline that the gateway gives.

        The statement is built here; typed data from the gateway is never signed.
        """
        member = to_hex(self._account)
        answer = self._gateway.post("/typed-data", asked | {"member": member})
        try:
            given = answer["authorization"]
            nonce, deadline = int(given["nonce"]), UnixSeconds(int(given["deadline"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("answer", f"no authorization: {error!r}") from error
        domain = domain_of(self._gateway.get("/config"), "treasury")
        signature = self._key.sign(domain.digest(kind, *head, nonce, deadline))
        return {
            "member": member,
            "nonce": str(nonce),
            "deadline": deadline,
            "signature": to_hex(signature),
        }


def account_of(gateway: Gateway, round_id: int, key: SigningKey) -> bytes:
    """Return the account for which a key proposes: an invitation that is bound to it, or its own.

    A gateway that names another account gains nothing: the treasury refuses the signature.
    """
    try:
        shown = gateway.get(f"/rounds/{round_id}/members/{key.address_hex}")
        return from_hex(shown["account"], "account")
    except Problem as problem:
        if problem.kind in (ProblemType.NO_SUCH_MEMBER, ProblemType.MEMBERS_UNKNOWN):
            return key.address
        raise


def _document(wanted: Wanted) -> dict[str, Any]:
    """Return the member of a request that gives the details to the gateway, if there are any."""
    if wanted.document is None:
        return {}
    return {"details": wanted.document.model_dump(exclude_none=True)}


def described(wanted: Wanted, details: ProposalDetails) -> Wanted:
    """Return a proposal with these details; without them if there are none."""
    if details == ProposalDetails():
        return replace(wanted, details=bytes(HASH_BYTES), document=None)
    return replace(wanted, details=details.digest(), document=details)


def upload_picture(gateway: Gateway, file: Path, alt: str) -> Picture:
    """Upload a picture; return it as details name it.

    Raises:
        Problem: The gateway refuses it.
        ValueError: The text says nothing.
    """
    answer = gateway.post_bytes("/images", file.read_bytes())
    return Picture(sha256=str(answer["sha256"]), alt=alt)


def wanted_of(shown: Any, recipient: bytes) -> Wanted:
    """Return the current content of a proposal, as a gateway shows it.

    Args:
        recipient: The recipient that the member wants: a gateway that names another one must not
            get the member's signature for it.

    Raises:
        Malformed: It cannot be read.
    """
    try:
        details = from_hex(shown["details"], "details")
        return Wanted(
            recipient,
            int(shown["amount"]),
            str(shown["title"]),
            str(shown["text"]),
            int(shown["category"]),
            details,
            _read_document(shown.get("details_document"), details),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("proposal", repr(error)) from error


def _read_document(document: str | None, digest: bytes) -> ProposalDetails | None:
    """Return the details that a gateway shows; None if they are not those that were signed."""
    if document is None or keccak256(document.encode()) != digest:
        return None
    try:
        return ProposalDetails.model_validate_json(document)
    except ValidationError:
        # With members that this version does not know.
        return None
