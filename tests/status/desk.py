"""The sign-up side put together for tests: a real store, a real SMTP server, real requests."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from litestar import Litestar

from receiver.channels.email import EmailChannel, parse_server
from receiver.clock import ManualClock
from receiver.core.notice_rules import NoticeChannel, NoticeRules, PublicComponent
from receiver.store.connection import Client, connect
from receiver.store.notices import PublicNotices
from receiver.store.subscribers import Subscribers
from receiver.web.bounces import bounces_router
from receiver.web.status.client import client_behind
from receiver.web.status.edition import site_of
from receiver.web.status.routes import status_routes
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup
from receiver.workers.couriers import MailCourier
from receiver.workers.doors import Mailroom, Pointers
from receiver.workers.mailing import Mailing
from receiver.workers.subscriptions import Subscriptions
from tests.builders import NOW
from tests.fakes.mail_server import MailServer
from tests.harness import redis_server
from tests.notices.values import rules

KEY = b"k" * 32
BASE = "https://status.example"


@dataclass
class Desk:
    """Everything a reader or a letter can meet."""

    http: httpx.AsyncClient
    mail: MailServer
    clock: ManualClock
    client: Client
    subscribers: Subscribers
    subscriptions: Subscriptions
    mailing: Mailing

    async def ask(self, address: str, language: str = "en", **fields: str | list[str]) -> httpx.Response:
        """As a person does: open the form, read it, send it."""
        answer = await self.http.post(f"/status/{language}/updates", data={"email": address, "filled": await self.filled(language), **fields})
        await self.subscriptions.look()
        return answer

    async def filled(self, language: str = "en") -> str:
        """What the form carries, read for as long as a person needs."""
        page = await self.http.get(f"/status/{language}/updates")
        found = re.search(r'name="filled" value="([^"]+)"', page.text)
        assert found, page.text
        self.clock.advance(seconds=4)
        return found[1]

    async def subscribe(self, address: str, language: str = "en", **fields: str | list[str]) -> None:
        """Ask, read the letter, confirm."""
        await self.ask(address, language, **fields)
        answer = await self.http.post(link(self.mail.letters[-1][2], "confirm"))
        assert answer.status_code == 200, answer.text
        self.mail.letters.clear()
        self.clock.advance(hours=2)


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(letter: EmailMessage, purpose: str) -> str:
    """The path of a link of this purpose in a letter."""
    found = re.search(rf"{BASE}(/status/\w+/{purpose}/\S+)", plain(letter))
    assert found, plain(letter)
    return urlsplit(found[1]).path


@contextlib.asynccontextmanager
async def desk(directory: Path, *, proxies: int = 0, bounces: str = "", hooks: bool = False) -> AsyncIterator[Desk]:
    def noticed() -> NoticeRules:
        both = {"checkout": {"ru": "Оформление заказов", "en": "Checkout"}, "storefront": {"ru": "Каталог", "en": "Catalogue"}}
        taken = {"publish": ("page", "feeds", "hooks"), "channels": {"hooks": NoticeChannel(name="hooks", kind="webhooks")}} if hooks else {}
        return rules(components={name: PublicComponent(id=name, names=names) for name, names in both.items()}, **taken)

    with redis_server(directory) as url:
        client, clock = connect(url), ManualClock(NOW)
        async with MailServer() as mail, contextlib.aclosing(client):
            subscribers = Subscribers(client, KEY)
            smtp = EmailChannel(parse_server(f"smtp://127.0.0.1:{mail.port}?starttls=off"), "status@shop.example", clock, KEY)
            mailroom = Mailroom(smtp.hand, subscribers, Pointers(clock, KEY, BASE), clock, mailbox="Alexandrite <status@shop.example>", bounces=bounces)
            shelf = Shelf(PublicNotices(client), lambda: site_of(noticed(), BASE, takes_mail=True), clock, directory / "kept.json")
            routes = [bounces_router(subscribers, clock, KEY, "t" * 20), *status_routes(shelf, Signup(subscribers, clock, KEY, client_behind(proxies)))]
            app = Litestar(routes, openapi_config=None)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=("198.51.100.7", 1)), base_url=BASE) as http:
                subscriptions = Subscriptions(subscribers, {"email": mailroom}, noticed, clock)
                yield Desk(http, mail, clock, client, subscribers, subscriptions, Mailing(subscribers, MailCourier(mailroom, clock), noticed, clock))
