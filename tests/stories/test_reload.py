"""Rules change while the service runs: not one webhook waits or is refused, what is wrong is told with its line, and good again ends it."""

import asyncio
import contextlib
import hashlib
import hmac
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from receiver.app.build import build
from receiver.app.run import end
from receiver.rules.origin import RulesRefusedError
from receiver.workers.ruleskeeper import first
from tests.builders import NOW, body, rules_of_chats, wire
from tests.harness import ADMINS, ANNA, DEVOPS, ROOT, Story, story
from tests.rules.mutate import mutations

JSON = {"content-type": "application/json"}
API = {"authorization": "Bearer api-token-1"}


@pytest.fixture
def rules(tmp_path):
    return rules_of_chats(tmp_path / "rules")


def change(rules: Path, old: str, new: str, name: str = "routes.yaml") -> None:
    text = (rules / name).read_text()
    assert old in text
    (rules / name).write_text(text.replace(old, new))


async def looks(s: Story, is_done: Callable[[], bool]) -> None:
    """Two seconds after two seconds, until the service has seen it."""
    for _ in range(50):
        if is_done():
            return
        s.clock.advance(seconds=2)
        await asyncio.sleep(0.05)
    raise AssertionError("never seen")


@contextlib.asynccontextmanager
async def webhooks(s: Story) -> AsyncIterator[list[int]]:
    """A steady stream of them; the answers' codes."""
    codes: list[int] = []

    async def send() -> None:
        while True:
            codes.append((await s.replicas[0].post("/webhooks/alertmanager", content=body(wire()), headers=JSON)).status_code)
            await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(send())
    try:
        yield codes
    finally:
        await end([task])


async def metric(s: Story, name: str, **labels: str) -> float:
    text = (await s.http.get("/metrics")).text
    found = [x for f in text_string_to_metric_families(text) for x in f.samples if x.name == name and labels.items() <= x.labels.items()]
    assert len(found) == 1, (name, found)
    return found[0].value


async def test_a_bad_file_is_told_with_its_line_while_webhooks_flow_and_good_again_ends_it(tmp_path, rules):
    async with story(tmp_path, rules=rules) as s:
        keeper, before = s.app.keeper, s.app.rules.current
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        await s.expect(ADMINS)
        async with webhooks(s) as codes:
            await s.api.until(lambda: len(codes) > 5)
            change(rules, "group_wait: 10s", "group_wait: soon")
            await looks(s, lambda: bool(keeper.faults))
            at = len(codes)
            await s.advance(seconds=10)
            told = await s.expect(ADMINS, "routes.yaml:7:15", before.version)
            assert told.text.startswith("🟠")
            assert "incident-receiver" in told.text
            change(rules, "group_wait: soon", "group_wait: 11s")
            await looks(s, lambda: not keeper.faults)
            assert s.app.rules.current.root.group_wait == timedelta(seconds=11)
            assert len(codes) > at
        assert set(codes) == {202}
        await s.advance(seconds=5)
        await s.api.until(lambda: told.text.startswith("🟢"))


async def test_an_old_rule_book_stays_whole_and_metrics_say_so(tmp_path, rules):
    async with story(tmp_path, rules=rules, RECEIVER_API_TOKEN="api-token-1") as s:
        before = s.app.rules.current
        assert await metric(s, "receiver_rules_last_reload_successful") == 1
        change(rules, "fallback: [admin-chat]", "fallback: [nowhere]", "destinations.yaml")
        answer = await s.http.post("/api/v1/rules/reload", headers=API)
        assert answer.status_code == 422
        assert answer.json()["version"] == before.version
        assert answer.json()["changed"] is False
        assert answer.json()["faults"][0].startswith("destinations.yaml:9:12: ")
        assert s.app.rules.current is before
        assert await metric(s, "receiver_rules_last_reload_successful") == 0
        assert await metric(s, "receiver_rules_info", version=before.version) == 1
        assert (await s.http.get("/readyz")).json() == {"ready": True, "faults": [], "degraded": [f"rules: {answer.json()['faults'][0]}"]}
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "destinations.yaml:9:12")

        change(rules, "fallback: [nowhere]", "fallback: [devops]", "destinations.yaml")
        answer = await s.http.post("/api/v1/rules/reload", headers=API)
        assert answer.status_code == 200
        assert answer.json() == {"version": s.app.rules.current.version, "commit": "", "changed": True, "faults": []}
        assert s.app.rules.current.fallback == ("devops",)
        assert await metric(s, "receiver_rules_last_reload_successful") == 1
        assert await metric(s, "receiver_rules_last_reload_success_timestamp_seconds") == s.clock.now().timestamp()
        assert await metric(s, "receiver_rules_info") == 1
        again = (await s.http.post("/api/v1/rules/reload", headers=API)).json()
        assert again["changed"] is False
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")


