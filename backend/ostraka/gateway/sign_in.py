"""Sign-in of organizers by wallet: a message to sign, once, for a session of a few hours.

The gateway writes the whole message, and accepts only a message that it wrote itself for this
wallet a moment ago. It stores none of them, so that nobody can fill a table with them: a message's
nonce ends with a MAC of everything else in it. Only a message that its wallet signed is stored,
because it is used. Domain and URI come from the settings: a client's `Host` could be that of a site
that forwards a victim's signature.

Source: EIP-4361; EIP-191; ERC-1271; RFC 2104.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from ostraka.chain.contract import checksum
from ostraka.clock import unix_now
from ostraka.gateway.team import Actor, Team, actor, hash_of, is_active, new_token
from ostraka.randomness import Randomness, system
from ostraka.storage.gateway_tables import Organizer, OrganizerSession, SignInChallenge, SignInKey
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

CHALLENGE_S = 300
SESSION_S = 8 * 3600
_SALT_BYTES, _MAC_BYTES, _KEY_BYTES = 16, 16, 32
_ID_BYTES = 8
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_CLAIMS = re.compile(
    r"[^\n]+\n(0x[0-9a-fA-F]{40})\n.*\n"
    rf"Nonce: ([0-9a-f]{{{2 * _SALT_BYTES}}})[0-9a-f]{{{2 * _MAC_BYTES}}}\n"
    r"Issued At: ([0-9TZ:-]{20})\n[^\n]+",
    re.DOTALL,
)
"""Wallet, salt and time of a message, from which the gateway writes it again."""

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
        self._mac_key: bytes | None = None

    def challenge(self, wallet: bytes) -> Challenge:
        """Return a message for a wallet to sign, which can be used once.

        A wallet that is no organizer's gets one, too, that is worth nothing: the answer does not
        show who organizes.

        Raises:
            Problem: The settings name no public URL.
        """
        if not self._url:
            detail = "the gateway's setting public_url is missing; sign in by token"
            raise Problem(ProblemType.SIGN_IN_UNAVAILABLE, detail)
        now = unix_now()
        message = self._message(wallet, self._randomness.bytes(_SALT_BYTES), now)
        return Challenge(message, UnixSeconds(now + CHALLENGE_S))

    def open(self, message: str, signature: bytes) -> NewSession:
        """Open a session for the wallet that signed a message of `challenge`.

        Raises:
            Problem: The message is not this gateway's, was used or has expired, or the signature is
                not the wallet's.
            ChainError: The contract of a contract wallet cannot be asked now.
        """
        now = unix_now()
        wallet, issued_at = self._claims(message)
        if issued_at + CHALLENGE_S <= now:
            raise _unusable()
        with Session(self._engine, expire_on_commit=False) as session:
            organizer = _of_wallet(session, wallet)
        if organizer is None:
            raise _failed("this wallet is no organizer's", "message")
        if not self._signed(wallet, message, signature):
            raise _failed("the signature is not this wallet's", "signature")
        name = self._randomness.bytes(_ID_BYTES).hex()
        token = new_token("session", name, self._randomness)
        expires_at = UnixSeconds(now + SESSION_S)
        with Session(self._engine, expire_on_commit=False) as session:
            for table in (SignInChallenge, OrganizerSession):
                session.exec(delete(table).where(col(table.expires_at_unix_s) <= now))
            session.add(
                SignInChallenge(
                    message_hash=hashlib.sha256(message.encode()).digest(),
                    organizer_id=organizer.id,
                    expires_at_unix_s=UnixSeconds(issued_at + CHALLENGE_S),
                )
            )
            session.add(
                OrganizerSession(
                    id=name,
                    organizer_id=organizer.id,
                    token_hash=hash_of(token),
                    expires_at_unix_s=expires_at,
                )
            )
            try:
                session.commit()
            except IntegrityError as error:
                raise _unusable() from error
        return NewSession(token, actor(organizer), expires_at)

    def _message(self, wallet: bytes, salt: bytes, issued_at: UnixSeconds) -> str:
        """Return the message of these claims, whose nonce ends with the MAC of the rest."""
        rest = self._written(wallet, salt.hex(), issued_at).encode()
        mac = hmac.new(self._key(), rest, hashlib.sha256).digest()[:_MAC_BYTES]
        return self._written(wallet, salt.hex() + mac.hex(), issued_at)

    def _written(self, wallet: bytes, nonce: str, issued_at: UnixSeconds) -> str:
        return (
            f"{urlsplit(self._url).netloc} wants you to sign in with your Ethereum account:\n"
            f"{checksum(wallet)}\n\n"
            "Sign in as an organizer of votes. This sends no transaction.\n\n"
            f"URI: {self._url}/organize\nVersion: 1\nChain ID: {self._chain_id}\nNonce: {nonce}\n"
            f"Issued At: {_iso(issued_at)}\nExpiration Time: {_iso(issued_at + CHALLENGE_S)}"
        )

    def _claims(self, message: str) -> tuple[bytes, UnixSeconds]:
        """Return wallet and time of a message that this gateway wrote; Problem for any other."""
        claims = _CLAIMS.fullmatch(message)
        if claims is None:
            raise _unusable()
        wallet, salt = bytes.fromhex(claims[1][2:]), bytes.fromhex(claims[2])
        try:
            issued = datetime.strptime(claims[3], _TIME).replace(tzinfo=UTC)
        except ValueError as error:
            raise _unusable() from error
        issued_at = UnixSeconds(int(issued.timestamp()))
        expected = self._message(wallet, salt, issued_at)
        if not hmac.compare_digest(expected.encode(), message.encode("utf-8", "surrogatepass")):
            raise _unusable()
        return wallet, issued_at

    def _key(self) -> bytes:
        """Return the key of the MACs, which all gateways on the database share."""
        if self._mac_key is None:
            with Session(self._engine) as session:
                stored = session.get(SignInKey, 1)
                if stored is None:
                    session.add(SignInKey(id=1, key=self._randomness.bytes(_KEY_BYTES)))
                    try:
                        session.commit()
                    except IntegrityError:
                        # Another gateway has just stored one.
                        session.rollback()
                    stored = session.get_one(SignInKey, 1)
                self._mac_key = stored.key
        return self._mac_key

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


def _unusable() -> Problem:
    return _failed("this message was used or has expired; ask for another one", "message")


def _iso(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime(_TIME)
