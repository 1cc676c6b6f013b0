"""What a report states of opened ballots: how many, how alike, and the most frequent ones.

Source: docs/protocol.md §19.10, §19.11.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier.checks import Audit, Finding, Verdict
from ostraka_verifier.checks.opened import opened_votes
from ostraka_verifier.html_report.formats import grouped
from ostraka_verifier.html_report.markup import element, stranger
from ostraka_verifier.html_report.parts import Hashes, Section, definitions, section, table
from ostraka_verifier.html_report.references import answer_or_none
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import ballots_hash

MOST_SHOWN = 25
"""Different ballots that a report lists, at most."""
_NEEDED = ("A1", "A3", "A5")
"""Checks by which the published ballots are those that were cast."""


@dataclass(frozen=True)
class OpenedFacts:
    """Opened ballots, which are those that were cast.

    Attributes:
        ballots: Their number.
        different: Number of different ones.
        alone: How many are like no other.
        digest: Hash of all of them in any order, 32 bytes.
        frequent: The most frequent ones in words with their numbers, those of equal numbers in
            the order of their slots.
    """

    ballots: int
    different: int
    alone: int
    digest: bytes
    frequent: tuple[tuple[str, int], ...]


def opened_facts(audit: Audit, findings: Sequence[Finding]) -> OpenedFacts | None:
    """Return what was opened; None if nothing was, or it is not what was cast."""
    held = {one.check for one in findings if one.verdict is Verdict.HOLDS}
    votes = answer_or_none(lambda: opened_votes(audit)) if held.issuperset(_NEEDED) else None
    description = answer_or_none(lambda: audit.description)
    if votes is None or description is None:
        return None
    counts = Counter(votes)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], *(-vote for vote in item[0])))
    return OpenedFacts(
        ballots=len(votes),
        different=len(counts),
        alone=sum(number == 1 for number in counts.values()),
        digest=ballots_hash([Share(one, 0) for one in votes]),
        frequent=tuple(
            (_in_words(one, description.options), number) for one, number in ordered[:MOST_SHOWN]
        ),
    )


def opened_section(facts: OpenedFacts, hashes: Hashes) -> Section:
    """Return the section on opened ballots."""
    left = facts.different - len(facts.frequent)
    return section(
        "opened",
        "The opened ballots",
        element(
            "p",
            "Nodes shuffled the sealed ballots and then opened them, so that their order shows"
            " nothing about voters. They are the ballots that were cast.",
        ),
        definitions(
            [
                ("Opened ballots", grouped(facts.ballots)),
                ("Different ballots", grouped(facts.different)),
                ("Ballots like no other", grouped(facts.alone)),
                ("Fingerprint of all ballots", hashes.short(facts.digest, "hash of the ballots")),
            ]
        ),
        table(
            "Most frequent ballots",
            ("Ballot", "Number"),
            [(stranger(words), grouped(number)) for words, number in facts.frequent],
            numbers=1,
        ),
        element("p", f"{grouped(left)} other different ballots are not listed.") if left else None,
    )


def _in_words(votes: Sequence[int], options: Sequence[str]) -> str:
    given = [(option, vote) for option, vote in zip(options, votes, strict=False) if vote]
    words = [option if vote == 1 else f"{option}: {vote}" for option, vote in given]
    return ", ".join(words) or "no option"
