"""`/api/v1/notices` and `receiver notices`: the desk without a chat."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import uvicorn

from receiver.app.http import litestar_app
from receiver.cli import notices as command
from receiver.cli.main import parser
from tests.builders import wire
from tests.fakes.statuspage import Statuspage
from tests.harness import Story, free_port, story
from tests.notices.surfaces import rules_text
from tests.notices.test_story import ADMINS, first_card, press
from tests.notices.town import ANNA, CHANNEL, OLEG, SUPPORT, town


@pytest.fixture
async def told(tmp_path):
    async with story(tmp_path, rules=town(tmp_path / "rules"), RECEIVER_PORT=str(free_port())) as found:
        yield found
        for chat in (ADMINS, SUPPORT):
            for at, _ in found._news(chat):
                found._seen.add(at)


async def ask(s: Story, path: str, **headers: str) -> httpx.Response:
    return await s.http.get(f"/api/v1/notices/{path}", headers={"Authorization": f"Bearer {s.app.api_token}", **headers})


async def act(s: Story, path: str, status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    given = {"Authorization": f"Bearer {s.app.api_token}", **(headers or {})}
    answer = await s.http.post(f"/api/v1/notices/{path}", json=body, headers=given)
    assert answer.status_code == status, answer.text
    await s.settle()
    return answer.json()


async def test_nobody_without_a_token_reads_or_writes(told):
    assert (await told.http.get("/api/v1/notices/")).status_code == 401
    assert (await told.http.post("/api/v1/notices/", json={"components": ["checkout"]})).status_code == 401


async def test_who_names_a_component_there_is_not_is_told_which_there_are(told):
    refused = await act(told, "", 400, components=["chekout"], text="unavailable")
    assert refused["detail"].startswith("no component 'chekout' in notices.yaml: ")
    assert "checkout" in refused["detail"].split(": ")[1].split(", ")


async def test_a_program_drafts_and_agrees_first_but_never_completes_a_pair(told):
    s = told
    made = await act(s, "", 201, components=["checkout"], text="unavailable", by="ci")
    assert made["texts"]["ru"]["title"] == "Оформление заказов: временно не работает"
    assert made["checks"] == []
    first = await act(s, f"{made['id']}/approve", by="ci", revision=made["revision"])
    assert (first["reason"], first["needed"]["count"]) == ("approved", 2)
    other = await act(s, f"{made['id']}/approve", by="cli:root", headers={"x-forwarded-for": "10.0.0.1"}, revision=made["revision"])
    assert other["reason"] == "needs_person"  # through a proxy nobody is the person at this machine
    forged = await act(s, f"{made['id']}/glass", by="ci", revision=made["revision"], why="now")
    assert forged["reason"] == "needs_role"
    done = await act(s, f"{made['id']}/approve", by="cli:root", revision=made["revision"])
    assert done["reason"] == "approved_enough"
    await act(s, f"{made['id']}/stop", by="ci")
    await s.advance(minutes=2)
    assert (await ask(s, made["id"])).json()["public"] is None


async def test_every_verb_says_what_came_of_it(told):
    s = told
    made = await act(s, "", 201, components=["checkout"], text="errors", by="ci")
    path = made["id"]
    assert (await act(s, f"{path}/edit", language="ru", body="Заказы: упал 10.0.0.7"))["checks"][0]["blocks"]
    assert (await act(s, f"{path}/edit", language="ru", body="x", revision="0000"))["reason"] == "edit_conflict"
    assert (await act(s, f"{path}/turn", impact="major_outage"))["reason"] == "turned"
    assert (await act(s, f"{path}/turn", minutes=60, channels=["page"]))["reason"] == "turned"
    assert (await act(s, f"{path}/retract", why="x"))["reason"] == "impossible"
    assert (await act(s, f"{path}/propose", text="slow"))["texts"]["en"]["title"] == "Checkout: slower than usual"
    assert (await act(s, f"{path}/dismiss", why="nonsense"))["reason"] == "needs_reason"
    await act(s, f"{path}/fly", 400)
    await act(s, "N0/approve", 404)
    await act(s, "", 400, components=["nowhere"])
    await act(s, "", 400, components=["checkout"], text="errors")  # one is open
    assert (await act(s, f"{path}/dismiss", why="internal"))["stage"] == "dismissed"
    assert [one["stage"] for one in (await ask(s, "")).json()] == ["dismissed"]
    await act(s, "", 201, components=["checkout"], text="errors")


async def test_two_notices_become_one_and_an_incident_goes_its_own_way(told):
    s, card = told, await first_card(told)
    await s.fire(wire(), wire(instance="c", service="catalog-api"))
    await s.advance(seconds=11)
    await s.advance(minutes=3)
    notices = {tuple(n["components"]): n["id"] for n in (await ask(s, "")).json()}
    checkout, storefront = notices["checkout",], notices["storefront",]
    await act(s, f"{storefront}/merge", into="N0", status=404)
    await act(s, f"{storefront}/merge", into=checkout)
    merged = (await ask(s, checkout)).json()
    assert (merged["components"], sorted(merged["incidents"])) == (["checkout", "storefront"], ["INC-1", "INC-2"])
    assert (await ask(s, storefront)).json()["stage"] == "merged"
    assert "INC-1, INC-2" in card.text
    assert (await act(s, f"{checkout}/split", incident="INC-2"))["reason"] == "split"
    assert (await ask(s, checkout)).json()["incidents"] == ["INC-1"]


async def test_the_command_line_drafts_shows_and_publishes_when_the_chat_does_not(told, capsys):
    s = told
    config = uvicorn.Config(litestar_app(s.app), host="127.0.0.1", port=s.app.settings.port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    running = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)

    async def run(*words: str) -> tuple[int, str]:
        status = await command.run(s.app.settings, parser().parse_args(["notices", *words]))
        await s.settle()
        out = capsys.readouterr()
        return status, out.out + out.err

    try:
        status, said = await run("draft", "checkout", "errors", "--json")
        name = json.loads(said[said.index("{\n") :])["id"]  # log lines stand before it
        assert status == 0
        assert (await run("draft", "nowhere", "errors"))[0] == 1
        status, said = await run("show", name)
        assert "approvals: 0 of 2" in said
        assert "[ru] Оформление заказов: часть действий не проходит" in said
        assert "checkout" in (await run("list"))[1]
        status, said = await run("publish", name, "--why", "the chat is down")
        assert (status, "result: glass_broken" in said) == (0, True)
        await s.expect(SUPPORT, "DRAFT")
        await s.expect(SUPPORT, "publishes alone. Reason: the chat is down")
        await s.advance(seconds=20)
        await s.expect(CHANNEL)
        status, said = await run("draft", name, "fix-applied")
        assert "We have removed the cause" in said
        assert (await run("publish", name))[0] == 0
        await s.advance(seconds=20)
        await s.expect(CHANNEL, "наблюдаем")
    finally:
        server.should_exit = True
        await running
    assert (await run("list"))[0] == 1


async def test_what_a_far_end_shows_instead_is_said_on_the_card(tmp_path):
    async with Statuspage() as far:
        environ = {"RECEIVER_SECRET_HOOK": "h" * 20, "RECEIVER_SECRET_FAR": "far-key"}
        async with story(tmp_path, rules=town(tmp_path / "rules", notices=rules_text(far)), **environ) as s:
            card = await first_card(s)
            await press(s, card, "Approve", ANNA)
            await press(s, card, "Approve", OLEG)
            await s.advance(seconds=20)
            await s.expect(CHANNEL)
            assert "Statuspage ✓" in card.text
            await s.app.notices.keeper.turn(compares=True)
            await s.settle()
            assert "shows" not in card.text
            far.incidents["far1"]["status"] = "resolved"
            await s.app.notices.keeper.turn(compares=True)
            await s.settle()
            assert "Statuspage shows “resolved”" in card.text
            assert far.incidents["far1"]["status"] == "resolved"


async def test_a_question_nobody_answers_is_taken_away(told):
    s, card = told, await first_card(told)
    await press(s, card, "Edit", OLEG)
    await press(s, card, "Text EN", OLEG)
    question = await s.expect(SUPPORT, "write the new text")
    await s.advance(minutes=14)
    await s.app.notices.keeper.turn(compares=False)
    assert (SUPPORT, question.id) in s.api.messages
    await s.advance(minutes=2)
    await s.app.notices.keeper.turn(compares=False)
    assert (SUPPORT, question.id) not in s.api.messages


async def test_the_command_in_the_chat_lists_and_drafts(told):
    s = told
    await s.api.say(SUPPORT, "/notice", OLEG)
    await s.expect(SUPPORT, "Customers are told nothing now", "checkout, storefront")
    await s.api.say(SUPPORT, "/notice checkout slow", OLEG)
    await s.settle()
    said = [await s.expect(SUPPORT), await s.expect(SUPPORT)]
    assert any("is drafted" in one.text for one in said)
    assert any("slower than usual" in one.text for one in said)
    await s.api.say(SUPPORT, "/notice", OLEG)
    await s.expect(SUPPORT, "draft · Checkout")
    await s.api.say(SUPPORT, "/notice checkout slow", OLEG)
    await s.expect(SUPPORT, "already speaks of this component")
