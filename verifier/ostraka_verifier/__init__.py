"""Check an Ostraka poll from chain and bulletin board alone.

The package holds the protocol, one noun in each module, and the audit on top. It trusts neither
nodes nor gateways.

Source: docs/protocol.md.
"""

__version__ = "0.1.0"
