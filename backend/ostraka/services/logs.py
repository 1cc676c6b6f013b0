"""Structured logs on standard error: JSON, one object in a line, or text for people.

The `repr` of an object never shows its secrets, so that no log can contain one by accident. Call
stacks are shown without the values of variables. What is logged: docs/operations.md, "Logs".
"""

import logging
import sys
from collections import Counter
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "json", "console"]

counts: Counter[str] = Counter()
"""Lines logged since the start, by level in lower case; for the metrics."""


def configure(level: str = "INFO", log_format: LogFormat = "auto") -> None:
    """Log messages of `level` and above to standard error, those of libraries too.

    Args:
        log_format: "auto" is text on a terminal, and JSON elsewhere.
    """
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    known: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _count,
    ]
    shown = _for_people() if for_people else _for_programs()
    structlog.configure(
        processors=[*known, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*known, _name_library],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries' messages about single requests may contain URLs, and these the providers' keys.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # The server warns of each malformed request: anybody could fill the disk with lines.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def _for_programs() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _for_people() -> list[Processor]:
    # Without variables: the library's own choice would show the secrets in them.
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _count(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    counts[event["level"]] += 1
    return event


def _name_library(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event
