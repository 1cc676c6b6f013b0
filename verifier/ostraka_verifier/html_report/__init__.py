"""The report of an audit that anybody can read: one HTML file, and the same facts as JSON.

Source: docs/protocol.md §13; docs/decisions/0088-report.md.
"""

from ostraka_verifier.html_report.facts import Facts, Run, facts_of, without
from ostraka_verifier.html_report.formats import duration, public_url
from ostraka_verifier.html_report.page import render
from ostraka_verifier.html_report.references import References, read_references
from ostraka_verifier.html_report.report_json import report_json

__all__ = [
    "Facts",
    "References",
    "Run",
    "duration",
    "facts_of",
    "public_url",
    "read_references",
    "render",
    "report_json",
    "without",
]
