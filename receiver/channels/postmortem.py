"""A post-mortem to begin with: everything that is known of an incident, as Markdown or for programs, and empty places for what people find out.

Called by `web.postmortem`. What others wrote (alerts, names, errors of far ends) is escaped, so that it is neither markup nor HTML in
whatever shows it, and is one line each; addresses of destinations and secrets are not in it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from receiver.channels.moments import offset
from receiver.channels.postmortem_words import BY, COLUMNS, CONDITIONS, END_REASONS, FACTS, HEADS, KINDS, OUTCOMES, REASONS, SOUNDLESS
from receiver.channels.public_words import PHASES
from receiver.channels.render import ServiceView
from receiver.channels.view import links_of, name_of, title_of
from receiver.channels.visible import visible
from receiver.channels.words import SEVERITY, plural, span
from receiver.core.history import Past, Sent, TimelineEntry, episodes
from receiver.core.notice_record import Notice
from receiver.core.sound import window_of
from receiver.telemetry.logs import masked

MOST_ALERTS = 200
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_LEADING = re.compile(r"^(\d+)([.)])(?=\s|$)|^([+=-])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What a post-mortem is made of. `people` are names by id, `notices` those that told customers of this incident."""

    past: Past
    notices: Sequence[Notice]
    services: Mapping[str, ServiceView]
    people: Mapping[str, str]
    now: datetime


def escape(text: str, longest: int = 300) -> str:
    """The text as Markdown shows it and never obeys it."""
    flat = visible(masked(text), longest)
    return _LEADING.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", _MARKUP.sub(r"\\\1", flat))


def as_markdown(case: Case, language: str, timezone: str) -> str:
    """The whole document in one language; times are those of the zone."""
    return "\n".join(_Page(case, language, ZoneInfo(timezone)).lines()).rstrip() + "\n"


