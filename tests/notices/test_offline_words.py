"""What was published while the service was down comes home: by its id, once, as a card the support team goes on from."""

from datetime import timedelta
from pathlib import Path

import msgspec

from receiver.cli.offline import publish
from receiver.clock import ManualClock
from receiver.core.notice import Impact, Phase
from receiver.core.notice_event import Approved, Proposed, TakenIn
from receiver.core.notice_offline import join, offline_update_id, revive
from receiver.core.notice_plan import NoticeReason
from receiver.core.notice_public import project
from receiver.core.notice_record import Stage
from receiver.settings import load_settings
from receiver.workers.offline_words import FILE
from tests.builders import wire
from tests.harness import ROOT, Story, story
from tests.notices.flow import ANNA, OLEG, Flow
from tests.notices.test_story import press
from tests.notices.town import ANNA as ANNA_ACCOUNT
from tests.notices.town import CHANNEL, SUPPORT, town
from tests.notices.town import OLEG as OLEG_ACCOUNT
from tests.notices.values import notice, update

OUT = ("page", "feeds")


def far(number: int, phase: Phase = Phase.IDENTIFIED, *, minutes: int = 5, **fields):
    """A word said without the service."""
    return update(number, phase, minutes=minutes, **fields)


def test_a_word_said_offline_is_taken_in_once_and_the_newest_word_gives_the_phase():
    flow = Flow(publish=OUT).published()
    said = flow.notice.updates[-1]
    told = notice(*flow.notice.updates, far(9, minutes=10, at=said.at + timedelta(minutes=10)), owner="cli:root", next_update_at=said.at + timedelta(hours=1))
    plan = flow(TakenIn(told=told))
    assert (plan.reason, plan.by) == (NoticeReason.TAKEN_IN, "cli:root")
    assert [u.id for u in flow.notice.updates] == [said.id, "U9"]
    assert (flow.notice.phase, flow.notice.next_update_at) == (Phase.IDENTIFIED, said.at + timedelta(hours=1))
    assert flow.calls[-1] == "offline_page"
    assert flow.notice.deliveries["U9.page"].done == 1
    assert flow(TakenIn(told=told)).reason is NoticeReason.NOTHING_TO_DO


def test_other_channels_hear_nothing_by_themselves_and_are_told_so():
    flow = Flow().published()
    flow(TakenIn(told=notice(far(9), owner="cli:root")))
    assert flow.calls[-1] == "offline"
    assert not [key for key in flow.notice.deliveries if key in ("U9.news", "U9.mail")]


def test_what_people_had_agreed_to_before_is_looked_at_again():
    flow = Flow(publish=OUT).published()
    flow(Proposed(actor=ANNA, key="cause-found"))
    flow(Approved(actor=OLEG, revision=flow.notice.draft.revision))
    assert flow.notice.draft.publish_at is not None
    flow(TakenIn(told=notice(far(9), owner="cli:root")))
    assert (flow.notice.draft.publish_at, flow.notice.draft.approvals) == (None, ())


def test_an_older_word_than_ours_changes_no_phase():
    flow = Flow(publish=OUT).published()
    early = far(9, at=flow.notice.updates[-1].at - timedelta(minutes=1))
    flow(TakenIn(told=notice(early, owner="cli:root")))
    assert flow.notice.updates[0].id == "U9"
    assert flow.notice.phase is Phase.INVESTIGATING


def test_what_was_withdrawn_stays_withdrawn():
    gone = notice(update(1, is_retracted=True, texts={}), is_retracted=True, stage=Stage.OVER)
    assert join(gone, notice(update(1), far(9))) is gone


def test_a_notice_revived_from_what_customers_saw_is_the_same_to_them():
    held = notice(update(1), update(2, Phase.IDENTIFIED, minutes=5), next_update_at=update(2, minutes=30).at)
    assert project(revive(project(held))) == project(held)


def test_ids_of_offline_words_are_nobody_elses():
    at = update(1).at
    assert offline_update_id(notice().id, at) != offline_update_id(notice().id, at + timedelta(seconds=1))


def settings_of(directory: Path, rules: Path):
    return load_settings(
        {
            "RECEIVER_RULES_DIR": str(rules),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            "RECEIVER_DATA_DIR": str(directory),
            "RECEIVER_SECRET_KEY": "k" * 32,
            "HOME": str(directory),
        }
    )


