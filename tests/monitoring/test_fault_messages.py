"""What people read of every fault of the simulation, from first message to end, in both languages: as files.

The alerts are those that `test_simulation` sees a real Prometheus fire, with labels and annotations as `promtool test rules` proves them for the
shipped rules, so nothing here is written by hand and nothing is masked. `UPDATE_GOLDEN=1` writes the files.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from receiver.core.alert import Severity
from receiver.simulation.fault import Fault
from tests.harness import ADMINS, ROOT, Story, story
from tests.monitoring.pack import cases
from tests.monitoring.test_simulation import EXPECTED

GOLDEN = Path(__file__).parents[1] / "golden" / "faults"
ENGLISH = "-1001000000009"
START, END = "2026-11-23T03:01:30Z", "2026-11-23T03:21:30Z"
NAMES = {ADMINS: "admin-chat", "-1001000000002": "devops-chat", "-1001000000003": "support-chat", ENGLISH: "english-chat"}


def rules(directory: Path) -> Path:
    """The shipped rules; every route tells an English chat too, and nothing is held against the examples."""
    shutil.copytree(ROOT / "routing_rules", directory, ignore=shutil.ignore_patterns("examples"))
    routes, places = directory / "routes.yaml", directory / "destinations.yaml"
    routes.write_text(re.sub(r"(^ +(?:- )?destinations: \[)", r"\1english-chat, ", routes.read_text("utf-8"), flags=re.M), "utf-8")
    english = f"  english-chat: {{channel: telegram, chat: {ENGLISH}, language: en, timezone: UTC}}\n"
    places.write_text(places.read_text("utf-8").replace("fallback:", english + "fallback:"), "utf-8")
    return directory


def proved(service: str, name: str) -> dict[str, Any]:
    """The worst of this alert that promtool has seen fire for this system."""
    found = [one for _, case in cases() if case["alertname"] == name for one in case["exp_alerts"] if one["exp_labels"]["service"] == service]
    return max(found, key=lambda one: Severity(one["exp_labels"]["severity"]).rank)


def wired(fault: Fault, *, is_over: bool) -> list[dict[str, Any]]:
    made = []
    for service, names in EXPECTED[fault].items():
        for name in sorted(names):
            one = proved(service, name)
            labels = {"alertname": name, "environment": fault.value, **one["exp_labels"]}
            alert = {"labels": labels, "annotations": one["exp_annotations"], "startsAt": START, "status": "resolved" if is_over else "firing"}
            made.append({**alert, "endsAt": END} if is_over else alert)
    return made


async def play(told: Story, fault: Fault) -> None:
    await told.fire(*wired(fault, is_over=False))
    await told.advance(seconds=12)
    await told.advance(minutes=2)


def audience(told: Story) -> str:
    """Who got a message of their own, by chat or, for private ones, by the person's id."""
    people = {str(person.telegram): person.id for person in told.app.rules.current.people.values()}
    return ", ".join(sorted({NAMES.get(sent.chat) or people[sent.chat] for sent in told.api.sends()} - {"english-chat"}))


def said(told: Story, chat: str, since: int = 0) -> str:
    """The messages of a chat as they are now, those of one system after the other."""
    found = [sent for sent in told.api.messages.values() if sent.chat == chat and sent.id > since]
    return "\n\n".join(re.sub(r"INC-\d+", "INC-n", text) for text in sorted(sent.markup for sent in found))


@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_is_told_as_its_files_say_from_first_message_to_end(tmp_path, fault):
    async with story(tmp_path, rules=rules(tmp_path / "rules")) as told:
        await play(told, fault)
        last = max(sent.id for sent in told.api.messages.values())
        first = {language: said(told, chat) for language, chat in (("ru", ADMINS), ("en", ENGLISH))}
        heard = audience(told)
        told.clock.advance(minutes=18)
        await told.fire(*wired(fault, is_over=True))
        await told.advance(seconds=15)
        await told.advance(seconds=15)
        ends = {language: said(told, chat, last) for language, chat in (("ru", ADMINS), ("en", ENGLISH))}
        assert all(incident.state.value == "resolved" for incident in await told.incidents())
        while news := told._news():
            await told.expect(news[0][1].chat)
    for language, text in first.items():
        content = f"told: {heard}\n\n{text}\n\n--- at the end\n\n{ends[language]}\n"
        path = GOLDEN / f"{fault.value}.{language}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, "utf-8")
        assert content == path.read_text("utf-8")


def test_every_file_is_of_a_fault():
    assert {path.name for path in GOLDEN.glob("*.txt")} == {f"{fault.value}.{language}.txt" for fault in Fault for language in ("en", "ru")}