class _Page:
    def __init__(self, case: Case, language: str, zone: ZoneInfo) -> None:
        self._case, self._past, self._incident = case, case.past, case.past.incident
        self._language, self._zone, self._heads = language, zone, HEADS[language]
        self._at = 1 if language == "ru" else 0

    def lines(self) -> Iterator[str]:
        title = escape(title_of(self._incident, self._language))
        yield f"# {self._heads['title'].format(id=self._incident.id)}{f': {title}' if title else ''}"
        yield ""
        began = self._incident.opened_at.astimezone(self._zone)
        yield self._heads["zone"].format(zone=self._zone.key, offset=offset(began))
        for name, part in (
            ("summary", self._summary()),
            ("timeline", self._table("timeline", [self._entry(one) for one in self._past.timeline])),
            ("told", self._table("told", [self._message(one) for one in sorted(self._past.messages, key=_order)])),
            ("alerts", self._alerts()),
            ("evidence", self._evidence()),
            ("notices", self._notices()),
            ("causes", ()),
            ("actions", self._actions()),
        ):
            yield from ("", f"## {self._heads[name]}", "", *part)

    def _summary(self) -> Iterator[str]:
        one, words = self._incident, FACTS[self._language]
        systems = one.systems or tuple(dict.fromkeys(alert.service for alert in one.alerts.values() if alert.service))
        ended = self._when(one.resolved_at) if one.resolved_at else self._heads["still_open"]
        facts = {
            "systems": ", ".join(escape(name_of(service, self._case.services, self._language)) for service in systems),
            "severity": SEVERITY[self._language][one.severity.value],
            "began": self._when(one.opened_at),
            "acknowledged": self._answers(),
            "ended": ended,
            "lasted": span((one.resolved_at or self._case.now) - one.opened_at, self._language),
            "reason": escape(self._word(END_REASONS, one.end_reason)) + (f" ({escape(one.resolved_by)})" if one.resolved_by else ""),
            "reopened": plural(one.reopened, "time", self._language) if one.reopened else "",
            "route": escape(f"{one.route.route_id} ({one.route.where})") if one.route else "",
            "rules": escape(one.route.rules_version) if one.route else "",
        }
        yield from (f"- {words[name]}: {text}" for name, text in facts.items() if text)

    def _answers(self) -> str:
        found = [one for one in episodes(self._past) if one.answered_at]
        said = [BY[self._language].format(name=escape(self._name(one.answered_by)), span=self._span(one.began_at, one.answered_at)) for one in found]
        return "; ".join(said) or self._heads["nobody"]

    def _entry(self, one: TimelineEntry) -> tuple[str, ...]:
        return self._when(one.at), self._word(REASONS, one.reason), escape(self._name(one.by)), escape(one.text)

    def _message(self, one: Sent) -> tuple[str, ...]:
        outcome = OUTCOMES[self._language].get("sent" if one.sent_at else one.state, one.state)
        why = escape(one.reason) if one.state in ("dead", "skipped") and not one.sent_at else ""
        to = escape(self._name(one.person) if one.person else one.to)
        if window := window_of(one.hush):
            outcome += SOUNDLESS[self._language].format(window=escape(window))
        return self._when(one.sent_at), to, escape(one.channel), self._word(KINDS, one.kind), f"{outcome}: {why}" if why else outcome

    def _alerts(self) -> Iterator[str]:
        alerts = sorted(self._incident.alerts.values(), key=lambda alert: (alert.starts_at, alert.name, alert.id))
        rows = []
        for alert in alerts[:MOST_ALERTS]:
            condition = self._incident.conditions.get(alert.id)
            where = alert.labels.get("instance") or alert.labels.get("pod") or alert.service
            ended = self._word(CONDITIONS, condition.kind.value) if condition and not alert.is_firing else ""
            until = self._when(alert.ends_at) if not alert.is_firing else ""
            rows.append((escape(alert.name), escape(where), SEVERITY[self._language][alert.severity.value], self._when(alert.starts_at), until, ended))
        yield from self._table("alerts", rows)
        if len(alerts) > MOST_ALERTS:
            yield from ("", self._heads["more"].format(count=len(alerts) - MOST_ALERTS))
        if self._incident.truncated:
            yield from ("", self._heads["cut"].format(count=self._incident.truncated))

    def _evidence(self) -> Iterator[str]:
        links = links_of(self._incident, self._case.services, self._language, self._case.now)
        yield from (f"- [{escape(link['name'])}](<{link['url']}>)" for link in links)
        if not links:
            yield self._heads["none"]

    def _notices(self) -> Iterator[str]:
        if not self._case.notices:
            yield self._heads["no_notices"]
        for notice in self._case.notices:
            for update in notice.updates:
                text = update.texts.get(self._language) or next(iter(update.texts.values()), None)
                said = f"{self._when(update.at)} · {PHASES[self._language][update.phase]}"
                if update.is_retracted or text is None:
                    yield f"- {said} · {self._heads['retracted']}"
                    continue
                yield f"- {said} · {escape(text.title)}"
                yield from (f"  > {escape(line, 2000)}" for line in text.body.splitlines() if line.strip())

    def _actions(self) -> Iterator[str]:
        yield from (self._heads["action_row"], "| --- | --- | --- |", "|  |  |  |")

    def _table(self, name: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
        if not rows:
            yield self._heads["none"]
            return
        columns = COLUMNS[self._language][name]
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        yield from (f"| {' | '.join(row)} |" for row in rows)

    def _when(self, instant: datetime | None) -> str:
        """With seconds: what came first matters. The day is always there: this is read weeks later."""
        return instant.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S") if instant else ""

    def _span(self, start: datetime, end: datetime | None) -> str:
        return span((end or start) - start, self._language) if end else span(timedelta(0), self._language)

    def _name(self, actor: str) -> str:
        return self._case.people.get(actor, actor)

    def _word(self, words: Mapping[str, tuple[str, str]], name: str) -> str:
        found = words.get(name)
        return found[self._at] if found else escape(name.replace("_", " "))


def as_facts(case: Case) -> dict[str, Any]:
    """The same for programs; instants are aware, in UTC."""
    one = case.past.incident
    return {
        "id": one.id,
        "state": one.state.value,
        "severity": one.severity.value,
        "title": visible(masked(title_of(one, "en"))),
        "systems": list(one.systems),
        "opened_at": one.opened_at,
        "resolved_at": one.resolved_at,
        "end_reason": one.end_reason,
        "resolved_by": one.resolved_by,
        "reopened": one.reopened,
        "route": one.route.where if one.route else "",
        "rules_version": one.route.rules_version if one.route else "",
        "episodes": list(episodes(case.past)),
        "timeline": list(case.past.timeline),
        "messages": sorted(case.past.messages, key=_order),
        "alerts": [
            {
                "alertname": alert.name,
                "status": alert.status.value,
                "severity": alert.severity.value,
                "starts_at": alert.starts_at,
                "ends_at": alert.ends_at,
                "labels": dict(alert.labels),
                "condition": one.conditions[alert.id].kind.value if alert.id in one.conditions else None,
            }
            for alert in one.alerts.values()
        ],
        "links": links_of(one, case.services, "en", case.now),
        "notices": [{"id": notice.id, "updates": list(notice.updates)} for notice in case.notices],
        "causes": "",
        "actions": [],
    }


def _order(one: Sent) -> tuple[bool, float, str, str]:
    return one.sent_at is None, one.sent_at.timestamp() if one.sent_at else 0.0, one.to, one.kind
