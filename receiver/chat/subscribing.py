"""Customers subscribe in a private chat: `/start s-ru` from the status page's link, components by buttons, `/stop`. Fed by `chat.desk` or by the
publishing bot's own queue (`workers.public_desk`).

Anybody may write here, so nothing but the subscription of that very chat can be seen or changed, and an account that writes without end is
not answered.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from receiver.channels.base import Button, Message
from receiver.channels.render import to_plain
from receiver.channels.subscriber_words import chat_words
from receiver.channels.visible import visible
from receiver.chat.asked import Place, shown
from receiver.chat.buttons import Answerer
from receiver.chat.post import Post
from receiver.chat.update import Chosen, Spoken, read_choice, read_command
from receiver.clock import Clock
from receiver.core.callback import read, sign_text
from receiver.core.notice_rules import NoticeRules
from receiver.core.subscriber import TELEGRAM, Standing, Subscriber
from receiver.engine import Rules
from receiver.store.intake import Update
from receiver.store.subscribers import Subscribers

PREFIX = "s-"
TOPIC, TONGUE, STOP = "ct", "cl", "cx"  # `s…` are those of silences and swaps
MOST_AN_HOUR = 30
CHANNEL = "telegram-private"


@dataclass(frozen=True, slots=True)
class Voice:
    """The bot that customers see: how it speaks, how it answers presses, what signs its buttons."""

    post: Post
    answerer: Answerer | None
    key: bytes


class Subscribing:
    """`is_alone`: this bot is customers' own, so a bare `/start` is theirs too. `bot_name` is none until Telegram has said it."""

    def __init__(self, subscribers: Subscribers, rules: Rules, voice: Voice, clock: Clock, *, is_alone: bool) -> None:
        self._subscribers, self._rules, self._voice, self._clock, self.is_alone = subscribers, rules, voice, clock, is_alone
        self.bot_name: str | None = None

    @property
    def link(self) -> str:
        """The address that begins a subscription, without its language; empty where there is none."""
        return f"https://t.me/{self.bot_name}?start={PREFIX}" if self.bot_name and self._offered() else ""

    async def take(self, update: Update) -> bool | None:
        """True when it was ours and is answered, False when it must come again, None when it is somebody else's. Raises StoreUnavailableError."""
        chosen = read_choice(update.body)
        if chosen is not None:
            return await self._pressed(chosen) if _action(chosen) in (TOPIC, TONGUE, STOP) else None
        spoken = read_command(update.body, self.bot_name)
        if spoken is None or not spoken.place.is_private or spoken.place.via != TELEGRAM:
            return None
        return await self._said(update, spoken) if self._is_ours(spoken) else None

    def _is_ours(self, spoken: Spoken) -> bool:
        """On a bot that is shared, a bare `/start` of a colleague and one with a link code are not."""
        if spoken.name != "start" or self.is_alone or spoken.rest.startswith(PREFIX):
            return spoken.name in ("start", "stop")
        is_colleague = spoken.user.isdigit() and self._rules.current.person_by_telegram(int(spoken.user)) is not None
        return not spoken.rest and not is_colleague and self._offered() is not None

    async def _said(self, update: Update, spoken: Spoken) -> bool:
        chat, now = spoken.place.chat, self._clock.now()
        if not await self._subscribers.is_within(f"chat {chat}", MOST_AN_HOUR, timedelta(hours=1), now):
            return True
        one = await self._subscribers.find(TELEGRAM, chat)
        rules = self._offered()
        language, component = _payload(spoken.rest, rules, one)
        said = chat_words(language)
        if rules is None and spoken.name == "start":
            return await self._say(update, spoken.place, Message(html=said["closed"], plain=said["closed"]))
        if spoken.name == "stop" or rules is None:
            if one:
                await self._subscribers.remove(one)
            text = said["stopped" if one else "nothing"]
            return await self._say(update, spoken.place, Message(html=text, plain=text))
        is_new = one is None
        if one is None:
            made = await self._subscribers.add(TELEGRAM, chat, language, (component,) if component else (), said["subscribed"], now)
            one = replace(made, standing=Standing.ACTIVE, confirmed_at=now)
            await self._subscribers.save(one)
        return await self._say(update, spoken.place, self._message(one, rules, is_new=is_new))

    async def _say(self, update: Update, place: Place, message: Message) -> bool:
        return await self._voice.post.say(f"customer:{update.body.get('update_id', update.id.decode())}", place.destination(), message)

    async def _pressed(self, chosen: Chosen) -> bool:
        """Only a button we signed for this chat, about the subscription of this chat."""
        place, rules = chosen.place, self._offered()
        pressed = read(self._voice.key, chosen.data, place.chat)
        one = await self._subscribers.find(TELEGRAM, place.chat) if pressed else None
        if pressed is None or one is None or rules is None or chosen.user != place.chat:
            await self._answer(chosen, chat_words(one.language if one else "en")["invalid"])
            return True
        if pressed.action == STOP:
            await self._subscribers.remove(one)
            text = chat_words(one.language)["stopped"]
            await self._voice.post.change(place.destination(), chosen.message_id, Message(html=text, plain=text))
        else:
            changed = _turned(one, pressed.action, str(pressed.incident_id), rules)
            await self._subscribers.save(changed)
            await self._voice.post.change(place.destination(), chosen.message_id, self._message(changed, rules, is_new=False))
        await self._answer(chosen, "")
        return True

    async def _answer(self, chosen: Chosen, text: str) -> None:
        if self._voice.answerer:
            await self._voice.answerer.answer(chosen.callback_id, text, bool(text))

    def _message(self, one: Subscriber, rules: NoticeRules, *, is_new: bool) -> Message:
        said = chat_words(one.language)
        page = rules.page.names.get(one.language) or next(iter(rules.page.names.values()))
        names = [c.name(one.language) for c in rules.in_order() if c.id in one.components]
        about = said["some"].format(names=", ".join(names)) if names else said["all"]
        markup = "\n\n".join((shown(said["subscribed" if is_new else "changed"].format(page=page), 600), shown(about, 900), said["hint"]))
        return Message(html=markup, plain=to_plain(markup), buttons=self._buttons(one, rules), silent=True)

    def _buttons(self, one: Subscriber, rules: NoticeRules) -> tuple[tuple[Button, ...], ...]:
        said = chat_words(one.language)

        def button(label: str, action: str, subject: str) -> Button:
            return Button(label=label, data=sign_text(self._voice.key, action, subject, one.address))

        topics = [button(("✓ " if c.id in one.components else "") + visible(c.name(one.language), 40), TOPIC, short(c.id)) for c in rules.in_order()[:40]]
        rows = [tuple(topics[at : at + 2]) for at in range(0, len(topics), 2)]
        rows.append((button(("" if one.components else "✓ ") + said["everything"], TOPIC, "all"),))
        last = [button(said["stop"], STOP, "me")]
        if len(rules.languages) > 1:
            last.insert(0, button(said["language"], TONGUE, "me"))
        return (*rows, tuple(last))

    def _offered(self) -> NoticeRules | None:
        """The rules, where notices go to private chats at all."""
        rules = self._rules.current.notices
        return rules if rules and any(rules.channels[name].kind == CHANNEL for name in rules.publish if name in rules.channels) else None


def short(component: str) -> str:
    """A component in a button: names may be longer than a button holds."""
    return hashlib.sha256(component.encode()).hexdigest()[:10]


def _action(chosen: Chosen) -> str:
    return [*chosen.data.split(":"), ""][1]


def _payload(rest: str, rules: NoticeRules | None, one: Subscriber | None) -> tuple[str, str]:
    """`s-ru`, `s-ru-checkout`: the language and perhaps a component; what is neither is left out."""
    language, _, component = rest.removeprefix(PREFIX).partition("-")
    tongues = rules.languages if rules else ()
    if language not in tongues:
        language = one.language if one else next(iter(tongues), "en")
    return language, component if rules and component in rules.components else ""


def _turned(one: Subscriber, action: str, subject: str, rules: NoticeRules) -> Subscriber:
    if action == TONGUE:
        others = [language for language in rules.languages if language != one.language]
        return replace(one, language=others[0] if others else one.language)
    component = next((c for c in rules.components if short(c) == subject), None)
    if component is None:
        return replace(one, components=())
    chosen = set(one.components) ^ {component}
    return replace(one, components=tuple(c for c in rules.components if c in chosen))
