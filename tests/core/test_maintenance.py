"""Planned work mutes: nobody is told of what only it explains, and everybody of what outlasts it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from receiver.core.alert import Severity, matched_labels
from receiver.core.decide import decide
from receiver.core.event import Acknowledge, Event, Woke
from receiver.core.incident import Incident, State
from receiver.core.local import parse_clock
from receiver.core.maintenance import MaintenanceWindow, OneOff, Recurring
from receiver.core.matcher import parse_matcher
from receiver.core.plan import Kind, Plan, Reason
from receiver.core.recurrence import parse_recurrence
from tests.builders import NOW, alert, incident, rulebook

LATER = NOW + timedelta(seconds=10)
ENDS = NOW + timedelta(hours=1)
MOSCOW = ZoneInfo("Europe/Moscow")


def window(*matchers: str, start: datetime = NOW, end: datetime = ENDS, name: str = "move") -> MaintenanceWindow:
    parsed = tuple(parse_matcher(text) for text in matchers or ('service="shop-api"',))
    return MaintenanceWindow(name=name, where="maintenance.yaml:3", matchers=parsed, time=OneOff(start=start, end=end))


DB_ONLY = window('service="shop-db"')


def plan(before: Incident, *windows: MaintenanceWindow, now: datetime = LATER, event: Event | None = None) -> Plan:
    return decide(before, event or Woke(), rulebook(maintenance=windows), now)


def plus(before: Incident, *alerts) -> Incident:
    return replace(before, alerts={**before.alerts, **{a.id: a for a in alerts}})


def test_an_incident_of_muted_alerts_waits_untold_for_the_windows_end():
    p = plan(incident(alert()), window())
    assert (p.reason, p.notifications, p.wake_at, p.text, p.is_change) == (Reason.MAINTENANCE, (), ENDS, "move", True)
    assert (p.next.state, p.next.announced_at) == (State.TRIGGERED, None)


def test_the_same_wait_decided_again_is_no_line_in_the_timeline():
    held = plan(incident(alert()), window()).next
    again = plan(plus(held, alert("b")), window())
    assert (again.reason, again.is_change) == (Reason.MAINTENANCE, False)


def test_what_still_fires_at_the_end_is_told_then():
    held = plan(incident(alert()), window()).next
    p = plan(held, window(), now=ENDS)
    assert (p.reason, [n.kind for n in p.notifications], p.wake_at) == (Reason.OPENED, [Kind.INCIDENT], None)


def test_what_is_over_before_the_end_stays_untold():
    held = plan(incident(alert()), window()).next
    p = plan(replace(held, alerts=incident(alert(firing=False)).alerts), window(), now=LATER + timedelta(minutes=5))
    assert (p.reason, p.notifications, p.is_archived) == (Reason.OVER_BEFORE_TOLD, (), True)


def test_one_alert_outside_the_scope_tells_the_incident_as_bad_as_that_one_is():
    both = incident(alert("a", service="shop-db", severity=Severity.CRITICAL), alert("b"))
    p = plan(both, DB_ONLY)
    assert (p.reason, p.next.severity, p.next.systems, p.wake_at) == (Reason.OPENED, Severity.WARNING, ("shop-api",), ENDS)
    after = plan(p.next, DB_ONLY, now=ENDS)
    assert (after.reason, after.next.severity) == (Reason.GOT_WORSE, Severity.CRITICAL)
    assert after.notifications[-1].args == {"severity": "critical", "systems": "shop-db"}


def test_a_muted_alert_does_not_make_a_told_incident_worse_until_the_window_ends():
    told = plan(incident(alert("a"))).next
    worse = plus(told, alert("b", service="shop-db", severity=Severity.CRITICAL))
    p = plan(worse, DB_ONLY)
    assert (p.reason, [n.kind for n in p.notifications], p.next.severity, p.wake_at) == (Reason.ALERTS_CHANGED, [Kind.INCIDENT], Severity.WARNING, ENDS)
    assert plan(p.next, DB_ONLY, now=ENDS).reason is Reason.GOT_WORSE


def test_an_alert_told_before_its_window_does_not_become_worse_when_the_window_ends():
    told = plan(incident(alert("a"), alert("b", service="shop-db", severity=Severity.CRITICAL))).next
    during = plan(told, DB_ONLY)
    assert (during.reason, during.next.severity, during.wake_at) == (Reason.NOTHING_NEW, Severity.CRITICAL, ENDS)
    assert plan(during.next, DB_ONLY, now=ENDS).reason is Reason.NOTHING_NEW


def test_a_told_incident_ends_as_usual_in_a_window():
    told = plan(incident(alert("a", severity=Severity.CRITICAL))).next
    p = plan(replace(told, alerts=incident(alert("a", firing=False)).alerts), window())
    assert (p.reason, p.next.state) == (Reason.ALL_RESOLVED, State.RESOLVED)


def test_a_muted_alert_reopens_nothing_before_the_window_ends():
    over = plan(replace(plan(incident(alert("a"))).next, alerts=incident(alert("a", firing=False)).alerts)).next
    again = replace(over, alerts=incident(alert("a")).alerts)
    held = plan(again, window())
    assert (held.reason, held.next.state, held.wake_at, held.notifications) == (Reason.MAINTENANCE, State.RESOLVED, ENDS, ())
    assert plan(held.next, window(), now=ENDS).reason is Reason.REOPENED
    assert plan(plus(again, alert("c", service="mes")), window()).reason is Reason.REOPENED


def test_taking_an_untold_incident_tells_nobody_and_keeps_the_wake_up():
    held = plan(incident(alert()), window()).next
    p = plan(held, window(), event=Acknowledge(by="anna", name="Anna"))
    assert (p.reason, p.notifications, p.wake_at) == (Reason.ACKNOWLEDGED, (), ENDS)


def test_of_two_windows_each_alert_waits_for_its_own_and_the_longest_counts():
    short, long = window(end=NOW + timedelta(minutes=5), name="short"), window()
    assert plan(incident(alert()), short, long).wake_at == ENDS
    two = incident(alert("a"), alert("b", service="shop-db"))
    p = plan(two, replace(DB_ONLY, name="db"), short)
    assert (p.wake_at, p.text) == (NOW + timedelta(minutes=5), "db, short")


def test_the_book_says_which_window_mutes_and_until_when():
    book = rulebook(maintenance=(window('severity="critical"', 'service="node"'),))
    labels = matched_labels({"job": "node", "severity": "page"}, Severity.CRITICAL)
    mute = book.muted_by(labels, NOW)
    assert mute is not None
    assert (mute.window.name, mute.window.where, mute.until) == ("move", "maintenance.yaml:3", ENDS)
    assert book.muted_by(labels, ENDS) is None
    assert book.muted_by(labels, NOW - timedelta(microseconds=1)) is None
    assert book.muted_by({}, NOW) is None


def recurring(text: str, start: str, end: str, zone: ZoneInfo = MOSCOW, starts: date | None = None) -> Recurring:
    return Recurring(rule=parse_recurrence(text, starts), start=parse_clock(start), end=parse_clock(end), zone=zone)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 12, 6, 2, 59, tzinfo=MOSCOW), None),
        (datetime(2026, 12, 6, 3, tzinfo=MOSCOW), datetime(2026, 12, 6, 4, tzinfo=MOSCOW)),
        (datetime(2026, 12, 6, 4, tzinfo=MOSCOW), None),
        (datetime(2026, 12, 13, 3, 30, tzinfo=MOSCOW), None),
    ],
)
def test_the_first_sunday_of_the_month(now, until):
    assert recurring("FREQ=MONTHLY;BYDAY=1SU", "03:00", "04:00").until(now.astimezone(UTC)) == until


def test_a_night_belongs_to_the_day_it_starts():
    sunday_night = recurring("FREQ=WEEKLY;BYDAY=SU", "23:00", "02:00")
    assert sunday_night.until(datetime(2026, 12, 7, 1, tzinfo=MOSCOW)) == datetime(2026, 12, 7, 2, tzinfo=MOSCOW)
    assert sunday_night.until(datetime(2026, 12, 6, 1, tzinfo=MOSCOW)) is None


def test_until_names_the_last_start():
    ends = recurring("FREQ=DAILY;UNTIL=20261206T000000Z", "03:00", "04:00")  # 3 o'clock in Moscow is midnight in UTC
    assert ends.until(datetime(2026, 12, 6, 3, 30, tzinfo=MOSCOW)) is not None
    assert ends.until(datetime(2026, 12, 7, 3, 30, tzinfo=MOSCOW)) is None


def test_a_window_keeps_its_local_time_on_the_nights_the_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    nightly = recurring("FREQ=DAILY", "02:30", "03:30", berlin)
    gap_ends = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert nightly.until(gap_ends) == gap_ends + timedelta(minutes=30)
    assert nightly.until(gap_ends - timedelta(seconds=1)) is None
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    assert nightly.until(twice) == datetime(2026, 10, 25, 3, 30, tzinfo=berlin).astimezone(UTC)
    assert nightly.until(twice.replace(fold=1)) is not None
