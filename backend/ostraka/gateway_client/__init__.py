"""Client of a gateway over HTTP, for programs of organizers, members and voters."""
