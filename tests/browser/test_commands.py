"""Commands in the browser chat: typed, answered in place, on a phone too; nothing typed reaches the page as markup."""

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.served import Served

pytestmark = pytest.mark.xdist_group("commands")  # one Chromium for all of them

PHONE = {"width": 390, "height": 844}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("commands"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def session(browser: Browser, served: Served):
    context = browser.new_context()
    context.new_page().goto(served.link)
    yield context.storage_state()
    context.close()


@pytest.fixture
def page(browser: Browser, served: Served, session):
    context = browser.new_context(viewport=PHONE, storage_state=session)
    context.set_default_timeout(60_000)
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    made.on("pageerror", lambda e: complaints.append(str(e)))
    made.goto(f"{served.url}/chat?lang=en")
    expect(made.get_by_label("I am")).to_be_visible(timeout=60_000)
    yield made
    context.close()
    assert complaints == []


def say(page: Page, who: str, text: str) -> None:
    page.get_by_label("I am").select_option(who)
    page.locator("#command").fill(text)
    page.get_by_role("button", name="Send").click()


def test_a_command_is_answered_in_the_chat_and_in_the_readers_language(page: Page, served: Served):
    served.fire(service="shop-api")
    say(page, "Anna", "/incidents")
    expect(page.locator("li").first).to_contain_text("1 open incident, 1 not taken", timeout=60_000)
    assert page.locator("#command").input_value() == ""
    expect(page.locator("li").first.locator(".quote")).to_contain_text("Anna")
    say(page, "Борис", "/ack 1")
    expect(page.locator("li").first).to_contain_text("INC-1 теперь ваш", timeout=60_000)
    say(page, "Sveta", "/resolve 1")
    expect(page.locator("li").first).to_contain_text("You may not do this", timeout=60_000)
    assert page.evaluate(WIDE) == 0


def test_a_menu_is_pressed_in_place_and_markup_stays_text(page: Page):
    say(page, "Anna", '/maintenance 2h service="<b>x</b>"')
    told = page.locator("li").first
    expect(told).to_contain_text('service="<b>x</b>"', timeout=60_000)
    told.get_by_role("button", name="Cancel").click()
    expect(told).to_contain_text("Cancelled, nothing is muted.", timeout=60_000)
    say(page, "Anna", "hello")
    expect(page.get_by_role("status")).to_contain_text("Commands begin with /", timeout=60_000)
    assert page.evaluate(WIDE) == 0
