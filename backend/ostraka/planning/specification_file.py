"""Read the specification of a round or a poll from a TOML or JSON file.

Members are those of `planning.specification`. In addition, a time may be a TOML date with a zone or
a duration from now (`"+3d"`, `"+2h30m"`), and a number of seconds may be a duration (`"90d"`). An
electorate may name a CSV file in `accounts_file` or `invitations_file`, relative to this file.
Amounts of a round's money are in units of its coin or token (`"600.5 PLN"`, `"600.5"`, `600`) or in
`"60050 base units"`.
A file whose name ends in `.json` is JSON, as the web client saves it and the gateway takes it; in
it, an integer alone counts in the smallest unit.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ostraka.planning.account_file import WrongLines, read_accounts, read_invitations
from ostraka.planning.money import COIN_DECIMALS, Currency, symbol_of
from ostraka.planning.specification import (
    AccountList,
    Invitations,
    PollSpecification,
    RoundSpecification,
    Times,
)
from ostraka.wire.wording import close_to, place_of, reason_of
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.units import Seconds, UnixSeconds, later

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[wdhms])+")
_SECONDS = {"claim_period", "payout_delay", "objection_time", *Times.model_fields} - {"max_rounds"}
_AMOUNTS = ("budget", "minimum_amount", "maximum_amount")
_ELECTORATES = ("members", "voters")
_Wanted = TypeVar("_Wanted", RoundSpecification, PollSpecification)


CurrencyOf = Callable[[str | None], Currency]
"""Returns a token's currency, or the chain's coin for None."""


def read_specification(
    path: Path,
    kind: type[_Wanted],
    now_unix_s: UnixSeconds,
    currency_of: CurrencyOf | None = None,
) -> dict[str, Any]:
    """Return a file's specification, in the form that the gateway takes.

    Args:
        now_unix_s: Chain time, the start of durations.
        currency_of: Asked for the unit of a round's amounts. Without it, they count with the
            decimals of coins, whatever the symbol: enough to compare them with one another.

    Raises:
        WrongLines: The file is invalid; names every problem with its line or member.
        OSError: A file cannot be read.
    """
    is_json = path.suffix.lower() == ".json"
    content = _content(path, is_json)
    problems: list[str] = []
    for electorate in _ELECTORATES:
        try:
            _take_files(path, content, electorate)
        except WrongLines as error:
            problems += error.problems
    wrong = dict(_convert(content, now_unix_s))
    if kind is RoundSpecification:
        currency, wrong_amounts = _take_amounts(content, currency_of, is_json)
        wrong |= wrong_amounts
    try:
        wanted = kind.model_validate(content)
        if isinstance(wanted, RoundSpecification):
            wanted.check_amounts(currency.written if currency_of else currency.number)
    except Rejected as error:
        wrong[error.item] = error.reason
    except ValidationError as error:
        for one in error.errors():
            # A value that could not be converted is reported only once.
            wrong.setdefault(place_of(one["loc"]), reason_of(one))
    problems += [
        f"{path}: {name}: {reason}" if name else f"{path}: {reason}"
        for name, reason in wrong.items()
    ]
    if problems:
        raise WrongLines(problems)
    return content


def _content(path: Path, is_json: bool) -> dict[str, Any]:
    """Return the content of a TOML or JSON file, without the byte order mark of some editors."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = parse_json(text.encode(), str(path)) if is_json else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise WrongLines([f"{path}: not UTF-8"]) from error
    except Malformed as error:
        raise WrongLines([str(error)]) from error
    except tomllib.TOMLDecodeError as error:
        raise WrongLines([f"{path}: not TOML: {error}"]) from error
    except RecursionError as error:
        raise WrongLines([f"{path}: not TOML: nested too deeply"]) from error
    except ValueError as error:
        # Python's integer parser refuses it with a plain ValueError.
        raise WrongLines([f"{path}: not TOML: a number has too many digits"]) from error
    if not isinstance(content, dict):
        raise WrongLines([f"{path}: not an object"])
    return content


def duration_s(text: str) -> Seconds:
    """Return the seconds of a duration such as `3d` or `2h30m`; ValueError if it is invalid."""
    if not _DURATION.fullmatch(text):
        raise ValueError("expected a duration such as 3d or 2h30m")
    parts = re.findall(r"(\d+)([wdhms])", text)
    return Seconds(sum(int(number) * _UNITS[unit] for number, unit in parts))


