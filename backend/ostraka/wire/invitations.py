"""Invitations: what a gateway keeps of a code, and what redeems it.

Whoever redeems signs with the key of the account that is to be registered, so that nobody can
register an account that is not theirs. It is an EIP-712 statement, for wallets to sign too.

Source: docs/protocol.md §15.
"""

from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.typed_data import REGISTRATION, Domain


def code_hash(code: str) -> bytes:
    """What is kept of an invitation's code: codes are random, so that a plain hash hides them."""
    return tagged_hash("invitation-code", code.encode())


def redemption(domain: Domain, code: str, account: bytes) -> bytes:
    """What the key of an account signs to redeem a code for it; `domain` is the registry's."""
    return domain.digest(REGISTRATION, code_hash(code), account)
