"""Sections about the audit itself: checks, assumptions, signatures, references, repetition."""

import shlex

from ostraka_verifier.checks import Finding, Verdict
from ostraka_verifier.checks.opened import ONLY_SUMMED
from ostraka_verifier.checks.round import PLAIN_POLL
from ostraka_verifier.html_report.explanations import EXPLANATIONS, GLOSSARY, GROUPS
from ostraka_verifier.html_report.facts import CommitteeFacts, Facts, PollFacts
from ostraka_verifier.html_report.formats import grouped, utc, with_dates
from ostraka_verifier.html_report.markup import Content, Markup, element, joined, stranger
from ostraka_verifier.html_report.parts import (
    VERDICT_CLASSES,
    VERDICT_WORDS,
    Hashes,
    Section,
    definitions,
    listed,
    section,
    table,
)
from ostraka_verifier.report import condensed
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted

_TIMED = frozenset({"B5", "C4", "R3", "T4"})
"""Checks whose details name moments in Unix seconds."""


def not_checked(facts: Facts, hashes: Hashes) -> Section:
    """Return the section on everything that the verdict does not show."""
    unmade = [
        alike for alike in condensed(facts.findings) if alike[0].verdict is Verdict.NOT_CHECKED
    ]
    electorate = (
        facts.poll.participation.electorate if facts.poll and facts.poll.participation else ""
    )
    return section(
        "not-checked",
        "What was not checked, or is only assumed",
        element("h3", "Who is allowed to vote"),
        element(
            "p",
            hashes.linked(electorate, "source of the list of voters")
            or "The list of voters could not be read.",
            " Whether these are the people who should have a vote is a question that no program can"
            " answer.",
        ),
        element("h3", "Assumptions"),
        listed(hashes.linked(f"It is assumed that {one}.", "address") for one in facts.assumptions)
        if facts.assumptions
        else element("p", "No check that holds depends on an assumption."),
        element("h3", "Checks that could not be made"),
        listed(_unmade(alike, hashes) for alike in unmade) if unmade else element("p", "None."),
        element("h3", "What no audit of this kind can show"),
        listed(_limits(facts)),
        element("h3", "What the report relies on"),
        element(
            "p",
            "Everything from the blockchain was read through ",
            element("code", facts.run.rpc),
            ". A false answer of this server could make a false result look correct. Use a server"
            " that you trust, or repeat the audit through several. The published file of the poll"
            " needs no trust.",
        ),
    )


def checked(facts: Facts, hashes: Hashes) -> Section:
    """Return the section with every check."""
    groups = [
        (group.title, [one for one in facts.findings if one.check.startswith(group.initial)])
        for group in GROUPS
    ]
    return section(
        "checked",
        "What was checked",
        element(
            "p",
            f"{counted(len(facts.findings), 'check', 'checks')}, each with its verdict. The numbers"
            " are those of the protocol’s document.",
        ),
        [
            joined(
                element("h3", title),
                element("ul", [_check(one, hashes) for one in found], class_="checks", role="list"),
            )
            for title, found in groups
            if found
        ],
    )


def signed(committee: CommitteeFacts, hashes: Hashes) -> Section:
    """Return the section on the nodes and what each signed."""
    total = len(committee.nodes)
    rows: list[list[Content]] = [
        [
            f"Node {node.number}",
            element("code", stranger(node.url)),
            hashes.short(node.address, f"address of node {node.number}"),
            "✓ signed" if node.signed_root else "no signature",
            "✓ published" if node.published_sum else "none",
        ]
        for node in committee.nodes
    ]
    return section(
        "signed",
        "Who counted and signed",
        element(
            "p",
            f"{counted(total, 'node', 'nodes')} counted together. Any {committee.threshold} of them"
            " that pool their data could open single votes; fewer learn nothing."
            f" {committee.quorum} signatures fix the list of counted ballots."
            f" The count works although up to {counted(committee.faults, 'node', 'nodes')} may fail"
            " or lie.",
        ),
        table(
            "Nodes and their signatures",
            (
                "Node",
                "Server",
                "Address of its key",
                "List of ballots",
                "Sum of its shares",
            ),
            rows,
        ),
    )


