"""Where updates of chats are taken one by one: a press goes to `buttons`, a menu's press and a command to `commands`; each is answered once.

An update is finished only when its answer is out of our hands; what a crash leaves is taken again by any replica.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from receiver.channels.answers import for_popup
from receiver.channels.base import Button, Message
from receiver.channels.render import to_plain
from receiver.chat.account import Account
from receiver.chat.asked import Answer, Asked, Choice, Place
from receiver.chat.buttons import Answerer, Buttons
from receiver.chat.commands import Commands
from receiver.chat.notices import NoticeChat
from receiver.chat.post import Post
from receiver.chat.reader import Readers
from receiver.chat.refusal import Refusals
from receiver.chat.subscribing import Subscribing
from receiver.chat.update import Chosen, Spoken, read_choice, read_command, read_reply
from receiver.clock import Clock
from receiver.core.callback import read, sign
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.incident import IncidentId
from receiver.core.roles import Verb, is_allowed
from receiver.store.audit import Audit, Deed
from receiver.store.intake import Intake, Update
from receiver.telemetry.logs import get_logger

IN_FLIGHT = 4
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """How answers leave (the post, and the answerers of presses by where they came from), and where it is noted that they did. `customers` is who
    takes what they write, where they and we share a bot."""

    post: Post
    answerers: Mapping[str, Answerer]
    key: bytes
    refusals: Refusals
    audit: Audit
    customers: Subscribing | None = None


class Desk:
    """Consumes stored updates until cancelled. `bot_name` is none until Telegram has said it; a command addressed by name waits for it."""

    def __init__(
        self, intake: Intake, buttons: Buttons, commands: Commands, account: Account, readers: Readers, means: Means, clock: Clock, notices: NoticeChat
    ) -> None:
        self._intake, self._buttons, self._commands, self._account = intake, buttons, commands, account
        self._readers, self._means, self._clock = readers, means, clock
        self._refusals, self._audit = means.refusals, means.audit
        self._notices = notices
        self._free = asyncio.Semaphore(IN_FLIGHT)
        self.bot_name: str | None = None

    async def run(self) -> None:
        """Loop: take, answer, finish. A slow answer to a command holds up no press."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    for update in await self._intake.take():
                        await self._one(update, group)
                except StoreUnavailableError as fault:
                    log.warning("store unavailable, chat waits", error=str(fault))
                    await asyncio.sleep(1)

    async def _one(self, update: Update, group: asyncio.TaskGroup) -> None:
        if "message" in update.body:
            await self._free.acquire()
            group.create_task(self._in_flight(update))
        elif await self._is_customers(update):
            return
        elif (chosen := read_choice(update.body)) and _action(chosen) in self._commands.menus:
            await self._choose(update, chosen)
        else:
            await self._buttons.take(update)

    async def _is_customers(self, update: Update) -> bool:
        taken = await self._means.customers.take(update) if self._means.customers else None
        if taken:
            await self._intake.finish(update)
        return taken is not None

    async def _in_flight(self, update: Update) -> None:
        try:
            if await self._is_customers(update):
                return
            spoken = read_command(update.body, self.bot_name)
            if spoken is not None and spoken.is_for_whom_unknown:
                return
            if spoken is None and (reply := read_reply(update.body)):
                await self._notices.heard(reply)
            if spoken is None or await self._answered(update, spoken):
                await self._intake.finish(update)
        except ReceiverError as fault:
            log.warning("command not answered, comes again", error=str(fault))
        finally:
            self._free.release()

    async def _answered(self, update: Update, spoken: Spoken) -> bool:
        """Do what the command says and say so; False when the answer must be tried again."""
        asked = self._readers.asked(spoken.name, spoken.rest, spoken.place, spoken.user)
        answer = await self._answer(asked, spoken)
        if answer is None:
            return True
        identity = _identity(update)
        await self._note(identity, asked, spoken.name, answer)
        if not answer.text:
            return True
        await self._say_elsewhere(identity, answer)
        return await self._means.post.say(identity, asked.place.destination(), self._message(asked.place, answer), spoken.message_id)

    async def _say_elsewhere(self, identity: str, answer: Answer) -> None:
        for n, one in enumerate(answer.elsewhere):
            place = Place(via=one.there.channel, chat=str(one.there.address.get("chat", "")), name=one.there.name)
            await self._means.post.say(f"{identity}:{n}", one.there, self._message(place, Answer(text=one.text, rows=one.rows)))

    async def _answer(self, asked: Asked, spoken: Spoken) -> Answer | None:
        """None for what is nothing to us: unknown commands in groups, and chats the rules do not know."""
        place = asked.place
        if spoken.name == "start":
            return await self._start(asked)
        if not place.is_private and not place.name:
            return _unknown_chat(asked) if spoken.is_addressed else None
        command = self._commands.table.get(spoken.name)
        if command is None:
            return _unknown(asked) if spoken.is_addressed and asked.person else None
        if asked.person is None or not is_allowed(command.verb, asked.person.roles):
            return await self._refused(asked)
        return await command.run(asked)

    async def _start(self, asked: Asked) -> Answer | None:
        if not asked.place.is_private:
            return None
        if asked.words:
            return await self._account.redeem(asked)
        if asked.person is None:
            return await self._refused(asked)
        return await self._commands.table["help"].run(asked)

    async def _refused(self, asked: Asked) -> Answer:
        """Said three times an hour to one account; then it is only counted."""
        if not await self._refusals.count(asked.place.via, asked.user):
            return Answer(result="refused")
        if asked.person is not None:
            english, russian = (
                "You may not do this. Ask an admin to give you the role in people.yaml.",
                "У вас нет права на это. Попросите администратора добавить роль в people.yaml.",
            )
        else:
            english = f"I do not know this account. Ask an admin for a link code, or to put telegram: {asked.user} into people.yaml."
            russian = f"Я не знаю этот аккаунт. Попросите у администратора код привязки или запись telegram: {asked.user} в people.yaml."
        return Answer(text=asked.say(english, russian), result="refused")

    async def _choose(self, update: Update, chosen: Chosen) -> None:
        """A menu's button: believed only when we signed it for this chat; then the message is edited in place."""
        popup = ""
        try:
            asked, verb, answer = await self._turn(chosen)
            await self._note(_identity(update), asked, verb, answer)
            popup = answer.popup
            await self._say_elsewhere(_identity(update), answer)
            if answer.text:
                await self._means.post.change(asked.place.destination(), chosen.message_id, self._message(asked.place, answer))
        except StoreUnavailableError:
            raise
        except ReceiverError as fault:
            log.warning("press failed, comes again", error=str(fault))
            return
        answerer = self._means.answerers.get(chosen.place.via)
        if answerer:
            await answerer.answer(chosen.callback_id, for_popup(popup), bool(popup))
        await self._intake.finish(update)

    async def _turn(self, chosen: Chosen) -> tuple[Asked, str, Answer]:
        place, key = chosen.place, self._means.key
        pressed = read(key, chosen.data, place.chat) or (read(key, chosen.data, place.username) if place.username else None)
        argument = str(pressed.incident_id) if pressed else ""
        asked = self._readers.asked(pressed.action if pressed else "", argument, place, chosen.user)
        if pressed is None:
            return asked, "press", Answer(result="forged", popup=asked.say("This button is not valid here", "Эта кнопка здесь не действует"))
        asked = replace(asked, message_id=chosen.message_id)
        verb, run = self._commands.menus[pressed.action]
        if asked.person is None or not is_allowed(verb, asked.person.roles):
            await self._refusals.count(place.via, asked.user)
            return asked, verb.value, Answer(result="refused", popup=asked.say("You may not do this", "У вас нет права на это действие"))
        return asked, verb.value, await run(asked)

    async def _note(self, identity: str, asked: Asked, verb: str, answer: Answer) -> None:
        if verb in (Verb.HELP, "start") and answer.result == "told":
            return  # reading the help is no deed
        deed = Deed(at=self._clock.now(), actor=asked.actor, via=asked.place.via, verb=verb, target=answer.target, result=answer.result)
        await self._audit.note(identity, deed)

    def _message(self, place: Place, answer: Answer) -> Message:
        rows = tuple(tuple(self._button(place, choice) for choice in row) for row in answer.rows)
        return Message(html=answer.text, plain=to_plain(answer.text), buttons=rows, silent=True)

    def _button(self, place: Place, choice: Choice) -> Button:
        label, action, argument = choice
        return Button(label=label, data=sign(self._means.key, action, IncidentId(argument), place.chat))


def _action(chosen: Chosen) -> str:
    parts: Sequence[str] = chosen.data.split(":")
    return parts[1] if len(parts) > 1 else ""


def _identity(update: Update) -> str:
    number = update.body.get("update_id")
    return f"update:{number}" if isinstance(number, int) else f"update:{update.id.decode()}"


def _unknown(asked: Asked) -> Answer:
    return Answer(text=asked.say("I do not know this command. /help lists those I know.", "Такой команды нет. Все команды: /help"), result="unknown")


def _unknown_chat(asked: Asked) -> Answer | None:
    """Who sets the product up learns the chat's id; strangers learn nothing."""
    if asked.person is None:
        return None
    chat = asked.place.chat
    return Answer(
        text=asked.say(
            f"This chat is not in destinations.yaml. Its id is <code>{chat}</code>.", f"Этого чата нет в destinations.yaml. Его номер: <code>{chat}</code>."
        ),
        result="unknown chat",
    )
