"""Audits of large boards, each in a process of its own, by this build and by others."""
