"""Lists of accounts as CSV: each wrong line is named."""

import re
from pathlib import Path

import pytest

from ostraka.planning.account_file import WrongLines, read_accounts
from ostraka.wire.addresses import read_address

ACCOUNT = "0x" + "ab" * 20
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(WrongLines) as raised:
        read_accounts(path)
    return [problem.removeprefix(f"{path}: ") for problem in raised.value.problems]


def test_account_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    text = f"\ufeffAccount, weight,signing_key\n{ACCOUNT},1,\n\n {MIXED} ,7,{ACCOUNT}\n"
    path.write_text(text, encoding="utf-8")
    assert read_accounts(path) == [
        {"account": ACCOUNT, "weight": 1},
        {"account": MIXED.lower(), "weight": 7, "signing_key": ACCOUNT},
    ]
    assert read_accounts(write(path, f"account\n{ACCOUNT}\n")) == [
        {"account": ACCOUNT, "weight": 1}
    ]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    rows = [
        "account,weight,signing_key",
        f"{ACCOUNT},1,",
        "0x12,1,",
        f"{MIXED.replace('B', 'b')},0,0x",
        f"{ACCOUNT.upper().replace('X', 'x')},1,",
        f"{MIXED},1,{ACCOUNT},more",
        f"{MIXED},1.5,",
        f"{MIXED},18446744073709551616,",
        f"{MIXED},,",
        MIXED,
        f"0x{'0' * 40},1,",
    ]
    found = problems_of(write(path, "\n".join(rows)))
    assert [re.sub(": '.*'$| is on line 2 already|: more values.*", "", one) for one in found] == [
        "line 3: account: expected 0x and 40 hexadecimal digits",
        "line 4: account: mistyped: its capitals do not fit its digits",
        "line 4: signing_key: expected 0x and 40 hexadecimal digits",
        "line 4: weight: expected a whole number from 1",
        f"line 5: account: {ACCOUNT}",
        "line 6",
        "line 7: weight: expected a whole number from 1",
        "line 8: weight: expected a whole number from 1",
        "line 9: weight: blank, although the file has a column of weights",
        "line 10: weight: blank, although the file has a column of weights",
        "line 11: account: the zero address belongs to nobody",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the header must name columns; possible are account, weight, signing_key"),
        (
            "name,weight\n",
            "the header must name columns; possible are account, weight, signing_key",
        ),
        ("weight\n1\n", "the header must name columns; possible are account, weight, signing_key"),
        (
            f"{ACCOUNT},1\n",
            "the header must name columns; possible are account, weight, signing_key",
        ),
        ("account,account\n", "column 'account' occurs twice"),
        ("account,wieght\n", "column wieght: unknown; did you mean weight"),
        ("account,signing key\n", "column signing key: unknown; did you mean signing_key"),
        ("account\tweight\n", "tabs separate the columns; use commas"),
    ],
)
def test_a_header_is_required(tmp_path: Path, text: str, said: str) -> None:
    assert problems_of(write(tmp_path / "members.csv", text)) == [f"line 1: {said}"]


def test_account_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(b"account\n\xff\xfe\n")
    assert problems_of(path) == ["not UTF-8"]
    assert problems_of(write(path, f'account\n{ACCOUNT}\n"0x12\n')) == [
        "line 3: quotes that begin here do not end"
    ]
    assert problems_of(write(path, "account\n")) == ["names no account"]


def test_mixed_case_addresses_need_a_valid_checksum() -> None:
    assert read_address(MIXED).hex() == MIXED[2:].lower()
    assert read_address("0x" + "AB" * 20) == bytes([0xAB] * 20)
    with pytest.raises(ValueError, match="mistyped"):
        read_address(MIXED[:-1] + "D")
