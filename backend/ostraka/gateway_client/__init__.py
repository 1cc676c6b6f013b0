"""A gateway over HTTP, as programs of organizers, members and voters use it."""
