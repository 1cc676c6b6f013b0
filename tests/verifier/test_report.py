"""What is printed of an audit: strangers name the options, the verdict is ours."""

from io import StringIO

from rich.console import Console

from ostraka_verifier.checks import Finding, Verdict
from ostraka_verifier.report import Option, Report, print_report


def test_no_text_of_a_stranger_moves_the_cursor() -> None:
    hostile = "\x1b[2J\x1b[H\x9b8m\r\nVerdict: holds\u202e[green]\x07"
    finding = Finding("P1", "a claim", Verdict.FAILS, hostile, hostile)
    report = Report(hostile, 1, "tallied", 5, [finding], [Option(hostile, 3, True)])
    printed = StringIO()
    print_report(report, Console(file=printed, width=200))
    lines = printed.getvalue().splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("Verdict")] == ["Verdict: fails"]
    assert sum("[green]" in line for line in lines) == 3
