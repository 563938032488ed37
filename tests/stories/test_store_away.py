"""The store is away: bodies go to disk, pages go out without it, and what was spooled is taken in when it is back, told once."""

from datetime import timedelta
from pathlib import Path

from receiver.store.spool import Spool, Spooled
from receiver.workers.respool import Respool
from tests.builders import NOW, body, rules_files, wire
from tests.harness import DEVOPS, SPARE, Story, story


async def away(s: Story) -> None:
    """Writes are refused, as by a store whose disk is full or that lost its replicas; readiness says so."""
    await s.app.client.config_set("min-replicas-to-write", 1)
    s.app.ready.faults = ("store: NOREPLICAS",)
    await s.app.watches.respool.look()


async def back(s: Story) -> None:
    await s.app.client.config_set("min-replicas-to-write", 0)
    s.app.ready.faults = ()
    await s.app.watches.respool.look()
    await s.settle()


async def test_what_was_answered_503_is_on_disk_and_taken_in_when_the_store_is_back(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await away(s)
        for _ in range(3):  # Alertmanager tries again and again
            assert (await s.post(body(wire("a")))).status_code == 503
        assert (await s.post(body(wire("b", service="shop-db")))).status_code == 503
        assert (await s.post(body(wire("b", "resolved", service="shop-db", ended=NOW)))).status_code == 503
        assert s.app.watches.spool.count == 3
        s.clock.advance(seconds=30)
        await back(s)
        assert s.app.watches.spool.count == 0
        assert (await s.post(body(wire("a")))).status_code == 202  # after so short an outage Alertmanager itself says what is true now
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴 Shop API")
        await s.expect_nothing()  # what fired and ended meanwhile pages nobody; half a minute is not worth a notice


async def test_after_a_short_outage_nothing_old_is_told_behind_its_end(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await away(s)
        assert (await s.post(body(wire("a")))).status_code == 503
        s.clock.advance(seconds=30)
        await s.app.client.config_set("min-replicas-to-write", 0)
        s.app.ready.faults = ()
        await s.fire(wire("a", "resolved", ended=s.clock.now()))  # Alertmanager comes again, with what is true by then
        await back(s)
        assert s.app.watches.spool.count == 0
        await s.advance(seconds=10)
        await s.expect_nothing()


async def test_after_a_minute_pages_go_out_without_the_store_and_its_return_is_told_once(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await away(s)
        await s.post(body(wire("a")))
        s.clock.advance(seconds=59)
        await s.app.watches.breakglass.look()
        assert s._news() == []
        s.clock.advance(seconds=2)
        await s.app.watches.breakglass.look()
        told = await s.expect(DEVOPS, "🔴 Shop API: 7.8 % of responses are HTTP 500", "so this page has no buttons")
        assert told.buttons == []
        await s.post(body(wire("c")))
        await s.app.watches.breakglass.look()
        assert s._news() == []  # the same group within ten minutes
        s.clock.advance(minutes=10)
        await s.post(body(wire("d")))
        await s.app.watches.breakglass.look()
        await s.expect(DEVOPS, "Shop API")
        await back(s)
        await s.advance(seconds=10)
        texts = [(await s.expect(place)).text for place in (DEVOPS, "-1001000000001")]
        assert any("Shop API" in text for text in texts)
        assert any("The store is back after 11 min: 3 webhooks recovered" in text for text in texts)


async def test_a_flood_is_told_twenty_times_and_then_as_one(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await away(s)
        await s.post(body(*(wire("a", service=f"s{n}") for n in range(40))))
        s.clock.advance(seconds=61)
        s.api.pace = None
        await s.app.watches.breakglass.look()
        await s.expect(SPARE, "More alerts came than can be told one by one")
        assert len([x for x in s.api.sends() if x.chat == DEVOPS]) == 20
        s._seen.update(range(len(s.api.sends())))
        await s.app.client.config_set("min-replicas-to-write", 0)


async def test_a_store_that_is_away_without_an_alert_is_told_to_the_fallback(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await away(s)
        s.clock.advance(seconds=61)
        await s.app.watches.breakglass.look()
        await s.expect(SPARE, "The router cannot store alerts since 03:02 UTC")
        await s.app.client.config_set("min-replicas-to-write", 0)


async def test_a_start_after_ten_minutes_says_so_and_takes_in_what_lies_on_disk(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await s.settle()
        one = Spooled(source="alertmanager", at=s.clock.now(), is_firing=True, body=body(wire("a")))
        await s.app.watches.spool.keep(one)
        await s.app.watches.vitals.live(s.clock.now() - timedelta(minutes=10))
        app = s.app
        started = Respool(app.watches.spool, app.watches.vitals, app.engine, app.rules, s.clock, app.ready.now)
        await started.look()
        await s.advance(seconds=10)
        texts = [(await s.expect(place)).text for place in (DEVOPS, "-1001000000001")]
        assert any("No replica ran for 10 min: webhooks recovered from disk: 1" in text for text in texts)


async def test_the_spool_has_a_bound_and_drops_resolved_ones_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", most_bytes=3300)
    for n in range(4):
        await spool.keep(Spooled(source="a", at=NOW + timedelta(seconds=n), is_firing=n != 1, body=b"%d" % n + b"x" * 700))
    kept = [await spool.read(name) for name in spool.names()]
    assert [one.body[:1] for one in kept if one] == [b"0", b"2", b"3"]
    assert spool.dropped == 1
    again = Spool(tmp_path / "spool", most_bytes=3300)
    assert again.names() == spool.names(), "a restart finds what lies there"
    await again.keep(Spooled(source="a", at=NOW, is_firing=True, body=b"2" + b"x" * 700))
    assert again.count == 3, "the same body once"
