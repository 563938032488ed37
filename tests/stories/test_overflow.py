"""A source that opens more incidents than it may: its further alerts share one, which pages and ends, and nothing of them is lost."""

import pytest

from receiver.telemetry import metrics
from tests.builders import wire
from tests.harness import ADMINS, Story
from tests.stories.paging import FILES, TO_ANNA, paging

SPARE = "-1001000000003"
TIGHT = FILES["routes"] + "noise: {storm: {incidents: 1000, within: 2m}, overflow: {incidents: 3, within: 10m}}\n"


def alerts(first: int, count: int, **more) -> list[dict]:
    return [wire(f"pod-{n}", service=f"system-{n}", severity="warning", pod=f"pod-{n}", **more) for n in range(first, first + count)]


async def overflows(s: Story) -> list:
    return [one for one in await s.incidents() if one.is_overflow]


def overflowed() -> float:
    return metrics.overflowed.labels(source="alertmanager")._value.get()


async def flood(s: Story, replicas: int = 1) -> None:
    """Nine systems, three of which find room; the replicas take turns."""
    for n, alert in enumerate(alerts(0, 9)):
        await s.fire(alert, replica=n % replicas)
    await s.advance(seconds=2)


@pytest.mark.parametrize("replicas", [1, 2])
async def test_what_a_source_may_not_open_goes_to_one_incident_that_pages(tmp_path, replicas):
    async with paging(tmp_path, files={"routes": TIGHT}, replicas=replicas) as s:
        before = overflowed()
        await flood(s, replicas)
        (one,) = await overflows(s)
        told = await s.expect(SPARE, "🔴 6 alerts", "alertmanager", "6 values")
        assert not told.silent
        await s.expect(ADMINS, "🔴 6 alerts")
        assert len(one.firing) == 6
        assert {alert.labels["service"] for alert in one.firing} == {f"system-{n}" for n in range(3, 9)}
        assert one.severity == "critical"
        assert overflowed() == before + 6
        assert [entry.reason for entry in await s.app.incidents.timeline(one.id)][:1] == ["overflow"]
        assert len(await s.incidents()) == 4


@pytest.mark.parametrize("replicas", [1, 2])
async def test_it_ends_with_its_alerts_and_then_everything_is_as_usual(tmp_path, replicas):
    async with paging(tmp_path, files={"routes": TIGHT}, replicas=replicas) as s:
        await flood(s, replicas)
        await s.fire(*alerts(3, 6), replica=replicas - 1)
        assert len(await s.incidents()) == 4, "known by now, whoever tells it"
        await s.fire(*alerts(3, 6, status="resolved", ended=s.clock.now()))
        await s.advance(seconds=5)
        (one,) = await overflows(s)
        assert one.state == "resolved"
        await s.advance(minutes=10)
        await s.fire(*alerts(20, 2))
        assert len(await s.incidents()) == 6
        assert len((await overflows(s))[0].alerts) == 6
        s._seen.update(range(len(s.api.sends())))


async def test_it_pages_by_the_policy_that_its_first_alert_would_have_paged(tmp_path):
    async with paging(tmp_path, files={"routes": TIGHT}) as s:
        for n in range(3):
            await s.fire(*alerts(n, 1))
        await s.fire(wire("pod-9", service="system-9", severity="critical", pod="pod-9"))
        await s.advance(seconds=2)
        await s.expect(TO_ANNA, "🔴 1 alert")
        await s.expect(SPARE, "🔴 1 alert")
        await s.expect(ADMINS, "🔴 1 alert")
