"""Linking an account by a code: once, for ten minutes, guessed at by nobody; people.yaml wins."""

from dataclasses import replace

from tests.builders import rules_files, wire
from tests.chat.test_commands import ask, deeds
from tests.harness import ANNA, DEVOPS, Story, story

NEW, OTHER = 222222222, 333333333
PEOPLE = """version: 1
people:
  anna: {name: Anna, roles: [responder, admin], telegram: 111111111, language: en}
  vera: {name: Vera, roles: [responder], language: en}
  oleg: {name: Олег, roles: [viewer], language: ru}
"""


def here(directory, **environ: str):
    return story(directory, rules=rules_files(directory / "rules", people=PEOPLE), **environ)


async def code_for(s: Story, person: str) -> str:
    told = await ask(s, f"/link {person}")
    return next(line.split()[1] for line in told.text.splitlines() if line.startswith("/start "))


async def test_a_code_makes_an_account_somebodys_who_may_press_at_once(tmp_path):
    async with here(tmp_path) as s:
        code = await code_for(s, "vera")
        assert "You are Vera now" in (await ask(s, f"/start {code.lower()}", NEW)).text
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        assert (await s.api.press(told, "✅", NEW))["text"] == "INC-1 is yours"
        assert (await s.incidents())[0].acknowledged_by == "Vera"
        assert ("vera", "link", "vera", "code made") not in await deeds(s)
        assert {("anna", "link", "vera", "code made"), (f"telegram:{NEW}", "start", "vera", "linked")} <= set(await deeds(s))
        await s.advance(seconds=5)


async def test_a_code_works_once_and_its_text_is_kept_nowhere(tmp_path):
    async with here(tmp_path) as s:
        code = await code_for(s, "vera")
        keys = [k async for k in s.app.client.scan_iter("*people*")]
        assert keys
        assert not any(code.encode() in key for key in keys)
        await ask(s, f"/start {code}", NEW)
        assert "not valid" in (await ask(s, f"/start {code}", OTHER)).text
        assert await s.app.chat.links.accounts() == {NEW: "vera"}


async def test_a_code_is_over_after_ten_minutes(tmp_path):
    async with here(tmp_path) as s:
        await code_for(s, "vera")
        (key,) = [k async for k in s.app.client.scan_iter("*people*code*")]
        assert 599_000 < await s.app.client.pttl(key) <= 600_000


async def test_who_guesses_too_often_is_not_believed_with_the_right_one(tmp_path):
    async with here(tmp_path) as s:
        code = await code_for(s, "vera")
        for n in range(5):
            assert "not valid" in (await ask(s, f"/start AAAA{n}", NEW)).text
        assert "not valid" in (await ask(s, f"/start {code}", NEW)).text
        assert "You are Vera" in (await ask(s, f"/start {code}", OTHER)).text


async def test_the_account_of_people_yaml_wins_over_a_linked_one(tmp_path):
    async with here(tmp_path) as s:
        assert "people.yaml already" in (await ask(s, "/link anna")).text
        code = await code_for(s, "vera")
        assert "people.yaml decides" in (await ask(s, f"/start {code}", ANNA)).text
        await ask(s, f"/start {await code_for(s, 'vera')}", NEW)
        book = s.app.rules.current
        assert (book.people["vera"].telegram, book.people["vera"].is_linked) == (NEW, True)
        mended = replace(book.people["vera"], telegram=OTHER, is_linked=False)
        s.app.rules.current = replace(book, people={**book.people, "vera": mended})
        found = s.app.rules.current.people["vera"]
        assert (found.telegram, found.is_linked) == (OTHER, False)
        assert s.app.rules.current.person_by_telegram(NEW) is None


async def test_who_unlinks_is_a_stranger_again(tmp_path):
    async with here(tmp_path) as s:
        await ask(s, f"/start {await code_for(s, 'oleg')}", NEW)
        assert "больше ни к кому" in (await ask(s, "/unlink", NEW)).text
        assert "do not know this account" in (await ask(s, "/status", NEW)).text
        assert "comes from people.yaml" in (await ask(s, "/unlink")).text


async def test_a_code_is_told_in_private_only_and_only_by_an_admin(tmp_path):
    async with here(tmp_path) as s:
        assert "in private" in (await ask(s, "/link vera", ANNA, DEVOPS)).text
        await ask(s, f"/start {await code_for(s, 'vera')}", NEW)
        assert "may not" in (await ask(s, "/link oleg", NEW)).text
