"""Bounds for each client count an address, or the network that one IPv6 subscriber has."""

import pytest

from ostraka.wire.clients import client_of


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("a-socket", "a-socket"),
    ],
)
def test_a_client_is_an_address_or_a_network(host: str, client: str) -> None:
    assert client_of({"client": (host, 4000)}) == client


def test_a_request_without_an_address_counts_for_all_such() -> None:
    assert client_of({}) == client_of({"client": None}) == ""
