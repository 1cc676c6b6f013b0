"""Who acts in a request, and the record of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ostraka.gateway.audit_log import AuditLog
from ostraka.gateway.outcomes import problem_of
from ostraka.gateway.team import Actor


@dataclass
class Record:
    """What an entry of the audit log will say; an action may name its target more precisely.

    Attributes:
        target: What the action concerns, such as "poll 7"; never a secret.
    """

    target: str


class Access:
    """An organizer whose role allows what the route does."""

    def __init__(self, actor: Actor, log: AuditLog) -> None:
        self.actor = actor
        self._log = log

    @contextmanager
    def recorded(self, action: str, target: str) -> Iterator[Record]:
        """Record an action in the audit log when it ends, with its result, even if it fails.

        Args:
            action: What the organizer does: a noun and a verb, such as "poll.create".
            target: What it concerns; the action may change it in the yielded record.
        """
        record = Record(target)
        try:
            yield record
        except Exception as error:
            self._log.add(self.actor, action, record.target, problem_of(error).kind.code)
            raise
        self._log.add(self.actor, action, record.target)
