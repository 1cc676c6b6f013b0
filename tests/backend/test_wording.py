"""Names of fields that are nearly known, and failures of servers and files, in plain words."""

from pathlib import Path

import httpx
import pytest

from ostraka.wire.wording import close_to, of_file
from ostraka_verifier.rpc import no_answer


def test_errors_of_servers_and_files_name_none_of_our_tools() -> None:
    assert no_answer(httpx.ConnectError("x")) == "no connection"
    assert no_answer(httpx.ReadTimeout("x")) == "no answer in time"
    assert no_answer(httpx.RemoteProtocolError("x")) == "the connection was lost"
    with pytest.raises(OSError) as raised:
        Path("/nowhere/at/all").read_text()
    assert of_file(raised.value) == "/nowhere/at/all: No such file or directory"


def test_misspelt_names_get_a_suggestion() -> None:
    known = ("accounts_file", "max_length")
    assert close_to("account_file", known) == "accounts_file"
    assert close_to("Max-Length", known) == "max_length"
    assert close_to("max_length", known) == close_to("colour", known) == ""
