"""Whatever stands in alerts, not one byte of it reaches customers: random alerts full of canaries, through drafts, edits and publishing.

The full campaign: `NOTICE_CANARY_ROUNDS=200 NOTICE_CANARY_SEED=1000 pytest tests/notices/test_canary.py`, rounds 1000 to 1199; a round is its seed, which
every failure names, and is repeated as `NOTICE_CANARY_ROUNDS=1 NOTICE_CANARY_SEED=1131 pytest …`. What is looked through is named in `surfaces.SURFACES`.
"""

import json
import os
import random
import re
from typing import Any

import pytest

from receiver.app.build import works
from receiver.core.notice_event import Actor, Approved
from tests.builders import NOW, body, wire
from tests.harness import Story
from tests.notices.surfaces import SURFACES, subscribe, surfaces, whole_town
from tests.notices.test_story import press, reply
from tests.notices.town import ANNA, LEO, OLEG, SUPPORT, SVETA

ROUNDS = int(os.environ.get("NOTICE_CANARY_ROUNDS", "3"))
FIRST = int(os.environ.get("NOTICE_CANARY_SEED", "0"))
MARK = "canary"
SHAPES = (
    "{}", "host-{}.internal", "10.0.0.7 {}", "<b>{}</b>", "{{{{ {} }}}}", "{{% raw %}}{}", "`{}`", "{}\nsecond line", "Ошибка {}", "https://{}.local/x?y=1",
    "{}: connection refused", "/var/log/{}.log", "@{}", "v1.2.3-{}", "\u200b{}", "]]>{}", "'; DROP TABLE {}", "{} 503", "&lt;{}&gt;", "**{}**",
)  # fmt: skip
LABELS = ("instance", "pod", "namespace", "job", "team", "customer", "order", "cluster", "version", "url", "handler", "code")
ANNOTATIONS = ("summary", "summary_ru", "description", "description_ru", "value", "threshold", "unit", "runbook_url", "dashboard_url", "trace_id", "secret")
GOOD = {"ru": "Часть заказов не проходит, оформление заказов мы уже чиним. Напишем снова до 06:35.", "en": "Some orders in Checkout fail. We will write again before 06:35."}  # fmt: skip
SAID = (GOOD["ru"].split(".")[0], GOOD["en"].split(".")[0], repr(GOOD["ru"].split(".")[0])[1:-1])
INTERNAL = r"INC-\d|shop-api|shop-db|\banna\b|\boleg\b|\bsveta\b|\bleo\b|11111111\d|1000000004|(?:admin|support)-chat|prometheus|alertmanager|telegram-ru|localhost|127\.0\.0\.1:6|Traceback|litestar|uvicorn"


class Canaries:
    """Makes values nobody else makes, and remembers them."""

    def __init__(self, seed: int) -> None:
        self.random, self.made, self.known = random.Random(seed), list[str](), list[str]()

    def value(self) -> str:
        """One value with a canary in it."""
        self.made.append(f"{MARK}{self.random.randrange(16**10):010x}")
        return self.random.choice(SHAPES).format(self.made[-1])

    def alert(self, **labels: str) -> dict[str, Any]:
        """An alert of shop-api with canaries everywhere else."""
        begin = len(self.made)
        one = wire(**{name: self.value() for name in LABELS}, alertname=self.value(), environment=self.value(), **labels)
        one["annotations"] = {name: self.value() for name in ANNOTATIONS}
        self.known += self.made[begin:]
        one["generatorURL"], one["fingerprint"] = f"http://{self.value()}/graph", self.value()  # not kept: only a label or an annotation can be compared with
        one["startsAt"] = NOW.isoformat().replace("+00:00", "Z")
        return one

    def hook(self, *alerts: dict[str, Any]) -> bytes:
        """A webhook with canaries in what stands around the alerts."""
        held = json.loads(body(*alerts))
        around = {name: self.value() for name in ("groupKey", "receiver", "externalURL")}
        labels = {name: {self.made[-1]: self.value()} for name in ("groupLabels", "commonLabels", "commonAnnotations", "routeLabels")}
        return json.dumps({**held, **around, **labels}).encode()


async def announce(s: Story) -> None:
    """Planned work whose window and matchers nobody outside knows."""
    await works(s.app).look()
    await s.settle()
    for name in ("oleg", "sveta"):
        (work,) = [one for one in await s.app.notices.desk.open() if one.scheduled_for]
        await s.app.notices.engine.apply(work.id, Approved(actor=Actor(id=name, name=name.title(), roles=frozenset({"support"})), revision=work.draft.revision))
    await s.advance(seconds=21)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
async def test_not_one_canary_reaches_customers(tmp_path, seed, capsys):
    canaries = Canaries(seed)
    async with whole_town(tmp_path) as (s, ends):
        await subscribe(s, ends)
        await announce(s)
        await s.post(canaries.hook(*(canaries.alert() for _ in range(canaries.random.randint(1, 5)))))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        await s.expect(SUPPORT, "DRAFT")
        card = await s.expect(SUPPORT, "DRAFT", "Checkout")
        before = await s.app.notices.public.recent()

        # People try to say what they see in the alerts; nobody can publish it, not even a lead alone.
        for _ in range(4):
            leaked = canaries.random.choice(canaries.known)
            await reply(s, card, f"en: Checkout has trouble with {leaked}. We will write again before 06:35.", SVETA)
            assert "must not go out" in await press(s, card, "Approve", OLEG), seed
            assert await s.app.notices.public.recent() == before, seed
        question = len(s.api.messages)
        await press(s, card, "Publish alone", LEO)
        asked = [m for (chat, i), m in s.api.messages.items() if chat == SUPPORT and i > question][-1:]
        for one in asked:
            await reply(s, one, "now", LEO)
        await s.advance(seconds=21)
        assert await s.app.notices.public.recent() == before, seed

        for language, text in reversed(GOOD.items()):
            await reply(s, card, f"{language}: {text}", SVETA)
        await press(s, card, "Approve", ANNA)
        await press(s, card, "Approve", OLEG)
        await s.fire(canaries.alert())
        await s.advance(seconds=21)
        for label in ("Cause found", "Fix applied"):
            await press(s, card, label, ANNA)
            await s.advance(seconds=21)
        (public,) = [one for one in await s.app.notices.public.recent() if not one.is_maintenance]
        assert len(public.updates) == 3, seed
        found = await surfaces(s, ends)
        assert {name for name, shown in found.items() if not any(said in shown for said in SAID)} == {
            "badges",
            "calendar",
            "headers",
            "errors",
            "forms",
        }, seed
        found["logs"] = capsys.readouterr().out
        assert "notice changed" in found["logs"]
        assert set(found) == SURFACES
        assert "set-cookie" not in found["headers"].lower(), seed
        for name, shown in found.items():
            sought = canaries.made if name == "logs" else [*canaries.made, MARK]  # names of rules may stand in our own log, values of alerts nowhere
            leaks = [one for one in sought if one.lower() in shown.lower()]
            assert leaks == [], f"seed {seed}, {name}: {leaks}"
            if name != "logs":
                assert re.findall(INTERNAL, shown, re.IGNORECASE) == [], f"seed {seed}, {name}"
        for at, _ in s._news():
            s._seen.add(at)
