"""What customers meet, put together: page, sign-up, subscribers of every kind, static copy. Called by `app.build`, `app.http` and `app.run`."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from receiver.app.bots import Bots, build_bots
from receiver.app.channels import letters_of
from receiver.app.notices import NoticeParts
from receiver.channels.base import Channel
from receiver.channels.notice_hooks import Hooks
from receiver.channels.notice_telegram import TelegramTarget
from receiver.clock import Clock
from receiver.core.notice_rules import NoticeRules
from receiver.core.subscriber import EMAIL, WEBHOOK
from receiver.engine import Rules
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.notices import PublicNotices
from receiver.store.outbox import Outbox
from receiver.store.subscribers import Subscribers
from receiver.web.status.client import client_behind
from receiver.web.status.edition import Site, site_of
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup
from receiver.web.status.twin import Twin
from receiver.workers.audience import Audience
from receiver.workers.couriers import ChatCourier, Courier, HookCourier, MailCourier
from receiver.workers.doors import Door, Hookroom, Mailroom, Pointers
from receiver.workers.mailing import Mailing
from receiver.workers.subscriber_target import SubscriberTarget
from receiver.workers.subscriptions import Subscriptions


@dataclass(slots=True, kw_only=True)
class Customers:
    """The public side; `mailings` by kind of channel, letters only with a mail server. `bots` talk to customers in private."""

    shelf: Shelf
    signup: Signup
    twin: Twin
    subscribers: Subscribers
    key: bytes
    hooks: Hooks
    subscriptions: Subscriptions
    bots: Bots
    mailings: Mapping[str, Mailing] = field(default_factory=dict)


def build_customers(
    settings: Settings, client: Client, live: Rules, clock: Clock, notices: NoticeParts, outbox: Outbox, channels: Mapping[str, Channel], key: bytes
) -> Customers:
    """Subscribers become some of the targets of `notices`; without a mail server nobody can subscribe by mail. `key` signs buttons."""
    bots = build_bots(settings, client, live, clock, outbox, channels, notices.publishing, key)
    notices.engine.senses = replace(notices.engine.senses, readers=Audience(bots.subscribers, clock))
    hand, targets = letters_of(channels), notices.targets

    def rules() -> NoticeRules | None:
        return live.current.notices

    def site() -> Site | None:
        held = rules()
        link = bots.customers.link if bots.customers else ""
        return site_of(held, settings.page_url, is_indexed=bool(settings.status_url), takes_mail=hand is not None, telegram=link) if held else None

    secret = settings.secret_key.get_secret_value().encode()
    links = hmac.new(secret, b"subscriber links", hashlib.sha256).digest()
    subscribers, pointers, hooks = bots.subscribers, Pointers(clock, links, settings.page_url), Hooks(clock)
    hookroom = Hookroom(hooks, pointers)
    doors: dict[str, Door] = {WEBHOOK: hookroom}
    couriers: dict[str, Courier] = {"webhooks": HookCourier(hooks, hookroom, pointers)}
    if hand is not None:
        mailroom = Mailroom(hand, subscribers, pointers, clock, mailbox=settings.smtp_from or "", bounces=settings.status_bounces or "")
        doors[EMAIL], couriers["email"] = mailroom, MailCourier(mailroom, clock)
    public = targets["telegram"]
    if bots.channel is not None and isinstance(public, TelegramTarget):
        couriers["telegram-private"] = ChatCourier(bots.channel, public)
    mailings = {kind: Mailing(subscribers, courier, rules, clock) for kind, courier in couriers.items()}
    targets |= {kind: SubscriberTarget(mailing) for kind, mailing in mailings.items()}
    shelf = Shelf(PublicNotices(client), site, clock, settings.data_dir / "public-notices.json")
    return Customers(
        shelf=shelf, signup=Signup(subscribers, clock, links, client_behind(settings.trusted_proxies)), twin=Twin(shelf, settings.status_dir, clock),
        subscribers=subscribers, key=links, hooks=hooks, subscriptions=Subscriptions(subscribers, doors, rules, clock), bots=bots, mailings=mailings,
    )  # fmt: skip
