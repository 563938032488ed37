"""The rules as they ship: a critical alert pages who is on call by name, and goes on until somebody takes it."""

from datetime import timedelta

from tests.builders import NOW, wire
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, ROOT, story

SHIPPED = ROOT / "routing_rules"
TO_ANNA, TO_BORIS = str(ANNA), str(BORIS)


async def test_a_critical_alert_pages_who_is_on_call_and_then_the_other_one(tmp_path):
    async with story(tmp_path, rules=SHIPPED) as s:
        await s.fire(wire(service="billing"))
        await s.advance(seconds=10)
        page = await s.expect(TO_BORIS, "🔴", "Дежурит: Борис (шаг 1 из 3, в 06:07 позовём: Анна)")
        told = await s.expect(ADMINS, "🔴", "зовём: Борис")
        assert not page.silent
        await s.advance(minutes=5)
        await s.expect(TO_ANNA, "Никто не взял INC-1 5 мин — теперь ваша очередь", "(шаг 2 из 3, в 06:17 позовём: Анна, Борис)")
        await s.advance(minutes=10)
        await s.expect(TO_ANNA, "теперь ваша очередь")
        await s.expect(TO_BORIS, "теперь ваша очередь")
        await s.expect(ADMINS, "Никто не взял INC-1 15 мин")
        await s.api.press(page, "✅", BORIS)
        await s.advance(hours=1)
        assert "В работе: Борис" in told.text
        await s.fire(wire(status="resolved", service="billing", ended=NOW + timedelta(hours=1)))
        await s.advance(seconds=5)
        for chat in (TO_ANNA, TO_BORIS, ADMINS):
            await s.expect(chat, "🟢")


async def test_errors_above_the_norm_are_told_to_devops_and_page_nobody(tmp_path):
    async with story(tmp_path, rules=SHIPPED) as s:
        await s.fire(wire(severity="warning", signal="errors"))
        await s.advance(seconds=10)
        await s.expect(ADMINS, "🟠")
        await s.expect(DEVOPS, "🟠")
        await s.advance(hours=8)
