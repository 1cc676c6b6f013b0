"""Check a node's or a gateway's settings end to end, and say what to do.

Sends nothing to the chain, changes nothing, and needs no passphrase.

Source: docs/operations.md, "Doctor".
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path

import httpx

from ostraka.chain.contract import ChainError, call, checksum
from ostraka.chain.log_ranges import LOG_BLOCKS, log_ranges
from ostraka.chain.provider import final_block
from ostraka.chain.registry import Registry
from ostraka.chain.suitability import coins
from ostraka.chain.treasury import Treasury
from ostraka.clock import unix_now
from ostraka.files import require_private
from ostraka.services.coin import coin_of
from ostraka.services.finality import FINALITY_REMEDY, host
from ostraka.services.settings import GatewaySettings, NodeSettings
from ostraka.storage.database import DamagedDatabase, Schema, open_database
from ostraka.wire.health import OLD_HEAD_S
from ostraka.wire.node_client import NodeClient, NodeError, node_http
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.deadline import Connections, Deadline
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.releases import known_releases
from ostraka_verifier.rpc import no_answer

_CLOCK_S = 5
"""Peers refuse requests whose clock is further ahead."""
_FAR_FINALITY_BLOCKS = 128
"""Providers that are no archives keep the state of this many blocks."""
_FEW_POLLS = 10
_PROVIDER_S = 10
"""How long the provider for browsers is waited for."""


class Level(StrEnum):
    """How a finding stands."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Diagnosis:
    """What one check found.

    Attributes:
        subject: Setting or party that it concerns.
        level: Whether something must be done.
        detail: What was found.
        remedy: What to do; "" if nothing.
    """

    subject: str
    level: Level
    detail: str
    remedy: str = ""


def examine_node(settings: NodeSettings) -> Iterator[Diagnosis]:
    """Check a node's settings, one finding after the other."""
    yield from _files(settings.key_file, settings.database_url, Schema.NODE)
    address = from_hex(settings.registry, "registry")
    registries = [
        Registry(url, address, settings.deployed_at, settings.confirmations)
        for url in settings.rpc_urls
    ]
    reachable = []
    for registry in registries:
        findings = list(_provider(registry, host(registry.rpc_url), settings.confirmations))
        yield from findings
        if all(one.level is not Level.BAD for one in findings):
            reachable.append(registry)
    if len(registries) == 1:
        yield Diagnosis(
            "rpc_urls",
            Level.WARNING,
            "only one provider: a release relies on it alone",
            "name a second, independent provider",
        )
    if len({registry.domain.chain_id for registry in reachable}) > 1:
        yield Diagnosis(
            "rpc_urls",
            Level.BAD,
            "the providers serve different chains",
            "name providers of one chain",
        )
    if not reachable:
        return
    with node_http() as http:
        yield from _itself(settings.url, http)
        if not settings.committees and not settings.fellow_nodes:
            yield Diagnosis(
                "committees",
                Level.WARNING,
                "names no committee and no fellow_nodes: the node joins none",
                "add the digest that `ostraka committee propose` shows",
            )
        yield from _committees(reachable[0], settings.committees, http, settings.url)
        if settings.fellow_nodes:
            yield from _committees_of_fellows(reachable[0], settings, http)


def examine_gateway(settings: GatewaySettings, account: bytes | None) -> Iterator[Diagnosis]:
    """Check a gateway's settings, one finding after the other.

    Args:
        account: Account that pays; None if the key file does not state it without a passphrase.
    """
    yield from _files(settings.key_file, settings.database_url, Schema.GATEWAY)
    registry = Registry(
        settings.rpc_url,
        from_hex(settings.registry, "registry"),
        settings.deployed_at,
        settings.confirmations,
    )
    findings = list(_provider(registry, host(settings.rpc_url), settings.confirmations))
    yield from findings
    if any(one.level is Level.BAD for one in findings):
        return
    yield from _treasury(settings, registry.address)
    yield from _coin(registry, account)
    yield from _public_provider(settings.public_rpc_url)
    if not settings.committees:
        yield Diagnosis(
            "committees", Level.BAD, "names none: no poll can be created", "add a digest"
        )
    with node_http() as http:
        yield from _committees(registry, settings.committees, http, None)
    yield _web(settings.web)


