"""Why, explain and recordings of the running service, as programs ask for them."""

import json
from datetime import timedelta

from receiver.trial.recordings import line_of
from tests.builders import NOW, body, wire
from tests.harness import ADMINS, ANNA, DEVOPS, Story, story


async def _get(s: Story, path: str, **params: str):
    return await s.http.get(f"/api/v1/{path}", params=params, headers={"Authorization": f"Bearer {s.app.api_token}"})


async def _opened(s: Story):
    await s.fire(wire())
    await s.fire(wire())
    await s.advance(seconds=10)
    await s.expect(ADMINS)
    return await s.expect(DEVOPS)


async def test_why_says_the_same_by_button_and_by_api(tmp_path):
    async with story(tmp_path) as s:
        told = await _opened(s)
        (incident,) = await s.incidents()
        said = (await s.api.press(told, "❔", ANNA))["text"]
        answer = await _get(s, f"incidents/{incident.id}/why")
        assert answer.status_code == 200
        found = answer.json()
        assert len(said) <= 200
        for fact in (found["where"], found["route_id"], found["rules_version"]):
            assert fact in said
            assert fact in found["text"]
        assert found["incident"]["repeats"] == incident.repeats == 1
        assert found["incident"]["is_current"]
        assert [r["destination"] for r in found["recipients"]] == [d.name for d in incident.destinations]
        assert (await _get(s, "incidents/INC-999/why")).status_code == 404


async def test_the_route_of_an_incident_stays_the_answer_when_the_rules_have_changed(tmp_path):
    from dataclasses import replace

    async with story(tmp_path) as s:
        await _opened(s)
        (incident,) = await s.incidents()
        was = s.app.rules.current
        s.app.rules.current = replace(was, version="another")
        found = (await _get(s, f"incidents/{incident.id}/why")).json()
        assert found["rules_version"] == was.version
        assert not found["incident"]["is_current"]
        assert found["visits"] == []
        assert found["path"] == list(incident.route.path)


async def test_explain_answers_for_labels_that_never_fired(tmp_path):
    async with story(tmp_path) as s:
        headers = {"Authorization": f"Bearer {s.app.api_token}"}
        asked = {"labels": {"alertname": "A", "service": "shop-db", "severity": "page"}, "at": "2026-11-23T03:02:00+03:00"}
        answer = await s.http.post("/api/v1/rules/explain", json=asked, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["route_id"] == "critical-services"
        assert set(answer.json()["texts"]) == {"admin-chat", "devops"}
        for wrong in ({"labels": {}}, {"labels": {"a": 1}}, {**asked, "at": "2026-11-23T03:02:00"}, {**asked, "more": 1}):
            assert (await s.http.post("/api/v1/rules/explain", json=wrong, headers=headers)).status_code == 400
        assert (await s.http.post("/api/v1/rules/explain", json=asked)).status_code == 401
        assert await s.incidents() == []


async def test_recordings_are_the_webhooks_as_they_came(tmp_path):
    async with story(tmp_path) as s:
        await _opened(s)
        await s.post(b"not json at all")
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=1)))
        await s.advance(seconds=20)
        await s.expect(ADMINS)
        await s.expect(DEVOPS)
        s._seen.update(range(len(s.api.sends())))  # the unreadable body is told too, which is another story
        answer = await _get(s, "recordings", since="1h")
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        firing, resolved = body(wire()).decode(), body(wire(status="resolved", ended=NOW + timedelta(minutes=1))).decode()
        assert [(line["source"], line["body"]) for line in lines] == [("alertmanager", firing), ("alertmanager", firing), ("alertmanager", resolved)]
        kept = [recording async for recording in s.app.recorder.read(NOW)]
        assert answer.content == b"".join(line_of(recording) for recording in kept)
        assert (await _get(s, "recordings", since=(NOW + timedelta(seconds=5)).isoformat())).text.count("\n") == 1
        assert (await _get(s, "recordings", since="soon")).status_code == 400
        assert (await s.http.get("/api/v1/recordings")).status_code == 401
