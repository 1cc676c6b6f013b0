"""Limits of requests to a node."""

MAX_BODY_BYTES = 64 * 2**20
MAX_BATCH = 1000