def _files(key_file: Path, database_url: str, schema: Schema) -> Iterator[Diagnosis]:
    for path in (key_file.parent, key_file):
        try:
            require_private(path)
            yield Diagnosis(str(path), Level.GOOD, "only you can read it")
        except FileNotFoundError:
            yield Diagnosis(str(path), Level.BAD, "not there", "run `ostraka … init`")
        except ValueError as error:
            detail, _, remedy = str(error).partition("; ")
            yield Diagnosis(str(path), Level.BAD, detail, remedy)
    try:
        open_database(database_url, schema).dispose()
        yield Diagnosis("database_url", Level.GOOD, "opens, and has the newest schema")
    except DamagedDatabase as error:
        detail = str(error).removesuffix(f"; {schema.way_out}")
        yield Diagnosis("database_url", Level.BAD, detail, schema.way_out)
    except (ValueError, OSError) as error:
        remedy = "check the setting, and that the database can be written"
        yield Diagnosis("database_url", Level.BAD, str(error), remedy)


def _provider(registry: Registry, name: str, confirmations: int | None) -> Iterator[Diagnosis]:
    """Check one provider: reachability, contract, clock, finality, log ranges."""
    try:
        head = registry.head()
        chain_id = registry.domain.chain_id
        code = bytes(call(lambda: registry.web3.eth.get_code(registry.contract.address)))
    except ChainError as error:
        yield Diagnosis(name, Level.BAD, str(error), "check the URL, or use another provider")
        return
    yield Diagnosis(name, Level.GOOD, f"chain {chain_id}, block {head.number}")
    if not code:
        remedy = "check `registry` and the chain"
        yield Diagnosis("registry", Level.BAD, f"no contract there on chain {chain_id}", remedy)
        return
    found = known_releases().find("PollRegistry", code)
    if found is None:
        detail = "the code there belongs to no known release"
        yield Diagnosis("registry", Level.BAD, detail, "deploy with `ostraka chain deploy`")
        return
    yield Diagnosis("registry", Level.GOOD, f"PollRegistry of release {found.release}")
    yield _disputes(registry)
    age_s = unix_now() - head.timestamp
    if age_s > OLD_HEAD_S:
        detail = f"{name}: the newest block is {age_s} s old"
        remedy = "check the provider, and this machine's clock"
        yield Diagnosis("clock", Level.WARNING, detail, remedy)
    elif age_s < -_CLOCK_S:
        detail = f"{name}: the newest block is {-age_s} s ahead of this machine's clock"
        yield Diagnosis("clock", Level.BAD, detail, "synchronize the clock over the network")
    yield _finality(registry, name, head.number, confirmations)
    yield _logs(registry, name, head.number)


def _disputes(registry: Registry) -> Diagnosis:
    """Check the contract that may reject roots: of another one, nobody knows when it does so."""
    remedy = "use a deployment of `ostraka chain deploy`"
    try:
        address = registry.disputes()
        if not any(address):
            detail = "the registry has none: no one can reject a false result"
            return Diagnosis("disputes", Level.WARNING, detail, remedy)
        code = bytes(call(lambda: registry.web3.eth.get_code(checksum(address))))
    except ChainError as error:
        return Diagnosis("disputes", Level.BAD, str(error), "check the provider")
    found = known_releases().find("Disputes", code)
    if found is None:
        detail = f"{to_hex(address)} may reject results, and its code belongs to no known release"
        return Diagnosis("disputes", Level.WARNING, detail, remedy)
    return Diagnosis("disputes", Level.GOOD, f"Disputes of release {found.release}")


def _finality(registry: Registry, name: str, head: int, confirmations: int | None) -> Diagnosis:
    try:
        own = call(lambda: final_block(registry.web3, None))
    except ChainError as error:
        return Diagnosis("finality", Level.BAD, f"{name}: {error}", "check the provider")
    if confirmations is not None:
        detail = f"{name}: a block counts as final {confirmations} blocks behind the newest"
        if own is None:
            return Diagnosis("finality", Level.GOOD, f"{detail}; the chain has no finality")
        remedy = "remove `confirmations`, unless the chain makes blocks final too late"
        return Diagnosis("finality", Level.WARNING, f"{detail}; the chain has finality", remedy)
    if own is None:
        detail = f"{name} shows no final block: nodes and gateways do not start"
        return Diagnosis("finality", Level.BAD, detail, FINALITY_REMEDY)
    behind = max(0, head - own)
    if behind > _FAR_FINALITY_BLOCKS:
        detail = f"{name}: final blocks are {behind} behind, and old state may not be kept"
        remedy = "make the tally period of polls several times as long as that"
        return Diagnosis("finality", Level.WARNING, detail, remedy)
    return Diagnosis("finality", Level.GOOD, f"{name}: {behind} blocks behind")


