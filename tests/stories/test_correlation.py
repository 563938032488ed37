"""One broken system, one incident, one page: its symptoms stand inside it, in whatever order they come, and none is silenced for long."""

from datetime import timedelta

import pytest

from receiver.core.decide import decide
from receiver.core.event import Woke
from receiver.core.incident import Incident
from tests.builders import NOW, wire
from tests.harness import ADMINS, ANNA, DEVOPS, SPARE, SVETA, Story, redis_cluster, story

DB, API, SHOP = (
    {"service": "shop-db", "alertname": "ShopDbPoolExhausted"},
    {"service": "shop-api", "alertname": "ShopApiErrorRateHigh"},
    {"service": "internet-shop", "alertname": "InternetShopErrorRateHigh"},
)


async def by_service(s: Story) -> dict[str, Incident]:
    return {one.service or one.route.group_labels["service"]: one for one in await s.incidents()}


async def told(s: Story, *texts: str):
    """The next message in both chats."""
    return await s.expect(DEVOPS, *texts), await s.expect(ADMINS, *texts)


async def test_an_outage_that_comes_in_one_webhook_is_one_page_with_its_symptoms_inside(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(**SHOP), wire(**API), wire(**DB))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=10)
        assert "Затронуто:\n" in page.text
        assert "Shop API" in page.text
        assert "Интернет-магазин" in page.text
        found = await by_service(s)
        assert found["shop-api"].part.cause == found["internet-shop"].part.cause == found["shop-db"].id
        assert set(found["shop-db"].symptoms) == {found["shop-api"].id, found["internet-shop"].id}
        listed = (await s.http.get("/api/v1/incidents", headers=auth(s))).json()
        assert [one["service"] for one in listed] == ["shop-db"]
        assert len((await s.http.get("/api/v1/incidents?parts=true", headers=auth(s))).json()) == 3
        why = await s.http.get(f"/api/v1/incidents/{found['shop-api'].id}", headers=auth(s))
        assert "services.yaml:" in str([line["text"] for line in why.json()["timeline"] if line["reason"] == "joined"])


async def test_symptoms_that_were_paged_are_taken_in_when_their_cause_appears_and_escalate_no_more(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(**API))
        await s.advance(seconds=10)
        page, _ = await told(s, "Shop API")
        await s.api.press(page, "✅", ANNA)
        await s.advance(minutes=1)
        await s.fire(wire(since=NOW + timedelta(minutes=1), **DB))
        await s.advance(seconds=10)
        cause, _ = await told(s, "База магазина")
        await s.advance(seconds=5)
        assert "Часть инцидента" in page.text
        assert "Похоже на причину: База магазина" in page.text
        found = await by_service(s)
        assert f"· {found['shop-api'].id}, в работе: Анна" in cause.text, "who has the symptom is seen where the cause is told"
        assert found["shop-api"].owner == "anna"
        assert found["shop-db"].owner == "", "who took the symptom has not taken the cause"
        await s.advance(hours=3)  # the lease of a part is asked about by nobody
        await s.expect(SPARE, "ЧЕРНОВИК")
        await s.expect_nothing()


async def test_a_symptom_that_outlives_its_cause_rings_for_itself(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(**DB), wire(**API), wire(**SHOP))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=50)
        ended = NOW + timedelta(minutes=1)
        await s.fire(wire(status="resolved", ended=ended, **DB), wire(status="resolved", ended=ended, **SHOP))
        await s.advance(seconds=5)
        await told(s, "🟢", "Было затронуто и это: Shop API")
        await s.advance(seconds=110)
        await s.expect_nothing()
        await s.advance(seconds=10)
        await told(s, "🔴", "Shop API")
        await s.expect(SPARE, "ЧЕРНОВИК")  # customers of the API still see it
        assert page.text.startswith("🟢")
        assert "Было затронуто и это" not in page.text
        await s.fire(wire(status="resolved", ended=ended + timedelta(minutes=3), **API))
        await s.advance(seconds=5)
        await told(s, "🟢")


