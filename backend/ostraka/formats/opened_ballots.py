"""Write opened ballots as CSV, from the record that the gateway shows.

Source: RFC 4180; docs/protocol.md §19.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

from ostraka.formats.results import harmless


def opened_csv(record: Mapping[str, Any]) -> str:
    """Write one line for each ballot, sorted, and one column for each option.

    Lines have no names and no numbers: their order says nothing about voters.
    """
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow([harmless(option) for option in record["options"]])
    for group in record["ballots"]:
        lines.writerows([group["slots"]] * group["count"])
    return written.getvalue()
