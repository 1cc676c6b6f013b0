"""Limits of requests to a gateway."""

MAX_BODY_BYTES = 64 * 2**20
