"""What is saturated: told at once, then with the numbers behind a decision on scaling."""

from datetime import timedelta

from receiver.workers.observer import Observer
from tests.builders import NOW
from tests.fakes.prometheus_history import prometheus_with
from tests.harness import ADMINS, DEVOPS, story

FILLING = {'process_cpu{service="mes-api",instance="mes-api-1"}': lambda h: 0.55 + 0.08 * h}
RULES = {"MesApiCpuSaturated": 'process_cpu{service="mes-api"} > 0.8'}
ALERT = {
    "status": "firing",
    "labels": {
        "alertname": "MesApiCpuSaturated",
        "service": "mes-api",
        "instance": "mes-api-1",
        "signal": "saturation",
        "resource": "cpu",
        "severity": "warning",
    },
    "annotations": {"summary": "CPU 83 %", "unit": "%"},
    "startsAt": "2026-11-23T03:00:00Z",
}


async def test_the_page_does_not_wait_for_the_numbers_and_the_message_gets_them(tmp_path):
    (tmp_path / "story").mkdir()
    async with (
        prometheus_with(tmp_path, FILLING, RULES, NOW - timedelta(hours=4), NOW + timedelta(hours=1)) as url,
        story(tmp_path / "story", RECEIVER_PROMETHEUS_URL=url) as told,
    ):
        await told.fire(ALERT)
        await told.advance(seconds=12)
        sent = await told.expect(ADMINS, "CPU 83 %")
        await told.expect(DEVOPS, "CPU 83 %")
        await told.advance(seconds=15)
        await told.api.until(lambda: "Что поможет" in told.api.messages[sent.chat, sent.id].text)
        text = told.api.messages[sent.chat, sent.id].text
        assert "Растёт на 8 % в час, тренд за 3 ч" in text
        assert "Что поможет: ещё экземпляры" in text
        (incident,) = await told.incidents()
        assert [entry.reason for entry in await told.app.incidents.timeline(incident.id)][-1] == "evidence"


async def test_an_incident_that_changes_all_the_time_gets_its_numbers_at_the_next_look(tmp_path, monkeypatch):
    (tmp_path / "story").mkdir()
    async with (
        prometheus_with(tmp_path, FILLING, RULES, NOW - timedelta(hours=4), NOW + timedelta(hours=1)) as url,
        story(tmp_path / "story", RECEIVER_PROMETHEUS_URL=url) as told,
    ):
        await told.fire(ALERT)
        await told.advance(seconds=12)
        await told.expect(ADMINS, "CPU 83 %")
        await told.expect(DEVOPS, "CPU 83 %")
        app = told.app
        assert app.prometheus is not None
        observer = Observer(app.prometheus, app.engine, app.incidents, app.rules, app.clock)
        with monkeypatch.context() as always_late:
            always_late.setattr("receiver.engine.COMMIT_ATTEMPTS", 0)  # as when somebody else is faster every time
            await observer.look()
        await observer.look()
        (incident,) = await told.incidents()
        assert incident.evidence is not None


async def test_without_an_answer_from_prometheus_only_the_numbers_are_missing(tmp_path):
    async with story(tmp_path, RECEIVER_PROMETHEUS_URL="http://127.0.0.1:9") as told:
        await told.fire(ALERT)
        await told.advance(seconds=12)
        sent = await told.expect(ADMINS, "CPU 83 %")
        await told.expect(DEVOPS, "CPU 83 %")
        await told.advance(seconds=30)
        assert "Что поможет" not in told.api.messages[sent.chat, sent.id].text
