"""When a picture is due: at once, often while things move, rarely later, once at the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.decide import decide
from receiver.core.delivery import Attempt, Evidence, Verdict, judge_picture
from receiver.core.event import Pictured
from receiver.core.incident import Destination, State
from receiver.core.picture import is_closed, is_due
from receiver.core.plan import Kind, Priority, Reason
from tests.builders import CHAT, NOW, alert, incident, rulebook

MAIL = Destination(name="ops-mail", channel="email", address={"to": "ops@example.com"})
OPEN = incident(alert(), announced_at=NOW, destinations=(CHAT, MAIL))
OVER = replace(OPEN, state=State.RESOLVED, resolved_at=NOW + timedelta(minutes=9))


def after(**span):
    return NOW + timedelta(**span)


@pytest.mark.parametrize(
    ("held", "now", "wanted"),
    [
        (replace(OPEN, announced_at=None), after(), False),
        (OPEN, after(), True),
        (replace(OPEN, pictured_at=NOW), after(minutes=4), False),
        (replace(OPEN, pictured_at=NOW), after(minutes=5), True),
        (replace(OPEN, pictured_at=after(hours=10)), after(hours=10, minutes=30), False),
        (replace(OPEN, pictured_at=after(hours=10)), after(hours=11, minutes=7), True),
        (OVER, after(minutes=10), False),
        (replace(OVER, pictured_at=after(minutes=8)), after(minutes=10), True),
        (replace(OVER, pictured_at=after(minutes=10)), after(minutes=20), False),
        (replace(OVER, pictured_at=after(minutes=8)), after(minutes=40), False),
    ],
    ids=["not-told", "first", "too-soon", "again", "old-too-soon", "old-again", "over-without", "over", "over-drawn", "closed"],
)
def test_a_picture_is_due(held, now, wanted):
    assert is_due(held, now) is wanted


def test_it_goes_to_chats_alone_in_a_lane_of_its_own_and_only_once_of_two_who_ask():
    plan = decide(OPEN, Pictured(), rulebook(), NOW)
    assert [(n.kind, n.destination, n.priority) for n in plan.notifications] == [(Kind.PICTURE, CHAT, Priority.PICTURE)]
    assert (plan.reason, plan.next.pictured_at, plan.is_change) == (Reason.PICTURED, NOW, False)
    again = decide(plan.next, Pictured(), rulebook(), after(seconds=1))
    assert (again.notifications, again.next) == ((), plan.next)


def test_a_picture_brings_no_wake_up_forward_and_puts_none_off():
    wake = after(minutes=7)
    assert decide(replace(OPEN, wake_at=wake), Pictured(), rulebook(), NOW).next.wake_at in (None, wake)


def test_what_may_be_opened_again_is_not_closed():
    assert (is_closed(OPEN, after(days=9)), is_closed(OVER, after(minutes=38)), is_closed(OVER, after(minutes=39))) == (False, False, True)


@pytest.mark.parametrize("evidence", Evidence)
def test_no_picture_is_anybodys_trouble_and_none_is_tried_for_ever(evidence):
    held = {"evidence": evidence, "is_page": False, "age": timedelta(0)}
    for is_edit in (True, False):
        first = judge_picture(Attempt(**held, is_edit=is_edit, unknowns=0, attempts=0))
        last = judge_picture(Attempt(**held, is_edit=is_edit, unknowns=2, attempts=2))
        assert not any((first.is_trouble, last.is_trouble, last.pauses_channel))
        assert first.verdict is not Verdict.DEAD
        if evidence not in (Evidence.OK, Evidence.MOVED):
            assert last.verdict is Verdict.SKIPPED
