"""The static copy: whole, linked within itself, shown all at once, and pushed nowhere by us."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.clock import ManualClock
from receiver.core.notice_public import project
from receiver.store.connection import connect
from receiver.store.notice_desk import NoticeDesk
from receiver.store.notices import PublicNotices
from receiver.store.promise import Promise
from receiver.web.status import twin
from receiver.web.status.links import Links, file_of
from receiver.web.status.shelf import Shelf
from receiver.web.status.twin import Twin, write_copy
from tests.builders import NOW
from tests.harness import redis_server
from tests.notices.values import notice, update
from tests.status.values import SITE, edition, quiet


def test_every_link_of_the_copy_leads_to_a_file_of_the_copy(tmp_path: Path):
    write_copy(edition(), tmp_path / "status")
    pages = list((tmp_path / "status").resolve().rglob("*.html"))
    assert len(pages) > 20
    for path in pages:
        for link in re.findall(r'(?:href|src)="([^"#]+)', path.read_text("utf-8")):
            if not link.startswith(("http", "#")):
                assert (path.parent / link).is_file(), f"{path.name}: {link}"


def test_the_copy_has_pages_feeds_json_calendar_and_badges(tmp_path: Path):
    write_copy(edition(), tmp_path / "status")
    for name in (
        "index.html",
        "ru/index.html",
        "en/notices/N7K2QRST.html",
        "history.atom",
        "en/history.rss",
        "maintenance.ics",
        "api/v2/incidents/unresolved.json",
        "ru/badge.svg",
    ):
        assert (tmp_path / "status" / name).stat().st_size > 100, name
    assert json.loads((tmp_path / "status/api/v2/summary.json").read_text())["status"]["indicator"] == "major"
    assert "Копия страницы сделана 14:35 UTC+3." in (tmp_path / "status/ru/index.html").read_text("utf-8")


def test_a_copy_is_shown_all_at_once_and_a_broken_one_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    directory = tmp_path / "status"
    write_copy(quiet(), directory)
    before = directory.resolve()
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "summary.json":
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_copy(edition(), directory)
    assert directory.resolve() == before
    assert [p.name for p in (tmp_path / "status.d").iterdir()] == [before.name], "nothing half-written is left"


def test_old_copies_are_forgotten_but_the_last_one(tmp_path: Path):
    for minutes in range(5):
        write_copy(replace(quiet(), as_of=quiet().as_of + timedelta(minutes=minutes)), tmp_path / "status")
    assert len(list((tmp_path / "status.d").iterdir())) == 2


def test_a_directory_somebody_made_there_is_put_aside(tmp_path: Path):
    (tmp_path / "status").mkdir()
    (tmp_path / "status/mine").write_text("x")
    write_copy(quiet(), tmp_path / "status")
    assert (tmp_path / "status.before/mine").read_text() == "x"
    assert (tmp_path / "status/ru/index.html").is_file()


async def test_every_publish_writes_the_copy(tmp_path: Path):
    with redis_server(tmp_path) as url:
        client, clock = connect(url), ManualClock(NOW)
        copier = Twin(Shelf(PublicNotices(client), lambda: SITE, clock, tmp_path / "kept.json"), tmp_path / "status", clock)
        await copier.look()
        page = tmp_path / "status/en/index.html"
        assert "All systems are working" in page.read_text()
        first = page.resolve()
        clock.advance(seconds=1)
        await copier.look()
        assert page.resolve() == first, "nothing new, nothing written"
        one = notice(update(1))
        await NoticeDesk(client, Promise()).commit(one, project(one), clock.now())
        clock.advance(seconds=1)
        await copier.look()
        assert "Checkout has errors" in page.read_text()
        second = page.resolve()
        clock.advance(minutes=6)
        await copier.look()
        assert page.resolve() != second, "an open notice's times are put right"
        await client.aclose()


def test_links_are_relative_in_the_copy_and_absolute_when_served():
    assert Links().to("ru/history", "ru/notices/N1") == "/status/ru/history"
    assert Links(is_copy=True).to("ru/history", "ru/notices/N1") == "../history.html"
    assert Links(is_copy=True).to("en", "") == "en/index.html"
    assert (file_of(""), file_of("api/v2/summary.json")) == ("index.html", "api/v2/summary.json")
    assert twin.KEPT == 2
