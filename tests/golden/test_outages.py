"""What admins read when somebody can't be reached and when that is over, as files in both languages."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.channels.outage_words import banner, begun, ended
from receiver.channels.render import LANGUAGES
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.outage import Outage
from tests.builders import NOW, alert, incident
from tests.fakes.bot_entities import parse_entities

GOLDEN = Path(__file__).parent / "outages"
BLOCKED, NO_CHAT, TOKEN = "Forbidden: bot was blocked by the user", "Chat not found", "token or address of the Bot API is wrong"
CALLED = {"en": "Anna", "ru": "Анна"}


def of_anna(language: str, why: str, **fields: str) -> Outage:
    held = {"channel": "telegram", "destination": "anna", "person": "anna", "label": CALLED[language], **fields}
    return Outage(key=f"{held['channel']}:1", why=why, since=NOW, **held)


def of_chat(why: str, channel: str = "telegram") -> Outage:
    return Outage(key=f"{channel}:-1", channel=channel, destination="devops-chat", why=why, since=NOW)


def of_telegram(why: str) -> Outage:
    return Outage(key="telegram", channel="telegram", why=why, since=NOW)


def say(case: str, language: str) -> str:
    zone, now = "Europe/Moscow" if language == "ru" else "UTC", NOW + timedelta(minutes=12)
    begins = {
        "person-blocked": (of_anna(language, BLOCKED), ("email", "pagerduty")),
        "person-blocked-no-other-way": (of_anna(language, BLOCKED), ()),
        "person-deleted": (of_anna(language, "Forbidden: user is deactivated"), ("sms",)),
        "person-no-chat": (of_anna(language, NO_CHAT), ("email",)),
        "person-mail-refused": (of_anna(language, "550 no such mailbox <anna@example>", channel="email", destination="anna/email"), ("telegram",)),
        "chat-kicked": (of_chat("Forbidden: bot was kicked from the supergroup chat"), ("admin-chat",)),
        "chat-no-rights": (of_chat("Not enough rights to send text messages to the chat"), ("admin-chat",)),
        "chat-not-found-no-other-place": (of_chat(NO_CHAT), ()),
        "hook-gone": (of_chat("HTTP 410 Gone", "webhook"), ("admin-chat",)),
        "channel": (of_telegram("httpx.ConnectError: All connection attempts failed"), ()),
        "channel-token": (of_telegram(TOKEN), ()),
    }
    over = {"person-again": of_anna(language, BLOCKED), "chat-again": of_chat(NO_CHAT), "channel-again": of_telegram("timed out")}
    if case.startswith("channel-again-missed"):
        return ended(_over(over["channel-again"]), language, zone, [missed(n) for n in range(2 if case.endswith("missed") else 14)])
    if case in over:
        return ended(_over(over[case]), language, zone)
    if case.startswith("banner-"):
        return banner(of_telegram("timed out") if case == "banner-channel" else of_anna(language, BLOCKED), language, zone, now)
    return begun(*begins[case], language, zone, now)


def missed(number: int) -> Incident:
    began = NOW + timedelta(minutes=5 + number)
    said = {"en": "7.8 % of <responses> are HTTP 500", "ru": "7,8 % <ответов> с ошибкой 500"}
    only = replace(alert(), annotations={"summary": said["en"], "summary_ru": said["ru"]})
    return incident(only, id=IncidentId(f"INC-{40 + number}"), opened_at=began, state=State.RESOLVED, resolved_at=began + timedelta(minutes=9))


def _over(outage: Outage) -> Outage:
    return Outage(
        key=outage.key,
        channel=outage.channel,
        destination=outage.destination,
        person=outage.person,
        label=outage.label,
        why=outage.why,
        since=outage.since,
        over_at=NOW + timedelta(minutes=42),
    )


CASES = (
    "person-blocked", "person-blocked-no-other-way", "person-deleted", "person-no-chat", "person-mail-refused", "chat-kicked", "chat-no-rights",
    "chat-not-found-no-other-place", "hook-gone", "channel", "channel-token", "person-again", "chat-again", "channel-again", "channel-again-missed", "channel-again-missed-many",
    "banner-channel", "banner-person",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_the_notice_reads_as_its_file(case: str, language: str) -> None:
    text, path = say(case, language), GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text + "\n", "utf-8")
    assert text + "\n" == path.read_text("utf-8")
    assert parse_entities(text).strip()


def test_every_file_has_a_case() -> None:
    assert {p.name for p in GOLDEN.glob("*.txt")} == {f"{case}.{language}.txt" for case in CASES for language in LANGUAGES}
