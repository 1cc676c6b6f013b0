"""Settings of services: environment variables, and a TOML file for those not set there."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, IPvAnyNetwork
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ostraka.built_files import built_folder
from ostraka.files import require_private
from ostraka.passphrases import Passphrases
from ostraka.services.brand_settings import BrandSettings
from ostraka.services.logs import LogFormat
from ostraka.services.message_settings import MessageSettings
from ostraka.wire.addresses import canonical_address

NODE_PASSPHRASES = Passphrases("OSTRAKA_NODE_PASSPHRASE", "OSTRAKA_NODE_PLAIN_KEY=true")
GATEWAY_PASSPHRASES = Passphrases("OSTRAKA_GATEWAY_PASSPHRASE", "OSTRAKA_GATEWAY_PLAIN_KEY=true")


def _url(value: str) -> str:
    if not re.match(r"https?://[^/?#\s]+", value):
        raise ValueError("expected an http(s) URL")
    return value


def _digest(value: str) -> str:
    if not re.fullmatch("0x[0-9a-f]{64}", value):
        raise ValueError("expected 0x and 64 hexadecimal digits")
    return value


def _origin(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+/?", value):
        raise ValueError("expected scheme, host and port only")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(canonical_address)]
Url = Annotated[str, AfterValidator(_url)]
Origin = Annotated[Url, AfterValidator(_origin)]
Digest = Annotated[str, AfterValidator(_digest)]
Block = Annotated[int, Field(ge=0, lt=1 << 63)]
Confirmations = Annotated[int | None, Field(ge=1, le=100_000)]
Port = Annotated[int, Field(ge=1, lt=1 << 16)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
GuardMode = Literal["off", "answer", "challenge"]
_WEB = built_folder("web", "web/dist")


class ServiceSettings(BaseSettings):
    """Settings of a service, from its environment and its file."""

    host: str = "127.0.0.1"
    """Address on which it listens."""
    port: Port
    trusted_proxies: list[IPvAnyNetwork] = []
    """Addresses or networks of reverse proxies whose `X-Forwarded-For` identifies the client, and
    whose `X-Request-ID` names a request. Otherwise, limits for each client count all clients of a
    proxy as one."""
    metrics_host: str = "127.0.0.1"
    """Address on which Prometheus finds `/metrics`. Never on `host` and `port`, which a reverse
    proxy makes public as a whole."""
    metrics_port: Port | None = None
    """Port of `/metrics`. Without it, there are no metrics."""
    guard: GuardMode = "off"
    """Whether it watches the roots of its polls: `off`; `answer`: it answers challenges of roots
    that are right; `challenge`: it also disputes roots that are false, and pays bonds."""
    guard_max_bond_wei: int = Field(default=10**17, ge=0)
    """Most wei in the bond of one challenge."""
    guard_poll_budget_wei: int = Field(default=5 * 10**17, ge=0)
    """Most wei in open and lost bonds of one poll."""
    log_level: LogLevel = "INFO"
    log_format: LogFormat = "auto"
    """`json`, `console`, or `auto`: text on a terminal, and JSON elsewhere."""

    @classmethod
    def load(cls, file: Path | None) -> Self:
        """Read settings from the environment and, for those not set there, from a TOML file.

        Raises:
            ValidationError: Something is missing, wrong or unknown.
            ValueError: The file is not TOML, or others may read it and a password in it.
            OSError: It cannot be read.
        """
        if file is None:
            return cls()
        # The library treats a missing file as empty, and its errors do not name the file.
        require_private(file)
        try:
            tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{file}: not UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{file}: not TOML: {error}") from error

        class WithFile(cls):  # type: ignore[valid-type, misc]
            model_config = SettingsConfigDict(toml_file=file)

            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

        return WithFile()


class NodeSettings(ServiceSettings):
    """Settings of one tallying node. `OSTRAKA_NODE_…` take precedence over the file."""

    model_config = SettingsConfigDict(env_prefix="OSTRAKA_NODE_", extra="forbid")

    key_file: Path
    """Signing key, as created by `ostraka node init`: mode 600, in a folder of mode 700."""
    passphrase_file: Path | None = None
    """File with the key's passphrase, mode 600. The passphrase itself is not a setting;
    `ostraka.passphrases` lists its other sources."""
    plain_key: bool = False
    """Whether the key file may lack a passphrase, which would also protect the poll secrets."""
    secrets_folder: Path | None = None
    """Folder of the poll secrets, mode 700. Default: `secrets` beside the key."""
    boards_folder: Path | None = None
    """Folder of the boards that the node serves, mode 700. Default: `boards` beside the key. Its
    files are made from the database whenever they are missing."""
    boards_limit_mb: int = Field(default=8192, ge=1, lt=1 << 31)
    """Most MiB of these files together, beside the newest one."""
    database_url: str
    """`sqlite:///FILE` or `postgresql+psycopg://…`."""
    rpc_urls: list[Url] = Field(min_length=1)
    """JSON-RPC providers, ideally independent ones: all must agree before a release."""
    registry: Address
    """Address of the PollRegistry, 0x-hex."""
    deployed_at: Block = 0
    """Block in which the registry was deployed."""
    confirmations: Confirmations = None
    """How many blocks behind the newest one a block counts as final. Without it, the chain decides
    (tag `finalized`)."""
    url: Url
    """URL at which others reach this node, as registered with its committees."""
    port: Port = 8100
    creators: list[Address] = []
    """Accounts whose polls are served, 0x-hex. Empty: everybody's."""
    minimum_ballots: int = Field(default=5, ge=1)
    """Least `minimumBallots` of a secret poll."""
    committees: list[Digest] = []
    """Digests of the committees that this node joins, 0x-hex."""
    fellow_nodes: list[Address] = []
    """Addresses of nodes with which this node joins any committee whose threshold is at least
    `minimum_threshold`, 0x-hex. Without this and without `committees`, it joins none."""
    minimum_threshold: int = Field(default=2, ge=2)
    """Least secrecy threshold of a committee of fellow nodes."""
    checkpoint_s: int = Field(default=60, ge=10, le=3600)
    """Seconds of chain time between two checkpoints of a poll's receipts."""

    @property
    def passphrases(self) -> Passphrases:
        """Return the sources of the key's passphrase."""
        return replace(NODE_PASSPHRASES, file=self.passphrase_file)


