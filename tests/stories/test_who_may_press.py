"""Strangers, forgers and hostile text: what they try changes nothing and is seen."""

import hashlib
import hmac
import json
from dataclasses import replace

import httpx
import pytest

from receiver.app.derived import webhook_secret
from receiver.settings import SettingsError, load_settings
from tests.builders import rules_files, wire
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, SPARE, STRANGER, SVETA, Story, story

HEADER = "x_telegram_bot_api_secret_token"
HOSTILE = ['<a href="tg://user?id=1">x</a>', "@channel", "/ack 1", "{{7*7}}", "{0.__class__}", "%(x)s", "${x}", "</b><script>alert(1)</script>"]


def here(directory, **environ: str):
    return story(directory, rules=rules_files(directory / "rules"), **environ)


def by_webhook(directory):
    return here(directory, RECEIVER_TELEGRAM_MODE="webhook", RECEIVER_PUBLIC_URL="https://receiver.example")


async def paged(s: Story):
    await s.fire(wire())
    await s.advance(seconds=10)
    return await s.expect(DEVOPS)


async def reasons(s: Story) -> list[str]:
    return [e.reason for i in await s.incidents() for e in await s.app.incidents.timeline(i.id)]


async def update(s: Story, number: int, data: str, user: int, message: int, secret: str | None = None) -> httpx.Response:
    """One press as Telegram posts it."""
    query = {"id": f"q{number}", "from": {"id": user}, "message": {"message_id": message, "chat": {"id": int(DEVOPS)}}, "data": data}
    given = webhook_secret(s.app.settings) if secret is None else secret
    return await s.post(json.dumps({"update_id": number, "callback_query": query}).encode(), "/telegram/webhook", **{HEADER: given})


async def test_an_update_without_the_secret_is_refused_unread(tmp_path):
    async with by_webhook(tmp_path) as s:
        told = await paged(s)
        for secret in ("", "wrong", "k" * 32):
            assert (await update(s, 1, told.button("✅"), ANNA, told.id, secret)).status_code == 401
        assert (await s.post(b"no json at all", "/telegram/webhook")).status_code == 401
        assert (await s.incidents())[0].state == "triggered"
        assert (await update(s, 1, told.button("✅"), ANNA, told.id)).status_code == 200
        await s.advance(seconds=5)
        assert told.text.startswith("🟡")


async def test_telegram_is_told_where_to_post_and_a_secret_that_is_not_the_key(tmp_path):
    async with by_webhook(tmp_path) as s:
        await s.api.until(lambda: bool(s.api.webhooks))
        (told,) = s.api.webhooks
        assert told["url"] == "https://receiver.example/telegram/webhook"
        assert told["secret_token"] == hmac.new(b"k" * 32, b"telegram webhook", hashlib.sha256).hexdigest()
        assert told["allowed_updates"] == ["callback_query", "message"]


def test_a_webhook_needs_an_address_telegram_can_reach(tmp_path):
    environ = {"RECEIVER_TELEGRAM_MODE": "webhook", "RECEIVER_DATA_DIR": str(tmp_path)}
    for address in ({}, {"RECEIVER_PUBLIC_URL": "http://receiver.example"}):
        with pytest.raises(SettingsError, match="PUBLIC_URL: required"):
            load_settings({**environ, **address})
    load_settings({**environ, "RECEIVER_PUBLIC_URL": "https://receiver.example"})


async def test_a_replayed_update_is_ignored(tmp_path):
    async with by_webhook(tmp_path) as s:
        told = await paged(s)
        for _ in range(3):
            assert (await update(s, 7, told.button("❔"), ANNA, told.id)).status_code == 200
        assert (await update(s, 8, told.button("❔"), ANNA, told.id)).status_code == 200
        await s.api.until(lambda: len(s.api.answers) >= 2)
        await s.settle()
        assert [a["callback_query_id"] for a in s.api.answers] == ["q7", "q8"]


async def test_what_is_no_update_is_refused(tmp_path):
    async with by_webhook(tmp_path) as s:
        secret = webhook_secret(s.app.settings)
        for content in (b"", b"[]", b"{}", b'{"update_id": "x"}', b'{"update_id": null}', b"[" * 5000, b"\xff"):
            assert (await s.post(content, "/telegram/webhook", **{HEADER: secret})).status_code == 400
        assert (await s.post(b'{"update_id": 1}', "/telegram/webhook", **{HEADER: secret})).status_code == 200


