"""Subscribing by mail, as a reader, a mail scanner and somebody who means harm do it."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from receiver.core.pledge import Purpose, pledge
from receiver.core.subscriber import Standing
from receiver.store.subscribers import Subscribers, network_of
from tests.builders import NOW
from tests.status.desk import BASE, KEY, desk, link, plain


async def test_an_address_is_subscribed_by_its_owner_alone(tmp_path: Path):
    async with desk(tmp_path) as d:
        answer = await d.ask("reader@example.org", component=["checkout"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert "reader@example.org" not in answer.text
        one = await d.subscribers.find("email", "READER@example.org ")
        assert one is not None
        assert (one.standing, one.components, one.language) == (Standing.PENDING, ("checkout",), "en")
        ((_, recipient, letter),) = d.mail.letters
        assert (recipient, letter["Subject"]) == ("reader@example.org", "Confirm your subscription: Status")
        assert "List-Unsubscribe" not in letter, "nothing is subscribed yet"
        path = link(letter, "confirm")
        assert one.id not in answer.text
        shown = await d.http.get(path)
        assert "Confirm the subscription" in shown.text
        assert (await d.subscribers.load(one.id)).standing is Standing.PENDING, "a scanner that opens links confirms nothing"
        assert "You are subscribed" in (await d.http.post(path)).text
        confirmed = await d.subscribers.load(one.id)
        assert (confirmed.standing, confirmed.confirmed_at, bool(confirmed.consent)) == (Standing.ACTIVE, d.clock.now(), True)


async def test_the_answer_says_nothing_of_who_is_known(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("known@example.org")
        await d.subscribers.cool("email", "left@example.org", timedelta(hours=1))
        answers = [await d.ask(f"{name}@example.org") for name in ("known", "new", "left", "new")]
        assert len({(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in answers}) == 1
        said = [(to, letter["Subject"]) for _, to, letter in d.mail.letters]
        assert said == [("known@example.org", "Your subscription: Status"), ("new@example.org", "Confirm your subscription: Status")]


async def test_every_wish_costs_the_same_trips_to_the_store(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("known@example.org")
        await d.http.get("/status/en")
        costs, filled = [], await d.filled()
        await d.http.get("/status/en")
        for name in ("known", "new"):
            before = (await d.client.info("stats"))["total_commands_processed"]
            await d.http.post("/status/en/updates", data={"email": f"{name}@example.org", "filled": filled})
            costs.append((await d.client.info("stats"))["total_commands_processed"] - before)
        assert costs[0] == costs[1]


async def test_one_post_from_a_mail_program_unsubscribes(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("reader@example.org")
        await d.ask("reader@example.org")
        letter = d.mail.letters[-1][2]
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = letter["List-Unsubscribe"].strip("<>")
        assert "Nothing more will be sent" in (await d.http.get(address)).text
        assert len(await d.subscribers.all("email")) == 1, "reading the page removes nobody"
        answer = await d.http.post(address, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        assert await d.subscribers.all("email") == []
        assert (await d.http.post(address, data={"List-Unsubscribe": "One-Click"})).status_code == 200, "twice is as good as once"
        await d.subscriptions.look()
        d.mail.letters.clear()
        await d.ask("reader@example.org")
        assert d.mail.letters == [], "who left is not written to because somebody types the address again"
        d.clock.advance(days=29)
        await d.ask("reader@example.org")
        assert d.mail.letters == []
        d.clock.advance(days=2)
        await d.subscriptions.look()
        assert not await d.client.exists("{sub}:docs"), "a month later nothing is left of it"
        await d.ask("reader@example.org")
        assert len(d.mail.letters) == 1


async def test_whoever_shares_an_address_learns_that_it_was_taken_off_and_can_put_it_back(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("team@example.org", component=["checkout"])
        await d.ask("team@example.org")
        address = d.mail.letters[-1][2]["List-Unsubscribe"].strip("<>")
        d.mail.letters.clear()
        assert "Unsubscribe" in (await d.http.get(address)).text, "a page asks first"
        await d.http.post(address)
        await d.subscriptions.look()
        ((_, recipient, letter),) = d.mail.letters
        assert (recipient, letter["Subject"]) == ("team@example.org", "You are unsubscribed: Status")
        assert "somebody else unsubscribed it" in plain(letter)
        assert "You are subscribed" in (await d.http.post(link(letter, "confirm"))).text
        (back,) = await d.subscribers.all("email")
        assert (back.components, back.left_at) == (("checkout",), None)


async def test_a_subscription_is_changed_only_through_a_mailed_link(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.subscribe("reader@example.org")
        await d.ask("reader@example.org")
        path = link(d.mail.letters[-1][2], "manage")
        page = (await d.http.get(path)).text
        assert "reader@example.org" not in page
        await d.http.post(path, data={"do": "save", "language": "ru", "component": ["storefront", "secret"]})
        one = await d.subscribers.find("email", "reader@example.org")
        assert (one.language, one.components) == ("ru", ("storefront",))
        assert "selected" in (await d.http.get(path)).text
        assert (await d.http.get(path, params={"do": "unsubscribe"})).status_code == 200
        assert await d.subscribers.find("email", "reader@example.org") == one, "reading changes nothing, whatever the address says"
        await d.http.post(path, data={"do": "unsubscribe"})
        assert await d.subscribers.all("email") == []
        d.clock.advance(hours=24)
        assert (await d.http.get(path)).status_code == 410


async def test_a_link_is_good_for_one_thing_and_one_time(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.ask("reader@example.org")
        one = await d.subscribers.find("email", "reader@example.org")
        confirm = link(d.mail.letters[-1][2], "confirm")
        token = confirm.rpartition("/")[2]
        wrong = [confirm.replace("confirm", "manage"), confirm.replace("confirm", "unsubscribe"), confirm[:-1], f"/status/en/confirm/{one.id}", f"/status/en/confirm/{pledge(b'x', Purpose.CONFIRM, one.id)}", "/status/en/confirm/a.b.c", f"/status/en/confirm/{token.replace('.', '.9', 1)}"]  # fmt: skip
        for path in wrong:
            assert (await d.http.post(path)).status_code == 410, path
            assert (await d.http.get(path)).status_code == 410, path
        d.clock.advance(hours=24)
        assert (await d.http.post(confirm)).status_code == 410
        assert await d.subscribers.all("email") == []


async def test_who_never_answers_is_forgotten(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.ask("reader@example.org")
        d.clock.advance(hours=25)
        await d.subscriptions.look()
        assert await d.subscribers.find("email", "reader@example.org") is None
        assert (await d.client.hlen("{sub}:docs"), await d.client.hlen("{sub}:by"), await d.client.zcard("{sub}:pending")) == (0, 0, 0)


async def test_nobody_is_bombed_with_confirmations(tmp_path: Path):
    async with desk(tmp_path) as d:
        for _ in range(5):
            await d.ask("victim@example.org")
        assert len(d.mail.letters) == 1, "one a day for one address"
        for n in range(12):
            await d.ask(f"victim{n}@example{n}.org")
        assert len(d.mail.letters) == 2, "six wishes an hour for one network, repeats included"
        d.clock.advance(hours=1)
        await d.ask("another@example.org")
        assert len(d.mail.letters) == 3


@pytest.mark.parametrize(("name", "sent"), [("PER_DOMAIN", 3), ("PER_HOUR", 3)])
async def test_a_domain_and_everybody_together_have_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sent: int):
    monkeypatch.setattr(f"receiver.workers.subscriptions.{name}", 3)
    async with desk(tmp_path, proxies=1) as d:
        for n in range(6):
            filled = await d.filled()
            address = f"a{n}@example.org" if name == "PER_DOMAIN" else f"a@example{n}.org"
            headers = {"x-forwarded-for": f"203.0.{n}.1"}
            await d.http.post("/status/en/updates", data={"email": address, "filled": filled}, headers=headers)
            await d.subscriptions.look()
        assert len(d.mail.letters) == sent
        await d.http.post("/status/en/updates", data={"email": "b@elsewhere.org", "filled": await d.filled()}, headers={"x-forwarded-for": "198.51.100.1"})
        await d.subscriptions.look()
        assert len(d.mail.letters) == sent + (name == "PER_DOMAIN"), "another domain has a budget of its own"


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "same-site", "origin": "https://x.example"}]
)
async def test_another_sites_page_can_send_no_form_of_ours(tmp_path: Path, headers: dict[str, str]):
    async with desk(tmp_path) as d:
        answer = await d.http.post("/status/en/updates", data={"email": "reader@example.org", "filled": await d.filled()}, headers=headers)
        await d.subscriptions.look()
        assert (answer.status_code, d.mail.letters) == (403, [])
        await d.subscribe("reader@example.org")
        await d.ask("reader@example.org")
        letter = d.mail.letters[-1][2]
        assert (await d.http.post(link(letter, "manage"), data={"do": "unsubscribe"}, headers=headers)).status_code == 403
        assert len(await d.subscribers.all("email")) == 1
        own = {"origin": BASE, "sec-fetch-site": "same-origin"}
        assert (await d.http.post(link(letter, "manage"), data={"do": "save"}, headers=own)).status_code == 200
        one_click = letter["List-Unsubscribe"].strip("<>")
        assert (await d.http.post(one_click, headers=headers)).status_code == 200, "mail programs post from wherever they are"


async def test_programs_that_fill_in_everything_are_not_answered_by_mail(tmp_path: Path):
    async with desk(tmp_path) as d:
        answer = await d.ask("reader@example.org", website="https://spam.example")
        assert "Almost done" in answer.text
        assert d.mail.letters == []


async def test_a_form_nobody_read_is_answered_the_same_and_asks_nobody(tmp_path: Path):
    async with desk(tmp_path) as d:
        honest = await d.ask("reader@example.org")
        assert len(d.mail.letters) == 1
        quick = (await d.http.get("/status/en/updates")).text.partition('name="filled" value="')[2].partition('"')[0]
        d.clock.advance(seconds=2)
        forged = pledge(b"x" * 32, Purpose.FORM, str(int(NOW.timestamp())))
        for token in (quick, "", "1.2.3", forged):
            answer = await d.http.post("/status/en/updates", data={"email": "bot@example.org", "filled": token})
            assert answer.content == honest.content
        d.clock.advance(hours=25)
        await d.http.post("/status/en/updates", data={"email": "bot@example.org", "filled": quick})
        await d.subscriptions.look()
        assert len(d.mail.letters) == 1, "too quick, not there, made up, too old"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "a@b",
        "a b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org,b@example.org",
        "<a@example.org>",
        "a@-x.org",
        "@example.org",
        "a" * 65 + "@example.org",
    ],
)
async def test_what_is_no_address_is_said_to_be_none(tmp_path: Path, address: str):
    async with desk(tmp_path) as d:
        answer = await d.ask(address)
        assert answer.status_code == 400
        assert d.mail.letters == []


async def test_an_address_is_nowhere_in_the_store_to_be_read(tmp_path: Path):
    async with desk(tmp_path) as d:
        await d.http.post("/status/en/updates", data={"email": "waiting@example.org", "filled": await d.filled()})
        await d.client.rename("{sub}:asked", "{sub}:aside")
        await d.subscribe("reader@example.org")
        kept = [one for key in await d.client.keys("*") for one in await held(d.client, key)]
        assert len(kept) > 10
        for raw in kept + [plain_of(one) for one in kept]:
            assert not any(part in raw.lower() for part in (b"reader", b"waiting", b"example.org")), raw
        assert await Subscribers(d.client, KEY).find("email", "reader@example.org")
        (subscriber_id,) = await d.client.hkeys("{sub}:docs")
        assert await Subscribers(d.client, b"another key of somebody else's!!").load(subscriber_id.decode()) is None
        first, second = (Subscribers(d.client, key).mark("email", "reader@example.org") for key in (KEY, b"another"))
        assert first != second, "nobody without the key can ask whether an address is there"


async def held(client: Redis, key: bytes) -> list[bytes]:
    """The name of a key and everything in it."""
    kind = await client.type(key)
    if kind == b"hash":
        return [key, *(part for pair in (await client.hgetall(key)).items() for part in pair)]
    if kind == b"zset":
        return [key, *await client.zrange(key, 0, -1)]
    return [key, *await client.lrange(key, 0, -1)] if kind == b"list" else [key, await client.get(key)]


def plain_of(raw: bytes) -> bytes:
    """What anybody can read from it without a key."""
    try:
        return base64.b64decode(raw, validate=True)
    except ValueError:
        return b""


async def test_an_address_that_does_not_exist_is_dropped_and_not_tried_again(tmp_path: Path):
    async with desk(tmp_path) as d:
        d.mail.refuse = lambda _: "550 no such user"
        await d.ask("nobody@example.org")
        assert await d.subscribers.find("email", "nobody@example.org") is None
        d.mail.refuse = lambda _: ""
        d.clock.advance(hours=48)
        await d.ask("nobody@example.org")
        assert d.mail.letters == []


async def test_a_mail_server_that_is_away_delays_and_loses_nothing(tmp_path: Path):
    async with desk(tmp_path) as d:
        d.mail.refuse = lambda _: "451 later"
        await d.ask("reader@example.org")
        assert d.mail.letters == []
        d.mail.refuse = lambda _: ""
        await d.subscriptions.look()
        assert len(d.mail.letters) == 1


async def test_the_network_is_the_one_the_last_trusted_proxy_saw(tmp_path: Path):
    async with desk(tmp_path, proxies=1) as d:
        filled = await d.filled()
        for n in range(8):
            headers = {"x-forwarded-for": f"203.0.{n}.1, 192.0.2.77"}
            await d.http.post("/status/en/updates", data={"email": f"a{n}@example{n}.org", "filled": filled}, headers=headers)
        await d.subscriptions.look()
        assert len(d.mail.letters) == 6, "what stands further left was written by the sender"
    assert [network_of(a) for a in ("192.0.2.77", "2001:db8::1", "::ffff:192.0.2.1", "x")] == ["192.0.2.0/24", "2001:db8::/64", "192.0.2.0/24", "unknown"]


async def test_letters_and_pages_speak_the_readers_language(tmp_path: Path):
    async with desk(tmp_path) as d:
        answer = await d.ask("reader@example.org", "ru")
        assert "Почти готово" in answer.text
        letter = d.mail.letters[-1][2]
        assert letter["Subject"] == "Подтвердите подписку: Состояние"
        assert letter["Content-Language"] == "ru"
        assert "Ссылка действует сутки" in plain(letter)
        assert "Вы подписаны" in (await d.http.post(link(letter, "confirm"))).text


async def test_a_store_that_is_away_changes_nothing_and_says_so(tmp_path: Path):
    async with desk(tmp_path) as d:
        filled = await d.filled()
        await d.client.execute_command("ACL", "SETUSER", "default", "-rpush")
        answer = await d.http.post("/status/en/updates", data={"email": "reader@example.org", "filled": filled})
        assert (answer.status_code, "Please try again in a minute" in answer.text) == (503, True)
        assert pledge(KEY, Purpose.CONFIRM, "x").startswith("x.0.")
