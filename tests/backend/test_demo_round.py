"""Options of a file as proposals of the demo's round."""

from ostraka.demo.round import details_of, item_of
from ostraka.formats.election import Option
from ostraka.planning.proposal_details import Place


def test_an_option_with_a_place_is_a_proposal_with_signed_details() -> None:
    option = Option("17", "Bench", 400, 1, (51_740_200, -19_463_100))
    details = details_of(option)
    assert details is not None
    assert details.place == Place(latitude=51_740_200, longitude=-19_463_100)
    item = item_of(option, details)
    assert (item.title, item.amount, item.category, item.text) == ("Bench", 400, 1, "17")
    assert item.details == details.digest()


def test_an_option_without_a_place_has_no_details() -> None:
    option = Option("17", "Bench", 400, labels="Parks,  Sport\u202e,")
    item = item_of(option, details_of(option))
    assert not any(item.details)
    # Each proposal pays to an account of its own.
    assert item.recipient != item_of(option, None).recipient
    assert item.text == "17\n\nParks, Sport"
