"""Who asks, and in which language and zone the answer is read: the person's, else the chat's, else the installation's. Called by `chat.desk`."""

from dataclasses import replace

from receiver.chat.asked import Asked, Place
from receiver.clock import Clock
from receiver.core.incident import Destination
from receiver.core.rulebook import Person, RuleBook
from receiver.engine import Rules


class Readers:
    """Looks people and chats up in the rules in force at the moment of asking."""

    def __init__(self, rules: Rules, clock: Clock, *, language: str, timezone: str) -> None:
        self._rules, self._clock, self._language, self._timezone = rules, clock, language, timezone

    def asked(self, name: str, rest: str, place: Place, user: str) -> Asked:
        """The whole question."""
        book = self._rules.current
        person, chat = find_person(book, place.via, user), find_chat(book, place)
        return Asked(
            name=name,
            words=tuple(rest.split()),
            rest=rest,
            place=replace(place, name=place.name or (chat.name if chat else "")),
            user=user,
            person=person,
            language=(person.language if person else "") or (chat.language if chat else "") or self._language,
            timezone=(person.timezone if person else "") or (chat.timezone if chat else "") or self._timezone,
            now=self._clock.now(),
            book=book,
        )


def find_person(book: RuleBook, via: str, user: str) -> Person | None:
    """Who it is, by the roster of this moment; the browser chat's page names people by their id."""
    if via == "browser":
        return book.people.get(user)
    return book.person_by_telegram(int(user)) if user.isdigit() else None


def find_chat(book: RuleBook, place: Place) -> Destination | None:
    """The destination that is this chat; of several the one of this topic, else the first."""
    names = {place.chat, place.username} - {""}
    found = [one for one in book.destinations.values() if str(one.address.get("chat", "")) in names]
    mine = [one for one in found if one.address.get("topic") == place.topic]
    return next(iter(mine or found), None)
