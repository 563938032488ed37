"""Swaps of shifts: offered, taken by somebody else, seen everywhere; git wins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from receiver.core.amendment import Amendments, Swap, amend, why_not
from receiver.core.schedule import Shift
from receiver.rules.load import load_rules
from tests.builders import NOW, rules_files
from tests.chat.test_commands import OWN, SCHEDULES, ask, here
from tests.harness import ADMINS, ANNA, BORIS, SVETA, story

ANNOUNCED = SCHEDULES.replace("    layers:", "    announce: admin-chat\n    layers:")
TURN = datetime(2026, 11, 30, 7, tzinfo=UTC)  # Anna again, by the schedule above


def at(**more):
    return TURN + timedelta(**more)


def announced(directory, **more):
    return story(directory, rules=rules_files(directory / "rules", schedules=ANNOUNCED), **more)


async def test_a_shift_is_offered_in_a_group_and_taken_by_somebody_else(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        told = await ask(s, "/swap", BORIS, ADMINS)
        assert told.labels() == ["primary 10:00 – 30.11 10:00", "primary 07.12 10:00 – 14.12 10:00", "primary 21.12 10:00 – 28.12 10:00"]
        assert (await s.api.press(told, "07.12", ANNA))["text"] == "These are somebody else's shifts"
        await s.api.press(told, "07.12", BORIS)
        assert told.text == "🔁 Борис отдаёт смену: primary 07.12 10:00 – 14.12 10:00\nКто возьмёт?"
        assert (await s.api.press(told, "Беру", BORIS))["text"].startswith("Это ваша смена")
        assert "may not" in (await s.api.press(told, "Беру", SVETA))["text"]
        await s.api.press(told, "Беру", ANNA)
        assert told.text == "🔁 Anna is on call instead of Борис: primary 7 Dec 07:00 – 14 Dec 07:00"
        await s.api.until(lambda: all(app.rules.current.schedules["primary"].swaps for app in s.apps))
        assert "Anna until 21 Dec 07:00" in (await ask(s, "/oncall primary 2026-12-08T10:00")).text
        listing = await s.http.get("/api/v1/oncall?at=2026-12-08T10:00", headers={"authorization": f"Bearer {s.app.api_token}"})
        assert [p["id"] for p in listing.json()[0]["on_call"]] == ["anna"]
        ours = (await s.http.get(listing.json()[0]["calendar"])).text
        assert ours.count("SUMMARY:Anna") > 0


async def test_offered_in_private_it_is_shown_where_the_schedule_is_announced_and_may_be_withdrawn(tmp_path):
    async with announced(tmp_path) as s:
        told = await ask(s, "/swap")
        await s.api.press(told, "30 Nov", ANNA)
        assert told.text == "Offered in admin-chat: primary 30 Nov 07:00 – 7 Dec 07:00"
        offer = await s.expect(ADMINS, "🔁 Anna offers a shift: primary 30 Nov 07:00 – 7 Dec 07:00")
        assert (await s.api.press(offer, "Withdraw", BORIS))["text"] == "Отозвать может только тот, кто предложил"
        await s.api.press(offer, "Withdraw", ANNA)
        assert offer.text == "This offer was withdrawn."
        assert (await s.app.chat.items.held()).swaps == ()


async def test_the_second_to_take_it_hears_who_has_it(tmp_path):
    async with announced(tmp_path) as s:
        asked = await ask(s, "/swap primary 2026-11-30T12:00 2026-11-30T18:00")
        assert asked.text == "Offered in admin-chat: primary 30 Nov 12:00 – 30 Nov 18:00"
        offer = await s.expect(ADMINS)
        kept = offer.button("take")
        await s.api.press(offer, "", BORIS, data=kept)
        await s.api.press(offer, "", BORIS, data=kept)
        assert not s.api.answers[-1].get("text")
        assert "Борис has taken it" in (await s.api.press(offer, "", ANNA, data=kept))["text"]
        assert s.app.rules.current.schedules["primary"].on_call(at(hours=6)) == ("boris",)
        assert "A part of it was swapped already" in (await ask(s, "/swap primary 2026-11-30T17:00 2026-11-30T19:00")).text
        assert "not on call all that time" in (await ask(s, "/swap primary 2026-12-07T09:00 2026-12-07T12:00")).text
        assert "Write it like" in (await ask(s, "/swap primary tomorrow")).text
        assert OWN == str(ANNA)


def book(directory):
    return load_rules(rules_files(directory, schedules=SCHEDULES))


def test_an_override_of_git_covers_a_swap_and_refuses_a_new_one(tmp_path):
    rules = book(tmp_path)
    swap = Swap(id="x", schedule="primary", start=TURN, end=at(days=1), giver="anna", taker="boris")
    swapped = amend(rules, Amendments(swaps=(swap,)))
    assert swapped.schedules["primary"].on_call(at(hours=1)) == ("boris",)
    git = Shift(start=at(hours=2), end=at(hours=3), people=("anna",))
    mended = amend(replace(rules, schedules={"primary": replace(rules.schedules["primary"], overrides=(git,))}), Amendments(swaps=(swap,))).schedules["primary"]
    assert [mended.on_call(at(hours=h)) for h in (1, 2, 3)] == [("boris",), ("anna",), ("boris",)]
    assert why_not(swap, mended, (), NOW) == "override"
    assert why_not(replace(swap, end=NOW), mended, (), NOW) == "past"


def test_of_two_who_are_on_call_together_only_the_giver_is_replaced_and_only_while_he_is(tmp_path):
    text = SCHEDULES.replace("people: [anna, boris], rotate: weekly, handoff", "people: [team, boris], rotate: weekly, handoff")
    people = """version: 1
people:
  anna: {name: Anna, roles: [responder], telegram: 1}
  boris: {name: Boris, roles: [responder], telegram: 2}
  sveta: {name: Sveta, roles: [responder], telegram: 3}
teams: {team: [anna, sveta]}
"""
    rules = load_rules(rules_files(tmp_path, schedules=text, people=people))
    swap = Swap(id="x", schedule="primary", start=TURN, end=at(days=9), giver="anna", taker="boris")
    found = amend(rules, Amendments(swaps=(swap,))).schedules["primary"]
    assert set(found.on_call(at(days=1))) == {"boris", "sveta"}
    assert found.on_call(at(days=8)) == ("boris",)
    assert found.on_call(at(days=15)) == rules.schedules["primary"].on_call(at(days=15))
    assert amend(amend(rules, Amendments(swaps=(swap,))), Amendments()) == rules
