"""What people may ask for by a command: the table, and the commands that need no file of their own. Called by `chat.desk`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from receiver.channels.answers import answer_text
from receiver.channels.words import ago
from receiver.chat import planned as planning
from receiver.chat import silence as silencer
from receiver.chat import silence_words as words
from receiver.chat import swap as swapping
from receiver.chat.account import Account
from receiver.chat.asked import Answer, Asked, shown
from receiver.chat.condition import Condition
from receiver.chat.listing import LIST, PICK, Listing
from receiver.chat.notice_command import NoticeCommand
from receiver.chat.planned import Planned
from receiver.chat.silence import Silencing
from receiver.chat.swap import Swaps
from receiver.core.errors import UnknownIncidentError
from receiver.core.event import Acknowledge, Resolve, Split
from receiver.core.incident import Incident, IncidentId
from receiver.core.plan import Plan, Reason
from receiver.core.roles import Verb, is_allowed
from receiver.engine import Engine
from receiver.store.incidents import Incidents
from receiver.trial.examples import Page
from receiver.trial.explain import explain_incident
from receiver.trial.telling import tell

_TAKES_RU = {"[schedule] [time]": "[расписание] [время]", "PERSON": "КТО", "[component text]": "[компонент текст]"}
Handler = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One line of `/help`: what it takes, what it does in English and Russian, and who may."""

    verb: Verb
    takes: str
    english: str
    russian: str
    run: Handler


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The commands that have a file of their own."""

    condition: Condition
    account: Account
    planned: Planned
    swaps: Swaps
    silencing: Silencing
    notices: NoticeCommand


class Commands:
    """All commands and menus by name."""

    def __init__(self, engine: Engine, incidents: Incidents, page: Page, parts: Parts) -> None:
        self._engine, self._incidents, self._page, self._silencing = engine, incidents, page, parts.silencing
        planned, swaps, silencing = parts.planned, parts.swaps, parts.silencing
        listing = Listing(incidents)
        self.table: Mapping[str, Command] = {
            "incidents": Command(verb=Verb.INCIDENTS, takes="[all]", english="what is open", russian="что открыто", run=listing.asked),
            "oncall": Command(verb=Verb.ONCALL, takes="[schedule] [time]", english="who is on call", russian="кто дежурит", run=parts.condition.duty),
            "status": Command(
                verb=Verb.STATUS, takes="", english="is all well, here and with the service itself", russian="всё ли в порядке", run=parts.condition.asked
            ),
            "ack": Command(verb=Verb.ACKNOWLEDGE, takes="INC-n", english="take an incident", russian="взять инцидент", run=self._ack),
            "resolve": Command(verb=Verb.RESOLVE, takes="INC-n", english="declare an incident over", russian="закрыть инцидент", run=self._resolve),
            "split": Command(verb=Verb.SPLIT, takes="INC-n", english="it is a fault of its own", russian="это отдельный сбой", run=self._split),
            "why": Command(verb=Verb.WHY, takes="INC-n", english="why it came here", russian="почему он пришёл сюда", run=self._why),
            "silence": Command(
                verb=Verb.SILENCE, takes="INC-n [2h]", english="silence it in Alertmanager", russian="заглушить в Alertmanager", run=silencing.asked
            ),
            "maintenance": Command(verb=Verb.MAINTENANCE, takes="[2h service=…]", english="planned work", russian="плановые работы", run=planned.asked),
            "swap": Command(verb=Verb.SWAP, takes="", english="offer a shift of yours", russian="отдать свою смену", run=swaps.asked),
            "notice": Command(
                verb=Verb.NOTICE,
                takes="[component text]",
                english="tell customers; alone: what they are told now",
                russian="сообщить клиентам; без слов: что им сказано сейчас",
                run=parts.notices.asked,
            ),
            "link": Command(
                verb=Verb.LINK, takes="PERSON", english="a code that links a person's account", russian="код для привязки аккаунта", run=parts.account.link
            ),
            "unlink": Command(verb=Verb.UNLINK, takes="", english="forget my account", russian="отвязать мой аккаунт", run=parts.account.unlink),
            "help": Command(verb=Verb.HELP, takes="", english="this list", russian="этот список", run=self._help),
        }
        self.menus: Mapping[str, tuple[Verb, Handler]] = {
            PICK: (Verb.INCIDENTS, listing.turned),
            LIST: (Verb.INCIDENTS, listing.of_storm),
            silencer.ASK: (Verb.SILENCE, silencing.pressed),
            words.MAKE: (Verb.SILENCE, silencing.made),
            words.ONE: (Verb.SILENCE, silencing.narrowed),
            words.DROP: (Verb.SILENCE, silencing.dropped),
            words.UNDO: (Verb.SILENCE, silencing.undone),
            planning.BEGIN: (Verb.MAINTENANCE, planned.begun),
            planning.DROP: (Verb.MAINTENANCE, planned.dropped),
            planning.END: (Verb.MAINTENANCE, planned.ended),
            swapping.OFFER: (Verb.SWAP, swaps.offered),
            swapping.TAKE: (Verb.SWAP, swaps.taken),
            swapping.WITHDRAW: (Verb.SWAP, swaps.withdrawn),
        }

    async def _help(self, asked: Asked) -> Answer:
        lines = [asked.say("<b>Commands</b>", "<b>Команды</b>")]
        for name, one in self.allowed(asked):
            takes = asked.say(one.takes, _TAKES_RU.get(one.takes, one.takes))
            lines.append(f"/{name} {shown(takes)}".strip() + f" — {asked.say(one.english, one.russian)}")
        return Answer(text="\n".join(lines))

    def allowed(self, asked: Asked) -> list[tuple[str, Command]]:
        """The commands this person's roles may use."""
        roles = asked.person.roles if asked.person else frozenset[str]()
        return [(name, one) for name, one in self.table.items() if is_allowed(one.verb, roles)]

    async def _find(self, asked: Asked) -> Incident | Answer:
        """The incident that the first word names: `INC-412`, `inc-412` or `412`."""
        word = asked.words[0].upper() if asked.words else ""
        wanted = f"INC-{word}" if word.isdigit() else word
        if not wanted:
            example = f"/{asked.name} INC-412"
            return Answer(text=asked.say(f"Which incident? Write {example}", f"Какой инцидент? Напишите {example}"), result="unclear")
        try:
            return await self._incidents.load(IncidentId(wanted))
        except UnknownIncidentError:
            text = asked.say(f"There is no incident {shown(wanted)}. /incidents shows what is open.", f"Нет инцидента {shown(wanted)}. Что открыто: /incidents")
            return Answer(text=text, result="no such incident", target=wanted[:40])

    async def _ack(self, asked: Asked) -> Answer:
        return await self._apply(asked)

    async def _resolve(self, asked: Asked) -> Answer:
        return await self._apply(asked)

    async def _split(self, asked: Asked) -> Answer:
        return await self._apply(asked)

    async def _apply(self, asked: Asked) -> Answer:
        found = await self._find(asked)
        if isinstance(found, Answer) or asked.person is None:
            return found if isinstance(found, Answer) else Answer()
        event = _EVENTS[asked.name](by=asked.person.id, name=asked.person.name)
        plan = await self._engine.apply(found.id, event)
        return Answer(text=_outcome(asked, plan), result=plan.reason.value, target=found.id)

    async def _why(self, asked: Asked) -> Answer:
        found = await self._find(asked)
        if isinstance(found, Answer):
            return found
        explained = replace(explain_incident(asked.book, found, self._page), texts={})
        lasting = [
            words.made_text(replace(one, language=asked.language, timezone=asked.timezone), asked.now) for one in await self._silencing.of_incident(found.id)
        ]
        return Answer(text="\n".join([shown_lines(tell(explained, asked.language, asked.timezone)), *lasting]), target=found.id)


