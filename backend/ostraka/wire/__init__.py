"""Messages between voters, nodes and gateways over HTTP."""
