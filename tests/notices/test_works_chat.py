"""Planned work announced in the chat: customers hear of it as of that in maintenance.yaml; ended early, and called off."""

from datetime import timedelta
from pathlib import Path

import pytest

from receiver.core.notice import Phase
from receiver.core.notice_record import Dismissal, Stage
from tests.harness import Story, story
from tests.notices.test_works import agree, look, public
from tests.notices.town import ANNA, NOTICES, SUPPORT, town

ADMINS = "-1001000000001"


@pytest.fixture
async def told(tmp_path: Path):
    rules = town(tmp_path / "rules", notices=NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds]"))
    async with story(tmp_path, rules=rules) as found:
        yield found
        for at, _ in found._news():
            found._seen.add(at)


async def begin(s: Story, command: str, *texts: str):
    """Asked for, previewed, confirmed: the message that has the button to end it."""
    await s.api.say(ADMINS, f"/maintenance {command}", ANNA)
    question = await s.expect(ADMINS, "Begin planned work", *texts)
    await s.api.press(question, "Begin", ANNA)
    return question


async def test_work_announced_in_the_chat_is_told_begun_and_ended(told: Story):
    s = told  # it is 03:02 for Anna, 06:02 in Moscow
    sent = await begin(
        s, 'at 23:00 2h service="shop-db" tell checkout', "from 23:00 until 24 Nov 01:00", "Customers (Checkout): a draft of the announcement comes"
    )
    assert "🔧 Planned work from 23:00 until 24 Nov 01:00, announced by Anna" in sent.text
    await look(s)
    await s.expect(SUPPORT, "Checkout: planned work", "from 24 Nov 02:00 to 24 Nov 04:00")
    await agree(s)
    assert (await public(s)).phase is Phase.SCHEDULED
    await look(s, hours=20)
    await agree(s)
    assert (await public(s)).phase is Phase.IN_PROGRESS
    await s.api.press(sent, "Call off", ANNA)
    await look(s, seconds=15)
    await agree(s)
    over = await public(s)
    assert (over.phase, over.is_open) == (Phase.COMPLETED, False)


async def test_work_called_off_before_it_began_is_told_to_whoever_heard_of_it(told: Story):
    s = told
    sent = await begin(s, 'at 23:00 2h service="shop-db" tell checkout')
    await look(s)
    await agree(s)
    await s.api.press(sent, "Call off", ANNA)
    await look(s, seconds=15)
    card = s.api.messages[SUPPORT, next(m.id for m in s.api.sends() if m.chat == SUPPORT)]
    assert "The planned work we told you of is cancelled" in card.text
    await agree(s)
    assert (await public(s)).phase is Phase.CANCELLED
    await look(s, hours=21)
    assert s.app.rules.current.mutes(s.clock.now()) == (), "it never begins"


async def test_work_called_off_before_anybody_heard_of_it_is_told_to_nobody(told: Story):
    s = told
    sent = await begin(s, 'at 23:00 2h service="shop-db" tell checkout')
    await look(s)
    await s.api.press(sent, "Call off", ANNA)
    await look(s, seconds=15)
    (notice,) = await s.app.notices.desk.recent()
    assert (notice.stage, notice.dismissal) == (Stage.DISMISSED, Dismissal.PLANNED)
    await look(s, minutes=5)
    assert await s.app.notices.public.recent() == []
    assert len(await s.app.notices.desk.recent()) == 1


async def test_without_tell_customers_hear_nothing(told: Story):
    s = told
    sent = await begin(s, '2h service="shop-db"')
    assert "Customers" not in sent.text
    await look(s)
    assert await s.app.notices.desk.recent() == []
    assert s.app.rules.current.mutes(s.clock.now() + timedelta(hours=1))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('at 25:00 2h service="x"', "not one of the next 30 days"),
        ('at 2027-12-05T01:00 2h service="x"', "not one of the next 30 days"),
        ('at 2020-12-05T01:00 2h service="x"', "not one of the next 30 days"),
        ('2h service="x" tell warehouse', "Customers know: checkout, storefront"),
    ],
)
async def test_what_cannot_be_is_said(told: Story, command: str, said: str):
    await told.api.say(ADMINS, f"/maintenance {command}", ANNA)
    await told.expect(ADMINS, said)
