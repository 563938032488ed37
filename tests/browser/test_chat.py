"""The chat in the browser, in a real one: what people see, press and hear; phone and desktop, two languages, light and dark."""

import json
import re

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.served import Served

pytestmark = pytest.mark.xdist_group("chat")  # one Chromium for all of them

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
HOSTILE = '</b><img src=x onerror="window.owned=1"><script>window.owned=1</script>'
LONG = "The queue orders.new holds 48200 messages and grows; " * 6 + "a" * 300
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


expect.set_options(timeout=60_000)  # a busy machine is not a fault of the page


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def session(browser: Browser, served: Served):
    """The cookie of the one login."""
    context = browser.new_context()
    context.new_page().goto(served.link)
    yield context.storage_state()
    context.close()


@pytest.fixture
def visit(browser: Browser, served: Served, session):
    """Open the page; at the end, nothing was wrong in its console and the policy blocked nothing."""
    contexts, complaints = [], []

    def go(*, lang: str = "en", size=DESKTOP, scheme: str = "light", to: str = "") -> Page:
        context = browser.new_context(viewport=size, color_scheme=scheme, storage_state=session)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("dialog", lambda d: complaints.append(d.message))
        page.goto(f"{to or served.url}/chat?lang={lang}")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def card(page: Page, text: str):
    """The living message of one incident in the English chat."""
    return page.locator("li").filter(has=page.locator(".time", has_text="devops")).filter(has=page.locator(".text", has_text=text)).last


def test_an_incident_is_seen_taken_explained_and_closed(visit, served):
    page = visit()
    served.fire(service="shop-api")
    told = card(page, "Shop API")
    expect(told).to_contain_text("🔴 Shop API: 7.8 % of responses are HTTP 500")
    page.get_by_label("I am").select_option("Anna")
    told.get_by_role("button", name="✅ Acknowledge").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"INC-\d+ is yours"))
    expect(told).to_contain_text("Taken by Anna at ")
    expect(told.get_by_role("button", name="Acknowledge")).to_have_count(0)
    told.get_by_role("button", name="Why?").click()
    expect(page.get_by_role("status")).to_contain_text("Why here: routes.yaml:3")
    told.get_by_role("button", name="🟢 Resolve").click()
    expect(page.locator("li", has_text="Still firing: 1 alert. Quiet until something new fires").first).to_contain_text("Shop API: closed by Anna")
    expect(page.locator(".quote").first).to_contain_text("Shop API")


def test_the_keyboard_reaches_every_button_and_enter_presses(visit, served):
    served.fire(service="shop-db", severity="warning")
    page = visit()
    told = card(page, "Shop DB")
    expect(told).to_be_visible()
    page.get_by_label("I am").select_option("Anna")
    for _ in range(30):
        page.keyboard.press("Tab")
        if told.locator("button[data-verb=ack]").evaluate("b => b === document.activeElement"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "one sees where one is"
    page.keyboard.press("Enter")
    expect(told).to_contain_text("Taken by Anna")
    assert told.evaluate("li => li.contains(document.activeElement)"), "the place is kept when the message changes"
    page.keyboard.press("Escape")
    expect(page.locator("#toast")).to_be_hidden()


def test_hostile_text_is_only_text(visit, served):
    served.fire(HOSTILE, service="hostile", alertname=HOSTILE, summary=HOSTILE)
    page = visit()
    expect(card(page, "hostile")).to_contain_text(f"🔴 hostile: {HOSTILE}")
    assert page.locator("#messages img, #messages script").count() == 0
    assert page.evaluate("window.owned") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_page_fits_and_everybody_can_use_it(visit, served, tmp_path, lang, size, scheme):
    served.fire(service="message-queue", summary=LONG)
    page = visit(lang=lang, size=size, scheme=scheme)
    expect(card(page, "message-queue")).to_be_visible()
    card(page, "message-queue").get_by_role("button", name="Why?").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("Why here|Почему здесь"))
    assert page.evaluate("document.documentElement.lang") == lang
    assert page.evaluate(WIDE) <= 0
    small = page.locator(".row button").evaluate_all("all => all.filter(b => b.offsetHeight < 44).length")
    assert small == 0, "a thumb hits every button"
    if size is PHONE:  # the same elements and colours at either width
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in Axe().run(page).response["violations"]] == []
    page.screenshot(path=tmp_path / f"{lang}-{size['width']}-{scheme}.png", full_page=True)


