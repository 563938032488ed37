"""Alerts that vanish because Prometheus died: customers are told no end, in either language, until there is proof of one."""

from pathlib import Path

from tests.builders import wire
from tests.harness import Story, story
from tests.notices.test_story import ADMINS, press
from tests.notices.town import ANNA, CHANNEL, OLEG, SUPPORT, town
from tests.stories.test_watchdog import Dog, quiet

SOURCES = "version: 1\nsources:\n  alertmanager: {kind: alertmanager, watchdog: {matchers: ['alertname=\"Watchdog\"'], interval: 2m}}\n"
ENDS = ("Resolve", "Monitoring", "nothing lost", "orders lost")


async def page(s: Story, language: str) -> str:
    s.clock.advance(seconds=1)
    return (await s.http.get(f"/status/{language}")).text


def offers(card) -> list[str]:
    return [label for label in card.labels() if any(word in label for word in ENDS)]


async def test_alerts_that_vanish_with_their_prometheus_end_nothing_for_customers_until_it_is_back(tmp_path: Path):
    async with story(tmp_path, rules=town(tmp_path / "rules", sources=SOURCES)) as s:
        dog = Dog(s)
        await dog.lives(2)
        since = s.clock.now()
        await s.fire(wire("a", since=since))
        await dog.lives(4)
        card = await s.expect(SUPPORT, "DRAFT", "Checkout")
        await press(s, card, "Approve", ANNA)
        await press(s, card, "Approve", OLEG)
        await s.advance(seconds=20)
        await s.expect(CHANNEL, "Разбираемся")
        assert offers(card) == ["🟢 Resolve"], "while it fires a person may say so, with a reason and a second one"

        # Prometheus dies; Alertmanager forgets its alerts and says that they are resolved.
        await quiet(s, 300)
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await s.fire(wire("x", "resolved", since=dog.began, ended=s.clock.now(), alertname="Watchdog", severity="none"))
        await quiet(s, 60)
        assert "I no longer see the alerts but have no proof of recovery: the source's Watchdog is silent" in card.text
        assert offers(card) == []
        for language, word in (("ru", "Разбираемся"), ("en", "Investigating")):
            assert word in await page(s, language)

        # Longer than any quiet time: still nothing is offered, and the promise is kept by a phrase.
        await quiet(s, 1200)
        assert offers(card) == []
        soon = await s.expect(SUPPORT, "we promised the next word")
        await press(s, soon, "Still working", ANNA)
        await s.advance(seconds=20)
        await s.expect(CHANNEL, "продолжаем работу")

        # It is back, and says for long enough that nothing fires: only now is an end offered.
        dog.began = s.clock.now()
        await dog.lives(8)
        assert "no proof" not in card.text
        assert "The alerts are over, with proof" in card.text
        assert [label for label in offers(card) if "Monitoring" in label]
        for at, _ in s._news(ADMINS):
            s._seen.add(at)
