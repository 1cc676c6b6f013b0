"""Addresses are read alike in every input."""

import pytest
from pydantic import ValidationError

from ostraka.gateway.routers.proposals import ProposalItem
from ostraka.planning.specification import PollSpecification
from ostraka.wire.addresses import read_address

MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55
QUESTION = {"kind": "single_choice", "title": "T", "options": ["A", "B"]}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0x" + "00" * 20, "the zero address belongs to nobody"),
        (MIXED[:-1] + "D", "mistyped: its capitals do not fit its digits"),
        ("0x12", "expected 0x and 40 hexadecimal digits"),
        (MIXED + "\n", "expected 0x and 40 hexadecimal digits"),
    ],
)
def test_addresses_are_read_alike_everywhere(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_address(address)
    for content in (
        {"voters": {"kind": "list", "accounts": [{"account": address}]}},
        {"voters": {"kind": "members", "contract": address}},
    ):
        with pytest.raises(ValidationError) as raised:
            PollSpecification.model_validate(
                {"title": "T", "questions": [QUESTION], "closes_at": 1_800_000_000, **content}
            )
        assert raised.value.errors()[0]["msg"] == said
    with pytest.raises(ValidationError) as raised:
        ProposalItem(recipient=address, amount=1, title="T")
    assert raised.value.errors()[0]["msg"] == said
    assert ProposalItem(recipient=MIXED, amount=1, title="T").recipient == MIXED.lower()