async def test_split_by_button_is_for_those_who_may_and_lets_every_symptom_ring(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(**DB), wire(**API))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=5)
        assert [one["service"] for one in (await s.http.get("/api/v1/incidents?limit=1", headers=auth(s))).json()] == ["shop-db"], "symptoms take no place"
        assert "нет права" in (await s.api.press(page, "⚙", SVETA))["text"]
        assert set((await by_service(s))["shop-db"].symptoms)
        assert "сам по себе" in (await s.api.press(page, "⚙", ANNA))["text"]
        await s.advance(seconds=1)
        await told(s, "🔴", "Shop API")
        found = await by_service(s)
        assert (found["shop-api"].part, found["shop-db"].symptoms) == (None, {})
        await s.fire(wire("b", **API))
        await s.advance(minutes=2)
        assert (await by_service(s))["shop-api"].part is None, "what people split stays split"


async def test_a_part_is_split_off_by_the_api_and_the_others_stay(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(**DB), wire(**API), wire(**SHOP))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=5)
        part = (await by_service(s))["shop-api"].id
        answer = await s.http.post(f"/api/v1/incidents/{part}/split", json={"by": "cli:root"}, headers=auth(s))
        assert (answer.json()["reason"], answer.json()["part_of"]) == ("split", None)
        await s.advance(seconds=1)
        await told(s, "🔴", "Shop API")
        await s.advance(seconds=5)
        assert "Shop API" not in page.text
        assert "Интернет-магазин" in page.text


@pytest.mark.parametrize("by", ["resolve", "silence"])
async def test_a_cause_that_nobody_hears_of_any_more_silences_no_symptom(tmp_path, by):
    async with story(tmp_path) as s:
        await s.fire(wire(**DB), wire(**API))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=5)
        if by == "resolve":
            await s.api.press(page, "🟢", ANNA)
            await s.advance(seconds=1)
            await told(s, "🟢")
        else:
            await silence(s, (await by_service(s))["shop-db"])
            await s.advance(seconds=1)
        await told(s, "🔴", "Shop API")


async def silence(s: Story, cause: Incident) -> None:
    """What the reconciler reports when Alertmanager holds the cause back."""
    from receiver.core.condition import Condition, ConditionKind
    from receiver.core.event import Reported

    await s.app.engine.apply(cause.id, Reported(conditions={one: Condition(kind=ConditionKind.SILENCED, by="boris") for one in cause.alerts}))


async def test_what_a_replica_left_when_it_died_between_the_two_incidents_is_made_up_for(tmp_path):
    """The symptom is committed as a part, and its replica dies before the cause hears of it."""
    async with story(tmp_path) as s:
        await s.fire(wire(**DB))
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        s.waker.cancel()
        await s.fire(wire(since=NOW + timedelta(seconds=10), **API))
        s.clock.advance(seconds=10)
        found = await by_service(s)
        symptom, cause = found["shop-api"], found["shop-db"]
        plan = decide(symptom, Woke(around={cause.id: cause}), s.app.rules.current, s.clock.now())
        assert await s.app.incidents.commit(plan, s.clock.now(), is_woken=True) > 0
        s.restart_waker()
        await s.settle()
        assert (await by_service(s))["shop-db"].symptoms == {}
        await s.advance(seconds=5)
        assert list((await by_service(s))["shop-db"].symptoms) == [symptom.id]
        await s.advance(seconds=3)
        assert "Shop API" in page.text


async def test_two_replicas_make_one_page_of_an_outage_that_comes_to_both(tmp_path):
    async with story(tmp_path, replicas=2) as s:
        await s.fire(wire(**API))
        await s.fire(wire(**SHOP), replica=1)
        await s.advance(seconds=2)
        await s.fire(wire(**DB), replica=1)
        await s.fire(wire(**DB))
        await s.advance(seconds=8)
        await s.advance(seconds=10)
        page, _ = await told(s, "База магазина")
        await s.advance(seconds=5)
        assert "Shop API" in page.text
        assert "Интернет-магазин" in page.text


