"""Notices on an Atlassian Statuspage, by its API (`POST /v1/pages/PAGE/incidents`, `PATCH …/incidents/ID`). Used by `workers.publisher`.

The API knows no idempotency key: our id is kept in the incident's metadata and looked for before anything is created, and a word that is
there already is not said twice. Components are sent with every word, for ending an incident does not reset them. One request a second is
allowed, more answer 420 or 429. (developer.statuspage.io.)
"""

import json
from collections.abc import Callable
from typing import Any

import httpx

from receiver.channels.notice_target import Evidence, Outcome, Publication, Report
from receiver.channels.notice_webhook import BUDGET, answered, judged
from receiver.core.notice import Impact, Phase, PublicNotice
from receiver.trust import load_trust

API = "https://api.statuspage.io/v1"
LONGEST_NAME = 255
LONGEST_BODY = 25_000
_IMPACTS = {
    Impact.OPERATIONAL: "none",
    Impact.UNDER_MAINTENANCE: "maintenance",
    Impact.DEGRADED_PERFORMANCE: "minor",
    Impact.PARTIAL_OUTAGE: "major",
    Impact.MAJOR_OUTAGE: "critical",
}
_STATUSES = {Phase.POSTMORTEM: "resolved", Phase.CANCELLED: "completed"}
_WITHDRAWN = "This message was withdrawn."


class _Refused(Exception):  # noqa: N818 - carries an outcome out of several requests
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class StatuspageTarget:
    """`secret_of` answers the API key by its name in the rules."""

    def __init__(self, secret_of: Callable[[str], str | None]) -> None:
        self._secret_of = secret_of
        self._http = httpx.AsyncClient(verify=load_trust(), trust_env=False, follow_redirects=False, timeout=BUDGET)

    async def post(self, publication: Publication) -> Report:
        """Create the incident or add to it; what stands there already is left alone or, when it was corrected, replaced."""
        if not self._secret_of(publication.channel.secret):
            return Report(outcome=Outcome(evidence=Evidence.REFUSED, reason=f"no secret {publication.channel.secret}"))
        try:
            said = json.dumps({**self._incident(publication), "body": _body(publication)}, ensure_ascii=False)
            return Report(outcome=Outcome(evidence=Evidence.OK, ref=await self._say(publication)), said=said)
        except _Refused as fault:
            return Report(outcome=fault.outcome)

    async def head(self, publication: Publication) -> Report:
        """The far end keeps its own head."""
        return Report(outcome=Outcome(evidence=Evidence.OK))

    async def drift(self, publication: Publication) -> str | None:
        """Another state or component than we said, in the far end's words."""
        try:
            found = await self._find(publication, publication.reply_to or publication.ref)
        except _Refused:
            return None
        if found is None:
            return "gone"
        wanted = self._incident(publication)
        if found.get("status") != wanted["status"]:
            return str(found.get("status"))
        shown = {str(c.get("id")): c.get("status") for c in found.get("components", [])}
        other = [f"{shown[c]}" for c, status in wanted["components"].items() if c in shown and shown[c] != status]
        return other[0] if other else ""

    async def close(self) -> None:
        """Release connections."""
        await self._http.aclose()

    async def _say(self, publication: Publication) -> str:
        incident_ref, _, update_ref = (publication.ref or publication.reply_to).partition("/")
        body = _body(publication)
        if publication.ref and update_ref:
            await self._ask(publication, "PATCH", f"incidents/{incident_ref}/incident_updates/{update_ref}", {"incident_update": {"body": body}})
            return publication.ref
        found = await self._find(publication, incident_ref)
        if found and any(update.get("body") == body for update in found.get("incident_updates", [])):
            return _ref(found, body)  # an attempt whose answer was lost
        content = {"incident": {**self._incident(publication), "body": body, "deliver_notifications": publication.channel.notifies}}
        if found:
            answer = await self._ask(publication, "PATCH", f"incidents/{found['id']}", content)
        else:
            content["incident"]["metadata"] = {"receiver": {"notice": publication.notice.id}}
            answer = await self._ask(publication, "POST", "incidents", content)
        return _ref(answer, body)

    def _incident(self, publication: Publication) -> dict[str, Any]:
        notice, update = publication.notice, publication.update
        mapped = publication.channel.components
        states = {mapped[name]: impact.value for name, impact in notice.impacts.items() if name in mapped}
        return {
            "name": _title(publication)[:LONGEST_NAME],
            "status": _STATUSES.get(update.phase, update.phase.value),
            "impact_override": _IMPACTS[notice.impact],
            "component_ids": list(states),
            "components": states,
        }

    async def _find(self, publication: Publication, incident_ref: str) -> dict[str, Any] | None:
        if incident_ref:
            found: dict[str, Any] = await self._ask(publication, "GET", f"incidents/{incident_ref.partition('/')[0]}")
            return found
        listed: Any = await self._ask(publication, "GET", "incidents?limit=100")
        return next((one for one in listed if _is_ours(one, publication.notice)), None)

    async def _ask(self, publication: Publication, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        channel = publication.channel
        url = f"{channel.address.get('url', API).rstrip('/')}/pages/{channel.address['page']}/{path}"
        headers = {"authorization": f"OAuth {self._secret_of(channel.secret)}"}
        kept: list[httpx.Response] = []

        async def request() -> httpx.Response:
            kept.append(await self._http.request(method, url, json=content, headers=headers))
            return kept[0]

        outcome = await answered(request)
        if outcome.evidence is not Evidence.OK:
            if kept and kept[0].status_code == 401:
                outcome = Outcome(evidence=Evidence.REFUSED, reason="401: the API key is wrong")
            raise _Refused(outcome)
        try:
            return kept[0].json()
        except ValueError:
            raise _Refused(Outcome(evidence=Evidence.UNKNOWN, reason="unreadable answer")) from None


def _is_ours(incident: dict[str, Any], notice: PublicNotice) -> bool:
    kept = incident.get("metadata") or {}
    return isinstance(kept, dict) and (kept.get("receiver") or {}).get("notice") == notice.id


def _ref(incident: dict[str, Any], body: str) -> str:
    """The far end's ids of the incident and of this word in it."""
    updates = incident.get("incident_updates", [])
    found = next((update for update in updates if update.get("body") == body), updates[0] if updates else {})
    return f"{incident['id']}/{found.get('id', '')}"


def _title(publication: Publication) -> str:
    return next((t for one in publication.languages if (t := publication.notice.titles.get(one))), "") or _WITHDRAWN


def _body(publication: Publication) -> str:
    """All languages of the channel, one after the other."""
    update = publication.update
    said = [update.texts[language].body for language in publication.languages if language in update.texts]
    return ("\n\n".join(said) or _WITHDRAWN)[:LONGEST_BODY]


__all__ = ["API", "StatuspageTarget", "judged"]
