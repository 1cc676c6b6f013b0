"""The verdict of a report in one sentence, for readers who read no further.

Source: docs/protocol.md §13, §4.5.
"""

from ostraka_verifier.checks import Verdict
from ostraka_verifier.html_report.facts import Facts
from ostraka_verifier.wording import counted

STATES = {
    "created": "the poll is not open yet",
    "open": "voting is still open",
    "closed": "voting is over, and the nodes are agreeing on the list of ballots",
    "anchored": "the list of ballots is fixed, and there is still time to object",
    "releasable": "the nodes have not published the result yet",
}
"""Of a poll without a result that may still get one."""


def verdict_sentence(facts: Facts) -> str:
    """Return the verdict on the whole poll."""
    total = len(facts.findings)
    failed = sum(one.verdict is Verdict.FAILS for one in facts.findings)
    unmade = sum(one.verdict is Verdict.NOT_CHECKED for one in facts.findings)
    if failed:
        return (
            f"Do not rely on this result: {failed} of {counted(total, 'check', 'checks')} failed."
        )
    if facts.poll is None:
        return "Nothing could be checked, so this report confirms nothing."
    if facts.poll.void_reason is not None:
        return f"The poll ended without a result: {facts.poll.void_reason}."
    if facts.status in STATES:
        return f"There is no result yet: {STATES[facts.status]}."
    if unmade:
        return (
            f"This report does not confirm the result: {unmade} of"
            f" {counted(total, 'check', 'checks')} could not be made."
        )
    if facts.poll.lost_reason is not None:
        return f"The ballots were counted, but nothing is decided: {facts.poll.lost_reason}."
    if facts.assumptions:
        assumed = counted(len(facts.assumptions), "assumption", "assumptions")
        return f"The result is the correct count of the ballots, under {assumed}."
    return "The result is the correct count of the ballots."


def tone(facts: Facts) -> str:
    """Return "good", "bad" or "open", for the look of the verdict."""
    return {Verdict.HOLDS: "good", Verdict.FAILS: "bad", Verdict.NOT_CHECKED: "open"}[facts.verdict]
