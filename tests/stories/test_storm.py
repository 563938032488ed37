"""Many incidents at once are one message: who is rung, what the digest says, what its buttons do, and when it is over."""

from datetime import timedelta

import pytest

from tests.builders import NOW, wire
from tests.harness import ADMINS, ANNA, Story
from tests.stories.paging import FILES, TO_ANNA, TO_BORIS, paging

QUICK = FILES["routes"].replace("group_wait: 10s", "group_wait: 10s") + "noise: {storm: {incidents: 5, within: 2m}}\n"
SYSTEMS = ("shop-api", "shop-db", "crm-api", "mes-api", "mes-db", "message-queue", "mes", "internet-shop")


def storming(tmp_path, **more):
    return paging(tmp_path, files={"routes": QUICK}, **more)


async def burst(s: Story, count: int = 8, **labels: str) -> None:
    """So many systems break in one webhook; most of them in one zone."""
    await s.fire(*(wire(f"i{n}", service=f"{SYSTEMS[n % 8]}{n // 8 or ''}", **{"zone": "a" if n else "b", **labels}) for n in range(count)))


async def ended(s: Story, count: int = 8) -> None:
    at = s.clock.now()
    await s.fire(*(wire(f"i{n}", service=f"{SYSTEMS[n % 8]}{n // 8 or ''}", status="resolved", ended=at, zone="a" if n else "b") for n in range(count)))
    await s.advance(seconds=5)


async def storms(s: Story) -> list:
    return [one for one in await s.incidents() if one.is_storm]


async def members(s: Story) -> list:
    return [one for one in await s.incidents() if not one.is_storm]


@pytest.mark.parametrize("replicas", [1, 2])
async def test_many_incidents_at_once_are_one_message_and_one_ring(tmp_path, replicas):
    async with storming(tmp_path, replicas=replicas) as s:
        await burst(s)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        page = await s.expect(TO_ANNA, "🔴 8 incidents in 1 min — probably one cause", 'Common to 7 of them: zone="a" · first: ')
        told = await s.expect(ADMINS, "Critical 8 · warning 0 · on call: Anna (acknowledged 0)")
        assert [label[:1] for label in told.labels()] == ["✅", "📋", "⚙", "⤴", "❔"]
        assert not page.silent
        (storm,) = await storms(s)
        assert {one.digest for one in await members(s)} == {storm.id}
        assert [entry.reason for entry in await s.app.incidents.timeline((await members(s))[0].id)] == ["storm"]
        await ended(s)
        await s.expect(TO_ANNA, "🟢 8 incidents: back to normal", "All 8 incidents are over")
        await s.expect(ADMINS, "🟢")


async def test_acknowledge_all_takes_every_incident_and_stops_the_ringing(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        page, told = await s.expect(TO_ANNA), await s.expect(ADMINS)
        answer = await s.api.press(page, "✅", ANNA)
        assert "with all 8 incidents" in answer["text"]
        await s.advance(seconds=5)
        await s.advance(seconds=5)
        assert {one.state for one in await members(s)} == {"acknowledged"}
        assert {one.owner for one in await members(s)} == {"anna"}
        assert "(acknowledged 8)" in told.text
        assert "Taken by Anna" in told.text
        await s.advance(minutes=30)
        await ended(s)
        await s.expect(TO_ANNA, "🟢")
        await s.expect(ADMINS, "🟢")


async def test_nobody_takes_the_storm_and_the_next_one_is_rung_once(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA)
        await s.expect(ADMINS)
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "теперь ваша очередь", "8 инцидентов за 1 мин — похоже, одна причина")


async def test_the_digest_grows_with_the_storm_and_later_incidents_are_told_by_themselves(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s, 6)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA, "6 incidents")
        told = await s.expect(ADMINS)
        await s.advance(seconds=40)
        await burst(s, 8)
        await s.advance(seconds=15)
        assert "8 incidents in 1 min" in told.text
        await s.expect_nothing()
        await s.advance(minutes=4)
        await s.fire(wire(service="billing", severity="warning"))
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(ADMINS, "🟠", "billing")
        await s.expect(TO_BORIS, "8 инцидентов")