def test_a_chat_can_be_read_alone(visit, served):
    served.fire(service="crm-api")
    page = visit()
    expect(card(page, "crm-api")).to_be_visible()
    page.get_by_role("button", name="on-call").click()
    expect(page.locator("li").first).to_be_visible()
    assert set(page.locator(".time").evaluate_all("all => all.map(t => t.textContent.split(' ')[0])")) == {"on-call"}
    page.get_by_role("button", name="All", exact=True).click()
    expect(card(page, "crm-api")).to_be_visible()


def test_the_state_is_seen_below_the_line_that_says_why_and_a_number_keeps_its_unit(visit):
    page = visit()
    drawn = """html => {
      const card = draw({ id: "1", chat: "x", at: 0, html, buttons: [] }).querySelector(".card");
      return [card.className, [...card.querySelectorAll(".measured")].map((s) => s.textContent), card.querySelector(".text").textContent];
    }"""
    said = "Nobody has taken INC-1\n🔴 Shop API: 7.8 % fail for 12 min, 240/s arrive"
    assert page.evaluate(drawn, f"<i>{said}") == ["card red", ["7.8 %", "12 min", "240/s"], said]
    assert page.evaluate(drawn, "2 open incidents\n\n🔴 INC-1\n🟢 INC-2")[0] == "card", "a list has no state of its own"


def test_the_login_link_works_once_and_then_says_what_to_do(browser, served, session, tmp_path):
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    for address in (served.link, f"{served.url}/chat"):
        answer = page.goto(address)
        assert answer.status == 401
        expect(page.get_by_role("main")).to_contain_text("Start receiver serve or receiver demo again: it prints a new one.")
        expect(page.get_by_role("main")).to_contain_text("Запустите receiver serve или receiver demo снова")
    assert page.evaluate(WIDE) <= 0
    page.screenshot(path=tmp_path / "login.png")
    context.close()


def test_an_empty_chat_shows_a_first_step_and_a_lost_service_is_said(browser, tmp_path):
    server = Served(tmp_path / "own")
    context = browser.new_context(viewport=PHONE, locale="ru-RU")
    context.set_default_timeout(60_000)
    page = context.new_page()
    try:
        page.goto(server.link)
        expect(page.get_by_role("heading", name="Всё спокойно")).to_be_visible()
        assert page.evaluate(WIDE) <= 0
        assert Axe().run(page).response["violations"] == []
        page.screenshot(path=tmp_path / "empty.png")
        step = page.locator("#empty pre").text_content()
        sent = json.loads(step.partition("-d '")[2].removesuffix("'"))
        address = step.split()[1]
        assert httpx.post(address, json=sent, trust_env=False).json()["opened"] == 1
        expect(page.locator("li").first).to_contain_text("Первый алерт")
        expect(page.locator("#empty")).to_be_hidden()
        server.stop()
        expect(page.get_by_role("alert")).to_contain_text("Нет связи с сервисом, пробуем снова")
        page.screenshot(path=tmp_path / "offline.png")
        server.start()
        expect(page.get_by_role("alert")).to_be_hidden()
        server.fire(service="shop-db")
        expect(page.locator("li").first).to_contain_text(re.compile("Shop DB|База магазина"))
    finally:
        context.close()
        server.stop()


def test_a_session_that_is_over_says_what_to_do(browser, served, session):
    context = browser.new_context(storage_state=session)
    page = context.new_page()
    page.goto(f"{served.url}/chat?lang=en")
    expect(page.locator("li").first).to_be_visible()
    context.clear_cookies()
    served.fire("another", service="crm-api")
    expect(page.get_by_role("alert")).to_contain_text("The session is over. Start receiver serve or receiver demo again")
    context.close()
