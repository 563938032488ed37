"""Whatever stands in alerts, not one byte of it reaches customers: random alerts full of canaries, through drafts, edits and publishing.

The full campaign: `NOTICE_CANARY_ROUNDS=200 pytest tests/notices/test_canary.py`; a round is repeated by its seed, which every failure names.
"""

import itertools
import os
import random
import tempfile
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from receiver.channels.letters import Sender, compose, word
from receiver.web.status.document import keys
from receiver.web.status.twin import write_copy
from tests.builders import NOW, wire
from tests.fakes.statuspage import Statuspage
from tests.harness import Story, story
from tests.notices.test_story import ADMINS, press, reply
from tests.notices.town import ANNA, CHANNEL, LEO, NOTICES, OLEG, SUPPORT, SVETA, town

ROUNDS = int(os.environ.get("NOTICE_CANARY_ROUNDS", "3"))
MARK = "canary"
SHAPES = (
    "{}", "host-{}.internal", "10.0.0.7 {}", "<b>{}</b>", "{{{{ {} }}}}", "{{% raw %}}{}", "`{}`", "{}\nsecond line", "Ошибка {}", "https://{}.local/x?y=1",
    "{}: connection refused", "/var/log/{}.log", "@{}", "v1.2.3-{}", "\u200b{}", "]]>{}", "'; DROP TABLE {}", "{} 503", "&lt;{}&gt;", "**{}**",
)  # fmt: skip
LABELS = ("instance", "pod", "namespace", "job", "team", "customer", "order", "cluster", "version", "url", "handler", "code")
ANNOTATIONS = ("summary", "summary_ru", "description", "description_ru", "value", "threshold", "unit", "runbook_url", "dashboard_url", "trace_id", "secret")
GOOD = {"ru": "Часть заказов не проходит, оформление заказов мы уже чиним. Напишем снова до 06:35.", "en": "Some orders in Checkout fail. We will write again before 06:35."}  # fmt: skip


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
        one["generatorURL"] = f"http://{self.value()}/graph"  # not kept: only a label or an annotation can be compared with
        one["startsAt"] = NOW.isoformat().replace("+00:00", "Z")
        return one


def rules_text(far: Statuspage) -> str:
    more = f"""  hook: {{channel: webhook, url: "{far.url}/hook", secret: HOOK, allow_private: true}}
  far: {{channel: statuspage, page: p1, url: "{far.url}", secret: FAR, components: {{checkout: c1}}}}
"""
    return NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds, telegram-ru, hook, far]").replace("reminders:", f"{more}reminders:")


async def public_bytes(s: Story, far: Statuspage) -> bytes:
    """Everything a customer can come by."""
    found: list[str] = [repr(message) for (chat, _), message in s.api.messages.items() if chat == CHANNEL]
    found += [repr(sent) for _, sent in s.api.log if sent.chat == CHANNEL]
    found += [repr(request) for request in far.requests] + [repr(hook) for hook in far.hooks] + [repr(far.incidents)]
    for key in await s.app.client.keys("{notice}:public:*"):
        kind = await s.app.client.type(key)
        held = await (s.app.client.hgetall(key) if kind == b"hash" else s.app.client.zrange(key, 0, -1) if kind == b"zset" else s.app.client.get(key))
        found.append(repr(held))
    s.clock.advance(seconds=1)
    edition = await s.app.customers.shelf.edition()
    assert edition is not None
    for path in ("/status", *(f"/status/{key}" for key in keys(edition) if key), "/status/en/notices/INC-1", "/status/ru/confirm/x", "/status/en/zzz"):
        answer = await s.http.get(path)
        found += [answer.text, repr(answer.headers)]
    with tempfile.TemporaryDirectory() as directory:
        write_copy(edition, Path(directory) / "status")
        found += [path.read_text("utf-8") for path in Path(directory).rglob("*") if path.is_file()]
    for notice in edition.notices:
        for update, language in itertools.product(notice.updates, ("ru", "en")):
            letter = word(notice, update, s.app.notices.engine.rules, language, "https://x/1", "https://x/2", edition.now)
            found.append(
                str(
                    message_from_bytes(compose(letter, Sender(mailbox="a@x.example", envelope=""), "b@x.example", "t" * 12, edition.now), policy=policy.default)
                )
            )
            found.append(repr(letter))
    return "\n".join(found).encode()


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_not_one_canary_reaches_customers(tmp_path, seed):
    canaries = Canaries(seed)
    async with Statuspage() as far:
        environ = {"RECEIVER_SECRET_HOOK": "h" * 20, "RECEIVER_SECRET_FAR": "far-key"}
        async with story(tmp_path, rules=town(tmp_path / "rules", notices=rules_text(far)), **environ) as s:
            await s.fire(*(canaries.alert() for _ in range(canaries.random.randint(1, 5))))
            await s.advance(seconds=11)
            await s.advance(minutes=3)
            card = await s.expect(SUPPORT, "DRAFT")

            # People try to say what they see in the alerts; nobody can publish it, not even a lead alone.
            for _ in range(4):
                leaked = canaries.random.choice(canaries.known)
                await reply(s, card, f"en: Checkout has trouble with {leaked}. We will write again before 06:35.", SVETA)
                assert "must not go out" in await press(s, card, "Approve", OLEG), seed
                assert await s.app.notices.public.recent() == [], seed
            question = len(s.api.messages)
            await press(s, card, "Publish alone", LEO)
            asked = [m for (chat, i), m in s.api.messages.items() if chat == SUPPORT and i > question][-1:]
            for one in asked:
                await reply(s, one, "now", LEO)
            await s.advance(seconds=21)
            assert await s.app.notices.public.recent() == [], seed

            for language, text in reversed(GOOD.items()):
                await reply(s, card, f"{language}: {text}", SVETA)
            await press(s, card, "Approve", ANNA)
            await press(s, card, "Approve", OLEG)
            await s.fire(canaries.alert())
            await s.advance(seconds=21)
            for label in ("Cause found", "Fix applied"):
                await press(s, card, label, ANNA)
                await s.advance(seconds=21)
            (public,) = await s.app.notices.public.recent()
            assert len(public.updates) == 3, seed
            shown = (await public_bytes(s, far)).lower()
            assert GOOD["ru"].split(".")[0].encode().lower() in shown, seed
            assert len(far.hooks) == 3, seed
            leaks = [one for one in canaries.made if one.lower().encode() in shown]
            assert leaks == [], f"seed {seed}: {leaks}"
            assert MARK.encode() not in shown, seed
            for chat in (ADMINS, SUPPORT):
                for at, _ in s._news(chat):
                    s._seen.add(at)
            for at, _ in s._news(CHANNEL):
                s._seen.add(at)
