"""The audit of a poll: its numbered checks, and the evidence that they are given.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.checks.audit import Audit, Check, Claimed, Finding, Verdict
from ostraka_verifier.checks.checks import CHECKS, no_board, numbered

__all__ = ["CHECKS", "Audit", "Check", "Claimed", "Finding", "Verdict", "no_board", "numbered"]
