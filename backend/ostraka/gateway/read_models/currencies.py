"""Symbols and decimals of tokens, as their contracts report them, and of the chain's own coin."""

from ostraka.chain.errors import ChainError
from ostraka.chain.treasury import Token
from ostraka.planning.money import COIN_DECIMALS

_TOKEN_GAS = 300_000
"""Gas limit of a token's answer, because anybody may ask about any contract."""


class Currencies:
    """Symbols and decimals of tokens; each contract is asked only once."""

    def __init__(self, rpc_url: str, coin_symbol: str) -> None:
        self._rpc_url = rpc_url
        self._coin_symbol = coin_symbol
        self._currencies: dict[bytes, tuple[str | None, int]] = {}

    def of(self, token: bytes) -> tuple[str | None, int]:
        """Return a token's symbol and decimals; None and 0 if its contract does not report them.

        The zero address stands for the chain's own coin, whose decimals every chain fixes at 18.
        """
        if not any(token):
            return self._coin_symbol, COIN_DECIMALS
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
