"""A hand-off at 02:30 on both nights the clocks change, in three zones: each minute pages the one who is on call, nobody twice and never nobody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from receiver.core.decide import decide
from receiver.core.event import Woke
from receiver.core.plan import Kind
from receiver.rules.load import load_rules
from tests.builders import alert, incident
from tests.stories.paging import rules

# The local day of the change, by zone: 02:30 does not exist on the first and comes twice on the second (in Lord Howe by half an hour).
NIGHTS = [
    ("Europe/Berlin", "2027-03-28", "2027-10-31"),
    ("America/New_York", "2027-03-14", "2027-11-07"),
    ("Australia/Lord_Howe", "2027-10-03", "2027-04-04"),
]


def schedule(zone: str, first: str) -> str:
    return (
        f"version: 1\nschedules:\n  primary:\n    timezone: {zone}\n    layers:\n"
        f'      - {{people: [anna, boris], rotate: daily, handoff: {{time: "02:30"}}, starts: "{first}"}}\n'
    )


@pytest.mark.parametrize(("zone", "gap", "fold"), NIGHTS)
@pytest.mark.parametrize("night", ["gap", "fold"])
def test_every_minute_of_the_night_pages_exactly_the_one_whose_turn_it_is(tmp_path, zone, gap, fold, night):
    day = datetime.fromisoformat(gap if night == "gap" else fold)
    book = load_rules(rules(tmp_path, schedules=schedule(zone, str((day - timedelta(days=2)).date()))))
    start = day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    paged = []
    for minute in range(6 * 60):
        now = start + timedelta(minutes=minute)
        base = incident(alert(since=now), opened_at=now - timedelta(seconds=10))
        one = decide(base_of(base), Woke(), book, now)
        people = [n.destination.person for n in one.notifications if n.kind is Kind.INCIDENT and n.destination.person]
        assert len(people) == 1, now
        paged.append(people[0])
    changes = [at for at in range(1, len(paged)) if paged[at] != paged[at - 1]]
    assert len(changes) == 1, "one hand-off a night"
    local = (start + timedelta(minutes=changes[0])).astimezone(ZoneInfo(zone))
    before = (start + timedelta(minutes=changes[0] - 1)).astimezone(ZoneInfo(zone))
    assert (before.hour, before.minute) < (2, 30) or night == "gap"
    assert (local.hour, local.minute) >= (2, 30)


def base_of(one):
    """The incident as its route names the policy."""
    return replace(one, route=replace(one.route, policies=("devops",), group_wait=timedelta(seconds=10)))
