"""Letters to subscribers as a mail program with a small window shows them: they fit, and everybody can use them, light and dark."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from receiver.channels.letters import Letter, Sender, compose, confirmation, farewell, settings, word
from tests.notices.values import rules
from tests.status.mails import html_of
from tests.status.values import NOW, outage

pytestmark = pytest.mark.xdist_group("status")

LINK, STOP = "https://status.example/status/ru/manage/reader.0.abcdefgh", "https://status.example/status/ru/unsubscribe/reader.0.abcdefgh"


def letters(language: str) -> list[Letter]:
    """One of each kind."""
    page = "Состояние" if language == "ru" else "Status"
    told = outage()
    said = word(told, told.updates[0], rules(), language, "https://status.example/status/ru/notices/N7K2QRST", STOP, NOW + timedelta(minutes=1))
    return [confirmation(page, LINK, language), settings(page, LINK, STOP, language), farewell(page, LINK, language), said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_letter_fits_a_phone_and_everybody_can_use_it(tmp_path, scheme):
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 700}, color_scheme=scheme)
        for language in ("ru", "en"):
            for number, letter in enumerate(letters(language)):
                page.set_content(html_of(compose(letter, Sender(mailbox="Status <a@shop.example>", envelope="a@shop.example"), "b@example.org", "t" * 20, NOW)))
                assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
                assert page.get_by_role("heading", level=1).inner_text() == letter.heading
                assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in Axe().run(page).response["violations"]] == [], (language, number)
                assert page.locator("a[style]").first.bounding_box()["height"] >= 44
                page.screenshot(path=tmp_path / f"letter-{language}-{number}-{scheme}.png")
        browser.close()
