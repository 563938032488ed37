"""Grafana, Kibana and generic bodies through the whole service: who may send, what becomes of them, and the test alert."""

import json
from pathlib import Path

import pytest

from receiver.core.source import Signature
from receiver.web.kinds import sign
from tests.builders import rules_files
from tests.fakes.bot_api import BotApi
from tests.faults.test_process import service
from tests.harness import ADMINS, DEVOPS, ROOT, TOKEN, Story, redis_server, story
from tests.sources.test_grafana import alert, body
from tests.sources.test_kibana import pasted
from tests.stories.test_real_chain import receiver

SOURCES = """version: 1
sources:
  alertmanager: {kind: alertmanager}
  grafana: {kind: grafana, auth: {signature: {secret: GRAFANA_HMAC, timestamp_header: X-Time}}}
  kibana: {kind: kibana}
  second: {kind: kibana, auth: {secret: SECOND}}
  unset: {kind: kibana, auth: {secret: NOT_SET}}
  legacy:
    kind: generic
    mapping:
      alerts: "$.events[*]"
      status: {path: "$.state", firing: [open], resolved: [closed]}
      labels: {alertname: "$.check", service: "$.app", severity: "$.level"}
      starts_at: "$.since"
severity: {label: severity, map: {}, default: warning}
"""
SECRETS = {"RECEIVER_SECRET_GRAFANA_HMAC": "hmac-key", "RECEIVER_SECRET_SECOND": "second-token"}
SIGNATURE = Signature(secret="GRAFANA_HMAC", header="x-grafana-alerting-signature", timestamp_header="x-time")


def rules(directory: Path) -> Path:
    return rules_files(directory / "rules", sources=SOURCES)


async def test_an_alert_of_kibana_is_told_and_ends_by_its_recovery_action(tmp_path: Path):
    async with story(tmp_path, rules=rules(tmp_path)) as s:
        fired = pasted("An alert that fires")
        assert (await s.post(fired, "/webhooks/kibana")).json()["opened"] == 1
        assert (await s.post(fired, "/webhooks/kibana")).json()["transitions"] == 0
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS, "Shop API")
        answer = await s.post(pasted("An alert that recovered", date="2026-11-23T03:20:00Z"), "/webhooks/kibana")
        assert (answer.status_code, answer.json()["transitions"]) == (202, 1)
        await s.settle()
        await s.expect(DEVOPS, "back to normal")
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        (incident,) = await s.incidents()
        assert (incident.end_reason, incident.source) == ("resolved", "kibana")


async def test_grafana_shows_a_signature_and_nothing_else_will_do(tmp_path: Path):
    async with story(tmp_path, rules=rules(tmp_path), RECEIVER_WEBHOOK_TOKEN="common", **SECRETS) as s:
        content, now = body(alert()), str(int(s.clock.now().timestamp()))
        good = {"x-grafana-alerting-signature": sign(SIGNATURE, "hmac-key", content, now), "x-time": now}
        stale = str(int(now) - 301)
        wrong = (
            {},
            {"authorization": "Bearer common"},
            {**good, "x-time": str(int(now) + 1)},
            {**good, "x-grafana-alerting-signature": sign(SIGNATURE, "other", content, now)},
            {"x-grafana-alerting-signature": sign(SIGNATURE, "hmac-key", content, stale), "x-time": stale},
        )
        for headers in wrong:
            assert (await s.post(content, "/webhooks/grafana", **headers)).status_code == 401, headers
        assert (await s.http.put("/webhooks/grafana", content=content, headers={"content-type": "application/json", **good})).json()["opened"] == 1
        await s.advance(seconds=10)
        await s.expect(ADMINS, "Memory is high")


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/webhooks/kibana/second", "second-token", 202),
        ("/webhooks/kibana/second", "common", 401),
        ("/webhooks/kibana/unset", "", 401),
        ("/webhooks/kibana/unset", "common", 401),
        ("/webhooks/kibana", "common", 202),
        ("/webhooks/kibana", "", 401),
        ("/webhooks/kibana/legacy", "common", 404),
        ("/webhooks/kibana/nobody", "common", 404),
        ("/webhooks/kibana/nobody", "", 401),
        ("/webhooks/generic", "common", 404),
        ("/webhooks/other", "common", 404),
    ],
)
async def test_who_may_send_where(tmp_path: Path, path: str, token: str, status: int):
    async with story(tmp_path, rules=rules(tmp_path), RECEIVER_WEBHOOK_TOKEN="common", **SECRETS) as s:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await s.post(pasted("An alert that fires"), path, **headers)
        assert answer.status_code == status, answer.text
        if status == 202:
            await s.advance(seconds=10)
            await s.expect(DEVOPS)


