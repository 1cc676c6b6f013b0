"""How tokens count their amounts, as each says itself."""

from ostraka.chain.errors import ChainError
from ostraka.chain.treasury import Token

_TOKEN_GAS = 300_000
"""What a token may use to say its symbol: anybody may ask about any contract."""


class Currencies:
    """Symbols and decimals of tokens, each asked once."""

    def __init__(self, rpc_url: str) -> None:
        self._rpc_url = rpc_url
        self._currencies: dict[bytes, tuple[str | None, int]] = {}

    def of(self, token: bytes) -> tuple[str | None, int]:
        """A token's symbol and decimals as it says itself; none and 0 where it does not.

        Of the chain's own coin nobody says.
        """
        if not any(token):
            return None, 0
        if token in self._currencies:
            return self._currencies[token]
        contract = Token(self._rpc_url, token)
        try:
            named = str(contract.read("symbol", gas=_TOKEN_GAS))
            symbol = "".join(sign for sign in named if sign.isalnum())
            said = symbol[:16] or None, int(contract.read("decimals", gas=_TOKEN_GAS))
        except ChainError:
            return None, 0
        self._currencies[token] = said
        return said
