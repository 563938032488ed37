"""The demo's customers: the notice that follows from its outage is published and ended by the script, as two people would. Called by `demo`.

The demo's rules are the shipped ones with a shorter hold: nobody waits three minutes to see a card.
"""

import asyncio
import re
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from receiver.app.build import App
from receiver.core.notice_record import Notice
from receiver.settings import Settings

ATTEMPTS = 60
WHY = {"en": "the demo has nobody else", "ru": "в демо больше никого нет"}


def with_short_hold(settings: Settings, hold: timedelta, undo: timedelta) -> Settings:
    """The same settings with a copy of the rules whose routes tell customers after this hold, and whose notices can be stopped so long.

    Where the environment asks for a language, people and chats of the copy speak it; the examples, whose texts are in the shipped one, stay away.
    """
    directory = settings.data_dir / "demo-rules"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(settings.rules_dir, directory)
    routes = directory / "routes.yaml"
    routes.write_text(re.sub(r"(customers: .*hold: )\w+", rf"\g<1>{max(1, int(hold.total_seconds()))}s", routes.read_text("utf-8")), "utf-8")
    notices = directory / "notices.yaml"
    notices.write_text(f"{notices.read_text('utf-8')}undo: {int(undo.total_seconds())}s\n", "utf-8")
    if "language" in settings.model_fields_set:
        shutil.rmtree(directory / "examples")
        for path in (directory / "people.yaml", directory / "destinations.yaml"):
            path.write_text(re.sub(r"language: \w+", f"language: {settings.language}", path.read_text("utf-8")), "utf-8")
    return settings.model_copy(update={"rules_dir": Path(directory)})


async def publish(app: App, http: httpx.AsyncClient, patience: float) -> None:
    """Agree to what is drafted, unless whoever watches has done so within the patience (seconds)."""
    notice = await _wait(app, lambda one: one.draft is not None and not one.is_published)
    if notice is None:
        _say("no notice was drafted")
        return
    _say(f"A notice to customers is drafted ({notice.id}): see its card in support-chat")
    await asyncio.sleep(patience)
    drafted = await app.notices.desk.load(notice.id)
    if drafted.draft and drafted.draft.publish_at is None:
        await _act(app, http, drafted, "glass")
    if await _wait(app, lambda one: one.id == notice.id and one.is_published):
        _say(f"Customers read it: http://127.0.0.1:{app.settings.port}/status")


async def end(app: App, http: httpx.AsyncClient) -> None:
    """The alerts are over: customers read that too."""
    notice = await _wait(app, lambda one: one.is_published and not one.firing)
    if notice is None:
        return
    await _act(app, http, notice, "propose", text="nothing-lost")
    notice = await _wait(app, lambda one: one.draft is not None)
    if notice is not None:
        await _act(app, http, notice, "glass")
        if await _wait(app, lambda one: one.phase is not None and one.phase.is_over):
            _say("Customers read that all is well again")


async def _act(app: App, http: httpx.AsyncClient, notice: Notice, verb: str, **body: Any) -> None:
    url = f"http://127.0.0.1:{app.settings.port}/api/v1/notices/{notice.id}/{verb}"
    revision = notice.draft.revision if notice.draft else ""
    given = {"by": "cli:demo", "revision": revision, "why": WHY[_language(app.settings)], **body}
    await http.post(url, json=given, headers={"Authorization": f"Bearer {app.api_token}"})


def _language(settings: Settings) -> str:
    """What the demo's chats speak: what was asked for, else the shipped one."""
    return settings.language if "language" in settings.model_fields_set else "ru"


async def _wait(app: App, is_it: Any) -> Notice | None:
    for _ in range(ATTEMPTS):
        found = next((one for one in await app.notices.desk.open() if is_it(one)), None)
        if found:
            return found
        await asyncio.sleep(0.5)
    return None


def _say(text: str) -> None:
    sys.stdout.write(f"          {text}\n")
    sys.stdout.flush()
