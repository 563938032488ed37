"""Rules that know the clock, as people live them: night routes, quiet routes, planned work."""

from datetime import timedelta
from pathlib import Path

from receiver.telemetry import metrics
from tests.builders import NOW, wire
from tests.harness import ADMINS, DEVOPS, story

PEOPLE = "version: 1\npeople: {anna: {name: Анна, roles: [responder], telegram: 111111111}}\n"
DESTINATIONS = f"""version: 1
destinations:
  admin-chat: {{channel: telegram, chat: {ADMINS}, language: en}}
  devops: {{channel: telegram, chat: {DEVOPS}, language: en}}
fallback: [admin-chat]
"""
# It is 06:02 in Moscow when a story begins.
NIGHTS = """version: 1
route:
  id: root
  destinations: [admin-chat]
  routes:
    - {id: nights, matchers: ['severity="warning"'], active: [nights], destinations: [devops], quiet: true}
windows: {nights: {timezone: Europe/Moscow, times: [{from: "22:00", to: "08:00"}]}}
"""
PLAIN = "version: 1\nroute: {id: root, destinations: [admin-chat]}\n"
PATCHING = """version: 1
windows:
  db-patching:
    matchers: ['service="shop-db"']
    recurring: {rrule: "FREQ=WEEKLY;BYDAY=MO", from: "06:00", to: "07:00", timezone: Europe/Moscow}
"""
HOUR_IS_OVER = timedelta(minutes=58)


def rules(directory: Path, **files: str) -> Path:
    folder = directory / "rules"
    folder.mkdir()
    for name, text in ({"people": PEOPLE, "destinations": DESTINATIONS, "routes": PLAIN} | files).items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


async def reasons(s, n: int = 0) -> list[str]:
    found = (await s.incidents())[n]
    return [entry.reason for entry in await s.app.incidents.timeline(found.id)]


async def test_at_night_a_warning_goes_to_the_night_chat_without_a_sound_and_by_day_elsewhere(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path, routes=NIGHTS)) as s:
        await s.fire(wire("a", severity="warning"))
        await s.advance(seconds=10)
        assert (await s.expect(DEVOPS)).silent
        await s.advance(hours=2)
        # The same alert repeats by day: it stays where it is. One that begins now is told by day.
        await s.fire(wire("a", severity="warning"))
        await s.expect_nothing()
        await s.fire(wire("b", severity="warning", service="mes"))
        await s.advance(seconds=10)
        assert not (await s.expect(ADMINS)).silent
        assert [i.route.route_id for i in await s.incidents()] == ["root", "nights"]


async def test_an_alert_that_fires_through_the_change_ends_in_its_own_incident(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path, routes=NIGHTS)) as s:
        await s.fire(wire("a", severity="warning"))
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        await s.advance(hours=2)
        await s.fire(wire("a", status="resolved", severity="warning", ended=NOW + timedelta(hours=2)))
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        # The label set is known; what fires again after the reopen window follows the route of the day.
        await s.advance(hours=1)
        await s.fire(wire("a", severity="warning", since=NOW + timedelta(hours=3)))
        await s.advance(seconds=10)
        await s.expect(ADMINS)


async def test_a_quiet_route_makes_no_sound_and_no_page_even_when_critical(tmp_path):
    quiet = NIGHTS.replace("warning", "critical")
    async with story(tmp_path, rules=rules(tmp_path, routes=quiet)) as s:
        await s.fire(wire("a"))
        await s.advance(seconds=10)
        assert (await s.expect(DEVOPS)).silent
        (incident,) = await s.incidents()
        (slot,) = await s.app.outbox.slots(incident.id)
        assert slot["prio"] == "2"
        await s.fire(wire("a", status="resolved", ended=NOW + timedelta(minutes=1)))
        await s.advance(seconds=5)
        await s.expect_nothing()  # nobody was paged, so nobody is released


async def test_planned_work_is_not_told_and_what_outlasts_it_is(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path, maintenance=PATCHING)) as s:
        await s.fire(wire("a", service="shop-db"))
        await s.advance(minutes=20)
        await s.fire(wire("b", service="shop-db"))
        await s.advance(minutes=20)
        await s.expect_nothing()
        (held,) = await s.incidents()
        assert (held.announced_at, held.wake_at) == (None, NOW + HOUR_IS_OVER)
        (entry,) = await s.app.incidents.timeline(held.id)
        assert (entry.reason, entry.text) == ("maintenance", "db-patching")
        await s.advance(minutes=18)
        await s.expect(ADMINS, "🔴")
        assert await reasons(s) == ["maintenance", "opened"]


async def test_planned_work_that_ends_in_time_is_never_told(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path, maintenance=PATCHING)) as s:
        await s.fire(wire("a", service="shop-db"))
        await s.advance(minutes=20)
        await s.fire(wire("a", status="resolved", service="shop-db", ended=NOW + timedelta(minutes=20)))
        await s.advance(hours=2)
        await s.expect_nothing()
        assert await reasons(s) == ["maintenance", "over_before_told"]


async def test_planned_work_hides_nothing_else(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path, maintenance=PATCHING)) as s:
        await s.fire(wire("a", service="shop-api"), wire("b", service="shop-db"))
        await s.advance(seconds=10)
        told = await s.expect(ADMINS)
        assert "shop-api" in told.text.lower()


async def test_label_sets_without_service_or_known_severity_are_counted_and_grouped_apart(tmp_path):
    def counted(counter) -> float:
        return counter.labels(source="alertmanager")._value.get()

    before = counted(metrics.unknown_service), counted(metrics.unknown_severity)
    async with story(tmp_path, rules=rules(tmp_path)) as s:
        await s.fire(wire("a", service="", severity="odd"), wire("b", service="", job="node"), wire("c"))
        await s.advance(seconds=10)
        for _ in range(3):
            await s.expect(ADMINS)
        groups = {i.route.group_labels["service"] for i in await s.incidents()}
        assert groups == {"", "node", "shop-api"}
    assert (counted(metrics.unknown_service), counted(metrics.unknown_severity)) == (before[0] + 1, before[1] + 1)