async def test_split_tells_each_by_itself_and_so_are_those_that_still_come(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s, 5)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        page, told = await s.expect(TO_ANNA), await s.expect(ADMINS)
        await s.api.press(page, "⚙", ANNA)
        await s.advance(seconds=5)
        assert told.text.startswith("⚪ 5 incidents in 1 min: split by Anna")
        for _ in range(5):
            await s.expect(TO_ANNA, "🔴")
            await s.expect(ADMINS, "🔴")
        await s.fire(wire(service="billing"))
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA, "billing")
        await s.expect(ADMINS, "billing")


async def test_list_shows_the_incidents_and_each_can_be_asked_and_taken(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s, 5)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA)
        told = await s.expect(ADMINS)
        (storm,) = await storms(s)
        await s.api.press(told, "📋", ANNA)
        await s.expect(ADMINS, f"{storm.id}: 5 incidents, 5 not taken", "Shop DB")
        one = (await members(s))[0]
        answer = await s.http.post(f"/api/v1/incidents/{one.id}/ack", json={"by": "anna"}, headers={"authorization": f"Bearer {s.app.api_token}"})
        assert answer.status_code == 200, answer.text
        await s.advance(seconds=5)
        assert "(acknowledged 1)" in told.text
        why = await s.http.get(f"/api/v1/incidents/{one.id}/why", headers={"authorization": f"Bearer {s.app.api_token}"})
        assert why.json()["digest"] == storm.id


async def test_those_told_just_before_are_part_of_the_storm_and_ring_no_more(tmp_path):
    async with storming(tmp_path) as s:
        for n in range(4):
            await s.fire(wire(service=SYSTEMS[n]))
            await s.advance(seconds=13)
            await s.expect(TO_ANNA, "🔴")
            await s.expect(ADMINS, "🔴")
        await s.fire(wire(service=SYSTEMS[4]))
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        page = await s.expect(TO_ANNA, "5 incidents in 1 min")
        await s.expect(ADMINS, "5 incidents in 1 min")
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "теперь ваша очередь")
        await s.api.press(page, "✅", ANNA)
        await s.advance(seconds=5)
        assert {one.state for one in await members(s)} == {"acknowledged"}


async def test_those_told_just_before_are_part_of_it_however_many_come_at_once(tmp_path):
    async with storming(tmp_path) as s:
        for n in range(3):
            await s.fire(wire(service=SYSTEMS[n]))
            await s.advance(seconds=13)
            await s.expect(TO_ANNA, "🔴")
            await s.expect(ADMINS, "🔴")
        await s.fire(*(wire(f"m{n}", service=f"more{n}") for n in range(60)))
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA, "63 incidents in 1 min")
        await s.expect(ADMINS, "63 incidents in 1 min")
        assert {bool(one.digest) for one in await members(s)} == {True}


async def test_a_critical_one_makes_a_storm_of_warnings_ring(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s, 5, severity="warning")
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        told = await s.expect(ADMINS, "🟠 5 incidents")
        await s.fire(wire(service="billing"))
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(ADMINS, "⬆ 6 incidents: got worse, now critical")
        await s.expect(TO_ANNA, "🔴 6 incidents")
        assert told.text.startswith("🔴")


async def test_what_fires_again_after_the_storm_is_told_by_itself(tmp_path):
    async with storming(tmp_path) as s:
        await burst(s, 5)
        await s.advance(seconds=10)
        await s.advance(seconds=2)
        await s.expect(TO_ANNA)
        await s.expect(ADMINS)
        await ended(s, 5)
        await s.expect(TO_ANNA, "🟢")
        await s.expect(ADMINS, "🟢")
        await s.advance(minutes=10)
        await s.fire(wire("i0", service=SYSTEMS[0], zone="b", since=NOW + timedelta(minutes=10)))
        await s.advance(seconds=1)
        await s.expect(TO_ANNA, "🔴")
        await s.expect(ADMINS, "🔴")
