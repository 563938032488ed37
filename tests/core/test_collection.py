"""Incidents that a route collects: who is told when, what is listed in a round, and what is told at once all the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.core.alert import AlertStatus, Severity
from receiver.core.collect import Collect, next_due, period
from receiver.core.collection import Round, list_round, rounds
from receiver.core.correlation import describe
from receiver.core.decide import decide
from receiver.core.event import Acknowledge, Assign, Escalate, Gathered, Woke
from receiver.core.history import Past
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.part import Symptom
from receiver.core.plan import Kind, Plan, Priority, Reason
from receiver.core.policy import Aim, Policy, Step, Target
from receiver.core.route import route
from receiver.core.rulebook import PageStep, Person, RuleBook
from receiver.core.statistics import measure
from tests.builders import CHAT, NOW, PAGED, alert, incident, rulebook

NINE = Collect(minute=9 * 60)
ANNA = Person(id="anna", name="Anna", telegram=1, page_by=(PageStep(channel="telegram"),))
BASE = rulebook(PAGED, people={"anna": ANNA})
RULES = replace(BASE, root=replace(BASE.root, collect=NINE))
LATER = NOW + timedelta(minutes=1)
DAY = timedelta(days=1)


def new(*alerts: Any, **route: Any) -> Incident:
    """One that would be told now; its route collects."""
    made = incident(*(alerts or (alert(severity=Severity.INFO),)), opened_at=NOW - timedelta(minutes=1), destinations=(CHAT,))
    assert made.route is not None
    return replace(made, route=replace(made.route, **{"collect": NINE, **route}))


def woken(one: Incident, rules: RuleBook = RULES, **event: Any) -> Plan:
    return decide(one, Woke(**event), rules, NOW)


def held(*alerts: Any, **fields: Any) -> Incident:
    """One that is collected already."""
    return replace(woken(new(*alerts)).next, **fields)


def loud(plan: Plan) -> set[tuple[str, Kind, Priority]]:
    return {(one.destination.name, one.kind, one.priority) for one in plan.notifications}


TOLD = {("admin-chat", Kind.INCIDENT, Priority.CHAT)}


def test_nobody_is_told_of_one_that_is_collected():
    plan = woken(new())
    assert (plan.reason, plan.notifications, plan.next.is_collected, plan.next.places) == (Reason.COLLECTED, (), True, ())


def test_one_that_another_leaf_does_not_collect_is_told():
    """A route reached by `continue` that tells at once must not lose its message to one that collects."""
    node = replace(BASE.root, id="low", collect=NINE, continues=True, children=())
    both = replace(BASE.root, children=(node, replace(node, id="told", collect=None, continues=False)))
    assert route(both, {"severity": "info"}, NOW).collect is None
    assert route(replace(both, children=(node, replace(node, id="low too", continues=False))), {"severity": "info"}, NOW).collect == NINE


def test_its_cause_knows_that_nobody_was_told_of_it():
    assert describe(held()).is_collected
    assert describe(new()).is_collected, "nobody would be"
    assert not describe(replace(held(), is_collected=False)).is_collected


def test_it_counts_as_a_beginning():
    assert measure(woken(new())).is_begin


def test_it_is_looked_at_again_within_a_day():
    assert woken(new()).next.wake_at == NOW + DAY


def test_what_is_critical_is_not_collected():
    plan = woken(new(alert(severity=Severity.CRITICAL)))
    assert (plan.reason, plan.next.is_collected, loud(plan)) == (Reason.OPENED, False, {("admin-chat", Kind.INCIDENT, Priority.PAGE)})


def test_what_a_policy_pages_is_not_collected():
    step = Step(targets=(Target(aim=Aim.PERSON, name="anna"),), wait=timedelta(minutes=5))
    plan = woken(new(policies=("devops",)), replace(RULES, policies={"devops": Policy(name="devops", steps=(step,))}))
    assert (plan.reason, plan.next.is_collected) == (Reason.OPENED, False)
    assert loud(plan) == TOLD | {("anna", Kind.INCIDENT, Priority.PAGE)}


def test_a_route_that_does_not_collect_tells_as_always():
    assert loud(woken(new(collect=None))) == TOLD


def test_one_that_is_collected_is_no_part_of_a_storm():
    plan = woken(new(), opened=50)
    assert (plan.reason, plan.joins) == (Reason.COLLECTED, False)
    assert decide(held(), Gathered(digest="INC-9"), RULES, NOW).reason is Reason.NOTHING_NEW


def test_further_alerts_and_systems_of_it_are_told_to_nobody():
    more = replace(held(), alerts={"a": alert(severity=Severity.INFO), "b": alert("b", severity=Severity.INFO, service="mes")})
    plan = woken(more)
    assert (plan.reason, plan.notifications, plan.next.is_collected) == (Reason.ALERTS_CHANGED, (), True)


def test_when_its_severity_grows_it_is_told_at_once():
    plan = woken(replace(held(), alerts={"a": alert(severity=Severity.WARNING)}))
    assert (plan.reason, plan.next.is_collected, loud(plan)) == (Reason.GOT_WORSE, False, TOLD)


def test_when_it_is_escalated_it_rings_at_once():
    plan = decide(held(), Escalate(by="anna", name="Anna"), RULES, LATER)
    assert (plan.reason, plan.next.is_collected) == (Reason.ESCALATED_BY_HAND, False)
    assert loud(plan) == {(place.name, Kind.INCIDENT, Priority.PAGE) for place in (CHAT, PAGED)}


def test_when_it_is_assigned_the_person_is_paged_and_the_chat_told():
    plan = decide(held(), Assign(by="boris", name="Boris", to="anna"), RULES, LATER)
    assert (plan.reason, plan.next.is_collected) == (Reason.ASSIGNED, False)
    assert loud(plan) == TOLD | {("anna", Kind.INCIDENT, Priority.PAGE)}


def test_who_takes_one_by_command_tells_nobody():
    plan = decide(held(), Acknowledge(by="anna", name="Anna"), RULES, LATER)
    assert (plan.reason, plan.notifications, plan.next.is_collected) == (Reason.ACKNOWLEDGED, (), True)


def test_its_end_and_its_return_are_told_to_nobody():
    over = woken(replace(held(), alerts={"a": replace(alert(severity=Severity.INFO), status=AlertStatus.RESOLVED, ends_at=NOW)}))
    assert (over.reason, over.notifications) == (Reason.ALL_RESOLVED, ())
    back = decide(replace(over.next, alerts={"a": alert(severity=Severity.INFO, since=LATER)}), Woke(), RULES, LATER)
    assert (back.reason, back.notifications, back.next.is_collected) == (Reason.REOPENED, (), True)


def test_one_that_was_told_is_not_collected_when_it_returns():
    told = replace(held(), is_collected=False, state=State.RESOLVED, resolved_at=NOW, alerts={"a": alert(severity=Severity.INFO, since=LATER)})
    plan = decide(told, Woke(), RULES, LATER)
    assert (plan.next.is_collected, ("admin-chat", Kind.REOPENED, Priority.CHAT) in loud(plan)) == (False, True)


def test_one_that_was_resolved_untold_is_collected_when_it_returns():
    untold = replace(new(alert(severity=Severity.INFO, since=LATER)), state=State.RESOLVED, resolved_at=NOW)
    plan = decide(untold, Woke(), RULES, LATER)
    assert (plan.next.is_collected, plan.notifications) == (True, ())


def test_when_its_route_collects_no_more_it_is_told_at_its_next_look():
    plan = woken(held(), BASE)
    assert (plan.reason, plan.next.is_collected, loud(plan)) == (Reason.TOLD, False, TOLD)


@pytest.mark.parametrize("is_collected", [True, False])
def test_the_cause_of_what_people_know_of_is_told_at_once(is_collected: bool):
    symptom = Symptom(service="shop-api", severity=Severity.INFO, firing=1, is_collected=is_collected)
    other = {IncidentId("INC-2"): symptom}
    plan = decide(held(symptoms=other), Acknowledge(by="anna", name="Anna"), RULES, LATER)
    assert (plan.next.is_collected, loud(plan)) == ((True, set()) if is_collected else (False, TOLD))


@pytest.mark.parametrize(
    ("now", "since", "until", "after"),
    [
        ((23, 5, 59), (21, 6), (22, 6), (23, 6)),
        ((23, 6, 0), (22, 6), (23, 6), (24, 6)),
        ((23, 23, 0), (22, 6), (23, 6), (24, 6)),
    ],
)
def test_a_period_lasts_from_one_due_time_to_the_next_by_the_clocks_of_the_place(now, since, until, after):
    def at(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, day, hour, minute, tzinfo=UTC)

    assert period(NINE, at(*now), "Europe/Moscow") == (at(*since), at(*until))
    assert next_due(NINE, at(*now), "Europe/Moscow") == at(*after)


def test_a_period_without_weekends_lasts_over_them():
    workdays = replace(NINE, days=(0, 1, 2, 3, 4), zone="UTC")
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert period(workdays, monday, "Asia/Tokyo") == (monday - 3 * DAY, monday)
    assert period(workdays, monday - timedelta(minutes=1), "Asia/Tokyo")[1] == monday - 3 * DAY


def test_once_a_week_is_a_week():
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert period(replace(NINE, days=(0,)), monday, "UTC") == (monday - 7 * DAY, monday)


def test_every_destination_has_a_round_by_its_own_clocks():
    rules = replace(RULES, destinations={"admin-chat": replace(CHAT, timezone="Europe/Moscow"), "devops": PAGED})
    assert {(one.place.name, one.until.hour, one.routes) for one in rounds(rules, NOW, "UTC")} == {
        ("admin-chat", 6, frozenset({"root"})),
        ("devops", 9, frozenset({"root"})),
    }


SINCE, UNTIL = NOW, NOW + DAY
ROUND = Round(place=CHAT, since=SINCE, until=UNTIL, routes=frozenset({"root"}))


def past(number: int, began: timedelta, ended: timedelta | None = None, by: str = "", **fields: Any) -> Past:
    at = SINCE + began
    one = replace(held(), id=IncidentId(f"INC-{number}"), opened_at=at, announced_at=at, resolved_by=by, **fields)
    over = None if ended is None else SINCE + ended
    return Past(incident=replace(one, resolved_at=over, state=State.RESOLVED if over else State.TRIGGERED), names=("HighErrorRate",))


def listed(*pasts: Past) -> tuple[Any, ...]:
    found = list_round(ROUND, pasts, RULES)
    assert found is not None
    return found.began, *([one.id for one in some] for some in (found.open, found.ended, found.closed))


HOUR = timedelta(hours=1)


def test_a_round_lists_what_began_what_is_open_and_what_is_over_the_oldest_first():
    found = listed(past(1, 3 * HOUR), past(2, HOUR), past(3, 2 * HOUR, 3 * HOUR), past(4, HOUR, 4 * HOUR, by="Anna"), past(5, -HOUR))
    assert found == (4, ["INC-5", "INC-2", "INC-1"], ["INC-3"], ["INC-4"])


def test_what_ended_in_a_round_is_told_although_it_began_before():
    assert listed(past(1, -HOUR, HOUR)) == (0, [], ["INC-1"], [])


def test_each_round_is_as_it_stood_at_its_end():
    assert listed(past(1, HOUR, DAY + HOUR), past(2, DAY)) == (1, ["INC-1"], [], [])


def test_a_round_in_which_nothing_happened_is_none():
    assert list_round(ROUND, [past(1, -HOUR), past(2, -3 * HOUR, -HOUR), past(3, DAY + HOUR)], RULES) is None


@pytest.mark.parametrize("other", [{"is_collected": False}, {"route": None}])
def test_what_was_told_by_itself_is_in_no_round(other: dict[str, Any]):
    assert list_round(ROUND, [past(1, HOUR, **other)], RULES) is None


@pytest.mark.parametrize("other", [{"routes": frozenset({"another"})}, {"place": PAGED}])
def test_a_round_has_only_what_its_routes_collected_for_its_destination(other: dict[str, Any]):
    assert list_round(replace(ROUND, **other), [past(1, HOUR)], RULES) is None


def test_a_round_counts_the_incidents_of_each_alert():
    one, two = past(1, HOUR), replace(past(2, HOUR), names=("HighErrorRate", "DiskFills"))
    found = list_round(ROUND, [one, two, replace(past(3, -HOUR), names=("Old",))], RULES)
    assert found is not None
    assert list(found.rules.items()) == [("HighErrorRate", 2), ("DiskFills", 1)]
