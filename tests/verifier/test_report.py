"""What is printed of an audit: strangers name the options, the verdict is ours."""

from io import StringIO

from rich.console import Console

from ostraka_verifier.checks import Finding, Verdict
from ostraka_verifier.report import Option, Report, print_report


def test_checks_that_one_reason_prevented_take_one_line() -> None:
    holds, unmade = Verdict.HOLDS, Verdict.NOT_CHECKED
    findings = [
        Finding("P1", "the first", holds, "", ""),
        Finding("P2", "the second", holds, "", ""),
        Finding("P3", "the third", unmade, "", "needs the chain"),
        Finding("P4", "the fourth", unmade, "", "needs the chain"),
        Finding("P5", "the fifth", unmade, "", "needs the chain"),
        Finding("P6", "the sixth", unmade, "", "needs P1"),
    ]
    printed = StringIO()
    report = Report("a poll", None, "unknown", None, findings, [])
    print_report(report, Console(file=printed, width=200))
    lines = [line.split() for line in printed.getvalue().splitlines()]
    rows = [" ".join(word for word in line if word != "│") for line in lines if "│" in line]
    assert rows == [
        "P1 the first holds",
        "P2 the second holds",
        "P3 to P5 3 checks not checked needs the chain",
        "P6 the sixth not checked needs P1",
    ]
    # Programs get each.
    assert len(report.to_json()["checks"]) == len(findings)


def test_a_check_that_only_assumes_is_not_said_to_hold() -> None:
    found = Finding("C4", "a claim", Verdict.HOLDS, "", "5 voters", "the list is correct")
    printed = StringIO()
    print_report(Report("a poll", 1, "tallied", 5, [found], []), Console(file=printed, width=200))
    row, *_ = [line for line in printed.getvalue().splitlines() if "C4" in line]
    assert "assumed" in row
    assert "holds" not in row
    assert "Verdict: holds, assuming the list is correct" in printed.getvalue()


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
