"""The report as JSON: everything that `audit --json` gives, and the facts of the HTML file.

Schema: verifier/README.md.
"""

from fractions import Fraction
from typing import Any

from ostraka_verifier.html_report.explanations import EXPLANATIONS
from ostraka_verifier.html_report.facts import (
    CommitteeFacts,
    Facts,
    OptionFacts,
    Participation,
    PollFacts,
    QuestionFacts,
)
from ostraka_verifier.html_report.formats import iso
from ostraka_verifier.html_report.money import MoneyFacts
from ostraka_verifier.html_report.opened import OpenedFacts
from ostraka_verifier.html_report.summary import verdict_sentence
from ostraka_verifier.outcome import steps_json
from ostraka_verifier.report import Report
from ostraka_verifier.units import UnixSeconds

SCHEMA = "ostraka-report/1"


def report_json(report: Report, facts: Facts) -> dict[str, Any]:
    """Return the members of `Report.to_json`, and the member "report"."""
    run, board = facts.run, facts.board
    return {
        **report.to_json(),
        "report": {
            "schema": SCHEMA,
            "summary": verdict_sentence(facts),
            "made_at": iso(run.made_at),
            "program": {"name": "ostraka-verify", "version": run.version, "engine": run.engine},
            "command": list(run.command),
            "rpc": run.rpc,
            "board": {
                "source": run.board,
                "bytes": board.size_bytes if board else None,
                "sha256": board.sha256.hex() if board else None,
            },
            "assumptions": list(facts.assumptions),
            "explanations": {
                one.check: {
                    "question": EXPLANATIONS[one.check].question,
                    "meaning": EXPLANATIONS[one.check].meaning,
                    "failure": EXPLANATIONS[one.check].failure,
                }
                for one in facts.findings
            },
            "block_time": _time(facts.references.block_time),
            "transactions": [one.to_json() for one in facts.references.transactions],
            "poll": None if facts.poll is None else _poll(facts.poll),
        },
    }


def _poll(poll: PollFacts) -> dict[str, Any]:
    return {
        "chain": str(poll.chain_id),
        "registry": _hex(poll.registry),
        "poll": str(poll.poll_id),
        "context": _hex(poll.context),
        "creator": _hex(poll.creator),
        "root": _hex(poll.root),
        "text": poll.text,
        "void_reason": poll.void_reason,
        "lost_reason": poll.lost_reason,
        "for_tests": poll.for_tests,
        "opens_at": _time(poll.opens_at),
        "closes_at": _time(poll.closes_at),
        "anchored_at": _time(poll.anchored_at),
        "window_ends_at": _time(poll.window_ends_at),
        "tallied_at": _time(poll.tallied_at),
        "participation": _participation(poll.participation),
        "questions": [_question(one) for one in poll.questions],
        "decisions": [
            {
                "rule": one.rule,
                "outcome": one.outcome,
                "chosen": list(one.chosen),
                "steps": steps_json(one.steps),
            }
            for one in poll.decisions
        ],
        "money": _money(poll.money),
        "committee": _committee(poll.committee),
        "opened": _opened(poll.opened),
    }


def _participation(found: Participation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    turnout = None
    if found.ballots is not None and found.voters:
        turnout = str(Fraction(found.ballots, found.voters))
    return {
        "voters": found.voters,
        "ballots": found.ballots,
        "turnout": turnout,
        "total_weight": str(found.total_weight),
        "cast_weight": None if found.cast_weight is None else str(found.cast_weight),
        "secret": found.secret,
        "electorate": found.electorate,
    }


def _opened(found: OpenedFacts | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "ballots": found.ballots,
        "different": found.different,
        "alone": found.alone,
        "ballots_hash": _hex(found.digest),
        "frequent": [{"ballot": words, "number": number} for words, number in found.frequent],
    }


def _question(question: QuestionFacts) -> dict[str, Any]:
    return {
        "title": question.title,
        "kind": question.kind,
        "options": [_option(one) for one in question.options],
    }


def _option(option: OptionFacts) -> dict[str, Any]:
    return {
        "name": option.name,
        "votes": None if option.votes is None else str(option.votes),
        "award": None if option.award is None else str(option.award),
        "of_ballots": None if option.of_ballots is None else str(option.of_ballots),
        "mean": None if option.mean is None else str(option.mean),
    }


def _money(money: MoneyFacts | None) -> dict[str, Any] | None:
    if money is None:
        return None
    return {
        "treasury": _hex(money.treasury),
        "round": str(money.round_id),
        "token": _hex(money.currency.token) if money.currency.token else None,
        "symbol": money.currency.symbol,
        "decimals": money.currency.decimals,
        "budget": str(money.budget),
        "deposited": str(money.deposited),
        "committed": str(money.committed),
        "paid_out": str(money.paid_out),
        "left": str(money.left),
        "categories": list(money.categories),
        "proposals": [
            {
                "title": one.title,
                "amount": str(one.amount),
                "recipient": _hex(one.recipient),
                "funded": one.funded,
                "paid": one.paid,
                "withdrawn": one.withdrawn,
                "transaction": _hex(one.transaction),
            }
            for one in money.proposals
        ],
    }


def _committee(committee: CommitteeFacts | None) -> dict[str, Any] | None:
    if committee is None:
        return None
    return {
        "threshold": committee.threshold,
        "faults": committee.faults,
        "quorum": committee.quorum,
        "nodes": [
            {
                "node": one.number,
                "address": _hex(one.address),
                "url": one.url,
                "signed_root": one.signed_root,
                "published_sum": one.published_sum,
            }
            for one in committee.nodes
        ],
    }


def _hex(data: bytes | None) -> str | None:
    return None if data is None else f"0x{data.hex()}"


def _time(at: UnixSeconds | None) -> str | None:
    return None if at is None else iso(at)
