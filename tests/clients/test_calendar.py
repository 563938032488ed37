"""Calendars are fetched over real HTTP from a far end that misbehaves in every way."""

from pathlib import Path

import pytest

from receiver.clients.calendar import CalendarUnavailableError, KeptCalendars, fetch
from tests.fakes.calendar_server import Answer, CalendarServer
from tests.harness import free_port

LIMIT = 1024


async def test_a_calendar_is_fetched_and_redirects_stay_on_its_host():
    with CalendarServer() as server:
        server.answers = {"/a.ics?token=t0p": Answer(302, headers={"location": "/b.ics"}), "/b.ics": Answer(body=b"BEGIN")}
        assert await fetch(f"{server.url}/a.ics?token=t0p", LIMIT) == b"BEGIN"
        assert server.asked == ["/a.ics?token=t0p", "/b.ics"]


async def test_a_redirect_to_another_host_or_port_is_not_followed():
    with CalendarServer() as server, CalendarServer() as other:
        for place in (f"http://localhost:{server.port}/b.ics", f"{other.url}/b.ics", "http://169.254.169.254/latest", "ftp://127.0.0.1/"):
            server.answers = {"/a.ics": Answer(302, headers={"location": place}), "/b.ics": Answer(body=b"BEGIN")}
            with pytest.raises(CalendarUnavailableError, match="another host"):
                await fetch(f"{server.url}/a.ics", LIMIT)
        assert (server.asked, other.asked) == (["/a.ics"] * 4, [])


async def test_a_circle_of_redirects_ends():
    with CalendarServer() as server:
        server.answers = {"/a.ics": Answer(301, headers={"location": "/a.ics"})}
        with pytest.raises(CalendarUnavailableError, match="redirects too often"):
            await fetch(f"{server.url}/a.ics", LIMIT)
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(404), "HTTP 404"),
        (Answer(503, body=b"later"), "HTTP 503"),
        (Answer(304), "HTTP 304"),
        (Answer(body=b"x" * (LIMIT + 1)), "larger than 1024 bytes"),
        (Answer(body=b"x", delay=1.0), "no answer within"),
        (Answer(body=b"x", headers={"content-length": "9"}), "no answer"),
    ],
)
async def test_a_far_end_that_fails_says_why_and_never_where(answer, says):
    with CalendarServer() as server:
        server.answers = {"/s3cret.ics": answer}
        with pytest.raises(CalendarUnavailableError, match=says) as caught:
            await fetch(f"{server.url}/s3cret.ics", LIMIT, patience=0.4 if answer.delay else 10)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "calendar", "file:///etc/passwd", "http://", "http://[::1", "ftp://a/b"])
async def test_what_is_no_web_address_is_refused(address):
    with pytest.raises(CalendarUnavailableError, match="no web address"):
        await fetch(address, LIMIT)


async def test_nobody_listening_is_said():
    with pytest.raises(CalendarUnavailableError, match="no answer"):
        await fetch(f"http://127.0.0.1:{free_port()}/a.ics", LIMIT)


def test_the_last_good_copy_outlives_the_process_and_is_private(tmp_path: Path):
    kept = KeptCalendars(tmp_path / "calendars")
    assert kept.load("primary") is None
    kept.save("primary", b"one")
    kept.save("primary", b"two")
    assert KeptCalendars(tmp_path / "calendars").load("primary") == b"two"
    assert [(path.name, path.stat().st_mode & 0o777) for path in (tmp_path / "calendars").iterdir()] == [("primary.ics", 0o600)]


def test_a_copy_that_cannot_be_written_is_still_held(tmp_path: Path):
    (tmp_path / "calendars").write_text("in the way")
    kept = KeptCalendars(tmp_path / "calendars")
    with pytest.raises(OSError, match=r"exists|directory"):
        kept.save("primary", b"one")
    assert kept.load("primary") == b"one"
