"""A request that an organizer repeats is carried out once (docs/operations.md).

On Hardhat's node behind `FaultyRpc`, through the gateway's HTTP interface.
"""

import pytest

from ostraka.chain import sending
from ostraka.gateway.context import GatewayContext
from tests.support.faulty_chain import FaultyChain, OrganizersClient, poll_wanted, round_wanted


@pytest.mark.usefixtures("quick")
def test_a_revert_counts_only_in_a_final_block(
    chain: FaultyChain, gateway: GatewayContext, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that hears `refused` asks under another key: the first must be unable to succeed."""
    client, path = OrganizersClient(gateway), f"/api/v1/rounds/{round_id}/funding"
    chain.stop_mining()
    (waits,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
    assert waits.json()["title"] == "Not mined yet"
    before = chain.rpc.direct("evm_snapshot")
    # By then the round is over.
    chain.rpc.direct("evm_setNextBlockTimestamp", hex(chain.now + 20_000))
    chain.mine()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "final_block", lambda *_: chain.stack.registry.head().number - 1)
        (reverted,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
        assert (reverted.status_code, reverted.json()["title"]) == (503, "Not final yet")
        assert chain.rpc.direct("evm_revert", before)
        chain.mine()
        (done,) = client.post(path, {"amount": "5"}, "one-that-comes-too-late")
        assert done.status_code == 200, done.text
    assert chain.deposited(round_id) == 5


def test_a_key_belongs_to_one_request(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    client, path = OrganizersClient(gateway), f"/api/v1/rounds/{round_id}/funding"
    key = "3f0b6c1e-aaaa-4bbb-8ccc-1234567890ab"
    (without,) = client.post(path, {"amount": "600"})
    assert (without.status_code, without.json()["title"]) == (400, "Idempotency key missing")
    chain.rpc.lose_answers = 1
    (first,) = client.post(path, {"amount": "600"}, key)
    assert first.status_code == 200
    (second,) = client.post(path, {"amount": "600"}, key)
    assert second.json() == first.json()
    (other,) = client.post(path, {"amount": "700"}, key)
    assert (other.status_code, other.json()["title"]) == (422, "Idempotency key reused")
    # After a restart as well.
    (again,) = OrganizersClient(gateway).post(path, {"amount": "600"}, key)
    assert again.json() == first.json()
    assert chain.deposited(round_id) == 600


def test_one_round_and_one_poll_for_one_request(
    chain: FaultyChain, gateway: GatewayContext
) -> None:
    client = OrganizersClient(gateway)
    rounds, plans = chain.stack.treasury.round_count(), len(gateway.plans.all())
    chain.rpc.lose_answers = 1
    bodies = {
        "/api/v1/rounds": round_wanted(chain),
        "/api/v1/polls": poll_wanted(chain).model_dump(mode="json", exclude_none=True),
    }
    for path, body in bodies.items():
        key = "the-key-of" + path.replace("/", "-")
        answers = client.post(path, body, key, times=3)
        assert {one.status_code for one in answers} <= {201, 409}, [one.text for one in answers]
        (made,) = client.post(path, body, key)
        assert made.status_code == 201
        good = [one.json() for one in answers if one.status_code == 201]
        assert good
        assert all(one == made.json() for one in good)
    assert chain.stack.treasury.round_count() == rounds + 1
    assert len(gateway.plans.all()) == plans + 2


@pytest.mark.usefixtures("quick")
def test_pending_transactions_are_reported_and_continued(
    chain: FaultyChain, gateway: GatewayContext, round_id: int
) -> None:
    client, path = OrganizersClient(gateway), f"/api/v1/rounds/{round_id}/funding"
    chain.stop_mining()
    (waits,) = client.post(path, {"amount": "5"}, "one-that-waits-for-a-block")
    assert (waits.status_code, waits.json()["title"]) == (503, "Not mined yet")
    chain.mine()
    (done,) = client.post(path, {"amount": "5"}, "one-that-waits-for-a-block")
    assert done.status_code == 200
    assert chain.deposited(round_id) == 5
