"""A poll's description: its questions, the meaning of its slots, its census and its round.

Source: docs/protocol.md §4.4. Vectors: tests/vectors/board.json.
"""

import re
from dataclasses import dataclass
from typing import Any

from ostraka_verifier.encoding import keccak256, parse_json
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.question import (
    Question,
    implied_question,
    poll_labels,
    poll_rule,
    read_questions,
)
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, read_census_origin

MAX_DESCRIPTION_BYTES = 65_536


@dataclass(frozen=True)
class RoundReference:
    """A round of a treasury, about whose money a poll decides."""

    treasury: bytes
    round_id: int


@dataclass(frozen=True)
class Description:
    """The questions of a poll and the meaning of its slots.

    Attributes:
        encoded: The bytes that were hashed.
        census: Source of the electorate, None if the organizer listed it.
        shared_keys: Whether one signing key may sign for several accounts.
        questions: The questions that make the ballot rule, None without any; or why they are
            unreadable, which does not affect the rest.
        text: Further text, "" for none; any JSON, checked in rounds only (D1).
    """

    encoded: bytes
    title: str
    options: tuple[str, ...]
    round: RoundReference | None = None
    census: CensusSource | InvitedCensus | None = None
    shared_keys: bool = False
    questions: tuple[Question, ...] | AuditError | None = None
    text: object = ""

    @classmethod
    def decode(cls, data: bytes) -> "Description":
        """Read a description.

        Raises:
            Malformed: Not UTF-8 JSON with a title and options.
        """
        # First: a description beyond every limit must not cost time.
        if len(data) > MAX_DESCRIPTION_BYTES:
            raise Malformed("description", f"{len(data)} bytes, at most {MAX_DESCRIPTION_BYTES}")
        content = parse_json(data, "description")
        if not isinstance(content, dict):
            raise Malformed("description", "not a JSON object")
        title, options = content.get("title"), content.get("options")
        if not isinstance(title, str):
            raise Malformed("description.title", "not a string")
        if not isinstance(options, list) or not all(isinstance(name, str) for name in options):
            raise Malformed("description.options", "not a list of strings")
        shared_keys = content.get("shared_keys", False)
        if not isinstance(shared_keys, bool):
            raise Malformed("description.shared_keys", "neither true nor false")
        source = content.get("census")
        return cls(
            data,
            title,
            tuple(options),
            _round_reference(content.get("round")),
            None if source is None else read_census_origin(source),
            shared_keys,
            _questions(content["questions"]) if "questions" in content else None,
            content.get("text", ""),
        )

    def check_words(self, title: str, text: str) -> None:
        """Check that a round's poll asks in the round's words, not the opposite of them.

        Args:
            title, text: Of the round.

        Raises:
            Rejected: The poll uses different words (check D1).
        """
        asked = self.questions if isinstance(self.questions, tuple) else ()
        if {self.title, *(one.title for one in asked)} != {title}:
            raise Rejected(
                "D1", "title", "the title of the poll or of a question differs from the round's"
            )
        if self.text not in ("", text):
            raise Rejected("D1", "text", "the poll's text differs from the round's")

    def check_questions(self, rule: BallotRule) -> tuple[Question, ...]:
        """Return the questions; an empty tuple if the description has none.

        Raises:
            Rejected: They are unreadable, do not make exactly the rule, or name other slots
                than the options (check P5).
        """
        if self.questions is None:
            return ()
        if isinstance(self.questions, AuditError):
            raise _no_questions(str(self.questions))
        try:
            made = poll_rule(self.questions)
        except Rejected as error:
            raise _no_questions(error.reason) from None
        if made.encode() != rule.encode():
            raise _no_questions("they make a different ballot rule")
        if poll_labels(self.questions) != self.options:
            raise _no_questions("the options are not those of the questions")
        return self.questions

    def asked(self, rule: BallotRule) -> tuple[Question, ...]:
        """Return the questions; without any, the one that the rule implies.

        Raises:
            Rejected: As `check_questions`, or no question implies the rule (check P5).
        """
        return self.check_questions(rule) or (implied_question(rule, self.title, self.options),)

    def check_determined(self, rule: BallotRule) -> None:
        """Check that the slots of a ballot say what its voter answered (§19.1).

        Raises:
            Rejected: Some question's slots do not; or as `check_questions` (check P5).
        """
        questions = self.check_questions(rule)
        if not questions:
            try:
                questions = self.asked(rule)
            except Rejected:
                # No client can answer it, and no question is there that could be answered wrongly.
                return
        for number, question in enumerate(questions, start=1):
            objection = question.slots_objection
            if objection is not None:
                item = f"description.questions[{number - 1}]"
                raise Rejected("P5", item, objection)

    @property
    def digest(self) -> bytes:
        """keccak-256 of the bytes."""
        return keccak256(self.encoded)


def _questions(content: Any) -> tuple[Question, ...] | AuditError:
    try:
        return read_questions(content)
    except AuditError as error:
        return error


def _no_questions(reason: str) -> Rejected:
    return Rejected("P5", "description.questions", reason)


def _round_reference(content: Any) -> RoundReference | None:
    if content is None:
        return None
    treasury, number = (
        (content.get("treasury"), content.get("id")) if isinstance(content, dict) else (None, None)
    )
    if not isinstance(treasury, str) or not re.fullmatch("0x[0-9a-f]{40}", treasury):
        raise Malformed("description.round.treasury", "not an address in lower-case 0x-hex")
    if type(number) is not int or not 1 <= number < 1 << 128:
        raise Malformed("description.round.id", "not a number of a round")
    return RoundReference(bytes.fromhex(treasury[2:]), number)
