"""Builds what tells customers: the notice engine, its workers and the places notices go to. Called by `app.build`."""

from collections.abc import Mapping
from dataclasses import dataclass

from receiver.channels.base import Channel
from receiver.channels.notice_card import NoticeCards
from receiver.channels.notice_statuspage import StatuspageTarget
from receiver.channels.notice_target import NoticeTarget
from receiver.channels.notice_telegram import TelegramTarget
from receiver.channels.notice_texts import NoticeTexts
from receiver.channels.notice_webhook import WebhookTarget
from receiver.channels.render import Templates
from receiver.channels.telegram import TelegramChannel
from receiver.chat.notices import NoticeChat
from receiver.clock import Clock
from receiver.core.notice import PublicText
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import Saying
from receiver.engine import Nudge, Rules
from receiver.notice_engine import NoticeEngine, Senses
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.incidents import Incidents
from receiver.store.notice_desk import NoticeDesk
from receiver.store.notice_prompts import NoticePrompts
from receiver.store.notices import PublicNotices
from receiver.store.outward import Outward
from receiver.store.promise import Promise
from receiver.workers.noticekeeper import NoticeKeeper
from receiver.workers.noticer import Noticer
from receiver.workers.offline_words import OfflineWords
from receiver.workers.publisher import Means, Publisher


@dataclass(kw_only=True, slots=True)
class NoticeParts:
    """Everything about notices, built once. `publishing` is the bot that publishes, where it is another one than the working bot."""

    desk: NoticeDesk
    public: PublicNotices
    engine: NoticeEngine
    texts: NoticeTexts
    cards: NoticeCards
    targets: dict[str, NoticeTarget]
    publisher: Publisher
    noticer: Noticer
    chat: NoticeChat
    keeper: NoticeKeeper
    outward: Outward
    publishing: TelegramChannel | None = None

    async def close(self) -> None:
        """Release connections."""
        for target in self.targets.values():
            await target.close()
        if self.publishing:
            await self.publishing.close()


def build_notices(
    settings: Settings, client: Client, clock: Clock, promise: Promise, rules: Rules, incidents: Incidents, channels: Mapping[str, Channel], nudge: Nudge, templates: Templates, *,
    key: bytes, senses: Senses,
) -> NoticeParts:  # fmt: skip
    """Build it without starting anything; raises TemplateFault when a text in TEMPLATES_DIR is wrong."""
    texts, cards = NoticeTexts(settings.templates_dir), NoticeCards(settings.templates_dir)
    desk = NoticeDesk(client, promise)

    def compose(key: str, saying: Saying, book: NoticeRules) -> Mapping[str, PublicText]:
        """By the texts in force; those of the start where a reload brought none."""
        return (templates.current.notices or texts).compose(key, saying, book)

    engine = NoticeEngine(desk, incidents, rules, compose, clock, nudge)
    engine.senses = senses
    publishing = _publishing(settings)
    targets: dict[str, NoticeTarget] = {
        "telegram": _telegram(settings, channels["telegram"], publishing),
        "webhook": WebhookTarget(settings.secret, clock),
        "statuspage": StatuspageTarget(settings.secret),
    }
    means = Means(
        channels=channels, targets=targets, cards=cards, outward=(outward := Outward(client)), key=key, language=settings.language, timezone=settings.timezone
    )
    publisher, prompts = Publisher(engine, rules, means, clock), NoticePrompts(client)
    chat = NoticeChat(engine, desk, prompts, rules, channels, clock, key=key, language=settings.language)
    return NoticeParts(
        desk=desk, public=PublicNotices(client), engine=engine, texts=texts, cards=cards, targets=targets, publisher=publisher, outward=outward,
        noticer=Noticer(engine, desk, incidents, publisher, clock, nudge), publishing=publishing,
        chat=chat, keeper=NoticeKeeper(desk, prompts, publisher, chat.take_away, OfflineWords(settings.data_dir, engine.take_in), clock),
    )  # fmt: skip


def _publishing(settings: Settings) -> TelegramChannel | None:
    """The bot that customers see is another one than the bot of the support chat, where its token is given."""
    if settings.telegram_mode == "off" or not settings.telegram_public_token:
        return None
    return TelegramChannel(settings.telegram_public_token.get_secret_value(), settings.telegram_api_url, settings.telegram_proxy)


def _telegram(settings: Settings, working: Channel, publishing: TelegramChannel | None) -> TelegramTarget:
    bot = publishing or working
    return TelegramTarget(bot, bot if isinstance(bot, TelegramChannel) else None, settings.status_url or settings.public_url or "")