def begin(s: Story, rules: Path, *words: str, target: str = "checkout") -> str:
    """Said without the service, into its data directory; the notice's id."""
    data = s.app.settings.data_dir
    for word in words:
        assert publish(settings_of(data, rules), target, word, None, data / "site", ManualClock(s.clock.now())) == 0
        (told, *_) = msgspec.json.decode((data / FILE).read_bytes())
        target = told["id"]
        s.clock.advance(minutes=2)
    return target


async def test_a_notice_begun_offline_is_a_card_that_is_updated_and_resolved(tmp_path):
    rules = town(tmp_path / "rules")
    async with story(tmp_path, rules=rules) as s:
        ident = begin(s, rules, "unavailable", "cause-found")
        await s.app.notices.keeper.offline.look()
        await s.advance(seconds=1)
        card = await s.expect(SUPPORT, ident, "IDENTIFIED", "Checkout", "page ✓")
        call = await s.expect(SUPPORT, "published without this service", "the next word goes to all")
        assert "Still working" in str(call.buttons)
        page = (await s.http.get("/status/en")).text
        assert ident in page
        assert "Major outage" in page

        await press(s, card, "Fix applied", ANNA_ACCOUNT)
        await s.advance(seconds=21)
        await s.expect(CHANNEL)
        await press(s, card, "Resolve", ANNA_ACCOUNT)
        await press(s, card, "nothing lost", ANNA_ACCOUNT)
        await s.advance(seconds=21)
        (public,) = await s.app.notices.public.recent()
        assert (public.phase, public.impacts["checkout"]) == (Phase.RESOLVED, Impact.OPERATIONAL)
        assert len(public.updates) == 4

        await s.app.notices.keeper.offline.look()
        s.app.notices.keeper.offline._seen.clear()
        await s.app.notices.keeper.offline.look()
        assert await s.app.notices.public.recent() == [public], "taken in again it is the same"
        for chat in (SUPPORT, CHANNEL):
            for at, _ in s._news(chat):
                s._seen.add(at)


async def test_a_draft_about_the_same_gives_way_and_its_incident_comes_along(tmp_path):
    rules = town(tmp_path / "rules")
    async with story(tmp_path, rules=rules) as s:
        await s.fire(wire(alertname="A", service="shop-api", severity="critical"))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        draft = await s.expect(SUPPORT, "DRAFT")
        ident = begin(s, rules, "errors")
        await s.app.notices.keeper.offline.look()
        await s.settle()
        held = await s.app.notices.desk.load(ident)
        assert (held.incidents, held.stage) == (("INC-1",), Stage.OPEN)
        assert await s.app.notices.desk.covering("checkout") == ident
        merged = [one for one in await s.app.notices.desk.recent() if one.id != ident]
        assert [one.stage for one in merged] == [Stage.MERGED]
        assert f"{ident} speaks of it now" in draft.text
        for at, _ in s._news():
            s._seen.add(at)


async def test_a_file_from_another_machine_is_taken_in_and_a_broken_one_is_told(tmp_path):
    rules = town(tmp_path / "rules")
    async with story(tmp_path, rules=rules) as s:
        data, laptop = s.app.settings.data_dir, tmp_path / "laptop"
        assert publish(settings_of(laptop, rules), "storefront", "slow", None, tmp_path / "site", ManualClock(s.clock.now())) == 0
        (data / "offline-notices-0.json").write_text("{half")
        (data / "offline-notices-laptop.json").write_bytes((laptop / FILE).read_bytes())
        await s.app.notices.keeper.turn(compares=False)
        await s.advance(seconds=1)
        await s.expect(SUPPORT, "INVESTIGATING", "Catalogue")
        await s.expect(SUPPORT, "published without this service")


async def test_two_published_notices_of_one_component_stand_beside_each_other(tmp_path):
    rules = town(tmp_path / "rules")
    async with story(tmp_path, rules=rules) as s:
        await s.fire(wire(alertname="A", service="shop-api", severity="critical"))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        card = await s.expect(SUPPORT, "DRAFT")
        for account in (ANNA_ACCOUNT, OLEG_ACCOUNT):
            await press(s, card, "Approve", account)
        await s.advance(seconds=21)
        laptop = tmp_path / "laptop"
        assert publish(settings_of(laptop, rules), "checkout", "errors", None, tmp_path / "site", ManualClock(s.clock.now())) == 0
        (s.app.settings.data_dir / FILE).write_bytes((laptop / FILE).read_bytes())
        await s.app.notices.keeper.offline.look()
        await s.settle()
        assert len([one for one in await s.app.notices.public.recent() if one.is_open]) == 2
        for at, _ in s._news():
            s._seen.add(at)
