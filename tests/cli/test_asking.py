"""What the commands say to whoever uses them wrongly, to an empty service, and when there is none: what is wrong and what to do."""

import contextlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from receiver.cli import client, notices, stats, tokens
from receiver.cli.main import main, parser
from receiver.cli.serve import secrets_of
from receiver.settings import SettingsError, load_settings
from tests.builders import wire
from tests.harness import DEVOPS, ROOT, free_port, story
from tests.web.test_tokens import serving

HOME = {"RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"), "RECEIVER_RULES_DIR": str(ROOT / "routing_rules")}


def environ(directory, **more: object) -> dict[str, str]:
    return {**HOME, "RECEIVER_DATA_DIR": str(directory), **{f"RECEIVER_{name}": str(value) for name, value in more.items()}}


@pytest.fixture
async def asked(tmp_path, capsys):
    """A command to a running service with one incident: its status and what it said, on either output."""
    async with story(tmp_path) as s, serving(s) as port:
        settings = s.app.settings.model_copy(update={"port": port})

        async def run(*words: str, **other: object) -> tuple[int, str]:
            args = parser().parse_args(words)
            work = {"tokens": tokens.run, "notices": notices.run, "stats": stats.run}.get(words[0], client.run)
            status = await work(settings.model_copy(update=other), args)
            said = capsys.readouterr()
            return status, "".join(line + "\n" for line in (said.out + said.err).splitlines() if not line.startswith("20"))

        yield s, run


EMPTY = {
    "incidents list": "receiver sources test",
    "deadletters list": "everything that came was read",
    "tokens list": "receiver tokens create",
    "notices list": "receiver notices draft",
}


async def test_an_empty_list_says_what_to_do(asked):
    _, run = asked
    for words, hint in EMPTY.items():
        status, said = await run(*words.split())
        assert (status, hint in said) == (0, True), said
        assert (await run(*words.split(), "--json"))[1].strip() == "[]"


async def test_a_change_is_told_in_a_sentence_and_one_that_came_too_late_is_none(asked):
    s, run = asked
    await s.fire(wire())
    await s.advance(seconds=10)
    await s.expect(DEVOPS)
    await s.expect("-1001000000001")
    assert await run("incidents", "ack", "INC-1") == (0, "INC-1 is yours: nobody else is paged while its lease lasts\n")
    assert (await run("incidents", "ack", "inc-1"))[1].startswith("INC-1 was taken before, by cli:")
    assert await run("incidents", "resolve", "INC-1") == (0, "INC-1 is resolved\n")
    assert await run("incidents", "resolve", "INC-1") == (0, "INC-1 is over already; nothing changed\n")
    assert await run("incidents", "ack", "INC-1") == (1, "INC-1 is over already; nothing changed\n")
    await s.advance(seconds=5)
    assert (await run("incidents", "list"))[1].splitlines()[1].startswith("INC-1  resolved"), "with its title, although nothing fires any more"
    s._seen.update(range(len(s.api.sends())))


async def test_what_cannot_be_is_refused_with_a_sentence(asked):
    _, run = asked
    assert await run("incidents", "show", "INC-9") == (1, "no incident INC-9\n")
    status, said = await run("tokens", "create", "a", "--scope", "read", "--days", "1000")
    assert (status, said.startswith("days: ")) == (1, True), said
    status, said = await run("stats", "--since", "1x")
    assert (status, "is not a duration, write it like" in said) == (1, True)


async def test_a_command_with_other_settings_than_the_service_is_told_which_matter(asked):
    _, run = asked
    status, said = await run("incidents", "list", api_token=None, secret_key=load_settings({"RECEIVER_SECRET_KEY": "x" * 32, **HOME}).secret_key)
    assert (status, "RECEIVER_SECRET_KEY" in said) == (1, True)


@contextlib.contextmanager
def stranger() -> Iterator[int]:
    """Some other program on a port."""
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Page", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_another_program_on_the_port_is_recognized(tmp_path, monkeypatch, capsys):
    with stranger() as port:
        for name, value in environ(tmp_path, PORT=port).items():
            monkeypatch.setenv(name, value)
        assert main(["incidents", "list"]) == 1
        assert capsys.readouterr().err == f"port {port} answers HTTP 501, but not as this service does: is RECEIVER_PORT right?\n"


