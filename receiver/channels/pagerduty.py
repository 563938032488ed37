"""PagerDuty by its Events API v2, and what comes back by its webhooks. Used by `workers.sender` and `web.pagerduty`.

One dedup key is one episode of an incident: whatever is sent again with the same key changes nothing, so every message, living or loud,
asserts the state as it is. Reference: developer.pagerduty.com, "Events API v2" and "Webhooks v3".
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from receiver.channels.base import Evidence, Message, Outcome, Secrets
from receiver.channels.text import cut_plain
from receiver.channels.wire import BUDGET, clean, outcome_of, post
from receiver.core.incident import Destination, Incident, IncidentId, State
from receiver.trust import load_trust

PATH = "/v2/enqueue"
LONGEST_SUMMARY = 1024
LONGEST_TEXT = 4_000
_ACTIONS: Mapping[State, str] = {
    State.TRIGGERED: "trigger",
    State.ACKNOWLEDGED: "acknowledge",
    State.SNOOZED: "acknowledge",
    State.RESOLVED: "resolve",
}
_KEY = re.compile(r"(INC-\d{1,18})\.(\d{1,9})\.([0-9a-f]{12})", re.ASCII)
_ROUTING_KEY = re.compile(r"routing.key", re.I)


class PagerDutyChannel:
    """The routing key is the destination's secret; `key` keeps two installations with one routing key apart."""

    name = "pagerduty"
    is_idempotent = True

    def __init__(self, secret: Secrets, key: bytes, api_url: str, client_url: str = "", budget: float = BUDGET) -> None:
        self._secret, self._key, self._client_url, self._budget = secret, key, client_url, budget
        self._url = api_url.rstrip("/") + PATH
        self._http = httpx.AsyncClient(verify=load_trust(), trust_env=False)

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """Assert the incident's state; a reply has nowhere else to go and does the same."""
        about, routing_key = message.about, self._secret(destination.secret)
        if about is None:
            return Outcome(evidence=Evidence.REFUSED, reason="this message is about no incident")
        if not routing_key:
            return Outcome(evidence=Evidence.DEAD, reason=f"RECEIVER_SECRET_{destination.secret} is not set")
        episode = about.incident.reopened
        outcome = await self._enqueue(routing_key, self._event(message, about.incident, episode))
        if outcome.evidence is Evidence.OK and episode and about.incident.state is not State.RESOLVED:
            # The end of the last episode may have been skipped: an incident reopened within seconds was never told as over.
            before = {"event_action": "resolve", "dedup_key": dedup_key(self._key, about.incident.id, episode - 1)}
            return await self._enqueue(routing_key, before)
        return outcome

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """The same: the dedup key makes it an update."""
        return await self.send(destination, message)

    async def close(self) -> None:
        """Release connections."""
        await self._http.aclose()

    async def _enqueue(self, routing_key: str, event: Mapping[str, Any]) -> Outcome:
        body = json.dumps({"routing_key": routing_key, **event}, ensure_ascii=False).encode("utf-8", "replace")
        answer = await post(self._http, self._url, body, {"content-type": "application/json"}, budget=self._budget)
        hidden = (routing_key,)
        if answer.status == 400 and _ROUTING_KEY.search(answer.text):
            return Outcome(evidence=Evidence.DEAD, reason=clean(f"PagerDuty does not take this key: {answer.text}", hidden))
        return outcome_of(answer, str(event["dedup_key"]), hidden)

    def _event(self, message: Message, incident: Incident, episode: int) -> dict[str, Any]:
        event: dict[str, Any] = {"event_action": _ACTIONS[incident.state], "dedup_key": dedup_key(self._key, incident.id, episode)}
        if event["event_action"] != "trigger":
            return event
        facts = message.about.facts if message.about else {}
        client = {"client": "Incident receiver", "client_url": self._client_url} if self._client_url else {"client": "Incident receiver"}
        links = [{"href": link["url"], "text": link["name"]} for link in facts.get("links", ())]
        return {**event, **client, "links": links, "payload": _payload(message, incident, facts)}


def _payload(message: Message, incident: Incident, facts: Mapping[str, Any]) -> dict[str, Any]:
    lead: Mapping[str, str] = next(iter(facts.get("alerts", ())), {})
    alerts = [f"{one['name']} — {one['where']}" if one["where"] else one["name"] for one in facts.get("alerts", ())]
    return {
        "summary": cut_plain(message.title or incident.id, LONGEST_SUMMARY),
        "source": lead.get("where") or facts.get("system") or incident.source,
        "severity": incident.severity.value,
        "timestamp": incident.opened_at.isoformat(),
        "component": facts.get("system", ""),
        "group": ", ".join(facts.get("group", ())),
        "class": lead.get("name", ""),
        "custom_details": {
            "incident": incident.id,
            "alerts": alerts,
            "firing": len(incident.firing),
            "systems": list(facts.get("systems", ())),
            "rule": facts.get("route", ""),
            "text": cut_plain(message.plain, LONGEST_TEXT),
        },
    }


def dedup_key(key: bytes, incident_id: str, episode: int) -> str:
    """The name of one episode at PagerDuty; its tag says whose incident it is."""
    name = f"{incident_id}.{episode}"
    return f"{name}.{_tag(key, name)}"


def episode_of(key: bytes, text: str) -> tuple[IncidentId, int] | None:
    """The incident and episode a dedup key names; none for any other key and for another installation's."""
    found = _KEY.fullmatch(text)
    if found is None or not hmac.compare_digest(found[3], _tag(key, f"{found[1]}.{found[2]}")):
        return None
    return IncidentId(found[1]), int(found[2])


def _tag(key: bytes, name: str) -> str:
    return hmac.new(key, b"pagerduty " + name.encode(), hashlib.sha256).hexdigest()[:12]
