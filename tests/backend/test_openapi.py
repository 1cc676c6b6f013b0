"""The OpenAPI documents of gateway and node describe every answer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from ostraka.gateway import api as gateway
from ostraka.gateway.answers.ballots import REFUSALS
from ostraka.node import api as node
from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.openapi import ANYWHERE, kinds_of
from ostraka.wire.problem_responses import MEDIA_TYPE
from ostraka.wire.problem_types import BY_URI, ProblemType
from ostraka.wire.problems import Problem, ProblemDocument, from_audit_error
from ostraka_verifier.errors import Malformed, Rejected

DOCUMENTS = Path(__file__).parents[2] / "docs/openapi"
APPS = {"gateway": gateway.describe_api(), "node": node.describe_api()}
OPERATIONS = {
    f"{name} {method.upper()} {path}": operation
    for name, app in APPS.items()
    for path, methods in app.openapi()["paths"].items()
    for method, operation in methods.items()
}
MOMENT = re.compile("(^|_)(at|deadline|since|timestamp)$")
DURATION = re.compile("_(delay|duration|period|window|s)$")
CASTS = [name for name in OPERATIONS if name.endswith("POST /api/v1/polls/{poll_id}/ballots")]


@pytest.mark.parametrize("name", APPS)
def test_every_route_is_in_the_document(name: str) -> None:
    app: FastAPI = APPS[name]
    hidden = [
        route.path
        for route in app.routes
        if isinstance(route, APIRoute)
        and not route.include_in_schema
        # HEAD goes with a described GET.
        and route.methods != {"HEAD"}
    ]
    assert set(hidden) <= {"/api/docs", "/api/docs/page.js"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_success_has_a_schema(name: str) -> None:
    answers = OPERATIONS[name]["responses"]
    good = [answer for status, answer in answers.items() if status.startswith("2")]
    assert good
    for answer in good:
        for media_type, content in answer["content"].items():
            assert content["schema"] not in ({}, {"type": "object"})
            described = content["schema"].get("items", content["schema"])
            if media_type == "application/json":
                assert {"$ref", "anyOf"} & described.keys(), described
            elif media_type == "text/event-stream":
                assert described["properties"]["data"]["contentSchema"]
            else:
                assert described["type"] == "string"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_is_a_problem_of_the_table(name: str) -> None:
    operation = OPERATIONS[name]
    for status, answer in operation["responses"].items():
        if status.startswith(("4", "5")):
            assert list(answer["content"]) == [MEDIA_TYPE]
    kinds = [BY_URI[uri] for uri in kinds_of(operation)]
    assert {ProblemType.INTERNAL_ERROR, ProblemType.TOO_LARGE, ProblemType.BUSY} <= {*kinds}
    given = [*operation.get("parameters", ()), *operation.get("requestBody", ())]
    if given:
        assert {ProblemType.INVALID_REQUEST, ProblemType.MALFORMED} & {*kinds}
    statuses = {str(kind.status) for kind in kinds}
    assert statuses == {one for one in operation["responses"] if one.startswith(("4", "5"))}


@pytest.mark.parametrize("name", OPERATIONS)
def test_bodies_and_parameters_are_described(name: str) -> None:
    operation = OPERATIONS[name]
    for parameter in operation.get("parameters", ()):
        assert parameter["schema"]
    method = name.split()[1]
    without = ("/payout", "/revocation", "/rotation", "/sign-out", "/unsubscribe")
    has_body = method not in ("GET", "DELETE") and not name.endswith(without)
    assert ("requestBody" in operation) == has_body
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        assert content["schema"]


@pytest.mark.parametrize("name", CASTS)
def test_a_ballot_is_described_with_an_example(name: str) -> None:
    (content,) = OPERATIONS[name]["requestBody"]["content"].values()
    schema: dict[str, Any] = content["schema"]
    assert schema["required"] == ["ballot", "boxes", "signature"]
    assert not schema["additionalProperties"]
    (example,) = schema["examples"]
    assert example.keys() == schema["properties"].keys()
    for described in schema["properties"].values():
        assert "docs/protocol.md §" in described["description"]


def test_both_services_let_voters_cast() -> None:
    assert len(CASTS) == len(APPS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_may_say_when_to_retry(name: str) -> None:
    components = APPS[name.split()[0]].openapi()["components"]
    assert components["headers"]["RetryAfter"]["schema"] == {"type": "integer", "minimum": 1}
    for status, answer in OPERATIONS[name]["responses"].items():
        if status.startswith(("4", "5")):
            header = {"$ref": "#/components/headers/RetryAfter"}
            assert answer["headers"] == {"Retry-After": header}


@pytest.mark.parametrize("name", OPERATIONS)
def test_clients_may_meet_further_members_in_answers(name: str) -> None:
    """RFC 9457, section 3.2: clients ignore members that they do not know."""
    schemas = APPS[name.split()[0]].openapi()["components"]["schemas"]
    closed, seen = [], set()

    def walk(part: Any, place: str) -> None:
        if isinstance(part, list):
            for one in part:
                walk(one, place)
        if isinstance(part, dict):
            if part.get("additionalProperties") is False:
                closed.append(place)
            _, found, target = str(part.get("$ref", "")).rpartition("/components/schemas/")
            if found and target not in seen:
                seen.add(target)
                walk(schemas[target], target)
            for member, value in part.items():
                walk(value, f"{place}.{member}")

    walk(OPERATIONS[name]["responses"], name)
    assert not closed


def test_requests_forbid_unknown_members() -> None:
    schemas = APPS["gateway"].openapi()["components"]["schemas"]
    assert schemas["Funding"]["additionalProperties"] is False


@pytest.mark.parametrize("name", APPS)
def test_bounds_are_whole_numbers(name: str) -> None:
    text = json.dumps(APPS[name].openapi())
    assert not re.search(r"[0-9]\.[0-9]*e\+[0-9]|[0-9]\.0[,}]", text)
    assert '"exclusiveMaximum": 18446744073709551616' in text


def test_refusals_name_their_types() -> None:
    refusal = APPS["gateway"].openapi()["components"]["schemas"]["Refusal"]
    described = refusal["properties"]["problem"]["description"]
    assert all(f"`{kind.code}`" in described for kind in REFUSALS)
    (cast,) = [one for one in CASTS if one.startswith("node")]
    assert {BY_URI[uri] for uri in kinds_of(OPERATIONS[cast])} - {*ANYWHERE} <= {
        *REFUSALS,
        ProblemType.INVALID_REQUEST,
    }


def test_a_gateway_answers_a_ballot_only_with_what_it_can_give() -> None:
    (cast,) = [one for one in CASTS if one.startswith("gateway")]
    kinds = {BY_URI[uri] for uri in kinds_of(OPERATIONS[cast])}
    assert {*BALLOT_PROBLEMS, ProblemType.NODES_UNREACHABLE} <= kinds


@pytest.mark.parametrize("name", APPS)
def test_the_repository_has_the_document(name: str) -> None:
    assert json.loads((DOCUMENTS / f"{name}.json").read_text()) == APPS[name].openapi()


def test_a_failed_check_names_its_number() -> None:
    problem = from_audit_error(Rejected("B4", "signature", "of somebody else"))
    document = problem.to_json()
    assert (document["check"], document["detail"]) == ("B4", "of somebody else")
    assert ProblemDocument.model_validate(document).check == "B4"
    assert Problem.from_json(document) == problem
    assert str(problem) == "Check failed: B4: signature: of somebody else"
    assert "check" not in from_audit_error(Malformed("ballot", "short")).to_json()
    # Of somebody else, it may be anything.
    for other in ("b4", "B4; go elsewhere", 4, None):
        assert Problem.from_json(document | {"check": other}).check == ""


def properties(document: object) -> Iterator[tuple[str, str]]:
    """Every property in a document with all that describes it or one of its alternatives."""
    if isinstance(document, list):
        for one in document:
            yield from properties(one)
    elif isinstance(document, dict):
        named = document.get("properties", {})
        for name, schema in named.items() if isinstance(named, dict) else ():
            described = [schema, *schema.get("anyOf", ())]
            yield name, " ".join(one.get("description", "") for one in described)
        for one in document.values():
            yield from properties(one)


@pytest.mark.parametrize("name", APPS)
def test_moments_and_durations_state_their_unit(name: str) -> None:
    found = list(properties(APPS[name].openapi()))
    moments = {one: text for one, text in found if MOMENT.search(one)}
    assert len(moments) > 4
    assert [one for one, text in moments.items() if "Unix time in seconds" not in text] == []
    durations = {one: text for one, text in found if DURATION.search(one)}
    assert durations
    assert [one for one, text in durations.items() if "seconds" not in text.lower()] == []
