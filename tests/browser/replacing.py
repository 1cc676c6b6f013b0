"""An organizer replaces a member's lost key on the page of the round's plan."""

from typing import Any

from playwright.sync_api import expect

from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from tests.browser.surfing import Surfer


def replaced_by_organizer(
    stack: LocalStack, organizer: Surfer, shown: dict[str, Any], invited: list[SigningKey]
) -> str:
    """The organizer replaces the first invitation's code on the page of the plan; the new code."""
    page, account = organizer.page, invited[0].address_hex
    page.goto(f"/organize/{shown['plan']}")
    page.get_by_label("Organizer token").fill(stack.organizer_token)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Find the member and make a new code").click()
    codes = organizer.folder / "codes.csv"
    codes.write_text("code\n")
    page.get_by_label("File of codes").set_input_files(codes)
    expect(page.get_by_text("Line 1 has no code")).to_be_visible()
    rows = [f"{key.secret().hex()},Resident {place}" for place, key in enumerate(invited)]
    codes.write_text("\n".join(["code,name", *rows, ""]))
    page.get_by_label("File of codes").set_input_files([])
    page.get_by_label("File of codes").set_input_files(codes)
    page.get_by_label("Member", exact=True).fill("resident")
    expect(page.get_by_text("6 members fit")).to_be_visible()
    page.get_by_label("Member", exact=True).fill(account)
    page.get_by_label("Reason", exact=True).select_option("Someone else used the code")
    saved = organizer.download("Make and save a new code for Resident 0")
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    organizer.look("replace-key")
    page.get_by_role("button", name="Replace it now, publicly").click()
    expect(page.get_by_text("is replaced")).to_be_visible()
    code = saved.read_text().splitlines()[1].split(",")[0]
    sent = "\n".join(organizer.sent)
    assert account in sent
    assert "Resident" not in sent
    assert not any(secret in sent for secret in (code[:64], code[64:]))
    return code
