"""What the verifier declares of the contracts is what they were compiled to."""

from typing import Any

import pytest

from ostraka.chain.contract import artifact
from ostraka_verifier import contracts
from ostraka_verifier.abi import Event, ListOf, Struct, Type

Fields = list[tuple[str, Any]]
CONTRACTS = ("PollRegistry", "BudgetTreasury", "MemberRegistry", "VotingKeys", "TestToken")
ANSWERS = {
    ("PollRegistry", "poll"): Struct((("view", contracts.POLL_VIEW),)),
    ("PollRegistry", "awards"): contracts.AWARDS,
    ("PollRegistry", "outcome"): contracts.OUTCOME,
    ("BudgetTreasury", "round"): contracts.ROUND,
    ("BudgetTreasury", "proposals"): contracts.PROPOSALS,
    ("TestToken", "CLOCK_MODE"): contracts.CLOCK_MODE,
    ("TestToken", "getPastVotes"): contracts.PAST_VOTES,
}
EVENTS = [one for one in vars(contracts).values() if isinstance(one, Event)]


def declared(struct: Struct) -> Fields:
    """Names and types, with a struct's own in place of its type."""
    return [(name, declared_type(kind)) for name, kind in struct.fields]


def declared_type(kind: Type) -> Any:
    match kind:
        case Struct():
            return declared(kind)
        case ListOf(entry):
            return {"list of": declared(entry)}
    return kind


def compiled(parameters: list[dict[str, Any]]) -> Fields:
    """The same of an ABI."""
    return [(one["name"], compiled_type(one)) for one in parameters]


def compiled_type(parameter: dict[str, Any]) -> Any:
    match parameter["type"]:
        case "tuple":
            return compiled(parameter["components"])
        case "tuple[]":
            return {"list of": compiled(parameter["components"])}
    return parameter["type"]


def entry(contract: str, kind: str, name: str) -> dict[str, Any]:
    """The only function or event of a contract with a name."""
    found: list[dict[str, Any]] = [
        one for one in artifact(contract)["abi"] if one["type"] == kind and one["name"] == name
    ]
    assert len(found) == 1, f"{contract} has {len(found)} of the name {name}"
    return found[0]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_events_are_those_of_the_contracts(event: Event) -> None:
    emitting = [
        name
        for name in CONTRACTS
        if any(
            one["type"] == "event" and one["name"] == event.name for one in artifact(name)["abi"]
        )
    ]
    assert emitting
    for contract in emitting:
        inputs = entry(contract, "event", event.name)["inputs"]
        topics = [one for one in inputs if one["indexed"]]
        # `Event` puts topics before the rest.
        assert inputs[: len(topics)] == topics
        assert compiled(topics) == list(event.indexed)
        assert compiled(inputs[len(topics) :]) == declared(event.data)


@pytest.mark.parametrize(("contract", "function"), ANSWERS)
def test_answers_are_those_of_the_contracts(contract: str, function: str) -> None:
    answer = declared(ANSWERS[contract, function])
    outputs = compiled(entry(contract, "function", function)["outputs"])
    # Solidity names no answer as a whole: those names are ours.
    assert [kind for _, kind in outputs] == [kind for _, kind in answer]


def test_every_declared_struct_is_part_of_an_event_or_an_answer() -> None:
    tested = [parts for one in (*EVENTS, *ANSWERS.values()) for parts in structs_of(one)]
    for name, struct in vars(contracts).items():
        if isinstance(struct, Struct):
            assert any(struct is one for one in tested), name


def structs_of(whole: Event | Type) -> list[Struct]:
    """A type, and all structs within it."""
    match whole:
        case Event():
            return structs_of(whole.data)
        case ListOf(entry):
            return structs_of(entry)
        case Struct(fields):
            return [whole, *(part for _, kind in fields for part in structs_of(kind))]
    return []
