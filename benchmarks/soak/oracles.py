"""Ask programs of others to decide the votes of our tests, and keep their answers.

    make soak ARGS="oracles [NAME…]"

NAME is a program of tests/oracles with questions here; by default all. Writes
tests/oracles/answers/NAME.json, with which tests compare without these programs. Exit code 1 if an
answer differs from the committed one: another version decides otherwise, or a question is new.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.ballot_oracles import questions
from tests.support.opened_files import file_questions
from tests.support.oracles import FILE_POLLS, answers_file, record_answers

QUESTIONS: dict[str, Callable[[], Sequence[Any]]] = {
    "ballots": questions,
    "files": lambda: [asked for asked, _ in file_questions(FILE_POLLS)],
}


def main(arguments: Sequence[str]) -> int:
    """Ask; exit code 1 if answers changed."""
    changed = []
    for name in arguments or QUESTIONS:
        asked = QUESTIONS[name]()
        file = answers_file(name)
        before = file.read_text() if file.exists() else ""
        record_answers(name, asked)
        if file.read_text() != before:
            changed.append(name)
        print(f"{name}: {len(asked)} questions", flush=True)
    print(f"changed answers: {', '.join(changed) or 'none'}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
