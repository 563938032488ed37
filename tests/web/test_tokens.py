"""Programs' tokens: each for what it needs, digests only, an end, and never in place of a second person; guessing is slow."""

import asyncio
import contextlib
import hashlib
import hmac

import pytest
import uvicorn

from receiver.app.http import litestar_app
from receiver.cli import tokens
from receiver.cli.main import parser
from receiver.core.token import Scope
from receiver.web.tokens import needed
from tests.builders import body, wire
from tests.harness import free_port, story
from tests.notices.test_story import ADMINS, first_card
from tests.notices.town import CHANNEL, town


@contextlib.asynccontextmanager
async def serving(s):
    """The API on a port of this machine."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(litestar_app(s.app), host="127.0.0.1", port=port, lifespan="off", log_config=None))
    server.install_signal_handlers = lambda: None
    running = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield port
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def told(tmp_path):
    async with story(tmp_path, rules=town(tmp_path / "rules")) as found:
        yield found
        for at, _ in found._news(ADMINS):
            found._seen.add(at)


async def call(s, method, path, token="", **more):
    return await s.http.request(method, f"/api/v1/{path}", headers={"authorization": f"Bearer {token or s.app.api_token}"}, **more)


async def make(s, *scopes, name="ci", days=90):
    answer = await call(s, "POST", "tokens/", json={"name": name, "scopes": list(scopes), "days": days})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def test_a_token_does_what_it_is_for_and_nothing_else(told):
    s = told
    await s.fire(wire())
    await s.advance(seconds=11)
    reader = await make(s, "read")
    assert (await call(s, "GET", "incidents", reader)).status_code == 200
    refused = await call(s, "POST", "incidents/INC-1/ack", reader, json={})
    assert (refused.status_code, "incident:act" in refused.text) == (403, True)
    for path in ("tokens/", "people", "audit"):
        assert (await call(s, "GET", path, reader)).status_code == 403, path
    actor = await make(s, "incident:act", name="acts")
    assert (await call(s, "POST", "incidents/INC-1/ack", actor, json={"by": "cli:root"})).status_code == 200
    assert (await call(s, "GET", "incidents", actor)).status_code == 403
    deeds = (await call(s, "GET", "audit")).json()
    assert ("token:acts", "ack") in [(d["actor"], d["verb"]) for d in deeds], "whatever name it gives itself"


async def test_a_token_ends_by_time_and_by_hand_and_shows_when_it_was_used(told):
    s = told
    token = await make(s, "read", days=1)
    (shown,) = (await call(s, "GET", "tokens/")).json()
    assert (shown["name"], shown["scopes"], shown["last_used_at"]) == ("ci", ["read"], None)
    assert token not in str(shown)
    assert (await call(s, "GET", "incidents", token)).status_code == 200
    (shown,) = (await call(s, "GET", "tokens/")).json()
    assert shown["last_used_at"] is not None
    s.clock.advance(hours=25)
    assert (await call(s, "GET", "incidents", token)).status_code == 401
    again = await make(s, "read")
    assert (await call(s, "POST", "tokens/ci/revoke", json={})).status_code == 200
    assert (await call(s, "GET", "incidents", again)).status_code == 401
    assert (await call(s, "POST", "tokens/ci/revoke", json={})).status_code == 404


async def test_only_a_digest_is_kept(told):
    token = await make(told, "read")
    secret = token.rpartition("_")[2]
    for key in await told.app.client.keys("*"):
        assert secret.encode() not in await told.app.client.dump(key), key


@pytest.mark.parametrize("text", ["rcv_", "rcv_x", "rcv_00000000_", "rcv_00000000_" + "a" * 43, "rcv__", "RCV_a_b", ""])
async def test_what_is_no_token_lets_nobody_in(told, text):
    assert (await told.http.get("/api/v1/incidents", headers={"authorization": f"Bearer {text}"})).status_code == 401


async def test_drafting_agreeing_and_publishing_are_apart_and_no_token_completes_a_pair(told):
    s = told
    await first_card(s)
    (notice,) = (await call(s, "GET", "notices/")).json()
    path = f"notices/{notice['id']}"
    revision = (await call(s, "GET", path)).json()["revision"]
    drafts, agrees, second = (
        await make(s, "notice:draft", name="d"),
        await make(s, "notice:approve", name="a"),
        await make(s, "notice:approve", "notice:publish", name="b"),
    )
    assert (await call(s, "POST", f"{path}/approve", drafts, json={"revision": revision})).status_code == 403
    assert (await call(s, "POST", f"{path}/glass", agrees, json={"revision": revision, "why": "x"})).status_code == 403
    assert (await call(s, "POST", f"{path}/glass", second, json={"revision": revision, "why": "x"})).json()["reason"] == "needs_role"
    first = await call(s, "POST", f"{path}/approve", agrees, json={"revision": revision, "by": "cli:root"})
    assert first.json()["reason"] == "approved"
    again = await call(s, "POST", f"{path}/approve", second, json={"revision": revision, "by": "cli:root"})
    assert again.json()["reason"] == "needs_person", "not even under the name of the command line"


async def test_who_may_only_agree_sets_nothing_going(told):
    s = told
    made = await call(s, "POST", "notices/", json={"by": "x", "components": ["checkout"], "text": "slow", "impact": "degraded_performance"})
    path = f"notices/{made.json()['id']}"
    revision = (await call(s, "GET", path)).json()["revision"]
    agrees, goes = await make(s, "notice:approve", name="a"), await make(s, "notice:approve", "notice:publish", name="b")
    assert (await call(s, "POST", f"{path}/approve", agrees, json={"revision": revision})).json()["reason"] == "needs_person"
    assert (await call(s, "POST", f"{path}/approve", goes, json={"revision": revision})).json()["reason"] == "approved_enough"
    await s.advance(seconds=20)
    await s.expect(CHANNEL)
    for at, _ in s._news():
        s._seen.add(at)


async def test_guessing_is_stopped_for_a_minute(told):
    s = told
    for _ in range(30):
        assert (await call(s, "GET", "incidents", "wrong")).status_code == 401
    answer = await call(s, "GET", "incidents", "wrong")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert (await s.http.get("/chat/login?token=x")).status_code == 429
    s.clock.advance(minutes=1)
    assert (await call(s, "GET", "incidents", "wrong")).status_code == 401


async def test_what_is_right_is_let_in_while_a_neighbour_guesses(tmp_path):
    async with story(tmp_path, rules=town(tmp_path / "rules"), RECEIVER_WEBHOOK_TOKEN="hook", RECEIVER_SECRET_RULES_PUSH="pushed") as s:
        reader = await make(s, "read")
        for _ in range(40):
            await call(s, "GET", "incidents", "wrong")
            assert (await s.post(body(wire()), authorization="Bearer wrong")).status_code == 401
        assert (await call(s, "GET", "incidents", "rcv_wrong")).status_code == 429
        assert (await call(s, "GET", "incidents")).status_code == 200
        assert (await call(s, "GET", "incidents", reader)).status_code == 200
        assert (await s.http.get(f"/chat/login?token={s.app.login.new()}", follow_redirects=False)).status_code == 302
        signed = hmac.new(b"pushed", b"{}", hashlib.sha256).hexdigest()
        pushed = [(await s.post(b"{}", "/api/v1/rules/push", x_hub_signature_256=f"sha256={tag}")).status_code for tag in (signed, "0" * 64)]
        assert (pushed[0] < 300, pushed[1]) == (True, 429)
        assert (await s.post(body(wire(service="crm-api")), authorization="Bearer hook")).status_code == 202
        assert (await call(s, "GET", "incidents", "wrong")).status_code == 429
        s._seen.update(range(len(s.api.sends())))


def test_everything_that_can_be_posted_needs_a_scope_or_the_one_token():
    asked = {("POST", f"/api/v1/notices/N1/{verb}"): scope for verb, scope in [("propose", Scope.NOTICE_DRAFT), ("edit", Scope.NOTICE_DRAFT), ("approve", Scope.NOTICE_APPROVE), ("tick", Scope.NOTICE_APPROVE), ("glass", Scope.NOTICE_PUBLISH), ("retract", Scope.NOTICE_PUBLISH), ("stop", Scope.NOTICE_PUBLISH), ("judge", Scope.NOTICE_PUBLISH), ("unheard-of", None)]}  # fmt: skip
    asked |= {("POST", "/api/v1/notices/"): Scope.NOTICE_DRAFT, ("POST", "/api/v1/rules/reload"): None, ("POST", "/api/v1/deadletters/1/retry"): None, ("POST", "/api/v1/tokens/"): None, ("GET", "/api/v1/tokens/"): None, ("DELETE", "/api/v1/incidents"): None, ("POST", "/api/v1/bounces"): Scope.BOUNCE}  # fmt: skip
    assert {question: needed(*question) for question in asked} == asked


async def test_the_command_line_makes_lists_and_ends_them(told, capsys):
    async with serving(told) as port:
        here = told.app.settings.model_copy(update={"port": port})
        for words, code, said in [
            (["create", "ci", "--scope", "notice:draft", "--scope", "read"], 0, "rcv_"),
            (["list"], 0, "notice:draft,read"),
            (["revoke", "ci"], 0, "ci: revoked"),
            (["revoke", "ci"], 1, "no token ci"),
        ]:
            assert await tokens.run(here, parser().parse_args(["tokens", *words])) == code
            out = capsys.readouterr()
            assert said in out.out + out.err
