"""Chain and contracts in a gateway's `GET /config`.

Source: docs/protocol.md §16.
"""

from typing import Any

from ostraka.wire.records import from_hex
from ostraka_verifier.errors import Malformed
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds


def domain_of(config: Any, contract: str) -> Domain:
    """Return the EIP-712 domain of a contract that a gateway's `config` names."""
    try:
        return Domain(int(config["chain_id"]), from_hex(config[contract], contract))
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("config", repr(error)) from error


def chain_time(config: Any) -> UnixSeconds:
    """Return the timestamp of the latest block that a gateway saw."""
    try:
        return UnixSeconds(int(config["head"]["timestamp"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("config.head", repr(error)) from error
