"""The audit log: every line follows from the one before, and whatever is changed, taken out or cut off shows."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.cli import audit as command
from receiver.cli.main import parser
from receiver.store.audit import Audit, Deed, link_of
from receiver.store.connection import connect
from receiver.store.promise import Promise
from tests.builders import NOW
from tests.harness import redis_server, story
from tests.web.test_tokens import serving


@pytest.fixture
async def log(tmp_path: Path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        yield Audit(client, Promise()), client
        await client.aclose()


def deed(n: int) -> Deed:
    return Deed(at=NOW + timedelta(seconds=n), actor="anna", via="chat", verb="ack", target=f"INC-{n}", result="acknowledged")


async def test_lines_that_come_at_once_all_have_their_place(log):
    audit, _ = log
    await asyncio.gather(*(audit.note(f"a{n}", deed(n)) for n in range(20)))
    await audit.note("a3", deed(3))
    assert await audit.broken() == (20, None)


@pytest.mark.parametrize("harm", ["change", "take", "cut", "add"])
async def test_what_was_changed_later_shows(log, harm: str):
    audit, client = log
    for n in range(6):
        await audit.note(f"a{n}", deed(n))
    ids = [one for one, _ in await client.xrange("{audit}:log")]
    if harm == "take":
        await client.xdel("{audit}:log", ids[2])
        assert await audit.broken() == (5, 3)
    elif harm == "cut":
        await client.xdel("{audit}:log", ids[-1])
        assert await audit.broken() == (5, 6)
    elif harm == "add":
        await client.xadd("{audit}:log", {"e": b"{}", "l": "0" * 64})
        assert await audit.broken() == (7, 7)
    else:
        lines = await client.xrange("{audit}:log")
        await client.delete("{audit}:log")
        for at, (one, fields) in enumerate(lines):
            text = fields[b"e"].replace(b"anna", b"oleg") if at == 3 else fields[b"e"]
            await client.xadd("{audit}:log", {"e": text, "l": fields[b"l"]}, id=one)
        assert await audit.broken() == (6, 4)


async def test_the_oldest_lines_may_be_forgotten(log):
    audit, client = log
    for n in range(6):
        await audit.note(f"a{n}", deed(n))
    await client.xtrim("{audit}:log", maxlen=3, approximate=False)
    assert await audit.broken() == (3, None)


async def test_the_command_line_says_whether_the_log_is_whole(tmp_path: Path, capsys):
    async with story(tmp_path) as s, serving(s) as port:
        here = s.app.settings.model_copy(update={"port": port})
        for n in range(3):
            await s.app.chat.audit.note(f"a{n}", deed(n))
        assert await command.run(here, parser().parse_args(["audit", "verify"])) == 0
        assert await command.run(here, parser().parse_args(["audit", "export"])) == 0
        out = capsys.readouterr().out
        assert "3 lines: every line follows from the one before" in out
        assert out.count('"link":') == 3
        await s.app.client.xtrim("{audit}:log", maxlen=0)
        assert await command.run(here, parser().parse_args(["audit", "verify"])) == 1


async def test_the_export_can_be_checked_by_anybody(tmp_path: Path):
    async with story(tmp_path) as s:
        headers = {"authorization": f"Bearer {s.app.api_token}"}
        for n in range(3):
            await s.app.chat.audit.note(f"a{n}", deed(n))
        text = (await s.http.get("/api/v1/audit/export", headers=headers)).text
        before = ""
        for line in map(json.loads, text.splitlines()):
            assert line["link"] == link_of(before, line["entry"].encode())
            before = line["link"]
        assert before
        assert (await s.http.get("/api/v1/audit/verify", headers=headers)).json() == {
            "lines": 3,
            "is_whole": True,
            "result": "every line follows from the one before",
        }
