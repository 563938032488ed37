"""Planned work of maintenance.yaml, from the announcement three days before to its end, with an overrun; and that it hides no fault."""

import json
from pathlib import Path

import icalendar
import pytest

from receiver.app.build import works
from receiver.core.notice import Impact, Phase
from receiver.core.notice_event import Actor, Approved
from receiver.workers.works import work_id
from tests.builders import wire
from tests.harness import Story, story
from tests.notices.town import NOTICES, SUPPORT, town

OLEG, SVETA = (Actor(id=name, name=name.title(), roles=frozenset({"support"})) for name in ("oleg", "sveta"))
MAINTENANCE = """version: 1
windows:
  db-patching: {matchers: ['service="shop-db"'], from: "2026-11-27T03:00+03:00", to: "2026-11-27T04:00+03:00", notice: {component: checkout, text: planned}}
  unannounced: {matchers: ['service="batch"'], from: "2026-11-27T03:00+03:00", to: "2026-11-27T04:00+03:00"}
"""  # 22 hours more than three days after the tests' instant


@pytest.fixture
async def told(tmp_path: Path):
    rules = town(tmp_path / "rules", maintenance=MAINTENANCE, notices=NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds]"))
    async with story(tmp_path, rules=rules) as found:
        yield found
        for at, _ in found._news():
            found._seen.add(at)


async def look(s: Story, **span: float) -> None:
    s.clock.advance(**span)
    await works_of(s).look()
    await s.settle()


def works_of(s: Story):
    if not hasattr(s, "works"):
        s.works = works(s.app)
    return s.works


async def agree(s: Story) -> None:
    """Two people agree to what stands there, and it is published."""
    for actor in (OLEG, SVETA):
        notice = await planned(s)
        if notice.draft is not None and notice.draft.publish_at is None:
            await s.app.notices.engine.apply(notice.id, Approved(actor=actor, revision=notice.draft.revision))
    await s.advance(seconds=20)


async def planned(s: Story):
    (found,) = [one for one in await s.app.notices.desk.open() if one.scheduled_for]
    return found


async def public(s: Story):
    (found,) = await s.app.notices.public.recent()
    return found


async def test_planned_work_goes_from_announcement_to_end(told: Story):
    s = told
    await look(s)
    assert await s.app.notices.desk.open() == [], "more than three days before, nothing is asked"
    await look(s, hours=22)
    card = await s.expect(SUPPORT, "Checkout: planned work", "from 27 Nov 03:00 to 27 Nov 04:00")
    assert "Approvals: 0 of 2" in card.text
    await look(s, minutes=1)
    assert len(await s.app.notices.desk.open()) == 1, "looked at twice, opened once"
    assert await s.app.notices.public.recent() == []

    await agree(s)
    announced = await public(s)
    assert (announced.phase, announced.is_open, announced.scheduled_for.isoformat()) == (Phase.SCHEDULED, True, "2026-11-27T00:00:00+00:00")
    s.clock.advance(seconds=1)
    summary = json.loads((await s.http.get("/status/en/api/v2/summary.json")).text)
    assert summary["status"]["indicator"] == "none", "announced work has not begun"
    assert [one["status"] for one in summary["scheduled_maintenances"]] == ["scheduled"]
    (event,) = icalendar.Calendar.from_ical((await s.http.get("/status/ru/maintenance.ics")).content).walk("VEVENT")
    assert event.start.isoformat() == "2026-11-27T00:00:00+00:00"
    assert "Planned for 27 November, 03:00–04:00 UTC+3" in (await s.http.get("/status/en")).text

    await look(s, hours=71)
    await agree(s)
    begun = await public(s)
    assert (begun.phase, begun.impacts) == (Phase.IN_PROGRESS, {"checkout": Impact.UNDER_MAINTENANCE})
    s.clock.advance(seconds=1)
    assert json.loads((await s.http.get("/status/api/v2/status.json")).text)["status"]["indicator"] == "maintenance"

    await look(s, minutes=61)
    await agree(s)
    ended = await public(s)
    assert (ended.phase, ended.impacts, ended.is_open) == (Phase.COMPLETED, {"checkout": Impact.OPERATIONAL}, False)


async def test_work_that_overruns_is_said_before_its_end(told: Story):
    s = told
    await look(s, hours=23)
    await agree(s)
    await look(s, hours=70)
    await agree(s)
    await s.fire(wire(service="shop-db", since=s.clock.now()))
    await look(s, minutes=40)
    notice = await planned(s)
    assert notice.draft is None, "eighteen minutes before the end it is not late yet"
    await look(s, minutes=12)
    notice = await planned(s)
    assert notice.draft is not None
    assert notice.draft.origin == "work-overruns"


async def test_a_fault_of_a_component_whose_work_is_announced_has_a_notice_of_its_own(told: Story):
    s = told
    await look(s, hours=23)
    await agree(s)
    await s.fire(wire(service="shop-api", since=s.clock.now()))
    await s.advance(seconds=11)
    await s.advance(minutes=3)
    assert len(await s.app.notices.desk.open()) == 2


def test_ids_of_work_are_like_any_other_and_the_same_on_every_replica():
    one, two = work_id(b"k", ("db", "2026")), work_id(b"k", ("db", "2027"))
    assert one == work_id(b"k", ("db", "2026"))
    assert one != two
    assert len(one) == 8
    assert work_id(b"x", ("db", "2026")) != one