async def test_a_new_catalogue_and_new_templates_show_in_the_next_message(tmp_path, rules):
    templates = Path(shutil.copytree(ROOT / "message_templates", tmp_path / "templates", ignore=shutil.ignore_patterns("examples")))
    async with story(tmp_path, rules=rules, RECEIVER_TEMPLATES_DIR=str(templates)) as s:
        version = s.app.templates.current.version
        change(rules, "{ru: Shop API, en: Shop API}", "{ru: Витрина, en: Shop window}", "services.yaml")
        (templates / "incident.ru.html.j2").write_text((templates / "incident.ru.html.j2").read_text() + "\nиз новых шаблонов")
        await looks(s, lambda: s.app.templates.current.version != version)
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(ADMINS, "Витрина", "из новых шаблонов")
        await s.expect(DEVOPS, "Витрина")
        (templates / "incident.ru.html.j2").write_text("{% if %}")
        await looks(s, lambda: bool(s.app.keeper.faults))
        while len(await s.incidents()) < 2:  # it is told after it is known
            await asyncio.sleep(0.05)
        await s.advance(seconds=10)
        await s.expect(ADMINS, "incident.ru.html.j2:1", "из новых шаблонов")


async def test_a_destination_taken_out_of_the_rules_still_hears_the_end_of_its_incident(tmp_path, rules):
    async with story(tmp_path, rules=rules, RECEIVER_API_TOKEN="api-token-1") as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        paged, told = await s.expect(DEVOPS), await s.expect(ADMINS)
        text = (rules / "destinations.yaml").read_text()
        (rules / "destinations.yaml").write_text("".join(line for line in text.splitlines(keepends=True) if "devops" not in line))
        text = (rules / "routes.yaml").read_text()
        (rules / "routes.yaml").write_text(text.replace("[devops, admin-chat]", "[admin-chat]").replace("[admin-chat, devops]", "[admin-chat]"))
        answer = await s.http.post("/api/v1/rules/reload", headers=API)
        assert answer.status_code == 200, answer.text
        assert "devops" not in s.app.rules.current.destinations
        await s.api.press(told, "✅", ANNA)
        await s.advance(seconds=5)
        assert paged.text.startswith("🟡")
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        assert paged.text.startswith("🟢")
        await s.expect(DEVOPS, "🟢")
        await s.expect(ADMINS, "🟢")
        await s.advance(minutes=31)
        await s.fire(wire("b", since=s.clock.now()))
        await s.advance(seconds=10)
        await s.expect(ADMINS)


async def test_two_replicas_that_run_different_rules_are_told_once_and_their_agreement_too(tmp_path, rules):
    other = Path(shutil.copytree(rules, tmp_path / "other", ignore=shutil.ignore_patterns("examples")))
    change(other, "reopen_within: 30m", "reopen_within: 31m")
    async with story(tmp_path, replicas=2, rules=[rules, other], RECEIVER_API_TOKEN="api-token-1") as s:
        versions = [app.rules.current.version for app in s.apps]
        for _ in range(1200):  # the other says so in its own time
            shown = (await s.http.get("/api/v1/rules", headers=API)).json()
            if len(shown["replicas"]) == 2:
                break
            await asyncio.sleep(0.05)
        assert shown["version"] == versions[0]
        assert shown["from"] == f"directory {rules}"
        assert sorted(r["version"] for r in shown["replicas"]) == sorted(versions)
        for _ in range(6):
            await s.advance(seconds=10)
        assert await metric(s, "receiver_rules_disagreement") == 1
        await s.expect_nothing()
        for _ in range(4):
            await s.advance(seconds=10)
        told = await s.expect(ADMINS, versions[0], versions[1])
        change(rules, "reopen_within: 30m", "reopen_within: 31m")
        await looks(s, lambda: s.app.rules.current.version == versions[1])
        await s.advance(seconds=10)
        assert await metric(s, "receiver_rules_disagreement") == 0
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")


