"""What programs and the command line change is noted with who asked and what came of it, refusals too."""

from tests.builders import rules_files, wire
from tests.harness import ANNA, DEVOPS, STRANGER, Story, story

PEOPLE = """version: 1
people:
  anna: {name: Anna, roles: [admin], telegram: 111111111, language: en}
  vera: {name: Vera, roles: [viewer], language: en}
"""


def here(directory):
    return story(directory, rules=rules_files(directory / "rules", people=PEOPLE))


async def call(s: Story, method: str, path: str, token: str = "", **more):
    return await s.http.request(method, f"/api/v1/{path}", headers={"authorization": f"Bearer {token or s.app.api_token}"}, **more)


async def deeds(s: Story):
    found = (await call(s, "GET", "audit")).json()
    return [(d["actor"], d["via"], d["verb"], d["target"], d["result"]) for d in found]


async def test_every_change_by_the_api_has_its_line(tmp_path):
    async with here(tmp_path) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        assert (await call(s, "POST", "incidents/INC-1/ack", json={"by": "cli:root"})).status_code == 200
        assert (await call(s, "POST", "incidents/INC-1/ack", json={})).status_code == 200
        assert (await call(s, "POST", "incidents/INC-9/ack", json={"by": "bot"})).status_code == 404
        assert (await call(s, "POST", "incidents/INC-1/eat", json={"by": "bot"})).status_code == 400
        assert (await call(s, "POST", "deadletters/7-0/discard")).status_code == 404
        assert (await call(s, "POST", "deadletters/7-0/retry", json={"by": "cli:root"})).status_code == 404
        assert (await call(s, "GET", "incidents")).status_code == 200
        assert (await call(s, "POST", "rules/explain", json={"labels": {"a": "b"}})).status_code == 200
        assert [(*d[:4], d[4].partition(":")[0]) for d in await deeds(s)] == [
            ("cli:root", "cli", "retry", "deadletters/7-0", "no dead letter 7-0"),
            ("api", "api", "discard", "deadletters/7-0", "no dead letter 7-0"),
            ("bot", "api", "eat", "incidents/INC-1", "no verb 'eat'"),
            ("bot", "api", "ack", "incidents/INC-9", "no incident INC-9"),
            ("api", "api", "ack", "incidents/INC-1", "already_acknowledged"),
            ("cli:root", "cli", "ack", "incidents/INC-1", "acknowledged"),
        ]
        await s.advance(seconds=5)


async def test_a_press_has_its_line_and_a_refused_one_too(tmp_path):
    async with here(tmp_path) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        await s.api.press(told, "✅", STRANGER)
        await s.api.press(told, "✅", ANNA)
        assert await deeds(s) == [
            ("anna", "telegram", "acknowledge", "INC-1", "acknowledged"),
            (f"telegram:{STRANGER}", "telegram", "acknowledge", "INC-1", "refused"),
        ]
        await s.advance(seconds=5)


async def test_who_guesses_at_the_token_is_noted_once_a_minute(tmp_path):
    async with here(tmp_path) as s:
        for _ in range(20):
            assert (await call(s, "POST", "incidents/INC-1/ack", "wrong", json={"by": "anna"})).status_code == 401
        s.clock.advance(minutes=1)
        await call(s, "POST", "incidents/INC-1/ack", "wrong", json={"by": "anna"})
        assert await deeds(s) == [("unknown:127.0.0.1", "api", "ack", "incidents/INC-1", "refused")] * 2


async def test_the_log_is_for_those_with_the_token(tmp_path):
    async with here(tmp_path) as s:
        assert (await call(s, "GET", "audit", "wrong")).status_code == 401
        assert (await call(s, "GET", "people", "wrong")).status_code == 401


async def test_a_code_is_made_for_whom_people_yaml_gives_no_account(tmp_path):
    async with here(tmp_path) as s:
        made = (await call(s, "POST", "people/vera/link")).json()
        assert made["send"].startswith("/start ")
        assert (await call(s, "POST", "people/anna/link")).status_code == 400
        assert (await call(s, "POST", "people/nobody/link")).status_code == 404
        await s.api.say("222", made["send"], 222)
        await s.expect("222", "You are Vera now")
        found = {p["id"]: p["telegram"] for p in (await call(s, "GET", "people")).json()}
        assert found == {"anna": "people.yaml", "vera": "linked"}
        assert ("api", "api", "link", "people/vera", "code made") in await deeds(s)
