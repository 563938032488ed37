"""Notices in the support chat: presses on cards, replies to them, questions and their answers. Called by whoever reads the chat's updates.

Every change is an event to the notice engine; here is only who may, what is asked back and what people are told.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from receiver.channels.answers import answer_text
from receiver.channels.base import Evidence, Message, Outcome
from receiver.channels.notice_answers import notice_answer
from receiver.channels.notice_buttons import Keys
from receiver.channels.notice_card import mention, shown_language
from receiver.channels.notice_prompt import conflict, not_yours, prompt_message
from receiver.channels.text import plain_text
from receiver.chat.notice_press import ASKS, Pressing, event_of, needed_verb, parse
from receiver.chat.reader import find_person
from receiver.chat.update import Heard
from receiver.clock import Clock
from receiver.core.errors import CommitConflictError, NoticesOffError, UnknownNoticeError
from receiver.core.incident import Destination
from receiver.core.notice_approval import look, need
from receiver.core.notice_delivery import CARD
from receiver.core.notice_event import Actor, BrokeGlass, Corrected, Edited, Proposed, Retracted
from receiver.core.notice_plan import NoticePlan, NoticeReason
from receiver.core.notice_record import Notice
from receiver.core.roles import Verb, is_allowed
from receiver.core.rulebook import Person
from receiver.engine import Rules
from receiver.notice_engine import NoticeEngine
from receiver.store.notice_desk import NoticeDesk
from receiver.store.notice_prompts import NoticePrompts, Prompt

LONGEST_TITLE = 120
Said = tuple[str, bool]


class Voice(Protocol):
    """Where questions are asked: the working bot, or the browser chat."""

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """A new message."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Somebody answered one of our messages with a text."""

    chat: str
    reply_to: str
    text: str
    person: Person


