"""Which exceptions concern the user, and what the user reads about them."""

from dataclasses import dataclass
from typing import Any

from ostraka.chain.errors import ChainError, Refused
from ostraka.cli.errors import REFUSED, UNREACHABLE, USAGE
from ostraka.formats.election import FileError
from ostraka.gateway_client.gateway import Unreachable
from ostraka.planning.account_file import WrongLines
from ostraka.wire.problems import Problem
from ostraka.wire.wording import of_file
from ostraka_verifier.errors import AuditError

_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True)
class Reported:
    """How a command ends.

    Attributes:
        exit_code: 1 refused, 2 wrong usage, 3 unreachable.
        line: For people; may have several lines.
        members: For programs.
    """

    exit_code: int
    line: str
    members: dict[str, Any]


def reported(error: Exception) -> Reported | None:
    """Return how a command ends with this exception; None for a bug of the program."""
    match error:
        case Problem():
            code = UNREACHABLE if error.status >= _FIRST_SERVER_ERROR else REFUSED
            return Reported(code, str(error), error.to_json())
        case FileError():
            return _plain(USAGE, str(error))
        case WrongLines():
            return Reported(USAGE, str(error), {"problems": error.problems})
        case UnicodeError():
            return _plain(REFUSED, "a name or text is not UTF-8")
        case Refused() | AuditError() | ValueError():
            return _plain(REFUSED, str(error))
        case Unreachable() | ChainError():
            return _plain(UNREACHABLE, str(error))
        case FileNotFoundError() | IsADirectoryError() | NotADirectoryError():
            return _plain(USAGE, of_file(error))
        case OSError():
            return _plain(REFUSED, of_file(error))
    return None


def _plain(code: int, line: str) -> Reported:
    return Reported(code, line, {"detail": line})
