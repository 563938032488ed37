"""Every answer to a command and a menu, in both languages, as a file: `UPDATE_GOLDEN=1` writes them, otherwise they must match."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.chat.asked import Asked, Place
from receiver.chat.silence_words import choices, made_text, question
from receiver.store.silences import MadeSilence
from tests.builders import NOW, rulebook, rules_files, wire
from tests.chat.test_commands import SCHEDULES
from tests.fakes.bot_api import Sent
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, STRANGER, SVETA, Story, story

GOLDEN = Path(__file__).parent / "chat"
PEOPLE = """version: 1
people:
  anna: {name: Anna, roles: [responder, admin], telegram: 111111111, language: LANG, timezone: Europe/Moscow}
  boris: {name: Boris, roles: [responder, admin], telegram: 111111112, language: LANG, timezone: Europe/Moscow}
  sveta: {name: Sveta, roles: [viewer], telegram: 111111113, language: LANG, timezone: Europe/Moscow}
  vera: {name: Vera, roles: [viewer], language: LANG}
"""
DESTINATIONS = """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: LANG, timezone: Europe/Moscow}
  devops: {channel: telegram, chat: -1001000000002, language: LANG, timezone: Europe/Moscow}
fallback: [devops]
"""
LABELS = {"alertname": "ShopApiErrorRateHigh", "service": "shop-api"}


def held(name: str, text: str) -> None:
    """The text is what the file says."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    assert text + "\n" == path.read_text("utf-8"), f"read it, then UPDATE_GOLDEN=1: {path}"


def seen(sent: Sent) -> str:
    """The message and its buttons, without what changes from run to run."""
    rows = ["  ".join(f"[{b['text']}]" for b in row) for row in sent.buttons]
    text = re.sub(r"(rules|правила) [0-9a-f]{7,12}", r"\1 RULES", "\n".join([sent.text, *rows]))
    return re.sub(r"/start [0-9A-Z]{10}", "/start CODE", re.sub(r"[0-9a-f]{12,}|[\w-]{22}(?=$|\n)", "ID", text))


