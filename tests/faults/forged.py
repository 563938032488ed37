"""Forged and replayed presses and API calls: 100,000 of them change nothing.

`python -m tests.faults.forged --count 100000 [--seed N]` is the full form; CI runs a short one. The oracle is the store itself: every
incident's document, version and wake-up, before and after.
"""

import argparse
import asyncio
import random
import string
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from receiver.channels.keyboard import short
from receiver.chat.actions import ACTIONS
from receiver.chat.buttons import Press
from receiver.core.callback import sign
from receiver.core.event import Acknowledge
from receiver.core.incident import IncidentId
from tests.builders import NOW, wire
from tests.harness import ADMINS, ANNA, STRANGER, SVETA, Story
from tests.stories.paging import TO_ANNA, TO_BORIS, paging

WRONG_KEY = b"x" * 32
NAMES = (*ACTIONS, "assign." + short("boris"), "snooze.2h", "snooze.morning", "publish", "")
VERBS = ("ack", "resolve", "release", "assign", "escalate", "snooze", "keep", "delete", "..%2fack")


class Forger:
    """Makes what strangers may send."""

    def __init__(self, story: Story, ids: list[IncidentId], key: bytes, rng: random.Random) -> None:
        self._story, self._ids, self._key, self._random = story, ids, key, rng
        self._kinds: list[Callable[[], Press]] = [self._guessed, self._wrong_key, self._other_chat, self._altered, self._noise, self._no_right, self._gone]

    def press(self) -> Press:
        """One press nobody may make."""
        return self._random.choice(self._kinds)()

    def _press(self, data: str, *, chat: str = TO_ANNA, user: int = ANNA) -> Press:
        return Press(callback_id=str(self._random.randrange(1 << 40)), chat=chat, chat_name="", message_id="1", data=data, user_id=str(user), via="telegram")

    def _name(self) -> str:
        return self._random.choice(NAMES)

    def _id(self) -> IncidentId:
        return self._random.choice(self._ids)

    def _guessed(self) -> Press:
        tag = "".join(self._random.choices(string.ascii_letters + string.digits + "-_", k=14))
        return self._press(f"v1:{self._name()}:{self._id()}:{tag}")

    def _wrong_key(self) -> Press:
        return self._press(sign(WRONG_KEY, self._name(), self._id(), TO_ANNA))

    def _other_chat(self) -> Press:
        return self._press(sign(self._key, self._name(), self._id(), TO_BORIS), chat=self._random.choice((TO_ANNA, ADMINS, "1", "")))

    def _altered(self) -> Press:
        """A true button with another verb or another incident in it."""
        version, name, incident, tag = sign(self._key, "why", self._ids[0], TO_ANNA).split(":")
        name, incident = self._random.choice((("ack", incident), ("resolve", incident), (name, f"{incident}0"), ("release", self._ids[-1])))
        return self._press(f"{version}:{name}:{incident}:{tag}")

    def _noise(self) -> Press:
        return self._press("".join(self._random.choices(string.printable + "я\u202e", k=self._random.randrange(64))))

    def _no_right(self) -> Press:
        """A true button, pressed by who may not: nobody we know, or somebody of another role."""
        name = self._random.choice([n for n in NAMES if n not in ("why", "menu-back", "publish", "")])
        return self._press(sign(self._key, name, self._id(), TO_ANNA), user=self._random.choice((STRANGER, SVETA, 0, -5)))

    def _gone(self) -> Press:
        return self._press(sign(self._key, self._name() or "ack", IncidentId("INC-999999"), TO_ANNA))


async def state(story: Story) -> dict[bytes, Any]:
    """Everything that says what an incident is: documents, versions, wake-ups, slots."""
    client = story.app.client
    found: dict[bytes, Any] = {b"wake": await client.zrange("{p00}:wake", 0, -1, withscores=True)}
    async for key in client.scan_iter("{p00}:inc:*"):
        found[key] = await client.hmget(key, "doc", "ver")
    async for key in client.scan_iter("{p00}:msg:*"):
        found[key] = await client.hmget(key, "want", "args")
    return found


async def run(directory: Path, count: int, seed: int) -> Counter[str]:
    """Half presses, a third replays of true ones, the rest API calls; raises AssertionError when anything changed."""
    rng, seen = random.Random(seed), Counter[str]()
    async with paging(directory, RECEIVER_API_TOKEN="t" * 24) as story:
        await story.fire(wire())
        await story.fire(wire("b", service="shop-db"))
        await story.advance(seconds=10)
        for chat in (TO_ANNA, TO_ANNA, ADMINS, ADMINS):
            await story.expect(chat)
        page = next(sent for sent in story.api.messages.values() if sent.chat == TO_ANNA)
        await _replayable(story, page)
        ids = [one.id for one in await story.incidents()]
        await story.app.engine.apply(ids[0], Acknowledge(by="anna", name="Anna"))
        story.app.buttons._refuse = _silently(story)  # type: ignore[method-assign]
        await story.advance(seconds=10)
        before = await state(story)
        forger = Forger(story, ids, story.app.buttons._key, rng)
        for number in range(count):
            kind = number % 6
            if kind < 4:
                text, _ = await story.app.buttons.pressed(forger.press())
                seen[text[:40]] += 1
            elif kind == 4:
                seen["replayed"] += 1
                assert not await story.app.intake.receive(77, {"update_id": 77})
            else:
                seen[f"api {await _call(story, ids, rng)}"] += 1
        await story.settle()
        assert await state(story) == before
        story._seen.update(range(len(story.api.sends())))
    return seen


async def _replayable(story: Story, page: Any) -> None:
    """One true update, taken once."""
    query = {"id": "77", "from": {"id": ANNA}, "message": {"message_id": page.id, "chat": {"id": int(page.chat)}}, "data": page.button("❔")}
    assert await story.app.intake.receive(77, {"update_id": 77, "callback_query": query})
    await story.api.until(lambda: bool(story.api.answers))


def _silently(story: Story) -> Any:
    """The third refusal of an account an hour is told as an incident of its own, which is not what is held still here."""

    async def refuse(*_: object) -> None:
        assert story.clock.now() > NOW

    return refuse


async def _call(story: Story, ids: list[IncidentId], rng: random.Random) -> int:
    token = rng.choice(("", "Bearer ", "Bearer " + "t" * 23, "Bearer " + "T" * 24, "Basic dDp0", "Bearer " + "t" * 25))
    path = f"/api/v1/incidents/{rng.choice(ids)}/{rng.choice(VERBS)}"
    answer = await story.http.post(path, json={"by": "anna", "to": "boris", "for": "2h"}, headers={"authorization": token} if token else {})
    assert answer.status_code in (401, 403, 404, 429), answer.text
    return answer.status_code


def main() -> None:
    cli = argparse.ArgumentParser()
    cli.add_argument("--count", type=int, default=100_000)
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = cli.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        seen = asyncio.run(run(Path(directory), args.count, args.seed))
    for name, number in seen.most_common():
        print(f"{number:>7}  {name}")
    print(f"{seen.total()} forged or replayed, no incident changed")


if __name__ == "__main__":
    main()
