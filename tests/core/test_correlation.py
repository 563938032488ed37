"""Which incident explains which, and which does not: tables over the catalogue's arrows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.core.alert import Severity
from receiver.core.condition import Condition, ConditionKind
from receiver.core.correlation import MOST_SYMPTOMS, find_cause, near, still_carried
from receiver.core.graph import Graph
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.maintenance import MaintenanceWindow, OneOff
from receiver.core.matcher import parse_matcher
from receiver.core.part import Correlation, Part, Symptom
from tests.builders import NOW, alert, incident, rulebook

ARROWS = {"shop": ("shop-api", "mes-api"), "shop-api": ("shop-db", "queue"), "crm-api": ("shop-db",), "mes-api": ("mes-db",)}
BOOK = rulebook(graph=Graph(ARROWS, {"shop": "services.yaml:4", "shop-api": "services.yaml:9"}))
MINUTE = timedelta(minutes=1)


def broken(
    number: int, service: str, at: timedelta = timedelta(), *, severity: Severity = Severity.CRITICAL, environment: str = "prod", **fields: Any
) -> Incident:
    """An open incident of a service that began so long after NOW."""
    since = NOW + at
    made = incident(
        alert(f"{service}-{number}", since=since, service=service, severity=severity, environment=environment),
        id=IncidentId(f"INC-{number}"),
        severity=severity,
    )
    assert made.route
    return replace(made, opened_at=since, route=replace(made.route, group_labels={"service": service}), **fields)


def part_of(symptom: Incident, *others: Incident, rules: Any = BOOK) -> str:
    """The id of the cause, or nothing."""
    found = find_cause(symptom, {one.id: one for one in others}, rules, NOW + MINUTE)
    return found.cause if found else ""


def test_the_arrows_are_followed_downwards_by_the_shortest_way():
    assert BOOK.graph.below("shop") == {
        "shop-api": ("shop", "shop-api"), "mes-api": ("shop", "mes-api"), "shop-db": ("shop", "shop-api", "shop-db"),
        "queue": ("shop", "shop-api", "queue"), "mes-db": ("shop", "mes-api", "mes-db"),
    }  # fmt: skip
    assert set(BOOK.graph.above("shop-db")) == {"shop-api", "crm-api", "shop"}
    assert BOOK.graph.below("nobody") == {}


def test_a_broken_database_explains_what_stands_on_it_and_says_where_that_is_written():
    found = find_cause(broken(2, "shop"), {IncidentId("INC-1"): broken(1, "shop-db")}, BOOK, NOW)
    assert found is not None
    assert (found.cause, found.way, found.where) == ("INC-1", ("shop", "shop-api", "shop-db"), "services.yaml:4")


@pytest.mark.parametrize("late", [-5 * MINUTE, timedelta(), 5 * MINUTE])
def test_which_began_first_does_not_matter_within_the_window(late):
    assert part_of(broken(2, "shop-api"), broken(1, "shop-db", late)) == "INC-1"


@pytest.mark.parametrize("late", [-5 * MINUTE - timedelta(seconds=1), timedelta(hours=1)])
def test_outside_the_window_nothing_is_explained(late):
    assert part_of(broken(2, "shop-api"), broken(1, "shop-db", late)) == ""


def test_the_window_counts_anew_when_a_cause_fires_again():
    again = replace(broken(1, "shop-db", -timedelta(hours=1)), alerts=broken(1, "shop-db").alerts)
    assert part_of(broken(2, "shop-api"), again) == "INC-1"


REFUSED: dict[str, Incident] = {
    "the other direction": broken(1, "shop"),
    "a system beside it": broken(1, "crm-api"),
    "another environment": broken(1, "shop-db", environment="test"),
    "over": broken(1, "shop-db", state=State.RESOLVED, resolved_at=NOW),
    "snoozed": broken(1, "shop-db", state=State.SNOOZED),
    "split": broken(1, "shop-db", is_alone=True),
    "only a note": broken(1, "shop-db", severity=Severity.INFO),
    "nothing fires": replace(broken(1, "shop-db"), alerts={}),
    "silenced": broken(1, "shop-db", conditions={alert("shop-db-1").id: Condition(kind=ConditionKind.SILENCED)}),
    "full": broken(
        1, "shop-db", symptoms={IncidentId(f"INC-9{n}"): Symptom(service="crm-api", severity=Severity.INFO, firing=1) for n in range(MOST_SYMPTOMS)}
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_wrong_is_worse_than_none(why):
    assert part_of(broken(2, "shop-api"), REFUSED[why]) == ""


def test_a_quiet_cause_takes_only_quiet_symptoms():
    cause, symptom = broken(1, "shop-db"), broken(2, "shop-api")
    assert cause.route
    assert symptom.route
    quiet = replace(cause, route=replace(cause.route, is_quiet=True))
    assert part_of(symptom, quiet) == ""
    assert part_of(replace(symptom, route=replace(symptom.route, is_quiet=True)), quiet) == "INC-1"


def test_planned_work_on_the_cause_silences_nothing_above_it():
    time = OneOff(start=NOW - MINUTE, end=NOW + 60 * MINUTE)
    window = MaintenanceWindow(name="move", where="maintenance.yaml:3", matchers=(parse_matcher('service="shop-db"'),), time=time)
    assert part_of(broken(2, "shop-api"), broken(1, "shop-db"), rules=replace(BOOK, maintenance=(window,))) == ""


def test_switched_off_or_split_nothing_is_explained():
    cause = broken(1, "shop-db")
    assert part_of(broken(2, "shop-api"), cause, rules=replace(BOOK, correlation=None)) == ""
    assert part_of(broken(2, "shop-api", is_alone=True), cause) == ""


def test_of_several_the_nearest_that_is_no_symptom_itself_then_the_first_then_the_lower_number():
    shop, api, db = broken(9, "shop"), broken(1, "shop-api"), broken(2, "shop-db", MINUTE)
    assert part_of(shop, api, db) == "INC-2", "the API stands on the database"
    assert part_of(shop, api, broken(3, "mes-db")) == "INC-1", "nearer"
    assert part_of(broken(9, "shop-api"), broken(8, "queue", MINUTE), broken(4, "shop-db", 2 * MINUTE)) == "INC-8", "earlier"
    assert part_of(broken(9, "shop-api"), broken(8, "queue"), broken(4, "shop-db")) == "INC-4", "the lower number"


def carried(cause: Incident | None, *others: Incident, at: timedelta = MINUTE) -> tuple[str, str]:
    symptom = broken(2, "shop-api")
    link = Part(cause="INC-1", service="shop-db", way=("shop-api", "shop-db"), where="", since=NOW, look_at=NOW)
    around = {one.id: one for one in (cause, *others) if one is not None}
    found = still_carried(replace(symptom, part=link), link, around, BOOK, NOW + at)
    return (found.part.cause if found.part else "", found.why)


def test_a_cause_carries_until_it_is_over_and_a_short_while_after():
    over = broken(1, "shop-db", state=State.RESOLVED, resolved_at=NOW)
    assert carried(broken(1, "shop-db")) == ("INC-1", "")
    assert carried(broken(1, "shop-db", state=State.ACKNOWLEDGED)) == ("INC-1", "")
    assert carried(broken(1, "shop-db", state=State.SNOOZED)) == ("INC-1", ""), "who puts it off puts off what it carries"
    assert carried(over, at=timedelta(seconds=119)) == ("INC-1", "")
    assert carried(over, at=timedelta(seconds=120)) == ("", "over")


def test_a_cause_that_is_closed_silenced_split_or_gone_carries_nothing():
    assert carried(broken(1, "shop-db", state=State.RESOLVED, resolved_at=NOW, resolved_by="Anna")) == ("", "resolved by hand")
    assert carried(REFUSED["silenced"]) == ("", "silenced")
    assert carried(REFUSED["split"]) == ("", "split")
    assert carried(None) == ("", "gone")


def test_a_cause_that_becomes_a_symptom_hands_its_parts_on():
    link = Part(cause="INC-3", service="queue", way=("shop-db", "queue"), where="", since=NOW, look_at=NOW)
    book = replace(BOOK, graph=Graph({**ARROWS, "shop-db": ("disk",)}))
    moved, lower = broken(1, "shop-db", part=replace(link, cause="INC-3", service="disk")), broken(3, "disk")
    own = Part(cause="INC-1", service="shop-db", way=("shop-api", "shop-db"), where="", since=NOW, look_at=NOW)
    found = still_carried(replace(broken(2, "shop-api"), part=own), own, {moved.id: moved, lower.id: lower}, book, NOW)
    assert found.part is not None
    assert (found.part.cause, found.part.way) == ("INC-3", ("shop-api", "shop-db", "disk"))


def test_an_old_incident_looks_for_no_cause_and_a_system_without_arrows_for_nothing():
    assert near(broken(1, "shop-api"), BOOK, NOW).below == ("shop-db", "queue")
    assert near(broken(1, "shop-api"), BOOK, NOW + timedelta(hours=1)).below == ()
    assert (near(broken(1, "nobody"), BOOK, NOW).below, near(broken(1, "nobody"), BOOK, NOW).above) == ((), ("nobody",)), "but for itself"
    assert Correlation().within == 5 * MINUTE


WARNING, HOUR = Severity.WARNING, timedelta(hours=1)
SAME: dict[str, tuple[Incident, Incident, str]] = {
    "the worse one carries": (broken(1, "shop-db", severity=WARNING), broken(2, "shop-db"), "INC-2"),
    "however long the other has been there": (broken(1, "shop-db", -HOUR, severity=WARNING), broken(2, "shop-db"), "INC-2"),
    "and not the other way round": (broken(1, "shop-db"), broken(2, "shop-db", severity=WARNING), ""),
    "of equals the first": (broken(1, "shop-db", MINUTE), broken(2, "shop-db"), "INC-2"),
    "of equals only about the same time": (broken(2, "shop-db"), broken(1, "shop-db", -HOUR), ""),
    "of equals the lower number": (broken(2, "shop-db"), broken(1, "shop-db"), "INC-1"),
    "its own alerts count, not its parts'": (
        broken(1, "shop-db"), replace(broken(2, "shop-db", severity=WARNING), severity=Severity.CRITICAL), "",
    ),
    "another environment": (broken(1, "shop-db", severity=WARNING), broken(2, "shop-db", environment="test"), ""),
    "one that is split": (broken(1, "shop-db", severity=WARNING), broken(2, "shop-db", is_alone=True), ""),
    "an unknown system": (broken(1, "nobody", severity=WARNING), broken(2, "nobody"), "INC-2"),
    "no system": (broken(1, "", severity=WARNING), broken(2, ""), ""),
}  # fmt: skip


@pytest.mark.parametrize("why", SAME)
def test_of_several_incidents_of_one_system_the_worst_carries_the_others(why):
    one, other, cause = SAME[why]
    assert part_of(one, other) == cause
    if cause:
        assert part_of(other, one) == "", "never both ways"


def test_what_is_quiet_carries_nothing_that_is_heard_however_bad_it_is():
    loud, quiet = broken(1, "shop-db", severity=WARNING), broken(2, "shop-db")
    assert quiet.route
    quiet = replace(quiet, route=replace(quiet.route, is_quiet=True))
    assert (part_of(loud, quiet), part_of(quiet, loud)) == ("", "INC-1")


def test_more_of_a_system_that_is_a_symptom_joins_its_cause_whenever_it_comes():
    cause, late = broken(1, "shop-db", -HOUR), broken(3, "shop-api", severity=WARNING)
    link = Part(cause="INC-1", service="shop-db", way=("shop-api", "shop-db"), where="", since=NOW, look_at=NOW)
    assert part_of(late, cause) == "", "it began too late by itself"
    assert part_of(late, cause, broken(2, "shop-api", -HOUR, part=link)) == "INC-1"


def test_a_part_of_the_same_system_says_so_and_stays_one_however_bad_it_becomes():
    link = find_cause(broken(1, "shop-db", severity=WARNING), {IncidentId("INC-2"): broken(2, "shop-db", MINUTE)}, BOOK, NOW)
    assert link is not None
    assert (link.way, link.where) == (("shop-db",), "")
    found = still_carried(broken(1, "shop-db", part=link), link, {IncidentId("INC-2"): broken(2, "shop-db", MINUTE)}, BOOK, NOW)
    assert found.part is not None