class GatewaySettings(ServiceSettings):
    """Settings of a gateway. `OSTRAKA_GATEWAY_…` take precedence over the file."""

    model_config = SettingsConfigDict(env_prefix="OSTRAKA_GATEWAY_", extra="forbid")

    key_file: Path
    """Key of the account that pays, as created by `ostraka gateway init`: mode 600, in a folder of
    mode 700."""
    passphrase_file: Path | None = None
    """File with the key's passphrase, mode 600. The passphrase itself is not a setting;
    `ostraka.passphrases` lists its other sources."""
    plain_key: bool = False
    """Whether the key file may lack a passphrase."""
    database_url: str
    """`sqlite:///FILE` or `postgresql+psycopg://…`."""
    rpc_url: Url
    """JSON-RPC provider."""
    registry: Address
    """Address of the PollRegistry, 0x-hex."""
    treasury: Address
    """Address of the BudgetTreasury, 0x-hex."""
    deployed_at: Block = 0
    """Block in which the earlier of the two was deployed."""
    confirmations: Confirmations = None
    """As for nodes."""
    committees: list[Digest] = []
    """Digests of the committees whose nodes tally. The first one is the default."""
    organizer_token_sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    """SHA-256 of the first administrator's token. It can be removed once another administrator
    exists whose access does not end by itself."""
    guard_receipts: Path | None = None
    """Folder of receipts that voters and others hand in, and that it passes on. Without it, none
    are taken."""
    public_rpc_url: Url | Literal[""] = ""
    """Public JSON-RPC provider, which browsers use to check polls."""
    public_url: Origin | Literal[""] = ""
    """Address at which people reach this gateway, such as `https://vote.example`, for absolute
    links in messages, calendars and previews. Without it, these have none."""
    coin_symbol: str = Field(default="ETH", pattern="^[A-Za-z0-9]{1,16}$")
    """Symbol of the chain's own coin, in which rounds without a token count."""
    brand: BrandSettings = BrandSettings()
    """Name, logo, colours and statements; a table of its own in the file."""
    messages: MessageSettings = MessageSettings()
    """E-mail and webhooks to subscribers, off by default; a table of its own in the file."""
    web: Path = _WEB
    """Folder of the built web client. Without one, there is only the API."""
    port: Port = 8200

    @property
    def passphrases(self) -> Passphrases:
        """Return the sources of the key's passphrase."""
        return replace(GATEWAY_PASSPHRASES, file=self.passphrase_file)