async def test_bad_input_is_kept_and_told_and_its_good_part_used(tmp_path: Path):
    async with story(tmp_path, rules=rules(tmp_path)) as s:
        assert (await s.post(b'{"text":"fired"}', "/webhooks/kibana")).json() == {"error": "not_kibana", "at": None}
        events = [{"state": "open", "check": "Disk", "app": "shop-db", "level": "critical", "since": 1_795_402_800}, {"state": "odd", "check": "Cpu"}]
        report = (await s.post(json.dumps({"events": events}).encode(), "/webhooks/generic/legacy")).json()
        assert (report["accepted"], report["dead_lettered"]) == (1, 1)
        assert len(await s.app.quarantine.letters()) == 2
        await s.advance(seconds=10)
        texts = [(await s.expect(DEVOPS)).text for _ in range(2)]
        assert any("Shop DB: Disk" in text for text in texts)
        assert any("could not be read" in text for text in texts)
        assert len({i.source for i in await s.incidents()}) == 2


async def ask(s: Story, name: str, **said: str):
    answer = await s.http.post(f"/api/v1/sources/{name}/test", json=said, headers={"authorization": f"Bearer {s.app.api_token}"})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("name", ["alertmanager", "grafana", "kibana", "second", "legacy"])
async def test_a_test_alert_goes_the_whole_way_and_ends(tmp_path: Path, name: str):
    async with story(tmp_path, rules=rules(tmp_path), RECEIVER_WEBHOOK_TOKEN="common", **SECRETS) as s:
        status, said = await ask(s, name)
        assert (status, said["status"], said["answer"]["opened"]) == (200, 202, 1)
        (incident,) = await s.incidents()
        assert said["incident"] == incident.id
        await s.advance(seconds=10)
        await s.expect(ADMINS, "A test alert" if name != "legacy" else "ReceiverTest")
        _, ended = await ask(s, name, since=said["since"])
        assert ended["answer"]["transitions"] == 1
        await s.advance(seconds=5)
        (incident,) = await s.incidents()
        assert not incident.is_open


async def test_a_test_alert_shows_what_is_wrong(tmp_path: Path):
    async with story(tmp_path, rules=rules(tmp_path)) as s:
        assert (await ask(s, "nobody"))[0] == 404
        _, said = await ask(s, "grafana")
        assert (said["status"], said["incident"]) == (401, None)
        listed = await s.http.get("/api/v1/sources", headers={"authorization": f"Bearer {s.app.api_token}"})
        assert [(one["name"], one["auth"], one["path"]) for one in listed.json()][3] == ("second", "own token", "/webhooks/kibana/second")
        assert (await s.http.get("/api/v1/sources")).status_code == 401


async def test_the_command_follows_a_test_alert_and_the_doctor_names_every_source(tmp_path: Path):
    """A served process, as people run it: `sources test`, `sources list`, `doctor`."""
    with redis_server(tmp_path) as url:
        environ = {
            "RECEIVER_RULES_DIR": str(rules(tmp_path)),
            "RECEIVER_REDIS_URL": url,
            "RECEIVER_SECRET_KEY": "k" * 32,
            "RECEIVER_SECRET_SECOND": "second-token",
            "RECEIVER_TELEGRAM_TOKEN": TOKEN,
        }
        async with BotApi() as api, service(tmp_path, api, **environ) as served:
            await served.until("/readyz", 200)
            ours = {
                **environ,
                "RECEIVER_PORT": str(served.port),
                "RECEIVER_TELEGRAM_API_URL": api.url,
                "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            }
            status, said = await receiver("sources", "test", "second", **ours)
            assert status == 0, said
            assert said.startswith("POST /webhooks/kibana/second: 202")
            assert "admin-chat (telegram): sent" in said
            assert said.endswith("its end: 202\nok: from the webhook to everybody who is to hear of it\n")
            status, said = await receiver("sources", "test", "unset", **ours)
            assert (status, said.splitlines()[-1]) == (1, "FAULT: the webhook was refused; what a real alert would get is above")
            assert "legacy" in (await receiver("sources", "list", **ours))[1]
            _, said = await receiver("doctor", **ours)
            assert "ok    source second: kibana, /webhooks/kibana/second, own token" in said
            assert "FAULT source unset: kibana, /webhooks/kibana/unset: every webhook is refused, RECEIVER_SECRET_NOT_SET is not set" in said
