"""Sign-in of organizers by wallet: a message to sign, once, for a session of a few hours.

The gateway writes the whole message, and accepts only a message that it wrote itself for this
wallet a moment ago. Domain and URI come from the settings: a client's `Host` could be that of a
site that forwards a victim's signature.

Source: EIP-4361; EIP-191; ERC-1271.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlmodel import Session, col, delete, func, select

from ostraka.chain.contract import checksum
from ostraka.clock import unix_now
from ostraka.gateway.team import Actor, Team, actor, hash_of, is_active, new_token
from ostraka.randomness import Randomness, system
from ostraka.storage.gateway_tables import Organizer, OrganizerSession, SignInChallenge
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

CHALLENGE_S = 300
SESSION_S = 8 * 3600
_MAX_CHALLENGES = 50
"""Of one wallet that are open at the same time."""
_NONCE_BYTES = 16
_ID_BYTES = 8

ContractCheck = Callable[[bytes, bytes, bytes], bool]
"""Whether the contract at an address accepts a signature of a digest (ERC-1271)."""


@dataclass(frozen=True)
class Challenge:
    """A message to sign, and when it expires."""

    message: str
    expires_at: UnixSeconds


@dataclass(frozen=True)
class NewSession:
    """A session's token, whose it is, and when it ends."""

    token: str
    actor: Actor
    expires_at: UnixSeconds


class SignIn:
    """Sign-ins at the gateways on one database."""

    def __init__(
        self,
        team: Team,
        public_url: str,
        chain_id: int,
        contract_accepts: ContractCheck,
        randomness: Randomness = system,
    ) -> None:
        """Args:
        public_url: Where people open this gateway; "" refuses sign-ins by wallet.
        """
        self._engine = team.engine
        self._url = public_url.rstrip("/")
        self._chain_id = chain_id
        self._contract_accepts = contract_accepts
        self._randomness = randomness

    def challenge(self, wallet: bytes) -> Challenge:
        """Return a message for a wallet to sign, which can be used once.

        A wallet that is no organizer's gets one, too, that is worth nothing: the answer does not
        show who organizes.

        Raises:
            Problem: The settings name no public URL, or too many messages are unanswered.
        """
        if not self._url:
            detail = "the gateway's setting public_url is missing; sign in by token"
            raise Problem(ProblemType.SIGN_IN_UNAVAILABLE, detail)
        now = unix_now()
        expires_at = UnixSeconds(now + CHALLENGE_S)
        nonce = self._randomness.bytes(_NONCE_BYTES).hex()
        message = (
            f"{urlsplit(self._url).netloc} wants you to sign in with your Ethereum account:\n"
            f"{checksum(wallet)}\n\n"
            "Sign in as an organizer of votes. This sends no transaction.\n\n"
            f"URI: {self._url}/organize\nVersion: 1\nChain ID: {self._chain_id}\nNonce: {nonce}\n"
            f"Issued At: {_iso(now)}\nExpiration Time: {_iso(expires_at)}"
        )
        with Session(self._engine) as session:
            session.exec(
                delete(SignInChallenge).where(col(SignInChallenge.expires_at_unix_s) <= now)
            )
            organizer = _of_wallet(session, wallet)
            if organizer is not None:
                of_wallet = SignInChallenge.organizer_id == organizer.id
                count = select(func.count()).select_from(SignInChallenge).where(of_wallet)
                if session.exec(count).one() >= _MAX_CHALLENGES:
                    detail = "too many sign-ins of this wallet are unanswered"
                    raise Problem(ProblemType.QUEUE_FULL, detail, "address", CHALLENGE_S)
                digest = hashlib.sha256(message.encode()).digest()
                session.add(
                    SignInChallenge(
                        message_hash=digest,
                        organizer_id=organizer.id,
                        expires_at_unix_s=expires_at,
                    )
                )
            session.commit()
        return Challenge(message, expires_at)

    def open(self, message: str, signature: bytes) -> NewSession:
        """Open a session for the wallet that signed a message of `challenge`.

        Raises:
            Problem: The message is not this gateway's, was used or has expired, or the signature is
                not the wallet's.
            ChainError: The contract of a contract wallet cannot be asked now.
        """
        now = unix_now()
        digest = hashlib.sha256(message.encode("utf-8", "surrogatepass")).digest()
        with Session(self._engine, expire_on_commit=False) as session:
            challenge = session.get(SignInChallenge, digest)
            if challenge is None or challenge.expires_at_unix_s <= now:
                raise _failed(
                    "this message was used or has expired; ask for another one", "message"
                )
            organizer = session.get(Organizer, challenge.organizer_id)
        if organizer is None or organizer.wallet is None or not is_active(organizer):
            raise _failed("this wallet is no organizer's", "message")
        if not self._signed(organizer.wallet, message, signature):
            raise _failed("the signature is not this wallet's", "signature")
        with Session(self._engine, expire_on_commit=False) as session:
            used = delete(SignInChallenge).where(col(SignInChallenge.message_hash) == digest)
            if not session.exec(used).rowcount:
                raise _failed(
                    "this message was used or has expired; ask for another one", "message"
                )
            session.exec(
                delete(OrganizerSession).where(col(OrganizerSession.expires_at_unix_s) <= now)
            )
            name = self._randomness.bytes(_ID_BYTES).hex()
            token = new_token("session", name, self._randomness)
            expires_at = UnixSeconds(now + SESSION_S)
            session.add(
                OrganizerSession(
                    id=name,
                    organizer_id=organizer.id,
                    token_hash=hash_of(token),
                    expires_at_unix_s=expires_at,
                )
            )
            session.commit()
        return NewSession(token, actor(organizer), expires_at)

    def close(self, token: str) -> bool:
        """End the session of a token, and return whether there was one; other tokens stay."""
        ended = delete(OrganizerSession).where(col(OrganizerSession.token_hash) == hash_of(token))
        with Session(self._engine) as session:
            found = session.exec(ended).rowcount
            session.commit()
        return bool(found)

    def _signed(self, wallet: bytes, message: str, signature: bytes) -> bool:
        content = message.encode()
        digest = keccak256(b"\x19Ethereum Signed Message:\n%d" % len(content) + content)
        try:
            if recover(digest, signature) == wallet:
                return True
        except Malformed:
            # Contract wallets have signatures of other forms.
            pass
        return self._contract_accepts(wallet, digest, signature)


def _of_wallet(session: Session, wallet: bytes) -> Organizer | None:
    query = select(Organizer).where(
        Organizer.wallet == wallet, col(Organizer.revoked_at_unix_s).is_(None)
    )
    found = session.exec(query).first()
    return found if found is not None and is_active(found) else None


def _failed(detail: str, field: str) -> Problem:
    return Problem(ProblemType.SIGN_IN_FAILED, detail, field)


def _iso(unix_s: UnixSeconds) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
