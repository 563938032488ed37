"""While the store is away for more than a minute: pages straight from the spool, by the rules and schedules this process still holds.

No incident, no buttons, no acknowledgement: the text says so. One page per group in ten minutes, twenty in an hour, then one summary.
Duplicates between replicas are possible and better than silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from receiver.channels.base import Channel, Message
from receiver.channels.view import name_of, views
from receiver.channels.visible import visible
from receiver.clock import Clock
from receiver.core.alert import Severity, matched_labels, service_of
from receiver.core.destination import Destination
from receiver.core.escalation import begin
from receiver.core.incident import RouteSnapshot
from receiver.engine import Rules
from receiver.sources.alertmanager import UndecodableError
from receiver.sources.reading import read
from receiver.store.spool import Spool, Spooled
from receiver.telemetry.logs import get_logger
from receiver.workers.respool import Respool

EVERY = 5.0
PATIENCE = timedelta(seconds=60)
AGAIN = timedelta(minutes=10)
MOST = 20
SPAN = timedelta(hours=1)
TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "head": "The router cannot store alerts right now, so this page has no buttons. Agree here who takes it.",
        "none": "The router cannot store alerts since {since} UTC. None has come meanwhile; those that come are told here without buttons.",
        "more": "More alerts came than can be told one by one while the store is away: webhooks waiting: {count}. See Alertmanager.",
    },
    "ru": {
        "head": "Сервис сейчас не может сохранять алерты, поэтому сообщение без кнопок. Договоритесь здесь, кто берёт.",
        "none": "Сервис не может сохранять алерты с {since} UTC. Новых пока не было; если придут, сообщим здесь, без кнопок.",
        "more": "Пока хранилище недоступно, алертов больше, чем можно показать по одному: ждут обработки: {count}. Смотрите Alertmanager.",
    },
}
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One group's firing alert, and where it goes."""

    key: str
    title: Mapping[str, str]
    route: RouteSnapshot
    service: str


class BreakGlass:
    """Runs until cancelled; everything it remembers is in memory, there is nowhere else."""

    def __init__(self, spool: Spool, respool: Respool, rules: Rules, channels: Mapping[str, Channel], clock: Clock, language: str) -> None:
        self._spool, self._respool, self._rules, self._channels = spool, respool, rules, channels
        self._clock, self._language = clock, language
        self._seen: set[str] = set()
        self._told: dict[str, datetime] = {}
        self._sent: list[datetime] = []
        self._noted: datetime | None = None
        self._summed: datetime | None = None

    async def run(self) -> None:
        """Loop: look, sleep."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Page what waits and was not paged, once the store has been away long enough."""
        since, now = self._respool.away_since, self._clock.now()
        if since is None:
            self._seen.clear()
            self._noted = None
            return
        if now - since < PATIENCE:
            return
        for name in self._spool.names():
            if name not in self._seen:
                self._seen.add(name)
                one = await self._spool.read(name)
                for page in self._pages(one) if one and one.is_firing else ():
                    await self._page(page, now)
        is_news, self._noted = self._noted is None and not self._seen, now
        if is_news:
            await self._tell(self._rules.current.fallback_destinations(), "none", since=f"{since:%H:%M}")

    def _pages(self, one: Spooled) -> Iterator[_Page]:
        rules, now = self._rules.current, self._clock.now()
        try:
            webhook = read(one.source, rules.sources.get(one.source), one.body, one.at)
        except UndecodableError:
            return
        for alert in webhook.alerts:
            if alert.status != "firing":
                continue
            labels, notes = alert.labels, alert.annotations
            severity = rules.severity(one.source, labels)[0]
            route = rules.route(matched_labels(labels, severity), now, rules.ignore_labels(one.source))
            name = notes.get("summary") or labels.get("alertname", "")
            title = {"en": name, "ru": notes.get("summary_ru") or name}
            if severity is not Severity.INFO and not route.is_quiet:
                yield _Page(key=rules.group_key(route), title=title, route=route, service=service_of(labels))

    async def _page(self, page: _Page, now: datetime) -> None:
        if now - self._told.get(page.key, now - AGAIN) < AGAIN:
            return
        self._told[page.key] = now
        self._sent = [at for at in self._sent if now - at < SPAN]
        if len(self._sent) >= MOST:
            if self._summed is None or now - self._summed >= SPAN:
                self._summed = now
                await self._tell(self._rules.current.fallback_destinations(), "more", count=str(self._spool.count))
            return
        self._sent.append(now)
        await self._tell(self._places(page, now), "head", page=page)

    def _places(self, page: _Page, now: datetime) -> tuple[Destination, ...]:
        """The route's places, and who is on call by its policy."""
        rules = self._rules.current
        found = {place.name: place for place in rules.destinations_of(page.route)}
        policy = rules.policy_of(page.route)
        if policy is not None:
            found.update({way.destination.name: way.destination for way in begin(policy, rules, now, service=page.service).ways})
        return tuple(found.values())

    async def _tell(self, places: tuple[Destination, ...], what: str, page: _Page | None = None, **said: str) -> None:
        for place in places:
            language = place.language if place.language in TEXTS else self._language
            named = name_of(page.service, views(self._rules.current), language) if page else ""
            line = f"🔴 {named}: {visible(page.title[language], 300)}\n" if page else ""
            text = line + TEXTS[language][what].format(**said)
            channel = self._channels.get(place.channel)
            if channel is None:
                continue
            outcome = await channel.send(place, Message(html=escape(text, quote=False), plain=text))
            log.warning("told without the store", destination=place.name, what=what, evidence=outcome.evidence.value)