_FILES: tuple[tuple[str, str, type[BaseModel], Callable[[Path], list[dict[str, Any]]]], ...] = (
    ("accounts", "list", AccountList, read_accounts),
    ("invitations", "invitations", Invitations, read_invitations),
)
"""Members that a CSV file may list, and the kind of electorate that results."""


def _take_files(path: Path, content: dict[str, Any], electorate: str) -> None:
    """Replace names of CSV files by the entries that the files list."""
    given = content.get(electorate)
    if not isinstance(given, dict):
        return
    for member, kind, model, read in _FILES:
        naming = f"{member}_file"
        for name in given:
            if close_to(name, (*model.model_fields, naming)) == naming:
                given.setdefault("kind", kind)
                del given[name]
                raise WrongLines([f"{path}: {electorate}.{name}: unknown; did you mean {naming}"])
        if naming not in given:
            continue
        name = given.pop(naming)
        if not isinstance(name, str) or member in given:
            problem = f"expected the name of one file, instead of {member}"
            raise WrongLines([f"{path}: {electorate}.{naming}: {problem}"])
        given.setdefault("kind", kind)
        given[member] = []
        try:
            given[member] = read(path.parent / name)
        except (OSError, ValueError) as error:
            if isinstance(error, WrongLines):
                raise
            reason = error.strerror if isinstance(error, OSError) else "this is not a file name"
            raise WrongLines([f"{path}: {electorate}.{naming}: {name}: {reason}"]) from error


def _take_amounts(
    content: dict[str, Any], currency_of: CurrencyOf | None, is_json: bool
) -> tuple[Currency, dict[str, str]]:
    """Replace written amounts by those in the smallest unit.

    Returns:
        The currency of the round, and why amounts are invalid, by their names.
    """
    outcome = content.get("outcome")
    budgets = outcome.get("budgets") if isinstance(outcome, dict) else None
    places: list[tuple[str, Any, Any]] = [
        (name, content, name) for name in _AMOUNTS if name in content
    ]
    if isinstance(budgets, list):
        places += [(f"outcome.budgets[{at}]", budgets, at) for at in range(len(budgets))]
    if isinstance(outcome, dict) and "increment" in outcome:
        places.append(("outcome.increment", outcome, "increment"))
    if currency_of is None:
        named = (symbol_of(holder[at]) for _, holder, at in places)
        currency = Currency(next(filter(None, named), "ETH"), COIN_DECIMALS)
    else:
        token = content.get("token")
        currency = currency_of(token if isinstance(token, str) else None)
    wrong = {}
    for name, holder, at in places:
        value = holder[at]
        if isinstance(value, float):
            wrong[name] = f'write it in quotes: "{value}"'
        exact = is_json and str(value).isdigit()
        if isinstance(value, bool) or not isinstance(value, int | str) or exact:
            continue
        try:
            holder[at] = str(currency.units(str(value)))
        except ValueError as error:
            wrong[name] = str(error)
    return currency, wrong


def _convert(content: dict[str, Any], now_unix_s: UnixSeconds) -> Iterator[tuple[str, str]]:
    """Replace dates and durations by plain numbers; yield those that are invalid."""
    tables = [("", content), *((f"{name}.", content.get(name)) for name in ("times", "outcome"))]
    outcomes = content.get("outcomes")
    if isinstance(outcomes, list):
        tables += [(f"outcomes[{at}].", outcome) for at, outcome in enumerate(outcomes)]
    for prefix, table in tables:
        if not isinstance(table, dict):
            continue
        for name, value in table.items():
            try:
                if name in _SECONDS and isinstance(value, str):
                    table[name] = duration_s(value)
                elif name.endswith("_at"):
                    table[name] = _time(value, now_unix_s)
            except ValueError as error:
                yield prefix + name, str(error)


def _time(value: object, now_unix_s: UnixSeconds) -> object:
    if isinstance(value, str) and value.startswith("+"):
        return later(now_unix_s, duration_s(value[1:]))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.timestamp())
    if isinstance(value, date | time):
        raise ValueError("a time needs a date, an hour and a zone: 2026-12-01T08:00:00+01:00")
    return value
