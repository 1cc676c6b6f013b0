"""The auditor's report in a real browser: from a file, in both themes, narrow, and on paper."""

from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

from ostraka_verifier.html_report import References
from tests.browser.surfing import Surfer
from tests.support.audits import ROUND_BOARD, ROUND_CHAIN
from tests.support.polls import approval_poll
from tests.support.reports import HOSTILE, html_of

PAPERS = {"A4": 680, "Letter": 703}
"""Width of the text in pixels, at 96 for each inch and with margins of 15 mm."""


def test_a_report_opens_from_the_disk(chromium: Browser, tmp_path: Path) -> None:
    hostile = approval_poll(members={"title": HOSTILE, "options": [HOSTILE] * 4, "text": HOSTILE})
    board, chain = hostile.finish()
    assert chain.tally is not None
    false = replace(chain.tally, values=(9, *chain.tally.values[1:]))
    reports = {
        "round": (ROUND_BOARD, ROUND_CHAIN),
        "false": (board, replace(chain, tally=false)),
    }
    reader = Surfer(chromium, "about:blank", tmp_path, "en")
    for name, (board, chain) in reports.items():
        path = tmp_path / f"{name}.html"
        path.write_text(html_of(board, chain, References()))
        reader.page.goto(path.as_uri())
        reader.look(f"report-{name}")
        reader.page.emulate_media(media="print", color_scheme="dark")
        for paper, width in PAPERS.items():
            reader.page.set_viewport_size({"width": width, "height": 900})
            # What overflows is cut on paper; nothing scrolls there.
            wide = "[...document.querySelectorAll('*')].filter(e => e.scrollWidth > innerWidth)"
            assert reader.page.evaluate(f"{wide}.length") == 0, (name, paper)
            assert reader.page.pdf(format=paper).startswith(b"%PDF")
        reader.page.emulate_media(media="screen")
        # A link to a hash shows the whole of it.
        reader.page.get_by_role("link", name="0x").first.click()
        assert reader.page.url.rpartition("#")[2].startswith("hash-")
    assert {sent.partition(":")[0] for sent in reader.sent} == {"file"}
    reader.context.close()
