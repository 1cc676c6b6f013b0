"""The report as one HTML file: no script, no request, readable from a disk and on paper.

Source: docs/decisions/0088-report.md; Content Security Policy Level 3; WCAG 2.2.
"""

import base64
import hashlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib.resources import files

from ostraka_verifier.checks import Finding, Verdict
from ostraka_verifier.html_report.explanations import EXPLANATIONS
from ostraka_verifier.html_report.facts import Facts, PollFacts
from ostraka_verifier.html_report.formats import grouped, percent, utc
from ostraka_verifier.html_report.markup import Content, Markup, element, joined, readable, stranger
from ostraka_verifier.html_report.opened import opened_section
from ostraka_verifier.html_report.parts import Hashes, Section, definitions, listed, names
from ostraka_verifier.html_report.results import decided, money_section, took_part
from ostraka_verifier.html_report.sections import (
    all_hashes,
    checked,
    glossary,
    not_checked,
    recorded,
    repeated,
    signed,
)
from ostraka_verifier.html_report.summary import tone, verdict_sentence

_MAX_TITLE = 120
_MAX_DECISIONS, _MAX_NAMES = 5, 12
"""Of the opening; the section on the decision has them all."""
_FOR_TESTS = (
    "The contract is set up for tests: it allows times for objections of less than an hour, which"
    " is too short for a real vote."
)


def render(facts: Facts) -> str:
    """Return the whole file."""
    hashes = Hashes()
    poll = facts.poll
    sections = list[Section]()
    if poll is not None:
        sections.append(decided(facts, poll))
        if poll.participation is not None:
            sections.append(took_part(poll.participation))
        if poll.opened is not None:
            sections.append(opened_section(poll.opened, hashes))
        if poll.money is not None:
            sections.append(money_section(poll.money, hashes))
    sections += [not_checked(facts, hashes), checked(facts, hashes)]
    if poll is not None:
        if poll.committee is not None:
            sections.append(signed(poll.committee, hashes))
        sections.append(recorded(facts, poll, hashes))
    # The last one lists what all others shortened.
    sections += [repeated(facts, hashes), glossary()]
    sections.append(all_hashes(hashes))
    contents = listed(element("a", one.title, href=f"#{one.name}") for one in sections)
    body = element(
        "body",
        element("header", _opening(facts, hashes), element("nav", contents, aria_label="Contents")),
        element("main", [one.markup for one in sections]),
        element(
            "footer",
            element(
                "p",
                f"Made on {utc(facts.run.made_at)} by ostraka-verify {facts.run.version}, a program"
                " that reads only the blockchain and the published file of the poll.",
            ),
        ),
    )
    return f"<!doctype html>\n{element('html', _head(facts), body, lang='en').html}\n"


def _head(facts: Facts) -> Markup:
    title = readable(facts.title)[:_MAX_TITLE]
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"Audit report: {title}"),
        # CSS contains no markup, and its policy names its hash: it must not be escaped.
        Markup(f"<style>{_style()}</style>"),
    )


def _opening(facts: Facts, hashes: Hashes) -> Markup:
    poll = facts.poll
    participation = poll.participation if poll else None
    turnout: Content = None
    if participation and participation.ballots is not None and participation.voters:
        share = percent(Fraction(participation.ballots, participation.voters))
        voters = grouped(participation.voters)
        turnout = f"{grouped(participation.ballots)} ballots of {voters} voters, {share}"
    voting: Content = None
    if poll and poll.opens_at is not None and poll.closes_at is not None:
        voting = f"{utc(poll.opens_at)} to {utc(poll.closes_at)}"
    failed = [one for one in facts.findings if one.verdict is Verdict.FAILS]
    assumed = facts.assumptions if tone(facts) == "good" else ()
    return joined(
        element("p", "Audit report", class_="kind"),
        element("h1", stranger(facts.title)),
        element(
            "div",
            element("p", verdict_sentence(facts), class_="sentence"),
            listed(hashes.linked(f"It is assumed that {one}.", "address") for one in assumed)
            if assumed
            else None,
            listed(_failed(one) for one in failed) if failed else None,
            class_=f"verdict {tone(facts)}",
        ),
        element("p", _FOR_TESTS, class_="open mark") if poll and poll.for_tests else None,
        definitions(
            [
                *(_result(poll) if poll and tone(facts) == "good" else ()),
                ("Turnout", turnout),
                ("Voting", voting),
                (
                    "Read",
                    None if facts.block is None else f"at block {grouped(facts.block)}",
                ),
                ("Report made", utc(facts.run.made_at)),
            ]
        ),
    )


def _result(poll: PollFacts) -> Iterator[tuple[str, Content]]:
    """Yield what was decided and spent, for readers who read no further."""
    if poll.lost_reason is not None:
        yield "Decided", f"nothing: {poll.lost_reason}"
        return
    made = [one for one in poll.decisions if one.outcome]
    if len(made) <= _MAX_DECISIONS:
        for decision in made:
            left_out = len(decision.chosen) - _MAX_NAMES
            named = names(decision.chosen[:_MAX_NAMES]) if decision.chosen else None
            more = f" and {grouped(left_out)} more" if left_out > 0 else None
            yield "Decided", joined(decision.outcome, " " if named else None, named, more)
    if poll.money is not None and made:
        money = poll.money
        share = percent(Fraction(money.committed, money.budget)) if money.budget else "–"
        spent = f"{money.shown(money.committed)} of {money.shown(money.budget)}, {share}"
        yield "Spent", spent
        yield "Left", money.shown(money.left)


def _failed(finding: Finding) -> Markup:
    question = EXPLANATIONS[finding.check].question
    link = element("a", f"{finding.check}. {question}", href=f"#check-{finding.check}")
    return joined(link, " – this check failed")


@cache
def _style() -> str:
    return files("ostraka_verifier.html_report").joinpath("style.css").read_text("utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
