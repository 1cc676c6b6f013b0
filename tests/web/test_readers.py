"""The browser reads what gateway and node answer, and looks for no member that they do not have."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostraka.gateway import api as gateway
from ostraka.node import api as node
from tests.web.bridge import Browser

DOCUMENTS = {"gateway": gateway.describe_api().openapi(), "node": node.describe_api().openapi()}
ANSWERS = {
    "views.config": "gateway GET /config 200",
    "views.roundSummaries": "gateway GET /rounds 200",
    "views.pollSummaries": "gateway GET /polls 200",
    "views.plans": "gateway GET /plans 200",
    "views.waiting": "gateway GET /plans/{plan} 200",
    "views.round": "gateway GET /rounds/{round_id} 200",
    "views.proposals": "gateway GET /rounds/{round_id}/proposals 200",
    "views.poll": "gateway GET /polls/{poll_id} 200",
    "views.disputes": "gateway GET /polls/{poll_id}/disputes 200",
    "views.progress": "gateway EVENT /polls/{poll_id}/events 200",
    "views.receipts": "gateway GET /polls/{poll_id}/receipts/{digest} 200",
    "views.cast": "gateway POST /polls/{poll_id}/ballots 200",
    "views.results": "gateway GET /polls/{poll_id}/results 200",
    "views.openedBallots": "gateway GET /polls/{poll_id}/opened 200",
    "views.attestedOutcome": "gateway GET /polls/{poll_id}/outcome 200",
    "views.membership": "gateway GET /rounds/{round_id}/members/{account} 200",
    "views.toSign": "gateway POST /typed-data 200",
    "views.invitedElectorate": "gateway InvitedElectorate",
    "views.invitedTo": "gateway Invitation",
    "views.redemption": "gateway POST /invitations/redemption 200",
    "views.voterEntries": "gateway GET /polls/{poll_id}/voters/{address} 200",
    "problem.problem": "gateway ProblemDocument",
    "views.sent": "gateway POST /proposals/{proposal}/payout 200",
    "organizing.plan": "gateway POST /polls 201",
    "organizing.plans": "gateway GET /plans 200",
    "organizing.committees": "gateway GET /committees 200",
    "organizing.funders": "gateway GET /rounds/{round_id}/funders 200",
    "views.currency": "gateway GET /tokens/{token} 200",
    "views.statement": "gateway GET /statements/{statement} 200",
    "organizing.tried": "gateway POST /rounds 200",
    "organizing.created": "gateway POST /rounds 201",
    "casting.nodeReceipt": "node POST /polls/{poll_id}/ballots 200",
}
"""What each reader reads: an answer by service, route and status, or a schema within one."""
MOST_EXACT = (1 << 53) - 1
"""JavaScript's largest exact integer; the contracts bound times and counts far below."""


def schema_of(answer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Schema of an answer, and those to which it refers."""
    service, *route = answer.split(" ")
    document = DOCUMENTS[service]
    schemas = document["components"]["schemas"]
    if len(route) == 1:
        return schemas[route[0]], schemas
    method, path, status = route
    operation = document["paths"][f"/api/v1{path}"]["get" if method == "EVENT" else method.lower()]
    (content,) = operation["responses"][status]["content"].values()
    if method != "EVENT":
        return content["schema"], schemas
    # An event carries its JSON in `data`, with the schemas to which that refers.
    data = content["schema"]["properties"]["data"]["contentSchema"]
    return data, schemas | data["$defs"]


def instances(schema: dict[str, Any], schemas: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of the documents allows."""

    def of(one: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.deferred(lambda: instances(one, schemas))

    if "$ref" in schema:
        return of(schemas[schema["$ref"].rpartition("/")[2]])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return st.one_of(*map(of, schema[choice]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from([schema["const"]] if "const" in schema else schema["enum"])
    match schema.get("type"):
        case "object":
            return _objects(schema, schemas)
        case "array" if "prefixItems" in schema:
            return st.tuples(*map(of, schema["prefixItems"])).map(list)
        case "array":
            least = max(1, schema.get("minItems", 0))
            return st.lists(of(schema["items"]), min_size=least, max_size=max(2, least))
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True)
        case "string":
            return st.text(max_size=20)
        case "integer":
            most = schema.get("maximum", schema.get("exclusiveMaximum", MOST_EXACT + 1) - 1)
            return st.integers(schema.get("minimum", 0), min(most, MOST_EXACT))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    return st.none() | st.booleans() | st.text(max_size=5)


def _objects(schema: dict[str, Any], schemas: dict[str, Any]) -> st.SearchStrategy[Any]:
    members = {name: instances(one, schemas) for name, one in schema.get("properties", {}).items()}
    required = {name: members.pop(name) for name in schema.get("required", ())}
    known = st.fixed_dictionaries(required, optional=members)
    further = schema.get("additionalProperties", False)
    if not isinstance(further, dict):
        return known
    others = st.dictionaries(st.text("abc", min_size=1), instances(further, schemas), max_size=2)
    return st.tuples(known, others).map(lambda both: both[1] | both[0])


def members_of(schema: dict[str, Any], schemas: dict[str, Any], at: str = "") -> set[str]:
    """Paths of all members that a schema allows somewhere, as the readers' test names them."""
    if "$ref" in schema:
        return members_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, at)
    found = {f"{at}.{name}" for name in schema.get("properties", ())}
    for name, one in schema.get("properties", {}).items():
        found |= members_of(one, schemas, f"{at}.{name}")
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= members_of(one, schemas, at)
    if "items" in schema:
        found |= members_of(schema["items"], schemas, f"{at}[]")
    return found


def test_every_reader_is_held_to_an_answer(browser: Browser) -> None:
    assert set(browser.call("readers")) == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_browser_reads_every_answer(browser: Browser, name: str) -> None:
    schema, schemas = schema_of(ANSWERS[name])
    allowed = members_of(schema, schemas)

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(instances(schema, schemas))
    def reads(value: Any) -> None:
        missing = browser.call("read", name=name, value=json.dumps(value))
        assert set(missing) <= allowed, "a member that no such answer has"

    reads()


def test_a_member_that_no_answer_has_is_noticed(browser: Browser) -> None:
    """What a reader takes as left out would be missing without a word."""
    (missing,) = browser.call("read", name="views.currency", value='{"decimals": 2}')
    assert missing == ".symbol"