async def test_on_a_cluster_cause_and_symptoms_lie_apart_and_are_one_incident(tmp_path):
    with redis_cluster(tmp_path) as (url, _):
        async with story(tmp_path / "s", on=url, replicas=2) as s:
            await s.fire(wire(**API), wire(**SHOP))
            await s.advance(seconds=3)
            await s.fire(wire(**DB), replica=1)
            await s.advance(seconds=7)
            await s.advance(seconds=10)
            page, _ = await told(s, "База магазина")
            await s.advance(seconds=5)
            assert "Shop API" in page.text
            found = await by_service(s)
            assert len({s.app.partitions.of_incident(one.id) for one in found.values()}) > 1
            await s.fire(*(wire(status="resolved", ended=NOW + timedelta(minutes=1), **one) for one in (DB, API, SHOP)))
            await s.advance(seconds=5)
            await told(s, "🟢")
            assert page.text.startswith("🟢")


async def test_what_is_told_by_a_quiet_database_alone_becomes_a_page_when_its_symptom_is_critical(tmp_path):
    async with story(tmp_path, start=NOW + timedelta(hours=6)) as s:
        since = NOW + timedelta(hours=6)
        await s.fire(wire(since=since, severity="warning", **DB))
        await s.advance(seconds=10)
        first = await s.expect(ADMINS, "🟠", "База магазина")
        await s.fire(wire(since=since, **API))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴", "База магазина")
        await s.expect(ADMINS, "⬆")
        await s.advance(seconds=5)
        assert first.text.startswith("🔴")


def auth(s: Story) -> dict[str, str]:
    return {"Authorization": f"Bearer {s.app.api_token}"}


FILLS = {"service": "mes-db", "alertname": "MesDbDiskFilling", "signal": "saturation", "environment": "prod"}


async def test_a_warning_that_gets_critical_is_one_incident_with_it_and_only_the_critical_calls(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(severity="warning", **FILLS))
        await s.advance(seconds=10)
        warned, _ = await told(s, "База MES")
        await s.advance(minutes=10)
        await s.fire(wire(since=NOW + timedelta(minutes=10), severity="critical", **FILLS))
        await s.advance(seconds=10)
        page, _ = await told(s, "База MES")
        await s.advance(seconds=10)
        assert "Часть инцидента INC-2 той же системы" in warned.text
        assert "Ещё на этой системе" in page.text
        (listed,) = (await s.http.get("/api/v1/incidents", headers=auth(s))).json()
        assert (listed["id"], [one["id"] for one in listed["symptoms"]], listed["affected"]) == ("INC-2", ["INC-1"], [])
        await s.api.press(page, "✅", ANNA)
        await s.advance(minutes=5)
        await s.expect(SPARE, "ЧЕРНОВИК")
        await s.expect_nothing()


async def test_a_warning_that_follows_a_critical_of_its_system_joins_silently_until_it_is_split(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire(severity="critical", **FILLS))
        await s.advance(seconds=10)
        page, _ = await told(s, "База MES")
        await s.api.press(page, "✅", ANNA)
        await s.advance(minutes=10)
        await s.fire(wire(since=NOW + timedelta(minutes=10), severity="warning", **FILLS | {"alertname": "MesDbDiskIoHigh"}))
        await s.advance(seconds=20)
        await s.expect(SPARE, "ЧЕРНОВИК")
        await s.expect_nothing()
        assert "Ещё на этой системе" in page.text
        found = {one.id: one for one in await s.incidents()}
        assert found["INC-2"].part.cause == "INC-1"
        assert (await s.http.post("/api/v1/incidents/INC-2/split", json={"by": "cli:root"}, headers=auth(s))).status_code == 200
        await s.advance(seconds=10)
        await told(s, "База MES")
