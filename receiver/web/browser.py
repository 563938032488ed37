"""The browser chat's page: messages, buttons, answers. Loopback only, after a one-time login link; presses go through the same intake
as Telegram's."""

import asyncio
import html
from collections.abc import Callable
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from pydantic import BaseModel, Field

from receiver.channels.visible import visible
from receiver.store.browserchat import BrowserChat
from receiver.store.intake import Intake
from receiver.web.auth import SESSION, LoginLink

STATIC = Path(__file__).parent / "static"
LONG_POLL_STEPS = 40
COOKIE = "receiver_session"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
LATER = "No answer yet: the message will show the result\nОтвета пока нет: результат будет виден в сообщении"
COMMANDS_ONLY = "Commands begin with /, for example /help\nКоманды начинаются с /, например /help"
TYPES = {"chat.css": "text/css", "chat.js": "text/javascript"}


class PressBody(BaseModel):
    """One press on the page."""

    chat: str = Field(max_length=100)
    message_id: str = Field(max_length=20)
    data: str = Field(max_length=64)
    person: str = Field(max_length=100)


class SayBody(BaseModel):
    """One command typed on the page."""

    chat: str = Field(max_length=100)
    text: str = Field(min_length=1, max_length=300)
    person: str = Field(max_length=100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What the page shows beside the messages: people (id and name), chats by name, commands, what can't be reached (a line by language); and
    the address of a chat, which its buttons are signed for."""

    people: Callable[[], list[tuple[str, str]]]
    chats: Callable[[], list[str]]
    commands: Callable[[], list[str]]
    outages: Callable[[], list[dict[str, str]]]
    address_of: Callable[[str], str]


def browser_routes(chat: BrowserChat, intake: Intake, scene: Scene, login: LoginLink) -> list[Any]:
    """Handlers under `/chat`."""

    def enter(request: Request[Any, Any, Any]) -> None:
        _local(request)
        if not login.is_session(request.cookies.get(COOKIE, "")):
            raise PermissionDeniedException("open the login link that `receiver serve` printed")

    @get("/chat/messages")
    async def messages(request: Request[Any, Any, Any], after: FromQuery[int] = 0) -> Response[Any]:
        enter(request)
        found = await chat.changed(after)
        for _ in range(LONG_POLL_STEPS if after else 0):
            if found:
                break
            await asyncio.sleep(0.25)
            found = await chat.changed(after)
        who = [{"id": i, "name": n} for i, n in scene.people()]
        shown = {"people": who, "chats": scene.chats(), "commands": scene.commands(), "outages": scene.outages()}
        shown["messages"] = [asdict(m) for m in found]
        return Response(shown, headers=HEADERS)

    @post("/chat/press", status_code=200)
    async def press(request: Request[Any, Any, Any], data: JSONBody[PressBody]) -> Response[Any]:
        enter(request)
        _same_origin(request)
        callback_id = chat.callback_id()
        message = {"message_id": data.message_id, "chat": {"id": scene.address_of(data.chat), "name": data.chat}}
        query = {"id": callback_id, "from": {"id": data.person}, "message": message, "data": data.data}
        await intake.add({"via": "browser", "callback_query": query})
        for _ in range(10):
            if answer := await chat.answer_of(callback_id):
                return Response(answer, headers=HEADERS)
        return Response({"text": LATER, "alert": True}, headers=HEADERS)

    @get("/chat/pictures/{ref:str}")
    async def picture(request: Request[Any, Any, Any], ref: FromPath[str]) -> Response[Any]:
        enter(request)
        png = await chat.picture(ref)
        return Response(png, status_code=200 if png else 404, media_type="image/png", headers=HEADERS)

    return [messages, picture, press, _say_route(chat, intake, scene, enter), *_pages(login)]


def _say_route(chat: BrowserChat, intake: Intake, scene: Scene, enter: Callable[[Request[Any, Any, Any]], None]) -> Any:
    @post("/chat/say", status_code=200)
    async def say(request: Request[Any, Any, Any], data: JSONBody[SayBody]) -> Response[Any]:
        """A command is shown as said, and goes the way of Telegram's; anything else is answered at once."""
        enter(request)
        _same_origin(request)
        names = dict(scene.people())
        if not data.text.startswith("/") or data.person not in names or data.chat not in scene.chats():
            return Response({"text": COMMANDS_ONLY, "alert": True}, headers=HEADERS)
        words = html.escape(visible(data.text, 300), quote=False)
        said = f"<b>{html.escape(visible(names[data.person], 80), quote=False)}:</b> {words}"
        ref = await chat.send(data.chat, said, [], reply_to="", is_silent=True)
        place = {"id": scene.address_of(data.chat), "name": data.chat, "type": "group"}
        message = {"message_id": ref, "chat": place, "from": {"id": data.person}, "text": data.text}
        await intake.add({"via": "browser", "message": message})
        return Response({"text": ""}, headers=HEADERS)

    return say


def _pages(login: LoginLink) -> list[Any]:
    @get("/chat/login", sync_to_thread=False)
    def enter_by_link(request: Request[Any, Any, Any], token: FromQuery[str] = "") -> Response[Any]:
        _local(request)
        session = login.redeem(token)
        if session is None:
            return _document("login.html", 401)
        cookie = Cookie(key=COOKIE, value=session, httponly=True, samesite="strict", path="/chat", max_age=int(SESSION.total_seconds()))
        return Redirect("/chat", cookies=[cookie])

    @get("/chat", sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[Any]:
        _local(request)
        if not login.is_session(request.cookies.get(COOKIE, "")):
            return _document("login.html", 401)
        return _document("chat.html", 200)

    @get("/chat/static/{name:str}", sync_to_thread=False)
    def static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
        _local(request)
        if name not in TYPES:
            return Response("", status_code=404)
        return Response((STATIC / name).read_bytes(), media_type=TYPES[name], headers=HEADERS)

    return [enter_by_link, page, static]


def _document(name: str, status: int) -> Response[Any]:
    return Response((STATIC / name).read_text("utf-8"), status_code=status, media_type="text/html", headers=HEADERS)


def _local(request: Request[Any, Any, Any]) -> None:
    """The page has no accounts yet, so nobody but this machine sees it; a rebound host name does not help."""
    peer = request.client.host if request.client else ""
    host = request.headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    if not _is_loopback(peer) or not (host == "localhost" or _is_loopback(host)):
        raise PermissionDeniedException("the browser chat is served on loopback only")


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def _same_origin(request: Request[Any, Any, Any]) -> None:
    site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", "")
    if site != "same-origin" or (origin and origin.partition("://")[2] != request.headers.get("host", "")):
        raise PermissionDeniedException("presses come from the page itself")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise PermissionDeniedException("application/json only")