@pytest.mark.parametrize("words", ["incidents list", "tokens list", "stats", "audit verify", "audit export", "notices list", "sources list", "people list"])
def test_without_a_service_every_command_says_how_to_start_one(words, tmp_path, monkeypatch, capsys):
    for name, value in environ(tmp_path, PORT=free_port()).items():
        monkeypatch.setenv(name, value)
    assert main(words.split()) == 1
    said = capsys.readouterr().err
    assert "start `receiver serve`, or set RECEIVER_PORT" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("WEBHOOKTOKEN", "x", "RECEIVER_WEBHOOKTOKEN: no such setting, did you mean RECEIVER_WEBHOOK_TOKEN?"),
        ("SOMETHING", "x", "RECEIVER_SOMETHING: no such setting, README.md lists them"),
        ("TIMEZONE", "Mars", "RECEIVER_TIMEZONE: no time zone 'Mars': write an IANA name such as Europe/Moscow"),
        (
            "REDIS_URL",
            "http://store:6379",
            "RECEIVER_REDIS_URL: not a store: write redis://HOST:6379, rediss://…, unix:///PATH, redis+sentinel://HOST:26379/SERVICE or redis+cluster://HOST:6379",
        ),
        ("LANGUAGE", "fr", "RECEIVER_LANGUAGE: Input should be 'en' or 'ru'"),
    ],
)
def test_a_wrong_setting_says_what_to_write(tmp_path, name, value, hint):
    with pytest.raises(SettingsError) as caught:
        load_settings(environ(tmp_path, SECRET_KEY="k" * 32, **{name: value}))
    assert caught.value.faults == (hint,)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("redis://127.0.0.1", True),
        ("redis://user:p%40ss@store:6379/0", True),
        ("redis://[::1]:6379", True),
        ("rediss://store:6380", True),
        ("unix:///run/redis.sock?db=1", True),
        ("redis+sentinel://:pw@s1:26379,s2:26379/main/0", True),
        ("redis+cluster://127.0.0.1:7001,127.0.0.1:7002", True),
        ("redis://store:port", False),
        ("redis+cluster://a:7001,b:x", False),
        ("redis+sentinel://s1:26379", False),
        ("store:6379", False),
    ],
)
def test_the_address_of_a_store_is_looked_at_before_anything_starts(tmp_path, url, is_one):
    given = environ(tmp_path, SECRET_KEY="k" * 32, REDIS_URL=url)
    if is_one:
        assert load_settings(given).redis_url == url
    else:
        with pytest.raises(SettingsError, match="not a store"):
            load_settings(given)


def test_no_password_of_any_address_reaches_a_log(tmp_path):
    names = ("REDIS_URL", "ALERTMANAGER_URLS", "PROMETHEUS_URL", "TELEGRAM_PROXY")
    given = {name: f"{'redis' if name == 'REDIS_URL' else 'http'}://user:p%40ss-{name}@host:1234" for name in names}
    found = set(secrets_of(load_settings(environ(tmp_path, SECRET_KEY="k" * 32, HEARTBEAT_URL="https://hc-ping.com/uuid", **given))))
    assert {f"p@ss-{name}" for name in names} | {f"p%40ss-{name}" for name in names} | {"https://hc-ping.com/uuid", "k" * 32} <= found


def test_a_port_that_is_taken_says_what_to_do(tmp_path):
    with stranger() as port:
        words = [sys.executable, "-m", "receiver", "serve"]
        done = subprocess.run(words, env={**os.environ, **environ(tmp_path, PORT=port)}, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "set RECEIVER_PORT to a free port" in done.stderr) == (1, True), done.stderr


def test_a_ref_that_git_does_not_know_is_named(tmp_path, monkeypatch, capsys):
    for name, value in environ(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert main(["rules", "replay", "--git", "nosuchref", "--from", str(tmp_path / "none")]) == 1
    assert 'no commit, branch or tag "nosuchref"' in capsys.readouterr().err
