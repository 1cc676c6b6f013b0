"""What is true of an Ostraka poll, checked from chain and bulletin board alone.

Holds the protocol, one noun a module, and the audit on top. Trusts no node and no gateway.

Source: docs/protocol.md.
"""

__version__ = "0.1.0"
