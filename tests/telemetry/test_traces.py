"""One trace from the webhook to the Telegram call, as a collector sees it; and nothing at all where none is configured."""

import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from receiver.cli.doctor_traces import check
from receiver.core.event import Acknowledge
from receiver.telemetry import traces
from receiver.telemetry.intent import SERVICE, intent
from receiver.telemetry.intent import configure as begin
from receiver.telemetry.logs import configure, get_logger
from receiver.telemetry.otel import OtelTracer, start
from tests.builders import body, rules_files, wire
from tests.fakes.bot_api import NO_CHAT, BotApi
from tests.fakes.collector import Collector, Seen
from tests.fakes.http_end import Reply
from tests.faults.test_process import Service, store
from tests.harness import ADMINS, DEVOPS, TOKEN, story, wait_for_store

TRACE, SENDER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SENDER}-01"


@contextlib.contextmanager
def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch, **environ: str) -> Iterator[OtelTracer]:
    """This process sends its spans there, at once where it is told to `flush`."""
    with monkeypatch.context() as patch:
        for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **environ}.items():
            patch.setenv(name, value)
        tracer = start(SERVICE)
        traces.use(tracer)
        try:
            yield tracer
        finally:
            traces.close()


def ancestors(collector: Collector, span: Seen) -> list[str]:
    """Names from this span up to the first of its trace that the service itself made."""
    by_id = {one.id: one for one in collector.spans}
    names = [span.name]
    while (parent := by_id.get(span.parent)) is not None:
        assert parent.trace == span.trace
        span = parent
        names.append(span.name)
    return [*names, span.parent]


async def test_one_trace_spans_webhook_decision_and_telegram_call_even_when_another_process_sends(tmp_path):
    redis, named = store(tmp_path)
    redis.start()
    rules = rules_files(tmp_path)
    (rules / "routes.yaml").write_text((rules / "routes.yaml").read_text().replace("group_wait: 10s", "group_wait: 4s"))
    try:
        wait_for_store(tmp_path / "store.sock")
        with Collector() as collector:
            async with BotApi() as api:
                otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=very-secret-key"}
                first = Service(tmp_path, api, RECEIVER_RULES_DIR=str(rules), **named, **otel, OTEL_SERVICE_NAME="receiver-a")
                second = Service(tmp_path, api, RECEIVER_RULES_DIR=str(rules), **named, **otel, OTEL_SERVICE_NAME="receiver-b")
                try:
                    await first.until("/readyz", 200)
                    await second.until("/readyz", 200)
                    assert (await first.post(body(wire()), traceparent=TRACEPARENT)).status_code == 202
                    await collector.until(lambda: bool(collector.of("POST /webhooks/alertmanager")))
                    first.process.kill()
                    first.process.wait()
                    await api.until(lambda: bool(api.sends()))
                    await collector.until(lambda: bool(collector.of("deliver")))
                finally:
                    second.stop()
                    first.stop()
                logged = [json.loads(line) for line in second.log.read_text().splitlines() if line.startswith("{")]
            (call,) = collector.of("telegram send")
            assert ancestors(collector, call) == ["telegram send", "deliver", "decide", "admit", "POST /webhooks/alertmanager", SENDER]
            assert {span.trace for span in collector.spans} >= {TRACE}
            (webhook,) = collector.of("POST /webhooks/alertmanager")
            assert (webhook.service, call.service, webhook.kind, call.kind) == ("receiver-a", "receiver-b", 2, 3)
            assert webhook.facts["http.response.status_code"] == 202
            ours = {span.name for span in collector.spans if span.trace == TRACE}
            assert ours == {"POST /webhooks/alertmanager", "admit", "decide", "commit", "deliver", "render", "telegram send"}
            (changed,) = [line for line in logged if line["message"] == "incident changed"]
            (decided,) = [span for span in collector.of("decide") if span.trace == TRACE and span.facts["receiver.reason"] == "opened"]
            assert (changed["trace"]["id"], changed["span"]["id"]) == (TRACE, decided.id)
            shown = repr(collector.spans) + second.log.read_text()
            assert TOKEN not in shown
            assert "very-secret-key" not in shown
            assert all(asked.headers["api-key"] == "very-secret-key" for asked in collector.end.asked)
    finally:
        redis.kill()


async def test_each_change_of_an_incident_belongs_to_the_webhook_that_brought_it(tmp_path, monkeypatch):
    with Collector() as collector, traced(collector, monkeypatch) as tracer:
        async with story(tmp_path) as s:
            await s.fire(wire())
            await s.advance(seconds=10)
            await s.expect(DEVOPS)
            await s.expect(ADMINS)
            await s.fire(wire(status="resolved", ended=s.clock.now()))
            await s.advance(seconds=5)
            await s.expect(DEVOPS)
            await s.expect(ADMINS)
        tracer.flush()
        opening, ending = collector.of("POST /webhooks/alertmanager")
        assert opening.trace != ending.trace
        decided = {span.facts["receiver.reason"]: span.trace for span in collector.of("decide")}
        assert (decided["opened"], decided["all_resolved"]) == (opening.trace, ending.trace)
        assert {span.trace for span in collector.of("telegram send")} == {opening.trace, ending.trace}
        assert {span.trace for span in collector.of("telegram edit")} == {ending.trace}
        assert len({span.facts["receiver.incident"] for span in collector.of("deliver")}) == 1


