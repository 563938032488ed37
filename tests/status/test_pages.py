"""The HTML customers read: what stands first, what is never there, and both languages."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from receiver.core.notice import Impact, Phase, PublicText
from receiver.web.status.document import document, keys, not_found
from receiver.web.status.edition import Edition
from receiver.web.status.links import Links
from tests.status.values import NOW, SITE, edition, notice, outage, quiet, word, work


def page(made: Edition, key: str) -> str:
    found = document(made, key, Links())
    assert found is not None, key
    return found.content.decode()


def text(html: str) -> str:
    """What is read, in order."""
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    Reader().feed(html.partition("<body>")[2])
    return " ".join(" ".join(parts).split())


def test_open_notices_come_first_then_work_then_components_then_the_week():
    html = page(edition(), "en")
    places = [html.index(mark) for mark in ('class="banner partial"', 'id="open"', 'id="works"', 'id="components"', 'id="week"')]
    assert places == sorted(places)
    said = text(html)
    assert "Some things are not working" in said
    assert "Next update by 14:45 UTC+3" in said
    assert "edited 14:29 UTC+3" in said
    assert "Checkout: Major outage → Partial outage" in said


def test_a_late_promise_is_not_shown_only_how_old_the_last_word_is():
    late = replace(outage(), next_update_at=NOW - timedelta(minutes=1))
    said = text(page(edition(late), "en"))
    assert "Next update" not in said
    assert "Last updated 6 min ago" in said


def test_a_quiet_page_says_so():
    said = text(page(quiet(), "ru"))
    assert "Всё работает" in said
    assert "За последние семь дней проблем не было." in said
    assert "Что происходит" not in said
    assert "Кабинет партнёра" not in said, "shown only when degraded"


def test_a_component_shown_only_when_degraded_appears_with_its_trouble():
    bad = notice("NPART234", word(1, Phase.INVESTIGATING, NOW, {"partners": Impact.DEGRADED_PERFORMANCE}, en=("Partner area is slow", "We look.")))
    assert "Partner area" in text(page(edition(bad), "en"))


def test_a_language_that_is_missing_shows_another_and_says_which():
    html = page(edition(), "en/notices/NWORK234")
    assert "The translation follows" in html
    assert '<span lang="ru">Плановые работы: статусы заказов</span>' in html


def test_a_withdrawn_notice_keeps_its_place_and_says_nothing():
    html = page(edition(), "ru/notices/NGONE234")
    assert "Это сообщение отозвано." in html
    assert "Отозвано" in text(html)
    assert "NGONE234" in page(edition(), "ru/history/2026-10")


def test_planned_work_that_overruns_says_so():
    started = replace(work(), phase=Phase.IN_PROGRESS, scheduled_for=NOW - timedelta(hours=2), scheduled_until=NOW - timedelta(minutes=5))
    said = text(page(edition(started), "en"))
    assert "The work takes longer than planned." in said
    assert "The work takes longer" not in text(page(edition(), "en"))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_page_has_its_language_its_other_languages_and_landmarks(language):
    made = edition()
    for key in keys(made):
        found = document(made, key, Links())
        if found is None or not found.media_type.startswith("text/html") or found.language != language or not key:
            continue
        html, rest = found.content.decode(), key.partition("/")[2]
        other = {"ru": "en", "en": "ru"}[language]
        assert f'<html lang="{language}">' in html
        assert f'hreflang="{other}" href="https://status.example/status/{other}{"/" + rest if rest else ""}"' in html or rest.startswith("history")
        assert [html.count(f"<{tag}") for tag in ("main", "h1", "footer")] == [1, 1, 1]
        assert 'class="skip" href="#content"' in html
        assert len(found.content) < 40_000
        assert "style=" not in html
        assert re.findall(r"<script[^>]*>", html) == re.findall(r'<script src="/status/static/times-[0-9a-f]{12}\.js" defer>', html)


def test_what_people_write_cannot_become_markup():
    hostile = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    bad = notice("NEVIL234", word(1, Phase.INVESTIGATING, NOW, {"checkout": Impact.MAJOR_OUTAGE}, ru=(hostile, hostile), en=(hostile, hostile)))
    made = replace(edition(bad), site=replace(SITE, names={"ru": hostile, "en": hostile}, languages=("ru", "en")))
    for key in keys(made):
        found = document(made, key, Links())
        if found and "html" in found.media_type:
            assert "<script>alert" not in found.content.decode()
            assert "<img src=x" not in found.content.decode()


def test_days_are_told_apart_by_height_and_told_in_words():
    html = page(edition(), "en")
    assert re.search(r'<rect class="major" x="356" y="0" width="3" height="32"><title>23 November: Major outage 24 min, Partial outage 9 min</title>', html)
    assert 'aria-label="90 days: 89 without problems; Major outage: 1 day"' in html
    assert "<td>23 November 2026</td><td>Major outage</td><td>33 min</td>" in html


def test_the_last_good_copy_says_how_old_it_is():
    kept = replace(edition(), is_kept=True, as_of=NOW - timedelta(minutes=3))
    assert "it shows what was known at 14:32 UTC+3" in text(page(kept, "en"))
    old = replace(edition(), is_kept=True, as_of=NOW - timedelta(minutes=16))
    assert "This page was last refreshed 16 min ago" in text(page(old, "en"))
    assert "refresh" not in text(page(edition(), "en"))


def test_what_does_not_exist_does_not_exist():
    for key in (
        "ru/notices/N0",
        "ru/notices",
        "ru/history/1999-01",
        "ru/components/secret",
        "de",
        "notices/N7K2QRST",
        "ru/zzz",
        "static/status.css",
        "api/v2/zzz.json",
    ):
        assert document(edition(), key, Links()) is None, key
    html = not_found(edition(), "en").content.decode()
    assert "There is no such page" in html
    assert 'name="robots"' in html


def test_a_page_that_is_not_published_is_not_there():
    hidden = replace(edition(), site=replace(SITE, has_page=False, has_feeds=False))
    assert [key for key in keys(hidden) if document(hidden, key, Links()) and not key.startswith("static/")] == []


def test_a_retracted_text_is_nowhere():
    gone = replace(outage(), is_retracted=True, titles={}, impacts={}, components=(), updates=tuple(replace(u, is_retracted=True, texts={"en": PublicText(title="zz-secret", body="zz-secret")}) for u in outage().updates))  # fmt: skip
    made = edition(gone)
    for key in keys(made):
        found = document(made, key, Links())
        assert found is None or b"zz-secret" not in found.content, key


def test_every_word_has_an_address_of_its_own_and_its_age():
    html = page(edition(), "en/notices/N7K2QRST")
    assert re.search(r'href="#U2"><time[^>]*>14:26 UTC\+3</time></a>, 9 min ago', html)
    assert 'id="U2"' in html


def test_the_bots_link_is_a_code_for_cameras_too():
    html = page(replace(edition(), site=replace(SITE, telegram="https://t.me/shop_status_bot?start=s-")), "ru/updates")
    assert 'role="img" aria-label="Та же ссылка кодом для камеры телефона"><svg' in html
    assert "style=" not in html.partition('class="code"')[2].partition("</div>")[0], "the policy forbids it"
    assert 'class="code"' not in page(edition(), "ru/updates")


def test_the_logo_stands_beside_the_name_on_every_page_and_may_be_kept_for_ever():
    shown = edition()
    (key,) = [key for key in keys(shown) if key.startswith("static/logo-")]
    found = document(shown, key, Links())
    assert found is not None
    assert (found.content.decode(), found.media_type, found.is_lasting) == (SITE.logo, "image/svg+xml; charset=utf-8", True)
    for where in ("ru", "en/history", "en/notices/N7K2QRST", "ru/updates"):
        assert f'<img src="/status/{key}" alt="" height="32">' in page(shown, where), where
    assert f'src="../{key}"' in (document(shown, "ru", Links(is_copy=True)) or found).content.decode()
    plain = edition(site=replace(SITE, logo=""))
    assert "<img" not in page(plain, "ru")
    assert document(plain, key, Links()) is None