def _logs(registry: Registry, name: str, head: int) -> Diagnosis:
    first = max(0, head - LOG_BLOCKS + 1)
    try:
        registry.logs(first, head)
    except ChainError as error:
        remedy = "use a provider that serves logs"
        return Diagnosis("logs", Level.BAD, f"{name} refuses logs: {error}", remedy)
    blocks = log_ranges(registry.rpc_url).blocks
    if blocks < LOG_BLOCKS:
        detail = f"{name} serves logs of only {blocks} blocks at once: reading takes longer"
        return Diagnosis("logs", Level.WARNING, detail, "prefer a provider that allows more")
    return Diagnosis("logs", Level.GOOD, f"{name} serves logs of {head - first + 1} blocks at once")


def _itself(url: str, http: httpx.Client) -> Iterator[Diagnosis]:
    """Check that the node is reached at the URL that it is registered with."""
    try:
        seen = NodeClient(http, url).member()
    except NodeError as error:
        remedy = "start it with `ostraka node run`, and check DNS, TLS and the reverse proxy"
        yield Diagnosis("url", Level.WARNING, f"cannot be reached from here: {error}", remedy)
        return
    if seen.url != url:
        detail = f"a node that names itself {seen.url} answers there"
        yield Diagnosis("url", Level.BAD, detail, "restart the node with these settings")
    else:
        yield Diagnosis("url", Level.GOOD, f"node {to_hex(seen.address)} answers there")
        yield from _suspects(NodeClient(http, url))


def _suspects(client: NodeClient) -> Iterator[Diagnosis]:
    """Name nodes that contradict their checkpoints, as the node knows them."""
    try:
        suspects = client.suspects()
    except NodeError as error:
        yield Diagnosis("checkpoints", Level.WARNING, str(error), "update the node, or restart it")
        return
    for poll, node, kind in suspects:
        detail = f"poll {poll}: node {node} did not prove that its log of receipts only grew"
        if kind == "contradiction":
            detail = f"poll {poll}: node {node} showed different receipts to different nodes"
        remedy = f"publish the proof: GET {client.url}/api/v1/polls/{poll}/checkpoints"
        yield Diagnosis("checkpoints", Level.BAD, detail, remedy)


def _committees(
    registry: Registry, digests: Sequence[str], http: httpx.Client, own_url: str | None
) -> Iterator[Diagnosis]:
    for digest in digests:
        subject = f"committee {digest[:10]}…"
        try:
            committee = registry.committee(from_hex(digest, "committees"))
        except ChainError as error:
            yield Diagnosis(subject, Level.BAD, str(error), "check the provider")
            continue
        if committee is None:
            remedy = "`ostraka committee sign` and `register` it"
            yield Diagnosis(subject, Level.WARNING, "not registered on chain yet", remedy)
            continue
        if own_url is not None and own_url not in {member.url for member in committee.members}:
            detail = f"has no node at {own_url}"
            yield Diagnosis(subject, Level.BAD, detail, "check `url`, or the digest")
        yield from _members(subject, committee, http)


def _committees_of_fellows(
    registry: Registry, settings: NodeSettings, http: httpx.Client
) -> Iterator[Diagnosis]:
    """Check the committees that `fellow_nodes` alone lets the node join."""
    fellows = {from_hex(address, "fellow_nodes") for address in settings.fellow_nodes}
    try:
        registered = registry.committees()
    except ChainError as error:
        yield Diagnosis("fellow_nodes", Level.BAD, str(error), "check the provider")
        return
    joined = [
        one
        for one in registered
        if to_hex(one.digest) not in settings.committees
        and one.threshold >= settings.minimum_threshold
        and any(member.url == settings.url for member in one.members)
        and all(member.url == settings.url or member.address in fellows for member in one.members)
    ]
    if not joined:
        detail = f"no committee of them with a node at {settings.url} is registered on chain yet"
        remedy = "`ostraka committee sign` and `register` one"
        yield Diagnosis("fellow_nodes", Level.WARNING, detail, remedy)
    for one in joined:
        yield from _members(f"committee {to_hex(one.digest)[:10]}…", one, http)


