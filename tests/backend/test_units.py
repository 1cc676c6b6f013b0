"""The type checker distinguishes moments, durations and other integers."""

from pathlib import Path

from ostraka_verifier.units import UnixSeconds, later
from tests.support.type_checker import wrong_lines

_IMPORTS = """
import time

from ostraka.chain.contract import Head
from ostraka.chain.treasury import RoundParameters
from ostraka.clock import unix_now
from ostraka.node.admission import Admission
from ostraka.planning.feasibility import refuse_wrong_periods
from ostraka.planning.specification import RoundSpecification
from ostraka.storage.node_tables import StoredBallot
from ostraka.voter.prepare import BallotFactory
from ostraka.wire.records import CastRecord
from ostraka_verifier.units import Seconds, UnixSeconds, later
"""
_VALUES = (
    "admission: Admission, record: CastRecord, head: Head, fixed: RoundParameters, "
    "wanted: RoundSpecification, factory: BallotFactory"
)
SOUND = {
    "chain time": "admission.time_objection(record, head.timestamp)",
    "this machine's clock": "admission.time_objection(record, unix_now())",
    "a moment after a duration": "later(head.timestamp, fixed.claim_period)",
    "comparing moments": "print(head.timestamp < fixed.voting_opens_at)",
    "a period": "refuse_wrong_periods(wanted, fixed.dispute_window, True)",
    "what the organizer wants": "later(wanted.voting_opens_at, wanted.times.freeze_delay)",
}
MIXED = {
    "a number of a block": "admission.time_objection(record, head.number)",
    "the monotonic clock": "admission.time_objection(record, time.monotonic())",
    "a duration as a moment": "later(fixed.claim_period, 1)",
    "a moment as a duration": "refuse_wrong_periods(wanted, head.timestamp, True)",
    "a difference of moments": "later(head.timestamp - fixed.voting_opens_at, 1)",
    "a sum without a unit": "factory.share(b'', [], head.timestamp + 1)",
    "a count in a header": "Head(1, b'', fixed.max_rounds)",
    "a row's id": "factory.share(b'', [], StoredBallot().poll_id)",
    "a literal": "factory.share(b'', [], 1_800_000_000)",
}


def test_a_later_moment_is_a_sum() -> None:
    assert later(UnixSeconds(1_800_000_000), 60) == 1_800_000_060


def test_other_integers_do_not_typecheck_as_moments(tmp_path: Path) -> None:
    lines = [*_IMPORTS.splitlines(), f"def sound({_VALUES}) -> None:"]
    lines += [f"    {expression}" for expression in SOUND.values()]
    lines.append(f"def mixed({_VALUES}) -> None:")
    first = len(lines) + 1
    lines += [f"    {expression}" for expression in MIXED.values()]
    wrong = wrong_lines("\n".join(lines) + "\n", tmp_path)
    refused = {name: wrong.pop(first + number, None) for number, name in enumerate(MIXED)}
    assert [name for name, error in refused.items() if error is None] == []
    # The same calls with the right units are sound: the errors come from the units alone.
    assert wrong == {}
