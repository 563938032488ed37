"""`receiver logs check`: each fault with its line and what to do; the service's own log follows the standard it asks of others."""

import json
import subprocess
import sys

import pytest

from receiver.cli.logs import check_lines
from receiver.rules.load import load_rules
from tests.harness import ROOT, free_port
from tests.stories.test_real_chain import running, until_up

GOOD = {
    "@timestamp": "2026-11-23T03:02:00.123Z", "log.level": "info", "message": "order accepted", "ecs.version": "8.11.0",
    "service.name": "shop-api", "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736", "span.id": "00f067aa0ba902b7", "labels": {"order": "1042"},
}  # fmt: skip


def faults(**changed: object) -> list[tuple[str, str]]:
    event = {name: value for name, value in {**GOOD, **changed}.items() if value is not ...}
    return [(found.field, found.message) for found in check_lines([json.dumps(event)])]


def test_a_line_of_the_standard_has_no_fault_nested_or_dotted():
    assert faults() == []
    nested = {"@timestamp": GOOD["@timestamp"], "log": {"level": "ERROR"}, "message": "m", "ecs": {"version": "8.11.0"}, "service": {"name": "mes-api"}}
    assert list(check_lines([json.dumps(nested), "", ""])) == []


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"@timestamp": ...}, "@timestamp", "missing"),
        ({"@timestamp": "2026-11-23 03:02:00"}, "@timestamp", "no zone"),
        ({"@timestamp": "yesterday"}, "@timestamp", "no instant"),
        ({"log.level": ...}, "log.level", "missing"),
        ({"log.level": "loud"}, "log.level", "no level"),
        ({"message": ""}, "message", "missing or empty"),
        ({"ecs.version": ...}, "ecs.version", "missing"),
        ({"service.name": ...}, "service.name", "missing"),
        ({"trace.id": "abc"}, "trace.id", "not an id"),
        ({"trace.id": "4BF92F3577B34DA6A3CE929D0E0E4736"}, "trace.id", "not an id"),
        ({"trace.id": ...}, "trace.id", "missing beside span.id"),
        ({"span.id": "xyz"}, "span.id", "not an id"),
        ({"user": "anna"}, "user", "is a group of fields"),
        ({"orderId": 7}, "orderId", "is no field of ECS"),
        ({"log.level": "error", "error.type": "ValueError"}, "error.message", "missing beside error.type"),
        ({"labels": {"password": "hunter2"}}, "labels.password", "never be logged"),
        ({"http.request.headers": {"Authorization": "Basic x"}}, "http.request.headers.Authorization", "never be logged"),
        ({"message": "got Bearer abcdefghijklmnopqrstuvwxyz"}, "message", "a bearer token"),
        ({"message": "amqp://shop:hunter2@rabbitmq:5672"}, "message", "a password in an address"),
        ({"message": "paid by 4111 1111 1111 1111"}, "message", "the number of a card"),
        ({"message": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"}, "message", "a JSON Web Token"),
    ],
)
def test_each_fault_is_named(changed, field, message):
    found = faults(**changed)
    assert any(name == field and message in text for name, text in found), found


SET_UPS = [json.loads(line) for line in (ROOT / "tests" / "monitoring" / "setups.ndjson").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("language", ["Python", "Java", ".NET", "Node"])
def test_what_a_set_up_writes_follows_the_standard(language):
    """Python's and Node's lines are recorded, Java's and .NET's are from the sources of their formatters; each has a line with its trace and one id."""
    lines = [json.dumps(one["line"]) for one in SET_UPS if one["set_up"] == language]
    assert lines
    assert list(check_lines(lines)) == []
    assert any("4bf92f3577b34da6a3ce929d0e0e4736" in line or '"trace"' in line for line in lines), "a line inside a request leads to its trace"


@pytest.mark.parametrize(("language", "written"), [("Python", "python"), ("Java", "xml"), (".NET", "csharp"), ("Node", "js")])
def test_a_set_up_is_in_the_docs_and_names_a_service_of_the_catalogue(language, written):
    page = (ROOT / "docs" / "logging.md").read_text("utf-8")
    _, _, block = page.partition(f"**{language}** (")[2].partition(f"```{written}\n")
    names = set(load_rules(ROOT / "routing_rules").services)
    assert any(name in block.partition("```")[0] for name in names)
    assert any(one["set_up"] == language and any(name in json.dumps(one["line"]) for name in names) for one in SET_UPS)


def test_words_of_levels_that_formatters_write_by_themselves_are_no_levels():
    assert [field for field, _ in faults(**{"log.level": "Information"})] == ["log.level"]


def test_numbers_that_are_no_cards_may_be_logged():
    assert faults(message="order 1234567890123456 of 0000000000000000, took 20261123030200 ns") == []


def check(*words: str, text: str = "") -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "receiver", "logs", "check", *words], input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def test_the_command_says_line_field_and_what_to_do(tmp_path):
    log = tmp_path / "a.log"
    log.write_text(json.dumps(GOOD) + "\nTraceback (most recent call last):\n")
    assert check(str(log)) == (
        1,
        (
            f"{log}:2: this is not JSON (Expecting value: line 1 column 1 (char 0)), write one JSON object per line; a stack trace belongs into error.stack_trace\n"
            "1 of 2 lines do not follow the standard\n"
        ),
    )
    status, said = check("-", "--json", text=json.dumps({**GOOD, "message": 7}))
    assert (status, json.loads(said)["faults"][0]["field"]) == (1, "message")
    assert check("-", text=json.dumps(GOOD)) == (0, "ok: 1 lines follow the standard\n")
    assert check("-", text="")[0] == 1
    assert check(str(tmp_path / "none"))[0] == 1


async def test_the_services_own_log_follows_the_standard(tmp_path):
    port = free_port()
    ours = {"RECEIVER_PORT": str(port), "RECEIVER_DATA_DIR": str(tmp_path / "data"), "RECEIVER_TELEGRAM_MODE": "off", "RECEIVER_LOG_LEVEL": "DEBUG"}
    with running(sys.executable, "-m", "receiver", "serve", log=tmp_path / "all.log", **ours):
        await until_up(f"http://127.0.0.1:{port}/readyz")
    # The greeting for people goes to stderr, the same file here.
    lines = [line for line in (tmp_path / "all.log").read_text().splitlines() if line.startswith("{")]
    assert lines
    assert [f"{found.message} {found.field}: {lines[found.line - 1][:200]}" for found in check_lines(lines)] == []
