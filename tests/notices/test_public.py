"""What becomes public, and what component states and days follow from it."""

import dataclasses
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from receiver.core.incident import IncidentId
from receiver.core.notice import Impact, Phase, PublicNotice, PublicText, Update
from receiver.core.notice_public import project
from receiver.core.notice_record import Draft, Text
from receiver.core.uptime import days, indicator, states
from tests.builders import NOW
from tests.notices.values import notice, update

MOSCOW = ZoneInfo("Europe/Moscow")


def public(*updates: Update, **fields) -> PublicNotice:
    found = project(notice(*updates, **fields))
    assert found is not None
    return found


def test_a_draft_is_not_public():
    draft = Draft(
        origin="errors",
        phase=Phase.INVESTIGATING,
        impacts={"checkout": Impact.MAJOR_OUTAGE},
        texts={"en": Text(title="t", body="b")},
        channels=("page",),
        proposed_at=NOW,
    )
    assert project(notice(draft=draft)) is None
    assert "b" not in str(project(notice(update(1), draft=draft)).updates[0].texts["en"].title)


def test_only_the_allow_list_is_public():
    """Adding a field to a public type is a decision: it must be written here too."""
    assert {f.name for f in dataclasses.fields(PublicNotice)} == {
        "id", "phase", "impact", "impacts", "components", "titles", "started_at", "published_at", "updated_at", "monitoring_at", "resolved_at",
        "next_update_at", "scheduled_for", "scheduled_until", "is_retracted", "updates",
    }  # fmt: skip
    assert {f.name for f in dataclasses.fields(Update)} == {"id", "phase", "impacts", "texts", "at", "edited_at", "is_retracted"}
    assert {f.name for f in dataclasses.fields(PublicText)} == {"title", "body"}


def test_nothing_internal_stands_in_the_projection():
    inside = notice(update(1), incidents=(IncidentId("INC-412"),), owner="Анна", doubt="prometheus dc-1 is silent", starter="zz-starter")
    shown = str(project(inside))
    for word in ("INC-412", "Анна", "dc-1", "zz-starter"):
        assert word not in shown


def test_the_newest_word_gives_the_title_and_the_oldest_the_beginning():
    found = public(update(1), update(2, Phase.MONITORING, minutes=20), update(3, Phase.RESOLVED, Impact.OPERATIONAL, minutes=40))
    assert [u.id for u in found.updates] == ["U3", "U2", "U1"]
    assert (found.published_at, found.monitoring_at, found.resolved_at) == (NOW, NOW + timedelta(minutes=20), NOW + timedelta(minutes=40))
    assert found.impact is Impact.PARTIAL_OUTAGE
    assert found.impacts == {"checkout": Impact.OPERATIONAL}
    assert not found.is_open


def test_a_retracted_notice_keeps_its_place_and_says_nothing():
    found = public(update(1, texts={}, is_retracted=True), is_retracted=True)
    assert (found.titles, found.impacts, found.components, found.is_open) == ({}, {}, (), False)


def test_what_was_promised_is_public_until_the_end():
    promised = NOW + timedelta(minutes=30)
    assert public(update(1), next_update_at=promised).next_update_at == promised
    assert public(update(1), update(2, Phase.RESOLVED, minutes=1), next_update_at=promised).next_update_at is None


def test_a_component_is_as_bad_as_the_worst_open_notice_says():
    partial, major = public(update(1)), public(update(2, impact=Impact.MAJOR_OUTAGE))
    over = public(update(3, impact=Impact.MAJOR_OUTAGE), update(4, Phase.RESOLVED, Impact.OPERATIONAL, minutes=5))
    found = states(["checkout", "storefront"], [partial, major, over])
    assert (found["checkout"].impact, found["storefront"].impact) == (Impact.MAJOR_OUTAGE, Impact.OPERATIONAL)
    assert len(found["checkout"].notices) == 2
    assert indicator(found) == "critical"
    assert indicator(states(["storefront"], [partial])) == "none"


@pytest.mark.parametrize(("impact", "word"), [(Impact.DEGRADED_PERFORMANCE, "minor"), (Impact.UNDER_MAINTENANCE, "maintenance")])
def test_the_pages_indicator_is_computed(impact, word):
    assert indicator(states(["checkout"], [public(update(1, impact=impact))])) == word


def test_days_hold_the_minutes_customers_were_told_of():
    over = public(update(1), update(2, Phase.IDENTIFIED, Impact.MAJOR_OUTAGE, minutes=10), update(3, Phase.RESOLVED, Impact.OPERATIONAL, minutes=40))
    found = days("checkout", [over], MOSCOW, NOW + timedelta(hours=5), 90)
    assert len(found) == 90
    assert found[-1].date == "2026-11-23"
    assert found[-1].minutes == {Impact.PARTIAL_OUTAGE: 14, Impact.MAJOR_OUTAGE: 30}
    assert found[-1].worst is Impact.MAJOR_OUTAGE
    assert found[-2].minutes == {}


def test_a_night_over_midnight_counts_on_both_days_in_the_pages_zone():
    start = NOW.replace(hour=20, minute=30)  # 23:30 in Moscow
    over = public(update(1, at=start), update(2, Phase.RESOLVED, Impact.OPERATIONAL, at=start + timedelta(hours=1)), started_at=start)
    found = days("checkout", [over], MOSCOW, start + timedelta(hours=3), 2)
    assert [day.minutes for day in found] == [{Impact.PARTIAL_OUTAGE: 30}, {Impact.PARTIAL_OUTAGE: 30}]


def test_overlapping_notices_count_once_and_the_worse_wins():
    one = public(update(1), update(2, Phase.RESOLVED, Impact.OPERATIONAL, minutes=30), started_at=NOW)
    two = public(
        update(1, impact=Impact.MAJOR_OUTAGE, minutes=10), update(2, Phase.RESOLVED, Impact.OPERATIONAL, minutes=20), started_at=NOW + timedelta(minutes=10)
    )
    (day,) = days("checkout", [one, two], MOSCOW, NOW + timedelta(hours=1), 1)
    assert day.minutes == {Impact.PARTIAL_OUTAGE: 20, Impact.MAJOR_OUTAGE: 10}
