"""Structured logs: one JSON object a line on standard error.

What holds a secret shows none in its `repr`, so that no log can carry one by accident.
"""

import logging
import sys

import structlog


def configure(level: str = "INFO") -> None:
    """Log to standard error from `level` on."""
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