async def test_who_left_the_roster_a_moment_ago_may_not_press(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        book = s.app.rules.current
        s.app.rules.current = replace(book, people={n: p for n, p in book.people.items() if n != "anna"})
        assert "may not" in (await s.api.press(told, "✅", ANNA))["text"]
        assert "press_refused" in await reasons(s)
        s.app.rules.current = book
        await s.api.press(told, "✅", ANNA)
        assert (await s.incidents())[0].state == "acknowledged"
        await s.advance(seconds=5)


async def test_a_role_that_may_look_may_not_take(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        assert "may not" in (await s.api.press(told, "✅", SVETA))["text"]
        assert "Why here: routes.yaml:" in (await s.api.press(told, "❔", SVETA))["text"]
        assert (await s.incidents())[0].state == "triggered"


async def test_the_third_refused_press_tells_an_admin_once_an_hour(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        for _ in range(2):
            await s.api.press(told, "✅", STRANGER)
        await s.advance(seconds=10)
        await s.expect_nothing()
        for _ in range(4):
            await s.api.press(told, "✅", STRANGER)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "incident-receiver", "999", "three times")


async def test_data_of_another_chat_another_incident_or_nobodys_is_refused(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        await s.fire(wire("b", service="shop-db", severity="warning"))
        await s.advance(seconds=10)
        other = await s.expect(ADMINS)
        stolen, own = told.button("✅"), other.button("✅")
        version, verb, incident, tag = stolen.split(":")
        forged = [
            own,
            f"{version}:{verb}:{own.split(':')[2]}:{tag}",
            f"{version}:resolve:{incident}:{tag}",
            f"v2:{verb}:{incident}:{tag}",
            "v1:ack",
            "",
            ":::",
            "я" * 30,
        ]
        for data in forged:
            assert "not valid here" in (await s.api.press(told, "", ANNA, data=data or " "))["text"]
        assert {i.state for i in await s.incidents()} == {"triggered"}


async def test_an_old_button_of_a_closed_incident_names_who_closed_it(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        kept = told.button("✅")
        await s.api.press(told, "🟢", BORIS, "Boris")
        await s.advance(seconds=5)
        await s.expect(DEVOPS, "closed by Борис", "Still firing: 1 alert.")
        assert (await s.api.press(told, "", ANNA, data=kept))["text"] == "Already resolved by Борис"


async def test_the_second_to_press_hears_how_long_ago_in_words(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        kept = told.button("✅")
        await s.api.press(told, "✅", ANNA)
        await s.advance(seconds=125)
        assert (await s.api.press(told, "", BORIS, "Boris", data=kept))["text"] == "Уже в работе: Anna, 2 мин назад"
        assert (await s.api.press(told, "", ANNA, data=kept))["text"] == "Already taken by Anna, 2 min ago"


async def test_labels_are_text_and_never_markup_commands_or_templates(tmp_path):
    async with here(tmp_path) as s:
        for n, text in enumerate(HOSTILE):
            await s.fire(wire(text, service=f"svc-{n}", alertname=text))
        await s.advance(seconds=10)
        await s.advance(minutes=1)
        seen = "\n".join([(await s.expect(DEVOPS)).text for _ in HOSTILE])
        for text in HOSTILE:
            assert f"{text} — {text}" in seen


async def test_a_fingerprint_somebody_chose_joins_no_two_alerts(tmp_path):
    async with here(tmp_path) as s:
        await s.fire(*({**wire(n), "fingerprint": "d2e0efc389f41ddf"} for n in ("a", "b")))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "2 alerts", "HighErrorRate — a, b")
        (incident,) = await s.incidents()
        assert len(incident.alerts) == 2


async def test_nobody_hears_of_a_refused_press_but_the_presser(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        edits = len(told.edits)
        await s.api.press(told, "✅", STRANGER)
        await s.advance(seconds=10)
        assert (len(told.edits), [m for m in s.api.sends() if m.chat == SPARE]) == (edits, [])
