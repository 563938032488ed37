"""How words to customers travel: at most once by themselves, a question when nobody knows, retries where it does no harm."""

from datetime import timedelta

import pytest

from receiver.core.delivery import Evidence
from receiver.core.notice_delivery import GIVE_UP
from receiver.core.notice_event import Begun, Delivered, Drifted, Judged, Proposed
from receiver.core.notice_plan import NoticeReason
from receiver.core.notice_record import SEND_LEASE, Form, Passage
from receiver.core.notice_rules import NoticeChannel
from tests.notices.flow import ANNA, OLEG, Flow

HOOK = NoticeChannel(name="hook", kind="webhook", address={"url": "https://far.example/hook"})


def ready(**fields) -> Flow:
    """Published on the page; the posts to channels are due."""
    flow = Flow(**fields).drafted()
    flow.deliver()
    flow.approve(ANNA, OLEG)
    flow.wake(seconds=20)
    return flow


def key(flow: Flow, name: str) -> str:
    return f"{flow.notice.updates[-1].id}.{name}"


def state(flow: Flow, name: str) -> Passage:
    return flow.notice.deliveries[key(flow, name)].state


def test_the_page_and_the_feeds_have_it_with_the_commit_itself():
    flow = ready()
    assert (state(flow, "page"), state(flow, "feeds"), state(flow, "news")) == (Passage.SENT, Passage.SENT, Passage.DUE)


def test_an_unknown_outcome_is_never_tried_again_by_itself():
    flow = ready()
    flow.deliver(Evidence.UNKNOWN, only="news")
    assert state(flow, "news") is Passage.UNKNOWN
    assert flow.calls == ["unknown"]
    flow.wake(hours=1)
    assert not [k for k in flow.deliver() if k == key(flow, "news")]


@pytest.mark.parametrize(("again", "after"), [(True, Passage.DUE), (False, Passage.SENT)])
def test_a_person_says_whether_it_was_sent(again, after):
    flow = ready()
    flow.deliver(Evidence.UNKNOWN, only="news")
    assert flow(Judged(actor=ANNA, delivery=key(flow, "news"), again=again)).reason is NoticeReason.JUDGED
    assert state(flow, "news") is after
    assert flow(Judged(actor=ANNA, delivery=key(flow, "news"), again=again)).reason is NoticeReason.NOTHING_TO_DO


def test_a_worker_that_died_while_sending_leaves_a_question():
    flow = ready()
    flow(Begun(delivery=key(flow, "news")))
    assert flow(Begun(delivery=key(flow, "news"))).reason is NoticeReason.NOTHING_TO_DO
    assert "outcome_unknown" not in flow.wake(seconds=SEND_LEASE.total_seconds() - 1)
    assert "outcome_unknown" in flow.wake(seconds=1)


def test_what_may_be_there_twice_is_simply_repeated():
    flow = ready(publish=("page", "hook"), channels={"hook": HOOK})
    flow.deliver(Evidence.UNKNOWN, only="hook")
    assert state(flow, "hook") is Passage.DUE
    assert "unknown" not in flow.calls
    flow(Begun(delivery=key(flow, "hook")))
    flow.now += timedelta(minutes=1)
    flow(Begun(delivery=key(flow, "hook")))
    flow.wake(seconds=31)
    assert state(flow, "hook") is Passage.DUE


def test_what_surely_was_not_sent_is_tried_again_later_and_longer():
    flow, waits = ready(), []
    for _ in range(4):
        flow.deliver(Evidence.NOT_SENT, only="news")
        held = flow.notice.deliveries[key(flow, "news")]
        waits.append((held.due_at - flow.now).total_seconds())
        flow.now = held.due_at
    assert waits == [2, 4, 8, 16]
    flow.deliver(only="news")
    assert state(flow, "news") is Passage.SENT


def test_a_refusal_is_shown_and_can_be_retried():
    flow = ready()
    flow.deliver(Evidence.REFUSED, only="news")
    assert (state(flow, "news"), flow.calls) == (Passage.FAILED, ["failed"])
    flow(Judged(actor=ANNA, delivery=key(flow, "news"), again=True))
    flow.deliver(only="news")
    assert state(flow, "news") is Passage.SENT


def test_a_far_end_that_asks_for_patience_gets_it():
    flow = ready()
    name = key(flow, "news")
    flow(Begun(delivery=name))
    flow(Delivered(delivery=name, evidence=Evidence.THROTTLED, did=1, retry_after=timedelta(seconds=77)))
    assert flow.notice.deliveries[name].due_at == flow.now + timedelta(seconds=77)


def test_counts_of_recipients_are_kept():
    flow = ready()
    name = key(flow, "news")
    flow(Begun(delivery=name))
    flow(Delivered(delivery=name, evidence=Evidence.OK, did=1, total=3214, sent=3190, failed=24))
    held = flow.notice.deliveries[name]
    assert (held.total, held.sent, held.failed) == (3214, 3190, 24)


def test_the_head_of_a_channel_follows_every_further_word():
    flow = ready()
    flow.deliver()
    assert "head.news" not in flow.notice.deliveries
    flow(Proposed(actor=ANNA, key="cause-found", agrees=True))
    flow.wake(seconds=20)
    head = flow.notice.deliveries["head.news"]
    assert (head.form, head.state, head.ref) == (Form.HEAD, Passage.DUE, flow.notice.deliveries[f"{flow.notice.updates[0].id}.news"].ref)


def test_a_card_that_was_deleted_is_shown_again():
    flow = ready()
    flow.now += timedelta(seconds=30)
    flow(Begun(delivery="card"))
    flow(Delivered(delivery="card", evidence=Evidence.UNEDITABLE, did=1))
    card = flow.notice.deliveries["card"]
    assert (card.state, card.ref) == (Passage.DUE, "")


def test_a_card_that_changed_while_it_was_sent_is_due_again():
    flow = Flow().drafted()
    flow(Begun(delivery="card"))
    did = flow.notice.deliveries["card"].want
    flow.approve(ANNA)
    flow(Delivered(delivery="card", evidence=Evidence.OK, did=did, ref="7"))
    assert (flow.notice.deliveries["card"].state, flow.notice.deliveries["card"].ref) == (Passage.DUE, "7")


def test_drift_is_said_not_overwritten():
    flow = ready()
    assert flow(Drifted(target="far", what="resolved")).reason is NoticeReason.DRIFTED
    assert flow(Drifted(target="far", what="resolved")).reason is NoticeReason.NOTHING_TO_DO
    assert flow.notice.drift == {"far": "resolved"}
    flow(Drifted(target="far", what=""))
    assert flow.notice.drift == {}


def test_a_word_that_cannot_be_sent_for_six_hours_is_given_up_and_counted_from_when_it_was_due_first():
    flow = ready()
    name, first = key(flow, "news"), flow.now
    while state(flow, "news") is Passage.DUE and flow.now - first < 2 * GIVE_UP:
        flow.now = max(flow.now, flow.notice.deliveries[name].due_at)
        flow.deliver(Evidence.NOT_SENT, only="news")
    assert state(flow, "news") is Passage.FAILED
    assert GIVE_UP < flow.now - first < GIVE_UP + timedelta(minutes=6)
    flow(Judged(actor=ANNA, delivery=name, again=True))
    flow.now += timedelta(seconds=1)
    flow.deliver(Evidence.NOT_SENT, only="news")
    assert state(flow, "news") is Passage.DUE
