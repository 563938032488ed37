"""Every channel with a real far end beside it that checks the true wire format; `ENDS` is the list the contract is run for."""

import contextlib
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from apprise.plugins.slack import NotifySlack
from apprise.plugins.twilio import NotifyTwilio

from receiver.channels.base import Channel, Message
from receiver.channels.email import EmailChannel, MailServer
from receiver.channels.forms import form_of
from receiver.channels.longtail import LongtailChannel, find_fault
from receiver.channels.pagerduty import PagerDutyChannel
from receiver.channels.render import Renderer
from receiver.channels.webhook import WebhookChannel, signed
from receiver.clock import ManualClock
from receiver.core.alert import Severity
from receiver.core.incident import Destination, Incident
from tests.builders import NOW, alert, incident
from tests.fakes.http_end import Asked, HttpEnd, Reply
from tests.fakes.mail_end import PASSWORD, USER, mail_end

RENDERER = Renderer(Path(__file__).parents[2] / "message_templates")
KEY = b"k" * 32
BUDGET = 1.5
ROUTING_KEY = "R0UT1NGKEYTHATMUSTNOTLEAK0000000"
HOOK_KEY = "a hook key that must not leak"
SLACK = ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ")
SID, TOKEN = "AC" + "a1" * 16, "b2" * 16
MOST_TOKEN = "mattermosttokenthatmustnotleak"
SECRETS = (ROUTING_KEY, HOOK_KEY, PASSWORD, *SLACK, SID, TOKEN, MOST_TOKEN, "topic-nobody-knows", "matrixpassword")
CRITICAL = {"severity": Severity.CRITICAL, "announced_at": NOW}


@dataclass
class End:
    """A channel, where it sends, and its far end as an outside observer sees it."""

    name: str
    channel: Channel
    place: Destination
    texts: Callable[[], list[str]]
    misbehave: Callable[[str], None]
    edits: bool = False
    http: HttpEnd | None = None
    held: dict[str, Any] = field(default_factory=dict)

    def message(self, told: Incident | None = None, kind: str = "incident", slot: str = "", **args: str) -> Message:
        told = told or incident(alert("shop-api-2", severity=Severity.CRITICAL), **CRITICAL)
        slot = slot or f"{told.id}.{kind}.0.{self.place.name}"
        return RENDERER.render(kind, told, language="en", timezone="UTC", now=NOW, services={}, args=args, form=form_of(self.place.channel), slot=slot)


def place(channel: str, secret: str = "KEY", **address: str) -> Destination:
    return Destination(name="there", channel=channel, secret=secret, address=address, language="en")


# Far ends, each with what its real server insists on


def pagerduty_takes(asked: Asked) -> Reply:
    body = asked.json
    ok = asked.method == "POST" and asked.path == "/v2/enqueue" and body["event_action"] in ("trigger", "acknowledge", "resolve")
    ok = ok and len(asked.body) <= 512 << 10 and 0 < len(body["dedup_key"]) <= 255
    if len(body["routing_key"]) != 32:
        return Reply(
            400, {"status": "invalid event", "message": "Event object is invalid", "errors": ["Length of 'routing_key' is incorrect (should be 32 characters)"]}
        )
    if body["event_action"] == "trigger":
        payload = body["payload"]
        ok = ok and 0 < len(payload["summary"]) <= 1024 and payload["source"] and payload["severity"] in ("critical", "error", "warning", "info")
        ok = ok and datetime.fromisoformat(payload["timestamp"]) and all(set(link) == {"href", "text"} for link in body["links"])
    if not ok:
        return Reply(400, {"status": "invalid event", "message": "Event object is invalid", "errors": []})
    return Reply(202, {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]})


