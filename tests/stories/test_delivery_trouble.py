"""When the far end misbehaves: nobody's page is lost, nobody is spammed, and the incident shows who could not be told."""

from dataclasses import replace
from datetime import timedelta

from receiver.core.incident import Destination
from receiver.rules.load import load_rules
from tests.builders import NOW, rules_files, wire
from tests.fakes.bot_api import BLOCKED, HTML_502, NO_CHAT, PERFORM_THEN_DROP, THROTTLED, UNAUTHORIZED, Fault, refusal
from tests.harness import ADMINS, ANNA, DEVOPS, SPARE, TOKEN, Story, free_port, story

ENTITIES = refusal(400, "Bad Request: can't parse entities: Unsupported start tag")
REPEAT = "Possible repeat"
NOTE = {"severity": "warning", "service": "shop-db"}


def here(directory):
    """A story whose page goes to `devops`, whose note to `admin-chat`, and whose fallback is the chat `spare`."""
    return story(directory, rules=rules_files(directory / "rules"))


def with_browser_fallback(directory):
    book = load_rules(rules_files(directory / "rules"))
    places = {**book.destinations, "spare": Destination(name="spare", channel="browser", language="en")}
    return replace(book, destinations=places)


async def page(s: Story, *faults: Fault) -> None:
    """Fire one page to `devops`, whose chat misbehaves."""
    s.api.fail("sendMessage", *faults, chat=DEVOPS)
    await s.fire(wire())
    await s.advance(seconds=10)


async def shown_in_browser(s: Story) -> list[str]:
    return [m.html for m in await s.app.browser.changed(0)]


async def test_a_throttled_chat_waits_while_the_others_go_on(tmp_path):
    async with here(tmp_path) as s:
        await page(s, THROTTLED)
        await s.expect_nothing()
        await s.fire(wire("db", **NOTE))
        await s.fire(wire("later", service="crm-api"))
        await s.advance(seconds=6)
        await s.expect_nothing()
        await s.advance(seconds=5)
        await s.expect(ADMINS, "Shop DB")
        told = {(await s.expect(DEVOPS)).text.split(":")[0] for _ in range(2)}
        assert told == {"🔴 Shop API", "🔴 crm-api"}
        (first,) = [i for i in await s.incidents() if "shop-api" in i.systems]
        assert first.failed == {}, "seven seconds are nobody's trouble"


async def test_a_page_that_must_wait_an_hour_goes_to_the_fallback_at_once(tmp_path):
    async with here(tmp_path) as s:
        await page(s, refusal(429, "Too Many Requests: retry after 3600", retry_after=3600))
        await s.expect(SPARE, "🔴", "Could not be reached in time: devops")
        await s.advance(seconds=3601)
        await s.expect(DEVOPS, "🔴")


async def test_an_unknown_outcome_is_sent_again_after_two_seconds_and_says_so(tmp_path):
    async with here(tmp_path) as s:
        await page(s, PERFORM_THEN_DROP)
        first = await s.expect(DEVOPS)
        assert REPEAT not in first.text
        await s.advance(seconds=1)
        await s.expect_nothing()
        await s.advance(seconds=1)
        await s.expect(DEVOPS, REPEAT)
        await s.advance(minutes=5)


async def test_after_two_unknowns_somebody_else_hears_it_in_parallel(tmp_path):
    async with here(tmp_path) as s:
        await page(s, HTML_502, HTML_502)
        await s.expect_nothing()
        await s.advance(seconds=2)
        await s.expect(SPARE, "🔴")
        await s.advance(seconds=10)
        await s.expect(DEVOPS, REPEAT)
        await s.advance(minutes=5)


async def test_there_are_never_more_than_three_copies(tmp_path):
    async with here(tmp_path) as s:
        await page(s, *[PERFORM_THEN_DROP] * 6)
        await s.advance(seconds=2)
        await s.advance(seconds=10)
        await s.advance(minutes=2)
        copies = [await s.expect(DEVOPS) for _ in range(3)]
        assert [REPEAT in c.text for c in copies] == [False, True, True]
        await s.expect(SPARE)
        await s.advance(minutes=30)


async def test_a_page_refused_for_thirty_seconds_goes_elsewhere(tmp_path):
    away = f"http://127.0.0.1:{free_port()}"
    async with story(tmp_path, rules=with_browser_fallback(tmp_path), RECEIVER_TELEGRAM_API_URL=away) as s:
        await page(s)
        for seconds in (1, 2, 4, 8):
            await s.advance(seconds=seconds)
        assert await shown_in_browser(s) == []
        await s.advance(seconds=16)
        assert len(await shown_in_browser(s)) == 1
        (slot,) = [x for x in await s.app.outbox.slots((await s.incidents())[0].id) if "devops" in x["mid"]]
        assert slot["st"] != "dead", "it is still to be delivered when the far end is back"


