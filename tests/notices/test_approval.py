"""Who must agree: bound to the revision, by impact, never the last editor alone, undone in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.lint import Secrets, values_of
from receiver.core.notice import Impact, Phase
from receiver.core.notice_event import Approved, BrokeGlass, Edited, Proposed, Stopped, Ticked, Turned
from receiver.core.notice_plan import NoticeReason
from receiver.core.notice_record import Passage
from receiver.core.notice_rules import ApprovalRule, Translation
from tests.notices.flow import ANNA, LEO, OLEG, SVETA, TOKEN, Flow

GOOD = "Часть заказов не оформляется. Мы разбираемся и напишем снова до 06:32."
GOOD_EN = "Some orders in Checkout fail. We are working on it and will write again before 06:32."


def edit(flow: Flow, actor=ANNA, body: str = GOOD, language: str = "ru", **fields):
    return flow(Edited(actor=actor, language=language, body=body, **fields))


def edited(flow: Flow, actor=ANNA) -> Flow:
    edit(flow, actor)
    edit(flow, actor, GOOD_EN, "en")
    return flow


def test_a_partial_outage_needs_two_different_people():
    flow = Flow().drafted()
    assert flow.approve(ANNA).reason is NoticeReason.APPROVED
    assert flow.approve(ANNA).reason is NoticeReason.ALREADY_APPROVED
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH


def test_an_unedited_text_about_slowness_needs_one():
    flow = Flow().drafted()
    flow(Turned(actor=ANNA, impact=Impact.DEGRADED_PERFORMANCE))
    assert flow.approve(ANNA).reason is NoticeReason.APPROVED_ENOUGH


def test_an_edit_voids_approvals_and_says_so():
    flow = Flow().drafted()
    flow.approve(OLEG)
    assert edit(flow).reason is NoticeReason.EDITED
    assert flow.notice.draft.approvals == ()
    assert flow.calls == ["voided"]


@pytest.mark.parametrize("turned", [{"impact": Impact.MAJOR_OUTAGE}, {"channels": ("page",)}, {"next_in": timedelta(hours=1)}])
def test_whatever_changes_what_customers_get_voids_approvals(turned):
    flow = Flow().drafted()
    flow.approve(ANNA)
    before = flow.notice.draft.revision
    flow(Turned(actor=OLEG, **turned))
    assert flow.notice.draft.revision != before
    assert flow.notice.draft.approvals == ()


def test_a_press_on_an_older_text_is_refused():
    flow = Flow().drafted()
    old = flow.notice.draft.revision[:6]
    edit(flow)
    assert flow(Approved(actor=OLEG, revision=old)).reason is NoticeReason.STALE_REVISION
    assert flow(Approved(actor=OLEG, revision="")).reason is NoticeReason.STALE_REVISION


def test_the_last_editor_never_decides_alone():
    flow = edited(Flow(approval=(ApprovalRule(needed=1),)).drafted())
    assert flow.approve(ANNA).reason is NoticeReason.APPROVED
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH


def test_a_programs_token_never_is_the_second_approver():
    flow = Flow().drafted()
    flow.approve(ANNA)
    assert flow.approve(TOKEN).reason is NoticeReason.NEEDS_PERSON
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH


def test_what_the_lint_blocks_nobody_can_approve():
    flow = Flow().drafted()
    flow.facts = replace(flow.facts, secrets=Secrets(values=values_of(["shop-db-7"])))
    edit(flow, body="Заказы: упала shop-db-7, напишем снова до 06:32.")
    plan = flow.approve(OLEG)
    assert plan.reason is NoticeReason.LINT_BLOCKS
    assert flow(BrokeGlass(actor=LEO, revision=flow.notice.draft.revision, why="now")).reason is NoticeReason.LINT_BLOCKS


def test_accepted_warnings_cost_one_more_approval():
    flow = Flow().drafted()
    flow(Turned(actor=ANNA, impact=Impact.DEGRADED_PERFORMANCE))
    edit(flow, body="ВНИМАНИЕ: оформление заказов работает медленно. Напишем снова до 06:32.")
    edit(flow, body=GOOD_EN, language="en")
    assert flow.approve(OLEG).reason is NoticeReason.NEEDS_TICK
    assert flow(Ticked(actor=TOKEN, revision=flow.notice.draft.revision)).reason is NoticeReason.NEEDS_PERSON
    flow(Ticked(actor=OLEG, revision=flow.notice.draft.revision))
    assert [flow.approve(one).reason for one in (OLEG, SVETA)] == [NoticeReason.APPROVED, NoticeReason.APPROVED]
    assert flow.approve(LEO).reason is NoticeReason.APPROVED_ENOUGH


def test_a_phrase_that_makes_nothing_worse_needs_one_press():
    flow = Flow().published()
    plan = flow(Proposed(actor=ANNA, key="cause-found", agrees=True))
    assert plan.reason is NoticeReason.APPROVED_ENOUGH
    flow.wake(seconds=20)
    assert flow.notice.phase is Phase.IDENTIFIED


def test_an_end_while_something_fires_needs_two_people_and_a_reason():
    flow = Flow().published()
    assert flow(Proposed(actor=ANNA, key="nothing-lost", agrees=True)).reason is NoticeReason.NEEDS_TICK
    flow(Ticked(actor=ANNA, revision=flow.notice.draft.revision))
    assert flow.approve(ANNA).reason is NoticeReason.NEEDS_REASON
    flow(Proposed(actor=ANNA, key="nothing-lost", reason="the alert is wrong"))
    flow(Ticked(actor=ANNA, revision=flow.notice.draft.revision))
    assert [flow.approve(one).reason for one in (ANNA, OLEG)] == [NoticeReason.APPROVED, NoticeReason.APPROVED]
    assert flow.approve(LEO).reason is NoticeReason.APPROVED_ENOUGH


def test_words_about_security_need_a_comms_lead():
    flow = Flow().drafted()
    edit(flow, body="Оформление заказов закрыто: возможна утечка данных. Напишем снова до 06:32.")
    edit(flow, body=GOOD_EN, language="en")
    flow.approve(OLEG)
    assert flow.approve(SVETA).reason is NoticeReason.APPROVED
    assert flow.approve(LEO).reason is NoticeReason.APPROVED_ENOUGH


def test_a_lead_may_publish_alone_with_a_reason_everybody_hears():
    flow = Flow().drafted()
    revision = flow.notice.draft.revision
    assert flow(BrokeGlass(actor=OLEG, revision=revision, why="x")).reason is NoticeReason.NEEDS_ROLE
    assert flow(BrokeGlass(actor=LEO, revision=revision, why=" ")).reason is NoticeReason.NEEDS_REASON
    assert flow(BrokeGlass(actor=replace(LEO, is_person=False), revision=revision, why="x")).reason is NoticeReason.NEEDS_ROLE
    assert flow(BrokeGlass(actor=LEO, revision=revision, why="nobody answers")).reason is NoticeReason.GLASS_BROKEN
    assert flow.calls == ["glass"]
    flow.wake(seconds=20)
    assert flow.notice.is_published


def test_it_can_be_taken_back_before_it_goes_and_mail_for_two_minutes_after():
    flow = Flow().drafted()
    flow.approve(ANNA, OLEG)
    assert flow.wake(seconds=19) == []
    assert flow(Stopped(actor=SVETA)).reason is NoticeReason.STOPPED
    assert flow.wake(seconds=60) == []
    flow.approve(ANNA, OLEG)
    flow.wake(seconds=20)
    flow.deliver()
    word = flow.notice.updates[0].id
    assert flow.notice.deliveries[f"{word}.mail"].state is Passage.DUE
    assert flow(Stopped(actor=SVETA)).reason is NoticeReason.STOPPED
    assert {k.split(".")[1]: d.state.value for k, d in flow.notice.deliveries.items() if d.update == word} == {
        "page": "sent", "feeds": "sent", "news": "sent", "mail": "stopped",
    }  # fmt: skip
    assert flow(Stopped(actor=SVETA)).reason is NoticeReason.TOO_LATE


def test_mail_goes_after_its_delay():
    flow = Flow().published()
    assert "mail" not in str(flow.deliver())
    flow.now += timedelta(minutes=2)
    assert any(key.endswith(".mail") for key in flow.deliver())


def test_many_updates_within_an_hour_need_a_second_person():
    flow = Flow(most_updates_an_hour=2).published()
    flow(Proposed(actor=ANNA, key="cause-found", agrees=True))
    flow.wake(seconds=20)
    assert flow(Proposed(actor=ANNA, key="workaround", agrees=True)).reason is NoticeReason.APPROVED
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH


def test_more_messages_within_an_hour_than_the_rules_allow_need_a_second_person():
    flow = Flow(most_messages_an_hour=1000).published()
    flow.facts = replace(flow.facts, recipients={"mail": 900}, said=200)
    assert flow(Proposed(actor=ANNA, key="cause-found", agrees=True)).reason is NoticeReason.APPROVED
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH
    calm = Flow(most_messages_an_hour=1000).published()
    calm.facts = replace(calm.facts, recipients={"mail": 900}, said=100)
    assert calm(Proposed(actor=ANNA, key="cause-found", agrees=True)).reason is NoticeReason.APPROVED_ENOUGH


def test_the_first_row_that_fits_decides():
    flow = Flow(approval=(ApprovalRule(needed=3, components=frozenset({"checkout"})), ApprovalRule(needed=1))).drafted()
    assert [flow.approve(one).reason for one in (ANNA, OLEG, SVETA)] == [NoticeReason.APPROVED, NoticeReason.APPROVED, NoticeReason.APPROVED_ENOUGH]


def test_a_row_that_asks_nobody_publishes_unedited_text_by_itself():
    flow = Flow(approval=(ApprovalRule(needed=0),)).drafted()
    flow.wake(seconds=20)
    assert flow.notice.is_published
    flow = Flow(approval=(ApprovalRule(needed=0),))
    flow(Edited(actor=ANNA, language="ru", body=GOOD))


@pytest.mark.parametrize("impact", [Impact.DEGRADED_PERFORMANCE, Impact.MAJOR_OUTAGE])
def test_an_unedited_holding_notice_needs_one_whatever_the_impact(impact):
    flow = Flow().drafted()
    flow(Proposed(actor=ANNA, key="holding"))
    flow(Turned(actor=ANNA, impact=impact))
    assert flow.approve(OLEG).reason is NoticeReason.APPROVED_ENOUGH
    assert flow.notice.draft.impact is impact


@pytest.mark.parametrize("translation", [Translation.PUBLISH_READY, Translation.PRIMARY_ONLY])
def test_a_language_that_lags_behind_is_not_published_where_the_rules_do_not_wait_for_it(translation):
    flow = Flow(translation=translation).drafted()
    flow(Edited(actor=ANNA, language="ru", body="Часть заказов не проходит, оформление заказов мы чиним. Напишем снова до 06:32."))
    if translation is Translation.PUBLISH_READY:
        flow(Ticked(actor=SVETA, revision=flow.notice.draft.revision))
    flow.approve(OLEG)
    flow.approve(SVETA)
    if flow.notice.draft.publish_at is None:
        flow.approve(LEO)
    flow.wake(seconds=20)
    assert set(flow.notice.updates[0].texts) == {"ru"}
