"""What each button asks for: the verb whose right is checked, and the event it becomes. Called by `chat.buttons`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from receiver.core.event import Acknowledge, Escalate, Keep, Press, Release, Resolve
from receiver.core.roles import Verb
from receiver.core.rulebook import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One button; without an event it shows something and changes nothing."""

    verb: Verb
    event: Callable[[Person], Press] | None = None


ACTIONS: Mapping[str, Action] = {
    "ack": Action(verb=Verb.ACKNOWLEDGE, event=lambda person: Acknowledge(by=person.id, name=person.name)),
    "resolve": Action(verb=Verb.RESOLVE, event=lambda person: Resolve(by=person.id, name=person.name)),
    "keep": Action(verb=Verb.KEEP, event=lambda person: Keep(by=person.id, name=person.name)),
    "release": Action(verb=Verb.RELEASE, event=lambda person: Release(by=person.id, name=person.name)),
    "escalate": Action(verb=Verb.ESCALATE, event=lambda person: Escalate(by=person.id, name=person.name)),
    "why": Action(verb=Verb.WHY),
}
