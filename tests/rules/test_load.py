"""Every wrong configuration is a golden case: the exact text an operator sees, with a caret under the column."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.cli.rules import check
from receiver.core.alert import Severity
from receiver.rules.faults import Fault, suggest
from receiver.rules.load import RulesError, load_rules
from receiver.rules.yaml import MAX_BYTES, MAX_FAULTS, read_yaml
from tests.builders import NOW
from tests.rules.overlay import BASE, CASES, GOLDEN, overlay

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "routing_rules"


@pytest.mark.parametrize("case", CASES)
def test_wrong_rules_say_what_to_do(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(overlay(case, tmp_path), False, is_strict=case.startswith("strict-")) == 1
    assert capsys.readouterr().out == (GOLDEN / case / "expected.txt").read_text("utf-8")


def test_what_the_wrong_rules_are_made_from_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(BASE, False, is_strict=True) == 0
    assert "warning" not in capsys.readouterr().out
    assert len(CASES) >= 130


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("strict-")])
def test_warnings_are_no_faults_unless_strict(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(overlay(case, tmp_path), False) == 0
    assert capsys.readouterr().out.startswith((GOLDEN / case / "expected.txt").read_text("utf-8"))


def _rules(directory: Path, **changed: str) -> Path:
    files = {
        "routes": "version: 1\nroute: {id: root, destinations: [chat]}\n",
        "destinations": "version: 1\ndestinations: {chat: {channel: telegram, chat: 1}}\nfallback: [chat]\n",
        "people": "version: 1\npeople: {}\n",
    }
    for name, text in (files | changed).items():
        (directory / f"{name}.yaml").write_text(text, "utf-8")
    return directory


def test_shipped_rules_load() -> None:
    book = load_rules(SHIPPED)
    systems = {"internet-shop", "mes", "shop-api", "crm-api", "mes-api", "shop-db", "mes-db", "message-queue"}
    assert set(book.services) == {*systems, "alexandrite", "incident-receiver"}
    assert book.fallback == ("admin-chat",)
    assert book.ignore_labels("alertmanager") == {"replica", "prometheus_replica"}
    person = book.person_by_telegram(111111111)
    assert person is not None
    assert person.id == "anna"
    assert person.roles == {"responder", "admin"}
    assert book.person_by_telegram(5) is None
    assert book.services["shop-db"].names["ru"] == "База магазина"
    assert "logs" in book.services["shop-db"].links
    assert "logs" in book.links_of("a stranger")
    assert book.notes == ()
    assert len(book.version) == 12


def test_shipped_routes_lead_where_they_should() -> None:
    book = load_rules(SHIPPED)
    critical = book.route({"severity": "critical", "service": "shop-db"}, NOW)
    assert critical.route_id == "critical-services"
    assert (critical.destinations, critical.policies) == (("devops", "admin-chat"), ("devops",))
    assert [place.name for place in book.destinations_of(critical)] == ["admin-chat"]
    assert [step.wait for step in book.policies["devops"].steps] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=15)]
    assert critical.where.startswith("routes.yaml:")
    assert book.route({"severity": "critical", "service": "elsewhere"}, NOW).route_id == "critical-others"
    assert book.route({}, NOW).destinations == ("admin-chat",)


def test_check_says_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(SHIPPED, False) == 0
    assert capsys.readouterr().out.startswith("ok: 11 routes, 4 destinations, 3 people, 10 services, 3 sources, version ")
    assert check(SHIPPED, True) == 0
    assert json.loads(capsys.readouterr().out)["routes"] == 11


def test_check_prints_faults_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(overlay("unknown-key", tmp_path), True) == 1
    printed = json.loads(capsys.readouterr().out)
    assert [(fault["file"], fault["line"]) for fault in printed["faults"]] == [("routes.yaml", 11)]
    assert not printed["ok"]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="cannot be read"):
        load_rules(tmp_path / "nowhere")


def test_severity_per_source(tmp_path: Path) -> None:
    sources = (
        "version: 1\nsources:\n"
        "  kibana: {kind: kibana, auth: {secret: KIBANA_TOKEN}, severity: {label: rule_severity, map: {high: warning}}}\n"
        "severity: {map: {high: critical, Page: critical}, default: info}\n"
    )
    book = load_rules(_rules(tmp_path, sources=sources))
    assert book.severity("kibana", {"rule_severity": "high"}) == (Severity.WARNING, True)
    assert book.severity("kibana", {"rule_severity": "PAGE"}) == (Severity.CRITICAL, True)
    assert book.severity("other", {"severity": "high"}) == (Severity.CRITICAL, True)
    assert book.severity("other", {"severity": "warning"}) == (Severity.WARNING, True)
    assert book.severity("other", {"severity": "odd"}) == (Severity.INFO, False)
    assert book.severity("other", {}) == (Severity.INFO, False)
    assert book.sources["kibana"].auth_secret == "KIBANA_TOKEN"


def test_a_policy_that_is_gone_is_the_fallback_and_one_that_is_there_is_no_place(tmp_path: Path) -> None:
    places = (
        "version: 1\ndestinations:\n  chat: {channel: telegram, chat: 1}\n  pd: {channel: pagerduty, secret: KEY}\n"
        "  devops: {policy: devops}\nfallback: [chat]\n"
    )
    routes = "version: 1\nroute: {id: root, destinations: [devops, pd, chat]}\n"
    book = load_rules(_rules(tmp_path, destinations=places, routes=routes))
    assert [place.name for place in book.destinations_of(book.route({}, NOW))] == ["chat", "pd"]
    assert book.policy_of(book.route({}, NOW)) is None
    policy = "version: 1\npolicies:\n  devops: {steps: [{page: [{person: anna}], wait: 5m}]}\n"
    people = "version: 1\npeople: {anna: {name: Anna, telegram: 1}}\n"
    book = load_rules(_rules(tmp_path, destinations=places, routes=routes, escalation=policy, people=people))
    assert [place.name for place in book.destinations_of(book.route({}, NOW))] == ["pd", "chat"]
    assert [target.where for step in book.policy_of(book.route({}, NOW)).steps for target in step.targets] == ["people.yaml:2"]
    assert book.notes == ()


def test_notes_name_what_has_no_effect_and_what_is_never_taken(tmp_path: Path) -> None:
    routes = (
        "version: 1\nroute:\n  id: root\n  destinations: [chat]\n  routes:\n"
        "    - {id: wide, matchers: ['severity=\"critical\"']}\n"
        "    - {id: narrow, matchers: ['severity=\"critical\"', 'service=\"shopdb\"'], customers: {impact: major_outage, text: errors}}\n"
    )
    services = "version: 1\nservices: {shop-db: {name: {en: Shop DB}, kind: database}}\n"
    notes = load_rules(_rules(tmp_path, routes=routes, services=services)).notes
    assert notes == (
        'routes.yaml:7: service "shopdb" is not in services.yaml, did you mean "shop-db"?',
        'routes.yaml:7: route "narrow" is never taken, "wide" above it takes all its alerts',
    )


def test_every_file_has_a_shape(tmp_path: Path) -> None:
    files = {
        "people": "version: 1\npeople: {anna: {name: Anna}}\nteams: {devops: [anna]}\n",
        "schedules": (
            "version: 1\nschedules:\n  first:\n    timezone: Europe/Moscow\n    layers:\n"
            '      - {people: [anna], rotate: weekly, handoff: {day: monday, time: "10:00"}, starts: 2026-11-23}\n'
            '    overrides: [{person: anna, from: "2026-12-31T18:00", to: "2027-01-01T12:00"}]\n'
        ),
        "escalation": ("version: 1\npolicies: {devops: {repeat: 3, steps: [\n  {page: [{schedule: first}, {team: devops}], notify: [chat], wait: 5m}]}}\n"),
        "notices": (
            "version: 1\npage: {name: {en: Status}, timezone: UTC, languages: [en]}\n"
            "components: {checkout: {name: {en: Checkout}}}\n"
            "publish: [page, feeds]\napproval: [{when: {}, needed: 2}]\nquiet: {major_outage: 30m}\n"
        ),
        "maintenance": ('version: 1\nwindows:\n  move:\n    matchers: [\'a="b"\']\n    from: "2026-12-05T01:00+03:00"\n    to: "2026-12-05T03:00+03:00"\n'),
        "examples/down": (
            'version: 1\nat: "2026-11-23T03:02+03:00"\nexamples:\n  - {name: one, steps: ['
            "{fire: {alertname: Down}}, {after: 40s, fire: {a: b}}],"
            " expect: {incidents: 1, route: root}}\n"
        ),
    }
    (tmp_path / "examples").mkdir()
    notes = load_rules(_rules(tmp_path, **files)).notes
    assert notes == ()


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    before = load_rules(_rules(tmp_path)).version
    assert load_rules(tmp_path).version == before
    (tmp_path / "people.yaml").write_text("version: 1\npeople: {anna: {name: Anna}}\n")
    assert load_rules(tmp_path).version != before


def test_thousands_of_wrong_names_do_not_hold_the_loader(tmp_path: Path) -> None:
    """Looking for what was meant is slow: it is done for the faults that are shown, among names that are few."""
    entries = "".join(f"  service-{n:05}: {{name: {{en: S}}, kind: host, depends_on: [sirvice-{n:05}]}}\n" for n in range(9_000))
    began = time.process_time()
    with pytest.raises(RulesError) as caught:
        load_rules(_rules(tmp_path, services=f"version: 1\nservices:\n{entries}"))
    assert time.process_time() - began < 10
    assert len(caught.value.faults) == MAX_FAULTS


def test_bombs_are_refused_quickly() -> None:
    bodies = (b"[" * MAX_BYTES, b"a" * (MAX_BYTES + 1), b"a: &a [x]\n" + b"b: [*a, *a]\n" * 50, b"{a: " * 100_000, b"a: !!python/none x")
    for body in bodies:
        began = time.perf_counter()
        assert read_yaml("routes.yaml", body).faults
        assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("body", [b"a: \x00", b"\xff\xfe", b"? [a]\n: b", b"*a : b", b"a: 1\n---\nb: 2", b"a: " + b"9" * 400, b"a: 1e999"])
def test_odd_bytes_are_faults_not_crashes(body: bytes) -> None:
    assert read_yaml("routes.yaml", body).faults


def test_a_fault_reads_as_one_sentence_with_a_caret() -> None:
    fault = Fault(file="routes.yaml", line=3, column=4, message="this is wrong", hint="write that", source_line="\t  key: x")
    assert str(fault) == "routes.yaml:3:4: this is wrong, write that"
    assert fault.render().splitlines()[1:] == ["    \t  key: x", "    \t  ^"]


def test_suggestions() -> None:
    assert suggest("devop", ["devops", "admin"]) == 'did you mean "devops"?'
    assert suggest("zzz", ["b", "a"]) == "choose one of a, b"
    assert suggest("zzz", []) == "none is defined"
