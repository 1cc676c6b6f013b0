"""Structured logs: one JSON object per line on standard error.

The `repr` of an object never shows its secrets, so that no log can contain one by accident.
"""

import logging
import sys

import structlog


def configure(level: str = "INFO") -> None:
    """Log messages of `level` and above to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
