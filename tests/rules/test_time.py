"""Rules about time and scope as they are read from files: windows, quiet, maintenance, customers, group_by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from receiver.core.incident import Customers
from receiver.core.rulebook import RuleBook
from receiver.rules.load import RulesError, load_rules

FILES = {
    "destinations": "version: 1\ndestinations: {chat: {channel: telegram, chat: 1}}\nfallback: [chat]\n",
    "people": "version: 1\npeople: {}\n",
    "routes": "version: 1\nroute: {id: root, destinations: [chat]}\n",
}
NIGHT, DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC), datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def load(directory: Path, **changed: str) -> RuleBook:
    for name, text in (FILES | changed).items():
        (directory / f"{name}.yaml").write_text(text, "utf-8")
    return load_rules(directory)


def faults(directory: Path, **changed: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load(directory, **changed)
    return [str(fault) for fault in caught.value.faults]


def routes(*lines: str, windows: str = "") -> str:
    below = "".join(f"    - {line}\n" for line in lines)
    return f"version: 1\nroute:\n  id: root\n  destinations: [chat]\n  routes:\n{below}{windows}"


def maintenance(window: str) -> str:
    return f"version: 1\nwindows:\n  move: {window}\n"


WINDOWS = 'windows: {nights: {timezone: Europe/Moscow, times: [{days: [mon, tue], from: "22:00", to: "08:00"}, {from: "04:00", to: "06:00"}]}}\n'


def test_an_active_window_and_quiet_are_read_and_inherited(tmp_path: Path) -> None:
    text = routes(
        "{id: night, matchers: ['a=\"1\"'], active: [nights], quiet: true, routes: [{id: loud, matchers: ['b=\"1\"'], quiet: false}, {id: below, matchers: ['c=\"1\"']}]}",
        windows=WINDOWS,
    )
    book = load(tmp_path, routes=text)
    assert book.notes == ()
    assert book.route({"a": "1", "b": "1"}, NIGHT).is_quiet is False
    below = book.route({"a": "1", "c": "1"}, NIGHT)
    assert (below.route_id, below.is_quiet) == ("below", True)
    assert below.path[1] == 'routes.yaml:6 night: a="1" ✓, window nights ✓'
    assert book.route({"a": "1"}, DAY).route_id == "root"
    # Monday 23:30 to Tuesday 08:00 in Moscow; on Wednesday only the second span holds.
    assert book.phase(datetime(2026, 11, 24, 3, 59, tzinfo=UTC)) == (True,)
    assert book.phase(datetime(2026, 11, 26, 4, 0, tzinfo=UTC)) == (False,)
    assert book.phase(datetime(2026, 11, 26, 2, 0, tzinfo=UTC)) == (True,)


def test_a_route_with_windows_shadows_nobody(tmp_path: Path) -> None:
    lines = ("{id: night, matchers: ['a=\"1\"'], active: [nights]}", "{id: day, matchers: ['a=\"1\"']}")
    assert load(tmp_path, routes=routes(*lines, windows=WINDOWS)).notes == ()


def test_customers_are_read_inherited_and_resolved(tmp_path: Path) -> None:
    services = "version: 1\nservices: {shop-api: {name: {en: Shop API}, kind: service, component: checkout}}\n"
    lines = "{id: out, matchers: ['a=\"1\"'], customers: {impact: partial_outage, text: errors, hold: 3m}, routes: [{id: below, matchers: ['b=\"1\"']}]}"
    book = load(tmp_path, routes=routes(lines), services=services)
    wanted = Customers(component="checkout", impact="partial_outage", text="errors", hold=timedelta(minutes=3))
    assert book.route({"a": "1", "b": "1", "service": "shop-api"}, DAY).customers == wanted
    assert book.route({"service": "shop-api"}, DAY).customers is None
    assert book.notes == ()


def test_grouping_by_all_labels(tmp_path: Path) -> None:
    book = load(tmp_path, routes='version: 1\nroute: {id: root, destinations: [chat], group_by: ["..."]}\n')
    assert book.route({"alertname": "Down", "pod": "a"}, DAY).group_labels == {"alertname": "Down", "pod": "a"}
    said = faults(tmp_path, routes='version: 1\nroute: {id: root, destinations: [chat], group_by: ["...", service]}\n')
    assert said == ['routes.yaml:2:51: "..." already groups by every label, write ["..."] alone, or only the other labels']


def test_maintenance_by_instants(tmp_path: Path) -> None:
    moscow = load(tmp_path, maintenance=maintenance('{matchers: [\'a="1"\'], from: "2026-12-05T01:00+03:00", to: "2026-12-05T03:00+03:00"}'))
    mute = moscow.muted_by({"a": "1"}, datetime(2026, 12, 4, 22, 0, tzinfo=UTC))
    assert mute is not None
    assert mute.until == datetime(2026, 12, 5, 0, 0, tzinfo=UTC)
    assert moscow.muted_by({"a": "2"}, datetime(2026, 12, 4, 22, 0, tzinfo=UTC)) is None
    assert moscow.notes == ()


def test_maintenance_by_rule(tmp_path: Path) -> None:
    rule = '{rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", from: "03:00", to: "04:00", timezone: Europe/Moscow, starts: 2026-12-06}'
    text = maintenance(f"{{matchers: ['a=\"1\"'], recurring: {rule}, mirror: alertmanager}}")
    book = load(tmp_path, maintenance=text)
    inside = datetime(2026, 12, 6, 0, 30, tzinfo=UTC)
    mute = book.muted_by({"a": "1"}, inside)
    assert mute is not None
    assert (mute.window.name, mute.window.where, mute.until) == ("move", "maintenance.yaml:3", datetime(2026, 12, 6, 1, 0, tzinfo=UTC))
    assert [book.muted_by({"a": "1"}, inside + timedelta(weeks=n)) is not None for n in range(4)] == [True, False, True, False]
    assert book.notes == ("maintenance.yaml:3: mirror has no effect yet, Alertmanager gets no silence",)


def recurring(rrule: str, clock: str = 'from: "03:00", to: "04:00"') -> str:
    return maintenance(f'{{matchers: [\'a="1"\'], recurring: {{rrule: "{rrule}", {clock}, timezone: UTC}}}}')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            recurring("FREQ=DAILY;COUNT=3"),
            "3:50: COUNT is not supported in a rule, use FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY and UNTIL",
        ),
        (recurring("FREQ=WEEKLY"), "3:50: the rule does not say on which day, add BYDAY, like FREQ=WEEKLY;BYDAY=SU"),
        (recurring("FREQ=DAILY;INTERVAL=2"), "3:42: INTERVAL=2 counts from no day, add starts: with the first day, like starts: 2026-12-06"),
        (recurring("FREQ=DAILY", 'from: "03:00", to: "03:00"'), '3:42: from and to are both 03:00, write from: "00:00", to: "24:00" for the whole day'),
        (maintenance("{matchers: ['a=\"1\"']}"), "3:9: this window has no time, or two, give either from and to, or recurring"),
    ],
)
def test_wrong_maintenance_says_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    assert faults(tmp_path, maintenance=text) == [f"maintenance.yaml:{says}"]


@pytest.mark.parametrize(
    ("span", "says"),
    [
        ('{from: "08:00", to: "08:00"}', 'from and to are both 08:00, write from: "00:00", to: "24:00" for the whole day'),
        ('{from: "24:00", to: "08:00"}', 'no day starts at 24:00, write from: "00:00" and the next day'),
    ],
)
def test_wrong_windows_say_what_to_write(tmp_path: Path, span: str, says: str) -> None:
    text = FILES["routes"] + f"windows: {{nights: {{timezone: UTC, times: [{span}]}}}}\n"
    assert faults(tmp_path, routes=text) == [f"routes.yaml:3:43: {says}"]


def test_the_root_holds_at_all_times(tmp_path: Path) -> None:
    text = "version: 1\nroute: {id: root, destinations: [chat], active: [nights]}\n" + WINDOWS
    assert faults(tmp_path, routes=text) == ["routes.yaml:2:41: the root takes every alert and has no active, move it to a route below"]