class NoticeChat:
    """`voices` by the channel of the support chat."""

    def __init__(
        self, engine: NoticeEngine, desk: NoticeDesk, prompts: NoticePrompts, rules: Rules, voices: Mapping[str, Voice], clock: Clock, *,
        key: bytes, language: str,
    ) -> None:  # fmt: skip
        self._engine, self._desk, self._prompts, self._rules, self._voices = engine, desk, prompts, rules, voices
        self._clock, self._key, self._language = clock, key, language

    async def pressed(self, subject: str, person: Person | None, message_id: str) -> Said:
        """Apply one press on a card or a call; what the presser is told, and whether it is worth a pop-up."""
        language = (person.language if person else "") or self._language
        pressing = parse(subject)
        if pressing is None:
            return answer_text("forged", language), True
        if person is None or not is_allowed(needed_verb(pressing.verb), person.roles):
            return answer_text("not_allowed", language), True
        try:
            return await self._press(pressing, person, language, message_id)
        except UnknownNoticeError:
            return answer_text("gone", language), True
        except (NoticesOffError, CommitConflictError) as fault:
            return str(fault)[:200], True

    async def heard(self, heard: Heard) -> bool:
        """A reply to any message; False when it is nothing to us. Nobody we do not know changes anything."""
        person = find_person(self._rules.current, heard.place.via, heard.user)
        if person is None or self._rules.current.notices is None:
            return False
        return await self.replied(Reply(chat=heard.place.chat, reply_to=heard.reply_to, text=heard.text, person=person))

    async def replied(self, reply: Reply) -> bool:
        """Take a reply to a question or a card of ours; False when it was to neither."""
        prompt = await self._prompts.of(reply.chat, reply.reply_to)
        if prompt:
            await self._answered(prompt, reply)
            return True
        notice = await self._by_card(reply.chat, reply.reply_to)
        if notice is None:
            return False
        if not is_allowed(Verb.NOTICE_EDIT, reply.person.roles):
            await self._say(answer_text("not_allowed", reply.person.language or self._language), reply.reply_to)
            return True
        language, title, body = read_text(reply.text, self._engine.rules.languages, shown_language(notice, self._chat_language()))
        plan = await self._engine.apply(notice.id, Edited(actor=_actor(reply.person), language=language, title=title, body=body))
        await self._tell_edit(plan, reply)
        return True

    async def _press(self, pressing: Pressing, person: Person, language: str, message_id: str) -> Said:
        if pressing.verb in ("mine", "theirs", "takeover"):
            return await self._settle(pressing, person, language)
        notice = await self._desk.load(pressing.notice)
        if message_id not in {delivery.ref for delivery in notice.deliveries.values() if delivery.target == CARD}:
            return answer_text("forged", language), True  # a copy of our buttons under somebody else's message
        if pressing.verb in ASKS:
            await self._ask(notice, pressing, person)
            return "", False
        event = event_of(pressing, notice, _actor(person))
        if event is None:
            return answer_text("gone", language), True
        plan = await self._engine.apply(notice.id, event)
        if isinstance(event, Proposed) and plan.reason in (NoticeReason.NEEDS_REASON, NoticeReason.PROPOSED):
            field = f"end {event.key}" if plan.reason is NoticeReason.NEEDS_REASON else f"body-{self._chat_language()}"
            await self._ask(plan.next, replace(pressing, verb="field", arg=field), person)
        return await self._answer(plan, language)

    async def _answer(self, plan: NoticePlan, language: str) -> Said:
        draft, count = plan.next.draft, 0
        if draft:
            world = await self._engine.world(plan.next)
            count = need(plan.next, draft, world, look(draft, world)).count
        return notice_answer(plan, count, int(self._engine.rules.undo.total_seconds()), language)

    async def _ask(self, notice: Notice, pressing: Pressing, person: Person) -> None:
        """A new message that mentions the person and opens their reply field, with the present text to copy."""
        field, _, language = pressing.arg.partition("-") if pressing.verb == "field" else (pressing.verb, "", "")
        field = "body" if field == "update" else field
        language = language or shown_language(notice, self._chat_language())
        draft = notice.draft
        texts = draft.texts if draft else {}
        current = getattr(texts.get(language), field, "") if field in ("title", "body") else ""
        if field == "correct" and notice.updates:
            told = notice.updates[-1].texts.get(language)
            current = told.body if told else ""
        message = prompt_message(field.partition(" ")[0], language, current, mention(person.telegram, person.name), person.language or self._language)
        outcome = await self._send(message, "")
        if outcome is None or outcome.evidence is not Evidence.OK:
            return
        destination = self._support()
        chat = str(destination.address.get("chat", "")) if destination else ""
        await self._prompts.keep(
            Prompt(
                chat=chat, message_id=outcome.ref, notice=notice.id, field=field, person=person.id, name=person.name, language=language,
                revision=draft.revision if draft else "",
            ),
            self._clock.now(),
        )  # fmt: skip

    async def _answered(self, prompt: Prompt, reply: Reply) -> None:
        """The answer to a question; somebody else's is not taken for it."""
        person = reply.person
        if person.id != prompt.person:
            keys = self._keys()
            notice = await self._desk.load(prompt.notice)
            await self._send(not_yours(keys, notice, prompt.token, prompt.name, person.language or self._language), reply.reply_to)
            return
        plan = await self._carry_out(prompt, reply.text, person)
        if plan.reason is NoticeReason.EDIT_CONFLICT:
            kept = await self._prompts.keep(replace(prompt, text=reply.text), self._clock.now())
            await self._send(conflict(self._keys(), plan.next, kept.token, prompt.language, reply.text, person.language or self._language), reply.reply_to)
            return
        await self._prompts.forget(prompt)
        await self.take_away(prompt.chat, prompt.message_id)
        await self._tell_edit(plan, reply)

    async def _carry_out(self, prompt: Prompt, text: str, person: Person, revision: str | None = None) -> NoticePlan:
        actor, field = _actor(person), prompt.field
        based_on = prompt.revision if revision is None else revision
        if field == "title":
            return await self._engine.apply(prompt.notice, Edited(actor=actor, language=prompt.language, title=text, revision=based_on))
        if field == "body":
            return await self._engine.apply(prompt.notice, Edited(actor=actor, language=prompt.language, body=text, revision=based_on))
        if field == "correct":
            return await self._engine.apply(prompt.notice, Corrected(actor=actor, language=prompt.language, body=text))
        if field == "retract":
            return await self._engine.apply(prompt.notice, Retracted(actor=actor, why=text))
        if field == "glass":
            return await self._engine.apply(prompt.notice, BrokeGlass(actor=actor, revision=based_on, why=text))
        return await self._engine.apply(prompt.notice, Proposed(actor=actor, key=field.removeprefix("end "), agrees=True, reason=text))

    async def _settle(self, pressing: Pressing, person: Person, language: str) -> Said:
        """Two edited at once, or somebody takes a question over."""
        prompt = await self._prompts.by_token(pressing.arg)
        if prompt is None:
            return answer_text("gone", language), True
        if pressing.verb == "takeover":
            await self._prompts.keep(replace(prompt, person=person.id, name=person.name), self._clock.now())
            return "", False
        await self._prompts.forget(prompt)
        if pressing.verb == "theirs":
            return "", False
        plan = await self._carry_out(prompt, prompt.text, person, revision="")
        return await self._answer(plan, language)

    async def _tell_edit(self, plan: NoticePlan, reply: Reply) -> None:
        """The card shows what came of it; only what did not work is said."""
        if plan.reason in (NoticeReason.EDITED, NoticeReason.NOTHING_TO_DO, NoticeReason.RETRACTED, NoticeReason.GLASS_BROKEN, NoticeReason.APPROVED_ENOUGH):
            return
        said, _ = await self._answer(plan, reply.person.language or self._language)
        if said:
            await self._say(said, reply.reply_to)

    async def _by_card(self, chat: str, message_id: str) -> Notice | None:
        destination = self._support()
        if destination is None or str(destination.address.get("chat", "")) != chat:
            return None
        return await self._desk.by_card(message_id)

    async def _say(self, text: str, reply_to: str) -> None:
        markup = html.escape(text, quote=False)
        await self._send(Message(html=markup, plain=plain_text(markup), silent=True), reply_to)

    async def _send(self, message: Message, reply_to: str) -> Outcome | None:
        destination = self._support()
        voice = self._voices.get(destination.channel) if destination else None
        return await voice.send(destination, message, reply_to) if destination and voice else None

    async def take_away(self, chat: str, message_id: str) -> None:
        """Delete a question of ours; a chat that cannot delete keeps it."""
        destination = self._support()
        delete = getattr(self._voices.get(destination.channel), "delete", None) if destination else None
        if delete and destination and str(destination.address.get("chat", "")) == chat:
            await delete(destination, message_id)

    def _support(self) -> Destination | None:
        return self._rules.current.destinations.get(self._engine.rules.card)

    def _chat_language(self) -> str:
        destination = self._support()
        return (destination.language if destination else "") or self._language

    def _keys(self) -> Keys:
        destination = self._support()
        return Keys(key=self._key, chat=str(destination.address.get("chat", "")) if destination else "", language=self._chat_language())


def _actor(person: Person) -> Actor:
    return Actor(id=person.id, name=person.name, roles=person.roles)


def read_text(text: str, languages: tuple[str, ...], default: str) -> tuple[str, str | None, str]:
    """Language, title and text of a reply: `en:` at the start chooses another language, a first line apart from the rest is the title."""
    language, rest = default, text.strip()
    head, colon, tail = rest.partition(":")
    if colon and head.strip().lower() in languages:
        language, rest = head.strip().lower(), tail.strip()
    title, gap, body = rest.partition("\n\n")
    if gap and body.strip() and "\n" not in title and len(title) <= LONGEST_TITLE:
        return language, title.strip(), body.strip()
    return language, None, rest