def _members(subject: str, committee: Committee, http: httpx.Client) -> Iterator[Diagnosis]:
    # All at once: several silent nodes take no longer than one.
    with ThreadPoolExecutor(len(committee.members)) as pool:
        problems = list(pool.map(lambda member: _member_problem(member, http), committee.members))
    away = [
        f"node {number}: {problem}"
        for number, problem in enumerate(problems, start=1)
        if problem is not None
    ]
    if away:
        level = Level.WARNING if len(away) <= committee.faults else Level.BAD
        remedy = "ask its operator" if len(away) == 1 else "ask their operators"
        yield Diagnosis(subject, level, "; ".join(away), remedy)
    else:
        count = len(committee.members)
        yield Diagnosis(subject, Level.GOOD, f"all {count} nodes answer, with the right clock")


def _member_problem(member: Member, http: httpx.Client) -> str | None:
    node = NodeClient(http, member.url)
    try:
        seen, stated = node.member(), node.stated_time()
    except NodeError as error:
        return str(error)
    if seen.address != member.address:
        return f"{member.url}: answers as {to_hex(seen.address)}, another node"
    try:
        ahead_s = int(parsedate_to_datetime(stated).timestamp()) - unix_now()
    except (TypeError, ValueError):
        return f"{member.url}: its answer states no time"
    if abs(ahead_s) > _CLOCK_S:
        return f"{member.url}: its clock differs from this machine's by {ahead_s:+} s"
    return None


def _treasury(settings: GatewaySettings, registry: bytes) -> Iterator[Diagnosis]:
    treasury = Treasury(settings.rpc_url, from_hex(settings.treasury, "treasury"))
    try:
        code = bytes(call(lambda: treasury.web3.eth.get_code(treasury.contract.address)))
        found = known_releases().find("BudgetTreasury", code)
        if found is None:
            detail = "the code there belongs to no known release" if code else "no contract there"
            yield Diagnosis("treasury", Level.BAD, detail, "check `treasury`")
            return
        stated = bytes.fromhex(treasury.read("registry")[2:])
    except ChainError as error:
        yield Diagnosis("treasury", Level.BAD, str(error), "check the provider")
        return
    if stated != registry:
        detail = f"belongs to registry {to_hex(stated)}"
        yield Diagnosis("treasury", Level.BAD, detail, "take both from one deployment")
    else:
        yield Diagnosis("treasury", Level.GOOD, f"BudgetTreasury of release {found.release}")


def _coin(registry: Registry, account: bytes | None) -> Iterator[Diagnosis]:
    if account is None:
        return
    try:
        coin = coin_of(registry.web3, account)
    except ChainError as error:
        yield Diagnosis("account", Level.BAD, str(error), "check the provider")
        return
    has = f"{to_hex(account)} has {coins(coin.balance_wei)} coins"
    detail = f"{has}: enough for about {coin.polls} polls now"
    if coin.polls == 0:
        yield Diagnosis("account", Level.BAD, detail, "send coin to this account")
    elif coin.polls < _FEW_POLLS:
        yield Diagnosis("account", Level.WARNING, detail, "send coin to this account soon")
    else:
        yield Diagnosis("account", Level.GOOD, detail)


def _public_provider(url: str) -> Iterator[Diagnosis]:
    if not url:
        remedy = "set `public_rpc_url` to a provider that sends CORS headers"
        detail = "none: browsers cannot check anything on chain"
        yield Diagnosis("public_rpc_url", Level.WARNING, detail, remedy)
        return
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    origin = "https://example.org"
    deadline = Deadline(_PROVIDER_S, Connections())
    try:
        with (
            node_http() as client,
            deadline,
            # Only the head is read.
            client.stream(
                "POST",
                url,
                json=asked,
                headers={"Origin": origin},
                extensions={"trace": deadline.trace},
            ) as answer,
        ):
            allowed = answer.headers.get("Access-Control-Allow-Origin")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        yield Diagnosis("public_rpc_url", Level.BAD, no_answer(error), "check the URL")
        return
    if allowed not in ("*", origin):
        detail = "sends no CORS header: browsers cannot use it"
        yield Diagnosis("public_rpc_url", Level.BAD, detail, "use a provider for browsers")
    else:
        yield Diagnosis("public_rpc_url", Level.GOOD, "answers browsers")


def _web(folder: Path) -> Diagnosis:
    if (folder / "index.html").is_file():
        return Diagnosis("web", Level.GOOD, f"the web client is in {folder}")
    detail = f"no web client in {folder}: only the API is served"
    return Diagnosis("web", Level.WARNING, detail, "run `make setup`, or set `web`")
