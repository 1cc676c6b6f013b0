"""The gateway itself, its committees, and tokens."""

from fastapi import APIRouter

from ostraka import __version__
from ostraka.gateway.answers.committees import Committee
from ostraka.gateway.answers.gateway import (
    Brand,
    Config,
    Contract,
    Head,
    Limits,
    Organizer,
    Statement,
    Token,
)
from ostraka.gateway.ballots import MAX_BATCH
from ostraka.gateway.brand import STATEMENTS
from ostraka.gateway.dependencies import AnyOrganizer, Gateway, StatementPath, TokenPath
from ostraka.gateway.limits import MAX_BODY_BYTES
from ostraka.gateway.read_models.committees import committees_of
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.strict_requests import StrictRoute

router = APIRouter(tags=["gateway"], route_class=StrictRoute)


@router.get("/config", responses=problems(ProblemType.CHAIN_UNREACHABLE))
def config(gateway: Gateway) -> Config:
    """Chain, contracts, committees and state of this gateway."""
    context, brand = gateway.context, gateway.brand
    head = context.registry.head()
    coin_symbol, coin_decimals = gateway.currencies.of(bytes(20))
    return Config(
        version=__version__,
        chain_id=context.registry.domain.chain_id,
        registry=to_hex(context.registry.address),
        treasury=to_hex(context.treasury.address),
        voting_keys=to_hex(context.electorates.voting_keys),
        deployment_block=context.registry.deployment_block,
        account=to_hex(context.account.address),
        committees=[to_hex(digest) for digest in context.committees],
        rpc_url=gateway.public_rpc_url or None,
        public_url=gateway.public_url or None,
        channels=sorted(gateway.subscriptions.channels),
        brand=Brand(
            name=brand.name,
            logo=brand.logo.path if brand.logo else None,
            contact=brand.contact or None,
            **{name: brand.links.get(name) for name in STATEMENTS},
        ),
        coin=Token(symbol=coin_symbol, decimals=coin_decimals),
        web_bundle=gateway.web_bundle,
        engine=context.curve.name,
        head=Head(number=head.number, timestamp=head.timestamp),
        indexed_to=context.indexer.indexed_to,
        limits=Limits(batch=MAX_BATCH, body_bytes=MAX_BODY_BYTES),
    )


@router.get(
    "/committees",
    responses=problems(
        ProblemType.CHAIN_UNREACHABLE, ProblemType.MALFORMED, ProblemType.CHECK_FAILED
    ),
)
def committees(gateway: Gateway) -> list[Committee]:
    """Committees that can tally polls of this gateway, with their nodes; the default first."""
    return committees_of(gateway.context)


@router.get(
    "/statements/{statement}",
    responses=problems(ProblemType.NOT_FOUND, ProblemType.INVALID_REQUEST),
)
def statement(gateway: Gateway, statement: StatementPath) -> Statement:
    """Legal notice, privacy or accessibility statement, if it is a file of this gateway's."""
    text = gateway.brand.texts.get(statement)
    if text is None:
        detail = "this gateway has no text of that name"
        raise Problem(ProblemType.NOT_FOUND, detail, "statement")
    return Statement(html=text)


@router.get(
    "/tokens/{token}",
    responses=problems(ProblemType.INVALID_REQUEST, ProblemType.CHAIN_UNREACHABLE),
)
def token(gateway: Gateway, token: TokenPath) -> Contract:
    """A token's symbol and decimals, null and 0 if its contract does not report them; functions."""
    address = from_hex(token, "token")
    symbol, decimals = gateway.currencies.of(address)
    functions = gateway.context.electorates.functions(address)
    return Contract(symbol=symbol, decimals=decimals, functions=functions)


@router.get("/organizer", responses=problems(ProblemType.NOT_ORGANIZER))
def who_organizes(gateway: Gateway, access: AnyOrganizer) -> Organizer:
    """Show to whom the token belongs, and the account from which this gateway pays."""
    role = access.actor.role
    return Organizer(
        account=to_hex(gateway.context.account.address),
        id=access.actor.id,
        name=access.actor.name,
        role=role.code,
        permissions=sorted(role.permissions),
    )
