"""What time and the incidents bring: the hold, nudges, promises, suggestions with proof, the return, the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.incident import IncidentId
from receiver.core.notice import Impact, Phase
from receiver.core.notice_event import Approved, Attached, Corrected, Dismissed, Edited, Merged, Proposed, Retracted, Split, Woke
from receiver.core.notice_plan import Confirmation, NoticeReason
from receiver.core.notice_public import project
from receiver.core.notice_record import Dismissal, Passage, Stage, Suggestion
from tests.builders import NOW
from tests.notices.flow import ANNA, OLEG, Flow


def calm(flow: Flow, **fields) -> None:
    flow.facts = replace(flow.facts, firing=0, ended_at=flow.now, **fields)


def test_nobody_is_asked_before_the_hold_is_over():
    flow = Flow()
    flow.notice = replace(flow.notice, hold_until=NOW + timedelta(minutes=3))
    assert flow.wake() == []
    assert flow.wake(minutes=2, seconds=59) == []
    assert flow.wake(seconds=1) == ["drafted"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_muted": True}, NoticeReason.MUTED),
        ({"is_flapping": True}, NoticeReason.FLAPPING),
        ({"is_signal_lost": True}, NoticeReason.NO_WATCHDOG),
        ({"confirmation": Confirmation.GONE}, NoticeReason.NOT_CONFIRMED),
        ({"confirmation": Confirmation.UNSURE}, NoticeReason.NOT_CONFIRMED),
    ],
)
def test_the_hold_goes_on_until_it_is_confirmed(fields, reason):
    flow = Flow()
    flow.facts = replace(flow.facts, **fields)
    assert flow.wake() == [reason.value]
    assert flow.notice.waits_for == reason.value
    assert flow(Woke()).reason is reason
    assert flow.notice.wake_at == flow.now + timedelta(seconds=30)
    flow.facts = Flow().facts
    assert flow.wake(seconds=30) == ["drafted"]


def test_what_is_over_within_the_hold_is_never_offered():
    flow = Flow()
    calm(flow)
    assert flow.wake() == ["over_before_hold"]
    assert (flow.notice.stage, flow.notice.deliveries, flow.notice.wake_at) == (Stage.DROPPED, {}, None)


def test_a_draft_nobody_decides_on_is_asked_about_and_never_expires():
    flow = Flow().drafted()
    assert flow.wake(minutes=5) == ["nudged"]
    assert flow.wake(minutes=5) == ["nudged"]
    assert flow.calls == ["undecided", "undecided_lead"]
    flow.wake(days=3)
    assert flow.notice.draft is not None
    assert not flow.notice.is_published


def test_a_holding_notice_goes_out_by_itself_only_where_the_rules_say_so():
    flow = Flow(holding_after=timedelta(minutes=10)).drafted()
    flow.wake(minutes=5)
    assert "published_holding" in flow.wake(minutes=5)
    assert "разбираемся" in flow.notice.updates[0].texts["ru"].title
    assert flow.notice.draft.origin == "errors"


def test_about_security_nothing_goes_out_by_itself():
    flow = Flow(holding_after=timedelta(minutes=10)).drafted()
    flow(Edited(actor=ANNA, language="ru", body="Оформление заказов: разбираемся с возможной утечкой. Напишем снова до 06:32."))
    flow.wake(minutes=5)
    assert "published_holding" not in flow.wake(minutes=6)
    assert not flow.notice.is_published


def test_a_promise_that_would_be_broken_by_saying_it_is_made_anew():
    flow = Flow().drafted()
    flow.approve(ANNA)
    promised = flow.notice.draft.next_update_at
    assert "retimed" in flow.wake(minutes=26)
    assert flow.notice.draft.next_update_at > promised
    assert flow.notice.draft.approvals == ()
    assert "06:58" in flow.notice.draft.texts["ru"].body


def test_reminders_count_from_the_promised_time_and_stop_when_something_is_said():
    flow = Flow().published()
    promised = flow.notice.next_update_at
    flow.now = promised - timedelta(minutes=5)
    assert flow.wake() == ["reminded"]
    assert flow.wake(minutes=5) == ["reminded"]
    assert flow.wake(minutes=10) == ["reminded"]
    assert flow.calls == ["soon", "due", "late"]
    flow(Proposed(actor=ANNA, key="still-working", agrees=True))
    flow.wake(seconds=20)
    assert flow.notice.reminded == 0
    assert flow.notice.next_update_at > flow.now


def test_after_two_hours_a_slower_rhythm_is_proposed_once():
    flow = Flow().published()
    for _ in range(5):
        flow(Proposed(actor=ANNA, key="still-working", agrees=True))
        flow.wake(seconds=20)
        flow.wake(minutes=26)
    assert flow.calls.count("long") == 1


def test_monitoring_is_suggested_at_once_and_the_end_after_the_quiet_time():
    flow = Flow().published()
    calm(flow)
    flow.wake()
    assert flow.notice.suggestion is Suggestion.MONITORING
    assert flow.notice.phase is Phase.INVESTIGATING
    flow.wake(minutes=14, seconds=59)
    assert flow.notice.suggestion is Suggestion.MONITORING
    flow.wake(seconds=1)
    assert flow.notice.suggestion is Suggestion.RESOLVED
    flow(Proposed(actor=ANNA, key="nothing-lost", agrees=True))
    flow.wake(seconds=20)
    assert flow.notice.phase is Phase.RESOLVED
    assert flow.notice.impacts == {"checkout": Impact.OPERATIONAL}
    assert "05:58 до 06:02" in flow.notice.updates[-1].texts["ru"].body


def test_alerts_that_vanish_without_proof_suggest_no_end():
    flow = Flow().published()
    calm(flow, doubt="silenced")
    flow.wake()
    assert (flow.notice.suggestion, flow.notice.doubt, flow.notice.calm_at) == (Suggestion.NO_PROOF, "silenced", None)
    flow.wake(hours=1)
    assert flow.notice.suggestion is Suggestion.NO_PROOF


def test_a_return_stops_the_clock_and_drafts_that_the_problem_is_back():
    flow = Flow().published()
    calm(flow)
    flow.wake()
    flow(Proposed(actor=ANNA, key="fix-applied", agrees=True))
    flow.wake(seconds=20)
    flow.wake(minutes=5)
    flow.facts = replace(flow.facts, firing=1, ended_at=None)
    assert "returned" in flow.wake()
    assert (flow.notice.calm_at, flow.notice.suggestion, flow.notice.draft.origin) == (None, Suggestion.RETURNED, "returned")
    assert "returned" in flow.calls
    assert flow.notice.draft.impacts == {"checkout": Impact.PARTIAL_OUTAGE}
    flow.approve(ANNA, OLEG)
    flow.wake(seconds=20)
    assert flow.notice.phase is Phase.INVESTIGATING


def test_half_an_hour_after_the_end_it_lets_go_of_its_component():
    flow = Flow().published()
    calm(flow)
    flow.wake(minutes=16)
    flow(Proposed(actor=ANNA, key="nothing-lost", agrees=True))
    flow.wake(seconds=20)
    flow.deliver()
    assert flow.notice.stage is Stage.OPEN
    flow.wake(minutes=30)
    assert flow.notice.stage is Stage.OVER


def test_what_was_learnt_is_told_days_after_the_end_and_prolongs_nothing():
    flow = Flow().published()
    assert flow(Proposed(actor=ANNA, key="looking-back")).reason is NoticeReason.IMPOSSIBLE, "it is not over"
    calm(flow)
    flow.wake(minutes=16)
    flow(Proposed(actor=ANNA, key="nothing-lost", agrees=True))
    flow.wake(seconds=20)
    ended = flow.notice.updates[-1].at
    flow.wake(minutes=30)
    flow.wake(days=2)
    assert flow.notice.stage is Stage.OVER
    assert flow(Proposed(actor=ANNA, key="looking-back")).reason is NoticeReason.PROPOSED
    assert flow.notice.shares == ("checkout",), "a new fault has a notice of its own"
    assert "С 23.11 05:58 до 23.11 06:18" in flow.notice.draft.texts["ru"].body
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED, "it is no phrase that one person says"
    flow.approve(ANNA)
    flow.wake(seconds=20)
    public = project(flow.notice)
    assert (public.phase, public.resolved_at, public.is_open) == (Phase.POSTMORTEM, ended, False)
    assert public.updates[0].at > ended + timedelta(days=1)
    flow.wake(minutes=31)
    assert flow.notice.stage is Stage.OVER


def test_a_persons_phase_is_never_overwritten():
    flow = Flow().published()
    flow(Proposed(actor=ANNA, key="cause-found", agrees=True))
    flow.wake(seconds=20)
    for _ in range(3):
        flow.wake(minutes=5)
    assert flow.notice.phase is Phase.IDENTIFIED


def test_another_incident_of_the_component_attaches_and_suggests_an_update():
    flow = Flow().published()
    plan = flow(Attached(incident=IncidentId("INC-2"), impact=Impact.PARTIAL_OUTAGE))
    assert plan.reason is NoticeReason.ATTACHED
    assert (flow.notice.incidents, flow.notice.suggestion) == (("INC-1", "INC-2"), Suggestion.UPDATE)
    assert flow(Attached(incident=IncidentId("INC-2"), impact=Impact.PARTIAL_OUTAGE)).reason is NoticeReason.NOTHING_TO_DO


def test_a_worse_incident_raises_a_draft_nobody_touched():
    flow = Flow().drafted()
    flow.approve(ANNA)
    assert flow(Attached(incident=IncidentId("INC-2"), impact=Impact.MAJOR_OUTAGE)).reason is NoticeReason.ATTACHED_WORSE
    assert flow.notice.draft.impact is Impact.MAJOR_OUTAGE
    assert flow.notice.draft.approvals == ()


def test_silence_is_a_decision_with_a_reason_and_a_name():
    flow = Flow().drafted()
    assert flow(Dismissed(actor=ANNA)).reason is NoticeReason.NEEDS_REASON
    assert flow(Dismissed(actor=ANNA, why=Dismissal.FALSE_ALARM)).reason is NoticeReason.DISMISSED
    assert (flow.notice.stage, flow.notice.dismissed_by, project(flow.notice)) == (Stage.DISMISSED, "Anna", None)


def test_a_correction_keeps_its_place_and_is_marked():
    flow = Flow().published()
    word = flow.notice.updates[0]
    flow(Corrected(actor=ANNA, language="ru", body="Оформление заказов: часть действий не проходит. Напишем снова до 06:32."))
    assert project(flow.notice).updates[0].texts == word.texts
    flow(Edited(actor=ANNA, language="en", body="Some actions in Checkout fail. We will write again before 06:32."))
    flow.now += timedelta(minutes=1)
    flow.approve(ANNA, OLEG)
    flow.wake(seconds=20)
    (told,) = project(flow.notice).updates
    assert (told.id, told.at, told.edited_at) == (word.id, word.at, flow.now)
    assert flow.notice.deliveries[f"{word.id}.news"].state is Passage.DUE
    assert flow.notice.earlier == (word,)  # what exactly was read before stays known


def test_a_retraction_leaves_a_tombstone_and_stops_what_has_not_gone():
    flow = Flow().published()
    assert flow(Retracted(actor=ANNA, why=" ")).reason is NoticeReason.NEEDS_REASON
    flow(Retracted(actor=ANNA, why="wrong shop"))
    public = project(flow.notice)
    assert public.is_retracted
    assert [(u.texts, u.is_retracted) for u in public.updates] == [({}, True)]
    word = public.updates[0].id
    assert flow.notice.deliveries[f"{word}.mail"].state is Passage.STOPPED
    assert flow.notice.deliveries[f"{word}.news"].state is Passage.DUE
    assert "wrong shop" not in str(public)


def test_a_merged_notice_ends_for_its_readers_too():
    flow = Flow().published()
    flow(Merged(actor=ANNA, into="N9999999"))
    assert flow.notice.stage is Stage.MERGED
    assert not project(flow.notice).is_open


def test_an_incident_that_does_not_belong_is_split_off():
    flow = Flow().drafted()
    assert flow(Split(actor=ANNA, incident=IncidentId("INC-1"))).reason is NoticeReason.IMPOSSIBLE
    flow(Attached(incident=IncidentId("INC-2"), impact=Impact.PARTIAL_OUTAGE))
    assert flow(Split(actor=ANNA, incident=IncidentId("INC-2"))).reason is NoticeReason.SPLIT
    assert (flow.notice.incidents, flow.notice.apart) == (("INC-1",), ("INC-2",))


def test_a_language_that_was_not_edited_is_stale_until_it_is():
    flow = Flow().drafted()
    flow(Edited(actor=ANNA, language="ru", body="Часть заказов не проходит. Напишем снова до 06:32."))
    assert flow.notice.draft.stale == ("en",)
    flow(Edited(actor=ANNA, language="en", body="Some orders in Checkout fail. We will write again before 06:32."))
    assert flow.notice.draft.stale == ()
    flow(Edited(actor=ANNA, language="en", body="Some orders in Checkout fail now. We will write again before 06:32."))
    assert flow.notice.draft.stale == ("ru",)


def test_two_editors_are_told_apart_by_what_they_had_before_them():
    flow = Flow().drafted()
    seen = flow.notice.draft.revision
    flow(Edited(actor=ANNA, language="ru", body="Первый текст о заказах.", revision=seen))
    assert flow(Edited(actor=OLEG, language="ru", body="Второй текст о заказах.", revision=seen)).reason is NoticeReason.EDIT_CONFLICT
    assert flow.notice.draft.texts["ru"].body == "Первый текст о заказах."


def test_nothing_can_be_approved_before_there_is_a_draft():
    assert Flow()(Approved(actor=ANNA, revision="a")).reason is NoticeReason.NOTHING_TO_DO
