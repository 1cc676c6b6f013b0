"""Logs are JSON unless a person reads them; those of libraries too, and without secrets."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, structlog
from ostraka.services import logs
logs.configure(*sys.argv[1:])
structlog.get_logger().info("own", poll=7)
logging.getLogger("sqlalchemy.pool").warning("of a library, %s", "formatted")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
logging.getLogger("urllib3.connectionpool").warning("https://provider.example/v3/KEY")
logging.getLogger("httpx").info("GET https://node.example/")
def fails(passphrase):
    raise ValueError("wrong")
try:
    fails(" ".join(["correct", "horse"]))
except ValueError:
    structlog.get_logger().exception("own failure")
    logging.getLogger("uvicorn.error").exception("failure in a library")
"""


def logged(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, check=True, text=True
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("chosen", ["auto", "json"])
def test_every_line_is_json(chosen: str) -> None:
    lines = [json.loads(line) for line in logged("INFO", chosen).splitlines()]
    assert [line["event"] for line in lines] == [
        "own",
        "of a library, formatted",
        "own failure",
        "failure in a library",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert lines[0]["poll"] == 7
    assert lines[1]["logger"] == "sqlalchemy.pool"
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert all("ValueError: wrong" in line["exception"] for line in lines[2:])


def test_malformed_requests_write_no_lines() -> None:
    """Anybody can send them, and would fill the disk."""
    assert "Invalid HTTP" not in logged("DEBUG", "json")


@pytest.mark.parametrize("chosen", ["json", "console"])
def test_call_stacks_show_no_values_and_no_url_of_a_provider(chosen: str) -> None:
    shown = logged("DEBUG", chosen)
    assert "ValueError: wrong" in shown
    assert "correct horse" not in shown
    assert "KEY" not in shown


def test_the_level_counts_for_libraries_too() -> None:
    lines = [json.loads(line) for line in logged("ERROR", "json").splitlines()]
    assert {line["level"] for line in lines} == {"error"}
