"""Customers' webhooks: asked back by a challenge, signed, never pointed at anything of ours, left alone when they are gone."""

import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from receiver.channels.base import Evidence
from receiver.channels.notice_hooks import Hooks
from receiver.core.subscriber import Standing, is_hook
from receiver.workers.couriers import HookCourier
from receiver.workers.doors import Hookroom, Pointers
from receiver.workers.mailing import Mailing, Tally
from receiver.workers.subscriptions import Subscriptions
from tests.fakes.hook_end import HookEnd, hook_end
from tests.fakes.http_end import Reply
from tests.status.desk import BASE, KEY, Desk, desk
from tests.status.test_mailing import told


class Hooked:
    """A page that takes webhooks, and one customer's end."""

    def __init__(self, d: Desk, end: HookEnd, hooks: Hooks) -> None:
        self.d, self.end = d, end
        pointers = Pointers(d.clock, KEY, BASE)
        room = Hookroom(hooks, pointers)
        rules = d.subscriptions._rules
        self.subscriptions = Subscriptions(d.subscribers, {"webhook": room}, rules, d.clock)
        self.mailing = Mailing(d.subscribers, HookCourier(hooks, room, pointers), rules, d.clock)

    async def ask(self, url: str = "", **fields: str | list[str]) -> httpx.Response:
        data = {"url": url or self.end.url, "filled": await self.d.filled(), **fields}
        answer = await self.d.http.post("/status/en/updates", data=data)
        await self.subscriptions.look()
        return answer

    async def send(self, **options: bool) -> Tally:
        return await self.mailing.send(told(), told().updates[0], "key-1", **options)


@contextlib.asynccontextmanager
async def hooked(directory: Path, *, echoes: bool = True, guarded: bool = False) -> AsyncIterator[Hooked]:
    with hook_end(echoes=echoes) as end:
        async with desk(directory, hooks=True) as d:
            hooks = Hooks(d.clock, None if guarded else end.transport())
            yield Hooked(d, end, hooks)
            await hooks.close()


async def test_an_address_that_echoes_the_challenge_is_subscribed_and_signed_for(tmp_path: Path):
    async with hooked(tmp_path) as h:
        answer = await h.ask(component=["checkout"])
        assert "answers our challenge" in answer.text
        (one,) = await h.d.subscribers.all("webhook")
        assert (one.standing, one.components) == (Standing.ACTIVE, ("checkout",))
        (challenge,) = h.end.said("challenge")
        tally = await h.send()
        assert (tally.outcome.evidence, tally.sent, tally.total) == (Evidence.OK, 1, 1)
        (word,) = h.end.said("update")
        at, _, proof = word.headers["x-receiver-signature"].partition(",v1=")
        secret = challenge.json["secret"].encode()
        assert proof == hmac.new(secret, at.removeprefix("t=").encode() + b"." + word.body, hashlib.sha256).hexdigest()
        assert word.headers["idempotency-key"] == "key-1"
        assert word.json["update"]["texts"]["en"]["title"]
        assert (await h.send()).sent == 1
        assert len(h.end.said("update")) == 1, "the same word again is no news"
        gone = await h.d.http.post(word.json["unsubscribe_url"].removeprefix(BASE))
        assert gone.status_code == 200
        assert await h.d.subscribers.all("webhook") == []


async def test_an_address_that_does_not_echo_is_forgotten_and_answered_the_same(tmp_path: Path):
    async with hooked(tmp_path, echoes=False) as h:
        first = await h.ask()
        assert await h.d.subscribers.find("webhook", h.end.url) is None
        h.end.echoes = True
        second = await h.ask()
        assert (await h.d.subscribers.all("webhook"), second.content) == ([], first.content), "one question a day for one address"
        h.d.clock.advance(days=1)
        assert (await h.ask()).content == first.content
        assert len(await h.d.subscribers.all("webhook")) == 1
        again = await h.ask()
        assert again.content == first.content
        (settings,) = h.end.said("settings")
        assert "/status/en/manage/" in settings.json["manage_url"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "https://localhost/x",
        "https://user:secret@hooks.example/x",
        "https://hooks.example:port/",
        "ftp://hooks.example/",
        "//hooks.example",
        "https://",
        "https://hooks.example/ x",
        "https://hooks.example/\r\nHost: a",
        "https://хук.example/",
        "https://hooks.example/" + "a" * 500,
    ],
)
async def test_what_is_no_public_https_address_is_said_to_be_none(tmp_path: Path, url: str):
    assert not is_hook(url)
    async with hooked(tmp_path) as h:
        assert (await h.ask(url)).status_code == 400


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "[::ffff:7f00:1]", "[::1]", "100.64.0.1", "10.0.0.1", "[64:ff9b::7f00:1]", "localhost.localdomain"]
)
async def test_nobody_can_point_us_at_our_own_network(tmp_path: Path, host: str):
    async with hooked(tmp_path, guarded=True) as h:
        answer = await h.ask(f"https://{host}:{h.end.port}/hook")
        assert answer.status_code == 200, "the answer says nothing of what was found there"
        assert await h.d.subscribers.all("webhook") == []
        assert h.end.connections == 0, "not even a connection"


async def test_redirects_are_not_followed(tmp_path: Path):
    async with hooked(tmp_path) as h:
        h.end.script.append(Reply(status=302, headers={"location": h.end.url}))
        await h.ask()
        assert (len(h.end.asked), await h.d.subscribers.all("webhook")) == (1, [])


async def test_an_end_that_hangs_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("receiver.channels.notice_hooks.BUDGET", 0.2)
    async with hooked(tmp_path) as h:
        h.end.script.append(Reply(then="hang"))
        await h.ask()
        assert await h.d.subscribers.all("webhook") == []


async def test_a_long_answer_is_not_read(tmp_path: Path):
    async with hooked(tmp_path) as h:
        h.end.script.append(Reply(body=b"x" * 10_000_000))
        await h.ask()
        assert await h.d.subscribers.all("webhook") == []


async def test_who_answers_410_gets_nothing_more(tmp_path: Path):
    async with hooked(tmp_path) as h:
        await h.ask()
        h.end.script.append(Reply(status=410))
        tally = await h.send()
        assert (tally.failed, tally.total, tally.outcome.evidence) == (1, 1, Evidence.OK)
        assert (await h.d.subscribers.find("webhook", h.end.url)).standing is Standing.QUARANTINED


async def test_an_end_in_trouble_is_tried_again_and_given_up_in_the_end(tmp_path: Path):
    async with hooked(tmp_path) as h:
        await h.ask()
        h.end.script += [Reply(status=503)] * 3
        for _ in range(3):
            assert (await h.send()).outcome.evidence is Evidence.THROTTLED
        assert (await h.send()).sent == 1, "the same key at every attempt makes a repetition harmless"
        assert {one.headers["idempotency-key"] for one in h.end.said("update")} == {"key-1"}
        for n in range(5):
            h.end.script += [Reply(status=500)] * 8
            for _ in range(8):
                tally = await h.mailing.send(told(), told().updates[0], f"other-{n}")
            assert (tally.failed, tally.outcome.evidence) == (1, Evidence.OK)
        assert await h.d.subscribers.all("webhook") == [], "five words in a row that did not get through"
