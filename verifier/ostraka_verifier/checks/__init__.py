"""The audit of a poll: its numbered checks, and the evidence that they are given.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.checks.audit import Audit, Check, Claimed
from ostraka_verifier.checks.checks import CHECKS, no_board, numbered
from ostraka_verifier.checks.finding import Finding, Verdict

__all__ = ["CHECKS", "Audit", "Check", "Claimed", "Finding", "Verdict", "no_board", "numbered"]