async def test_only_who_knows_the_secret_may_push(tmp_path, rules):
    async with story(tmp_path, rules=rules, RECEIVER_API_TOKEN="api-token-1", RECEIVER_SECRET_RULES_PUSH="push-secret") as s:
        before = s.app.rules.current
        change(rules, "group_wait: 10s", "group_wait: 12s")
        signed = "sha256=" + hmac.new(b"push-secret", b'{"ref": 1}', hashlib.sha256).hexdigest()
        refused = [{}, {"authorization": "Bearer push-secret"}, {"x-gitlab-token": "api-token-1"}, {"x-hub-signature-256": signed[:-1] + "x"}]
        for headers in [*refused, {"x-hub-signature-256": "sha256=é".encode()}]:
            assert (await s.http.post("/api/v1/rules/push", content=b'{"ref": 1}', headers=headers)).status_code == 401
        assert (await s.http.post("/api/v1/rules/push", content=b'{"ref": 2}', headers={"x-hub-signature-256": signed})).status_code == 401
        for path in ("/api/v1/rules", "/api/v1/rules/reload"):
            assert (await s.http.request("POST" if "reload" in path else "GET", path, headers={"x-gitlab-token": "push-secret"})).status_code == 401
        await asyncio.sleep(0.1)
        assert s.app.rules.current is before
        for n, headers in enumerate([API, {"x-gitlab-token": "push-secret"}, {"x-hub-signature-256": signed}]):
            change(rules, f"group_wait: 1{n + 2}s", f"group_wait: 1{n + 3}s")
            assert (await s.http.post("/api/v1/rules/push", content=b'{"ref": 1}', headers=headers)).status_code == 202
            await s.api.until(lambda n=n: s.app.rules.current.root.group_wait == timedelta(seconds=13 + n))


async def test_examples_that_fail_keep_the_old_rules(tmp_path, rules):
    async with story(tmp_path, rules=rules) as s:
        refusing = build(s.app.settings, "unix:///nowhere", s.clock)
        refusing.keeper._prove = lambda path, reading, _: [f"examples/a.yaml:4:1: {path.name} sends {len(reading.book.destinations)} too many"]
        outcome = await refusing.keeper.reload()
        assert outcome.faults == ("examples/a.yaml:4:1: rules sends 3 too many",)
        with pytest.raises(RulesRefusedError):
            await first(refusing.keeper._origin, tmp_path / "empty", refusing.keeper._prove)
        await refusing.client.aclose()
        await refusing.channels["telegram"].close()


async def test_a_process_that_starts_with_good_rules_ends_what_an_earlier_one_said_against_them(tmp_path, rules):
    async with story(tmp_path, rules=rules, RECEIVER_API_TOKEN="api-token-1") as s:
        change(rules, "group_wait: 10s", "group_wait: soon")
        assert (await s.http.post("/api/v1/rules/reload", headers=API)).status_code == 422
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "routes.yaml:7:15")
        change(rules, "group_wait: soon", "group_wait: 10s")
        again = build(s.app.settings, s.app.settings.redis_url or "", s.clock)
        task = asyncio.get_running_loop().create_task(again.keeper.run())
        await looks(s, lambda: again.keeper._saying is None)
        await s.advance(seconds=5)
        await s.api.until(lambda: told.text.startswith("🟢"))
        await end([task])
        await again.client.aclose()
        await again.channels["telegram"].close()


async def test_whatever_is_wrong_with_new_rules_the_last_good_ones_stay_and_webhooks_are_taken(tmp_path, rules):
    good = {path: path.read_bytes() for path in rules.rglob("*") if path.is_file()}
    async with story(tmp_path, rules=rules, RECEIVER_API_TOKEN="api-token-1") as s:
        refused = 0
        for damaged in mutations(20261124, 40):
            for name, content in damaged.items():
                (rules / name).parent.mkdir(exist_ok=True)
                (rules / name).write_bytes(content)
            before = s.app.rules.current
            answer = await s.http.post("/api/v1/rules/reload", headers=API)
            assert answer.status_code in (200, 422)
            if answer.status_code == 422:
                refused += 1
                assert answer.json()["faults"]
                assert s.app.rules.current is before
            assert (await s.post(body(wire()))).status_code == 202
            for path in {p for p in rules.rglob("*") if p.is_file()} - set(good):
                path.unlink()
            for path, content in good.items():
                path.write_bytes(content)
            assert (await s.http.post("/api/v1/rules/reload", headers=API)).status_code == 200
        assert refused >= 20
        await s.advance(seconds=30)
        s._seen.update(range(len(s.api.sends())))  # what was told of each refusal has its own stories
