"""Paths of requests, as middleware has to recognize them before the framework chooses a route."""

import re


def routed(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of paths so that it matches whatever the framework routes alike.

    Its routes end in `$`, which allows a line break at the end, and parts of them may have line
    breaks. Middleware that takes such a path for another one would be passed by.
    """
    return re.compile(rf"(?:{pattern})\n?", re.DOTALL)
