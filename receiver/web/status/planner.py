"""Planned work as a calendar to subscribe to (RFC 5545): one event per notice, whose id stays while it is moved. Pure; called by `document`."""

from datetime import timedelta

from icalendar import Calendar, Event

from receiver.core.notice import Phase, PublicNotice
from receiver.web.status.edition import Edition, stable_id
from receiver.web.status.notice_view import pick

_STATES = {Phase.CANCELLED: "CANCELLED"}


def calendar(edition: Edition, language: str) -> bytes:
    """All planned work that is known; withdrawn and cancelled work is there as cancelled, so that calendars drop it."""
    found = Calendar()
    found.add("PRODID", "-//incident-receiver//planned work//EN")
    found.add("VERSION", "2.0")
    found.add("METHOD", "PUBLISH")
    found.add("X-WR-CALNAME", edition.site.name(language))
    found.add("X-WR-TIMEZONE", edition.site.timezone)
    found.add("REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
    for notice in edition.notices:
        if notice.scheduled_for:
            found.add_component(_event(notice, edition, language))
    return bytes(found.to_ical())


def _event(notice: PublicNotice, edition: Edition, language: str) -> Event:
    title, _ = pick(notice.titles, language)
    start = notice.scheduled_for or notice.started_at
    newest = next((u for u in notice.updates if not u.is_retracted), None)
    text, _ = pick(newest.texts, language) if newest else (None, "")
    event = Event()
    event.add("UID", f"{stable_id(notice.id)}@incident-receiver")
    event.add("DTSTAMP", notice.updated_at.replace(microsecond=0))
    event.add("LAST-MODIFIED", notice.updated_at.replace(microsecond=0))
    event.add("SEQUENCE", max(0, len(notice.updates) - 1))
    event.add("DTSTART", start)
    event.add("DTEND", notice.scheduled_until or start + timedelta(hours=1))
    event.add("SUMMARY", title or edition.site.name(language))
    event.add("STATUS", "CANCELLED" if notice.is_retracted else _STATES.get(notice.phase, "CONFIRMED"))
    event.add("TRANSP", "TRANSPARENT")
    event.add("URL", edition.site.url(f"{language}/notices/{notice.id}"))
    if text is not None and not notice.is_retracted:
        event.add("DESCRIPTION", text.body)
    return event
