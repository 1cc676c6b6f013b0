"""Numbers, amounts, dates, URLs and markup as a report shows them."""

from fractions import Fraction

import pytest

from ostraka_verifier.html_report import (
    public_url,
)
from ostraka_verifier.html_report.decisions import (
    award_word,
    outcome_in_words,
    parts_of,
    rule_in_words,
)
from ostraka_verifier.html_report.formats import amount, decimal, duration, short, utc, with_dates
from ostraka_verifier.html_report.markup import element
from ostraka_verifier.outcome import (
    GreedyByCategory,
    Majority,
    Misfit,
    Order,
    OutcomeRule,
    Parts,
    Plurality,
    Proportional,
)
from ostraka_verifier.units import UnixSeconds


def test_formats() -> None:
    assert amount(123_456, 2, "EUR") == "1,234.56 EUR"
    assert amount(10**18, 18, None) == "1"
    assert amount(1, 18, "coins") == "0.000000000000000001 coins"
    assert short(1_234_567) == "1,234,567"
    assert short(123_456_789_012_345_678_901) == "1.23e+20"
    assert decimal(Fraction(-1, 3)) == "-0.33"
    assert utc(UnixSeconds(0)) == "1 January 1970, 00:00:00 UTC"
    assert utc(UnixSeconds(1 << 63)) == "after the year 9999"
    assert with_dates("at 1800000000, not 18000000001") == (
        "at 15 January 2027, 08:00:00 UTC, not 18000000001"
    )
    assert [duration(one) for one in (0.2, 1, 61, 7_200, 90_000)] == [
        *("1 second", "1 second", "2 minutes", "2 hours", "2 days"),
    ]


@pytest.mark.parametrize(
    ("url", "keep_path", "shown"),
    [
        ("https://rpc.example", False, "https://rpc.example"),
        ("https://rpc.example/v3/KEY", False, "https://rpc.example/…"),
        ("https://user:pass@rpc.example:8545/?key=KEY", False, "https://rpc.example:8545/?…"),
        ("https://node.example/api/board?token=KEY", True, "https://node.example/api/board?…"),
        ("https://u:p@node.example/api/board", True, "https://node.example/api/board"),
    ],
)
def test_urls_without_passwords(url: str, keep_path: bool, shown: str) -> None:
    assert public_url(url, keep_path=keep_path) == shown


def test_attributes_are_escaped() -> None:
    written = element("p", "x", title='"><script>\u202e', data_kind=None, class_="a").html
    assert written == '<p title="&quot;&gt;&lt;script&gt;\ufffd" class="a">x</p>'


def words(rule: OutcomeRule, awards: list[int]) -> tuple[str, str]:
    return rule_in_words(rule, lambda units: f"{units} EUR"), outcome_in_words(rule, awards)


def test_rules_and_decisions_in_words() -> None:
    two_thirds = Majority(2, 3, strict=False, abstention=True, quorum=50)
    assert words(two_thirds, [1, 0, 0]) == (
        "The first option passes if the votes for it are at least 2/3 of all votes for and against."
        " At least 50 votes must be cast.",
        "The motion passes:",
    )
    assert words(Majority(), [0, 1]) == (
        "The first option passes if the votes for it are more than 1/2 of all votes for and"
        " against.",
        "The motion does not pass:",
    )
    assert words(Majority(), [0, 0])[1].startswith("There is no decision")
    assert words(Plurality(1, 3, 2), [0, 0, 0]) == (
        "The option with the most votes wins."
        " Of options with the same number, the one that comes first on the ballot has priority."
        " An option needs at least 2 votes.",
        "No option is chosen.",
    )
    categories = GreedyByCategory(
        (5, 6), (0, 1), (7, 8), 9, Order.VOTES_PER_COST, Misfit.STOP, leftover=True
    )
    assert words(categories, [0, 0]) == (
        "Options are funded in order of votes per unit of cost, most first, while the budget of"
        " 9 EUR lasts. The first option that costs more than the remaining budget ends the funding."
        " Of options with the same number, the one that comes first on the ballot has priority."
        " Each category has its own budget (1: 7 EUR, 2: 8 EUR)."
        " Then the remaining budgets are spent on any category.",
        "Nothing is funded.",
    )
    assert words(Proportional(10, 2), [4, 6]) == (
        "10 EUR are divided in proportion to the votes.",
        "A share goes to:",
    )
    parts = Parts(((2, Majority()), (3, Plurality(1, 3))))
    assert parts_of(parts, 5) == [(2, Majority()), (3, Plurality(1, 3))]
    assert [award_word(rule) for _, rule in parts_of(parts, 5)] == ["majority", "chosen"]
    # One unit of money is an amount, too.
    assert award_word(Proportional(10, 2)) == ""