def hook_takes(asked: Asked) -> Reply:
    """As docs/channels.md tells a receiver to: the signature over timestamp and body, the schema, the key."""
    stamp = asked.headers.get("x-incident-timestamp", "")
    proof = hmac.new(HOOK_KEY.encode(), stamp.encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(asked.headers.get("x-incident-signature", ""), f"v1={proof}")
    is_fresh = stamp.isdigit() and abs(datetime.fromtimestamp(int(stamp), UTC) - NOW).total_seconds() < 300
    if not (is_signed and is_fresh):
        return Reply(401)
    ok = asked.json["schema"] == "incident/1" and asked.headers.get("idempotency-key") == asked.json["key"] and asked.json["incident"]["id"]
    return Reply(204 if ok else 400)


def slack_takes(asked: Asked) -> Reply:
    ok = asked.path == "/services/" + "/".join(SLACK) and "text" in str(asked.json)
    return Reply(200 if ok else 404, b"ok" if ok else b"no_service", {"content-type": "text/plain"})


def mattermost_takes(asked: Asked) -> Reply:
    return Reply(200 if asked.path == f"/hooks/{MOST_TOKEN}" and asked.json.get("text") else 400, b"ok")


def ntfy_takes(asked: Asked) -> Reply:
    ok = asked.json.get("topic") == "topic-nobody-knows" and len(asked.json["message"].encode()) <= 4096
    return Reply(200 if ok else 400, {"id": "x", "event": "message"})


def twilio_takes(asked: Asked) -> Reply:
    form = parse_qs(asked.body.decode())
    ok = asked.path == f"/2010-04-01/Accounts/{SID}/Messages.json" and asked.headers.get("authorization", "").startswith("Basic ")
    ok = ok and form["To"] == ["+15557654321"] and form["From"] == ["+15551234567"] and 0 < len(form["Body"][0]) <= 1600
    return Reply(201 if ok else 400, {"sid": "SM1", "status": "queued"})


def matrix_takes(asked: Asked) -> Reply:
    path = unquote(asked.path)
    if path.endswith("/login") and asked.method == "POST":
        is_known = asked.json.get("password") == "matrixpassword"
        return Reply(200, {"access_token": "t", "home_server": "h", "user_id": "@u:h", "device_id": "d"}) if is_known else Reply(403)
    if "/join/" in path:
        return Reply(200, {"room_id": "!room:h"})
    if "/send/m.room.message" in path:
        return Reply(200 if asked.json["msgtype"] == "m.text" and asked.json["body"] else 400, {"event_id": "$e"})
    return Reply(404, {"errcode": "M_NOT_FOUND"})


def _scripted(end: HttpEnd, ok: int) -> Callable[[str], None]:
    replies = {
        "refused": Reply(422, {"errcode": "M_UNKNOWN", "error": "no"}),
        "throttled": Reply(429, {"errcode": "M_LIMIT_EXCEEDED"}, {"retry-after": "7"}),
        "dead": Reply(410, {"errcode": "M_GONE"}),
        "broken": Reply(500, {"errcode": "M_UNKNOWN"}),
        "gateway": Reply(502, b"<html>bad gateway</html>", {"content-type": "text/html"}),
        "dropped": Reply(ok, then="drop", performed=True),
        "silent": Reply(ok, then="hang", performed=True),
    }
    return lambda how: end.script.append(replies[how])


@contextlib.asynccontextmanager
async def pagerduty() -> AsyncIterator[End]:
    with HttpEnd(pagerduty_takes) as far:
        channel = PagerDutyChannel({"KEY": ROUTING_KEY}.get, KEY, far.url, client_url="https://incidents.example", budget=BUDGET)
        yield End("pagerduty", channel, place("pagerduty"), lambda: [a.body.decode() for a in far.took], _scripted(far, 202), edits=True, http=far)
        await channel.close()


@contextlib.asynccontextmanager
async def webhook() -> AsyncIterator[End]:
    with HttpEnd(hook_takes) as far:
        channel = WebhookChannel({"KEY": HOOK_KEY}.get, ManualClock(NOW), budget=BUDGET)
        there = place("webhook", url=f"{far.url}/incidents", private="yes")
        yield End("webhook", channel, there, lambda: [a.body.decode() for a in far.took], _scripted(far, 204), edits=True, http=far)
        await channel.close()


@contextlib.asynccontextmanager
async def email() -> AsyncIterator[End]:
    async with mail_end() as far:
        server = MailServer(host="localhost", port=far.port, is_tls=False, starttls=True, user=USER, password=PASSWORD)
        channel = EmailChannel(server, "Incidents <incidents@example.com>", ManualClock(NOW), KEY, trust=far.trust, budget=BUDGET, local="here.test")

        def misbehave(how: str) -> None:
            answers = {"refused": "554 5.7.1 no", "throttled": "452 4.3.1 later", "broken": "451 4.3.0 try again"}
            if how in answers:
                far.answers.append(answers[how])
            elif how == "dead":
                far.refuse["ops@example.com"] = "550 5.1.1 no such mailbox"
            else:
                far.then = {"dropped": "drop", "silent": "hang"}[how]

        def texts() -> list[str]:
            return [str(mail.get_body(("plain",)).get_content()) for mail in far.took]

        yield End("email", channel, place("email", secret="", to="ops@example.com"), texts, misbehave, held={"far": far})
        await channel.close()


def _longtail(name: str, takes: Callable[[Asked], Reply], url: str, ok: int = 200) -> Callable[[], Any]:
    @contextlib.asynccontextmanager
    async def end() -> AsyncIterator[End]:
        with HttpEnd(takes, "/send/" if name == "matrix" else "") as far, contextlib.ExitStack() as stack:
            # Addresses the library has built in lead to loopback meanwhile.
            stack.enter_context(_leading(NotifySlack, "webhook_url", f"{far.url}/services"))
            stack.enter_context(_leading(NotifyTwilio, "notify_sms_url", f"{far.url}/2010-04-01/Accounts/{{sid}}/Messages.json"))
            assert find_fault(url.format(port=far.port)) == ""  # loads the library's plugins, which takes longer than a far end is given
            channel = LongtailChannel({"KEY": url.format(port=far.port)}.get, budget=BUDGET)
            yield End(name, channel, place("longtail"), lambda: [_said(a) for a in far.took if _said(a)], _scripted(far, ok), http=far)
            await channel.close()

    return end


@contextlib.contextmanager
def _leading(kind: Any, name: str, url: str) -> Any:
    was = getattr(kind, name, None)
    setattr(kind, name, url)
    try:
        yield
    finally:
        setattr(kind, name, was)


def _said(asked: Asked) -> str:
    """The text of whatever the service calls it."""
    if asked.path.endswith("/Messages.json"):
        return parse_qs(asked.body.decode())["Body"][0]
    body = asked.json if asked.body else {}
    if "/services/" in asked.path:
        return str(body.get("text") or body["attachments"][0]["text"])
    return str(body.get("text") or body.get("message") or ("send" in asked.path and body.get("body")) or "")


ENDS: dict[str, Callable[[], Any]] = {
    "pagerduty": pagerduty,
    "webhook": webhook,
    "email": email,
    "slack": _longtail("slack", slack_takes, "slack://" + "/".join(SLACK)),
    "mattermost": _longtail("mattermost", mattermost_takes, f"mmost://127.0.0.1:{{port}}/{MOST_TOKEN}"),
    "ntfy": _longtail("ntfy", ntfy_takes, "ntfy://127.0.0.1:{port}/topic-nobody-knows"),
    "twilio": _longtail("twilio", twilio_takes, f"twilio://{SID}:{TOKEN}@15551234567/15557654321", ok=201),
    "matrix": _longtail("matrix", matrix_takes, "matrix://user:matrixpassword@127.0.0.1:{port}/!room:h?discovery=no&e2ee=no"),
}
__all__ = ["ENDS", "SECRETS", "End", "re", "signed"]
