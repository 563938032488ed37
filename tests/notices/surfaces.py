"""Everything a customer can come by, by the name of the surface: what is served, sent, kept for reading without us, and logged while it is served."""

import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from receiver.app.bots import learn_name
from receiver.web.status.document import keys
from receiver.web.status.twin import write_copy
from tests.fakes.hook_end import HookEnd, hook_end
from tests.fakes.mail_server import MailServer
from tests.fakes.statuspage import Statuspage
from tests.harness import Story, story
from tests.notices.test_mail import sign_up
from tests.notices.town import CHANNEL, NOTICES, ROUTES, town
from tests.status.desk import plain

READER = 900000001
MAINTENANCE = """version: 1
windows:
  canary-window: {matchers: ['service="canary-system"'], from: "2026-11-25T03:00+03:00", to: "2026-11-25T04:00+03:00", notice: {component: storefront, text: planned}}
"""
_FILES = {"html": r"(|/|\.html)$", "feeds": r"\.(atom|rss)$", "json": r"\.json$", "calendar": r"\.ics$", "badges": r"\.svg$"}
_LOST = (
    "/status/en/notices/INC-1",
    "/status/ru/confirm/x",
    "/status/en/zzz",
    "/status/en/manage/x",
    "/status/..%2f..%2fetc",
    "/status/api/v2/zzz.json",
    "/status/xx",
)


SURFACES = frozenset({
    "html", "feeds", "json", "calendar", "badges", "headers", "forms", "errors", "static copy", "kept copy", "store", "channel", "private chat", "letters",
    "outbound webhook", "statuspage", "customers' webhooks", "logs",
})  # fmt: skip


@dataclass
class Ends:
    """Where words arrive."""

    far: Statuspage
    mail: MailServer
    hook: HookEnd


def rules_text(far: Statuspage) -> str:
    """Published to a webhook and a Statuspage too."""
    more = f"""  hook: {{channel: webhook, url: "{far.url}/hook", secret: HOOK, allow_private: true}}
  far: {{channel: statuspage, page: p1, url: "{far.url}", secret: FAR, components: {{checkout: c1}}}}
"""
    return NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds, telegram-ru, hook, far]").replace("reminders:", f"{more}reminders:")


def everywhere(far: Statuspage) -> str:
    """And to readers of every kind."""
    readers = "  letters: {channel: email}\n  private: {channel: telegram-private}\n  customers: {channel: webhooks}\n"
    return rules_text(far).replace("hook, far]", "hook, far, letters, private, customers]").replace("reminders:", f"{readers}reminders:")


@contextlib.asynccontextmanager
async def whole_town(directory: Path) -> AsyncIterator[tuple[Story, Ends]]:
    """A town that publishes everywhere, with one reader of each kind."""
    async with Statuspage() as far, MailServer() as mail:
        with hook_end() as hook:
            environ = {
                "RECEIVER_SECRET_HOOK": "h" * 20,
                "RECEIVER_SECRET_FAR": "far-key",
                "RECEIVER_SMTP_URL": f"smtp://127.0.0.1:{mail.port}?starttls=off",
                "RECEIVER_SMTP_FROM": "Status <status@shop.example>",
                "RECEIVER_STATUS_BOUNCES": "b@shop.example",
                "RECEIVER_PUBLIC_URL": "https://status.example",
            }
            routes = ROUTES.replace("id: critical", "id: canary-route").replace("id: root", "id: canary-root")
            rules = town(directory / "rules", notices=everywhere(far), routes=routes, maintenance=MAINTENANCE)
            async with story(directory, rules=rules, **environ) as s:
                s.app.customers.hooks._http = httpx.AsyncClient(transport=hook.transport())  # this end is no public address
                yield s, Ends(far, mail, hook)
                await s.app.customers.hooks.close()


async def subscribe(s: Story, ends: Ends) -> None:
    """Somebody by mail, in a private chat and by webhook, each asked back."""
    bots = s.app.customers.bots
    assert bots.channel is not None
    assert bots.customers is not None
    await learn_name(bots.channel, bots.customers)
    await s.api.say(str(READER), "/start s-en", READER)
    await s.expect(str(READER), "You are subscribed")
    await sign_up(s, email="reader@example.org")
    page = (await s.http.get("/status/en/updates")).text
    filled = page.partition('name="filled" value="')[2].partition('"')[0]
    s.clock.advance(seconds=4)
    await s.http.post("/status/en/updates", data={"filled": filled, "url": ends.hook.url})
    await s.app.customers.subscriptions.look()
    path = plain(ends.mail.letters[0][2]).partition("https://status.example")[2].split()[0]
    assert (await s.http.post(path)).status_code == 200


