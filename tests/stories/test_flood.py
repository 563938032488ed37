"""Alerts of as many systems within a minute: a page in seconds, few messages, nothing lost. `FLOOD_ALERTS=10000` is the full form (4 minutes)."""

import os
from collections import Counter

from tests.builders import wire
from tests.harness import ADMINS
from tests.stories.paging import FILES, TO_ANNA, paging

SECONDS = 60
EACH = -(-int(os.environ.get("FLOOD_ALERTS", "1200")) // SECONDS)
ROUTES = FILES["routes"].replace("group_wait: 10s", "group_wait: 0s") + "noise: {overflow: {incidents: 1000000}}\n"  # its own story is test_overflow


async def test_a_flood_of_alerts_pages_within_seconds_and_is_one_message(tmp_path):
    async with paging(tmp_path, files={"routes": ROUTES}) as s:
        first_page = None
        for second in range(SECONDS):
            alerts = [wire(f"host-{n}", service=f"system-{n}", zone="a", since=s.clock.now()) for n in range(second * EACH, (second + 1) * EACH)]
            await s.fire(*alerts)
            await s.advance(seconds=1)
            if first_page is None and any(one.chat == TO_ANNA for one in s.api.sends()):
                first_page = second + 1
        assert first_page is not None
        assert first_page <= 5
        calls = Counter(one.chat for _, one in s.api.log)
        assert calls[ADMINS] <= 20, calls
        assert calls[TO_ANNA] <= 20, calls
        await s.advance(seconds=10)
        page, told = await s.expect(TO_ANNA), await s.expect(ADMINS)
        for message in (told, page):
            assert f"🔴 {SECONDS * EACH:,} incidents in 1 min" in message.text
            assert f"Common to {SECONDS * EACH:,} of them" in message.text
        assert await s.app.incidents.count_open() == SECONDS * EACH + 1
        await s.expect_nothing()