async def test_a_failed_call_and_what_is_decided_of_it_stand_in_the_same_trace(tmp_path, monkeypatch):
    with Collector() as collector, traced(collector, monkeypatch) as tracer:
        async with story(tmp_path, rules=rules_files(tmp_path)) as s:
            s.api.fail("sendMessage", NO_CHAT, chat=DEVOPS)
            await s.fire(wire())
            await s.advance(seconds=10)
            await s.expect("-1001000000003")
        tracer.flush()
        (webhook,) = collector.of("POST /webhooks/alertmanager")
        failed = [span for span in collector.of("telegram send") if span.is_error]
        assert [(span.trace, span.facts["receiver.evidence"]) for span in failed] == [(webhook.trace, "dead")]
        assert {span.trace for span in collector.of("decide")} == {webhook.trace}


async def test_a_webhook_that_can_not_be_kept_is_an_error_in_its_trace(tmp_path, monkeypatch):
    with Collector() as collector, traced(collector, monkeypatch) as tracer:
        async with story(tmp_path) as s:
            s.app.ready.faults = ("the store is away",)
            assert (await s.post(body(wire()))).status_code == 503
            s.app.ready.faults = ()
        tracer.flush()
        (webhook,) = collector.of("POST /webhooks/alertmanager")
        assert (webhook.is_error, webhook.facts["http.response.status_code"]) == (True, 503)


async def test_what_is_not_sampled_is_not_sent_and_leaves_no_trail(tmp_path, monkeypatch):
    with Collector() as collector, traced(collector, monkeypatch, OTEL_TRACES_SAMPLER="always_off") as tracer:
        async with story(tmp_path) as s:
            await s.fire(wire())
            assert await s.app.client.keys("*trail*") == []
            await s.advance(seconds=10)
            await s.expect(DEVOPS)
            await s.expect(ADMINS)
        tracer.flush()
        assert collector.spans == []


async def test_a_collector_that_is_away_disturbs_nobody(tmp_path, monkeypatch):
    collector = Collector()
    with traced(collector, monkeypatch, OTEL_BSP_SCHEDULE_DELAY="20"):
        collector.end._server.server_close()
        async with story(tmp_path) as s:
            await s.fire(wire())
            await s.advance(seconds=10)
            told = await s.expect(DEVOPS)
            await s.expect(ADMINS)
            (incident,) = await s.incidents()
            await s.app.engine.apply(incident.id, Acknowledge(by="anna", name="Анна"))
            await s.advance(seconds=5)
            assert told.text.startswith("🟡")


def test_nothing_of_the_exporter_is_loaded_where_no_collector_is_named(tmp_path):
    program = "import sys, os, receiver.cli.serve; from receiver.telemetry import intent, traces; intent.configure(os.environ); print(sorted(m for m in sys.modules if 'otlp' in m or m.endswith('telemetry.otel')), traces.is_on())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    assert said.stdout == "[] False\n"


@pytest.mark.parametrize(
    ("environ", "off", "faults"),
    [
        ({}, "no OTEL_EXPORTER_OTLP_ENDPOINT", 0),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, "OTEL_SDK_DISABLED is true", 0),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, "OTEL_TRACES_EXPORTER is none", 0),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, "", 0),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", 1),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_SAMPLER": "sometimes", "OTEL_TRACES_EXPORTER": "zipkin"}, "", 2),
    ],
)
def test_the_standard_settings_are_read_as_their_specification_says(environ, off, faults):
    wanted = intent(environ)
    assert (wanted.off, len(wanted.faults)) == (off, faults)


async def test_a_value_that_can_not_be_used_leaves_tracing_off_and_the_doctor_says_so(monkeypatch):
    with Collector() as collector:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        begin(given)
        assert not traces.is_on()
        ((is_ok, text),) = await check(given)
        assert (is_ok, "OTEL_" in text) == (False, True)


async def test_the_doctor_asks_the_collector_and_shows_no_secret(monkeypatch):
    assert await check({}) == [(True, "off: no OTEL_EXPORTER_OTLP_ENDPOINT")]
    with Collector() as collector:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20c2VjcmV0"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        assert await check(given) == [(True, "sent as incident-receiver, sampler parentbased_always_on")]
        collector.end.script.append(Reply(status=401, body={"message": "who are you"}))
        ((is_ok, text),) = await check(given)
        assert (is_ok, "401" in text, "c2VjcmV0" in text) == (False, True, False)
    ((is_ok, text),) = await check(given)
    assert (is_ok, "OTEL_EXPORTER_OTLP_ENDPOINT" in text) == (False, True)
    ((is_ok, text),) = await check({**given, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert (is_ok, "http/protobuf" in text) == (False, True)


def test_the_service_has_the_name_that_the_settings_give_it():
    at = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    assert intent(at).service == "incident-receiver"
    assert intent({**at, "OTEL_RESOURCE_ATTRIBUTES": "a=b,service.name=night-watch"}).service == "night-watch"
    assert intent({**at, "OTEL_SERVICE_NAME": "watch", "OTEL_RESOURCE_ATTRIBUTES": "service.name=night-watch"}).service == "watch"


def test_a_line_of_any_logger_names_the_step_it_was_written_in(monkeypatch, capsys):
    root = logging.getLogger()
    held = root.handlers[:], root.level
    try:
        with Collector() as collector, traced(collector, monkeypatch):
            configure("INFO")
            with traces.within(TRACEPARENT):
                get_logger("ours").info("ours")
                logging.getLogger("theirs").warning("theirs")
            get_logger("ours").info("outside")
        lines = {line["message"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
        for name in ("ours", "theirs"):
            assert (lines[name]["trace"]["id"], lines[name]["span"]["id"]) == (TRACE, SENDER)
        assert "trace" not in lines["outside"]
    finally:
        root.handlers[:], _ = held
        root.setLevel(held[1])
