"""Settings by environment (`OSTRAKA_NODE_…`) or from the command line."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class NodeSettings(BaseSettings):
    """Settings of one tallying node."""

    model_config = SettingsConfigDict(env_prefix="OSTRAKA_NODE_", extra="forbid")

    key_file: Path
    """Signing key: 64 hexadecimal digits, mode 600."""
    database_url: str
    """`sqlite:///FILE` or `postgresql+psycopg://…`."""
    rpc_urls: list[str] = Field(min_length=1)
    """JSON-RPC providers, best independent of one another: all must agree before a release."""
    registry: str
    """PollRegistry's address, 0x-hex."""
    deployed_at: int = 0
    """Block at which the registry was deployed."""
    url: str
    """Where others reach this node, as registered with its committees."""
    host: str = "127.0.0.1"
    port: int = 8100
    creators: list[str] = []
    """Accounts whose polls are served, 0x-hex; empty means anyone's."""
    minimum_ballots: int = 5
    """Least minimum of ballots that a secret poll may set."""
    log_level: str = "INFO"