_EVENTS: Mapping[str, type[Acknowledge | Resolve | Split]] = {"ack": Acknowledge, "resolve": Resolve, "split": Split}


def _outcome(asked: Asked, plan: Plan) -> str:
    """The same words as under a button."""
    incident, language = plan.before, asked.language
    match plan.reason:
        case Reason.ACKNOWLEDGED:
            return answer_text("acked", language, id=incident.id)
        case Reason.ALREADY_ACKNOWLEDGED:
            since = ago(asked.now - (incident.acknowledged_at or asked.now), language)
            return shown(answer_text("already_acked", language, by=incident.acknowledged_by, ago=since), 200)
        case Reason.SPLIT | Reason.NOT_POSSIBLE:
            said = "split" if incident.is_storm else "apart"
            return answer_text(said if plan.reason is Reason.SPLIT else "not_possible", language, id=incident.id)
        case Reason.RESOLVED_BY_HAND:
            return answer_text("resolved", language, id=incident.id)
        case Reason.ALREADY_RESOLVED if incident.resolved_by:
            return shown(answer_text("already_resolved", language, by=incident.resolved_by), 200)
        case _:
            return answer_text("closed", language)


def shown_lines(text: str) -> str:
    """Lines of somebody else's text, each made safe to show."""
    indents = [(line, len(line) - len(line.lstrip())) for line in text.strip().splitlines()]
    return "\n".join(" " * spaces + shown(line, 600) for line, spaces in indents)
