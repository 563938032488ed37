"""The public side over HTTP with a real store: caching, languages, headers, a host name of its own, and a store that goes away."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from receiver.clock import ManualClock
from receiver.core.notice import NoticeId, Phase
from receiver.core.notice_public import project
from receiver.store.connection import connect
from receiver.store.notice_desk import NoticeDesk
from receiver.store.notices import PublicNotices
from receiver.store.promise import Promise
from receiver.store.subscribers import Subscribers
from receiver.web.status.client import client_behind
from receiver.web.status.edition import Site
from receiver.web.status.reply import preferred
from receiver.web.status.routes import status_routes
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup
from tests.builders import NOW
from tests.harness import Story, redis_server, story
from tests.notices.values import notice, update
from tests.status.values import SITE


async def publish(told: Story, *updates, **fields) -> None:
    one = notice(*updates, **fields)
    assert await NoticeDesk(told.app.client, Promise()).commit(one, project(one), told.clock.now()) > 0
    told.clock.advance(seconds=1)


async def test_the_page_shows_what_was_published_a_second_later(tmp_path: Path):
    async with story(tmp_path) as told:
        assert "Всё работает" in (await told.http.get("/status/ru")).text
        await publish(told, update(1))
        for path, said in (("/status/ru", "Заказы с ошибками"), ("/status/en/notices/N2345678", "word 1"), ("/status/history.atom", "слово 1")):
            answer = await told.http.get(path)
            assert (answer.status_code, said in answer.text) == (200, True), path
        assert (await told.http.get("/status/api/v2/status.json")).json()["status"]["indicator"] == "major"
        await publish(told, update(1), update(2, Phase.IDENTIFIED, minutes=1), version=1)
        assert "word 2" in (await told.http.get("/status/en")).text, "a second change at the same instant is seen too"


async def test_readers_get_304_until_something_changes(tmp_path: Path):
    async with story(tmp_path) as told:
        first = await told.http.get("/status/ru")
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "public, max-age=30, stale-while-revalidate=60, stale-if-error=86400"
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await told.http.get("/status/ru", headers={"if-none-match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        await publish(told, update(1))
        assert (await told.http.get("/status/ru", headers={"if-none-match": tag})).status_code == 200
        style = await told.http.get((await told.http.get("/status/ru")).text.partition('<link rel="stylesheet" href="')[2].partition('"')[0])
        assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert style.headers["content-type"].startswith("text/css")


async def test_nothing_foreign_may_come_in_and_nothing_is_told_about_us(tmp_path: Path):
    async with story(tmp_path, RECEIVER_PUBLIC_URL="https://ops.example") as told:
        await publish(told, update(1))
        for path in ("/status", "/status/ru", "/status/history.rss", "/status/api/v2/summary.json", "/status/ru/zzz", "/status/ru/badge.svg"):
            answer = await told.http.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert not {"server", "set-cookie", "x-powered-by"} & set(answer.headers), path
            assert answer.headers["x-robots-tag"] == "noindex", "until the page has an address of its own"
            if "json" in path or "rss" in path or "svg" in path:
                assert answer.headers["access-control-allow-origin"] == "*"
        kinds = {
            "ru": "text/html; charset=utf-8",
            "ru/maintenance.ics": "text/calendar; charset=utf-8",
            "history.atom": "application/atom+xml; charset=utf-8",
            "api/v2/summary.json": "application/json; charset=utf-8",
        }
        assert {key: (await told.http.get(f"/status/{key}")).headers["content-type"] for key in kinds} == kinds
        missing = await told.http.get("/status/ru/notices/<script>")
        assert missing.status_code == 404
        assert "<script>" not in missing.text
        head = await told.http.head("/status/ru")
        assert (head.status_code, head.content) == (200, b"")
        assert (await told.http.post("/status/ru")).status_code == 404


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "ru"), ("en", "en"), ("de, en-GB;q=0.7, ru;q=0.6", "en"), ("de", "ru"), ("en;q=0", "ru"), ("*", "ru"), ("en;q=x, ru", "ru"), ("RU-ru", "ru")],
)
def test_the_reader_says_which_language(header: str, language: str):
    assert preferred(header, ("ru", "en")) == language


async def test_the_short_address_speaks_the_readers_language(tmp_path: Path):
    async with story(tmp_path) as told:
        answer = await told.http.get("/status", headers={"accept-language": "en-GB,en;q=0.9"})
        assert (answer.headers["content-language"], answer.headers["content-location"], answer.headers["vary"]) == ("en", "/status/en", "accept-language")
        assert "All systems are working" in answer.text


async def test_a_host_of_its_own_answers_nothing_else(tmp_path: Path):
    async with story(tmp_path, RECEIVER_STATUS_URL="https://status.example", RECEIVER_PUBLIC_URL="https://ops.example") as told:
        own = {"host": "status.example"}
        assert "Всё работает" in (await told.http.get("/", headers=own)).text
        assert (await told.http.get("/status/ru", headers=own)).status_code == 200
        for path in ("/healthz", "/metrics", "/chat", "/api/v1/incidents", "/readyz", "/statusx", "/schema/openapi.json"):
            assert (await told.http.get(path, headers=own)).status_code == 404, path
        assert (await told.http.post("/webhooks/alertmanager", headers=own, content=b"{}")).status_code in (404, 405)
        assert (await told.http.get("/healthz")).status_code == 200
        page = await told.http.get("/status/ru", headers={"host": "STATUS.example"})
        assert "x-robots-tag" not in page.headers
        assert 'href="https://status.example/status/ru"' in page.text


def served(shelf: Shelf) -> httpx.AsyncClient:
    signup = Signup(Subscribers(connect("unix:///none"), b"k"), ManualClock(NOW), b"k", client_behind(0))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Litestar(status_routes(shelf, signup), openapi_config=None)), base_url="http://x")


async def test_a_store_that_goes_away_leaves_the_last_good_copy_even_after_a_restart(tmp_path: Path):
    kept, clock = tmp_path / "data" / "public-notices.json", ManualClock(NOW)
    with redis_server(tmp_path) as url:
        client = connect(url)
        one = notice(update(1))
        await NoticeDesk(client, Promise()).commit(one, project(one), NOW)
        shelf = Shelf(PublicNotices(client), lambda: SITE, clock, kept)
        async with served(shelf) as http:
            assert "Checkout has errors" in (await http.get("/status/en")).text
    clock.advance(minutes=20)
    restarted = Shelf(PublicNotices(connect(url)), lambda: SITE, clock, kept)
    for shelf_now in (shelf, restarted):
        async with served(shelf_now) as http:
            answer = await http.get("/status/en")
            assert answer.status_code == 200
            assert "Checkout has errors" in answer.text
            assert "This page was last refreshed 20 min ago" in answer.text
    await client.aclose()


async def test_without_anything_ever_read_the_page_asks_to_come_again(tmp_path: Path):
    shelf = Shelf(PublicNotices(connect(f"unix://{tmp_path}/none.sock")), lambda: SITE, ManualClock(NOW), tmp_path / "none.json")
    async with served(shelf) as http:
        answer = await http.get("/status")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_a_crowd_costs_one_read_and_one_rendering(tmp_path: Path):
    with redis_server(tmp_path) as url:
        client, clock = connect(url), ManualClock(NOW)
        shelf = Shelf(PublicNotices(client), lambda: SITE, clock, tmp_path / "kept.json")
        async with served(shelf) as http:
            await http.get("/status/ru")
            before = (await client.info("stats"))["total_commands_processed"]
            answers = await asyncio.gather(*(http.get("/status/ru") for _ in range(200)))
            assert {answer.status_code for answer in answers} == {200}
            assert (await client.info("stats"))["total_commands_processed"] - before <= 2
        assert await shelf.document("ru") is await shelf.document("ru")
        await client.aclose()


async def test_names_that_change_in_the_rules_change_the_page(tmp_path: Path):
    with redis_server(tmp_path) as url:
        client, clock = connect(url), ManualClock(NOW)
        sites: list[Site | None] = [SITE]
        shelf = Shelf(PublicNotices(client), lambda: sites[-1], clock, tmp_path / "kept.json")
        async with served(shelf) as http:
            assert "Checkout" in (await http.get("/status/en")).text
            sites.append(replace(SITE, components=()))
            clock.advance(seconds=1)
            assert "Checkout" not in (await http.get("/status/en")).text
            sites.append(None)
            clock.advance(seconds=1)
            assert (await http.get("/status/en")).status_code == 503
        await client.aclose()


async def test_ids_say_nothing_of_how_many_there_are(tmp_path: Path):
    async with story(tmp_path) as told:
        await publish(told, update(1), id=NoticeId("NQQQQ234"))
        body = (await told.http.get("/status/api/v2/summary.json")).text
        assert "INC-" not in body
        assert "NQQQQ234" in body
