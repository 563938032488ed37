"""A far end that speaks the true Bot API over HTTP: limits, error texts, faults, two pollers. What it saw is the tests' oracle.

`python -m tests.fakes.bot_api PORT LOG [--faults SHARE] [--seed N]` runs it alone and appends one JSON line per performed send or edit.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from tests.fakes.bot_parts import SAME, Sent, buttons_of, chat_of, error, text_of
from tests.fakes.bot_people import Spoken
from tests.fakes.bot_pictures import Photos, read_form
from tests.fakes.bot_topics import Topics


@dataclass
class Fault:
    """One scripted misbehaviour: `answer` is (status, body); `perform` does the work first; `then` is drop, hang or nothing."""

    status: int = 0
    body: dict[str, Any] | str = ""
    perform: bool = False
    then: str = ""


def refusal(status: int, description: str, **parameters: Any) -> Fault:
    body = {"ok": False, "error_code": status, "description": description, **({"parameters": parameters} if parameters else {})}
    return Fault(status=status, body=body)


THROTTLED = refusal(429, "Too Many Requests: retry after 7", retry_after=7)
BARE_429 = refusal(429, "Too Many Requests")
HTML_502 = Fault(status=502, body="<html>502 Bad Gateway</html>")
SERVER_ERROR = refusal(500, "Internal Server Error")
BLOCKED = refusal(403, "Forbidden: bot was blocked by the user")
NO_CHAT = refusal(400, "Bad Request: chat not found")
UNAUTHORIZED = refusal(401, "Unauthorized")
PERFORM_THEN_DROP = Fault(perform=True, then="drop")
PERFORM_THEN_HANG = Fault(perform=True, then="hang")
DROP = Fault(then="drop")


class BotApi(Spoken, Photos, Topics):
    """The far end; `url` is the base for RECEIVER_TELEGRAM_API_URL."""

    def __init__(self, log: Path | None = None, *, share: float = 0.0, seed: int = 0, port: int = 0, latency: float = 0.0) -> None:
        self.messages: dict[tuple[str, int], Sent] = {}
        self.log: list[tuple[str, Sent]] = []
        self.answers: list[dict[str, Any]] = []
        self.pinned: dict[str, set[int]] = {}
        self.forums, self.powerless, self.topics = set(), set(), {}
        self.protected: set[int] = set()
        self.commands: dict[tuple[str, str], dict[str, str]] = {}
        self.webhooks: list[dict[str, Any]] = []
        self.pace: tuple[int, float] | None = None  # at most this many sends a chat in so many seconds
        self._file, self._share, self._random, self._port, self._latency = log, share, random.Random(seed), port, latency
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._updates: list[dict[str, Any]] = []
        self._news, self._next_update, self.next_message = asyncio.Condition(), 1, 1
        self._pollers = 0
        self._recent: dict[str, list[float]] = defaultdict(list)
        self._topics_closed: set[int] = set()

    def fail(self, method: str, *faults: Fault, chat: str = "") -> None:
        """The next calls of this method (in this chat) misbehave, one fault each."""
        self._faults[method.lower() + chat].extend(faults)

    def _next_fault(self, method: str, params: dict[str, Any]) -> Fault | None:
        queue = self._faults[method + str(params.get("chat_id", ""))] or self._faults[method]
        return queue.pop(0) if queue else self._chance(method)

    async def __aenter__(self) -> "BotApi":
        listener = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app, interface="asgi3", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        async with self._news:
            self._news.notify_all()
        await self._task

    # What people do

    async def press(self, sent: Sent, label: str, user: int, name: str = "Anna", *, data: str = "") -> dict[str, Any]:
        """Press a button and wait for the answer the presser sees."""
        seen = len(self.answers)
        await self.say_press(sent, data or sent.button(label), user, name)
        await self.until(lambda: len(self.answers) > seen)
        return self.answers[-1]

    async def say_press(self, sent: Sent, data: str, user: int, name: str = "Anna") -> None:
        message = {"message_id": sent.id, "date": 1, "chat": chat_of(sent.chat), "text": sent.text}
        query = {
            "id": str(self._next_update),
            "from": {"id": user, "is_bot": False, "first_name": name},
            "chat_instance": "1",
            "message": message,
            "data": data,
        }
        await self.update({"callback_query": query})

    async def update(self, content: dict[str, Any]) -> None:
        async with self._news:
            self._updates.append({"update_id": self._next_update, **content})
            self._next_update += 1
            self._news.notify_all()

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait in real time; fails with what was seen instead."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                seen = "\n".join(f"[{verb} {s.chat}/{s.id}] {s.text}" for verb, s in self.log)
                raise AssertionError(f"did not come within {seconds} s; the far end saw:\n{seen}")
            await asyncio.sleep(0.01)

    def sends(self) -> list[Sent]:
        """Messages of text; pictures are in `pictures`."""
        return [s for verb, s in self.log if verb == "send"]

    # What the server does

    async def _app(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        body = b""
        more = True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return  # the client died before its request was whole: nothing is performed
            body += part.get("body", b"")
            more = part.get("more_body", False)
        method = scope["path"].rsplit("/", 1)[-1].lower()
        params = _params(dict(scope["headers"]), body, scope["query_string"])
        status, answer = await self._answer(method, params)
        if status < 0:
            await _end(send, status)
            return
        raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        kind = b"text/html" if isinstance(answer, str) else b"application/json"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), (b"content-length", str(len(raw)).encode())]})
        await send({"type": "http.response.body", "body": raw})

    async def _answer(self, method: str, params: dict[str, Any]) -> tuple[int, Any]:
        fault = self._next_fault(method, params)
        if fault and not fault.perform:
            return (-1, "") if fault.then == "drop" else (-2, "") if fault.then == "hang" else (fault.status, fault.body)
        handler = getattr(self, f"_do_{method}", None)
        if handler is None:
            return 404, {"ok": False, "error_code": 404, "description": "Not Found"}
        status, result = await handler(params)
        if self._latency and method != "getupdates":
            await asyncio.sleep(self._latency)  # performed, and the answer on its way: where a kill leaves the outcome unknown
        if fault:
            return (-1, "") if fault.then == "drop" else (-2, "")
        return status, ({"ok": True, "result": result} if status == 200 else result)

    def _chance(self, method: str) -> Fault | None:
        if method not in ("sendmessage", "editmessagetext") or self._random.random() >= self._share:
            return None
        return self._random.choice([refusal(429, "Too Many Requests: retry after 1", retry_after=1), SERVER_ERROR, PERFORM_THEN_DROP, DROP])

    async def _do_getme(self, _: dict[str, Any]) -> tuple[int, Any]:
        return 200, {"id": 42, "is_bot": True, "first_name": "Bot", "username": "test_bot"}

    async def _do_getupdates(self, params: dict[str, Any]) -> tuple[int, Any]:
        if self._pollers:
            return 409, error(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
        self._pollers += 1
        try:
            offset, end = int(params.get("offset", 0)), time.monotonic() + float(params.get("timeout", 0))
            self._updates = [u for u in self._updates if u["update_id"] >= offset]
            while not self._updates and time.monotonic() < end and not self._server.should_exit:
                async with self._news:
                    try:
                        async with asyncio.timeout(0.5):
                            await self._news.wait()
                    except TimeoutError:
                        continue
            return 200, list(self._updates)
        finally:
            self._pollers -= 1

    async def _do_sendmessage(self, p: dict[str, Any]) -> tuple[int, Any]:
        if wait := self._over_pace(str(p["chat_id"])):
            return 429, error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        text, fault = text_of(p)
        if fault := fault or self.thread_fault(p):
            return 400, error(400, fault)
        sent = Sent(
            chat=str(p["chat_id"]),
            id=self.next_message,
            text=text,
            markup=p["text"],
            buttons=buttons_of(p),
            reply_to=int((p.get("reply_parameters") or {}).get("message_id", 0)),
            topic=int(p.get("message_thread_id", 0)),
            silent=str(p.get("disable_notification", "")).lower() == "true",
        )
        self.next_message += 1
        self.messages[sent.chat, sent.id] = sent
        self.protected |= {sent.id} if str(p.get("protect_content", "")).lower() == "true" else set()
        self._note("send", sent)
        return 200, self._message(sent)

    async def _do_editmessagetext(self, p: dict[str, Any]) -> tuple[int, Any]:
        sent = self.messages.get((str(p["chat_id"]), int(p["message_id"])))
        if sent is None:
            return 400, error(400, "Bad Request: message to edit not found")
        text, fault = text_of(p)
        if fault:
            return 400, error(400, fault)
        if (text, buttons_of(p)) == (sent.text, sent.buttons):
            return 400, error(400, SAME)
        sent.edits.append(sent.text)
        sent.text, sent.markup, sent.buttons = text, p["text"], buttons_of(p)
        self._note("edit", sent)
        return 200, self._message(sent)

    async def _do_answercallbackquery(self, p: dict[str, Any]) -> tuple[int, Any]:
        if len(p.get("text", "")) > 200:
            return 400, error(400, "Bad Request: MESSAGE_TOO_LONG")
        self.answers.append(p)
        return 200, True

    async def _do_setwebhook(self, p: dict[str, Any]) -> tuple[int, Any]:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(p.get("secret_token", ""))):
            return 400, error(400, "Bad Request: secret token contains unallowed characters")
        self.webhooks.append(p)
        return 200, True

    def _over_pace(self, chat: str) -> int:
        if not self.pace:
            return 0
        most, seconds = self.pace
        now = time.monotonic()
        self._recent[chat] = [t for t in self._recent[chat] if t > now - seconds]
        if len(self._recent[chat]) >= most:
            return max(1, round(self._recent[chat][0] + seconds - now))
        self._recent[chat].append(now)
        return 0

    def _note(self, verb: str, sent: Sent) -> None:
        self.log.append((verb, Sent(**{**sent.__dict__, "edits": list(sent.edits)})))
        if self._file:
            line = {"verb": verb, "chat": sent.chat, "id": sent.id, "text": sent.text, "labels": sent.labels()}
            with self._file.open("a") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @staticmethod
    def _message(sent: Sent) -> dict[str, Any]:
        return {"message_id": sent.id, "date": 1, "chat": chat_of(sent.chat), "text": sent.text}


def _params(headers: dict[bytes, bytes], body: bytes, query: bytes) -> dict[str, Any]:
    kind = headers.get(b"content-type", b"").decode()
    if kind.startswith("application/json"):
        return json.loads(body or b"{}")
    if kind.startswith("multipart/form-data"):
        return read_form(kind, body)
    flat = {k: v[0] for k, v in parse_qs((body or query).decode(), keep_blank_values=True).items()}
    return {k: json.loads(v) if v[:1] in "[{" and k not in ("text",) else v for k, v in flat.items()}


async def _end(send: Callable[[Any], Any], how: int) -> None:
    if how == -2:
        await asyncio.sleep(60)
    # Headers that promise more than comes, then the end: the client sees a broken answer.
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionResetError


async def _alone(args: argparse.Namespace) -> None:
    async with BotApi(args.log, share=args.faults, seed=args.seed, port=args.port) as api:
        print(api.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("port", type=int)
    cli.add_argument("log", type=Path)
    cli.add_argument("--faults", type=float, default=0.0)
    cli.add_argument("--seed", type=int, default=0)
    asyncio.run(_alone(cli.parse_args()))
