"""Whatever comes in: never a 5xx, never a crash, and every authenticated body that is refused can be fetched again."""

from tests.builders import wire
from tests.faults.fuzz import run
from tests.faults.malformed import cases
from tests.harness import ADMINS, DEVOPS, story


async def test_every_malformed_body_is_answered_kept_and_survived(tmp_path):
    corpus = list(cases())
    assert len(corpus) >= 300
    async with story(tmp_path, RECEIVER_WEBHOOK_TOKEN="hook-token") as s:
        kept = 0
        for name, content, extra in corpus:
            answer = await s.post(content, **{"authorization": "Bearer hook-token", **dict(extra.items())})
            assert answer.status_code in (202, 400, 413, 415), (name, answer.status_code, answer.text)
            report = answer.json()
            kept += report["dead_lettered"] if answer.status_code == 202 else 1
            if answer.status_code != 202:
                assert report["error"], name
        letters = await s.app.quarantine.letters(10_000)
        assert len(letters) == kept
        assert (await s.post(b"{", authorization="Bearer wrong")).status_code == 401
        assert len(await s.app.quarantine.letters(10_000)) == kept
        s.api.pace = None
        await s.app.client.delete("{p00}:wake")  # what they opened is not this test's matter


def test_no_damaged_body_does_more_than_be_refused():
    seen = run(seed=20261123, count=30_000)
    assert seen["accepted"] > 1000
    assert sum(seen[k] for k in seen if k != "bad alerts kept") == 30_000


async def test_one_bad_alert_of_fifty_is_isolated_and_told(tmp_path):
    async with story(tmp_path) as s:
        bad = wire("bad")
        bad["labels"]["instance"] = 7
        report = await s.fire(*(wire(f"i{n}") for n in range(49)), bad)
        assert (report["accepted"], report["dead_lettered"], len(report["reasons"])) == (49, 1, 1)
        await s.advance(seconds=10)
        for chat in (ADMINS, DEVOPS):
            texts = [(await s.expect(chat)).text for _ in range(2)]
            assert any("49" in t for t in texts)
            assert any("incident-receiver" in t for t in texts)
