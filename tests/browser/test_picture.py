"""The picture in the browser chat, from a real Prometheus: both languages, phone and desktop, light and dark."""

import contextlib
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.served import Served
from tests.fakes.prometheus_history import write_blocks
from tests.harness import free_port
from tests.stories.test_real_chain import running

pytestmark = pytest.mark.xdist_group("picture")  # one Chromium for all of them

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1100, "height": 900}}
RULES = "groups: [{name: g, rules: [{alert: HighErrorRate, expr: errors > 1}]}]"


@contextlib.contextmanager
def past(directory):
    """A Prometheus that knows the last two hours."""
    directory.mkdir()
    now = datetime.now(UTC)
    write_blocks(directory, {'errors{service="shop-api",instance="a"}': lambda h: 0.4 if h < 1.95 else 7.8}, now - timedelta(hours=2), now)
    (directory / "rules.yml").write_text(RULES)
    (directory / "prometheus.yml").write_text(f"rule_files: [{directory}/rules.yml]\n")
    url = f"127.0.0.1:{free_port()}"
    words = (f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data", f"--web.listen-address={url}")
    with running("prometheus", *words, log=directory / "log"):
        for _ in range(1200):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://{url}/-/ready").status_code == 200:
                    break
            time.sleep(0.1)
        yield f"http://{url}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A served chat with one incident and its picture."""
    directory = tmp_path_factory.mktemp("picture")
    with past(directory / "prometheus") as url:
        served = Served(directory, RECEIVER_PROMETHEUS_URL=url)
        with sync_playwright() as play:
            chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            context = chromium.new_context()
            context.new_page().goto(served.link)
            served.fire()
            yield served, chromium, context.storage_state()
            chromium.close()
        served.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_picture_is_shown_below_its_words_and_fits(told, tmp_path, lang, size, scheme):
    served, chromium, state = told
    context = chromium.new_context(viewport=SIZES[size], color_scheme=scheme, storage_state=state)
    complaints = []
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(f"{served.url}/chat?lang={lang}")
    pictures = page.locator(".picture img")
    expect(pictures).to_have_count(2, timeout=90_000)
    for picture in pictures.all():
        expect(picture).to_be_visible()
        page.wait_for_function("image => image.complete", arg=picture.element_handle())
        assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1080, 720]
        assert "INC-1" in picture.get_attribute("alt")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.screenshot(path=tmp_path / f"{lang}-{size}-{scheme}.png", full_page=True)
    context.close()
    assert complaints == []


def test_a_stranger_gets_no_picture(told):
    served, *_ = told
    assert httpx.get(f"{served.url}/chat/pictures/3").status_code in (401, 403)
