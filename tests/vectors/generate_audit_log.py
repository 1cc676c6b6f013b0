"""An audit log of a gateway, for the browser's check of its chain."""

from ostraka.wire.audit_entries import START, hash_of
from ostraka.wire.records import to_hex
from tests.vectors.cases import Cases

_ENTRIES = (
    (
        "first",
        "First administrator",
        "administrator",
        "organizer.add",
        "organizer 0a, Ania, observer",
    ),
    ("0a", "Łucja „Lu” O'Neil \\ 投票 😀", "observer", "session.open", "by wallet"),
    ("0a", "Ania", "organizer", "poll.create", 'plan "1" </script>\t\x7f\x1f\u2028'),
    ("0a", "Ania", "organizer", "round.fund", ""),
    ("first", "First administrator", "administrator", "member.replace", "round 1, member 0xab"),
)


def audit_log() -> Cases:
    """Entries of an unchanged log, with letters that JSON writes in two ways."""
    entries: list[dict[str, object]] = []
    previous = START
    for number, (organizer, name, role, action, target) in enumerate(_ENTRIES, 1):
        entry: dict[str, object] = {
            "number": number,
            "at": 1_800_000_000 + 60 * number,
            "organizer": organizer,
            "name": name,
            "role": role,
            "action": action,
            "target": target,
            "result": "done" if target else "low-funds",
            "previous": to_hex(previous),
        }
        previous = hash_of(entry, previous)
        entries.append(entry | {"hash": to_hex(previous)})
    return {"entries": entries}
