"""What is answered when the store is away, and when the service itself is wrong: a sentence, the right status, and a line in the log."""

import json

import httpx
import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from receiver.app.build import build
from receiver.app.http import litestar_app
from receiver.clock import ManualClock
from receiver.core.errors import CommitConflictError
from receiver.settings import load_settings
from receiver.telemetry.logs import configure
from receiver.web.faults import answer
from tests.builders import NOW
from tests.harness import ROOT

READ = (
    "incidents",
    "incidents/INC-1",
    "deadletters",
    "tokens/",
    "audit",
    "audit/verify",
    "audit/export",
    "notices/",
    "stats",
    "sources",
    "recordings?since=7d",
)
CHANGED = ("incidents/INC-1/ack", "deadletters/1-0/retry", "tokens/a/revoke", "notices/NABCDEFG/approve")


@pytest.fixture
async def storeless(tmp_path):
    """The HTTP side of a service whose store does not answer, with its token."""
    url = f"unix://{tmp_path / 'nobody.sock'}"
    settings = load_settings(
        {
            "RECEIVER_REDIS_URL": url,
            "RECEIVER_SECRET_KEY": "k" * 32,
            "RECEIVER_DATA_DIR": str(tmp_path),
            "RECEIVER_RULES_DIR": str(ROOT / "routing_rules"),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
        }
    )
    app = build(settings, url, ManualClock(NOW))
    headers = {"authorization": f"Bearer {app.api_token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=litestar_app(app)), base_url="http://127.0.0.1/api/v1/", headers=headers) as http:
        yield http
    await app.notices.close()
    await app.client.aclose()


@pytest.mark.parametrize("path", READ)
async def test_who_asks_while_the_store_is_away_is_told_so(storeless, path):
    answered = await storeless.get(path)
    assert (answered.status_code, answered.json()["detail"].partition(",")[0]) == (503, "the store is away")


@pytest.mark.parametrize("path", CHANGED)
async def test_who_changes_something_while_the_store_is_away_is_told_that_it_may_not_be_done(storeless, path):
    answered = await storeless.post(path, json={"by": "cli:root", "revision": "1"})
    assert (answered.status_code, answered.json()["detail"].partition(",")[0]) == (503, "the store is away")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/webhooks/alertmanger", "no source of the rules has this address: `receiver sources list`"),
        ("/webhook", "nothing is at this address"),
        ("/", "nothing is at this address: people have /chat"),
        ("/api/v1/people/nobody/link", "no person nobody in people.yaml"),
    ],
)
async def test_an_address_that_leads_nowhere_says_where_to_look(storeless, path, hint):
    answered = await storeless.post(f"http://127.0.0.1{path}", json={})
    assert answered.status_code == 404
    assert answered.json()["detail"].startswith(hint)


def asked(fault: Exception) -> httpx.Response:
    @get("/")
    async def stumble() -> None:
        raise fault

    with TestClient(Litestar([stumble], exception_handlers={500: answer}, logging_config=None), raise_server_exceptions=False) as client:
        return client.get("/")


def test_a_bug_is_in_the_log_with_its_trace_and_not_in_the_answer(capsys):
    configure()
    answered = asked(ZeroDivisionError("secret"))
    assert (answered.status_code, "secret" in answered.text) == (500, False)
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines() if "a request was not answered" in one]
    assert line["error"]["type"] == "ZeroDivisionError"
    assert "in stumble" in line["error"]["stack_trace"]


def test_who_was_overtaken_again_and_again_is_asked_to_come_again():
    assert asked(CommitConflictError("INC-1")).status_code == 409