def recorded(facts: Facts, poll: PollFacts, hashes: Hashes) -> Section:
    """Return the section on times, addresses and transactions."""
    references = facts.references
    rows: list[list[Content]] = [
        [
            one.step,
            grouped(one.block),
            "unknown" if one.at is None else utc(one.at),
            hashes.short(one.hash, f"transaction: {one.step[0].lower()}{one.step[1:]}"),
        ]
        for one in references.transactions
    ]
    read_at = grouped(facts.block) if facts.block is not None else None
    if read_at and references.block_time is not None:
        read_at += f", of {utc(references.block_time)}"
    root = hashes.short(poll.root, "root of the counted ballots") if poll.root else None
    return section(
        "recorded",
        "Where it is recorded",
        definitions(
            [
                ("Blockchain", f"number {poll.chain_id}"),
                ("Contract (registry)", hashes.short(poll.registry, "registry")),
                ("Poll", grouped(poll.poll_id)),
                ("Fingerprint of the poll", hashes.short(poll.context, "context of the poll")),
                ("Created by", hashes.short(poll.creator, "account that created the poll")),
                ("Root of the counted ballots", root),
                ("Voting opened", _moment(poll.opens_at)),
                ("Voting closed", _moment(poll.closes_at)),
                ("List of ballots recorded", _moment(poll.anchored_at)),
                ("Time for objections ended", _moment(poll.window_ends_at)),
                ("Result accepted", _moment(poll.tallied_at)),
                ("Read at block", read_at),
            ]
        ),
        table("Transactions", ("Step", "Block", "Time", "Transaction"), rows)
        if rows
        else element("p", "The server for chain data showed no transactions of the poll."),
    )


def repeated(facts: Facts, hashes: Hashes) -> Section:
    """Return the section on how to repeat the audit."""
    board = facts.board
    return section(
        "repeat",
        "Repeat this audit",
        element(
            "p",
            "Anyone can repeat it, on any computer, without an account. Install the package"
            " ostraka-verifier and run:",
        ),
        element("pre", element("code", shlex.join(facts.run.command)), tabindex=0),
        element(
            "p",
            "Where the command has “…”, put your own address of a server for chain data."
            " A later run reads a later block; a finished poll gives the same verdict.",
        ),
        definitions(
            [
                ("Program", f"ostraka-verify {facts.run.version}"),
                ("Engine for the arithmetic", facts.run.engine),
                ("Published file of the poll", stranger(facts.run.board)),
                ("Its size", f"{grouped(board.size_bytes)} bytes" if board else None),
                (
                    "Its SHA-256",
                    hashes.short(f"0x{board.sha256.hex()}", "SHA-256 of the board")
                    if board
                    else None,
                ),
                ("Report made", utc(facts.run.made_at)),
            ]
        ),
    )


def glossary() -> Section:
    """Return the section that explains five terms."""
    return section("glossary", "Five terms", definitions(GLOSSARY))


def all_hashes(hashes: Hashes) -> Section:
    """Return the section with everything that the others shorten."""
    return section("hashes", "Hashes and addresses in full", hashes.table())


def _check(finding: Finding, hashes: Hashes) -> Markup:
    explained = EXPLANATIONS[finding.check]
    verdict = finding.verdict
    detail = ": ".join(part for part in (finding.item, finding.detail) if part)
    if finding.check in _TIMED:
        detail = with_dates(detail)
    if finding.detail in (PLAIN_POLL, ONLY_SUMMED) and finding.check != "D1":
        word, look = "– does not apply", None
    else:
        word, look = VERDICT_WORDS[verdict], VERDICT_CLASSES[verdict]
    if finding.assumes:
        word, look = "~ assumed", "open"
    return element(
        "li",
        element("h4", f"{finding.check}. {explained.question}", id=f"check-{finding.check}"),
        element(
            "p",
            element("span", word, class_=f"mark {look}" if look else "mark"),
            joined(" – ", hashes.linked(detail, f"named by check {finding.check}"))
            if detail
            else None,
        ),
        element("p", explained.meaning) if verdict is not Verdict.FAILS else None,
        element(
            "p",
            "This means: " if verdict is Verdict.FAILS else "If it failed: ",
            explained.failure,
            class_=None if verdict is Verdict.FAILS else "quiet",
        ),
        element("p", hashes.linked(f"Assumed: {finding.assumes}.", "address"))
        if finding.assumes
        else None,
    )


def _unmade(alike: list[Finding], hashes: Hashes) -> Markup:
    first, last = alike[0], alike[-1]
    numbers = first.check if first is last else f"{first.check} to {last.check}"
    return hashes.linked(f"{numbers}: {first.detail or 'no reason is known'}.", "named by a check")


def _limits(facts: Facts) -> list[str]:
    committee = facts.poll.committee if facts.poll else None
    if committee is None:
        return list(facts.limits)
    named = f"fewer than {committee.threshold} nodes"
    return [limit.replace("fewer than t nodes", named) for limit in facts.limits]


def _moment(at: UnixSeconds | None) -> str | None:
    return None if at is None else utc(at)
