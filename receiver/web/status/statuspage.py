"""Statuspage's public API (v2), so that its clients read our page. Pure; called by `document`.

Field names and words are those of Statuspage. `summary` holds faults that are not over and work that is not done; the lists hold all.
Withdrawn notices are in none of them. Ids are opaque, stable, and not those of incidents.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from receiver.channels.public_words import known
from receiver.core.notice import Impact, Phase, PublicNotice, PublicText, Update
from receiver.core.notice_rules import PublicComponent
from receiver.web.status.edition import Edition, iso, stable_id, text_in
from receiver.web.status.notice_view import pick
from receiver.web.status.words import BANNERS

MOST = 50  # as many as Statuspage lists
_IMPACTS = {
    Impact.OPERATIONAL: "none",
    Impact.UNDER_MAINTENANCE: "maintenance",
    Impact.DEGRADED_PERFORMANCE: "minor",
    Impact.PARTIAL_OUTAGE: "major",
    Impact.MAJOR_OUTAGE: "critical",
}
_EPOCH = "2020-01-01T00:00:00.000Z"  # components have no date of their own


class Answers:
    """What each path answers, for one edition and language."""

    def __init__(self, edition: Edition, language: str) -> None:
        self._edition, self._language = edition, language
        self._page = stable_id("page")

    def summary(self) -> dict[str, Any]:
        """Everything that is not over."""
        return {
            **self.components(),
            "incidents": [self._incident(n) for n in self._edition.open],
            "scheduled_maintenances": [self._work(n) for n in self._edition.works],
            **self.status(),
        }

    def status(self) -> dict[str, Any]:
        """The one word."""
        site, word = self._edition.site, self._edition.indicator
        page = {
            "id": self._page,
            "name": site.name(self._language),
            "url": site.url(""),
            "time_zone": site.timezone,
            "updated_at": iso(self._edition.updated_at),
        }
        return {"page": page, "status": {"indicator": word, "description": BANNERS[known(self._language)][word]}}

    def components(self) -> dict[str, Any]:
        """Components, and groups as Statuspage has them: components of their own kind."""
        site = self._edition.site
        found = [self._component(c, at) for at, c in enumerate(site.components, 1)]
        for at, (group, names) in enumerate(site.groups.items(), len(found) + 1):
            inside = [c for c in site.components if c.group == group]
            if inside:
                found.append(self._group(group, text_in(names, self._language), inside, at))
        return {"page": self.status()["page"], "components": found}

    def incidents(self) -> dict[str, Any]:
        """Faults, the newest first."""
        return self._listed("incidents", (n for n in self._edition.notices if not n.is_maintenance), self._incident)

    def unresolved(self) -> dict[str, Any]:
        """Faults that are not over."""
        return self._listed("incidents", self._edition.open, self._incident)

    def works(self) -> dict[str, Any]:
        """Planned work, the newest first."""
        return self._listed("scheduled_maintenances", (n for n in self._edition.notices if n.is_maintenance), self._work)

    def upcoming(self) -> dict[str, Any]:
        """Planned work that has not begun."""
        return self._listed("scheduled_maintenances", (n for n in self._edition.works if n.phase is Phase.SCHEDULED), self._work)

    def active(self) -> dict[str, Any]:
        """Planned work under way."""
        return self._listed("scheduled_maintenances", (n for n in self._edition.works if n.phase is not Phase.SCHEDULED), self._work)

    def _listed(self, name: str, notices: Iterable[PublicNotice], shown: Callable[[PublicNotice], dict[str, Any]]) -> dict[str, Any]:
        found = [shown(n) for n in notices if not n.is_retracted]
        return {"page": self.status()["page"], name: found[:MOST]}

    def _component(self, component: PublicComponent, position: int) -> dict[str, Any]:
        state = self._edition.states[component.id]
        return {
            "id": component.id,
            "name": text_in(component.names, self._language),
            "status": state.impact.value,
            "created_at": _EPOCH,
            "updated_at": iso(state.since) if state.since else _EPOCH,
            "position": position,
            "description": text_in(component.descriptions, self._language) or None,
            "showcase": True,
            "start_date": None,
            "group_id": stable_id("group", component.group) if component.group in self._edition.site.groups else None,
            "page_id": self._page,
            "group": False,
            "only_show_if_degraded": component.only_show_if_degraded,
        }

    def _group(self, group: str, name: str, inside: list[PublicComponent], position: int) -> dict[str, Any]:
        worst = max((self._edition.states[c.id].impact for c in inside), key=lambda impact: impact.rank)
        return {
            "id": stable_id("group", group),
            "name": name,
            "status": worst.value,
            "created_at": _EPOCH,
            "updated_at": _EPOCH,
            "position": position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self._page,
            "group": True,
            "only_show_if_degraded": False,
            "components": [c.id for c in inside],
        }

    def _incident(self, notice: PublicNotice) -> dict[str, Any]:
        title, _ = pick(notice.titles, self._language)
        return {
            "id": notice.id,
            "name": title or "",
            "status": "completed" if notice.phase is Phase.CANCELLED else notice.phase.value,
            "created_at": iso(notice.published_at),
            "updated_at": iso(notice.updated_at),
            "monitoring_at": iso(notice.monitoring_at) if notice.monitoring_at else None,
            "resolved_at": iso(notice.resolved_at) if notice.resolved_at else None,
            "impact": "maintenance" if notice.is_maintenance else _IMPACTS[notice.impact],
            "shortlink": self._edition.site.url(f"{self._language}/notices/{notice.id}"),
            "started_at": iso(notice.started_at),
            "page_id": self._page,
            "incident_updates": self._updates(notice),
            "components": [c for c in self.components()["components"] if c["id"] in notice.components],
        }

    def _work(self, notice: PublicNotice) -> dict[str, Any]:
        start, end = notice.scheduled_for or notice.started_at, notice.scheduled_until
        return {**self._incident(notice), "scheduled_for": iso(start), "scheduled_until": iso(end) if end else None}

    def _updates(self, notice: PublicNotice) -> list[dict[str, Any]]:
        spoken = [update for update in reversed(notice.updates) if not update.is_retracted]
        found, states = [], dict[str, Impact]()
        for update in spoken:
            found.append(self._update(notice, update, states))
            states.update(update.impacts)
        return list(reversed(found))

    def _update(self, notice: PublicNotice, update: Update, before: Mapping[str, Impact]) -> dict[str, Any]:
        text, _ = pick(update.texts, self._language)
        site = self._edition.site
        touched = [
            {"code": name, "name": public, "old_status": before.get(name, Impact.OPERATIONAL).value, "new_status": impact.value}
            for name, impact in update.impacts.items()
            if (public := site.component(name, self._language))
        ]
        return {
            "id": update.id,
            "status": "completed" if update.phase is Phase.CANCELLED else update.phase.value,
            "body": text.body if isinstance(text, PublicText) else "",
            "incident_id": notice.id,
            "created_at": iso(update.at),
            "updated_at": iso(update.edited_at or update.at),
            "display_at": iso(update.at),
            "affected_components": touched or None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }


PATHS: Mapping[str, Callable[[Answers], dict[str, Any]]] = {
    "summary.json": Answers.summary,
    "status.json": Answers.status,
    "components.json": Answers.components,
    "incidents.json": Answers.incidents,
    "incidents/unresolved.json": Answers.unresolved,
    "scheduled-maintenances.json": Answers.works,
    "scheduled-maintenances/upcoming.json": Answers.upcoming,
    "scheduled-maintenances/active.json": Answers.active,
}


def answer(edition: Edition, language: str, path: str) -> bytes | None:
    """The JSON of one path below `api/v2/`; None for one that Statuspage does not have."""
    found = PATHS.get(path)
    return msgspec.json.encode(found(Answers(edition, language))) if found else None
