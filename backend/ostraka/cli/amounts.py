"""Amounts of money in commands: in units of the coin or token, with its symbol."""

from collections.abc import Mapping
from typing import Any

import typer

from ostraka.cli.output import printable
from ostraka.gateway_client.gateway import Gateway
from ostraka.planning.money import Currency, symbol_of
from ostraka.wire.addresses import read_address

AMOUNT_HELP = (
    'Amount in units of the coin or token: "600.5 PLN" or 600.5. "60050 base units" counts in the '
    "smallest unit."
)
_MAX_DECIMALS = 30


def amount_text(text: str) -> str:
    """Parse an argument as an amount of a currency that is not known yet."""
    # An amount with another symbol is an amount all the same.
    typed_units(text, Currency(symbol_of(text) or "ETH", _MAX_DECIMALS), "AMOUNT")
    return text


def currency_of(to: Gateway, token: str | None) -> Currency:
    """Return a token's currency, or the chain's coin for None; unknown for what is no address."""
    if token is None:
        return stated_currency(to.get("/config")["coin"])
    try:
        read_address(token)
    except ValueError:
        return Currency(None, 0)
    return stated_currency(to.get(f"/tokens/{token}"))


def stated_currency(stated: Mapping[str, Any]) -> Currency:
    """Return the currency that a gateway's answer states in `symbol` and `decimals`."""
    symbol = stated["symbol"]
    return Currency(symbol and printable(symbol), int(stated["decimals"]))


def round_currency(to: Gateway, number: int) -> Currency:
    """Return the currency of a round."""
    return stated_currency(to.get(f"/rounds/{number}"))


def typed_units(text: str, currency: Currency, hint: str) -> int:
    """Return a typed amount in the smallest unit; BadParameter if it is invalid."""
    try:
        return currency.units(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


def with_currency(answer: Mapping[str, Any], currency: Currency) -> dict[str, Any]:
    """Return an answer for programs, with the unit of its exact amounts."""
    return {**answer, "symbol": currency.symbol, "decimals": currency.decimals}
