"""`/link`, `/start CODE`, `/unlink`: whose Telegram account this is, for people whom people.yaml gives none. Called by `chat`."""

from collections.abc import Awaitable, Callable

from receiver.chat.asked import Answer, Asked, shown
from receiver.core.suggest import suggest
from receiver.store.links import Links

Refresh = Callable[[], Awaitable[object]]
TELEGRAM = "telegram"


class Account:
    """`refresh` lays a new link over the rules of this replica at once; the others follow within a second."""

    def __init__(self, links: Links, refresh: Refresh) -> None:
        self._links, self._refresh = links, refresh

    async def link(self, asked: Asked) -> Answer:
        """A code for the person named; only in a private chat, for whoever reads it can use it."""
        if not asked.place.is_private:
            text = asked.say(
                "Write this to me in private: the code is for one person only.", "Напишите мне это в личный чат: код предназначен одному человеку."
            )
            return Answer(text=text, result="not in private")
        name = asked.words[0] if asked.words else ""
        person = asked.book.people.get(name)
        if person is None:
            text = asked.say(f"Nobody is “{name}”, {suggest(name, asked.book.people)}", f"«{name}» нет в people.yaml, там: {', '.join(asked.book.people)}")
            return Answer(text=shown(text, 300), result="no such person", target=name[:40])
        if person.telegram is not None and not person.is_linked:
            text = asked.say(
                f"{shown(person.name)} has a telegram id in people.yaml already, and that one holds.",
                f"У {shown(person.name)} уже есть telegram в people.yaml, действует он.",
            )
            return Answer(text=text, result="in people.yaml", target=person.id)
        code = await self._links.new_code(person.id)
        text = asked.say(
            f"Ask {shown(person.name)} to send me this in private within 10 minutes:\n<code>/start {code}</code>\nIt works once.",
            f"Пусть {shown(person.name)} в течение 10 минут пришлёт мне в личный чат:\n<code>/start {code}</code>\nКод действует один раз.",
        )
        return Answer(text=text, result="code made", target=person.id)

    async def redeem(self, asked: Asked) -> Answer:
        """`/start CODE`: the account of who sends it becomes that person's."""
        owner = await self._links.redeem(asked.words[0], asked.user) if asked.user.isdigit() else None
        person = asked.book.people.get(owner) if owner else None
        if person is None:
            text = asked.say(
                "This code is not valid: it may be used, older than 10 minutes, or mistyped. Ask an admin for a new one.",
                "Код не действует: он уже использован, старше 10 минут или набран с ошибкой. Попросите у администратора новый.",
            )
            return Answer(text=text, result="wrong code")
        holder = asked.book.person_by_telegram(int(asked.user))
        if (holder is not None and not holder.is_linked) or (person.telegram is not None and not person.is_linked):
            text = asked.say(
                "people.yaml decides whose account this is; ask an admin to change it there.",
                "Чей это аккаунт, решает people.yaml; попросите администратора изменить его там.",
            )
            return Answer(text=text, result="in people.yaml", target=person.id)
        await self._links.link(int(asked.user), person.id)
        await self._refresh()
        text = asked.say(f"You are {shown(person.name)} now. /help shows what you can do.", f"Теперь вы — {shown(person.name)}. Что вы можете: /help")
        return Answer(text=text, result="linked", target=person.id)

    async def unlink(self, asked: Asked) -> Answer:
        """Forget this account; one of people.yaml stays."""
        if asked.place.via != TELEGRAM or not await self._links.unlink(int(asked.user)):
            text = asked.say(
                "Your account comes from people.yaml; an admin can change it there.", "Ваш аккаунт записан в people.yaml; изменить его там может администратор."
            )
            return Answer(text=text, result="in people.yaml")
        await self._refresh()
        return Answer(
            text=asked.say("Forgotten: I no longer know this account.", "Готово: этот аккаунт больше ни к кому не привязан."),
            result="unlinked",
            target=asked.actor,
        )
