"""`GET /api/v1/incidents/ID/postmortem`: an incident as a document to go on writing. Called by `app.http`; asked by `receiver incidents export`."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from litestar import Response, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery

from receiver.channels.postmortem import Case, as_facts, as_markdown
from receiver.channels.view import views
from receiver.clock import Clock
from receiver.core.errors import UnknownIncidentError
from receiver.core.incident import IncidentId
from receiver.core.rulebook import RuleBook
from receiver.store.history import past_of
from receiver.store.incidents import Incidents
from receiver.store.notice_desk import NoticeDesk
from receiver.store.outbox import Outbox
from receiver.telemetry.logs import masked

LANGUAGES = ("en", "ru")
FORMATS = ("md", "json")
NOTICES = 200  # the newest that are looked through for those about the incident


def postmortem_route(incidents: Incidents, outbox: Outbox, desk: NoticeDesk, rules: Callable[[], RuleBook], clock: Clock, language: str, timezone: str) -> Any:
    """The handler; `language` and `timezone` are those of the installation, a question may name others."""

    @get("/incidents/{incident_id:str}/postmortem")
    async def postmortem(incident_id: FromPath[str], format: FromQuery[str] = "md", lang: FromQuery[str] = "", zone: FromQuery[str] = "") -> Response[Any]:
        spoken, where = lang or language, _zone(zone or timezone)
        if format not in FORMATS or spoken not in LANGUAGES:
            raise ClientException(f"format is one of {', '.join(FORMATS)}, lang one of {', '.join(LANGUAGES)}")
        case = await _case(incident_id.upper())
        if format == "json":
            return Response(masked(msgspec.json.encode(as_facts(case)).decode()).encode(), media_type="application/json")
        return Response(as_markdown(case, spoken, where), media_type="text/markdown; charset=utf-8")

    async def _case(incident_id: str) -> Case:
        try:
            incident = await incidents.load(IncidentId(incident_id))
        except UnknownIncidentError:
            raise NotFoundException(f"no incident {incident_id}") from None
        book = rules()
        told = [notice for notice in await desk.recent(NOTICES) if incident.id in notice.incidents and notice.is_published]
        names = {person.id: person.name for person in book.people.values()}
        past = await past_of(incident, incidents, outbox)
        return Case(past=past, notices=told, services=views(book), people=names, now=clock.now())

    return postmortem


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ClientException(f"there is no time zone {name!r}: write an IANA name like Europe/Moscow") from None
