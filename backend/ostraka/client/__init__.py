"""What programs of organizers, members and voters do over HTTP."""
