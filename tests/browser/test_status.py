"""The status page in a real browser: with and without JavaScript, phone and desktop, keyboard, two languages, light and dark."""

import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from receiver.core.pledge import Purpose, pledge
from tests.browser.status_served import READER, status_server
from tests.status.values import SITE, edition

pytestmark = pytest.mark.xdist_group("status")  # one Chromium for all of them

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1100, "height": 900}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STICKS_OUT = "all => all.map(e => e.getBoundingClientRect().right - e.parentElement.getBoundingClientRect().right).filter(by => by > .5)"
PAGES = ("", "/notices/N7K2QRST", "/history", "/maintenance", "/components/checkout", "/updates", "/no-such-page")
KEY = b"k" * 32
PRIVATE = tuple(f"/{purpose.value}/{pledge(KEY, purpose, READER.id)}" for purpose in (Purpose.CONFIRM, Purpose.MANAGE, Purpose.UNSUBSCRIBE))
CONTRAST = """all => all.flatMap(e => {
  const rgb = c => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 || n[3] > 0 ? n : null; };
  const lum = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  let back = null;
  for (let up = e; up && !back; up = up.parentElement) back = rgb(getComputedStyle(up).backgroundColor);
  const css = getComputedStyle(e), front = rgb(e instanceof SVGElement ? css.fill : css.color), [a, b] = [lum(front.slice(0, 3)), lum((back || [255, 255, 255]).slice(0, 3))];
  return [[Math.round((Math.max(a, b) + .05) / (Math.min(a, b) + .05) * 100) / 100, (e.getAttribute("class") || e.tagName) + ""]];
})"""

expect.set_options(timeout=60_000)  # a busy machine is not a fault of the page


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    with status_server(
        tmp_path_factory.mktemp("status"),
        replace(SITE, takes_mail=True, takes_hooks=True, telegram="https://t.me/shop_status_bot?start=s-"),
        edition().notices,
        KEY,
    ) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, base: str):
    """Open a page; at the end, nothing was wrong in its console, the policy blocked nothing, and nobody else was asked for anything."""
    contexts, complaints = [], []

    def go(path: str, *, size=DESKTOP, scheme: str = "light", scripts: bool = True, locale: str = "en-GB") -> Page:
        context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts, locale=locale, timezone_id="Asia/Tokyo")
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") and not re.search("404|410", m.text) else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith(base) else None)
        page.goto(base + path)
        return page

    yield go
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_fits_and_everybody_can_use_it(visit, tmp_path, language, size, scheme):
    for path in (*PAGES, *PRIVATE):
        page = visit(f"/status/{language}{path}", size=size, scheme=scheme)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate(WIDE) <= 0, path
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate(WIDE) <= 0, f"{path} with everything open"
        assert page.locator("table").evaluate_all(STICKS_OUT) == [], path
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in violations] == [], path
        page.screenshot(path=tmp_path / f"page-{language}-{size['width']}-{scheme}{path.partition('.')[0].replace('/', '-')}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_from_their_ground(visit, scheme):
    page = visit("/status/ru", scheme=scheme)
    texts = page.locator("p, h1, h2, h3, li, a, summary, span, td, label, button").evaluate_all(CONTRAST)
    assert [one for one in texts if one[0] < 4.5] == []
    drawn = page.locator(".days path, .days rect:not(.work), svg.shape").evaluate_all(CONTRAST)
    assert [one for one in drawn if one[0] < 3] == []
    assert len(texts) > 50
    assert len(drawn) > 5


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_page_is_whole_without_scripts(visit, scripts):
    page = visit("/status/en", scripts=scripts)
    expect(page.get_by_role("heading", level=1)).to_have_text("Some things are not working")
    assert page.locator(".name img").evaluate("e => e.decode().then(() => e.naturalWidth)") > 0, "the logo is drawn"
    page.get_by_text("Earlier updates (1)").click()
    expect(page.get_by_text("Payment on the site fails at times.")).to_be_visible()
    page.get_by_role("link", name="Some orders cannot be placed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Some orders cannot be placed")
    page.get_by_role("link", name="По-русски").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Часть заказов не оформляется")
    page.get_by_role("link", name="История").click()
    expect(page).to_have_url(re.compile("/status/ru/history$"))


def test_readers_see_their_own_time_over_the_pages(visit):
    page = visit("/status/en/notices/N7K2QRST")
    title = page.locator("time").first.get_attribute("title")
    assert title is not None
    assert "20:26" in title, "11:26 UTC in Tokyo"
    assert page.locator("time").first.inner_text() == "14:26 UTC+3"


def test_the_short_address_speaks_the_browsers_language(visit):
    expect(visit("/status", locale="en-GB").get_by_role("heading", level=1)).to_have_text("Some things are not working")
    expect(visit("/status", locale="ru-RU").get_by_role("heading", level=1)).to_have_text("Часть сервисов не работает")


def test_the_keyboard_goes_everywhere_and_one_sees_where(visit):
    page = visit("/status/en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0, "the skip link is seen once it has the focus"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
        if reached[-1] == "JSON":
            break
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", reached[-1]
    for name in ("Some orders cannot be placed", "Earlier updates (1)", "Checkout", "All history", "Contact support"):
        assert name in reached
    assert len(reached) < 40, "90 days are no 90 stops"


def test_a_thumb_hits_what_it_aims_at(visit):
    for path in ("/status/ru", "/status/ru/updates"):
        page = visit(path, size=PHONE)
        small = page.locator(".tabs a, .actions a, summary, button, input[type=email], input[type=url], section > p > a.button, .machines a").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().height < 43.5).map(e => [e.textContent, e.getBoundingClientRect().height])"
        )
        assert small == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_reader_subscribes_and_is_answered(visit, scripts):
    page = visit("/status/en/updates", scripts=scripts)
    page.get_by_label("E-mail address").fill("reader@example.org")
    page.get_by_label("Checkout").first.check()
    page.get_by_role("button", name="Subscribe").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Almost done")
    assert "reader" not in page.content()


def test_a_program_is_subscribed_by_keyboard_and_the_bot_is_linked(visit):
    page = visit("/status/ru/updates", scripts=False, size=PHONE)
    expect(page.get_by_role("link", name="Подписаться в Telegram")).to_have_attribute("href", "https://t.me/shop_status_bot?start=s-ru")
    page.get_by_label("Адрес (https)").focus()
    page.keyboard.type("https://hooks.example/status")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Почти готово")
    expect(page.locator("main p").first).to_contain_text("ответит на нашу проверку")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_reader_changes_what_they_are_told_and_leaves(visit, scripts):
    confirm, manage, leave = (f"/status/ru{path}" for path in PRIVATE)
    page = visit(confirm, scripts=scripts)
    page.get_by_role("button", name="Подтвердить подписку").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Вы подписаны")
    page = visit(manage, scripts=scripts, size=PHONE)
    expect(page.get_by_label("Оформление заказов")).to_be_checked()
    page.get_by_label("Язык").select_option("en")
    page.get_by_label("Статусы заказов").check()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Saved")
    page = visit(leave, scripts=scripts)
    expect(page.get_by_role("heading", level=1)).to_have_text("Отписаться")
    expect(page.locator("[aria-current], link[rel=canonical]")).to_have_count(0)
    page.get_by_role("link", name="In English").click()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")


def test_the_link_of_a_letter_asks_before_it_does_anything(visit):
    page = visit(f"/status/ru/unsubscribe/{pledge(KEY, Purpose.UNSUBSCRIBE, 'nobody')}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ссылка больше не действует")
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