async def surfaces(s: Story, ends: Ends) -> dict[str, str]:
    """What stands on each of them now."""
    s.clock.advance(seconds=1)
    edition = await s.app.customers.shelf.edition()
    assert edition is not None
    found: dict[str, list[str]] = {name: [] for name in (*_FILES, "headers")}
    for path in ("/status", *(f"/status/{key}" for key in keys(edition) if key)):
        answer = await s.http.get(path)
        kind = next((name for name, ending in _FILES.items() if name != "html" and re.search(ending, path)), "html")
        found[kind].append(answer.text)
        found["headers"].append(repr(answer.headers))
    found["forms"] = [await _form(s, ends, name, found["headers"]) for name in ("confirm", "manage", "unsubscribe")]
    found["errors"] = [await _lost(s, path, found["headers"]) for path in _LOST]
    found["errors"] += [await _refused(s, found["headers"])]
    with tempfile.TemporaryDirectory() as directory:
        write_copy(edition, Path(directory) / "status")
        found["static copy"] = [path.read_text("utf-8") for path in Path(directory).rglob("*") if path.is_file()]
    found["kept copy"] = [(s.app.settings.data_dir / "public-notices.json").read_text("utf-8")]
    found["store"] = [repr(await _held(s, key)) for key in await s.app.client.keys("{notice}:public:*")]
    found["channel"] = [repr(one) for (chat, _), one in s.api.messages.items() if chat == CHANNEL] + [
        repr(sent) for _, sent in s.api.log if sent.chat == CHANNEL
    ]
    found["private chat"] = [repr(sent) for _, sent in s.api.log if sent.chat == str(READER)]
    found["letters"] = [f"{sender} {letter.as_string()}\n{plain(letter)}{letter.get_body(('html',))}" for sender, _, letter in ends.mail.letters]
    found["letters"] += [str(part.get_content()) for _, _, letter in ends.mail.letters for part in letter.walk() if not part.is_multipart()]
    found["outbound webhook"] = [repr(hook) + hook[0].decode() for hook in ends.far.hooks]
    found["statuspage"] = [repr(request) for request in ends.far.requests] + [repr(ends.far.incidents)]
    found["customers' webhooks"] = [f"{one.path} {one.headers} {one.json}" for one in ends.hook.asked]
    return {name: "\n".join(parts) for name, parts in found.items()}


async def _form(s: Story, ends: Ends, name: str, headers: list[str]) -> str:
    """The page behind a link that a subscriber was given."""
    given = "\n".join([*(plain(letter) for _, _, letter in ends.mail.letters), *(str(one.json) for one in ends.hook.asked)])
    link = re.search(rf"https://status\.example(/status/\w+/{name}/[\w.]+)", given)
    assert link, name
    answer = await s.http.get(link[1])
    assert answer.status_code == 200, name
    headers.append(repr(answer.headers))
    return answer.text


async def _lost(s: Story, path: str, headers: list[str]) -> str:
    answer = await s.http.get(path)
    assert answer.status_code in (404, 410), path
    headers.append(repr(answer.headers))
    return answer.text


async def _refused(s: Story, headers: list[str]) -> str:
    answers = [
        await s.http.post("/status/en/updates", content=b"x" * 40_000, headers={"content-type": "application/x-www-form-urlencoded"}),
        await s.http.post("/status/en/updates", content=b"\xff\xfe", headers={"content-type": "multipart/form-data"}),
        await s.http.post("/status/en/updates", data={"email": "a@b.example"}, headers={"origin": "https://evil.example"}),
        await s.http.put("/status/en"),
        await s.http.delete("/status/en/notices/x"),
    ]
    assert all(answer.status_code >= 400 for answer in answers), answers
    headers += [repr(answer.headers) for answer in answers]
    return "\n".join(answer.text for answer in answers)


async def _held(s: Story, key: bytes) -> object:
    kind = await s.app.client.type(key)
    return await (s.app.client.hgetall(key) if kind == b"hash" else s.app.client.zrange(key, 0, -1) if kind == b"zset" else s.app.client.get(key))