async def ask(s: Story, text: str, user: int = BORIS, chat: str = "") -> Sent:
    s.clock.advance(seconds=2)  # a private chat takes a message a second
    await s.api.say(chat or str(user), text, user)
    return await s.expect(chat or str(user))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_commands_are_answered_with_these_words(tmp_path, language):
    rules = rules_files(tmp_path / "rules", people=PEOPLE.replace("LANG", language), schedules=SCHEDULES)
    async with story(tmp_path, rules=rules, RECEIVER_LANGUAGE=language) as s:
        told: dict[str, str] = {}
        for name, text in {"incidents-none": "/incidents", "incidents-all-none": "/incidents all", "status-well": "/status", "ack-none": "/ack INC-9"}.items():
            told[name] = seen(await ask(s, text))
        await s.fire(wire())
        await s.fire(wire("b", service="shop-db", severity="warning"))
        await s.advance(seconds=10)
        for chat in (DEVOPS, ADMINS):
            await s.expect(chat)
        await s.advance(minutes=4)
        commands = {
            "help": "/help", "incidents": "/incidents", "status": "/status", "oncall": "/oncall", "oncall-later": "/oncall primary 18:30",
            "oncall-unclear": "/oncall soon", "ack": "/ack 1", "ack-again": "/ack 1", "ack-unclear": "/ack", "why": "/why 2", "unknown": "/play",
            "maintenance": "/maintenance", "maintenance-unclear": "/maintenance now", "maintenance-preview": '/maintenance 2h service="shop-db"',
            "swap": "/swap", "swap-unclear": "/swap x", "link": "/link vera", "link-unclear": "/link vere", "unlink": "/unlink", "resolve": "/resolve 2",
            "silence-not-set-up": "/silence 1",
        }  # fmt: skip
        for name, text in commands.items():
            sent = await ask(s, text)
            told[name] = seen(sent)
            if name == "maintenance-preview":
                await s.api.press(sent, "Begin" if language == "en" else "Начать", BORIS)
                told["maintenance-begun"] = seen(sent)
                told["maintenance-list"] = seen(await ask(s, "/maintenance"))
        told["help-viewer"], told["refused"] = seen(await ask(s, "/help", SVETA)), seen(await ask(s, "/ack 1", SVETA))
        told["stranger"] = seen(await ask(s, "/status", STRANGER))
        told["incidents-all"] = seen(await ask(s, "/incidents all", BORIS, ADMINS))
        for name, text in told.items():
            held(f"{name}.{language}", text)
        await s.advance(minutes=1)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_silence_dialog_says_this(language):
    asked = Asked(
        name="silence", words=(), rest="", place=Place(via="telegram", chat="-1"), user="1", person=None, language=language, timezone="Europe/Moscow",
        now=NOW, book=rulebook(),
    )  # fmt: skip
    for name, count, outside, length in (("own", 6, 0, None), ("outside", 8, 2, None), ("for-2h", 1, 0, timedelta(hours=2))):
        rows = "\n".join("  ".join(f"[{label}]" for label, _, _ in row) for row in choices(asked, "d", length, is_one=False))
        held(f"silence-{name}.{language}", question(asked, "INC-412", LABELS, count, outside, length) + "\n" + rows)
    made = MadeSilence(
        id="d",
        incident_id="INC-412",
        labels=LABELS,
        until=NOW + timedelta(hours=2),
        by="anna",
        name="Анна",
        systems=(),
        language=language,
        timezone="Europe/Moscow",
    )
    held(f"silence-made.{language}", made_text(made, NOW))
    held(f"silence-over.{language}", made_text(made, NOW, ("silence ended with the incident", "тишина снята, инцидент закончился")))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_dialogs_go_on_with_these_words(tmp_path, language):
    schedules = SCHEDULES.replace("    layers:", "    announce: admin-chat\n    layers:")
    places = DESTINATIONS.replace("LANG", language)
    rules = rules_files(tmp_path / "rules", people=PEOPLE.replace("LANG", language), schedules=schedules, destinations=places)
    async with story(tmp_path, rules=rules, RECEIVER_LANGUAGE=language) as s:

        async def press(sent: Sent, row: int, place: int, user: int) -> str:
            """What the message has become, and what the presser alone is told."""
            told = await s.api.press(sent, "", user, data=sent.buttons[row][place]["callback_data"])
            return seen(sent) + (f"\n({told['text']})" if told.get("text") else "")

        offer = await ask(s, "/swap", BORIS, ADMINS)
        told = {"swap-not-yours": await press(offer, 0, 0, ANNA), "swap-offered": await press(offer, 0, 0, BORIS)}
        told |= {"swap-own": await press(offer, 0, 0, BORIS), "swap-taken": await press(offer, 0, 0, ANNA)}
        private = await ask(s, "/swap")
        told["swap-offered-elsewhere"] = await press(private, 0, 0, BORIS)
        told["swap-withdrawn"] = await press(await s.expect(ADMINS), 0, 1, BORIS)
        told["link-not-here"] = seen(await ask(s, "/link vera", BORIS, ADMINS))
        code = re.search(r"/start (\w+)", (await ask(s, "/link vera")).text)
        assert code
        told["start"] = seen(await ask(s, f"/start {code[1]}", STRANGER))
        told["start-again"] = seen(await ask(s, f"/start {code[1]}", 998))
        told["unlink-done"] = seen(await ask(s, "/unlink", STRANGER))
        told["maintenance-cancelled"] = await press(await ask(s, "/maintenance 2h service=shop-db"), 0, 1, BORIS)
        work = await ask(s, "/maintenance at 23:00 2h service=shop-db")
        told["maintenance-ahead"], told["maintenance-announced"] = seen(work), await press(work, 0, 0, BORIS)
        told["maintenance-ended"] = await press(work, 0, 0, BORIS)
        told["maintenance-too-long"] = seen(await ask(s, "/maintenance 8d service=shop-db"))
        told["notice-none"] = seen(await ask(s, "/notice"))
        for name, text in told.items():
            held(f"{name}.{language}", text)