async def test_bad_markup_arrives_as_plain_text_on_time(tmp_path):
    async with here(tmp_path) as s:
        await page(s, ENTITIES)
        told = await s.expect(DEVOPS, "🔴 Shop API")
        assert "<b>" not in told.markup
        assert told.labels()


async def test_a_blocked_chat_is_replaced_at_once_and_the_incident_shows_it(tmp_path):
    async with here(tmp_path) as s:
        await page(s, BLOCKED)
        await s.expect(SPARE, "🔴", "Could not be reached in time: devops")
        (incident,) = await s.incidents()
        assert "blocked" in incident.failed["devops"]
        letters = await s.app.quarantine.letters()
        assert len(letters) == 1, "kept, to be sent again on a person's word"


async def test_when_the_fallback_is_dead_too_nothing_loops(tmp_path):
    async with here(tmp_path) as s:
        s.api.fail("sendMessage", NO_CHAT, chat=SPARE)
        await page(s, BLOCKED)
        await s.advance(minutes=5)
        (incident,) = await s.incidents()
        assert set(incident.failed) == {"devops", "spare"}


async def test_a_migrated_chat_is_followed_and_remembered(tmp_path):
    new = "-1001000000099"
    async with here(tmp_path) as s:
        await page(s, refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=int(new)))
        told = await s.expect(new, "🔴")
        await s.api.press(told, "✅", ANNA)
        await s.advance(seconds=5)
        assert told.text.startswith("🟡"), "buttons are signed for the new chat, edits go there"
        await s.advance(seconds=10)
        await s.expect(ADMINS, "incident-receiver", f"{new} instead of {DEVOPS}")
        await s.fire(wire("b", service="crm-api"))
        await s.advance(seconds=10)
        await s.expect(new, "crm-api")


async def test_a_deleted_message_is_said_again_while_nobody_has_taken_it(tmp_path):
    async with here(tmp_path) as s:
        await page(s)
        told = await s.expect(DEVOPS)
        del s.api.messages[DEVOPS, told.id]
        await s.fire(wire("second"))
        await s.advance(seconds=5)
        again = await s.expect(DEVOPS, "2 alerts")
        await s.api.press(again, "✅", ANNA)
        await s.advance(seconds=5)
        del s.api.messages[DEVOPS, again.id]
        await s.fire(wire("third"))
        await s.advance(seconds=30)


async def test_a_revoked_token_pauses_the_channel_and_every_page_goes_elsewhere(tmp_path):
    async with story(tmp_path, rules=with_browser_fallback(tmp_path)) as s:
        s.api.fail("sendMessage", *[UNAUTHORIZED] * 4)  # as many as are under way at once
        for n in range(12):
            await s.fire(wire("a", service=f"svc-{n}"))
        await s.advance(seconds=10)
        assert len(await shown_in_browser(s)) == 12, "without asking the wire twelve times"
        await s.expect_nothing()
        s.api._faults.clear()  # the token is right again
        for _ in range(8):  # the pause ends, one message tries, and the others follow at the pace of the chat
            await s.advance(seconds=31)
        for _ in range(12):
            await s.expect(DEVOPS)


async def test_an_answer_that_comes_too_late_undoes_no_press(tmp_path):
    async with here(tmp_path) as s:
        await page(s)
        told = await s.expect(DEVOPS)
        s.api.fail("answerCallbackQuery", refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid"))
        await s.api.say_press(told, told.button("✅"), ANNA)
        await s.api.until(lambda: told.text.startswith("🟡") or bool(s.clock.advance(seconds=1)))
        assert "Taken by Anna" in told.text
        assert s.api.answers == []


async def test_a_press_on_a_copy_we_do_not_know_makes_it_follow(tmp_path):
    async with here(tmp_path) as s:
        await page(s, PERFORM_THEN_DROP)
        await s.advance(seconds=2)
        lost, known = await s.expect(DEVOPS), await s.expect(DEVOPS, REPEAT)
        await s.api.press(lost, "✅", ANNA)
        await s.advance(seconds=5)
        assert known.text.startswith("🟡")
        assert lost.text.startswith("🟡")
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        assert [known.text[:1], lost.text[:1]] == ["🟢", "🟢"]
        await s.expect(DEVOPS, "🟢")


async def test_the_token_is_in_no_log_line_of_a_bad_day(tmp_path, capsys):
    async with here(tmp_path) as s:
        await page(s, HTML_502, refusal(403, f"Forbidden: bot {TOKEN} was blocked by the user"))
        await s.advance(seconds=2)
        await s.expect(SPARE)
        (incident,) = await s.incidents()
    printed = "".join(capsys.readouterr())
    assert "devops" in printed
    assert TOKEN not in printed + repr(incident)
