"""What customers meet, put together: page, sign-up, letters, static copy. Called by `app.build`, `app.http` and `app.run`."""

import hashlib
import hmac
from dataclasses import dataclass

from receiver.channels.notice_target import NoticeTarget
from receiver.clock import Clock
from receiver.core.notice_rules import NoticeRules
from receiver.engine import Rules
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.notices import PublicNotices
from receiver.store.subscribers import Subscribers
from receiver.web.status.client import client_behind
from receiver.web.status.edition import Site, site_of
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup
from receiver.web.status.twin import Twin
from receiver.workers.mail_target import MailTarget
from receiver.workers.mailing import Mailing
from receiver.workers.subscriptions import Hand, Mailroom, Subscriptions


@dataclass(slots=True, kw_only=True)
class Customers:
    """The public side; letters are none without a mail server."""

    shelf: Shelf
    signup: Signup
    twin: Twin
    subscribers: Subscribers
    key: bytes
    subscriptions: Subscriptions | None = None
    mailing: Mailing | None = None


def build_customers(
    settings: Settings, client: Client, live: Rules, clock: Clock, targets: dict[str, NoticeTarget], hand: Hand | None, mailbox: str
) -> Customers:
    """`hand` hands a letter to the mail server as `mailbox`; None when there is none, and then nobody can subscribe by mail. Mail becomes one of `targets`."""

    def rules() -> NoticeRules | None:
        return live.current.notices

    def site() -> Site | None:
        notices = rules()
        return site_of(notices, settings.page_url, is_indexed=bool(settings.status_url), takes_mail=hand is not None) if notices else None

    secret = settings.secret_key.get_secret_value().encode()
    key = hmac.new(secret, b"subscriber links", hashlib.sha256).digest()
    subscribers = Subscribers(client, secret)
    shelf = Shelf(PublicNotices(client), site, clock, settings.data_dir / "public-notices.json")
    made = Customers(
        shelf=shelf,
        signup=Signup(subscribers, clock, key, client_behind(settings.trusted_proxies)),
        twin=Twin(shelf, settings.status_dir, clock),
        subscribers=subscribers,
        key=key,
    )
    if hand is not None:
        mailroom = Mailroom(hand, clock, key, base_url=settings.page_url, mailbox=mailbox, bounces=settings.status_bounces or "")
        made.subscriptions = Subscriptions(subscribers, mailroom, rules, clock)
        made.mailing = Mailing(subscribers, mailroom, rules, clock)
        targets["email"] = MailTarget(made.mailing)
    return made
