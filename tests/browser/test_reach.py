"""The page of the browser chat says above everything what can't be reached, while it can't."""

import contextlib
import json

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.test_chat import PHONE, WIDE, browser, served, session, visit

pytestmark = pytest.mark.xdist_group("chat")
__all__ = ["browser", "served", "session", "visit"]
GONE = {"en": "Telegram unreachable since 03:02 (12 min)", "ru": "Telegram недоступен с 06:02 (12 мин)"}


def say(page: Page, *outages: dict[str, str]) -> None:
    """The service's own answers, with these outages."""

    def answer(route: Route) -> None:
        with contextlib.suppress(Error):  # the page that asked has gone
            got = route.fetch()
            route.fulfill(response=got, body=json.dumps({**got.json(), "outages": list(outages)}))

    page.unroute("**/chat/messages*")
    page.route("**/chat/messages*", answer)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_what_can_not_be_reached_stands_above_everything_until_it_can(visit, served, lang, tmp_path):
    served.fire(service="shop-api")
    page = visit(lang=lang, size=PHONE)
    expect(page.locator("#outages")).to_be_hidden()
    say(page, GONE)
    page.reload()
    expect(page.locator("#outages")).to_have_text(f"⚠ {GONE[lang]}")
    assert page.evaluate(WIDE) <= 0
    page.screenshot(path=tmp_path / f"{lang}.png")
    say(page)
    page.reload()
    expect(page.locator("#outages")).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")
