"""Statistics of a day as it was lived: asked by the API, by the command line and by the metrics, which all say the same."""

import io
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path

from receiver.cli.stats import lines
from receiver.core.event import Acknowledge
from receiver.telemetry import metrics
from tests.builders import NOW, rules_files, wire
from tests.harness import DEVOPS, Story, story


async def asked(s: Story, since: str = "7d"):
    return await s.http.get("/api/v1/stats", params={"since": since}, headers={"authorization": f"Bearer {s.app.api_token}"})


def value(name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def calm(directory: Path) -> Path:
    """Rules under which what comes back once does not flap."""
    routes = rules_files(directory) / "routes.yaml"
    routes.write_text(routes.read_text("utf-8").replace("noise: {storm", "noise: {flapping: {changes: 100}, storm"), "utf-8")
    return directory


async def live_a_day(s: Story) -> None:
    """One incident that Anna takes after four minutes and that ends after twenty; it comes back two minutes later and ends by itself."""
    await s.fire(wire())
    await s.advance(seconds=10)
    await s.expect(DEVOPS)
    await s.advance(seconds=230)
    (incident,) = await s.incidents()
    await s.app.engine.apply(incident.id, Acknowledge(by="anna", name="Anna"))
    await s.advance(minutes=16)
    await s.fire(wire(status="resolved", ended=s.clock.now()))
    await s.advance(seconds=5)
    await s.expect(DEVOPS, "🟢")
    await s.advance(minutes=2)
    again = s.clock.now()
    await s.fire(wire(since=again))
    await s.advance(minutes=5)
    await s.expect(DEVOPS)
    await s.fire(wire(status="resolved", since=again, ended=s.clock.now()))
    await s.advance(seconds=5)
    await s.expect(DEVOPS, "🟢")
    await s.advance(seconds=1)


async def test_the_api_counts_a_day_as_it_was(tmp_path):
    before = {name: value(name, severity="critical") for name in ("receiver_time_to_acknowledge_seconds_count", "receiver_time_to_resolve_seconds_count")}
    rung = value("receiver_pages_total", to="devops")
    async with story(tmp_path, rules=calm(tmp_path / "rules"), RECEIVER_TIMEZONE="Europe/Moscow") as s:
        await live_a_day(s)
        answer = await asked(s)
        assert answer.status_code == 200
        found = answer.json()
        assert (found["incidents"], found["open"], found["by_severity"]) == (2, 0, {"critical": 1})
        assert found["time_to_acknowledge"] == {"count": 1, "median_seconds": 240, "p90_seconds": 240, "longest_seconds": 240}
        assert (found["time_to_resolve"]["count"], found["time_to_resolve"]["longest_seconds"]) == (2, 1205)
        assert found["ended_unanswered"] == 1
        assert found["pages_by_person"] == {"devops": 2}, "the first message and the return; the ends wake nobody"
        assert (found["pages_by_hour"][6], found["pages"]) == (2, 2)
        assert [(one["alertname"], one["route"], one["incidents"], one["untouched"]) for one in found["noisiest"]] == [("HighErrorRate", "critical", 2, 1)]
        assert value("receiver_pages_total", to="devops") - rung == found["pages"]
    after = {name: value(name, severity="critical") for name in before}
    assert {name: after[name] - before[name] for name in before} == {
        "receiver_time_to_acknowledge_seconds_count": 1,
        "receiver_time_to_resolve_seconds_count": 2,
    }


async def test_a_span_without_meaning_is_refused_in_words(tmp_path):
    async with story(tmp_path, rules=calm(tmp_path / "rules")) as s:
        for since in ("yesterday", "0", "31d"):
            answer = await asked(s, since)
            assert (answer.status_code, "detail" in answer.json()) == (400, True)
        assert (await s.http.get("/api/v1/stats")).status_code == 401


async def test_history_before_the_time_asked_for_is_not_counted(tmp_path):
    async with story(tmp_path, rules=calm(tmp_path / "rules")) as s:
        await live_a_day(s)
        await s.advance(hours=3)
        found = (await asked(s, "2h")).json()
        assert (found["incidents"], found["pages"], found["noisiest"]) == (0, 0, [])
        assert s.clock.now() > NOW + timedelta(hours=2)


async def test_the_command_line_says_it_in_a_table(tmp_path):
    async with story(tmp_path, rules=calm(tmp_path / "rules"), RECEIVER_TIMEZONE="Europe/Moscow") as s:
        await live_a_day(s)
        found = (await asked(s)).json()
    said = io.StringIO()
    with redirect_stdout(said):
        print("\n".join(lines(found)))
    print(said.getvalue())
    assert "time to acknowledge median 4 min, nine of ten within 4 min, longest 4 min (1)" in said.getvalue()
    assert "HighErrorRate  critical" in said.getvalue()
    assert "06  ████" in said.getvalue()
