"""What the wire proved, and what follows: the table of outcomes."""

from datetime import timedelta

import pytest

from receiver.core.delivery import Attempt, Evidence, Judgement, Verdict, judge


def judged(evidence: Evidence, **fields) -> Judgement:
    base = {"is_edit": False, "is_page": True, "unknowns": 0, "attempts": 0, "age": timedelta(0)}
    return judge(Attempt(evidence=evidence, **{**base, **fields}))


@pytest.mark.parametrize(
    ("evidence", "verdict", "is_trouble"),
    [
        (Evidence.OK, Verdict.SENT, False),
        (Evidence.NOT_SENT, Verdict.RETRY, False),
        (Evidence.REFUSED, Verdict.DEAD, True),
        (Evidence.UNEDITABLE, Verdict.RETRY, False),
        (Evidence.DEAD, Verdict.DEAD, True),
        (Evidence.MOVED, Verdict.RETRY, False),
        (Evidence.THROTTLED, Verdict.RETRY, False),
        (Evidence.DOWN, Verdict.RETRY, True),
        (Evidence.UNKNOWN, Verdict.RETRY, False),
    ],
)
def test_a_first_page_attempt(evidence, verdict, is_trouble):
    got = judged(evidence)
    assert (got.verdict, got.is_trouble) == (verdict, is_trouble)


def test_an_unknown_page_is_sent_again_after_2_then_10_seconds_and_never_more_than_three_times():
    first, second, third = (judged(Evidence.UNKNOWN, unknowns=n) for n in range(3))
    assert [first.after.seconds, second.after.seconds] == [2, 10]
    assert (first.is_trouble, second.is_trouble) == (False, True)
    assert (third.verdict, third.is_trouble) == (Verdict.DEAD, True)


def test_an_edit_with_unknown_outcome_is_just_repeated():
    assert judged(Evidence.UNKNOWN, is_edit=True, unknowns=9).is_unknown is False


def test_a_page_unsent_for_30_seconds_goes_elsewhere_too():
    assert judged(Evidence.NOT_SENT, age=timedelta(seconds=31)).is_trouble
    assert not judged(Evidence.NOT_SENT, age=timedelta(seconds=31), is_page=False).is_trouble


def test_not_sent_backs_off_to_30_seconds():
    assert [judged(Evidence.NOT_SENT, attempts=n).after.seconds for n in (0, 1, 2, 3, 9)] == [1, 2, 4, 8, 30]


def test_a_throttled_page_waits_as_told_and_goes_elsewhere_when_that_is_long():
    assert judged(Evidence.THROTTLED, retry_after=timedelta(seconds=7)) == Judgement(verdict=Verdict.RETRY, after=timedelta(seconds=7), cools_chat=True)
    assert judged(Evidence.THROTTLED, retry_after=timedelta(hours=1)).is_trouble


def test_a_message_somebody_deleted_is_said_again_only_while_nobody_has_taken_it():
    assert judged(Evidence.UNEDITABLE, is_edit=True) == Judgement(verdict=Verdict.RETRY, forgets=True)
    assert judged(Evidence.UNEDITABLE, is_edit=True, is_unanswered=False) == Judgement(verdict=Verdict.SKIPPED)
